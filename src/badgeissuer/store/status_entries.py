"""The bits of status lists, each in the row of its place. How places are given out stands in `status_places`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


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


def set_all(session: Session, credential_uuids: Sequence[UUID], *, purpose: str, reason: str, actor: str, now: datetime) -> int:
    """Set the bits of credentials that are not set, count the changes in their lists, and return how many there were."""
    table = tables.StatusEntry
    is_one = (table.credential_uuid.in_(credential_uuids), table.purpose == purpose, ~table.is_set)
    lists = session.scalars(select(table.status_list_id).where(*is_one).distinct()).all()
    found = {list_id: locked(session, list_id) for list_id in sorted(lists)}  # in one order, so that nobody waits in a circle
    values = {"is_set": True, "reason": reason, "changed_by": actor, "changed_at": now}
    change = update(table).where(*is_one, table.status_list_id.in_(found)).values(values).returning(table.status_list_id)
    changed = session.scalars(change.execution_options(synchronize_session=False)).all()
    for list_id in changed:
        found[list_id].changes += 1
    session.flush()
    return len(changed)


def positions_set(session: Session, list_id: int) -> list[int]:
    """Return the positions in the list whose bit is set, in order."""
    table = tables.StatusEntry
    return list(session.scalars(select(table.position).where(table.status_list_id == list_id, table.is_set).order_by(table.position)))


def locked(session: Session, list_id: int) -> tables.StatusList:
    """Return the list as it is now, locked until the transaction ends against changes of its bits and its publication.

    On PostgreSQL the lock is FOR NO KEY UPDATE, the strongest one that does not keep allocations waiting: an entry refers to its list.
    """
    return session.get_one(tables.StatusList, list_id, with_for_update={"key_share": True}, populate_existing=True)
