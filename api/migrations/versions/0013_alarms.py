"""What looked wrong when a publication was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "publications", sa.Column("alarms", sa.JSON(), nullable=False, server_default="[]")
    )
