"""Messages to learners, subscribers and the notices to them, and what issuing units set for these.

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.add_column("issuer", sa.Column("colour", sa.String()))
    op.add_column("issuer", sa.Column("notify", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "message",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("award_id", key, sa.ForeignKey("award.id"), nullable=False, unique=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.String()),
        sa.Column("sent_at", moment),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'bounced', 'failed', 'cancelled')", name="state"),
        sa.Index("ix_message_state_issuer_id", "state", "issuer_id"),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False, index=True),
        sa.Column("slug", sa.String(), nullable=False, unique=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("last_at", moment),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_reason", sa.String()),
        sa.Column("rests_until", moment),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="state"),
    )
    op.create_table(
        "notice",
        sa.Column("id", key, primary_key=True),
        sa.Column("subscriber_id", key, sa.ForeignKey("subscriber.id"), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("award_id", key, sa.ForeignKey("award.id"), index=True),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("award_state", sa.String()),
        sa.Column("award_reason", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.String()),
        sa.Column("sent_at", moment),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
        sa.Index("ix_notice_state_subscriber_id", "state", "subscriber_id"),
    )


def downgrade() -> None:
    for table in ("notice", "subscriber", "message"):
        op.drop_table(table)
    for column in ("notify", "colour"):
        op.drop_column("issuer", column)
