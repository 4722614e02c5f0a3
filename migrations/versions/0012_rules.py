"""Rules with parts, policies and mappings; grounds of awards; approvals and holds.

Revision 0012, after 0011.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Callable

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_RULES = sa.table("rule", sa.column("id"), sa.column("document", sa.JSON))
_NEVER = {"all": [{"field": "type", "op": "exists", "value": False}]}
_BEFORE = ("awarded", "already_awarded", "needs_identity", "not_awarded")


def upgrade() -> None:
    with op.batch_alter_table("rule") as table:
        table.alter_column("when", existing_type=sa.JSON(), new_column_name="document")
        table.add_column(sa.Column("changed_at", _TIME, nullable=True))
        table.add_column(sa.Column("revision", sa.Integer(), nullable=True))
    _rewrite(lambda value: {"when": value})
    op.execute("UPDATE rule SET changed_at = created_at, revision = 1")
    with op.batch_alter_table("rule") as table:
        for name, kind in (("changed_at", _TIME), ("revision", sa.Integer())):
            table.alter_column(name, existing_type=kind, nullable=False)
    op.create_table(
        "rule_source",
        sa.Column("rule_id", _KEY, sa.ForeignKey("rule.id"), primary_key=True),
        sa.Column("source_id", _KEY, sa.ForeignKey("source.id"), primary_key=True, index=True),
    )
    op.execute("INSERT INTO rule_source (rule_id, source_id) SELECT id, source_id FROM rule")
    op.create_table(
        "ground",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("rule_id", _KEY, sa.ForeignKey("rule.id"), nullable=False, index=True),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("learning_event_id", _KEY, sa.ForeignKey("learning_event.id"), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.UniqueConstraint("learning_event_id", "rule_id", "part"),
    )
    known = "rule_id IS NOT NULL AND learning_event_id IS NOT NULL"
    op.execute(
        f"INSERT INTO ground (rule_id, part, learning_event_id, scope) SELECT rule_id, 0, learning_event_id, scope FROM award WHERE {known}"  # noqa: S608 - both are ours
    )
    op.execute(
        "INSERT INTO ground (rule_id, part, learning_event_id, scope) "
        "SELECT decision.rule_id, 0, decision.learning_event_id, award.scope FROM decision JOIN award ON award.id = decision.award_id "
        "WHERE decision.outcome IN ('awarded', 'already_awarded', 'needs_identity') AND NOT EXISTS (SELECT 1 FROM ground WHERE "
        "ground.rule_id = decision.rule_id AND ground.learning_event_id = decision.learning_event_id)"
    )
    op.add_column("award", sa.Column("approvals", sa.Integer(), nullable=True))
    op.add_column("award", sa.Column("held_until", _TIME, nullable=True))
    op.create_table(
        "approval",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("award_id", _KEY, sa.ForeignKey("award.id"), nullable=False),
        sa.Column("api_token_id", _KEY, sa.ForeignKey("api_token.id"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.UniqueConstraint("award_id", "api_token_id"),
    )
    op.execute("DROP TRIGGER decision_refuses_update" + _on_decision())
    with op.batch_alter_table("decision") as table:
        table.add_column(sa.Column("revision", sa.Integer(), nullable=True))
    op.execute("UPDATE decision SET revision = 1")
    _decisions((*_BEFORE, "needs_approval", "on_hold"), ("learning_event_id", "rule_id"), ("learning_event_id", "rule_id", "revision"))
    _guard()
    op.add_column("review", sa.Column("offer", sa.JSON(), nullable=True))
    _reviews(("changed", "voided", "withdrawn", "result", "earned"), ("open", "kept", "revoked", "reissued"))


def downgrade() -> None:
    op.execute("UPDATE review SET state = 'kept' WHERE state = 'reissued'")
    op.execute("UPDATE review SET kind = 'changed' WHERE kind IN ('result', 'earned')")
    _reviews(("changed", "voided", "withdrawn"), ("open", "kept", "revoked"))
    op.drop_column("review", "offer")
    op.execute("DROP TRIGGER decision_refuses_update" + _on_decision())
    op.execute(
        "DELETE FROM decision WHERE revision < (SELECT max(other.revision) FROM decision AS other "
        "WHERE other.learning_event_id = decision.learning_event_id AND other.rule_id = decision.rule_id)"
    )
    op.execute("UPDATE decision SET outcome = 'awarded' WHERE outcome IN ('needs_approval', 'on_hold')")
    _decisions(_BEFORE, ("learning_event_id", "rule_id", "revision"), ("learning_event_id", "rule_id"))
    with op.batch_alter_table("decision") as table:
        table.drop_column("revision")
    _guard()
    op.drop_table("approval")
    with op.batch_alter_table("award") as table:
        table.drop_column("held_until")
        table.drop_column("approvals")
    op.drop_table("ground")
    op.drop_table("rule_source")
    for number in _without_when():
        op.execute(sa.text("UPDATE rule SET state = 'disabled' WHERE id = :number").bindparams(number=number))
    _rewrite(lambda value: value.get("when", _NEVER))
    with op.batch_alter_table("rule") as table:
        table.alter_column("document", existing_type=sa.JSON(), new_column_name="when")
        for name in ("revision", "changed_at"):
            table.drop_column(name)


def _rewrite(change: Callable[[Any], Any]) -> None:
    """Change what the rules say."""
    connection = op.get_bind()
    for number, value in connection.execute(sa.select(_RULES.c.id, _RULES.c.document)).all():
        connection.execute(_RULES.update().where(_RULES.c.id == number).values(document=change(value)))


def _without_when() -> list[int]:
    """Return the rules that the revision before cannot hold: they need several parts."""
    rows = op.get_bind().execute(sa.select(_RULES.c.id, _RULES.c.document)).all()
    return [number for number, value in rows if "when" not in value]


def _decisions(outcomes: tuple[str, ...], before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Say which outcomes there are, and of what there is one decision each."""
    with op.batch_alter_table("decision") as table:
        if "revision" in after:
            table.alter_column("revision", existing_type=sa.Integer(), nullable=False)
        table.drop_constraint("uq_decision_" + "_".join(before), type_="unique")
        table.create_unique_constraint("uq_decision_" + "_".join(after), list(after))
        table.drop_constraint("outcome", type_="check")
        table.create_check_constraint("outcome", _one_of("outcome", outcomes))


def _reviews(kinds: tuple[str, ...], states: tuple[str, ...]) -> None:
    """Say which kinds and states of reviews there are."""
    with op.batch_alter_table("review") as table:
        for name, values in (("kind", kinds), ("state", states)):
            table.drop_constraint(name, type_="check")
            table.create_check_constraint(name, _one_of(name, values))


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _on_decision() -> str:
    return " ON decision" if op.get_bind().dialect.name == "postgresql" else ""


def _guard() -> None:
    """Have the database refuse changes of decisions again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TRIGGER decision_refuses_update BEFORE UPDATE ON decision FOR EACH ROW EXECUTE FUNCTION badgeissuer_refuse()")
    else:
        refusal = "a row of decision never changes: UPDATE refused"
        op.execute(f"CREATE TRIGGER decision_refuses_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, '{refusal}'); END")
