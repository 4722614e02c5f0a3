"""What came from the sources, and what was decided on it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, connecting, intake
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Document, Moment, Page, Paging, RowId, Shape
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
    query = select(tables.LearningEvent).join(tables.Source, tables.Source.id == tables.LearningEvent.source_id)
    query = access.visible(query, acting, column=tables.Source.issuer_id)
    with using.reading() as session:
        if source is not None:
            found = connecting.source(session, source)
            access.require(acting, access.READ, issuer_id=found.issuer_id)
            query = query.where(tables.Source.id == found.id)
        rows, after = paging.page(session, query, key=tables.LearningEvent.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/deliveries", summary="List deliveries")
def deliveries(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[Literal["received", "processed", "failed"] | None, Query(description="Only deliveries in this state.")] = None,
) -> Page[Delivery]:
    """List deliveries whose signature held, oldest first; those that failed carry the reason and can be retried."""
    query = select(tables.Delivery).join(tables.Source, tables.Source.id == tables.Delivery.source_id)
    query = access.visible(query, acting, column=tables.Source.issuer_id)
    if state is not None:
        query = query.where(tables.Delivery.state == state)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Delivery.id)
        return Page(items=[_delivery(session, row) for row in rows], next=after)


@ROUTER.post("/deliveries/{delivery_id}/retry", summary="Process a delivery again that failed")
def retry(delivery_id: RowId, using: Using, acting: Acting) -> Delivery:
    """Put a delivery whose processing failed back into the queue."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        found = session.get(tables.Delivery, delivery_id)
        if found is not None:  # before anything is said of its state
            access.require(acting, access.CONNECT, issuer_id=session.get_one(tables.Source, found.source_id).issuer_id)
        shown = _delivery(session, intake.retry(session, delivery_id, now=using.now()))
    using.wake()
    return shown


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


def _shown(session: Session, row: tables.LearningEvent) -> Event:
    found = session.scalars(select(tables.Decision).where(tables.Decision.learning_event_id == row.id).order_by(tables.Decision.id))
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
