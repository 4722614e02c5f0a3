"""The addresses of a holder: added by proving them, one of them preferred for letters, and taken away. All of it is kept.

Whoever loses letters by a change is told at the address that loses them, which can sign in and change it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from badgeissuer import problem
from badgeissuer.claiming import holders
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

TELL = "tell_of_address"
PROVEN, PREFERRED, REMOVED = tables.EVENT_KINDS
MOST = 10
"""Addresses of one holder."""


def add(session: Session, holder_id: int, email: str, *, now: datetime) -> None:
    """Make an address a holder's that was proven just now. One that was another holder's is theirs no more: who reads its letters has it.

    Raises:
        problem.Conflict: They have `MOST` already.
    """
    table, other = tables.HolderAddress, holders.find(session, email)
    if other != holder_id and len(holders.addresses(session, holder_id)) >= MOST:
        raise problem.Conflict(f"At most {MOST} addresses can be yours. Take one away first.")
    if other is not None and other != holder_id:
        _let_go(session, other, email, now=now)
        if not holders.addresses(session, other):
            session.execute(delete(tables.HolderSession).where(tables.HolderSession.holder_id == other))
    if other != holder_id:
        session.add(table(holder_id=holder_id, email=email, confirmed_at=now, is_preferred=False))
        session.flush()
        _note(session, holder_id, PROVEN, email, now=now)
    holders.prove(session, email, now=now)


def prefer(session: Session, holder_id: int, email: str, *, now: datetime) -> None:
    """Have letters go to one of a holder's addresses from now on, and tell the one that they went to.

    Raises:
        problem.NotFound: It is none of theirs.
    """
    row = _theirs(session, holder_id, email)
    if row.is_preferred:
        return
    before = preferred(session, holder_id)
    table = tables.HolderAddress
    session.execute(update(table).where(table.holder_id == holder_id).values(is_preferred=False))
    row.is_preferred = True
    session.flush()
    _note(session, holder_id, PREFERRED, email, now=now)
    if before:
        jobs.enqueue(session, TELL, {"to": before}, now=now)


def remove(session: Session, holder_id: int, email: str, *, now: datetime) -> None:
    """Take an address away from a holder, and tell it; its badges go from their list.

    Raises:
        problem.NotFound: It is none of theirs.
        problem.Conflict: It is the last.
    """
    _theirs(session, holder_id, email)
    if len(holders.addresses(session, holder_id)) == 1:
        raise problem.Conflict("This is your only address here: without one nobody could know whose the badges are. Add another first.")
    _let_go(session, holder_id, email, now=now)


def preferred(session: Session, holder_id: int) -> str | None:
    """Return the address that letters to a holder go to."""
    table = tables.HolderAddress
    return session.scalar(select(table.email).where(table.holder_id == holder_id).order_by(table.is_preferred.desc(), table.id).limit(1))


def history(session: Session, holder_id: int) -> list[tables.HolderEvent]:
    """Return what became of the addresses of a holder, the newest first."""
    table = tables.HolderEvent
    return list(session.scalars(select(table).where(table.holder_id == holder_id).order_by(table.id.desc()).limit(100)))


def _theirs(session: Session, holder_id: int, email: str) -> tables.HolderAddress:
    session.get_one(tables.Holder, holder_id, with_for_update=True)  # so that of two at once each sees what the other did
    table = tables.HolderAddress
    row = session.scalar(select(table).where(table.holder_id == holder_id, table.email == email))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def _let_go(session: Session, holder_id: int, email: str, *, now: datetime) -> None:
    row = _theirs(session, holder_id, email)
    session.delete(row)
    session.flush()
    _note(session, holder_id, REMOVED, email, now=now)
    jobs.enqueue(session, TELL, {"to": email}, now=now)
    left = holders.addresses(session, holder_id)
    if left and not any(one.is_preferred for one in left):
        left[0].is_preferred = True
        _note(session, holder_id, PREFERRED, left[0].email, now=now)
    session.flush()


def _note(session: Session, holder_id: int, kind: str, email: str, *, now: datetime) -> None:
    session.add(tables.HolderEvent(holder_id=holder_id, kind=kind, email=email, at=now))
    session.flush()
