"""Reconciling for staff: bring a list of completions, or have it pulled, see who has no badge, and hand them in.

A pulled list is kept as a sheet, as if it had been brought; the token that opened it is kept nowhere.
"""

from __future__ import annotations

import functools
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, overseeing, problem, reconciling, rostering
from badgeissuer.awarding import completion, sheet
from badgeissuer.net import listing
from badgeissuer.store import tables, uploads
from badgeissuer.web import pages
from badgeissuer.web.api import reconciliations
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Acting, Known, Sending, Sent, Staff, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
HERE = "/staff/reconciling"
SHOWN = 200
"""Learners of each kind that are shown."""
_PIECE = 1024 * 1024


@ROUTER.get(HERE, response_class=HTMLResponse)
def ask(using: Using, known: Known) -> HTMLResponse:
    """Ask for a course and a list."""
    access.require(known.actor, access.ISSUE)
    return _asked(using, known, {})


def _asked(using: Service, known: Staff, fields: dict[str, str], *, fault: problem.Problem | None = None) -> HTMLResponse:
    source = tables.Source
    with using.reading() as session:
        sources = session.scalars(access.visible(select(source), known.actor, column=source.issuer_id).order_by(source.slug)).all()
        achievements = overseeing.published(session, known.actor)
        text = pages.staff_text("reconciling", known, sources=sources, achievements=achievements, fields=fields, fault=fault)
    return staff_page(text, status=200 if fault is None else 422)


@ROUTER.post(HERE)
def bring(using: Using, known: Known, sent: Sending) -> Response:
    """Keep the list, brought or pulled, and go on to the difference."""
    access.require(known.actor, access.ISSUE)
    fields = sent.fields
    names = ("source", "course", "achievement", "type", "encoding", "dates", "zone")
    choices = {name: fields.get(name, "").strip() or None for name in names}
    try:
        with using.reading() as session:
            what = _course(session, known, choices)
        lines = _list(using, sent, course=what.course)
    except (problem.Malformed, problem.Invalid, problem.TooLarge, problem.Conflict, problem.NotFound) as error:
        return _asked(using, known, fields, fault=error)
    with using.writing() as session:
        name = sent.name or f"list of {fields.get('kind', '')}"
        row = uploads.keep(session, known.owner, lines, purpose="reconciliation", name=name, choices=choices, now=using.now())
        return lead_to(f"{HERE}/{row.uuid}")


def _list(using: Service, sent: Sent, *, course: str) -> list[bytes]:
    """Return the list as a sheet: the file that was brought, or what the platform gives."""
    if sent.file is not None:
        return list(iter(functools.partial(sent.file.file.read, _PIECE), b""))
    kind, url = sent.fields.get("kind", ""), sent.fields.get("url", "").strip()
    if kind not in listing.KINDS or not url:
        raise problem.Invalid("Choose a file, or say which platform to ask and where it is.")
    named = sent.fields.get("course_id", "").strip() or course
    found = reconciliations.pulled(using, listing.Place(kind, url, named, sent.fields.get("token", "").strip()))
    return ["".join(completion.sheet_of(found)).encode()]


def _course(session: Session, known: Staff, choices: dict[str, str | None]) -> reconciling.Course:
    what = reconciling.course(
        session, choices["source"] or "", choices["achievement"] or "", name=choices["course"] or "", kind=choices["type"]
    )
    access.require(known.actor, access.ISSUE, issuer_id=what.source.issuer_id)
    return what


def _compared(session: Session, known: Staff, uuid: UUID) -> tuple[tables.Upload, reconciling.Course, reconciling.Difference]:
    access.require(known.actor, access.ISSUE)
    row = uploads.find(session, uuid, owner=known.owner, purpose="reconciliation")
    said = row.choices
    asked = rostering.Asked(sheet.Form(said["encoding"]), {}, said["dates"], said["zone"])
    what = _course(session, known, said)
    return row, what, reconciling.compare(session, what, reconciling.read(uploads.pieces(session, row), asked))


@ROUTER.get(f"{HERE}/{{uuid}}", response_class=HTMLResponse)
def show(uuid: UUID, using: Using, known: Known) -> HTMLResponse:
    """Show who completed the course and has no badge, and who has one and is not on the list."""
    try:
        with using.reading() as session:
            row, what, found = _compared(session, known, uuid)
            extra = [(reconciliations.label(session, award), award) for award in found.extra[:SHOWN]]
            text = pages.staff_text("reconciled", known, row=row, what=what, found=found, extra=extra, shown=SHOWN)
            return staff_page(text)
    except (problem.Malformed, problem.Invalid, problem.TooLarge) as error:
        with using.reading() as session:
            said = uploads.find(session, uuid, owner=known.owner, purpose="reconciliation").choices
        return _asked(using, known, {name: value for name, value in said.items() if value}, fault=error)


@ROUTER.post(f"{HERE}/{{uuid}}/{{way}}")
def hand_in(uuid: UUID, way: Literal["events", "awards"], using: Using, known: Acting) -> Response:
    """Hand in the missing: as events before the rules, or as awards past them."""
    with using.writing() as session:
        _, what, found = _compared(session, known, uuid)
        place = f"{HERE}/{uuid}"
        if way == "events":
            reconciling.feed(session, what, found.missing, actor=known.actor.name, now=using.now())
        else:
            batch = reconciling.award(session, what, found.missing, actor=known.actor.name, now=using.now())
            place = f"/staff/rosters/{batch.uuid}"
    using.wake()
    return lead_to(place)
