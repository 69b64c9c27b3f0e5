"""The SQL tables of the second floor: publications, their receipts and moves, warnings' lives,
scenarios, overrides, versions and promotions, and what a training must remember.

They stand on the record's MetaData. Big numbers (forecasts, risks) are never here: they are files,
and a row here is what makes files count.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
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
    Column("withdrawn_at", UtcDateTime),  # its version was rolled back: others are served first
    Column("degraded", Text, nullable=False, server_default=""),  # why no champion made it
    Column("delivery", Integer, nullable=False, server_default="0"),  # the last it knew; 0: unsaid
    Column("alarms", JSON, nullable=False, server_default="[]"),  # what looked wrong: models.health
    # numbers of those alive when it was made: models.overrides
    Column("overrides", JSON, nullable=False, server_default="[]"),
    Index(None, "origin_end", "number"),
)

episodes: Final = Table(
    "episodes",
    metadata,
    # The warning's number in every export and address: one stockout, announced or there.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("site", CODE, nullable=False),
    Column("sku", CODE, nullable=False),
    Column("state", Text, nullable=False),  # new, acknowledged, …; expired: no longer said
    Column("opened_publication", Integer, ForeignKey("publications.number"), nullable=False),
    Column("closed_publication", Integer, ForeignKey("publications.number")),  # first without it
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),  # rises with each change
    Column("assigned_to", Text, nullable=False, server_default=""),
    Column("snoozed_until", Date),  # the first day on which it is new again
    Column("action", Text, nullable=False, server_default=""),  # what somebody did about it
    # the publication since which it is said to be out; null: it is in stock
    Column("out_since", Integer),
    Index(None, "site", "sku"),
)

warning_changes: Final = Table(
    "warning_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("episode", BigInteger, ForeignKey("episodes.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # that it made
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("assigned_to", Text, nullable=False),
    Column("snoozed_until", Date),
    Column("action", Text, nullable=False),
    Column("comment", Text, nullable=False),
    UniqueConstraint("episode", "revision"),
)
"""What people did with a warning; nothing of it is ever changed."""

episode_publications: Final = Table(
    "episode_publications",
    metadata,
    Column("publication", Integer, ForeignKey("publications.number"), primary_key=True),
    Column("episode", BigInteger, ForeignKey("episodes.id"), primary_key=True),
    Index(None, "episode"),
)

recognised_orders: Final = Table(
    "recognised_orders",
    metadata,
    Column("order_id", CODE, primary_key=True),
    Column("line", CODE, primary_key=True),
    Column("sku", CODE, primary_key=True),
    Column("site", CODE, nullable=False),
    Column("source", CODE, nullable=False),  # a supplier, or the site that sends a transfer
    Column("units_ordered", Double, nullable=False),
    Column("ordered_on", Date, nullable=False),
    Column("publication", Integer, ForeignKey("publications.number"), nullable=False),
    Column("proposal", Integer, nullable=False),  # number of the order within the publication
    Column("units_proposed", Double, nullable=False),
    Column("episode", BigInteger, ForeignKey("episodes.id")),  # null: no warning was said of it
    Column("recognised_by", Integer, ForeignKey("publications.number"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "ordered_on"),
)
"""Order lines that answer a proposal (models.publication.recognition)."""

# What an ERP said that it holds of a publication: a file as it was pulled, its rows and its sha256.
pull_receipts: Final = Table(
    "pull_receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("publication", Integer, ForeignKey("publications.number"), nullable=False),
    Column("holder", Text, nullable=False),
    Column("grain", Text, nullable=False),
    Column("form", Text, nullable=False),  # csv, ndjson, parquet
    Column("quantiles", Text, nullable=False),  # q050,q500: those that the file has
    Column("changed_since", Integer, nullable=False),  # 0: not a delta
    Column("rows", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("matches", Boolean, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    UniqueConstraint(
        "publication",
        "holder",
        "grain",
        "form",
        "quantiles",
        "changed_since",
        "rows",
        "sha256",
        name="uq_pull_receipts_said",
    ),
)

# How far the forecasts of the same periods moved from one publication to the next.
forecast_moves: Final = Table(
    "forecast_moves",
    metadata,
    Column("publication", Integer, ForeignKey("publications.number"), primary_key=True),
    Column("grain", Text, primary_key=True),
    Column("since", Integer, ForeignKey("publications.number"), nullable=False),
    Column("rows", BigInteger, nullable=False),  # series and periods that both forecast
    Column("moved", Double, nullable=False),  # units: sum of absolute changes of the mean
    Column("mean", Double, nullable=False),  # units: sum of the means of the earlier one
)

# A scenario that was run: what was supposed, and what came of it. Nothing of it is ever changed.
scenarios: Final = Table(
    "scenarios",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # consecutive from 1
    Column("name", Text, nullable=False),
    Column("publication", Integer, ForeignKey("publications.number"), nullable=False),  # the base
    Column("created_at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("declaration", JSON, nullable=False),  # models.scenarios.declaration
    Column("totals", JSON, nullable=False),  # models.scenarios.comparison.totals
    Column("notes", JSON, nullable=False),  # codes of what a reader must know
    Column("until", Date, nullable=False),  # the last day that it sees
    Column("folder", Text, nullable=False, unique=True),
    Column("manifest_sha256", Text, nullable=False),
    Column("parts", JSON, nullable=False),  # name -> file, rows, bytes, sha256
    Column("code_version", Text, nullable=False),
)

overrides: Final = Table(
    "overrides",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # consecutive from 1
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kind", Text, nullable=False),  # demand, stock, order
    # whom it concerns: series, or lines of an order, that have all codes which are not blank
    Column("site", CODE, nullable=False),
    Column("sku", CODE, nullable=False),
    Column("category", CODE, nullable=False),
    Column("supplier", CODE, nullable=False),
    Column("order_id", CODE, nullable=False),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False),  # the last day on which it holds
    Column("factor", Double),  # of demand, or of what is open of the order
    Column("units", Double),  # wanted a period, or counted
    Column("expected_on", Date),
    Index(None, "end"),
)
"""What people know better (models.overrides); nothing of it is ever changed."""

override_revocations: Final = Table(
    "override_revocations",
    metadata,
    Column(
        "override", Integer, ForeignKey("overrides.number"), primary_key=True, autoincrement=False
    ),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
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
    # sha256 over the files of models.evidence; blank: none were kept
    Column("evidence_digest", Text, nullable=False, server_default=""),
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
    Column("evidence", JSON, nullable=False),  # the gate's verdict, as models.verdict tells it
    # promoted (by the gate, or the first), forced (against it, or unasked), rolled_back
    Column("action", Text, nullable=False, server_default="promoted"),
    Index(None, "name", "id"),
)

leases: Final = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),  # what one process at a time may do
    Column("token", Text, nullable=False),  # of the one that holds it
    Column("holder", Text, nullable=False),  # who, in words
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),  # it was alive
)

training_parts: Final = Table(
    "training_parts",
    metadata,
    Column("training", Text, primary_key=True),  # models.unfinished: what the training is of
    Column("part", Text, primary_key=True),
    Column("sha256", Text, nullable=False),  # of the file; another one is not read
)
"""Finished parts of trainings that were broken off."""

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
for _table in (
    model_versions,
    promotions,
    warning_changes,
    scenarios,
    overrides,
    override_revocations,
):
    for _dialect, _statements in (
        ("postgresql", POSTGRES_APPEND_ONLY),
        ("sqlite", SQLITE_APPEND_ONLY),
    ):
        for _statement in _statements:
            event.listen(_table, "after_create", DDL(_statement).execute_if(dialect=_dialect))
