"""Learners decide to whom their badges are shown.

Revision 0022, after 0021.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sharing",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=False, unique=True),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("shows_results", sa.Boolean(), nullable=False),
        sa.CheckConstraint("visibility IN ('private', 'unlisted', 'public')", name="visibility"),
    )
    op.create_table(
        "share_link",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=False, index=True),
        sa.Column("secret_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("revoked_at", _TIME, nullable=True),
    )


def downgrade() -> None:
    op.drop_table("share_link")
    op.drop_table("sharing")
