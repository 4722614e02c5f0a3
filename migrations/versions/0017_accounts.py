"""People with accounts, who sign in by an OpenID provider or by a link in an e-mail.

Revision 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WHOSE = "(api_token_id IS NULL) <> (account_id IS NULL)"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("public_id", sa.String(), nullable=False, unique=True),
        sa.Column("email", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("issuer_id", _KEY, sa.ForeignKey("issuer.id"), nullable=True),
        sa.Column("disabled_at", _TIME, nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'issuer', 'reviewer', 'auditor')", name="role"),
    )
    op.create_table(
        "account_identity",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("account_id", _KEY, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.UniqueConstraint("issuer", "subject"),
        sa.UniqueConstraint("account_id", "issuer"),
    )
    op.create_table(
        "spent_state",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("state_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("created_at", _TIME, nullable=False, index=True),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("account_id", _KEY, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("browser_sha256", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, index=True),
        sa.Column("secret_sha256", sa.String(), nullable=True, unique=True),
    )
    for name, is_searched in (("staff_session", True), ("upload", True), ("approval", False)):
        with op.batch_alter_table(name) as table:
            table.alter_column("api_token_id", existing_type=_KEY, nullable=True)
            table.add_column(sa.Column("account_id", _KEY, nullable=True))
            table.create_foreign_key(f"fk_{name}_account_id_account", "account", ["account_id"], ["id"])
            table.create_check_constraint("whose", _WHOSE)
            if is_searched:
                table.create_index(f"ix_{name}_account_id", ["account_id"])
            else:
                table.create_unique_constraint(f"uq_{name}_award_id_account_id", ["award_id", "account_id"])


def downgrade() -> None:
    op.execute("DELETE FROM upload_piece WHERE upload_id IN (SELECT id FROM upload WHERE account_id IS NOT NULL)")
    for name, is_searched in (("staff_session", True), ("upload", True), ("approval", False)):
        op.execute(f"DELETE FROM {name} WHERE account_id IS NOT NULL")  # noqa: S608 - the names are ours
        with op.batch_alter_table(name) as table:
            if is_searched:
                table.drop_index(f"ix_{name}_account_id")
            else:
                table.drop_constraint(f"uq_{name}_award_id_account_id", type_="unique")
            table.drop_constraint("whose", type_="check")
            table.drop_constraint(f"fk_{name}_account_id_account", type_="foreignkey")
            table.drop_column("account_id")
            table.alter_column("api_token_id", existing_type=_KEY, nullable=False)
    for name in ("sign_in_link", "spent_state", "account_identity", "account"):
        op.drop_table(name)
