"""Publications whose files are no longer kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True))
