"""Sheets to hand out: an empty roster for an achievement, the rows of a batch that failed, and what became of all of them.

Every cell is guarded against being taken for a formula (`cells.line`), and is read back as it was.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from badgeissuer import batching, problem, status
from badgeissuer.awarding import cells, columns, record, roster
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

MEDIA_TYPE = "text/csv; charset=utf-8"
_MARK = cells.BYTE_ORDER_MARK
_STILL = {"running": "to do", "paused": "to do, paused", "cancelled": "cancelled"}


def template(version: tables.AchievementVersion) -> str:
    """Return a roster without rows, with a column for each result of the achievement."""
    return _MARK + cells.line(columns.template(version.document))


def failed(session: Session, batch: tables.Batch) -> Iterator[str]:
    """Yield the rows that failed, as they were handed in, each with its number and what is wrong; a sheet to mend and hand in again."""
    layout = columns.Layout.from_json(batch.sheet) if batch.sheet else None
    own = [place for place, name in enumerate(layout.header) if columns.plain(name) not in {"row", "error"}] if layout else []
    yield _MARK + cells.line(["row", "error", *([layout.header[place] for place in own] if layout else ["content"])])
    for note in batching.rows(session, batch, state="failed"):
        content = note["content"]
        row = record.unpack(content.encode()) if layout else [content]
        kept = [row[place] if place < len(row) else "" for place in own] if layout else row
        yield cells.line([str(note["row"]), said(note, is_sheet=layout is not None), *map(cells.bare, kept)])


def said(note: batching.Note, *, is_sheet: bool) -> str:
    """Return what is wrong with a row, in one text."""
    return " ".join(
        f"{where}: {error['detail']}" if (where := at(error, is_sheet=is_sheet)) else error["detail"] for error in note["errors"]
    )


def at(error: Mapping[str, str], *, is_sheet: bool) -> str:
    """Return where in a row something is wrong: the name of the column, or a JSON Pointer."""
    return problem.steps(error["pointer"])[0] if is_sheet and error["pointer"] else error["pointer"]


def results(session: Session, batch: tables.Batch, *, site: Site) -> Iterator[str]:
    """Yield what became of every row: its number, the learner, a state, the badge, and what there is to say."""
    yield _MARK + cells.line(["row", "learner", "state", "badge", "error"])
    table = tables.BatchChunk
    query = select(table).where(table.batch_id == batch.id).order_by(table.first_row)
    with session.scalars(query.execution_options(yield_per=10)) as chunks:  # closed by who stops early, too
        for chunk in chunks:
            found = _awarded(session, batch, chunk, site=site) | _noted(session, batch, chunk, site=site)
            yield from (cells.line([str(number), *found[number]]) for number in sorted(found))
            session.expunge(chunk)


_Told = tuple[str, str, str, str]
"""The learner, the state, the badge, and what there is to say."""


def _awarded(session: Session, batch: tables.Batch, chunk: tables.BatchChunk, *, site: Site) -> dict[int, _Told]:
    table = tables.Award
    query = select(table).where(table.batch_id == batch.id, table.row.between(chunk.first_row, chunk.last_row))
    awards = session.scalars(query).all()
    told = _told(session, awards, site=site)
    return {award.row: told[award.id] for award in awards if award.row is not None}


def _told(session: Session, awards: Sequence[tables.Award], *, site: Site) -> dict[int, _Told]:
    """Return what there is to say of awards, by their keys."""
    known, revoked = tables.LearnerIdentity, status.revoked(session, [award.credential_uuid for award in awards])
    nameless = [award.learner_id for award in awards if not award.claims["email"] and not award.claims["did"]]
    named = select(known.learner_id, known.value).where(known.learner_id.in_(nameless), known.kind == "source_id").order_by(known.id.desc())
    ids = {row[0]: row[1] for row in session.execute(named)} if nameless else {}
    return {
        award.id: (
            award.claims["email"] or award.claims["did"] or ids.get(award.learner_id, ""),
            "revoked" if award.credential_uuid in revoked else award.state,
            site.credential(award.credential_uuid) if award.state == "issued" else "",
            award.reason or "",
        )
        for award in awards
    }


def _noted(session: Session, batch: tables.Batch, chunk: tables.BatchChunk, *, site: Site) -> dict[int, _Told]:
    """Return what there is to say of rows that brought no award of their own."""
    is_sheet, lines = batch.sheet is not None, dict(roster.unpack(chunk.content))
    if chunk.state != "done":
        return {number: (_learner(batch, line), _STILL[batch.state], "", "") for number, line in lines.items()}
    notes = batching.notes(chunk.notes)
    uuids = [UUID(note["award"]) for note in notes if note["state"] == "repeated" and note.get("award")]
    awards = {str(award.uuid): award for award in session.scalars(select(tables.Award).where(tables.Award.uuid.in_(uuids)))}
    told = _told(session, list(awards.values()), site=site)
    found = {}
    for note in notes:
        number = note["row"]
        if note["state"] == "failed":
            found[number] = (_learner(batch, lines[number]), "failed", "", said(note, is_sheet=is_sheet))
        elif note["state"] == "repeated":
            award = awards.get(note.get("award") or "")
            learner, _, badge, _ = told[award.id] if award else ("", "", "", "")
            found[number] = (learner, "repeated", badge, note["detail"])
    return found


def _learner(batch: tables.Batch, line: bytes) -> str:
    """Return whom a row that was not read names: what stands in the first column that says who, or in such a member."""
    if batch.sheet is None:
        return _member(line)
    layout, row = columns.Layout.from_json(batch.sheet), record.unpack(line)
    texts = dict(zip(layout.meanings, row, strict=False))
    return next((cells.bare(text) for meaning in columns.WHO if (text := texts.get(meaning))), "")


def _member(line: bytes) -> str:
    try:
        learner: Any = json.loads(line)["learner"]
        return next((str(learner[name]) for name in columns.WHO if learner.get(name)), "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
