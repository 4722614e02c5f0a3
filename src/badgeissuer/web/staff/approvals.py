"""The awards that wait for people to agree."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from badgeissuer import access, approving, issuing, overseeing
from badgeissuer.web import pages
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import Acting, Fields, Known, lead_to, staff_page, why

ROUTER = APIRouter(include_in_schema=False)
APPROVALS = "/staff/approvals"


@ROUTER.get(APPROVALS, response_class=HTMLResponse)
def show(using: Using, known: Known) -> HTMLResponse:
    """Show what waits."""
    access.require(known.actor, access.READ)
    with using.reading() as session:
        return staff_page(pages.approvals_page(known, overseeing.to_approve(session, known.actor)))


@ROUTER.post("/staff/approvals/{uuid}/{answer}")
def answer(uuid: UUID, answer: Literal["approve", "refuse"], using: Using, acting: Acting, sent: Fields) -> Response:
    """Agree or refuse, and go on to those that are left."""
    access.require(acting.actor, access.APPROVE)
    note = why(sent, "note")
    with using.writing() as session:
        row = issuing.find(session, uuid)
        access.require(acting.actor, access.APPROVE, issuer_id=row.issuer_id)
        if answer == "approve":
            approving.approve(session, row, actor=acting.actor, note=note, randomness=issuing.SYSTEM, now=using.now())
        else:
            approving.refuse(session, row, actor=acting.actor, note=note)
    using.wake()
    return lead_to(APPROVALS)
