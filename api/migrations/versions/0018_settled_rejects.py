"""Which later delivery brought a row again that was set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rejects", sa.Column("key", sa.Text(), nullable=False, server_default=""))
    op.add_column("rejects", sa.Column("settled_by", sa.Integer(), nullable=True))
