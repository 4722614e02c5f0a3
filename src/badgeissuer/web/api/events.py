"""What came from the sources, and what was decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, connecting, explaining, overseeing
from badgeissuer.store import recorder, tables
from badgeissuer.web.api import reviews
from badgeissuer.web.api.reviews import Review
from badgeissuer.web.api.shapes import MAX_CURSOR, PROBLEMS, Document, Moment, Page, Paging, Shape
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["events"], route_class=StrictRoute, responses=PROBLEMS)


class Decision(Shape):
    """What one rule said of an event, and why."""

    rule: int
    achievement: str
    outcome: str
    reason: str
    award: str | None


class Event(Shape):
    """An event of a source."""

    id: int
    delivery: int
    source: str
    type: str
    course: str | None
    occurred_at: Moment | None
    received_at: Moment
    event: Document
    decisions: list[Decision]


class Earned(Shape):
    """An award of a learner, and the reviews that were opened of it."""

    id: UUID
    achievement: str
    state: str
    reason: str | None
    awarded_at: Moment
    reviews: list[Review]


class Explanation(Shape):
    """Why a learner has a badge, or has none."""

    summary: str
    events: list[Event]
    awards: list[Earned]


async def _wanted(
    learner: Annotated[str | None, Query(max_length=2048, description="Only about them: an e-mail address, a DID or any id.")] = None,
    course: Annotated[str | None, Query(max_length=2048, description="Only of this course, by the id that the event has.")] = None,
    type: Annotated[str | None, Query(max_length=2048, description="Only of this type.")] = None,  # noqa: A002 - as the member is called
    since: Annotated[datetime | None, Query(alias="from", description="Only those that came then or later.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Only those that came before then.")] = None,
) -> recorder.Wanted:  # as a coroutine it needs no thread
    return recorder.Wanted(learner, course, type, _aware(since), _aware(until))


Wanted = Annotated[recorder.Wanted, Depends(_wanted)]


@ROUTER.get("/events", summary="List events and the decisions on them")
def listed(
    using: Using,
    acting: Acting,
    paging: Paging,
    wanted: Wanted,
    source: Annotated[str | None, Query(description="Only events of this source.")] = None,
) -> Page[Event]:
    """List events, oldest first, each with the decision of every rule and its reason."""
    with using.reading() as session:
        query = recorder.narrowed(overseeing.of_source(session, acting, tables.LearningEvent, source), wanted)
        rows, after = paging.page(session, query, key=tables.LearningEvent.id)
        return Page(items=[shown(session, row) for row in rows], next=after)


def _aware(moment: datetime | None) -> datetime | None:
    """Return a moment with its zone; one that was written without is in UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


@ROUTER.get("/explain", summary="Explain why a learner did or did not get a badge", responses={409: PROBLEMS[409]})
def explain(
    using: Using,
    acting: Acting,
    learner: Annotated[str, Query(min_length=1, max_length=2048, description="An e-mail address, a DID, or an id of a source.")],
    achievement: Annotated[str | None, Query(max_length=64, description="Only what concerns this achievement.")] = None,
    source: Annotated[str | None, Query(max_length=64, description="Whom this source calls so, where several are.")] = None,
    person: Annotated[int | None, Query(ge=1, lt=MAX_CURSOR, description="Which of several it is, by the number that is told.")] = None,
) -> Explanation:
    """Answer in one sentence, and with every event, decision, award and review that it rests upon; 409 says that several are called so."""
    access.require(acting, access.READ)
    with using.reading() as session:
        wanted = authoring.achievement(session, achievement) if achievement else None
        if wanted is not None:
            access.require(acting, access.READ, issuer_id=wanted.issuer_id)
        calls = connecting.source(session, source) if source else None
        if calls is not None:
            access.require(acting, access.READ, issuer_id=calls.issuer_id)
        found = explaining.explain(session, learner, issuer_id=acting.issuer_id, achievement=wanted, source=calls, person=person)
        return Explanation(
            summary=found.summary,
            events=[shown(session, event, decisions) for event, decisions in found.events],
            awards=[_award(session, award, reviews) for award, reviews in found.awards],
        )


def _award(session: Session, row: tables.Award, found: Sequence[tables.Review]) -> Earned:
    return Earned(
        id=row.uuid,
        achievement=session.get_one(tables.Achievement, row.achievement_id).slug,
        state=row.state,
        reason=row.reason,
        awarded_at=row.awarded_at,
        reviews=[reviews.shown(session, review) for review in found],
    )


def shown(session: Session, row: tables.LearningEvent, found: Sequence[tables.Decision] | None = None) -> Event:
    """Return an event as the API shows it, with the decisions on it."""
    found = recorder.decisions(session, row) if found is None else found
    return Event(
        id=row.id,
        delivery=row.delivery_id,
        source=session.get_one(tables.Source, row.source_id).slug,
        type=row.type,
        course=row.course,
        occurred_at=row.occurred_at,
        received_at=row.created_at,
        event=row.document,
        decisions=[_decision(session, decision) for decision in found],
    )


def _decision(session: Session, row: tables.Decision) -> Decision:
    achievement_id = session.get_one(tables.Rule, row.rule_id).achievement_id
    award = str(session.get_one(tables.Award, row.award_id).uuid) if row.award_id else None
    achievement = session.get_one(tables.Achievement, achievement_id).slug
    return Decision(rule=row.rule_id, achievement=achievement, outcome=row.outcome, reason=row.reason, award=award)
