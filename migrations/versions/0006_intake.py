"""Sessions of staff, and how a source wants its deliveries read.

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "staff_session",
        sa.Column("id", key, primary_key=True),
        sa.Column("api_token_id", key, sa.ForeignKey("api_token.id"), nullable=False, index=True),
        sa.Column("secret_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    _identities("source_id", "sis_id", "orcid", "email", "did")
    op.add_column("source", sa.Column("mapping", sa.JSON(), nullable=True))
    op.add_column("source", sa.Column("zone", sa.String(), nullable=True))
    with op.batch_alter_table("learning_event") as table:
        table.add_column(sa.Column("learner_id", key, sa.ForeignKey("learner.id", name="learner"), nullable=True))
        table.add_column(sa.Column("item", sa.String(), nullable=True))
        table.add_column(sa.Column("voids", sa.String(), nullable=True))
    op.create_index("ix_learning_event_learner_id_item", "learning_event", ["learner_id", "item"])
    where = sa.text("voids IS NOT NULL")
    op.create_index("ix_learning_event_voids", "learning_event", ["source_id", "voids"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "review",
        sa.Column("id", key, primary_key=True),
        sa.Column("issuer_id", key, sa.ForeignKey("issuer.id"), nullable=False),
        sa.Column("award_id", key, sa.ForeignKey("award.id"), nullable=False),
        sa.Column("learning_event_id", key, sa.ForeignKey("learning_event.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("award_id", "learning_event_id"),
        sa.CheckConstraint("kind IN ('changed', 'voided', 'withdrawn')", name="kind"),
        sa.CheckConstraint("state IN ('open', 'kept', 'revoked')", name="state"),
        sa.Index("ix_review_issuer_id_state", "issuer_id", "state"),
    )


def downgrade() -> None:
    op.drop_table("review")
    for name in ("voids", "learner_id_item"):
        op.drop_index(f"ix_learning_event_{name}", "learning_event")
    with op.batch_alter_table("learning_event") as table:
        for name in ("voids", "item", "learner_id"):
            table.drop_column(name)
    op.execute("DELETE FROM learner_identity WHERE kind = 'orcid'")
    _identities("source_id", "sis_id", "email", "did")
    op.drop_column("source", "zone")
    op.drop_column("source", "mapping")
    op.drop_table("staff_session")


def _identities(*kinds: str) -> None:
    """Say which kinds of identities there are."""
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("learner_identity") as table:
        table.drop_constraint("kind", type_="check")
        table.create_check_constraint("kind", f"kind IN ({allowed})")
