"""Units may make a framework the gate for publishing.

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issuer", sa.Column("gate", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("issuer", "gate")
