"""Why did, or didn't, this learner get the badge? Out of what was kept of every event, decision and award."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import problem, reviewing, status
from badgeissuer.openbadges import identity
from badgeissuer.store import recorder, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST = 200
"""Events and awards of one learner that are told, the newest ones."""
STATES = {
    "pending": "is about to be issued",
    "needs_identity": "waits for an address to issue to",
    "needs_approval": "waits for an approval",
    "on_hold": "is on hold",
    "issued": "is issued",
    "failed": "could not be issued",
    "cancelled": "was cancelled",
}
"""What is said of an award in each state, wherever one is shown to a person."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a name may mean.

    Attributes:
        id: Their row.
        name: What they were called when they were first heard of.
        issuer: The slug of the unit that was told the name.
        known_as: What the name is: `source_id`, `sis_id`, `orcid`, `email` or `did`.
        source: The slug of the source that has this id for them; empty where it is no id of a source.
    """

    id: int
    name: str | None
    issuer: str
    known_as: str
    source: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of a learner.

    Attributes:
        summary: One sentence that answers the question.
        events: What sources said of them, oldest first, each with the decisions on it.
        awards: Their awards, oldest first, each with its reviews.
    """

    summary: str
    events: tuple[tuple[tables.LearningEvent, Sequence[tables.Decision]], ...]
    awards: tuple[tuple[tables.Award, Sequence[tables.Review]], ...]


def people(
    session: Session, learner: str, *, issuer_id: int | None = None, source: tables.Source | None = None, person: int | None = None
) -> tuple[Person, ...]:
    """Return whom a name may mean: the same id at two sources, or the same address at two units, need not be the same person.

    Args:
        session: A reading session.
        learner: An e-mail address, a DID or an id that some source has for them.
        issuer_id: Within this issuer only, where one is given.
        source: Only whom this source calls so, or its unit where it is no id of a source.
        person: Only this one.
    """
    known, unit = tables.LearnerIdentity, tables.Issuer
    query = select(known, tables.Learner.name, unit.slug).join(tables.Learner, tables.Learner.id == known.learner_id)
    query = query.join(unit, unit.id == known.issuer_id).where(known.value.in_({learner, identity.normal_email(learner)}))
    if issuer_id is not None:
        query = query.where(known.issuer_id == issuer_id)
    if source is not None:
        query = query.where(known.issuer_id == source.issuer_id, known.authority.in_(("", source.slug)))
    found: dict[int, Person] = {}
    for row, name, slug in session.execute(query.order_by(known.authority == "", known.id)):
        if person in {None, row.learner_id}:
            found.setdefault(row.learner_id, Person(row.learner_id, name, slug, row.kind, row.authority))
    of_source = tuple(one for one in found.values() if one.source) if source is not None else ()
    return of_source or tuple(found.values())


@dataclass(frozen=True, slots=True)
class Names:
    """What rules and awards are for.

    Attributes:
        rules: The row of a rule → the slug of what it awards.
        achievements: The row of an achievement → its name.
    """

    rules: dict[int, str]
    achievements: dict[int, str]


def names(session: Session, found: Explained) -> Names:
    """Return what the rules and awards in an explanation are for."""
    rule, achievement = tables.Rule, tables.Achievement
    asked = {decision.rule_id for _, decisions in found.events for decision in decisions}
    query = select(rule.id, achievement.slug).join(achievement, achievement.id == rule.achievement_id).where(rule.id.in_(asked))
    earned = {
        award.achievement_id: str(session.get_one(tables.AchievementVersion, award.achievement_version_id).document["name"])
        for award, _ in found.awards
    }
    return Names({row.id: row.slug for row in session.execute(query)}, earned)


def explain(
    session: Session,
    learner: str,
    *,
    issuer_id: int | None = None,
    achievement: tables.Achievement | None = None,
    source: tables.Source | None = None,
    person: int | None = None,
) -> Explained:
    """Return why a learner has a badge, or has none.

    Args:
        session: A reading session.
        learner: An e-mail address, a DID or an id that some source has for them.
        issuer_id: Within this issuer only, where one is given.
        achievement: Only awards of this one, and decisions of rules for it.
        source: Whom this source calls so, where several are called so.
        person: Which of them it is, by `Person.id`.

    Raises:
        problem.NotFound: Nobody is known by that name.
        problem.Conflict: Several are; `findings` says who.
    """
    meant = people(session, learner, issuer_id=issuer_id, source=source, person=person)
    if not meant:
        raise problem.NotFound("Nobody is known here by that address or id: no event about them has come, or it names them otherwise.")
    if len(meant) > 1:
        findings = tuple(problem.Finding(f"{_known_as(one)}: ask with person={one.id}.") for one in meant)
        raise problem.Conflict(
            f"{len(meant)} people are known here by that address or id. Say whom you mean with source=… or person=…", findings=findings
        )
    ids = {meant[0].id}
    events = tuple((event, recorder.decisions(session, event, achievement=achievement)) for event in _events(session, ids))
    awards = tuple((award, reviewing.of_award(session, award)) for award in _awards(session, ids, achievement))
    return Explained(_summary(session, events, awards), events, awards)


def _known_as(one: Person) -> str:
    where = f"source {one.source}" if one.source else f"issuing unit {one.issuer}"
    return f"Person {one.id}, known by this {one.known_as} to {where}"


def _events(session: Session, learners: set[int]) -> list[tables.LearningEvent]:
    table = tables.LearningEvent
    newest = select(table).where(table.learner_id.in_(learners)).order_by(table.id.desc()).limit(MOST)
    return list(reversed(session.scalars(newest).all()))


def _awards(session: Session, learners: set[int], achievement: tables.Achievement | None) -> list[tables.Award]:
    table = tables.Award
    newest = select(table).where(table.learner_id.in_(learners)).order_by(table.id.desc()).limit(MOST)
    if achievement is not None:
        newest = newest.where(table.achievement_id == achievement.id)
    return list(reversed(session.scalars(newest).all()))


def _summary(
    session: Session,
    events: Sequence[tuple[tables.LearningEvent, Sequence[tables.Decision]]],
    awards: Sequence[tuple[tables.Award, Sequence[tables.Review]]],
) -> str:
    """Return the sentence that answers the question: of the newest award, or of the newest decision."""
    if awards:
        award, reviews = awards[-1]
        if award.state == "issued":
            place = status.revocation(session, award.credential_uuid)
            if place is not None:
                return f"They had the badge, and it was revoked: {place.reason}"
            doubted = any(review.state == "open" for review in reviews)
            return "They have the badge" + (", but what earned it does not hold any more: a review is open." if doubted else ".")
        what = "award" if award.state == "cancelled" else "badge"
        return f"They earned it, but the {what} {STATES[award.state]}." + (f" {award.reason}" if award.reason else "")
    decisions = [decision for _, found in events for decision in found]
    if decisions:
        return f"They have not earned it. The newest decision: {decisions[-1].reason}"
    return "Events about them have come, but no rule looked at them." if events else "No event about them has come."
