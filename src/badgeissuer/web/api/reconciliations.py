"""Reconciling: who completed a course, compared with who has the badge, and the missing issued."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import Field, SecretStr
from sqlalchemy.orm import Session

from badgeissuer import access, problem, recognising, reconciling, rostering
from badgeissuer.awarding import completion
from badgeissuer.net import listing
from badgeissuer.store import tables
from badgeissuer.web import strict
from badgeissuer.web.api import rosters
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using

ROUTER = APIRouter(prefix="/api/reconciliations", tags=["reconciliations"], responses=PROBLEMS)
MOST = 1000
"""Learners of each kind that are told; all are counted."""
_PIECE = 256 * 1024
Way = Literal["events", "awards"]
CourseName = Annotated[str, Field(min_length=1, max_length=reconciling.MAX_NAME)]


class Pull(Shape):
    """Where to get the list; the token is used for this once and kept nowhere."""

    kind: Literal["canvas", "moodle"]
    url: Annotated[str, Field(min_length=1, max_length=2048)]
    course: Annotated[str | None, Field(max_length=100, description="The platform's own id of the course, where it is another one.")] = None
    token: SecretStr


class NewReconciliation(Shape):
    """A course, and the platform that is asked who completed it."""

    source: Slug
    course: CourseName
    achievement: Slug
    type: Annotated[str | None, Field(max_length=255)] = None
    issue: Way | None = None
    pull: Pull


class Listed(Shape):
    """Somebody on the list: the row, what names them, when they completed it, and what there is to say."""

    row: int
    learner: str
    name: str | None
    completed_at: Moment | None
    reason: str
    award: UUID | None = None


class Extra(Shape):
    """Somebody who has the badge and is not on the list. Nothing happens to it."""

    learner: str
    award: UUID


class Reconciliation(Shape):
    """How a list differs from what was awarded. Of each kind at most 1,000 are told, and all are counted.

    `missing` have no award; of `unfinished` the award waits, failed, was cancelled or revoked. `deliveries` and `batch` say what was handed
    in, where that was asked for.
    """

    source: str
    course: str
    achievement: str
    type: str
    listed: int
    has: int
    counts: dict[str, int]
    missing: list[Listed]
    unfinished: list[Listed]
    extra: list[Extra]
    deliveries: int | None = None
    batch: UUID | None = None


_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": NewReconciliation.model_json_schema(ref_template="#/components/schemas/{model}")},
        **{
            name: {"schema": {"type": "string", "description": "A list of completions; its first row names the columns."}}
            for name in rosters.SHEETS
        },
    },
}


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    source: str
    course: str
    achievement: str
    type: str | None
    issue: Way | None


def _order(
    source: Annotated[Slug | None, Query(description="Which one should have told of it, where the body is a sheet.")] = None,
    course: Annotated[CourseName | None, Query(description="Its id in the words of the source, where the body is a sheet.")] = None,
    achievement: Annotated[Slug | None, Query(description="What it earns, where the body is a sheet.")] = None,
    kind: Annotated[
        str | None, Query(alias="type", max_length=255, description="The event's name; as the rules ask for it if none.")
    ] = None,
    issue: Annotated[Way | None, Query(description="Hand in the missing: as events before the rules, or as awards past them.")] = None,
) -> Order | None:
    """Return what the address asks for; None where it does not say which."""
    return Order(source, course, achievement, kind, issue) if source and course and achievement else None


@ROUTER.post(
    "", summary="Compare who completed a course with who has the badge", openapi_extra={"requestBody": _BODY}, response_model=Reconciliation
)
async def create(
    request: Request,
    using: Using,
    acting: Acting,
    asked: rosters.Asked,
    order: Annotated[Order | None, Depends(_order)],
) -> Response:
    """Compare a list of completions, sent as a sheet or pulled from Canvas or Moodle, with the awards of an achievement.

    Without `issue` nothing is stored. With `events` the missing become events of the source, which its rules decide on; the same list again
    makes no new ones. With `awards` they are awarded as a roster is.
    """
    access.require(acting, access.ISSUE)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/json":
        body = await run_in_threadpool(strict.read, NewReconciliation, await request.body())
        order = Order(body.source, body.course, body.achievement, body.type, body.issue)
        return await run_in_threadpool(_pulled, using, acting, order, body.pull)
    if media not in rosters.SHEETS:
        raise HTTPException(415, f"Send the body as {rosters.SHEETS[0]} or as application/json.")
    if order is None:
        raise problem.Invalid("Say which in the address: /api/reconciliations?source=…&course=…&achievement=…")
    with TemporaryFile() as file:
        await rosters.receive(request, file.write)
        return await run_in_threadpool(_sent, using, acting, order, file, asked)


def _sent(using: Service, acting: access.Actor, order: Order, file: IO[bytes], asked: rostering.Asked) -> Response:
    _require(using, acting, order)
    file.seek(0)
    return _reconciled(using, acting, order, reconciling.read(iter(functools.partial(file.read, _PIECE), b""), asked))


def _pulled(using: Service, acting: access.Actor, order: Order, pull: Pull) -> Response:
    _require(using, acting, order)
    place = listing.Place(pull.kind, pull.url, pull.course or order.course, pull.token.get_secret_value())
    return _reconciled(using, acting, order, pulled(using, place))


def pulled(using: Service, place: listing.Place) -> list[completion.Completion]:
    """Return the completions that a platform lists."""
    lister = listing.Lister(using.settings.reach)
    try:
        return lister.completions(place)
    finally:
        lister.close()


def _require(using: Service, acting: access.Actor, order: Order) -> None:
    """Refuse what may not be done before anything is read or asked."""
    with using.reading() as session:
        _course(session, acting, order)


def _course(session: Session, acting: access.Actor, order: Order) -> reconciling.Course:
    what = reconciling.course(session, order.source, order.achievement, name=order.course, kind=order.type)
    access.require(acting, access.ISSUE, issuer_id=what.source.issuer_id)
    return what


def _reconciled(using: Service, acting: access.Actor, order: Order, listed: list[completion.Completion]) -> Response:
    with using.reading() as session:
        shown = _shown(session, _course(session, acting, order), listed)
    if order.issue is not None:
        with using.writing() as session:
            what = _course(session, acting, order)
            missing = reconciling.compare(session, what, listed).missing
            if order.issue == "events":
                shown.deliveries = reconciling.feed(session, what, missing, actor=acting.name, now=using.now())
            else:
                shown.batch = reconciling.award(session, what, missing, actor=acting.name, now=using.now()).uuid
        using.wake()
    return JSONResponse(shown.model_dump(mode="json"))


def _shown(session: Session, what: reconciling.Course, listed: list[completion.Completion]) -> Reconciliation:
    found = reconciling.compare(session, what, listed)
    counts = {"missing": len(found.missing), "unfinished": len(found.unfinished), "extra": len(found.extra)}
    return Reconciliation(
        source=what.source.slug,
        course=what.course,
        achievement=what.achievement.slug,
        type=what.kind,
        listed=found.listed,
        has=found.has,
        counts=counts,
        missing=[_listed(item.completion, item.reason) for item in found.missing[:MOST]],
        unfinished=[_listed(item.completion, item.reason, item.award.uuid) for item in found.unfinished[:MOST]],
        extra=[Extra(learner=label(session, row), award=row.uuid) for row in found.extra[:MOST]],
    )


def _listed(item: completion.Completion, reason: str, award: UUID | None = None) -> Listed:
    return Listed(row=item.row, learner=item.label, name=item.name, completed_at=item.completed_at, reason=reason, award=award)


def label(session: Session, row: tables.Award) -> str:
    """Return the learner of an award as a person would look for them."""
    found = row.claims["email"] or row.claims["did"] or recognising.source_id(session, session.get_one(tables.Learner, row.learner_id))
    return str(found or "")
