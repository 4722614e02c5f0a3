"""The events of our own badges: told to the rules that ask for badges, through the same intake as what an LMS tells."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from badgeissuer import echoing, intake, issuing
from badgeissuer.awarding import badges, signature
from badgeissuer.store import engine, jobs, tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject


def tell(session: Session, payload: Mapping[str, Any], *, site: Site, now: datetime) -> None:
    """Store the events of badges that were issued or revoked, as deliveries that a worker will process; what was told before stays.

    Args:
        session: A writing session.
        payload: `awards`, the rows of awards whose badges were issued; or `revoked`, the ids of credentials.
        site: Where the badges stand.
        now: The moment.
    """
    award, credential = tables.Award, tables.Credential
    query = select(award).join(credential, credential.award_id == award.id).order_by(award.id)
    if "revoked" in payload:
        query = query.where(credential.uuid.in_([UUID(name) for name in payload["revoked"]]))
    else:
        query = query.where(award.id.in_(payload["awards"]))
    for row in session.scalars(query).all():
        source, is_revoked = echoing.source(session, row.issuer_id), "revoked" in payload
        if source is None:
            continue
        successor = _successor(session, row) if is_revoked else None
        if successor is not None and successor.state in _COMING:
            again = {"revoked": [str(row.credential_uuid)]}
            jobs.enqueue(session, echoing.TELL, again, now=now, run_at=now + _AGAIN)  # the new one first: nobody is without it meanwhile
            continue
        if successor is not None:
            _tell(session, source, _event(session, successor, site, is_revoked=False, now=now), successor, now=now)
        _tell(session, source, _event(session, row, site, is_revoked=is_revoked, now=now), row, now=now)


_COMING = ("pending", *issuing.WAITING)
_AGAIN = timedelta(seconds=5)


def _successor(session: Session, row: tables.Award) -> tables.Award | None:
    """Return the award whose badge takes the place of one that was revoked; None where none does."""
    scope, mark, _ = row.scope.partition("~")
    if not mark:
        return None
    table = tables.Award
    same = (table.achievement_id == row.achievement_id, table.learner_id == row.learner_id, table.scope == scope)
    return session.scalar(select(table).where(*same, table.state.in_(("issued", *_COMING))))


def _event(session: Session, row: tables.Award, site: Site, *, is_revoked: bool, now: datetime) -> JsonObject:
    uuid, learner = str(row.credential_uuid), f"learner:{row.learner_id}"
    slug = session.get_one(tables.Achievement, row.achievement_id).slug
    if is_revoked:
        return badges.revoked(uuid, learner=learner, slug=slug, at=now)
    version = session.get_one(tables.AchievementVersion, row.achievement_version_id).document
    url = site.credential(row.credential_uuid)
    return badges.issued(uuid, learner=learner, achievement=version, slug=slug, url=url, earned=row.claims["credits"], at=row.awarded_at)


def _tell(session: Session, source: tables.Source, said: JsonObject, row: tables.Award, *, now: datetime) -> None:
    name = {"kind": "source_id", "authority": source.slug, "value": said["learner"]}
    known = tables.LearnerIdentity(learner_id=row.learner_id, issuer_id=row.issuer_id, created_at=now, **name)
    engine.add_if_new(session, known)
    verified = signature.Verified(document.write(said), f"{said['type']}:{said['id']}")
    intake.keep(session, intake.Examined(source.id, 200, verified, {}, ()), now=now)
