"""The SQL tables of the third floor: what the service must remember of those who ask.

They stand on the record's MetaData, beside those of the floors below.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, Text

from forecasting.record.schema import CODE, UtcDateTime, metadata

pushes: Final = Table(
    "pushes",
    metadata,
    Column("caller", CODE, primary_key=True),  # who sent it; blank: nobody in particular
    Column("key", CODE, primary_key=True),  # Idempotency-Key
    Column("digest", Text, nullable=False),  # sha256 of all that was asked with it
    Column("delivery", Integer, ForeignKey("deliveries.number"), nullable=False),
    Column("status", Integer, nullable=False),  # of the answer
    Column("answer", JSON, nullable=False),  # its body, given again to the same key
    Column("at", UtcDateTime, nullable=False),
)
"""One row an acknowledged push, written in the transaction of its delivery."""
