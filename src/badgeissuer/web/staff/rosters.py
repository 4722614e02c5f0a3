"""Rosters for staff: bring a sheet, say what its columns mean, look at what would come of it, issue it, and see how it comes along.

A file lies in the database from one page to the next. Nothing is issued but what was looked at: the last page before carries the token of
the dry run, and another file, other columns or another version of the achievement are refused.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, batching, issuing, overseeing, problem, rehearsing, rostering, tabulating
from badgeissuer.awarding import columns, sheet
from badgeissuer.store import spool, tables, uploads
from badgeissuer.web import pages
from badgeissuer.web.api import batches
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Acting, Fields, Known, Sending, Staff, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
HERE = "/staff/rosters"
LATELY = 20
"""Batches that are listed, the newest ones."""
SHOWN = 100
"""Rows that are shown as faulty; all of them are in the sheet."""
MOST_COLUMNS = 80
"""Columns that can be given a meaning by a form; those behind them have the one that they are guessed to have."""
_SAMPLE = 3
_PIECE = 1024 * 1024
_MEANINGS = {
    "email": "E-mail address", "name": "Name", "given_name": "First name", "family_name": "Family name", "source_id": "Id of the learner",
    "did": "DID", "awarded_at": "Awarded on", "valid_until": "Valid until", "scope": "Scope (term, course run)", "narrative": "Narrative",
    "credits_earned": "Credits earned", "evidence_url": "Evidence: address", "evidence_name": "Evidence: name",
    "evidence_narrative": "Evidence: narrative",
}  # fmt: skip


@ROUTER.get(HERE, response_class=HTMLResponse)
def listed(using: Using, known: Known) -> HTMLResponse:
    """Show the last rosters, and the form to bring another."""
    access.require(known.actor, access.READ)
    return _listed(using, known)


def _listed(using: Service, known: Staff, *, fault: str = "", status: int = 200) -> HTMLResponse:
    table = tables.Batch
    with using.reading() as session:
        rows = session.scalars(
            access.visible(select(table), known.actor, column=table.issuer_id).order_by(table.id.desc()).limit(LATELY)
        ).all()
        seen = [
            (row, now, session.get_one(tables.Achievement, row.achievement_id))
            for row, now in zip(rows, batching.progress(session, rows), strict=True)
        ]
        offered = overseeing.published(session, known.actor)
    text = pages.staff_text(
        "rosters",
        known,
        seen=seen,
        achievements=offered,
        fault=fault,
        may_issue=access.may(known.actor, access.ISSUE),
    )
    return staff_page(text, status=status)


@ROUTER.post(HERE)
def bring(using: Using, known: Known, sent: Sending) -> Response:
    """Keep a file, and go on to its columns."""
    access.require(known.actor, access.ISSUE)
    if sent.file is None:
        return _listed(using, known, fault="Choose a file.", status=422)
    pieces = iter(functools.partial(sent.file.file.read, _PIECE), b"")
    choices = {"achievement": sent.fields.get("achievement", ""), "encoding": sent.fields.get("encoding") or None}
    with using.writing() as session:
        _achievement(session, known, choices["achievement"] or "")
        row = uploads.keep(session, known.owner, pieces, purpose="roster", name=sent.name, choices=choices, now=using.now())
        return lead_to(f"{HERE}/uploads/{row.uuid}")


def _achievement(session: Session, known: Staff, slug: str) -> tuple[tables.Achievement, tables.AchievementVersion]:
    found = authoring.achievement(session, slug)
    access.require(known.actor, access.ISSUE, issuer_id=found.issuer_id)
    return found, issuing.version_of(session, found)


@ROUTER.get(f"{HERE}/template", response_class=Response)
def template(using: Using, known: Known, achievement: Annotated[str, Query(max_length=64)]) -> Response:
    """Give an empty roster for an achievement."""
    with using.reading() as session:
        found = authoring.achievement(session, achievement)
        access.require(known.actor, access.READ, issuer_id=found.issuer_id)
        version = issuing.version_of(session, found)
        headers = {"Content-Disposition": f'attachment; filename="{found.slug}-roster.csv"', "Cache-Control": "no-store"}
        return Response(tabulating.template(version), media_type=tabulating.MEDIA_TYPE, headers=headers)


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that somebody works with."""

    row: tables.Upload
    achievement: tables.Achievement
    version: tables.AchievementVersion
    asked: rostering.Asked


def _brought(session: Session, known: Staff, uuid: UUID) -> Brought:
    access.require(known.actor, access.ISSUE)
    row = uploads.find(session, uuid, owner=known.owner, purpose="roster")
    said = row.choices
    form = sheet.Form(said.get("encoding"), said.get("delimiter"))
    asked = rostering.Asked(form, said.get("told", {}), said.get("dates"), said.get("zone"))
    return Brought(row, *_achievement(session, known, said["achievement"]), asked)


@ROUTER.get(f"{HERE}/uploads/{{uuid}}", response_class=HTMLResponse)
def columns_page(uuid: UUID, using: Using, known: Known) -> HTMLResponse:
    """Show the columns of a file and what they are taken for."""
    with using.reading() as session:
        return _columns(session, known, _brought(session, known, uuid))


def _columns(session: Session, known: Staff, brought: Brought, *, fault: problem.Problem | None = None) -> HTMLResponse:
    scales = columns.scales(brought.version.document)
    header: tuple[str, ...] = ()
    sample: list[tuple[str, ...]] = []
    found: sheet.Sheet | None = None
    try:
        found = sheet.Sheet(uploads.pieces(session, brought.row), brought.asked.form)
        header = found.header[:MOST_COLUMNS]
        sample = [cells for _, cells in itertools.islice(found.rows(), _SAMPLE)]
    except problem.Problem as error:
        fault = fault or error
    guessed, told = columns.guess(header, scales), brought.asked.told
    meanings = [told.get(name, meaning or columns.UNREAD) for name, meaning in zip(header, guessed, strict=True)]
    seen = [
        (name, meaning, [cells[place] if place < len(cells) else "" for cells in sample])
        for place, (name, meaning) in enumerate(zip(header, meanings, strict=True))
    ]
    known_meanings = _MEANINGS | {columns.RESULT + scale.key: f"Result: {scale.name}" for scale in scales}
    known_meanings |= {meaning: meaning for meaning in meanings if meaning not in {*known_meanings, columns.UNREAD}}
    text = pages.staff_text(
        "roster_columns", known, brought=brought, columns=seen, meanings=known_meanings, found=found, fault=fault, encodings=sheet.ENCODINGS
    )
    return staff_page(text, status=200 if fault is None else 422)


@ROUTER.post(f"{HERE}/uploads/{{uuid}}")
def choose(uuid: UUID, using: Using, known: Acting, sent: Fields) -> Response:
    """Keep what the columns are said to mean, and go on to what would come of it; cut otherwise, look at it again."""
    with using.writing() as session:
        brought = _brought(session, known, uuid)
        said = {name: sent.get(name) or None for name in ("encoding", "dates", "zone")}
        delimiter = {"tab": "\t"}.get(sent.get("delimiter", ""), sent.get("delimiter")) or None
        is_same = (said["encoding"], delimiter) == (brought.asked.form.encoding, brought.asked.form.delimiter)
        names = [name.removeprefix("name-") for name in sent if name.startswith("name-")]
        told = {sent[f"name-{place}"]: sent.get(f"column-{place}", columns.UNREAD) for place in names}
        brought.row.choices = brought.row.choices | said | {"delimiter": delimiter, "told": told if is_same else {}}
    return lead_to(f"{HERE}/uploads/{uuid}" + ("/check" if is_same and names else ""))


@ROUTER.get(f"{HERE}/uploads/{{uuid}}/check", response_class=HTMLResponse)
def check(uuid: UUID, using: Using, known: Known) -> HTMLResponse:
    """Show what would come of a file, with all that is wrong by row and column."""
    with using.reading() as session, spool.Spool() as rows:
        brought = _brought(session, known, uuid)
        try:
            taken = rostering.take(rows, uploads.pieces(session, brought.row), brought.asked, version=brought.version)
            found = rehearsing.rehearse(session, brought.achievement, brought.version, rows=rows, layout=taken.layout, now=using.now())
        except (problem.Malformed, problem.Invalid, problem.TooLarge) as error:
            return _columns(session, known, brought, fault=error)
        faults = [
            (fault.row, tabulating.at(fault.finding.to_json(), is_sheet=True), fault.finding.detail) for fault in found.faults[:SHOWN]
        ]
        text = pages.staff_text(
            "roster_check",
            known,
            brought=brought,
            found=found,
            faults=faults,
            more=len(found.faults) - len(faults) + found.unsaid,
            unread=taken.layout.unread if taken.layout else (),
            token=rostering.token(taken, brought.version),
        )
        return staff_page(text)


@ROUTER.post(f"{HERE}/uploads/{{uuid}}/issue")
def issue(uuid: UUID, using: Using, known: Acting, sent: Fields) -> Response:
    """Issue what was looked at; asked for twice, it is the same batch."""
    token = sent.get("token", "")
    with spool.Spool() as rows:
        with using.reading() as session:
            brought = _brought(session, known, uuid)
            taken = rostering.take(rows, uploads.pieces(session, brought.row), brought.asked, version=brought.version)
        with using.writing() as session:
            found, version = _achievement(session, known, brought.achievement.slug)
            rostering.require_unchanged(token, taken, version)
            key = f"sheet:{token}"
            batch = batching.create(session, found, rows=rows, key=key, actor=known.actor.name, now=using.now(), layout=taken.layout)
            place = f"{HERE}/{batch.uuid}"
    using.wake()
    return lead_to(place)


@ROUTER.get(f"{HERE}/{{uuid}}", response_class=HTMLResponse)
def show(uuid: UUID, using: Using, known: Known) -> HTMLResponse:
    """Show how a batch comes along; while it does, the page looks again by itself."""
    with using.reading() as session:
        row = batches.allowed(session, known.actor, uuid, access.READ)
        (now,) = batching.progress(session, [row])
        achievement = session.get_one(tables.Achievement, row.achievement_id)
        faults = list(itertools.islice(_faults(session, row), SHOWN))
        shown = len({row_number for row_number, _, _ in faults})
        text = pages.staff_text(
            "batch",
            known,
            batch=row,
            now=now,
            achievement=achievement,
            faults=faults,
            shown=shown,
            may_issue=access.may(known.actor, access.ISSUE),
        )
        return staff_page(text)


def _faults(session: Session, row: tables.Batch) -> Iterator[tuple[int, str, str]]:
    for note in batching.rows(session, row, state="failed"):
        for error in note["errors"]:
            yield note["row"], tabulating.at(error, is_sheet=row.sheet is not None), error["detail"]


@ROUTER.get(f"{HERE}/{{uuid}}/{{name}}.csv", response_class=StreamingResponse)
def download(uuid: UUID, name: Annotated[Literal["failed", "results"], Path()], using: Using, known: Known) -> StreamingResponse:
    """Give the rows that failed, or what became of all of them."""
    with using.reading() as session:
        batches.allowed(session, known.actor, uuid, access.READ)
    lines: Any = tabulating.failed if name == "failed" else functools.partial(tabulating.results, site=using.site)
    return batches.sheet_of(using, uuid, lines, name=name)


@ROUTER.post(f"{HERE}/{{uuid}}/{{change}}")
def change(uuid: UUID, change: batching.Change, using: Using, known: Acting) -> Response:
    """Pause a batch, go on with it, give it up, or try what failed again."""
    with using.writing() as session:
        batching.change(session, batches.allowed(session, known.actor, uuid, access.ISSUE), change, now=using.now())
    using.wake()
    return lead_to(f"{HERE}/{uuid}")
