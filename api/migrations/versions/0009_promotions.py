"""What the gate said, who promoted or rolled back, one trainer at a time, trainings resumed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    op.add_column(
        "publications", sa.Column("degraded", sa.Text(), nullable=False, server_default="")
    )
    op.add_column(
        "publications", sa.Column("delivery", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "model_versions",
        sa.Column("evidence_digest", sa.Text(), nullable=False, server_default=""),
    )
    op.add_column(
        "promotions", sa.Column("action", sa.Text(), nullable=False, server_default="promoted")
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "training_parts",
        sa.Column("training", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("training", "part", name=op.f("pk_training_parts")),
    )
