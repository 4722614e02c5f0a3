"""Documents that others composed and a worker signs, and what is kept of them so that their status can be changed.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite fills in a key only where the type is called INTEGER
    op.create_table(
        "signing_request",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("mechanism", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True, index=True),
        sa.CheckConstraint("state IN ('waiting', 'signed', 'refused')", name="state"),
    )
    op.create_table(
        "attestation",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("credential_sha256", sa.String(), nullable=False, index=True),
        sa.Column("credential_uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("attestation")
    op.drop_table("signing_request")
