"""Who is who: what waits for an address, learners who may be one person, and what was said of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, connecting, identifying, issuing, merging, recognising
from badgeissuer.awarding import event, idmap, roster
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Document, Email, Moment, Page, Paging, RowId, Shape, Slug, Text
from badgeissuer.web.service import Acting, RawBody, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/identities", tags=["identities"], route_class=StrictRoute, responses=PROBLEMS)
Reason = Annotated[Text, Field(max_length=1000)]
Id = Annotated[Text, Field(min_length=1, max_length=512)]
Kind = Literal["source_id", "sis_id", "orcid", "email", "did"]


class Name(Shape):
    """One name of a learner; `source` is empty where it is no id of a source."""

    kind: Kind
    source: Annotated[str, Field(max_length=64)] = ""
    value: Annotated[str, Field(max_length=2048)]


class Held(Shape):
    """An award of a learner."""

    id: UUID
    achievement: str
    state: str
    since: Moment


class Learner(Shape):
    """A learner: what they are called, what they are known by, and their awards; of those in the queue only what waits."""

    id: int
    issuer: str
    name: str | None
    known_by: list[Name]
    awards: list[Held]


class Change(Shape):
    """What somebody said of who is who; `details` has the names, and the awards that stand beside others since."""

    id: int
    kind: Literal["named", "merged", "split"]
    learner: int
    other: int | None
    actor: str
    reason: str
    created_at: Moment
    details: Document


class LearnerInFull(Learner):
    """A learner with the history of who they are."""

    history: list[Change]


class Question(Shape):
    """Two learners who may be one person, with the event that named both, if it was one."""

    id: int
    state: Literal["open", "merged", "apart"]
    learners: list[Learner]
    reason: str
    event: int | None
    created_at: Moment
    note: str | None
    closed_by: str | None
    closed_at: Moment | None


class Names(Shape):
    """What somebody says of who a learner is."""

    email: Email | None = None
    did: roster.Did | None = None
    sis_id: Id | None = None
    orcid: Annotated[str, Field(pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")] | None = None
    reason: Reason = ""


class NamesAtSource(Names):
    """The same of whom a source knows by an id."""

    source: Slug
    source_id: Id


class Told(Shape):
    """What came of it; `question`: one of the names is another learner's, and it has to be said whether they are one person."""

    outcome: Literal["named", "known", "question"]
    learner: int
    issuing: int


class Taken(Shape):
    """What came of a table: how many rows told something new, how many nothing, and how many opened a question."""

    named: int
    known: int
    question: int
    issuing: int


class Answer(Shape):
    """Whether they are one person, and which of them stays: the older one where it is not said."""

    resolution: Literal["merged", "apart"]
    into: int | None = None
    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


class Merging(Shape):
    """Into whom a learner goes, and why."""

    into: Annotated[int, Field(ge=1, lt=2**62)]
    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


class Splitting(Shape):
    """Which names go to a new learner, and why."""

    names: Annotated[list[Name], Field(min_length=1, max_length=100)]
    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


@ROUTER.get("", summary="List the learners for whom awards wait")
def listed(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[Literal["needed"], Query(description="Those who are needed: nobody knows where to issue to.")] = "needed",  # noqa: ARG001
    source: Annotated[str | None, Query(max_length=64, description="Only whose awards come from this source.")] = None,
) -> Page[Learner]:
    """List learners of whom neither an e-mail address nor a DID is known, with what waits for them."""
    award = tables.Award
    with using.reading() as session:
        waits = access.visible(select(award.learner_id).where(award.state == identifying.WAITING), acting, column=award.issuer_id)
        if source is not None:
            found = connecting.source(session, source)
            access.require(acting, access.READ, issuer_id=found.issuer_id)
            waits = waits.where(award.source_id == found.id)
        rows, after = paging.page(session, select(tables.Learner).where(tables.Learner.id.in_(waits)), key=tables.Learner.id)
        return Page(items=[_learner(session, row.id, only_waiting=True) for row in rows], next=after)


@ROUTER.post("", summary="Say who a learner of a source is")
def tell(body: NamesAtSource, using: Using, acting: Acting) -> Told:
    """Say by what else somebody is known whom a source knows by an id. What waited for an address is issued."""
    access.require(acting, access.ISSUE)
    with using.writing() as session:
        source = connecting.source(session, body.source)
        access.require(acting, access.ISSUE, issuer_id=source.issuer_id)
        told = identifying.tell(
            session, source, _claim(body, body.source_id), by=_by(using, acting, body.reason), randomness=issuing.SYSTEM
        )
    using.wake()
    return _told(told)


@ROUTER.post(
    "/table",
    summary="Say who many learners are",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def tell_all(
    body: RawBody, using: Using, acting: Acting, reason: Annotated[str, Query(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
) -> Taken:
    """Take a table (CSV) with the columns source, source_id, email, sis_id, did, orcid. It is taken whole or not at all."""
    access.require(acting, access.ISSUE)
    rows = idmap.read(body)
    with using.writing() as session:
        taken = identifying.take(session, rows, acting, by=_by(using, acting, reason), randomness=issuing.SYSTEM)
    using.wake()
    return Taken.model_validate(asdict(taken))


@ROUTER.get("/questions", summary="List learners who may be one person")
def questions(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[Literal["open", "merged", "apart"] | None, Query(description="Only questions in this state.")] = None,
) -> Page[Question]:
    """List pairs of learners whom something named at once, oldest first."""
    table = tables.IdentityQuestion
    query = access.visible(select(table), acting, column=table.issuer_id)
    if state is not None:
        query = query.where(table.state == state)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=table.id)
        return Page(items=[_question(session, row) for row in rows], next=after)


@ROUTER.post("/questions/{question_id}/resolve", summary="Say whether two learners are one person")
def resolve(question_id: RowId, body: Answer, using: Using, acting: Acting) -> Question:
    """Merge them, or keep them apart for good."""
    access.require(acting, access.ISSUE)
    with using.writing() as session:
        row = identifying.question(session, question_id)
        access.require(acting, access.ISSUE, issuer_id=row.issuer_id)
        by = _by(using, acting, body.reason)
        merging.answer(session, row, are_one=body.resolution == "merged", into=body.into, by=by, randomness=issuing.SYSTEM)
        shown = _question(session, row)
    using.wake()
    return shown


@ROUTER.get("/changes", summary="List what was said of who is who")
def changes(using: Using, acting: Acting, paging: Paging) -> Page[Change]:
    """List what was said, oldest first."""
    table = tables.IdentityChange
    with using.reading() as session:
        rows, after = paging.page(session, access.visible(select(table), acting, column=table.issuer_id), key=table.id)
        return Page(items=[_change(row) for row in rows], next=after)


@ROUTER.get("/{learner_id}", summary="Show a learner")
def show(learner_id: RowId, using: Using, acting: Acting) -> LearnerInFull:
    """Show what a learner is known by, their awards, and what was said of who they are."""
    with using.reading() as session:
        access.require(acting, access.READ, issuer_id=identifying.unit_of(session, learner_id))
        found = _learner(session, learner_id).model_dump()
        return LearnerInFull(**found, history=[_change(row) for row in merging.history(session, learner_id)])


@ROUTER.post("/{learner_id}/names", summary="Say who a learner is")
def name(learner_id: RowId, body: Names, using: Using, acting: Acting) -> Told:
    """Say by what else a learner is known. What waited for an address is issued."""
    with using.writing() as session:
        unit, by = require_unit(session, learner_id, acting), _by(using, acting, body.reason)
        claim = _claim(body, None)
        told = identifying.name(session, learner_id, claim, issuer_id=unit, authority="", by=by, randomness=issuing.SYSTEM)
    using.wake()
    return _told(told)


@ROUTER.post("/{learner_id}/merge", summary="Make two learners one")
def merge(learner_id: RowId, body: Merging, using: Using, acting: Acting) -> Change:
    """Give all that a learner has to another one of the same unit. What was signed stays as it is."""
    with using.writing() as session:
        for one in (learner_id, body.into):
            require_unit(session, one, acting)
        by = _by(using, acting, body.reason)
        shown = _change(merging.merge(session, learner_id, into=body.into, by=by, randomness=issuing.SYSTEM))
    using.wake()
    return shown


@ROUTER.post("/{learner_id}/split", summary="Make one learner two")
def split(learner_id: RowId, body: Splitting, using: Using, acting: Acting) -> Change:
    """Give some names of a learner to a new one, with the events that go by them and what these earned."""
    with using.writing() as session:
        require_unit(session, learner_id, acting)
        chosen = {recognising.Identity(item.kind, item.source, item.value) for item in body.names}
        return _change(merging.split(session, learner_id, chosen, by=_by(using, acting, body.reason), randomness=issuing.SYSTEM))


def require_unit(session: Session, learner_id: int, acting: access.Actor) -> int:
    """Return the unit whose learner it is, where the actor may say who its learners are.

    Raises:
        problem.Forbidden: The role does not allow it.
        problem.NotFound: There is no such learner, or they are another unit's.
    """
    access.require(acting, access.ISSUE)
    unit = identifying.unit_of(session, learner_id)
    access.require(acting, access.ISSUE, issuer_id=unit)
    return unit


def _by(using: Service, acting: access.Actor, reason: str) -> identifying.By:
    return identifying.By(acting.name, reason, using.now())


def _claim(body: Names, source_id: str | None) -> event.LearnerClaim:
    return event.LearnerClaim(source_id, body.sis_id, body.email, None, body.did, body.orcid)


def _told(told: identifying.Told) -> Told:
    return Told(outcome=told.outcome, learner=told.learner_id, issuing=told.issuing)


def _learner(session: Session, learner_id: int, *, only_waiting: bool = False) -> Learner:
    award, achievement = tables.Award, tables.Achievement
    query = select(award, achievement.slug).join(achievement, achievement.id == award.achievement_id).where(award.learner_id == learner_id)
    if only_waiting:
        query = query.where(award.state == identifying.WAITING)
    rows = session.execute(query.order_by(award.id)).all()
    return Learner(
        id=learner_id,
        issuer=session.get_one(tables.Issuer, identifying.unit_of(session, learner_id)).slug,
        name=session.get_one(tables.Learner, learner_id).name,
        known_by=[Name.model_validate(identifying.as_json(item)) for item in identifying.names(session, learner_id)],
        awards=[Held(id=row.uuid, achievement=slug, state=row.state, since=row.created_at) for row, slug in rows],
    )


def _question(session: Session, row: tables.IdentityQuestion) -> Question:
    return Question(
        id=row.id,
        state=row.state,  # type: ignore[arg-type]  # the database holds no other
        learners=[_learner(session, number) for number in (row.learner_id, row.other_learner_id)],
        reason=row.reason,
        event=row.learning_event_id,
        created_at=row.created_at,
        note=row.note,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )


def _change(row: tables.IdentityChange) -> Change:
    return Change(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # as above
        learner=row.to_learner_id,
        other=row.from_learner_id,
        actor=row.actor,
        reason=row.reason,
        created_at=row.created_at,
        details=row.details,
    )
