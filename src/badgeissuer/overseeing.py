"""What staff see at a glance: the sources that deliver, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import access
from badgeissuer.store import recorder, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

WAITING = ("needs_identity", "needs_approval", "failed")
"""States of awards that somebody has to do something about."""


LATELY = 10
"""Events and rejections of a source that are shown."""
MOST_REVIEWS = 100
"""Open reviews that are shown at once."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source, and when it was last heard of.

    Attributes:
        slug: Its slug.
        name: Its name.
        adapter: What reads it.
        is_signed: Whether its deliveries prove who sent them.
        state: `active` or `disabled`.
        delivered_at: When the last delivery was kept; None where none was.
        failed: Deliveries that could not be processed.
    """

    slug: str
    name: str
    adapter: str
    is_signed: bool
    state: str
    delivered_at: datetime | None
    failed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows.

    Attributes:
        sources: The sources that the actor may see, by name.
        waiting: State → how many awards are in it.
        reviews: Reviews that nobody has closed.
        issued: Awards that were issued.
    """

    sources: tuple[SourceSeen, ...]
    waiting: dict[str, int]
    reviews: int
    issued: int


def overview(session: Session, actor: access.Actor) -> Overview:
    """Return what an actor sees first: of one unit, where their token is bound to one."""
    access.require(actor, access.READ)
    table = tables.Award
    counts = select(table.state, func.count()).where(access.is_visible(actor, table.issuer_id)).group_by(table.state)
    states = {row[0]: row[1] for row in session.execute(counts)}
    review = tables.Review
    reviews = select(func.count()).where(review.state == "open", access.is_visible(actor, review.issuer_id))
    waiting = {state: states[state] for state in WAITING if state in states}
    return Overview(_sources(session, actor), waiting, session.scalar(reviews) or 0, states.get("issued", 0))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came from a source lately.

    Attributes:
        source: The source.
        events: Its last events, the newest first, each with the decisions on it.
        rejections: Its last deliveries that were not taken, the newest first.
    """

    source: tables.Source
    events: tuple[tuple[tables.LearningEvent, Sequence[tables.Decision]], ...]
    rejections: tuple[tables.Rejection, ...]


def recorded(session: Session, source: tables.Source) -> Recorded:
    """Return what came from a source lately."""
    event, rejection = tables.LearningEvent, tables.Rejection
    events = session.scalars(select(event).where(event.source_id == source.id).order_by(event.id.desc()).limit(LATELY)).all()
    rejected = select(rejection).where(rejection.source_id == source.id).order_by(rejection.id.desc()).limit(LATELY)
    return Recorded(source, tuple((row, recorder.decisions(session, row)) for row in events), tuple(session.scalars(rejected)))


@dataclass(frozen=True, slots=True)
class Doubted:
    """An open review, with what is needed to judge it.

    Attributes:
        review: The review.
        achievement: The name of the achievement.
        learner: Whom the badge was issued to.
    """

    review: tables.Review
    achievement: str
    learner: str


def doubted(session: Session, actor: access.Actor) -> tuple[Doubted, ...]:
    """Return the open reviews that an actor may see, oldest first."""
    review, award = tables.Review, tables.Award
    query = select(review, award).join(award, award.id == review.award_id).where(review.state == "open")
    rows = session.execute(query.where(access.is_visible(actor, review.issuer_id)).order_by(review.id).limit(MOST_REVIEWS))
    return tuple(_doubted(session, *row) for row in rows)


def _doubted(session: Session, review: tables.Review, award: tables.Award) -> Doubted:
    achievement = session.get_one(tables.AchievementVersion, award.achievement_version_id).document["name"]
    return Doubted(review, str(achievement), str(award.claims["email"] or award.claims["did"] or "no address yet"))


def _sources(session: Session, actor: access.Actor) -> tuple[SourceSeen, ...]:
    table, delivery = tables.Source, tables.Delivery
    last = select(func.max(delivery.received_at)).where(delivery.source_id == table.id).scalar_subquery()
    failed = select(func.count()).where(delivery.source_id == table.id, delivery.state == "failed").scalar_subquery()
    seen = select(table, last, failed).where(access.is_visible(actor, table.issuer_id)).order_by(table.name, table.id)
    return tuple(
        SourceSeen(row.slug, row.name, row.adapter, row.signature["scheme"] != "none", row.state, moment, count)
        for row, moment, count in session.execute(seen)
    )
