"""What people know better: overrides, their revocations, and those that a publication knew."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPEND_ONLY: Final = ("overrides", "override_revocations")
CODE: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "overrides",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("site", CODE, nullable=False),
        sa.Column("sku", CODE, nullable=False),
        sa.Column("category", CODE, nullable=False),
        sa.Column("supplier", CODE, nullable=False),
        sa.Column("order_id", CODE, nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("factor", sa.Double(), nullable=True),
        sa.Column("units", sa.Double(), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_overrides")),
    )
    op.create_index(op.f("ix_overrides_end"), "overrides", ["end"])
    op.create_table(
        "override_revocations",
        sa.Column("override", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["override"],
            ["overrides.number"],
            name=op.f("fk_override_revocations_override_overrides"),
        ),
        sa.PrimaryKeyConstraint("override", name=op.f("pk_override_revocations")),
    )
    op.add_column(
        "publications", sa.Column("overrides", sa.JSON(), nullable=False, server_default="[]")
    )
    for table in APPEND_ONLY:
        _append_only(table)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # the function is there since 0002
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
