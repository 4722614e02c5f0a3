"""Units are reminded of definitions that are to be reviewed.

Revision 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("achievement_version_id", _KEY, sa.ForeignKey("achievement_version.id"), nullable=False),
        sa.Column("near", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed', 'cancelled')", name="state"),
        sa.UniqueConstraint("achievement_version_id", "near"),
    )


def downgrade() -> None:
    op.drop_table("reminder")
