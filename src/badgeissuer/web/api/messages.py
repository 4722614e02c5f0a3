"""Messages: what learners are told by e-mail, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, delivering, issuing, problem
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Page, Paging, Shape, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/messages", tags=["messages"], route_class=StrictRoute, responses=PROBLEMS)
State = Literal["waiting", "sent", "bounced", "failed", "cancelled"]


class NewMessage(Shape):
    """The award of which its learner is to be told."""

    award: UUID


class Message(Shape):
    """A message to a learner. `status` and `reason` are the last words of the mail server, or ours."""

    id: UUID
    award: UUID
    email: str | None
    state: State
    copies: Annotated[int, Field(description="How often it was ordered to be sent.")]
    attempts: int
    status: int | None
    reason: str | None
    created_at: Moment
    sent_at: Moment | None


class Bounce(Shape):
    """What came back."""

    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


@ROUTER.post("", status_code=201, summary="Tell a learner of a badge")
def create(body: NewMessage, using: Using, acting: Acting) -> Message:
    """Write to the learner of an award that was issued while nobody was written to."""
    access.require(acting, access.ISSUE)
    if not using.site.tells_learners:
        raise problem.Conflict("This service writes to nobody: BADGEISSUER_SMTP_URL is not set.")
    with using.writing() as session:
        award = issuing.find(session, body.award)
        access.require(acting, access.ISSUE, issuer_id=award.issuer_id)
        return _shown(session, [delivering.add(session, award, now=using.now())])[0]


@ROUTER.get("", summary="List messages")
def listed(
    using: Using,
    acting: Acting,
    paging: Paging,
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
    award: Annotated[UUID | None, Query(description="Only the message of this award.")] = None,
) -> Page[Message]:
    """List the messages of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Message), acting, column=tables.Message.issuer_id)
    with using.reading() as session:
        if award is not None:
            query = query.where(tables.Message.award_id == issuing.find(session, award).id)
        if state is not None:
            query = query.where(tables.Message.state == state)
        rows, after = paging.page(session, query, key=tables.Message.id)
        return Page(items=_shown(session, rows), next=after)


@ROUTER.get("/{uuid}", summary="Show a message")
def show(uuid: UUID, using: Using, acting: Acting) -> Message:
    """Show one message."""
    with using.reading() as session:
        row = _found(session, acting, uuid, access.READ)
        return _shown(session, [row])[0]


@ROUTER.post("/{uuid}/resend", summary="Send a message again")
def resend(uuid: UUID, using: Using, acting: Acting) -> Message:
    """Send another copy of a message that does not wait to be sent already."""
    access.require(acting, access.ISSUE)
    with using.writing() as session:
        row = _found(session, acting, uuid, access.ISSUE)
        return _shown(session, [delivering.resend(session, row, now=using.now())])[0]


@ROUTER.post("/{uuid}/bounced", summary="Note that a message came back")
def bounced(uuid: UUID, body: Bounce, using: Using, acting: Acting) -> Message:
    """Note that a message came back after it was sent, and why: for what reads the mailbox of the sender."""
    access.require(acting, access.ISSUE)
    with using.writing() as session:
        row = _found(session, acting, uuid, access.ISSUE)
        return _shown(session, [delivering.bounced(session, row, reason=body.reason)])[0]


def _found(session: Session, acting: access.Actor, uuid: UUID, action: str) -> tables.Message:
    row = delivering.find(session, uuid)
    access.require(acting, action, issuer_id=row.issuer_id)
    return row


def _shown(session: Session, rows: Sequence[tables.Message]) -> list[Message]:
    """Return messages as they are shown, with one further statement."""
    query = select(tables.Award).where(tables.Award.id.in_([row.award_id for row in rows]))
    awards = {award.id: award for award in session.scalars(query)}
    return [_message(row, awards[row.award_id]) for row in rows]


def _message(row: tables.Message, award: tables.Award) -> Message:
    return Message(
        id=row.uuid,
        award=award.uuid,
        email=award.claims["email"],
        state=row.state,  # type: ignore[arg-type]  # the database holds no other
        copies=row.copy + 1,
        attempts=row.attempts,
        status=row.status,
        reason=row.reason,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
