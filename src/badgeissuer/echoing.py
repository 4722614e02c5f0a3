"""A badge that is issued here is itself an event, for rules that ask for badges; so is its revocation.

Nothing is written where no rule of the issuer listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

TELL = "tell_badges"
ADAPTER = "badges"
"""The adapter of the source that stands for the badges of an issuer; nothing is delivered to it from outside."""
_TOGETHER = 200


def listens(session: Session, issuer_id: int | None = None) -> bool:
    """Return whether an active rule asks for badges: of an issuer, or of any."""
    source, link, rule = tables.Source, tables.RuleSource, tables.Rule
    query = select(rule.id).join(link, link.rule_id == rule.id).join(source, source.id == link.source_id)
    query = query.where(source.adapter == ADAPTER, source.state == "active", rule.state == "active")
    return session.scalar((query if issuer_id is None else query.where(source.issuer_id == issuer_id)).limit(1)) is not None


def source(session: Session, issuer_id: int) -> tables.Source | None:
    """Return the source that stands for the badges of an issuer; None where no rule has asked for badges yet."""
    table = tables.Source
    return session.scalar(select(table).where(table.issuer_id == issuer_id, table.adapter == ADAPTER))


def issued(session: Session, issuer_id: int, award_ids: Collection[int], *, now: datetime) -> None:
    """Tell the rules of an issuer, soon, that badges were issued."""
    if award_ids and listens(session, issuer_id):
        tell(session, list(award_ids), now=now)


def tell(session: Session, award_ids: list[int], *, now: datetime) -> None:
    """Queue the events of badges."""
    jobs.enqueue_all(session, TELL, [{"awards": award_ids[at : at + _TOGETHER]} for at in range(0, len(award_ids), _TOGETHER)], now=now)


def revoked(session: Session, credential_uuids: Collection[UUID], *, now: datetime) -> None:
    """Tell that badges were revoked, soon, wherever rules have asked for badges, also if they rest now."""
    table = tables.Source
    if credential_uuids and session.scalar(select(table.id).where(table.adapter == ADAPTER).limit(1)) is not None:
        names = [str(uuid) for uuid in credential_uuids]
        payloads = [{"revoked": names[at : at + _TOGETHER]} for at in range(0, len(names), _TOGETHER)]
        jobs.enqueue_all(session, TELL, payloads, now=now)
