"""Retention: after a time that the operator sets, what came in a delivery is deleted; what was made of it stays.

Of a delivery the payload and the headers go, of one that was not taken the headers and how it began. The events, the decisions and all that
awards rest on stay, and so do the digests, so that a delivery that comes again is still known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, literal, select, update

from badgeissuer.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

CHUNK = 500
"""Deliveries whose content is deleted in one transaction, which nobody is to wait for."""


def redact(session: Session, *, before: datetime, now: datetime) -> int:
    """Delete the content of deliveries that came before a moment, the oldest first; return how many, `CHUNK` where more are left.

    One that still waits to be processed is left alone.

    Args:
        session: A writing session.
        before: What came before this moment goes.
        now: The moment.
    """
    table, refused = tables.Delivery, tables.Rejection
    old = select(table.id).where(table.redacted_at.is_(None), table.received_at < before, table.state != "received")
    ids = session.scalars(old.order_by(table.received_at).limit(CHUNK).with_for_update(skip_locked=True)).all()
    if ids:
        session.execute(update(table).where(table.id.in_(ids)).values(payload=b"", headers={}, redacted_at=now))
    began = refused.beginning != literal(b"", LargeBinary)
    session.execute(update(refused).where(refused.received_at < before, began).values(beginning=b"", headers={}))
    return len(ids)
