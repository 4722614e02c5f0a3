"""The flight recorder for staff: a source with what came from it, why a learner has a badge or none, and the open reviews."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from badgeissuer import access, connecting, explaining, overseeing, problem, reviewing
from badgeissuer.web import pages
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import SEE_OTHER, Acting, Fields, Known, staff_page

ROUTER = APIRouter(include_in_schema=False)
REVIEWS = "/staff/reviews"
MAX_NOTE = 1000
"""Characters of why a review was closed as it was."""


@ROUTER.get("/staff/sources/{slug}", response_class=HTMLResponse)
def source(
    slug: Annotated[str, Path(max_length=64)], using: Using, known: Known, wait: Annotated[Literal["true"] | None, Query()] = None
) -> HTMLResponse:
    """Show where a source delivers to, how it signs, and what came lately; asked to wait, the page looks again by itself."""
    with using.reading() as session:
        row = connecting.source(session, slug)
        access.require(known.actor, access.READ, issuer_id=row.issuer_id)
        found = overseeing.recorded(session, row)
        return staff_page(pages.source_page(known, found, hook_url=using.site.hook(row.hook_key), waiting=wait is not None))


@ROUTER.get("/staff/explain", response_class=HTMLResponse)
def explain(using: Using, known: Known, learner: Annotated[str, Query(max_length=2048)] = "") -> HTMLResponse:
    """Answer why a learner did, or did not, get a badge."""
    access.require(known.actor, access.READ)
    found, fault = None, ""
    if learner.strip():
        with using.reading() as session:
            try:
                found = explaining.explain(session, learner.strip(), issuer_id=known.actor.issuer_id)
            except problem.NotFound as error:
                fault = error.detail
            return staff_page(pages.explain_page(known, asked=learner, found=found, fault=fault))
    return staff_page(pages.explain_page(known))


@ROUTER.get(REVIEWS, response_class=HTMLResponse)
def reviews(using: Using, known: Known) -> HTMLResponse:
    """Show the open reviews."""
    access.require(known.actor, access.READ)
    with using.reading() as session:
        return staff_page(pages.reviews_page(known, overseeing.doubted(session, known.actor)))


@ROUTER.post("/staff/reviews/{review_id}/{resolution}")
def resolve(
    review_id: Annotated[int, Path(ge=1, lt=2**31)], resolution: Literal["kept", "revoked"], using: Using, acting: Acting, sent: Fields
) -> Response:
    """Close a review, and go on to those that are left."""
    access.require(acting.actor, access.REVOKE)
    note = sent.get("note", "").strip()
    if not 1 <= len(note) <= MAX_NOTE:
        raise problem.Invalid(f"Say why, in at most {MAX_NOTE:,} characters. Of a badge that is revoked it is published.")
    with using.writing() as session:
        row = reviewing.find(session, review_id)
        access.require(acting.actor, access.REVOKE, issuer_id=row.issuer_id)
        reviewing.resolve(session, row, resolution=resolution, note=note, actor=acting.actor.name, now=using.now())
    using.wake()
    return RedirectResponse(REVIEWS, SEE_OTHER, headers={"Cache-Control": "no-store"})
