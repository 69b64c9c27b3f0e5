"""Deliveries pushed over HTTP, by idempotency key."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CODE: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pushes",
        sa.Column("caller", CODE, nullable=False),
        sa.Column("key", CODE, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.number"], name=op.f("fk_pushes_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_pushes")),
    )
