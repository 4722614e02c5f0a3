"""Who is who, for staff: what waits for an address, learners who may be one person, and each with their history."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, identifying, issuing, merging, problem, recognising
from badgeissuer.awarding import adapter, event, idmap
from badgeissuer.store import tables
from badgeissuer.web import pages
from badgeissuer.web.api import identities
from badgeissuer.web.api.shapes import MAX_CURSOR
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import MAX_REASON, Acting, Fields, Known, Staff, lead_to, staff_page, why

ROUTER = APIRouter(include_in_schema=False)
IDENTITIES = "/staff/identities"
A_PAGE = 50
"""Learners and questions that are shown at once, the oldest."""
Number = Annotated[int, Path(ge=1, lt=MAX_CURSOR)]
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")


@ROUTER.get(IDENTITIES, response_class=HTMLResponse)
def listed(using: Using, known: Known, done: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Show what waits for an address, and who may be one person."""
    return _shown(using, known, done=done)


def _shown(using: Service, known: Staff, *, done: str = "", fault: problem.Problem | None = None, table: str = "") -> HTMLResponse:
    access.require(known.actor, access.READ)
    award, asked = tables.Award, tables.IdentityQuestion
    with using.reading() as session:
        waits = access.visible(select(award.learner_id).where(award.state == identifying.WAITING), known.actor, column=award.issuer_id)
        learners = select(tables.Learner).where(tables.Learner.id.in_(waits)).order_by(tables.Learner.id).limit(A_PAGE)
        waiting = [identifying.waiting(session, row) for row in session.scalars(learners)]
        open_ones = access.visible(select(asked).where(asked.state == "open"), known.actor, column=asked.issuer_id)
        questions = [
            (row, [_somebody(session, number) for number in (row.learner_id, row.other_learner_id)])
            for row in session.scalars(open_ones.order_by(asked.id).limit(A_PAGE))
        ]
        values = {"waiting": waiting, "questions": questions, "done": done, "fault": fault, "table": table}
        text = pages.staff_page("identities", known, may_tell=access.may(known.actor, access.ISSUE), **values)
        return staff_page(text, status=422 if fault else 200)


def _somebody(session: Session, learner_id: int) -> dict[str, object]:
    learner = session.get_one(tables.Learner, learner_id)
    award, version = tables.Award, tables.AchievementVersion
    query = select(award, version.document).join(version, version.id == award.achievement_version_id)
    awards = [
        (row, str(document["name"])) for row, document in session.execute(query.where(award.learner_id == learner_id).order_by(award.id))
    ]
    return {"learner": learner, "names": identifying.names(session, learner_id), "awards_of": awards}


@ROUTER.post(f"{IDENTITIES}/table")
def tell_all(using: Using, acting: Acting, sent: Fields) -> Response:
    """Take a table that was pasted into the page."""
    access.require(acting.actor, access.ISSUE)
    table = sent.get("table", "")
    try:
        rows = idmap.read(table.encode())
        with using.writing() as session:
            by = identifying.By(acting.actor.name, "A table on the page.", using.now())
            taken = identifying.take(session, rows, acting.actor, by=by, randomness=issuing.SYSTEM)
    except (problem.Invalid, problem.Malformed, problem.TooLarge) as fault:
        return _shown(using, acting, fault=fault, table=table)
    using.wake()
    return _back(f"{len(rows)} rows taken: {taken.named} said something new, {taken.issuing} badges are being issued.")


@ROUTER.post(f"{IDENTITIES}/questions/{{question_id}}/{{resolution}}")
def resolve(question_id: Number, resolution: Literal["merged", "apart"], using: Using, acting: Acting, sent: Fields) -> Response:
    """Answer whether two learners are one person."""
    by = _by(using, acting, sent)
    with using.writing() as session:
        row = identifying.question(session, question_id)
        access.require(acting.actor, access.ISSUE, issuer_id=row.issuer_id)
        merging.answer(session, row, are_one=resolution == "merged", by=by, randomness=issuing.SYSTEM)
    using.wake()
    return _back("They are one now." if resolution == "merged" else "They stay two.")


@ROUTER.get(f"{IDENTITIES}/{{learner_id}}", response_class=HTMLResponse)
def show(learner_id: Number, using: Using, known: Known) -> HTMLResponse:
    """Show a learner with their names, awards and history."""
    with using.reading() as session:
        access.require(known.actor, access.READ, issuer_id=identifying.unit_of(session, learner_id))
        values = _somebody(session, learner_id) | {
            "history": merging.history(session, learner_id),
            "may_tell": access.may(known.actor, access.ISSUE),
        }
        return staff_page(pages.staff_page("learner", known, badge=using.site.credential, **values))


@ROUTER.post(f"{IDENTITIES}/{{learner_id}}/names")
def name(learner_id: Number, using: Using, acting: Acting, sent: Fields) -> Response:
    """Say by what else a learner is known."""
    access.require(acting.actor, access.ISSUE)
    claim = _claim(sent)
    by = identifying.By(acting.actor.name, sent.get("reason", "").strip()[:MAX_REASON], using.now())
    with using.writing() as session:
        unit = identities.require_unit(session, learner_id, acting.actor)
        told = identifying.name(session, learner_id, claim, issuer_id=unit, authority="", by=by, randomness=issuing.SYSTEM)
    using.wake()
    if told.outcome == "question":
        return _back("That is known of somebody else. Say below whether they are one person.")
    return _back("The badge is being issued." if told.issuing else "Noted.")


@ROUTER.post(f"{IDENTITIES}/{{learner_id}}/merge")
def merge(learner_id: Number, using: Using, acting: Acting, sent: Fields) -> Response:
    """Make a learner and another one person."""
    by, other = _by(using, acting, sent), sent.get("into", "").strip()
    if not (other.isascii() and other.isdigit() and 0 < int(other[:19]) < MAX_CURSOR):
        raise problem.Invalid("Say the number of the other learner.")
    with using.writing() as session:
        for one in (learner_id, int(other)):
            identities.require_unit(session, one, acting.actor)
        merging.merge(session, learner_id, into=int(other), by=by, randomness=issuing.SYSTEM)
    using.wake()
    return _to(int(other))


@ROUTER.post(f"{IDENTITIES}/{{learner_id}}/split")
def split(learner_id: Number, using: Using, acting: Acting, sent: Fields) -> Response:
    """Give the names that were ticked to a new learner."""
    by = _by(using, acting, sent)
    with using.writing() as session:
        identities.require_unit(session, learner_id, acting.actor)
        ticked = [row for row in identifying.names(session, learner_id) if f"name-{row.id}" in sent]
        chosen = [recognising.Identity(row.kind, row.authority, row.value) for row in ticked]
        new = merging.split(session, learner_id, chosen, by=by, randomness=issuing.SYSTEM).to_learner_id
    return _to(new)


def _by(using: Service, acting: Staff, sent: dict[str, str]) -> identifying.By:
    access.require(acting.actor, access.ISSUE)
    return identifying.By(acting.actor.name, why(sent, "reason", hint=" It stays in the history."), using.now())


def _claim(sent: dict[str, str]) -> event.LearnerClaim:
    """Return what the form says.

    Raises:
        problem.Invalid: The address or the DID is none.
    """
    email, did, sis_id = (sent.get(name, "").strip() or None for name in ("email", "did", "sis_id"))
    if email and not adapter.email_address(email):
        raise problem.Invalid("This is no e-mail address. Go back and look at it again.")
    if did and not _DID.fullmatch(did):
        raise problem.Invalid("This is no DID. Go back and look at it again.")
    if sis_id and (len(sis_id) > idmap.MAX_CELL or not sis_id.isprintable()):
        raise problem.Invalid(f"An id of the register has at most {idmap.MAX_CELL} characters, all of them visible.")
    return event.LearnerClaim(None, sis_id, email, None, did)


def _back(done: str) -> Response:
    return lead_to(f"{IDENTITIES}?done={quote(done)}")


def _to(learner_id: int) -> Response:
    return lead_to(f"{IDENTITIES}/{learner_id}")
