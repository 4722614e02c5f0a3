"""What becomes of an award is told: to its learner, to rules that ask for badges, and to those who subscribed.

All of it is ordered in the transaction of the fact itself:

    issued    badges were stored: call it beside `bulk.add(…, tables.Credential, …)`
    revoked   badges were revoked: `status.revoke_all` calls it
    rests     awards came to rest in a state in which somebody has to do something: `needs_identity`, `needs_approval`, `on_hold`, `failed`.
              Call it wherever an award is stored in such a state, or comes to one

Where nobody is to be told this costs one small statement, however many awards there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import delivering, echoing, notifying
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

RESTING = frozenset({"needs_identity", "needs_approval", "on_hold", "failed"})


def issued(session: Session, issuer: tables.Issuer, awards: Sequence[tuple[int, str | None]], *, site: Site, now: datetime) -> None:
    """Tell that badges of one issuer were issued.

    Args:
        session: The writing session that stores them.
        issuer: Whose they are.
        awards: The rows of their awards, with the addresses that they are issued to.
        site: Says whether learners are written to.
        now: The moment.
    """
    to_write = [award for award, email in awards if email] if site.tells_learners and issuer.notify else []
    if to_write:
        delivering.queue(session, issuer.id, to_write, now=now)
    if awards:
        echoing.issued(session, issuer.id, [award for award, _ in awards], now=now)
    for subscriber in notifying.subscribed(session, [issuer.id], notifying.ISSUED) if awards else ():
        notifying.notify(session, subscriber, notifying.ISSUED, [notifying.Fact(award, "issued") for award, _ in awards], now=now)


def revoked(session: Session, issuer_ids: Collection[int], credential_uuids: Collection[UUID], *, reason: str, now: datetime) -> None:
    """Tell that badges were revoked; messages of them that still wait are not sent, which shows when their turn comes."""
    echoing.revoked(session, credential_uuids, now=now)
    subscribers = notifying.subscribed(session, issuer_ids, notifying.REVOKED) if credential_uuids else []
    if not subscribers:
        return
    table = tables.Award
    facts: dict[int, list[notifying.Fact]] = {}
    query = select(table.issuer_id, table.id, table.state).where(table.credential_uuid.in_(credential_uuids)).order_by(table.id)
    for issuer_id, award_id, state in session.execute(query):
        facts.setdefault(issuer_id, []).append(notifying.Fact(award_id, state, reason))
    for subscriber in subscribers:
        if subscriber.issuer_id in facts:
            notifying.notify(session, subscriber, notifying.REVOKED, facts[subscriber.issuer_id], now=now)


def rests(session: Session, issuer_id: int, awards: Sequence[notifying.Fact], *, now: datetime) -> None:
    """Tell that awards of one issuer came to rest; those in other states are left out."""
    resting = [award for award in awards if award.state in RESTING]
    for subscriber in notifying.subscribed(session, [issuer_id], notifying.PENDING) if resting else ():
        notifying.notify(session, subscriber, notifying.PENDING, resting, now=now)


def fact(row: tables.Award) -> notifying.Fact:
    """Return what became of an award that is stored."""
    return notifying.Fact(row.id, row.state, row.reason)
