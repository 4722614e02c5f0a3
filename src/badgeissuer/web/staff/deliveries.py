"""Deliveries for staff: those that failed, and each with all that became of it; processing one again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse

from badgeissuer import access, intake, overseeing
from badgeissuer.store import tables
from badgeissuer.web import pages
from badgeissuer.web.api.shapes import MAX_CURSOR
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import Acting, Known, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
DELIVERIES = "/staff/deliveries"
MAX_SHOWN = 16_384
"""Bytes of a delivery that are shown."""
Number = Annotated[int, Path(ge=1, lt=MAX_CURSOR)]
_AGAIN = {"retry": intake.retry, "replay": intake.replay}


@ROUTER.get(DELIVERIES, response_class=HTMLResponse)
def listed(
    using: Using,
    known: Known,
    state: Annotated[Literal["received", "processed", "failed"], Query()] = "failed",
    before: Annotated[int | None, Query(ge=1, lt=MAX_CURSOR)] = None,
) -> HTMLResponse:
    """Show deliveries in a state, the newest first: above all those that failed."""
    access.require(known.actor, access.READ)
    table = tables.Delivery
    with using.reading() as session:
        query = overseeing.of_source(session, known.actor, table).where(table.state == state)
        rows, older = overseeing.newest(session, query, key=table.id, before=before)
        found = [(row, session.get_one(tables.Source, row.source_id)) for row in rows]
        return staff_page(pages.staff_page("deliveries", known, found=found, older=older, state=state))


@ROUTER.get(f"{DELIVERIES}/{{delivery_id}}", response_class=HTMLResponse)
def show(delivery_id: Number, using: Using, known: Known) -> HTMLResponse:
    """Show a delivery: how it came, what it said, what was decided, and what was issued."""
    with using.reading() as session:
        row = overseeing.delivery(session, delivery_id, known.actor)
        found = overseeing.processed(session, row)
        may_connect = access.may(known.actor, access.CONNECT, issuer_id=found.source.issuer_id)
        body = row.payload[:MAX_SHOWN].decode("utf-8", "replace") if may_connect else None
        values = {"seen": found, "may_connect": may_connect, "body": body, "badge": using.site.credential}
        return staff_page(pages.staff_page("delivery", known, **values))


@ROUTER.post(f"{DELIVERIES}/{{delivery_id}}/{{way}}")
def again(delivery_id: Number, way: Literal["retry", "replay"], using: Using, acting: Acting) -> Response:
    """Have a delivery processed again, and show it."""
    with using.writing() as session:
        overseeing.delivery(session, delivery_id, acting.actor, action=access.CONNECT)
        _AGAIN[way](session, delivery_id, now=using.now())
    using.wake()
    return lead_to(f"{DELIVERIES}/{delivery_id}")
