"""Templates that badges of a published achievement are printed with.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "press",
        sa.Column("id", key, primary_key=True),
        sa.Column("achievement_version_id", key, sa.ForeignKey("achievement_version.id"), nullable=False),
        sa.Column("members", sa.String(), nullable=False),
        sa.Column("contexts", sa.JSON(), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("achievement_version_id", "members"),
    )


def downgrade() -> None:
    op.drop_table("press")
