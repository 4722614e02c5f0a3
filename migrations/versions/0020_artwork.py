"""Units have a template by which pictures are drawn of their achievements, and versions the picture that was drawn.

Revision 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issuer", sa.Column("artwork", sa.String(), nullable=True))
    op.add_column("achievement_version", sa.Column("drawing", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("achievement_version", "drawing")
    op.drop_column("issuer", "artwork")
