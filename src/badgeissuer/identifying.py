"""Who is who, where the sources do not say enough: what waits for an address, and learners who may be one person.

    needed     an award waits because nobody knows where to issue it to; somebody, or a table, says who the learner is
    question   something named two learners at once; somebody says whether they are one person. Nobody is merged without that.

Never by name: two people may be called the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from badgeissuer import access, issuing, problem, recognising
from badgeissuer.awarding import idmap
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.awarding import event

WAITING = "needs_identity"
Outcome = Literal["named", "known", "question"]


@dataclass(frozen=True, slots=True)
class By:
    """Who says who is who, when, and why."""

    actor: str
    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What came of saying who a learner is.

    Attributes:
        outcome: `named`: they have a name that they had not; `known`: all of it was known; `question`: it is another learner's.
        learner_id: The learner.
        issuing: How many awards that waited are being issued now.
    """

    outcome: Outcome
    learner_id: int
    issuing: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a table: rows by their outcome, and the badges that are being issued now."""

    named: int
    known: int
    question: int
    issuing: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A learner for whom awards wait.

    Attributes:
        learner: The learner.
        names: What they are known by.
        awards: What waits, oldest first, each with the slug of its achievement.
    """

    learner: tables.Learner
    names: Sequence[tables.LearnerIdentity]
    awards: Sequence[tuple[tables.Award, str]]


def unit_of(session: Session, learner_id: int) -> int:
    """Return the issuing unit whose learner it is.

    Raises:
        problem.NotFound: There is no such learner.
    """
    for table in (tables.LearnerIdentity, tables.Award):
        found = session.scalar(select(table.issuer_id).where(table.learner_id == learner_id).order_by(table.id).limit(1))
        if found is not None:
            return int(found)
    change = tables.IdentityChange
    found = session.scalar(select(change.issuer_id).where(change.from_learner_id == learner_id).limit(1))  # who was merged has nothing left
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    return found


def names(session: Session, learner_id: int) -> Sequence[tables.LearnerIdentity]:
    """Return what a learner is known by, oldest first."""
    table = tables.LearnerIdentity
    return session.scalars(select(table).where(table.learner_id == learner_id).order_by(table.id)).all()


def waiting(session: Session, learner: tables.Learner) -> Waiting:
    """Return what waits for a learner."""
    award, achievement = tables.Award, tables.Achievement
    query = select(award, achievement.slug).join(achievement, achievement.id == award.achievement_id)
    rows = session.execute(query.where(award.learner_id == learner.id, award.state == WAITING).order_by(award.id))
    return Waiting(learner, names(session, learner.id), [(row, slug) for row, slug in rows])


def tell(session: Session, source: tables.Source, claim: event.LearnerClaim, *, by: By, randomness: issuing.Randomness) -> Told:
    """Take what somebody says of whom a source has an id for; who was never heard of is remembered for when an event comes.

    Raises:
        problem.Invalid: There is no id of the source.
    """
    if not claim.source_id:
        raise problem.Invalid("Say the id that the source has for the learner.")
    said = recognising.identities(claim, authority=source.slug)
    owned = recognising.owners(session, source.issuer_id, set(said))
    learner_id = owned.get(said[0])
    if learner_id is not None:
        return name(session, learner_id, claim, issuer_id=source.issuer_id, authority=source.slug, by=by, randomness=randomness)
    learner_id = recognising.recognise(session, claim, issuer_id=source.issuer_id, authority=source.slug, now=by.now).id
    _note_named(session, learner_id, [item for item in said if item not in owned], issuer_id=source.issuer_id, by=by)
    is_taken = _taken(session, learner_id, said, issuer_id=source.issuer_id, by=by)
    return Told("question" if is_taken else "named", learner_id, supply(session, learner_id, randomness=randomness, now=by.now))


def take(session: Session, rows: Sequence[idmap.Row], actor: access.Actor, *, by: By, randomness: issuing.Randomness) -> Taken:
    """Take the rows of a table, all or none.

    Raises:
        problem.Invalid: A row names a source that there is not, or of another unit; each of them has a finding.
    """
    table = tables.Source
    query = select(table).where(table.slug.in_({row.source for row in rows}), access.is_visible(actor, table.issuer_id))
    sources = {source.slug: source for source in session.scalars(query)}
    strange = [
        problem.Finding(f"Row {row.line}, column source: there is no source {row.source[:64]!r}.", f"/rows/{row.line}/source")
        for row in rows
        if row.source not in sources
    ]
    if strange:
        raise problem.Invalid.of(tuple(strange[: idmap.MAX_FINDINGS]))
    told = [tell(session, sources[row.source], row.claim, by=by, randomness=randomness) for row in rows]
    counts = Counter(item.outcome for item in told)
    return Taken(counts["named"], counts["known"], counts["question"], sum(item.issuing for item in told))


def name(
    session: Session, learner_id: int, claim: event.LearnerClaim, *, issuer_id: int, authority: str, by: By, randomness: issuing.Randomness
) -> Told:
    """Add what a claim says of a learner to what they are known by, and issue what waited for it; a name of somebody else's stays theirs.

    Args:
        session: A writing session.
        learner_id: The learner.
        claim: What is said.
        issuer_id: The unit that is told so.
        authority: As for `recognising.identities`.
        by: Who says so.
        randomness: Where unpredictable values come from.

    Raises:
        problem.Invalid: Nothing is said.
    """
    said = recognising.identities(claim, authority=authority)
    if not said:
        raise problem.Invalid("Say an e-mail address, a DID, an ORCID iD or an id of the campus register.")
    session.get_one(tables.Learner, learner_id, with_for_update=True)
    added = []
    for item in said:
        values = {"kind": item.kind, "authority": item.authority, "value": item.value}
        row = tables.LearnerIdentity(learner_id=learner_id, issuer_id=issuer_id, created_at=by.now, **values)
        if engine.add_if_new(session, row):
            added.append(item)
    taken = _taken(session, learner_id, said, issuer_id=issuer_id, by=by)
    if added:
        _note_named(session, learner_id, added, issuer_id=issuer_id, by=by)
    count = supply(session, learner_id, randomness=randomness, now=by.now)
    return Told("question" if taken else "named" if added else "known", learner_id, count)


def _note_named(session: Session, learner_id: int, added: Sequence[recognising.Identity], *, issuer_id: int, by: By) -> None:
    details = {"names": [as_json(item) for item in added]}
    row = tables.IdentityChange(
        issuer_id=issuer_id, kind="named", actor=by.actor, reason=by.reason, to_learner_id=learner_id, created_at=by.now, details=details
    )
    session.add(row)
    session.flush()


def as_json(item: recognising.Identity | tables.LearnerIdentity) -> dict[str, str]:
    """Return a name as it is kept in the history."""
    return {"kind": item.kind, "source": item.authority, "value": item.value}


def supply(session: Session, learner_id: int, *, randomness: issuing.Randomness, now: datetime) -> int:
    """Let what waits for an address of a learner go on, who has one now, but not what is in doubt; return how many badges are issued now.

    What needs an approval besides, or is on hold, waits for that.
    """
    table, doubted = tables.Award, select(tables.Review.award_id).where(tables.Review.state == "open")
    query = select(table).where(table.learner_id == learner_id, table.state == WAITING, table.id.not_in(doubted)).order_by(table.id)
    email, did = recognising.address(session, session.get_one(tables.Learner, learner_id))
    rows = session.scalars(query).all() if email or did else ()
    for row in rows:
        issuing.supply(session, row, email=email, did=did, randomness=randomness, now=now)
    return sum(row.state == "pending" for row in rows)


def _taken(session: Session, learner_id: int, said: Sequence[recognising.Identity], *, issuer_id: int, by: By) -> bool:
    """Ask whether they are one person where a name is another learner's; return whether one is."""
    others = set(recognising.owners(session, issuer_id, set(said)).values()) - {learner_id}
    for other in sorted(others):
        ask(session, learner_id, other, issuer_id=issuer_id, reason=f"{by.actor} named both at once.", event_id=None, now=by.now)
    return bool(others)


def doubt(
    session: Session, said: Sequence[tuple[event.LearnerClaim, tables.LearningEvent]], *, source: tables.Source, now: datetime
) -> None:
    """Ask whether learners are one person whom an event names at once."""
    named = [(recognising.identities(claim, authority=source.slug), stored) for claim, stored in said]
    named = [(names, stored) for names, stored in named if len(names) > 1]
    owned = recognising.owners(session, source.issuer_id, {name for names, _ in named for name in names})
    for names, stored in named:
        owners = sorted({owned[name] for name in names if name in owned})
        for other in owners[1:]:
            reason = f"An event of the source {source.slug} named both at once."
            ask(session, owners[0], other, issuer_id=source.issuer_id, reason=reason, event_id=stored.id, now=now)


def ask(session: Session, one: int, other: int, *, issuer_id: int, reason: str, event_id: int | None, now: datetime) -> None:
    """Ask whether two learners are one person; what was asked before, whatever was answered, is not asked again.

    Args:
        session: A writing session.
        one: The one learner.
        other: The other one.
        issuer_id: Their unit.
        reason: Why they may be one, as a sentence.
        event_id: The event that says so, where one does.
        now: The moment.
    """
    first, second = sorted((one, other))
    row = tables.IdentityQuestion(
        issuer_id=issuer_id, learner_id=first, other_learner_id=second, reason=reason, learning_event_id=event_id, created_at=now
    )
    engine.add_if_new(session, row)


def question(session: Session, question_id: int) -> tables.IdentityQuestion:
    """Return a question, or raise `problem.NotFound`."""
    row = session.get(tables.IdentityQuestion, question_id)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def keep_apart(session: Session, row: tables.IdentityQuestion, *, by: By) -> None:
    """Answer that two learners are two people.

    Raises:
        problem.Conflict: The question was answered before.
    """
    session.refresh(row, with_for_update=True)
    if row.state != "open":
        raise problem.Conflict(f"This question was answered before: {row.state}, by {row.closed_by}.")
    close(row, "apart", by=by)
    session.flush()


def close(row: tables.IdentityQuestion, state: str, *, by: By) -> None:
    """Note the answer to a question: a state, and who says so."""
    row.state, row.note, row.closed_by, row.closed_at = state, by.reason, by.actor, by.now
