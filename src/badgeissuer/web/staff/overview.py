"""The first page for staff."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from badgeissuer import overseeing
from badgeissuer.web import pages
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import HOME, Known, staff_page

ROUTER = APIRouter(include_in_schema=False)


@ROUTER.get(HOME, response_class=HTMLResponse)
def show(using: Using, known: Known) -> HTMLResponse:
    """Show the sources, and what waits for somebody."""
    with using.reading() as session:
        found = overseeing.overview(session, known.actor, now=using.now())
    return staff_page(pages.overview_page(known, found))
