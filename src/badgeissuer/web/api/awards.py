"""Awards: issue a badge directly, see what became of every award, revoke a credential."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session

from badgeissuer import access, batching, connecting, granting, issuing, problem, status
from badgeissuer.awarding import roster
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import verification
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["awards and credentials"], route_class=StrictRoute, responses=PROBLEMS)
State = Literal["pending", "needs_identity", "needs_approval", "on_hold", "issued", "failed", "cancelled"]


class NewAward(roster.Row):
    """An award to be made and issued at once. `results` and `evidence` are in Open Badges form; fragments name result descriptions."""

    achievement: Slug


class Credential(Shape):
    """The credential of an award."""

    id: str
    sha256: str
    revoked: bool
    reason: str | None = None


class Award(Shape):
    """An award and what became of it; `claimed_at` is when its learner proved the address that the badge was issued to."""

    id: UUID
    state: str
    reason: str | None = None
    achievement: str
    version: int
    source: str | None = None
    scope: str
    learner: roster.Learner
    awarded_at: Moment
    credential: Credential | None = None
    claimed_at: Moment | None = None


class Revocation(Shape):
    """Why a credential is revoked."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


@ROUTER.post("/awards", status_code=201, summary="Award an achievement and issue the badge")
def create(body: NewAward, using: Using, acting: Acting, once: Repeatable) -> Award:
    """Award an achievement to a learner. A worker issues the badge, and the answer waits for it up to five seconds (then 503)."""
    access.require(acting, access.ISSUE)
    if not body.learner.is_somebody:
        raise problem.Invalid.of((problem.Finding("The learner needs an e-mail address, a DID or a source_id.", "/learner"),))
    now = using.now()
    if body.awarded_at and body.awarded_at > now + verification.SKEW:
        raise problem.Invalid.of((problem.Finding("awarded_at lies in the future.", "/awarded_at"),))
    wish = _wish(body, acting, now=now)
    shown: Award | None = None
    if once.has_key:
        with using.writing() as session:
            grant = functools.partial(granting.grant, session, wish, means=_means(using), now=now)
            uuid = UUID(once.do(session, acting, body=body, now=now, work=lambda: str(grant())))
    else:
        uuid, shown = using.together(_grant, wish)
    if shown is None:
        shown = using.wait_until(lambda: using.together(_settled, uuid))
    if shown.state == "failed":
        raise problem.Conflict(f"The badge could not be issued. {shown.reason}", award=str(uuid))
    return shown


def _wish(body: NewAward, acting: access.Actor, *, now: datetime) -> granting.Wish:
    learner = body.learner
    decision = issuing.Decision(
        awarded_at=body.awarded_at or now,
        email=learner.email,
        did=learner.did,
        valid_until=body.valid_until,
        results=body.results,
        evidence=body.evidence,
        credits_earned=body.credits_earned,
        narrative=body.narrative,
        scope=body.scope,
    )
    return granting.Wish(acting, body.achievement, learner.claim, decision)


def _means(using: Service) -> granting.Means:
    return granting.Means(using.site, issuing.SYSTEM, using.keyring)


def _grant(using: Service, wishes: Sequence[granting.Wish]) -> Sequence[tuple[UUID, Award | None] | Exception]:
    """Return the awards that wishes become; None for what waits for a worker."""
    with using.writing() as session:
        found = granting.grant_all(session, wishes, means=_means(using), now=using.now())
        shown = _shown(session, [uuid for uuid in found if isinstance(uuid, UUID)], site=using.site) if using.keyring else {}
    settled = {uuid: award for uuid, award in shown.items() if award.state != "pending"}
    return [one if isinstance(one, Exception) else (one, settled.get(one)) for one in found]


@ROUTER.get("/awards", summary="List awards")
def listed(
    using: Using,
    acting: Acting,
    paging: Paging,
    source: Annotated[str | None, Query(description="Only awards that came from this source.")] = None,
    state: Annotated[State | None, Query(description="Only awards in this state.")] = None,
    batch: Annotated[UUID | None, Query(description="Only awards that came of this batch.")] = None,
) -> Page[Award]:
    """List the awards of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Award), acting, column=tables.Award.issuer_id)
    with using.reading() as session:
        if source is not None:
            found = connecting.source(session, source)
            access.require(acting, access.READ, issuer_id=found.issuer_id)
            query = query.where(tables.Award.source_id == found.id)
        if batch is not None:
            order = batching.find(session, batch)
            access.require(acting, access.READ, issuer_id=order.issuer_id)
            query = query.where(tables.Award.batch_id == order.id)
        if state is not None:
            query = query.where(tables.Award.state == state)
        rows, after = paging.page(session, query, key=tables.Award.id)
        shown = _shown(session, [row.uuid for row in rows], site=using.site)
        return Page(items=[shown[row.uuid] for row in rows], next=after)


@ROUTER.get("/awards/{uuid}", summary="Show an award")
def show(uuid: UUID, using: Using, acting: Acting) -> Award:
    """Show one award."""
    with using.reading() as session:
        row = issuing.find(session, uuid)
        access.require(acting, access.READ, issuer_id=row.issuer_id)
        return _shown(session, [uuid], site=using.site)[uuid]


@ROUTER.post("/awards/{uuid}/retry", summary="Try again to issue an award that failed")
def retry(uuid: UUID, using: Using, acting: Acting) -> Award:
    """Put an award that failed, or whose learner now has an address, back into the queue."""
    with using.writing() as session:
        row = issuing.find(session, uuid)
        access.require(acting, access.ISSUE, issuer_id=row.issuer_id)
        issuing.retry(session, row, randomness=issuing.SYSTEM, now=using.now())
    return using.wait_until(lambda: using.together(_settled, uuid))


@ROUTER.post("/credentials/{uuid}/revoke", summary="Revoke a credential")
def revoke(uuid: UUID, body: Revocation, using: Using, acting: Acting) -> Credential:
    """Revoke a credential. The answer waits until the status list that says so is published."""
    with using.writing() as session:
        badge = issuing.issued(session, uuid)
        access.require(acting, access.REVOKE, issuer_id=badge.issuer_id)
        status.revoke(session, uuid, reason=body.reason, actor=acting.name, now=using.now())
    return using.wait_for(lambda session: _revoked(session, uuid, site=using.site))


def _settled(using: Service, uuids: Sequence[UUID]) -> Sequence[Award | None]:
    """Return awards that no longer wait for a worker, None for one that does."""
    with using.reading() as session:
        found = _shown(session, set(uuids), site=using.site)
    return [None if found[uuid].state == "pending" else found[uuid] for uuid in uuids]


def _revoked(session: Session, uuid: UUID, *, site: Site) -> Credential | None:
    return _credential(session, issuing.issued(session, uuid), site=site) if status.is_published(session, uuid) else None


def _shown(session: Session, uuids: Collection[UUID], *, site: Site) -> dict[UUID, Award]:
    """Return awards as they are shown, by their public ids, with one statement."""
    rows = session.execute(_SHOWN, {"uuids": list(uuids)})
    return {row.uuid: _award(row, site=site) for row in rows}


_NAME = tables.LearnerIdentity
_SHOWN = (
    select(
        *(tables.Award.uuid, tables.Award.state, tables.Award.reason, tables.Award.scope, tables.Award.claims, tables.Award.awarded_at),
        tables.Achievement.slug.label("achievement"),
        tables.AchievementVersion.version,
        tables.Source.slug.label("source"),
        tables.Learner.name,
        select(_NAME.value)
        .where(_NAME.learner_id == tables.Award.learner_id, _NAME.kind == "source_id")
        .order_by(_NAME.id)
        .limit(1)
        .correlate(tables.Award)
        .scalar_subquery()
        .label("source_id"),
        tables.Credential.uuid.label("credential"),
        tables.Credential.sha256,
        tables.StatusEntry.is_set,
        tables.StatusEntry.reason.label("revoked_for"),
        tables.Claim.claimed_at,
    )
    .select_from(tables.Award)
    .join(tables.Achievement, tables.Achievement.id == tables.Award.achievement_id)
    .join(tables.AchievementVersion, tables.AchievementVersion.id == tables.Award.achievement_version_id)
    .join(tables.Learner, tables.Learner.id == tables.Award.learner_id)
    .outerjoin(tables.Source, tables.Source.id == tables.Award.source_id)
    .outerjoin(tables.Credential, tables.Credential.award_id == tables.Award.id)
    .outerjoin(tables.Claim, tables.Claim.award_id == tables.Award.id)
    .outerjoin(
        tables.StatusEntry,
        and_(tables.StatusEntry.credential_uuid == tables.Award.credential_uuid, tables.StatusEntry.purpose == status.PURPOSE),
    )
    .where(tables.Award.uuid.in_(bindparam("uuids", expanding=True)))
)


def _award(row: Row[Any], *, site: Site) -> Award:
    return Award(
        id=row.uuid,
        state=row.state,
        reason=row.reason,
        achievement=row.achievement,
        version=row.version,
        source=row.source,
        scope=row.scope,
        learner=roster.Learner.model_construct(email=row.claims["email"], name=row.name, did=row.claims["did"], source_id=row.source_id),
        awarded_at=row.awarded_at,
        credential=Credential(id=site.credential(row.credential), sha256=row.sha256, revoked=row.is_set, reason=row.revoked_for)
        if row.credential
        else None,
        claimed_at=row.claimed_at,
    )


def _credential(session: Session, badge: tables.Credential, *, site: Site) -> Credential:
    _, place = status.entry(session, badge.uuid)
    return Credential(id=site.credential(badge.uuid), sha256=badge.sha256, revoked=place.is_set, reason=place.reason)
