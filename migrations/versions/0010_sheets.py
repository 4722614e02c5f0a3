"""What the columns of a roster mean that came as a sheet; files that staff bring through a page.

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("batch", sa.Column("sheet", sa.JSON(), nullable=True))
    op.create_table(
        "upload",
        sa.Column("id", key, primary_key=True),
        sa.Column("api_token_id", key, sa.ForeignKey("api_token.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.CheckConstraint("purpose IN ('roster', 'reconciliation')", name="purpose"),
    )
    op.create_table(
        "upload_piece",
        sa.Column("id", key, primary_key=True),
        sa.Column("upload_id", key, sa.ForeignKey("upload.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("upload_id", "number"),
    )


def downgrade() -> None:
    op.drop_table("upload_piece")
    op.drop_table("upload")
    op.drop_column("batch", "sheet")
