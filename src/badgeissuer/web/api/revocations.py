"""Revoke many credentials at once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, problem, revoking
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, Shape, Slug, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/revocations", tags=["awards and credentials"], route_class=StrictRoute, responses=PROBLEMS)
SAMPLE = 10


class Query(Shape):
    """Further conditions; all that are given must hold. The end of a span of time does not belong to it."""

    issuer: Slug | None = None
    scope: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    awarded_from: Moment | None = None
    awarded_until: Moment | None = None


class NewRevocation(Shape):
    """Which credentials, and why. All that is given must apply; `learner` is an e-mail address, a DID or an id."""

    batch: UUID | None = None
    achievement: Slug | None = None
    learner: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    query: Query | None = None
    reason: Annotated[Text, Field(min_length=1, max_length=1000)] | None = None
    preview: bool = False

    def selection(self) -> revoking.Selection:
        """Return which credentials."""
        return revoking.Selection(self.batch, self.achievement, self.learner, **dict(self.query or Query()))


class Example(Shape):
    """One of the credentials that would be revoked."""

    award: UUID
    credential: str
    email: str | None
    did: str | None
    awarded_at: Moment


class BulkRevocation(Shape):
    """A revocation and how far it has come; of a preview only how many there are, and some of them."""

    id: UUID | None = None
    state: Annotated[str, Field(description="preview, running, done or failed")]
    total: int
    done: int = 0
    reason: str | None = None
    detail: str | None = None
    sample: Annotated[list[Example], Field(default_factory=list)]


@ROUTER.post(
    "", status_code=202, summary="Revoke many credentials", responses={200: {"model": BulkRevocation, "description": "A preview."}}
)
def create(body: NewRevocation, using: Using, acting: Acting, response: Response) -> BulkRevocation:
    """Revoke the credentials of a batch, an achievement, a learner or a query; with `preview` only say how many, and show some.

    What is issued later is not touched. Each status list is signed again once, when all is done.
    """
    access.require(acting, access.REVOKE)
    if body.preview:
        response.status_code = 200
        with using.reading() as session:
            chosen = revoking.choose(session, body.selection(), issuer_id=acting.issuer_id)
            total, some = revoking.preview(session, chosen, sample=SAMPLE)
            return BulkRevocation(state="preview", total=total, sample=[_example(row, using.site) for row in some])
    if body.reason is None:
        raise problem.Invalid.of((problem.Finding("reason is missing: it is kept, and learners ask for it.", "/reason"),))
    with using.writing() as session:
        row = revoking.begin(session, body.selection(), issuer_id=acting.issuer_id, reason=body.reason, actor=acting.name, now=using.now())
        shown = _shown(row)
    using.wake()
    return shown


@ROUTER.get("", summary="List revocations")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[BulkRevocation]:
    """List the revocations that were ordered for the issuers that the token may see, oldest first."""
    access.require(acting, access.READ)
    query = select(tables.Revocation)
    if acting.issuer_id is not None:
        query = query.where(tables.Revocation.issuer_id == acting.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Revocation.id)
        return Page(items=[_shown(row) for row in rows], next=after)


@ROUTER.get("/{uuid}", summary="Show a revocation")
def show(uuid: UUID, using: Using, acting: Acting) -> BulkRevocation:
    """Show how far a revocation has come."""
    with using.reading() as session:
        return _shown(_found(session, acting, uuid))


def _found(session: Session, acting: access.Actor, uuid: UUID) -> tables.Revocation:
    row = revoking.find(session, uuid)
    access.require(acting, access.READ)
    if acting.issuer_id is not None and row.issuer_id != acting.issuer_id:
        raise problem.NotFound(problem.NOTHING)
    return row


def _shown(row: tables.Revocation) -> BulkRevocation:
    return BulkRevocation(id=row.uuid, state=row.state, total=row.total, done=row.done, reason=row.reason, detail=row.fault, sample=[])


def _example(row: tables.Award, site: Site) -> Example:
    return Example(
        award=row.uuid,
        credential=site.credential(row.credential_uuid),
        email=row.claims["email"],
        did=row.claims["did"],
        awarded_at=row.awarded_at,
    )
