"""Awards: issue a badge directly, see what became of every award, revoke a credential."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, batching, connecting, issuing, problem, recognising, status
from badgeissuer.awarding import event, roster
from badgeissuer.openbadges import credential
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import statuslist, verification
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Using
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
    """An award and what became of it."""

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

    def work() -> str:
        achievement = authoring.achievement(session, body.achievement)
        access.require(acting, access.ISSUE, issuer_id=achievement.issuer_id)
        claim = event.LearnerClaim(body.learner.source_id, None, body.learner.email, body.learner.name, body.learner.did)
        learner = recognising.recognise(session, claim, issuer_id=achievement.issuer_id, authority="", now=now)
        decision = issuing.Decision(
            awarded_at=body.awarded_at or now,
            email=body.learner.email,
            did=body.learner.did,
            valid_until=body.valid_until,
            results=body.results,
            evidence=body.evidence,
            credits_earned=body.credits_earned,
            narrative=body.narrative,
            scope=body.scope,
        )
        row, is_new = issuing.award(session, achievement, learner=learner, decision=decision, randomness=issuing.SYSTEM, now=now)
        if not is_new:
            detail = f"This learner already has this achievement (award {row.uuid}). Give another scope to award it again."
            raise problem.Conflict(detail, kind=problem.OURS + "already-awarded", award=str(row.uuid))
        if body.results or body.evidence:
            _require_signable(session, row, site=using.site)
        return str(row.uuid)

    with using.writing() as session:
        uuid = UUID(once.do(session, acting, body=body, now=now, work=work))
    shown = using.wait_for(lambda session: _settled(session, uuid, site=using.site))
    if shown.state == "failed":
        raise problem.Conflict(f"The badge could not be issued. {shown.reason}", award=str(uuid))
    return shown


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
        return Page(items=[_shown(session, row, site=using.site) for row in rows], next=after)


@ROUTER.get("/awards/{uuid}", summary="Show an award")
def show(uuid: UUID, using: Using, acting: Acting) -> Award:
    """Show one award."""
    with using.reading() as session:
        row = issuing.find(session, uuid)
        access.require(acting, access.READ, issuer_id=row.issuer_id)
        return _shown(session, row, site=using.site)


@ROUTER.post("/awards/{uuid}/retry", summary="Try again to issue an award that failed")
def retry(uuid: UUID, using: Using, acting: Acting) -> Award:
    """Put an award that failed, or whose learner now has an address, back into the queue."""
    with using.writing() as session:
        row = issuing.find(session, uuid)
        access.require(acting, access.ISSUE, issuer_id=row.issuer_id)
        issuing.retry(session, row, randomness=issuing.SYSTEM, now=using.now())
    return using.wait_for(lambda session: _settled(session, uuid, site=using.site))


@ROUTER.post("/credentials/{uuid}/revoke", summary="Revoke a credential")
def revoke(uuid: UUID, body: Revocation, using: Using, acting: Acting) -> Credential:
    """Revoke a credential. The answer waits until the status list that says so is published."""
    with using.writing() as session:
        badge = issuing.issued(session, uuid)
        access.require(acting, access.REVOKE, issuer_id=badge.issuer_id)
        status.revoke(session, uuid, reason=body.reason, actor=acting.name, now=using.now())
    return using.wait_for(lambda session: _revoked(session, uuid, site=using.site))


def _require_signable(session: Session, row: tables.Award, *, site: Site) -> None:
    """Raise `problem.Invalid` for results and evidence that could not be signed, while there is still somebody to mend them."""
    draft = credential.compose(
        site.credential(row.credential_uuid),
        session.get_one(tables.AchievementVersion, row.achievement_version_id).document,
        issuer=authoring.profile(session.get_one(tables.Issuer, row.issuer_id)),
        recipient=credential.Recipient(email="learner@example.org", salt=row.claims["salt"]),
        claims=credential.Claims(row.claims["results"], row.claims["evidence"]),
        dates=credential.Dates(row.awarded_at, row.valid_from),
        status=statuslist.Entry("https://example.org/status", 1, "revocation"),
    )
    credential.lint(draft)


def _settled(session: Session, uuid: UUID, *, site: Site) -> Award | None:
    row = issuing.find(session, uuid)
    return None if row.state == "pending" else _shown(session, row, site=site)


def _revoked(session: Session, uuid: UUID, *, site: Site) -> Credential | None:
    return _credential(session, issuing.issued(session, uuid), site=site) if status.is_published(session, uuid) else None


def _shown(session: Session, row: tables.Award, *, site: Site) -> Award:
    badge = session.scalar(select(tables.Credential).where(tables.Credential.award_id == row.id))
    learner = session.get_one(tables.Learner, row.learner_id)
    version = session.get_one(tables.AchievementVersion, row.achievement_version_id)
    return Award(
        id=row.uuid,
        state=row.state,
        reason=row.reason,
        achievement=session.get_one(tables.Achievement, row.achievement_id).slug,
        version=version.version,
        source=session.get_one(tables.Source, row.source_id).slug if row.source_id else None,
        scope=row.scope,
        learner=roster.Learner.model_construct(
            email=row.claims["email"], name=learner.name, did=row.claims["did"], source_id=recognising.source_id(session, learner)
        ),
        awarded_at=row.awarded_at,
        credential=_credential(session, badge, site=site) if badge else None,
    )


def _credential(session: Session, badge: tables.Credential, *, site: Site) -> Credential:
    _, place = status.entry(session, badge.uuid)
    return Credential(id=site.credential(badge.uuid), sha256=badge.sha256, revoked=place.is_set, reason=place.reason)
