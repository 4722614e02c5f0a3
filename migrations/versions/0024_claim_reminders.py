"""Learners are reminded once of badges that they did not claim.

Revision 0024, after 0023.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_WAITS = "state = 'sent' AND reminder_copy IS NULL"


def upgrade() -> None:
    op.add_column("message", sa.Column("reminder_copy", sa.Integer(), nullable=True))
    op.create_index("ix_message_not_reminded", "message", ["sent_at"], sqlite_where=sa.text(_WAITS), postgresql_where=sa.text(_WAITS))


def downgrade() -> None:
    op.drop_index("ix_message_not_reminded", "message")
    op.drop_column("message", "reminder_copy")
