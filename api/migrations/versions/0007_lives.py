"""What people do with warnings: assigned, snoozed, acted on; each change kept."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY: Final = "warning_changes"


def upgrade() -> None:
    for column in (
        sa.Column("assigned_to", sa.Text(), nullable=False, server_default=""),
        sa.Column("snoozed_until", sa.Date(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("episodes", column)
    op.create_table(
        APPEND_ONLY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("episode", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=False),
        sa.Column("snoozed_until", sa.Date(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode"], ["episodes.id"], name=op.f("fk_warning_changes_episode_episodes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warning_changes")),
        sa.UniqueConstraint(
            "episode", "revision", name=op.f("uq_warning_changes_episode_revision")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":  # the function is there since 0002
        op.execute(
            f"CREATE TRIGGER {APPEND_ONLY}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {APPEND_ONLY} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {APPEND_ONLY}_no_{action} BEFORE {action} ON {APPEND_ONLY} "
            f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY} is append-only'); END"
        )
