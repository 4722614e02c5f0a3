"""What sources delivered, taken or not, and processing it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from badgeissuer import access, intake, overseeing
from badgeissuer.store import tables
from badgeissuer.web.api import events
from badgeissuer.web.api.events import Event
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, RowId, Shape
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["deliveries"], route_class=StrictRoute, responses=PROBLEMS)


class Rejection(Shape):
    """A delivery that was not taken; of headers that are not kept the names only.

    How it began is told to those only who may connect sources, and never where it may hold a secret.
    """

    id: int
    source: str
    received_at: Moment
    status: int
    reason: str
    headers: dict[str, str]
    size: int
    sha256: str
    beginning: str | None


class Delivery(Shape):
    """A delivery whose signature held."""

    id: int
    source: str
    key: str
    received_at: Moment
    state: str
    reason: str | None
    repeats: int
    redacted_at: Moment | None


class DeliveryInFull(Delivery):
    """A delivery with the headers that were kept, and what was made of it."""

    headers: dict[str, str]
    payload_sha256: str
    events: list[Event]


@ROUTER.get("/deliveries", summary="List deliveries")
def deliveries(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[Literal["received", "processed", "failed"] | None, Query(description="Only deliveries in this state.")] = None,
) -> Page[Delivery]:
    """List deliveries whose signature held, oldest first; those that failed carry the reason and can be retried."""
    with using.reading() as session:
        query = overseeing.of_source(session, acting, tables.Delivery)
        if state is not None:
            query = query.where(tables.Delivery.state == state)
        rows, after = paging.page(session, query, key=tables.Delivery.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/deliveries/{delivery_id}", summary="Show a delivery and what was made of it")
def show(delivery_id: RowId, using: Using, acting: Acting) -> DeliveryInFull:
    """Show a delivery with its headers, its events, and every decision on them."""
    with using.reading() as session:
        row = overseeing.delivery(session, delivery_id, acting)
        found = overseeing.processed(session, row)
        return DeliveryInFull(
            **_shown(session, row).model_dump(),
            headers=row.headers,
            payload_sha256=row.payload_sha256,
            events=[events.shown(session, event, decisions) for event, decisions in found.events],
        )


@ROUTER.get("/rejections", summary="List deliveries that were not taken")
def rejections(
    using: Using, acting: Acting, paging: Paging, source: Annotated[str | None, Query(description="Only those of this source.")] = None
) -> Page[Rejection]:
    """List what was sent to sources and not taken, oldest first, with the reason and how it began: the last 200 of each source."""
    with using.reading() as session:
        rows, after = paging.page(session, overseeing.of_source(session, acting, tables.Rejection, source), key=tables.Rejection.id)
        return Page(items=[_rejection(session, row, acting) for row in rows], next=after)


@ROUTER.post("/deliveries/{delivery_id}/replay", summary="Process a delivery again")
def replay(delivery_id: RowId, using: Using, acting: Acting) -> Delivery:
    """Put the events of a delivery before rules that have come since. What was decided stays, and nothing is awarded twice."""
    return _again(using, acting, delivery_id, intake.replay)


@ROUTER.post("/deliveries/{delivery_id}/retry", summary="Process a delivery again that failed")
def retry(delivery_id: RowId, using: Using, acting: Acting) -> Delivery:
    """Put a delivery whose processing failed back into the queue."""
    return _again(using, acting, delivery_id, intake.retry)


def _again(using: Service, acting: access.Actor, delivery_id: int, work: Callable[..., tables.Delivery]) -> Delivery:
    """Have a delivery processed again by `work`, and answer what is known of it."""
    with using.writing() as session:
        overseeing.delivery(session, delivery_id, acting, action=access.CONNECT)  # before anything is said of its state
        shown = _shown(session, work(session, delivery_id, now=using.now()))
    using.wake()
    return shown


def _rejection(session: Session, row: tables.Rejection, acting: access.Actor) -> Rejection:
    source = session.get_one(tables.Source, row.source_id)
    may_see = access.may(acting, access.CONNECT, issuer_id=source.issuer_id)
    return Rejection(
        id=row.id,
        source=source.slug,
        received_at=row.received_at,
        status=row.status,
        reason=row.reason,
        headers=row.headers,
        size=row.size,
        sha256=row.sha256,
        beginning=row.beginning.decode("utf-8", "replace") if may_see else None,
    )


def _shown(session: Session, row: tables.Delivery) -> Delivery:
    return Delivery(
        id=row.id,
        source=session.get_one(tables.Source, row.source_id).slug,
        key=row.key,
        received_at=row.received_at,
        state=row.state,
        reason=row.reason,
        repeats=row.repeats,
        redacted_at=row.redacted_at,
    )
