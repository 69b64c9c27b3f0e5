"""Orders that answer proposals, and what the webhook was told."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CODE: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "recognised_orders",
        sa.Column("order_id", CODE, nullable=False),
        sa.Column("line", CODE, nullable=False),
        sa.Column("sku", CODE, nullable=False),
        sa.Column("site", CODE, nullable=False),
        sa.Column("source", CODE, nullable=False),
        sa.Column("units_ordered", sa.Double(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("proposal", sa.Integer(), nullable=False),
        sa.Column("units_proposed", sa.Double(), nullable=False),
        sa.Column("episode", sa.BigInteger(), nullable=True),
        sa.Column("recognised_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [target], name=op.f(f"fk_recognised_orders_{column}_{table}")
            )
            for column, target, table in (
                ("publication", "publications.number", "publications"),
                ("episode", "episodes.id", "episodes"),
                ("recognised_by", "publications.number", "publications"),
            )
        ),
        sa.PrimaryKeyConstraint("order_id", "line", "sku", name=op.f("pk_recognised_orders")),
    )
    op.create_index(op.f("ix_recognised_orders_ordered_on"), "recognised_orders", ["ordered_on"])
    op.create_table(
        "webhook_calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication"],
            ["publications.number"],
            name=op.f("fk_webhook_calls_publication_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
    )
