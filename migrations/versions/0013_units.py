"""Units belong to others, and have a brand of their own or that of those above them.

Revision 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = ("accent", "linkedin_id", "country", "region")


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("issuer") as table:
        table.add_column(sa.Column("parent_id", key, sa.ForeignKey("issuer.id", name="parent"), nullable=True))
    op.create_index("ix_issuer_parent_id", "issuer", ["parent_id"])
    op.add_column("issuer", sa.Column("names", sa.JSON(), nullable=True))
    for column in _COLUMNS:
        op.add_column("issuer", sa.Column(column, sa.String(), nullable=True))


def downgrade() -> None:
    for column in reversed(("names", *_COLUMNS)):
        op.drop_column("issuer", column)
    op.drop_index("ix_issuer_parent_id", "issuer")
    with op.batch_alter_table("issuer") as table:
        table.drop_column("parent_id")
