"""What staff see at a glance: the sources that deliver, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from badgeissuer import access, approving, connecting, deciding, problem, reminding
from badgeissuer.awarding import event, trigger
from badgeissuer.store import recorder, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pydantic import JsonValue
    from sqlalchemy import Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

WAITING = ("needs_identity", "needs_approval", "failed")
"""States of awards that somebody has to do something about."""


LATELY = 10
"""Events and rejections of a source that are shown."""
MOST_REVIEWS = 100
"""Open reviews that are shown at once."""
MOST_EVENTS = 100
"""Events of one delivery that are shown."""
A_PAGE = 50
"""What came that is shown on one page."""
Row = TypeVar("Row", tables.LearningEvent, tables.Delivery, tables.Rejection)


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
        questions: Pairs of learners who may be one person.
        unsent: Messages to learners that came back or could not be sent.
        due: Achievements that are to be reviewed within 180 days.
        overdue: Achievements that should have been reviewed.
    """

    sources: tuple[SourceSeen, ...]
    waiting: dict[str, int]
    reviews: int
    issued: int
    questions: int
    unsent: int = 0
    due: int = 0
    overdue: int = 0


def overview(session: Session, actor: access.Actor, *, now: datetime) -> Overview:
    """Return what an actor sees first: of one unit, where their token is bound to one."""
    access.require(actor, access.READ)
    table = tables.Award
    counts = select(table.state, func.count()).where(access.is_visible(actor, table.issuer_id)).group_by(table.state)
    states = {row[0]: row[1] for row in session.execute(counts)}
    review = tables.Review
    reviews = select(func.count()).where(review.state == "open", access.is_visible(actor, review.issuer_id))
    waiting = {state: states[state] for state in WAITING if state in states}
    pair = tables.IdentityQuestion
    questions = select(func.count()).where(pair.state == "open", access.is_visible(actor, pair.issuer_id))
    issued, doubts, pairs = states.get("issued", 0), session.scalar(reviews) or 0, session.scalar(questions) or 0
    message = tables.Message
    unsent = select(func.count()).where(message.state.in_(("bounced", "failed")), access.is_visible(actor, message.issuer_id))
    near = reminding.coming(session, access.is_visible(actor, tables.Achievement.issuer_id), now=now)
    overdue = sum(one.review.state == "overdue" for one in near)
    late = session.scalar(unsent) or 0
    return Overview(sources(session, actor), waiting, doubts, issued, pairs, late, len(near) - overdue, overdue)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came from a source lately.

    Attributes:
        source: The source.
        events: Its last events, the newest first, each with the decisions on it.
        rejections: Its last deliveries that were not taken, the newest first.
        deliveries: Its last deliveries that were taken, the newest first.
        rules: Its rules, oldest first, each with the slug of its achievement.
        listening: The active rules that listen to it, also for a part only.
        achievements: Those that a rule for it could award, by name: slug and name.
    """

    source: tables.Source
    events: tuple[tuple[tables.LearningEvent, Sequence[tables.Decision]], ...]
    rejections: tuple[tables.Rejection, ...]
    deliveries: tuple[tables.Delivery, ...]
    rules: tuple[tuple[tables.Rule, str], ...]
    listening: tuple[deciding.Listening, ...]
    achievements: tuple[tuple[str, str], ...]

    def would(self, happened: tables.LearningEvent) -> tuple[tuple[tables.Rule, str, str], ...]:
        """Return the active rules that an event would satisfy by itself, each with the slug of its achievement and the reason."""
        heard = deciding.Heard(event.LearningEvent.from_json(happened.document), happened)
        verdicts = ((one, one.judge(number, heard)) for one in self.listening for number in one.pieces)
        return tuple((one.row, one.slug, verdict.reason) for one, verdict in verdicts if isinstance(verdict, trigger.Awarded))


def like(happened: tables.LearningEvent) -> list[JsonValue]:
    """Return the conditions that an event satisfies, and others of its type and course with it."""
    conditions: list[JsonValue] = [{"field": "type", "op": "eq", "value": happened.type}]
    return conditions + ([{"field": "course", "op": "eq", "value": happened.course}] if happened.course else [])


def recorded(session: Session, source: tables.Source) -> Recorded:
    """Return what came from a source lately."""
    happened, rejection, kept = tables.LearningEvent, tables.Rejection, tables.Delivery
    events = session.scalars(select(happened).where(happened.source_id == source.id).order_by(happened.id.desc()).limit(LATELY)).all()
    rejected = select(rejection).where(rejection.source_id == source.id).order_by(rejection.id.desc()).limit(LATELY)
    taken = session.scalars(select(kept).where(kept.source_id == source.id).order_by(kept.id.desc()).limit(LATELY))
    decided = tuple((row, recorder.decisions(session, row)) for row in events)
    return Recorded(
        source,
        decided,
        tuple(session.scalars(rejected)),
        tuple(taken),
        _rules(session, source),
        tuple(deciding.listening(session, source)),
        _awardable(session, source),
    )


def published(session: Session, actor: access.Actor) -> Sequence[tables.Achievement]:
    """Return the achievements that may be awarded, of the units that the actor may see, by slug."""
    table = tables.Achievement
    query = access.visible(select(table), actor, column=table.issuer_id)
    return session.scalars(query.where(table.id.in_(select(tables.AchievementVersion.achievement_id))).order_by(table.slug)).all()


def _rules(session: Session, source: tables.Source) -> tuple[tuple[tables.Rule, str], ...]:
    table, achievement = tables.Rule, tables.Achievement
    query = select(table, achievement.slug).join(achievement, achievement.id == table.achievement_id)
    return tuple((row, slug) for row, slug in session.execute(query.where(table.source_id == source.id).order_by(table.id)))


def _awardable(session: Session, source: tables.Source) -> tuple[tuple[str, str], ...]:
    """Return the published achievements of a source's unit."""
    table, version = tables.Achievement, tables.AchievementVersion
    query = (
        select(table.slug, version.document).join(version, version.achievement_id == table.id).where(table.issuer_id == source.issuer_id)
    )
    found = {slug: str(document["name"]) for slug, document in session.execute(query.order_by(version.version))}
    return tuple(sorted(found.items(), key=lambda item: item[1].casefold()))


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """An award that people have to agree to.

    Attributes:
        award: The award.
        achievement: The name of the achievement.
        learner: Whom the badge is for.
        approvals: Who has agreed.
    """

    award: tables.Award
    achievement: str
    learner: str
    approvals: Sequence[tables.Approval]


def to_approve(session: Session, actor: access.Actor) -> tuple[Waiting, ...]:
    """Return the awards that an actor may see and that wait for people to agree, oldest first."""
    award = tables.Award
    query = select(award).where(award.state == "needs_approval", access.is_visible(actor, award.issuer_id))
    rows = session.scalars(query.order_by(award.id).limit(MOST_REVIEWS)).all()
    return tuple(Waiting(row, *_named(session, row), approving.approvals(session, row)) for row in rows)


def _doubted(session: Session, review: tables.Review, award: tables.Award) -> Doubted:
    return Doubted(review, *_named(session, award))


def _named(session: Session, award: tables.Award) -> tuple[str, str]:
    """Return what an award is of, and whom it is for."""
    achievement = session.get_one(tables.AchievementVersion, award.achievement_version_id).document["name"]
    return str(achievement), str(award.claims["email"] or award.claims["did"] or "no address yet")


def sources(session: Session, actor: access.Actor) -> tuple[SourceSeen, ...]:
    """Return the sources that an actor may see, by name."""
    table, delivery = tables.Source, tables.Delivery
    last = select(func.max(delivery.received_at)).where(delivery.source_id == table.id).scalar_subquery()
    failed = select(func.count()).where(delivery.source_id == table.id, delivery.state == "failed").scalar_subquery()
    seen = select(table, last, failed).where(access.is_visible(actor, table.issuer_id)).order_by(table.name, table.id)
    return tuple(
        SourceSeen(row.slug, row.name, row.adapter, row.signature["scheme"] != "none", row.state, moment, count)
        for row, moment, count in session.execute(seen)
    )


@dataclass(frozen=True, slots=True)
class Processed:
    """A delivery, with all that became of it.

    Attributes:
        delivery: The delivery.
        source: Where it is from.
        events: What it said, each with the decisions on it.
        awards: The awards that the decisions led to, by their row, each with the slug and the name of its achievement.
    """

    delivery: tables.Delivery
    source: tables.Source
    events: tuple[tuple[tables.LearningEvent, Sequence[tables.Decision]], ...]
    awards: dict[int, Earned]


@dataclass(frozen=True, slots=True)
class Earned:
    """An award, and what for."""

    award: tables.Award
    slug: str
    achievement: str


def delivery(session: Session, delivery_id: int, actor: access.Actor, *, action: str = access.READ) -> tables.Delivery:
    """Return a delivery of a source with which the actor may do `action`.

    Raises:
        problem.NotFound: There is none that they may know of.
        problem.Forbidden: The role does not allow it.
    """
    access.require(actor, action)
    row = session.get(tables.Delivery, delivery_id)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    access.require(actor, action, issuer_id=session.get_one(tables.Source, row.source_id).issuer_id)
    return row


def processed(session: Session, row: tables.Delivery) -> Processed:
    """Return what became of a delivery."""
    table = tables.LearningEvent
    events = session.scalars(select(table).where(table.delivery_id == row.id).order_by(table.id).limit(MOST_EVENTS)).all()
    decided = tuple((one, recorder.decisions(session, one)) for one in events)
    awards = {decision.award_id for _, found in decided for decision in found if decision.award_id}
    earned = {award_id: _earned(session, award_id) for award_id in awards}
    return Processed(row, session.get_one(tables.Source, row.source_id), decided, earned)


def _earned(session: Session, award_id: int) -> Earned:
    award = session.get_one(tables.Award, award_id)
    version = session.get_one(tables.AchievementVersion, award.achievement_version_id)
    return Earned(award, session.get_one(tables.Achievement, award.achievement_id).slug, str(version.document["name"]))


def of_source(session: Session, actor: access.Actor, table: type[Row], slug: str | None = None) -> Select[Row]:
    """Return the query for what came from one source, or from all those that the actor may see; sources are joined.

    Raises:
        problem.NotFound: There is no such source that the actor may know of.
    """
    query = select(table).join(tables.Source, tables.Source.id == table.source_id)
    if slug is None:
        return access.visible(query, actor, column=tables.Source.issuer_id)
    found = connecting.source(session, slug)
    access.require(actor, access.READ, issuer_id=found.issuer_id)
    return query.where(tables.Source.id == found.id)


def origins(session: Session, happened: Sequence[tables.LearningEvent]) -> dict[int, tables.Source]:
    """Return the sources of events by their rows."""
    rows = session.scalars(select(tables.Source).where(tables.Source.id.in_({one.source_id for one in happened})))
    return {row.id: row for row in rows}


def newest(
    session: Session, query: Select[Row], *, key: InstrumentedAttribute[int], before: int | None
) -> tuple[Sequence[Row], int | None]:
    """Return a page of what came, the newest first, and what the next page is before; None at the end."""
    older = query if before is None else query.where(key < before)
    rows = session.scalars(older.order_by(key.desc()).limit(A_PAGE + 1)).all()
    return rows[:A_PAGE], getattr(rows[A_PAGE - 1], key.key) if len(rows) > A_PAGE else None
