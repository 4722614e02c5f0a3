"""Rosters to be issued and credentials to be revoked in bulk, and turns in the queue of jobs.

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite fills in a key only where the type is called INTEGER
    op.create_table(
        "batch",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("achievement_id", key, sa.ForeignKey("achievement.id"), nullable=False),
        sa.Column("achievement_version_id", key, sa.ForeignKey("achievement_version.id"), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("turn", key, nullable=False),
        sa.UniqueConstraint("issuer_id", "key"),
        sa.CheckConstraint("state IN ('running', 'paused', 'cancelled')", name="state"),
    )
    op.create_table(
        "batch_chunk",
        sa.Column("id", key, primary_key=True),
        sa.Column("batch_id", key, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("first_row", sa.Integer(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.UniqueConstraint("batch_id", "first_row"),
        sa.CheckConstraint("state IN ('open', 'done', 'cancelled')", name="state"),
    )
    op.create_table(
        "revocation",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=True, index=True),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("up_to", key, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after", key, nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    )
    op.add_column("award", sa.Column("batch_id", key, nullable=True))
    op.add_column("award", sa.Column("row", sa.Integer(), nullable=True))
    op.create_index("ix_award_batch_id_row", "award", ["batch_id", "row"])
    op.add_column("job", sa.Column("turn", key, nullable=False, server_default="0"))
    op.drop_index("ix_job_state_run_at_id", "job")
    op.create_index("ix_job_state_turn_run_at_id", "job", ["state", "turn", "run_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_job_state_turn_run_at_id", "job")
    op.create_index("ix_job_state_run_at_id", "job", ["state", "run_at", "id"])
    op.drop_column("job", "turn")
    op.drop_index("ix_award_batch_id_row", "award")
    op.drop_column("award", "row")
    op.drop_column("award", "batch_id")
    op.drop_table("revocation")
    op.drop_table("batch_chunk")
    op.drop_table("batch")
