"""The SQL tables of the second floor: publications, warnings' lives, versions and promotions.

They stand on the record's MetaData. Big numbers (forecasts, risks) are never here: they are files,
and a row here is what makes files count.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from forecasting.record.schema import CODE, UtcDateTime, metadata

publications: Final = Table(
    "publications",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # consecutive from 1
    Column("origin", Integer, nullable=False),  # period number, forecasting.calendar
    Column("origin_label", Text, nullable=False),  # 2026-11-22, 2026-W47, 2026-11
    Column("origin_end", Date, nullable=False),  # last day of the origin
    Column("frequency", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("demand_version", Integer, nullable=False),
    Column("risk_version", Integer, nullable=False),
    Column("data_digest", Text, nullable=False),  # Panel.digest
    Column("data_cut", JSON, nullable=False),  # watermarks at the origin: feed -> ISO date
    Column("folder", Text, nullable=False, unique=True),
    Column("manifest_sha256", Text, nullable=False),
    Column("parts", JSON, nullable=False),  # name -> file, rows, bytes, sha256
    Column("options", JSON, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("pruned_at", UtcDateTime),  # its files are gone since (models.publication.retention)
    Index(None, "origin_end", "number"),
)

episodes: Final = Table(
    "episodes",
    metadata,
    # The warning's number in every export and address; a stockout announced for one series.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("site", CODE, nullable=False),
    Column("sku", CODE, nullable=False),
    Column("state", Text, nullable=False),  # new, acknowledged, …; expired: no longer said
    Column("opened_publication", Integer, ForeignKey("publications.number"), nullable=False),
    Column("closed_publication", Integer, ForeignKey("publications.number")),  # first without it
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),  # rises with each change of state
    Index(None, "site", "sku"),
)

episode_publications: Final = Table(
    "episode_publications",
    metadata,
    Column("publication", Integer, ForeignKey("publications.number"), primary_key=True),
    Column("episode", BigInteger, ForeignKey("episodes.id"), primary_key=True),
    Index(None, "episode"),
)

model_versions: Final = Table(
    "model_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("digest", Text, nullable=False),  # sha256 over the bundle's files
    Column("created_at", UtcDateTime, nullable=False),
    Column("origin_label", Text, nullable=False),
    Column("data_digest", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("metrics", JSON, nullable=False),
    UniqueConstraint("name", "version"),
)

promotions: Final = Table(
    "promotions",
    metadata,
    Column("id", Integer, primary_key=True),  # the order of the ledger
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index(None, "name", "id"),
)

POSTGRES_APPEND_ONLY: Final = (
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$
    """,
    """
    CREATE TRIGGER %(table)s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)
SQLITE_APPEND_ONLY: Final = tuple(
    f"""
    CREATE TRIGGER %(table)s_no_{action} BEFORE {action} ON %(table)s
    BEGIN SELECT RAISE(ABORT, '%(table)s is append-only'); END
    """
    for action in ("UPDATE", "DELETE")
)
for _table in (model_versions, promotions):
    for _dialect, _statements in (
        ("postgresql", POSTGRES_APPEND_ONLY),
        ("sqlite", SQLITE_APPEND_ONLY),
    ):
        for _statement in _statements:
            event.listen(_table, "after_create", DDL(_statement).execute_if(dialect=_dialect))
