"""Reviews: awards whose grounds do not hold any more."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, issuing, reviewing
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, RowId, Shape, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/reviews", tags=["awards and credentials"], route_class=StrictRoute, responses=PROBLEMS)
State = Literal["open", "kept", "revoked", "reissued"]


class Review(Shape):
    """An award that does not say any more what its grounds say, the event that says so, and what became of it.

    `changed`, `voided`, `withdrawn`: what earned it does not hold any more. `result`: the result is another one now than the badge says.
    `earned`: it was revoked, and is earned again. `offers` says whether another badge can take its place.
    """

    id: int
    award: UUID
    event: int
    kind: Literal["changed", "voided", "withdrawn", "result", "earned"]
    reason: str
    offers: bool
    created_at: Moment
    state: State
    note: str | None
    closed_by: str | None
    closed_at: Moment | None


class Resolution(Shape):
    """Whether the badge is kept, revoked or replaced, and why; of a badge that is revoked the note becomes the reason that is published."""

    resolution: Literal["kept", "revoked", "reissued"]
    note: Annotated[Text, Field(min_length=1, max_length=1000)]


@ROUTER.get("", summary="List reviews")
def listed(
    using: Using, acting: Acting, paging: Paging, state: Annotated[State | None, Query(description="Only reviews in this state.")] = None
) -> Page[Review]:
    """List the reviews of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Review), acting, column=tables.Review.issuer_id)
    if state is not None:
        query = query.where(tables.Review.state == state)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Review.id)
        return Page(items=[shown(session, row) for row in rows], next=after)


@ROUTER.post("/{review_id}/resolve", summary="Close a review")
def resolve(review_id: RowId, body: Resolution, using: Using, acting: Acting) -> Review:
    """Keep the badge, revoke it, or issue the one that is offered in its place."""
    access.require(acting, access.REVOKE)
    with using.writing() as session:
        row = reviewing.find(session, review_id)
        access.require(acting, access.REVOKE, issuer_id=row.issuer_id)
        said = {"resolution": body.resolution, "note": body.note, "actor": acting.name}
        reviewing.resolve(session, row, **said, randomness=issuing.SYSTEM, now=using.now())
        closed = shown(session, row)
    using.wake()
    return closed


def shown(session: Session, row: tables.Review) -> Review:
    """Return a review as it is shown."""
    return Review(
        id=row.id,
        award=session.get_one(tables.Award, row.award_id).uuid,
        event=row.learning_event_id,
        kind=row.kind,  # type: ignore[arg-type]  # the database holds no other
        reason=row.reason,
        offers=row.offer is not None,
        created_at=row.created_at,
        state=row.state,  # type: ignore[arg-type]  # as above
        note=row.note,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )
