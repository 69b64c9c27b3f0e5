"""The SQL table of the third floor: API keys. It stands on the record's MetaData."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, Integer, Table, Text

from forecasting.record.schema import UtcDateTime, metadata

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
