"""The SQL tables of the third floor: what the service must remember of those who ask.

They stand on the record's MetaData, beside those of the floors below.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from forecasting.record.schema import CODE, UtcDateTime, metadata
from models.tables import publications

pushes: Final = Table(
    "pushes",
    metadata,
    Column("caller", CODE, primary_key=True),  # `Caller.sender`; blank: nobody in particular
    Column("key", CODE, primary_key=True),  # Idempotency-Key
    Column("digest", Text, nullable=False),  # sha256 of all that was asked with it
    Column("delivery", Integer, ForeignKey("deliveries.number"), nullable=False),
    Column("status", Integer, nullable=False),  # of the answer
    Column("answer", JSON, nullable=False),  # its body, given again to the same key
    Column("at", UtcDateTime, nullable=False),
)
"""One row an acknowledged push, written in the transaction of its delivery."""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # consecutive from 1
    Column("kind", Text, nullable=False),  # a name in api.jobs.KINDS
    Column("asked", JSON, nullable=False),  # its arguments, as plain values
    Column("caller", CODE, nullable=False),
    Column("state", Text, nullable=False),  # queued, running, done, failed
    Column("step", Text, nullable=False),  # what it is doing, in words
    Column("asked_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False),  # its process was alive
    Column("ended_at", UtcDateTime),
    Column("result", JSON, nullable=False),  # of a job that is done
    Column("error", JSON, nullable=False),  # of one that failed: code, title, detail, next_step
    Index(None, "state"),
)
"""Long work asked for over HTTP. A job that runs says every few seconds that it is alive."""

webhook_calls: Final = Table(
    "webhook_calls",
    metadata,
    Column("id", Text, primary_key=True),  # idempotency id, the same however often it is sent
    Column("publication", Integer, ForeignKey(publications.c.number), nullable=False),
    Column("warnings", Integer, nullable=False),  # that it told
    Column("attempts", Integer, nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("trouble", Text, nullable=False),  # why not; blank where delivered
    Column("at", UtcDateTime, nullable=False),
)
"""What publish told the webhook. The last one delivered is what the next is compared with."""

keys: Final = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),  # its name in logs and in `keys revoke`
    Column(
        "secret_sha256", Text, nullable=False
    ),  # the secret has 256 bits: no salt, no stretching
    Column("name", Text, nullable=False),  # who uses it; several keys may share one (rotation)
    Column("scope", Text, nullable=False),  # api.keys.Scope
    Column("sites", JSON, nullable=False),  # codes; [] is every site
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),  # null: never
    Column("revoked_at", UtcDateTime),  # rows stay: a record that had a key is never open again
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),  # of the cookie: 256 random bits
    Column("prefix", Text, nullable=False),  # of the key that signed in; blank: a user
    Column("user_name", Text, nullable=False, server_default=""),  # blank: a key did
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Who signed in on the pages. A session may do what its key or user may, for as long as that
lives."""

users: Final = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", CODE, nullable=False, unique=True),  # as api.users.known_as writes it
    Column("password_hash", Text, nullable=False),  # Argon2id with its salt and parameters
    Column("scope", Text, nullable=False),  # api.keys.Scope
    Column("sites", JSON, nullable=False),  # codes; [] is every site
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),  # rows stay: a record that had a user is never open again
)
"""People who sign in on the pages with a password."""
