"""The flight recorder for staff: a source with what came from it, why a learner has a badge or none, and the open reviews."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import HTMLResponse

from badgeissuer import access, connecting, explaining, issuing, overseeing, problem, reviewing
from badgeissuer.awarding import platform
from badgeissuer.store import recorder, tables
from badgeissuer.web import guides, pages
from badgeissuer.web.api.shapes import MAX_CURSOR
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import Acting, Fields, Known, lead_to, staff_page, why

ROUTER = APIRouter(include_in_schema=False)
REVIEWS = "/staff/reviews"
Resolution = Literal["kept", "revoked", "reissued"]


@ROUTER.get("/staff/sources/{slug}", response_class=HTMLResponse)
def source(
    slug: Annotated[str, Path(max_length=64)], using: Using, known: Known, wait: Annotated[Literal["true"] | None, Query()] = None
) -> HTMLResponse:
    """Show where a source delivers to, how it signs, and what came lately; asked to wait, the page looks again by itself."""
    with using.reading() as session:
        row = connecting.source(session, slug)
        access.require(known.actor, access.READ, issuer_id=row.issuer_id)
        found = overseeing.recorded(session, row)
        may_know = access.may(known.actor, access.CONNECT, issuer_id=row.issuer_id)
        address = using.site.hook(row.hook_key) if may_know else None
        key = platform.of(row.adapter, str(row.signature["scheme"]))
        steps = guides.steps(key).replace("HOOK_URL", address) if address and key else ""
        return staff_page(pages.source_page(known, found, hook_url=address, waiting=wait is not None, steps=steps))


async def _asked(
    source: Annotated[str, Query(max_length=64)] = "",
    learner: Annotated[str, Query(max_length=2048)] = "",
    course: Annotated[str, Query(max_length=2048)] = "",
    type: Annotated[str, Query(max_length=2048)] = "",  # noqa: A002 - as the member is called
    since: Annotated[str, Query(alias="from", max_length=40)] = "",
    until: Annotated[str, Query(alias="to", max_length=40)] = "",
) -> dict[str, str]:
    given = {"source": source, "learner": learner, "course": course, "type": type, "from": since, "to": until}
    return {name: value.strip() for name, value in given.items()}


def _wanted(asked: dict[str, str]) -> recorder.Wanted:
    """Return what the form of the events asks for; its days are those of UTC, and the last one belongs to it.

    Raises:
        problem.Invalid: A day is none.
    """
    since, until = (_day(asked[name]) for name in ("from", "to"))
    until = until + timedelta(days=1) if until else None
    return recorder.Wanted(asked["learner"] or None, asked["course"] or None, asked["type"] or None, since, until)


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        raise problem.Invalid(f"{text!r} is no day, such as 2026-05-20.") from None


@ROUTER.get("/staff/events", response_class=HTMLResponse)
def events(
    using: Using,
    known: Known,
    asked: Annotated[dict[str, str], Depends(_asked)],
    before: Annotated[int | None, Query(ge=1, lt=MAX_CURSOR)] = None,
) -> HTMLResponse:
    """Show what sources said, the newest first, as far as it is asked for."""
    access.require(known.actor, access.READ)
    values: dict[str, object] = {"asked": asked, "sent": urlencode({name: value for name, value in asked.items() if value})}
    table = tables.LearningEvent
    with using.reading() as session:
        values["sources"] = overseeing.sources(session, known.actor)
        try:
            query = recorder.narrowed(overseeing.of_source(session, known.actor, table, asked["source"] or None), _wanted(asked))
        except (problem.Invalid, problem.NotFound) as error:
            return staff_page(pages.staff_page("event_search", known, found=(), older=None, fault=error.detail, **values))
        rows, older = overseeing.newest(session, query, key=table.id, before=before)
        found = [(row, recorder.decisions(session, row)) for row in rows]
        values["origins"] = overseeing.origins(session, rows)
        return staff_page(pages.staff_page("event_search", known, found=found, older=older, fault="", **values))


@ROUTER.get("/staff/explain", response_class=HTMLResponse)
def explain(
    using: Using,
    known: Known,
    learner: Annotated[str, Query(max_length=2048)] = "",
    person: Annotated[int | None, Query(ge=1, lt=MAX_CURSOR)] = None,
) -> HTMLResponse:
    """Answer why a learner did, or did not, get a badge; where several are called so, ask whom is meant."""
    access.require(known.actor, access.READ)
    name, issuer_id = learner.strip(), known.actor.issuer_id
    if name:
        with using.reading() as session:
            people = explaining.people(session, name, issuer_id=issuer_id, person=person)
            if len(people) > 1:
                return staff_page(pages.explain_page(known, asked=learner, people=people))
            try:
                found = explaining.explain(session, name, issuer_id=issuer_id, person=person)
            except problem.NotFound as error:
                return staff_page(pages.explain_page(known, asked=learner, fault=error.detail))
            origins, names = overseeing.origins(session, [happened for happened, _ in found.events]), explaining.names(session, found)
            return staff_page(pages.explain_page(known, asked=learner, found=found, origins=origins, names=names))
    return staff_page(pages.explain_page(known))


@ROUTER.get(REVIEWS, response_class=HTMLResponse)
def reviews(using: Using, known: Known) -> HTMLResponse:
    """Show the open reviews."""
    access.require(known.actor, access.READ)
    with using.reading() as session:
        return staff_page(pages.reviews_page(known, overseeing.doubted(session, known.actor)))


@ROUTER.post("/staff/reviews/{review_id}/{resolution}")
def resolve(
    review_id: Annotated[int, Path(ge=1, lt=2**31)],
    resolution: Resolution,
    using: Using,
    acting: Acting,
    sent: Fields,
) -> Response:
    """Close a review, and go on to those that are left."""
    access.require(acting.actor, access.REVOKE)
    note = why(sent, "note", hint=" Of a badge that is revoked it is published.")
    with using.writing() as session:
        row = reviewing.find(session, review_id)
        access.require(acting.actor, access.REVOKE, issuer_id=row.issuer_id)
        said = {"resolution": resolution, "note": note, "actor": acting.actor.name}
        reviewing.resolve(session, row, **said, randomness=issuing.SYSTEM, now=using.now())
    using.wake()
    return lead_to(REVIEWS)
