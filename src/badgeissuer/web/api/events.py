"""What came from the sources, and what was decided on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, connecting, explaining, intake
from badgeissuer.store import recorder, tables
from badgeissuer.web.api import reviews
from badgeissuer.web.api.reviews import Review
from badgeissuer.web.api.shapes import PROBLEMS, Document, Moment, Page, Paging, RowId, Shape
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["events"], route_class=StrictRoute, responses=PROBLEMS)
Row = TypeVar("Row", tables.LearningEvent, tables.Delivery, tables.Rejection)


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


class Rejection(Shape):
    """A delivery that was not taken; of headers that are not kept the names only. A body that may hold a secret has no beginning here."""

    id: int
    source: str
    received_at: Moment
    status: int
    reason: str
    headers: dict[str, str]
    size: int
    sha256: str
    beginning: str


class Delivery(Shape):
    """A delivery whose signature held."""

    id: int
    source: str
    key: str
    received_at: Moment
    state: str
    reason: str | None
    repeats: int


@ROUTER.get("/events", summary="List events and the decisions on them")
def listed(
    using: Using, acting: Acting, paging: Paging, source: Annotated[str | None, Query(description="Only events of this source.")] = None
) -> Page[Event]:
    """List events, oldest first, each with the decision of every rule and its reason."""
    with using.reading() as session:
        rows, after = paging.page(session, _of_source(session, acting, tables.LearningEvent, source), key=tables.LearningEvent.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/explain", summary="Explain why a learner did or did not get a badge")
def explain(
    using: Using,
    acting: Acting,
    learner: Annotated[str, Query(min_length=1, max_length=2048, description="An e-mail address, a DID, or an id of a source.")],
    achievement: Annotated[str | None, Query(max_length=64, description="Only what concerns this achievement.")] = None,
) -> Explanation:
    """Answer in one sentence, and with every event, decision, award and review that it rests upon."""
    access.require(acting, access.READ)
    with using.reading() as session:
        wanted = authoring.achievement(session, achievement) if achievement else None
        if wanted is not None:
            access.require(acting, access.READ, issuer_id=wanted.issuer_id)
        found = explaining.explain(session, learner, issuer_id=acting.issuer_id, achievement=wanted)
        return Explanation(
            summary=found.summary,
            events=[_shown(session, event, decisions) for event, decisions in found.events],
            awards=[_award(session, award, reviews) for award, reviews in found.awards],
        )


@ROUTER.get("/deliveries", summary="List deliveries")
def deliveries(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[Literal["received", "processed", "failed"] | None, Query(description="Only deliveries in this state.")] = None,
) -> Page[Delivery]:
    """List deliveries whose signature held, oldest first; those that failed carry the reason and can be retried."""
    with using.reading() as session:
        query = _of_source(session, acting, tables.Delivery)
        if state is not None:
            query = query.where(tables.Delivery.state == state)
        rows, after = paging.page(session, query, key=tables.Delivery.id)
        return Page(items=[_delivery(session, row) for row in rows], next=after)


@ROUTER.get("/rejections", summary="List deliveries that were not taken")
def rejections(
    using: Using, acting: Acting, paging: Paging, source: Annotated[str | None, Query(description="Only those of this source.")] = None
) -> Page[Rejection]:
    """List what was sent to sources and not taken, oldest first, with the reason and how it began: the last 200 of each source."""
    with using.reading() as session:
        rows, after = paging.page(session, _of_source(session, acting, tables.Rejection, source), key=tables.Rejection.id)
        return Page(items=[_rejection(session, row) for row in rows], next=after)


@ROUTER.post("/deliveries/{delivery_id}/replay", summary="Process a delivery again")
def replay(delivery_id: RowId, using: Using, acting: Acting) -> Delivery:
    """Put the events of a delivery before rules that have come since. What was decided stays, and nothing is awarded twice."""
    return _again(using, acting, delivery_id, intake.replay)


@ROUTER.post("/deliveries/{delivery_id}/retry", summary="Process a delivery again that failed")
def retry(delivery_id: RowId, using: Using, acting: Acting) -> Delivery:
    """Put a delivery whose processing failed back into the queue."""
    return _again(using, acting, delivery_id, intake.retry)


def _of_source(session: Session, acting: access.Actor, table: type[Row], slug: str | None = None) -> Select[Row]:
    """Return the query for what came from one source, or from all those that the actor may see."""
    query = select(table).join(tables.Source, tables.Source.id == table.source_id)
    if slug is None:
        return access.visible(query, acting, column=tables.Source.issuer_id)
    found = connecting.source(session, slug)
    access.require(acting, access.READ, issuer_id=found.issuer_id)
    return query.where(tables.Source.id == found.id)


def _again(using: Service, acting: access.Actor, delivery_id: int, work: Callable[..., tables.Delivery]) -> Delivery:
    """Have a delivery processed again by `work`, and answer what is known of it."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        found = session.get(tables.Delivery, delivery_id)
        if found is not None:  # before anything is said of its state
            access.require(acting, access.CONNECT, issuer_id=session.get_one(tables.Source, found.source_id).issuer_id)
        shown = _delivery(session, work(session, delivery_id, now=using.now()))
    using.wake()
    return shown


def _rejection(session: Session, row: tables.Rejection) -> Rejection:
    return Rejection(
        id=row.id,
        source=session.get_one(tables.Source, row.source_id).slug,
        received_at=row.received_at,
        status=row.status,
        reason=row.reason,
        headers=row.headers,
        size=row.size,
        sha256=row.sha256,
        beginning=row.beginning.decode("utf-8", "replace"),
    )


def _delivery(session: Session, row: tables.Delivery) -> Delivery:
    return Delivery(
        id=row.id,
        source=session.get_one(tables.Source, row.source_id).slug,
        key=row.key,
        received_at=row.received_at,
        state=row.state,
        reason=row.reason,
        repeats=row.repeats,
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


def _shown(session: Session, row: tables.LearningEvent, found: Sequence[tables.Decision] | None = None) -> Event:
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
