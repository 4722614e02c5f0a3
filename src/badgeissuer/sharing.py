"""To whom a badge is shown, which its learner decides.

    private    to its learner, and to who has a link that counts
    unlisted   to who has its address, which nobody can guess; so is each badge of which nothing was decided
    public     to everybody, and search engines may list it

None of it touches whether a badge counts: a file in hand is verified as before, and status lists say nothing of it. A link holds a secret
of 256 bits, which is shown once; its digest is kept. It counts until it expires or is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import access, problem
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

PRIVATE, UNLISTED, PUBLIC = tables.VISIBILITIES
DAYS = (7, 30, 90)
"""How long a link may count."""
MOST = 20
"""Links of one badge that count at the same time."""
LONGEST_NOTE = 100
"""Characters of what a learner notes of a link."""
ASK = "Its owner keeps this badge private. Ask them for a link to it."
_EXPIRED = "This link has expired, and its owner keeps the badge private. Ask them for a new link."
_TAKEN_BACK = "Its owner has taken this link back and keeps the badge private. Ask them for a new link."
_UNKNOWN = "Its owner keeps this badge private, and this link does not open it. Look whether you have the whole link, or ask them for one."


class Private(problem.Forbidden):
    """A badge that its learner keeps private, without a link that opens it."""

    default_kind = problem.OURS + "private"
    title = "This badge is private"


@dataclass(frozen=True, slots=True)
class How:
    """How a badge is shown.

    Attributes:
        visibility: `private`, `unlisted` or `public`.
        shows_results: Whether pages may show what its learner reached.
    """

    visibility: str = UNLISTED
    shows_results: bool = False


def of(row: tables.Sharing | None) -> How:
    """Return how a badge is shown, by the row of what was decided."""
    return How(row.visibility, row.shows_results) if row else How()


def decide(
    session: Session, award_id: int, *, now: datetime, visibility: str | None = None, shows_results: bool | None = None
) -> tuple[How, How]:
    """Decide how a badge is shown; return how it was and how it is. What is None stays.

    Raises:
        problem.Invalid: There is no such visibility.
    """
    if visibility not in {None, *tables.VISIBILITIES}:
        raise problem.Invalid(f"A badge is {', '.join(tables.VISIBILITIES[:-1])} or {tables.VISIBILITIES[-1]}.")
    table = tables.Sharing
    engine.add_if_new(session, table(award_id=award_id, changed_at=now))
    row = session.scalars(select(table).where(table.award_id == award_id).with_for_update()).one()
    before = of(row)
    row.visibility = visibility or row.visibility
    row.shows_results = row.shows_results if shows_results is None else shows_results
    row.changed_at = now
    session.flush()
    return before, of(row)


def make_link(session: Session, award_id: int, *, days: int, note: str, now: datetime) -> tuple[tables.ShareLink, str]:
    """Make a link; return its row and the secret, which cannot be had again.

    Raises:
        problem.Invalid: It would count for another time than one of `DAYS`, or the note is too long.
        problem.Conflict: `MOST` count already.
    """
    if days not in DAYS:
        raise problem.Invalid(f"A link counts for {', '.join(map(str, DAYS[:-1]))} or {DAYS[-1]} days.")
    if len(note) > LONGEST_NOTE:
        raise problem.Invalid(f"Note at most {LONGEST_NOTE} characters of a link.")
    _require_room(session, award_id, now=now)
    table, secret = tables.ShareLink, access.new_secret()
    row = table(award_id=award_id, secret_sha256=access.digest(secret), created_at=now, expires_at=now + timedelta(days=days), note=note)
    session.add(row)
    session.flush()
    return row, secret


def take_back(session: Session, award_id: int, link_id: int, *, now: datetime) -> tables.ShareLink:
    """End a link; one that has ended stays as it is.

    Raises:
        problem.NotFound: The badge has none like that.
    """
    row = _link(session, award_id, link_id)
    row.revoked_at = row.revoked_at or now
    session.flush()
    return row


def give_again(session: Session, award_id: int, link_id: int, *, now: datetime) -> None:
    """Let a link count again that was taken back, until it expires; one that counts stays as it is.

    Raises:
        problem.NotFound: The badge has none like that.
        problem.Conflict: `MOST` count already.
    """
    row = _link(session, award_id, link_id)
    if row.revoked_at is not None:
        _require_room(session, award_id, now=now)
        row.revoked_at = None
    session.flush()


def _require_room(session: Session, award_id: int, *, now: datetime) -> None:
    table = tables.ShareLink
    session.get_one(tables.Award, award_id, with_for_update=True)  # so that two at once are counted
    counting = select(func.count(table.id)).where(table.award_id == award_id, table.revoked_at.is_(None), table.expires_at > now)
    if (session.scalar(counting) or 0) >= MOST:
        raise problem.Conflict(f"{MOST} links of this badge count already. Take one back first.")


def _link(session: Session, award_id: int, link_id: int) -> tables.ShareLink:
    table = tables.ShareLink
    row = session.scalar(select(table).where(table.id == link_id, table.award_id == award_id).with_for_update())
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def links(session: Session, award_ids: Sequence[int], *, now: datetime) -> dict[int, list[tables.ShareLink]]:
    """Return the links of badges that count, by their awards, the newest first."""
    table = tables.ShareLink
    query = select(table).where(table.award_id.in_(award_ids), table.revoked_at.is_(None), table.expires_at > now)
    found: dict[int, list[tables.ShareLink]] = {}
    for row in session.scalars(query.order_by(table.id.desc())):
        found.setdefault(row.award_id, []).append(row)
    return found


def require_link(session: Session, award_id: int, secret: str, *, now: datetime) -> None:
    """Return if a secret is that of a link that opens a private badge.

    Raises:
        Private: It is none, or none that counts any more.
    """
    table = tables.ShareLink
    query = select(table).where(table.secret_sha256 == access.digest(secret), table.award_id == award_id)
    row = session.scalar(query) if secret else None
    if row is None:
        raise Private(_UNKNOWN if secret else ASK)
    if row.revoked_at is not None:
        raise Private(_TAKEN_BACK)
    if row.expires_at <= now:
        raise Private(_EXPIRED)
