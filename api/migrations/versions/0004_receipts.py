"""What an ERP says that it holds of a publication, and how far forecasts moved between two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pull_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("quantiles", sa.Text(), nullable=False),
        sa.Column("changed_since", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("matches", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication"],
            ["publications.number"],
            name=op.f("fk_pull_receipts_publication_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull_receipts")),
        sa.UniqueConstraint(
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
    op.create_table(
        "forecast_moves",
        sa.Column("publication", sa.Integer(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication"],
            ["publications.number"],
            name=op.f("fk_forecast_moves_publication_publications"),
        ),
        sa.ForeignKeyConstraint(
            ["since"], ["publications.number"], name=op.f("fk_forecast_moves_since_publications")
        ),
        sa.PrimaryKeyConstraint("publication", "grain", name=op.f("pk_forecast_moves")),
    )
