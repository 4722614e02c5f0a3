"""Learners say where letters go, and which addresses are theirs; all of it is kept.

Revision 0025, after 0024.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "holder_event",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("holder_id", _KEY, sa.ForeignKey("holder.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('proven', 'preferred', 'removed')", name="kind"),
    )
    op.add_column("holder_address", sa.Column("is_preferred", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE holder_address SET is_preferred = true")
    with op.batch_alter_table("holder_address") as table:
        table.alter_column("is_preferred", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
    with op.batch_alter_table("claim_link") as table:
        table.add_column(sa.Column("holder_id", _KEY, nullable=True))
        table.create_foreign_key("fk_claim_link_holder_id_holder", "holder", ["holder_id"], ["id"])
        table.drop_constraint("kind", type_="check")
        table.create_check_constraint("kind", "kind IN ('claim', 'sign_in', 'address')")


def downgrade() -> None:
    op.execute("DELETE FROM claim_link WHERE kind = 'address'")
    with op.batch_alter_table("claim_link") as table:
        table.drop_constraint("kind", type_="check")
        table.create_check_constraint("kind", "kind IN ('claim', 'sign_in')")
        table.drop_constraint("fk_claim_link_holder_id_holder", type_="foreignkey")
        table.drop_column("holder_id")
    op.drop_column("holder_address", "is_preferred")
    op.drop_table("holder_event")
