"""Places in status lists by a counter behind a keyed permutation, and indexes for what is asked often.

Revision 0003, after 0002.

Lists that were open before had places drawn at random, which a counter would meet again: they are closed, and new ones are opened.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "status_counter",
        sa.Column("status_list_id", key, sa.ForeignKey("status_list.id"), primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
    )
    op.execute("UPDATE status_list SET state = 'full' WHERE state = 'open'")
    op.add_column("status_list", sa.Column("publish_due", sa.DateTime(timezone=True), nullable=True))
    is_changed = sa.text("published_changes <> changes")
    op.create_index("ix_status_list_changed", "status_list", ["issuer_id"], sqlite_where=is_changed, postgresql_where=is_changed)
    op.create_index("ix_status_list_published_at", "status_list", ["published_at"])
    op.create_index(
        "ix_status_entry_set",
        "status_entry",
        ["status_list_id", "is_set", "position"],
        sqlite_where=sa.text("is_set = 1"),
        postgresql_where=sa.text("is_set"),
    )
    op.add_column("status_entry", sa.Column("change", sa.Integer(), nullable=True))
    op.execute("UPDATE status_entry SET change = 0 WHERE changed_at IS NOT NULL")
    has_changed = sa.text("change IS NOT NULL")
    op.create_index(
        "ix_status_entry_change", "status_entry", ["status_list_id", "change"], sqlite_where=has_changed, postgresql_where=has_changed
    )


def downgrade() -> None:
    op.drop_index("ix_status_entry_change", "status_entry")
    op.execute("ALTER TABLE status_entry DROP COLUMN change")
    op.drop_index("ix_status_entry_set", "status_entry")
    op.drop_index("ix_status_list_published_at", "status_list")
    op.drop_index("ix_status_list_changed", "status_list")
    op.execute("ALTER TABLE status_list DROP COLUMN publish_due")
    op.drop_table("status_counter")
