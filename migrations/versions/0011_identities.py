"""Who said who is who, and learners who may be one person.

Revision 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "identity_change",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("to_learner_id", key, sa.ForeignKey("learner.id"), nullable=False, index=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("from_learner_id", key, sa.ForeignKey("learner.id"), nullable=True, index=True),
        sa.CheckConstraint("kind IN ('named', 'merged', 'split')", name="kind"),
        sa.Index("ix_identity_change_issuer_id_id", "issuer_id", "id"),
    )
    op.create_table(
        "identity_question",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("learner_id", key, sa.ForeignKey("learner.id"), nullable=False),
        sa.Column("other_learner_id", key, sa.ForeignKey("learner.id"), nullable=False, index=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learning_event_id", key, sa.ForeignKey("learning_event.id"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("learner_id", "other_learner_id"),
        sa.CheckConstraint("state IN ('open', 'merged', 'apart')", name="state"),
        sa.CheckConstraint("learner_id < other_learner_id", name="pair"),
        sa.Index("ix_identity_question_issuer_id_state", "issuer_id", "state"),
    )
    where = sa.text("state = 'needs_identity'")
    op.create_index("ix_award_needs_identity", "award", ["learner_id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_award_needs_identity", "award")
    op.drop_table("identity_question")
    op.drop_table("identity_change")
