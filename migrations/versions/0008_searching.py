"""Events by learner, course and time; deliveries whose content was deleted.

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "event_subject",
        sa.Column("id", key, primary_key=True),
        sa.Column("learning_event_id", key, sa.ForeignKey("learning_event.id"), nullable=False, index=True),
        sa.Column("value", sa.String(), nullable=False),
        sa.Index("ix_event_subject_value", "value", "learning_event_id"),
    )
    op.create_index("ix_learning_event_source_id_id", "learning_event", ["source_id", "id"])
    _some("ix_learning_event_course", "learning_event", ["course", "id"], where="course IS NOT NULL")
    op.create_index("ix_learning_event_created_at", "learning_event", ["created_at"])
    op.add_column("delivery", sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_delivery_received_at", "delivery")
    _some("ix_delivery_whole", "delivery", ["received_at"], where="redacted_at IS NULL")
    _some("ix_delivery_failed", "delivery", ["id"], where="state = 'failed'")


def downgrade() -> None:
    op.drop_index("ix_delivery_failed", "delivery")
    op.drop_index("ix_delivery_whole", "delivery")
    op.create_index("ix_delivery_received_at", "delivery", ["received_at"])
    op.drop_column("delivery", "redacted_at")
    for name in ("created_at", "course", "source_id_id"):
        op.drop_index(f"ix_learning_event_{name}", "learning_event")
    op.drop_table("event_subject")


def _some(name: str, table: str, columns: list[str], *, where: str) -> None:
    """Make an index of some of the rows."""
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
