"""Places in status lists: a random free one for each credential, and the bit that stands there.

No row is written by every allocation: a place is taken by inserting its row, and the unique constraint on (list, position) decides.
How full a list is is counted only after a collision, which are rare until it matters. A list is closed at 80 %, so that the last free
places do not show in which order badges were issued. Source: VC-BITSTRING-STATUS-LIST#privacy-considerations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import problem
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

LENGTH = 131_072
"""The places of a new list: the least that VC-BITSTRING-STATUS-LIST#bitstringstatuslist allows (16 KiB)."""
FULL_AT = 0.8
MAX_DRAWS = 200
"""At 80 % so many collisions in a row have a chance of 1 in 10^19: then something else is wrong."""


def allocate(
    session: Session, issuer_id: int, *, credential_uuid: UUID, purpose: str, randrange: Callable[[int], int], now: datetime
) -> tuple[tables.StatusList, tables.StatusEntry]:
    """Give a credential its place: a random free one in an open list, or the one that it has already.

    Two transactions that both find no open list both make one, which does no harm.

    Args:
        session: A writing session.
        issuer_id: The issuer, whose lists hold no other issuer's credentials.
        credential_uuid: The credential; it need not exist yet.
        purpose: The status purpose, such as `revocation`; a credential has one place for each.
        randrange: `randrange(n)` gives an unpredictable number from 0 to n - 1.
        now: The moment, aware.

    Returns:
        The list and the place in it.

    Raises:
        problem.Fault: When no free place was drawn, which does not happen with real randomness.
    """
    if existing := _existing(session, credential_uuid, purpose=purpose):
        return existing
    status_list = _open_list(session, issuer_id, purpose=purpose, now=now)
    counted_id = None
    for _ in range(MAX_DRAWS):
        if entry := _take(session, status_list, position=randrange(status_list.length), credential_uuid=credential_uuid):
            return status_list, entry
        if existing := _existing(session, credential_uuid, purpose=purpose):
            return existing
        if counted_id != status_list.id:
            counted_id = status_list.id
            if _is_full(session, status_list):
                _close(session, status_list)
                status_list = _open_list(session, issuer_id, purpose=purpose, now=now)
    raise problem.Fault(f"{MAX_DRAWS} random places in a row were taken in status list {status_list.uuid}; check the source of randomness.")


def set_value(
    session: Session,
    entry: tables.StatusEntry,
    value: bool,  # noqa: FBT001 - the bit is what this is about
    *,
    reason: str | None,
    actor: str,
    now: datetime,
) -> bool:
    """Set or clear the bit of `entry`, and count the change in its list, which says that the list must be signed again.

    Args:
        session: A writing session.
        entry: The place; it is read again under the lock of its list.
        value: The bit.
        reason: Why, for the record.
        actor: Who, for the record.
        now: The moment, aware.

    Returns:
        Whether anything changed.
    """
    status_list = locked(session, entry.status_list_id)
    current = session.get_one(tables.StatusEntry, entry.id, populate_existing=True)
    if current.is_set == value:
        return False
    current.is_set, current.reason, current.changed_by, current.changed_at = value, reason, actor, now
    status_list.changes += 1
    session.flush()
    return True


def positions_set(session: Session, list_id: int) -> list[int]:
    """Return the positions in the list whose bit is set, in order."""
    table = tables.StatusEntry
    return list(session.scalars(select(table.position).where(table.status_list_id == list_id, table.is_set).order_by(table.position)))


def locked(session: Session, list_id: int) -> tables.StatusList:
    """Return the list as it is now, locked until the transaction ends against changes of its bits and its publication.

    On PostgreSQL the lock is FOR NO KEY UPDATE, the strongest one that does not keep allocations waiting: an entry refers to its list.
    """
    return session.get_one(tables.StatusList, list_id, with_for_update={"key_share": True}, populate_existing=True)


def _existing(session: Session, credential_uuid: UUID, *, purpose: str) -> tuple[tables.StatusList, tables.StatusEntry] | None:
    """Return the place that the credential has already."""
    entry, status_list = tables.StatusEntry, tables.StatusList
    rows = select(status_list, entry).join(entry, entry.status_list_id == status_list.id)
    row = session.execute(rows.where(entry.credential_uuid == credential_uuid, entry.purpose == purpose)).one_or_none()
    return None if row is None else (row[0], row[1])


def _open_list(session: Session, issuer_id: int, *, purpose: str, now: datetime) -> tables.StatusList:
    """Return the oldest open list of the issuer for this purpose, or open one."""
    table = tables.StatusList
    is_fit = (table.issuer_id == issuer_id, table.purpose == purpose, table.state == "open")
    status_list = session.scalars(select(table).where(*is_fit).order_by(table.id).limit(1)).one_or_none()
    if status_list is None:
        status_list = table(issuer_id=issuer_id, purpose=purpose, length=LENGTH, created_at=now)
        session.add(status_list)
        session.flush()
    return status_list


def _take(session: Session, status_list: tables.StatusList, *, position: int, credential_uuid: UUID) -> tables.StatusEntry | None:
    """Take a place unless it is taken, or the credential has one."""
    entry = tables.StatusEntry(
        status_list_id=status_list.id, position=position, credential_uuid=credential_uuid, purpose=status_list.purpose
    )
    return engine.add_if_new(session, entry)


def _is_full(session: Session, status_list: tables.StatusList) -> bool:
    """Count the places taken and compare with the share at which a list is closed."""
    taken = select(func.count()).where(tables.StatusEntry.status_list_id == status_list.id)
    return session.scalars(taken).one() >= FULL_AT * status_list.length


def _close(session: Session, status_list: tables.StatusList) -> None:
    """Give out no more places of the list; what has one keeps it."""
    status_list.state = "full"
    session.flush()
