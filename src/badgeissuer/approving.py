"""Awards that people have to agree to: each agrees once, and one refusal ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import issuing, problem
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer import access


def approve(session: Session, row: tables.Award, *, actor: access.Actor, note: str, randomness: issuing.Randomness, now: datetime) -> None:
    """Agree to an award; when as many people have agreed as it needs, it goes on.

    Raises:
        problem.Conflict: It does not wait for anybody, or they have agreed before.
    """
    _waiting(session, row)
    whose = {"api_token_id": actor.token_id, "account_id": actor.account_id}
    agreed = tables.Approval(award_id=row.id, actor=actor.name, note=note, created_at=now, **whose)
    if engine.add_if_new(session, agreed) is None:
        raise problem.Conflict("You have agreed to the award before. Another person has to.")
    issuing.advance(session, row, randomness=randomness, now=now)


def refuse(session: Session, row: tables.Award, *, actor: access.Actor, note: str) -> None:
    """Refuse an award: it is cancelled, with the reason.

    Raises:
        problem.Conflict: It does not wait for anybody.
    """
    _waiting(session, row)
    row.state, row.reason = "cancelled", f"Refused by {actor.name}: {note}"


def approvals(session: Session, row: tables.Award) -> Sequence[tables.Approval]:
    """Return who has agreed to an award, the first first."""
    table = tables.Approval
    return session.scalars(select(table).where(table.award_id == row.id).order_by(table.id)).all()


def _waiting(session: Session, row: tables.Award) -> None:
    session.refresh(row, with_for_update=True)
    if row.state not in issuing.WAITING or not row.approvals:
        raise problem.Conflict(f"Nobody has to agree to this award: it is {row.state}.")
