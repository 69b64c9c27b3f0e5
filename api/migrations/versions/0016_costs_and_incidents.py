"""Two feeds: what logistics costs, and what went wrong with orders."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CODE: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "costs",
        sa.Column("period_start", sa.Integer(), nullable=False),
        sa.Column("site", CODE, nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("currency", CODE, server_default="", nullable=False),
        sa.Column("category", CODE, server_default="", nullable=False),
        sa.Column("supplier", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("period_end", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            *("period_start", "site", "kind", "currency", "category", "supplier", "delivery"),
            name=op.f("pk_costs"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incidents",
        sa.Column("occurred_on", sa.Integer(), nullable=False),
        sa.Column("site", CODE, nullable=False),
        sa.Column("side", CODE, nullable=False),
        *(
            sa.Column(name, CODE, server_default="", nullable=False)
            for name in ("incident_id", "kind", "order_id", "line", "sku")
        ),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("supplier", CODE, server_default="", nullable=False),
        sa.Column("units", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint(
            *("occurred_on", "site", "side", "incident_id", "kind", "order_id", "line", "sku"),
            "delivery",
            name=op.f("pk_incidents"),
        ),
        sqlite_with_rowid=False,
    )
