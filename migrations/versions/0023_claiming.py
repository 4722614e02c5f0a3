"""Learners claim their badges by proving their address.

Revision 0023, after 0022.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table("holder", sa.Column("id", _KEY, primary_key=True), sa.Column("created_at", _TIME, nullable=False))
    op.create_table(
        "holder_address",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("holder_id", _KEY, sa.ForeignKey("holder.id"), nullable=False, index=True),
        sa.Column("email", sa.String(), nullable=False, unique=True),
        sa.Column("confirmed_at", _TIME, nullable=False),
    )
    op.create_table(
        "holder_session",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("holder_id", _KEY, sa.ForeignKey("holder.id"), nullable=False, index=True),
        sa.Column("secret_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False, index=True),
    )
    op.create_table(
        "claim_link",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False, index=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False, index=True),
        sa.Column("secret_sha256", sa.String(), nullable=True, unique=True),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=True, index=True),
        sa.Column("used_at", _TIME, nullable=True),
        sa.CheckConstraint("kind IN ('claim', 'sign_in')", name="kind"),
        sa.Index("ix_claim_link_kind_created_at", "kind", "created_at"),
    )
    op.create_table(
        "claim",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=False, unique=True),
        sa.Column("email", sa.String(), nullable=False, index=True),
        sa.Column("claimed_at", _TIME, nullable=False),
    )
    op.create_table(
        "consent",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("holder_id", _KEY, sa.ForeignKey("holder.id"), nullable=False),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint("kind IN ('issue', 'results', 'publish', 'list')", name="kind"),
    )


def downgrade() -> None:
    for name in ("consent", "claim", "claim_link", "holder_session", "holder_address", "holder"):
        op.drop_table(name)
