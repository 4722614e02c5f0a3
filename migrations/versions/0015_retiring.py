"""Achievements may be retired, and units may award nothing whose review is overdue.

Revision 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issuer", sa.Column("pauses_overdue", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("achievement", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("achievement", sa.Column("retired_reason", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("achievement", "retired_reason")
    op.drop_column("achievement", "retired_at")
    op.drop_column("issuer", "pauses_overdue")
