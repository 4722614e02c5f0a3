"""What somebody has written in the form of an achievement and not stored yet: kept, so that nothing is lost, and seen by them alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer import access
    from badgeissuer.vc.document import JsonObject

KEPT = timedelta(days=90)
"""How long it is kept after the last stroke."""
_TRIES = 5
"""Between finding that a row is there and changing it, another request of the same person may take it away."""


def keep(
    session: Session,
    row: tables.Achievement,
    actor: access.Actor,
    *,
    form: Mapping[str, Any],
    begun: JsonObject,
    seen: str,
    now: datetime,
) -> None:
    """Keep what somebody has written, in place of what they had written before; what is too old to be of use goes.

    Args:
        session: A writing session.
        row: The achievement.
        actor: Who has written it.
        form: What they have written.
        begun: The draft that they began with.
        seen: Its tag (`authoring.tag`).
        now: The moment.
    """
    table = tables.KeptForm
    session.execute(delete(table).where(table.kept_at < now - KEPT))
    values: dict[str, Any] = {"form": dict(form), "draft": begun, "seen": seen, "kept_at": now}
    for _ in range(_TRIES):
        if engine.add_if_new(session, table(achievement_id=row.id, keeper=_keeper(actor), **values)) is not None:
            return
        mine = update(table).where(table.achievement_id == row.id, table.keeper == _keeper(actor)).values(values)
        if session.scalars(mine.returning(table.id)).all():
            return


def kept(session: Session, row: tables.Achievement, actor: access.Actor) -> tables.KeptForm | None:
    """Return what somebody has written and not stored; None where there is nothing."""
    table = tables.KeptForm
    return session.scalar(select(table).where(table.achievement_id == row.id, table.keeper == _keeper(actor)))


def drop(session: Session, row: tables.Achievement, actor: access.Actor) -> None:
    """Forget what somebody has written and not stored."""
    table = tables.KeptForm
    session.execute(delete(table).where(table.achievement_id == row.id, table.keeper == _keeper(actor)))


def _keeper(actor: access.Actor) -> str:
    return f"token {actor.token_id}" if actor.account_id is None else f"account {actor.account_id}"
