"""Subscribers: systems that are told what becomes of awards, by webhooks; and the notices that they got."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, notifying, problem
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["subscribers"], route_class=StrictRoute, responses=PROBLEMS)
Event = Literal["credential.issued", "credential.revoked", "award.pending"]
Address = Annotated[str, Field(min_length=1, max_length=2048, examples=["https://lms.example.edu/badges"])]
Events = Annotated[list[Event], Field(min_length=1, max_length=len(notifying.EVENTS))]


class NewSubscriber(Shape):
    """A system that is to be told of events of one issuer."""

    slug: Slug
    issuer: Slug
    url: Address
    events: Events


class Subscriber(Shape):
    """A subscriber, and what came of the last notice to it. Its secrets are not shown again."""

    slug: str
    issuer: str
    url: str
    events: list[str]
    state: Literal["active", "disabled"]
    reason: str | None
    secrets: Annotated[int, Field(description="How many secrets notices to it are signed with.")]
    created_at: Moment
    last_at: Moment | None
    last_status: int | None
    last_reason: str | None


class SubscriberOnce(Subscriber):
    """A subscriber with a secret, which is shown this once; null where the answer repeats an earlier one."""

    secret: str | None


class SubscriberChange(Shape):
    """What is to change; what is left out stays."""

    url: Address | None = None
    events: Events | None = None
    state: Literal["active", "disabled"] | None = None


class Notice(Shape):
    """A notice to a subscriber, and what came of it: the last status that it answered with, or why there was none."""

    id: UUID
    subscriber: str
    type: str
    award: UUID | None
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    status: int | None
    reason: str | None
    created_at: Moment
    sent_at: Moment | None


@ROUTER.post("/subscribers", status_code=201, summary="Subscribe a system to events")
def create(body: NewSubscriber, using: Using, acting: Acting, once: Repeatable) -> SubscriberOnce:
    """Subscribe a system. The secret that notices to it are signed with is in this answer and nowhere else."""
    access.require(acting, access.CONNECT)
    authoring.check_slug(body.slug)
    _check(using, body.url)
    now, secret = using.now(), None

    def work() -> str:
        nonlocal secret
        issuer = authoring.issuer(session, body.issuer)
        access.require(acting, access.CONNECT, issuer_id=issuer.id)
        row, secret = notifying.subscribe(
            session, issuer, slug=body.slug, url=body.url, events=body.events, token=secrets.token_bytes, now=now
        )
        return row.slug

    with using.writing() as session:
        slug = once.do(session, acting, body=body, now=now, work=work)
        return SubscriberOnce(**_shown(session, notifying.find(session, slug)).model_dump(), secret=secret)


@ROUTER.get("/subscribers", summary="List subscribers")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Subscriber]:
    """List the subscribers of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Subscriber), acting, column=tables.Subscriber.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Subscriber.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/subscribers/{slug}", summary="Show a subscriber")
def show(slug: str, using: Using, acting: Acting) -> Subscriber:
    """Show one subscriber."""
    with using.reading() as session:
        row = notifying.find(session, slug)
        access.require(acting, access.READ, issuer_id=row.issuer_id)
        return _shown(session, row)


@ROUTER.patch("/subscribers/{slug}", summary="Change a subscriber")
def change(slug: str, body: SubscriberChange, using: Using, acting: Acting) -> Subscriber:
    """Change where a subscriber is or what it hears, disable it, or make it active again. Waiting notices go to the new address."""
    access.require(acting, access.CONNECT)
    if body.url is not None:
        _check(using, body.url)
    with using.writing() as session:
        row = _mine(session, acting, slug)
        notifying.change(row, url=body.url, events=body.events, state=body.state)
        return _shown(session, row)


@ROUTER.post("/subscribers/{slug}/secrets", status_code=201, summary="Make a second secret")
def add_secret(slug: str, using: Using, acting: Acting) -> SubscriberOnce:
    """Make another secret beside the one there is. Notices are signed with both until the older one is dropped."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        row = _mine(session, acting, slug)
        secret = notifying.add_secret(row, token=secrets.token_bytes)
        return SubscriberOnce(**_shown(session, row).model_dump(), secret=secret)


@ROUTER.delete("/subscribers/{slug}/secrets", summary="Drop the older secret")
def drop_secret(slug: str, using: Using, acting: Acting) -> Subscriber:
    """Sign with the older of two secrets no more."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        row = _mine(session, acting, slug)
        notifying.drop_secret(row)
        return _shown(session, row)


@ROUTER.post("/subscribers/{slug}/test", status_code=202, summary="Send a test notice")
def test(slug: str, using: Using, acting: Acting) -> Notice:
    """Send a notice of the type `subscriber.test`, which says nothing of anybody."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        row = _mine(session, acting, slug)
        return _notices(session, [notifying.try_out(session, row, now=using.now())])[0]


@ROUTER.get("/notices", summary="List notices")
def notices(
    using: Using,
    acting: Acting,
    paging: Paging,
    subscriber: Annotated[str | None, Query(description="Only notices to this subscriber.")] = None,
    state: Annotated[Literal["waiting", "delivered", "dead"] | None, Query(description="Only notices in this state.")] = None,
) -> Page[Notice]:
    """List the notices to the subscribers of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Notice).join(tables.Subscriber), acting, column=tables.Subscriber.issuer_id)
    with using.reading() as session:
        if subscriber is not None:
            found = notifying.find(session, subscriber)
            access.require(acting, access.READ, issuer_id=found.issuer_id)
            query = query.where(tables.Notice.subscriber_id == found.id)
        if state is not None:
            query = query.where(tables.Notice.state == state)
        rows, after = paging.page(session, query, key=tables.Notice.id)
        return Page(items=_notices(session, rows), next=after)


@ROUTER.post("/notices/{uuid}/resend", summary="Send a notice again")
def resend(uuid: UUID, using: Using, acting: Acting) -> Notice:
    """Send a notice again that was given up, or delivered, under the same id."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        row, subscriber = notifying.notice(session, uuid)
        access.require(acting, access.CONNECT, issuer_id=subscriber.issuer_id)
        return _notices(session, [notifying.resend(session, row, now=using.now())])[0]


def _mine(session: Session, acting: access.Actor, slug: str) -> tables.Subscriber:
    row = notifying.find(session, slug, for_update=True)
    access.require(acting, access.CONNECT, issuer_id=row.issuer_id)
    return row


def _check(using: Service, url: str) -> None:
    if not using.settings.reach.allows(url):
        detail = "The address must be https, at a public name and the usual port. Operators can allow more: WEBHOOK_ALLOW_PRIVATE_NETWORKS."
        raise problem.Invalid.of((problem.Finding(detail, "/url"),))


def _shown(session: Session, row: tables.Subscriber) -> Subscriber:
    return Subscriber(
        slug=row.slug,
        issuer=session.get_one(tables.Issuer, row.issuer_id).slug,
        url=row.url,
        events=list(row.events),
        state=row.state,  # type: ignore[arg-type]  # the database holds no other
        reason=row.reason,
        secrets=len(row.secrets),
        created_at=row.created_at,
        last_at=row.last_at,
        last_status=row.last_status,
        last_reason=row.last_reason,
    )


def _notices(session: Session, rows: Sequence[tables.Notice]) -> list[Notice]:
    """Return notices as they are shown, with two further statements."""
    award, subscriber = tables.Award, tables.Subscriber
    awards = session.execute(select(award.id, award.uuid).where(award.id.in_([row.award_id for row in rows if row.award_id])))
    slugs = session.execute(select(subscriber.id, subscriber.slug).where(subscriber.id.in_({row.subscriber_id for row in rows})))
    uuid_of, slug_of = {found.id: found.uuid for found in awards}, {found.id: found.slug for found in slugs}
    return [_notice(row, slug_of[row.subscriber_id], uuid_of.get(row.award_id or 0)) for row in rows]


def _notice(row: tables.Notice, subscriber: str, award: UUID | None) -> Notice:
    return Notice(
        id=row.uuid,
        subscriber=subscriber,
        type=row.type,
        award=award,
        state=row.state,  # type: ignore[arg-type]  # the database holds no other
        attempts=row.attempts,
        status=row.status,
        reason=row.reason,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
