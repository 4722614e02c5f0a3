"""Awards that people have to agree to before they are issued."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from badgeissuer import access, approving, issuing
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Shape, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/awards/{uuid}", tags=["awards and credentials"], route_class=StrictRoute, responses=PROBLEMS)


class Answer(Shape):
    """Why somebody agrees or refuses."""

    note: Annotated[Text, Field(min_length=1, max_length=1000)]


class Approval(Shape):
    """That somebody agreed."""

    actor: str
    note: str
    created_at: Moment


class Approvals(Shape):
    """How many people have to agree to an award, and who has; what state it is in now, and why it waits."""

    award: UUID
    state: str
    reason: str | None
    needed: int
    approvals: list[Approval]


@ROUTER.get("/approvals", summary="Show who has agreed to an award")
def show(uuid: UUID, using: Using, acting: Acting) -> Approvals:
    """Show who has agreed to an award, and how many people have to."""
    access.require(acting, access.READ)
    with using.reading() as session:
        row = _found(session, acting, uuid, access.READ)
        agreed = [Approval(actor=item.actor, note=item.note, created_at=item.created_at) for item in approving.approvals(session, row)]
        return Approvals(award=row.uuid, state=row.state, reason=row.reason, needed=row.approvals or 0, approvals=agreed)


@ROUTER.post("/approve", summary="Agree to an award")
def approve(uuid: UUID, body: Answer, using: Using, acting: Acting) -> Approvals:
    """Agree to an award; each token does once. When enough people have agreed, it goes on."""
    access.require(acting, access.APPROVE)
    with using.writing() as session:
        row = _found(session, acting, uuid, access.APPROVE)
        approving.approve(session, row, actor=acting, note=body.note, randomness=issuing.SYSTEM, now=using.now())
    using.wake()
    return show(uuid, using, acting)


@ROUTER.post("/refuse", summary="Refuse an award")
def refuse(uuid: UUID, body: Answer, using: Using, acting: Acting) -> Approvals:
    """Refuse an award that waits for people to agree: it is cancelled, with the reason."""
    access.require(acting, access.APPROVE)
    with using.writing() as session:
        row = _found(session, acting, uuid, access.APPROVE)
        approving.refuse(session, row, actor=acting, note=body.note)
    return show(uuid, using, acting)


def _found(session: Session, acting: access.Actor, uuid: UUID, action: str) -> tables.Award:
    row = issuing.find(session, uuid)
    access.require(acting, action, issuer_id=row.issuer_id)
    return row
