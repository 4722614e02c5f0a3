"""The first tables, and triggers that keep what was published, signed and decided as it was.

Revision 0001, the first.

Constraints and indexes without a name here get it from the naming convention in badgeissuer/store/base.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "issuer",
    "signing_key",
    "achievement",
    "achievement_version",
    "source",
    "delivery",
    "learning_event",
    "rule",
    "learner",
    "learner_identity",
    "award",
    "decision",
    "credential",
    "status_list",
    "status_entry",
    "job",
    "api_token",
    "idempotency_key",
    "worker",
)
"""In the order in which they refer to each other."""
UNCHANGEABLE = (
    ("achievement_version", "UPDATE"),
    ("achievement_version", "DELETE"),
    ("credential", "UPDATE"),
    ("decision", "UPDATE"),
)


def upgrade() -> None:
    _create_definitions()
    _create_intake()
    _create_learners()
    _create_awards()
    _create_status_lists()
    _create_operation()
    _refuse_changes()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION badgeissuer_refuse()")


def _create_definitions() -> None:
    op.create_table(
        "issuer",
        _id(),
        _text("slug", unique=True),
        _text("name"),
        _text("did_method"),
        _time("created_at"),
        _text("did", unique=True, nullable=True),
        _text("url", nullable=True),
        _text("description", nullable=True),
        _text("image", nullable=True),
        _text("email", nullable=True),
        sa.CheckConstraint("did_method IN ('key', 'web')", name="did_method"),
    )
    op.create_table(
        "signing_key",
        _id(),
        _ref("issuer_id", "issuer", index=True),
        _text("public_key_multibase", unique=True),
        _text("verification_method", unique=True),
        _text("state"),
        _time("created_at"),
        _time("activated_at", nullable=True),
        _time("retired_at", nullable=True),
        _time("compromised_since", nullable=True),
        sa.CheckConstraint("state IN ('pending', 'active', 'verify_only', 'retired', 'compromised')", name="state"),
    )
    is_active = sa.text("state = 'active'")
    op.create_index(
        "uq_signing_key_one_active", "signing_key", ["issuer_id"], unique=True, sqlite_where=is_active, postgresql_where=is_active
    )
    op.create_table(
        "achievement",
        _id(),
        _ref("issuer_id", "issuer", index=True),
        _text("slug", unique=True),
        _json("draft"),
        _time("created_at"),
        _time("updated_at"),
    )
    op.create_table(
        "achievement_version",
        _id(),
        _ref("achievement_id", "achievement"),
        _number("version"),
        _json("document"),
        _text("draft_sha256"),
        _time("published_at"),
        sa.UniqueConstraint("achievement_id", "version"),
    )


def _create_intake() -> None:
    op.create_table(
        "source",
        _id(),
        _ref("issuer_id", "issuer", index=True),
        _text("slug", unique=True),
        _text("name"),
        _text("adapter"),
        _text("hook_key", unique=True),
        _json("signature"),
        _json("fetched_keys", nullable=True),
        _time("created_at"),
        _number("success_status"),
        _text("state"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="state"),
    )
    op.create_table(
        "delivery",
        _id(),
        _ref("source_id", "source"),
        _text("key"),
        _bytes("payload"),
        _text("payload_sha256"),
        _json("headers"),
        _time("received_at", index=True),
        _text("state"),
        _text("reason", nullable=True),
        _number("repeats"),
        sa.UniqueConstraint("source_id", "key"),
        sa.CheckConstraint("state IN ('received', 'processed', 'failed')", name="state"),
    )
    op.create_table(
        "learning_event",
        _id(),
        _ref("delivery_id", "delivery", index=True),
        _ref("source_id", "source"),
        _text("key"),
        _text("type"),
        _json("document"),
        _time("created_at"),
        _text("course", nullable=True),
        _time("occurred_at", nullable=True),
        sa.UniqueConstraint("source_id", "key"),
    )
    op.create_table(
        "rule",
        _id(),
        _ref("achievement_id", "achievement", index=True),
        _ref("source_id", "source", index=True),
        _json("when"),
        _time("created_at"),
        _text("state"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="state"),
    )


def _create_learners() -> None:
    op.create_table("learner", _id(), _time("created_at"), _text("name", nullable=True))
    op.create_table(
        "learner_identity",
        _id(),
        _ref("learner_id", "learner", index=True),
        _ref("issuer_id", "issuer"),
        _text("kind"),
        _text("authority"),
        _text("value"),
        _time("created_at"),
        sa.UniqueConstraint("issuer_id", "kind", "authority", "value"),
        sa.CheckConstraint("kind IN ('source_id', 'sis_id', 'email', 'did')", name="kind"),
    )


def _create_awards() -> None:
    op.create_table(
        "award",
        _id(),
        _ref("issuer_id", "issuer", index=True),
        _ref("achievement_id", "achievement"),
        _ref("achievement_version_id", "achievement_version", index=True),
        _ref("learner_id", "learner", index=True),
        _text("scope"),
        _text("state"),
        _json("claims"),
        _time("awarded_at"),
        _time("created_at"),
        _time("valid_from"),
        _uuid("uuid", unique=True),
        _uuid("credential_uuid", unique=True),
        _text("reason", nullable=True),
        _ref("source_id", "source", nullable=True),
        _ref("rule_id", "rule", nullable=True),
        _ref("learning_event_id", "learning_event", nullable=True),
        _time("valid_until", nullable=True),
        sa.UniqueConstraint("achievement_id", "learner_id", "scope"),
        sa.CheckConstraint(
            "state IN ('pending', 'needs_identity', 'needs_approval', 'on_hold', 'issued', 'failed', 'cancelled')", name="state"
        ),
    )
    op.create_index("ix_award_source_id_id", "award", ["source_id", "id"])
    op.create_table(
        "decision",
        _id(),
        _ref("learning_event_id", "learning_event"),
        _ref("rule_id", "rule", index=True),
        _text("outcome"),
        _text("reason"),
        _time("decided_at"),
        _ref("award_id", "award", nullable=True),
        sa.UniqueConstraint("learning_event_id", "rule_id"),
        sa.CheckConstraint("outcome IN ('awarded', 'already_awarded', 'needs_identity', 'not_awarded')", name="outcome"),
    )
    op.create_table(
        "credential",
        _id(),
        _uuid("uuid", unique=True),
        _ref("award_id", "award", unique=True),
        _ref("issuer_id", "issuer", index=True),
        _ref("signing_key_id", "signing_key", index=True),
        _bytes("document"),
        _text("sha256"),
        _time("created_at"),
    )


def _create_status_lists() -> None:
    op.create_table(
        "status_list",
        _id(),
        _ref("issuer_id", "issuer"),
        _text("purpose"),
        _number("length"),
        _time("created_at"),
        _uuid("uuid", unique=True),
        _text("state"),
        _number("changes"),
        _bytes("published", nullable=True),
        _number("published_changes"),
        _time("published_at", nullable=True),
        sa.CheckConstraint("state IN ('open', 'full')", name="state"),
        sa.CheckConstraint("length >= 131072", name="length"),
    )
    op.create_index("ix_status_list_open", "status_list", ["issuer_id", "purpose", "state"])
    op.create_table(
        "status_entry",
        _id(),
        _ref("status_list_id", "status_list"),
        _number("position"),
        _uuid("credential_uuid"),
        _text("purpose"),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        _text("reason", nullable=True),
        _time("changed_at", nullable=True),
        _text("changed_by", nullable=True),
        sa.UniqueConstraint("status_list_id", "position"),
        sa.UniqueConstraint("credential_uuid", "purpose"),
    )


def _create_operation() -> None:
    op.create_table(
        "job",
        _id(),
        _text("kind"),
        _json("payload"),
        _time("created_at"),
        _time("run_at"),
        _text("state"),
        _number("attempts"),
        _time("lease_until", nullable=True),
        _text("worker", nullable=True),
        _time("finished_at", nullable=True),
        _text("error", nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'dead')", name="state"),
    )
    op.create_index("ix_job_state_run_at_id", "job", ["state", "run_at", "id"])
    op.create_table(
        "api_token",
        _id(),
        _text("public_id", unique=True),
        _text("name"),
        _text("role"),
        _text("secret_sha256"),
        _time("created_at"),
        _ref("issuer_id", "issuer", nullable=True),
        _time("expires_at", nullable=True),
        _time("revoked_at", nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'issuer', 'reviewer', 'auditor')", name="role"),
    )
    op.create_table(
        "idempotency_key",
        _id(),
        _ref("api_token_id", "api_token"),
        _text("key"),
        _text("request_sha256"),
        _time("created_at"),
        _text("resource", nullable=True),
        sa.UniqueConstraint("api_token_id", "key"),
    )
    op.create_table(
        "worker",
        _id(),
        _text("name", unique=True),
        _time("started_at"),
        _time("seen_at"),
        _time("self_tested_at", nullable=True),
        _bytes("self_test", nullable=True),
    )


def _refuse_changes() -> None:
    """Have the database itself refuse to change what must stay as it was."""
    is_postgresql = op.get_context().dialect.name == "postgresql"
    if is_postgresql:
        op.execute("""
            CREATE FUNCTION badgeissuer_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'a row of % never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
            END
            $$
        """)
    for table, action in UNCHANGEABLE:
        name = f"{table}_refuses_{action.lower()}"
        if is_postgresql:
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION badgeissuer_refuse()")
        else:
            refusal = f"a row of {table} never changes: {action} refused"
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def _big() -> TypeEngine[int]:
    """Return the type of keys: 64 bits; SQLite fills in a key only where the type is called INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _big(), primary_key=True)


def _ref(name: str, table: str, *, nullable: bool = False, unique: bool | None = None, index: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, _big(), sa.ForeignKey(f"{table}.id"), nullable=nullable, unique=unique, index=index)


def _text(name: str, *, nullable: bool = False, unique: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable, unique=unique)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _time(name: str, *, nullable: bool = False, index: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, index=index)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=nullable)  # not JSONB, which would put the members of a document into another order


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _uuid(name: str, *, unique: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=False, unique=unique)
