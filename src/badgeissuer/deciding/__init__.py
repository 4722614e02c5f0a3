"""What events earn: each is put before the rules that listen to its source, together with what else was said of the same learner.

    standing    what counts now of all that was said of a learner and an item (`standing`)
    grounds     which events are a part of what a rule needs; kept, so that what an award rests upon can be asked at any time
    awarded     as many grounds stand as the rule needs
    reviewed    what earned a badge does not stand any more: somebody is asked, and nothing is revoked unless the rule says so

The badges that nobody has to review depend on what was said and on when it happened, not on the order in which it came. To that end the
decisions on one learner are made one after the other, and learners are taken in one order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import issuing, recognising, standing
from badgeissuer.deciding.case import Case
from badgeissuer.deciding.rules import Heard, Listening, Raws, judge, listening, was_heard
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["Heard", "Listening", "Raws", "decide", "judge", "listening", "reweigh"]


def decide(
    session: Session,
    found: tables.Source,
    heard: Sequence[Heard],
    *,
    randomness: issuing.Randomness,
    now: datetime,
    only: int | None = None,
) -> None:
    """Put events that are stored before every rule that listens and has not decided on them, and keep each decision with its reason.

    Args:
        session: A writing session.
        found: The source that they are from.
        heard: The events.
        randomness: Where unpredictable values come from.
        now: The moment.
        only: The only rule that is asked.
    """
    rules = listening(session, found, only=only)
    if not rules and not any(one.happened.voids or one.happened.withdraws for one in heard) and not was_heard(session, found):
        return  # what takes back is heard whether a rule holds now or not, and so is everything where a rule has held before
    case = Case(session, found, rules, randomness, now)
    targets = {one.stored.id: _taken_back(session, one.stored) for one in heard}
    learners = _learners(session, found, heard, targets, case)
    case.prepare(heard)
    for one in sorted(heard, key=lambda one: standing.when(one.stored)):
        case.decide(one, targets[one.stored.id], learners.get(one.stored.learner_id or 0))
    case.finish()
    _supply(session, found, [one for one in heard if one.happened.learner.email or one.happened.learner.did], learners, case)


def reweigh(session: Session, learner_id: int, *, randomness: issuing.Randomness, now: datetime) -> None:
    """Ask of a learner, who was two before, whether what they have reached is enough for what rules with parts give."""
    learner = session.get_one(tables.Learner, learner_id, with_for_update=True)
    ground, table = tables.Ground, tables.LearningEvent
    grounds = select(ground.rule_id).join(table, table.id == ground.learning_event_id).where(table.learner_id == learner_id)
    for row in session.scalars(select(tables.Rule).where(tables.Rule.id.in_(grounds), tables.Rule.state == "active")).all():
        source = session.get_one(tables.Source, row.source_id)
        for active in listening(session, source, only=row.id):
            if active.said.parts is not None:
                case = Case(session, source, [active], randomness, now)
                case.weigh_again(active, learner)
                case.finish()


def _learners(
    session: Session,
    found: tables.Source,
    heard: Sequence[Heard],
    targets: Mapping[int, tables.LearningEvent | None],
    case: Case,
) -> dict[int, tables.Learner]:
    """Recognise the learners of events, as one after the other, and lock them: always in one order, so that no two wait for each other.

    What takes back is about the learner of what it takes back, whoever it names: it may be a teacher who does so.
    """
    _recognise(session, found, [one for one in heard if targets[one.stored.id] is None], now=case.now)
    taking = [one for one in heard if targets[one.stored.id] is not None]
    for one in taking:
        one.stored.learner_id = _first_target(one.stored, targets).learner_id
    _recognise(session, found, [one for one in taking if one.stored.learner_id is None], now=case.now)
    session.flush()
    table, ids = tables.Learner, {one.stored.learner_id for one in heard}
    locked = session.scalars(select(table).where(table.id.in_(ids)).order_by(table.id).with_for_update()) if ids - {None} else ()
    learners = {row.id: row for row in locked}
    addresses = recognising.addresses(session, set(learners))  # now that nobody else can change them
    case.addresses = {number: (own.get("email"), own.get("did")) for number in learners for own in (addresses.get(number, {}),)}
    return learners


def _recognise(session: Session, found: tables.Source, heard: Sequence[Heard], *, now: datetime) -> None:
    """Say of events whom they are about, where they name anybody."""
    named = [one for one in heard if recognising.identities(one.happened.learner, authority=found.slug)]
    claims = [one.happened.learner for one in named]
    recognised = recognising.recognise_together(session, claims, issuer_id=found.issuer_id, authority=found.slug, now=now)
    for one, who in zip(named, recognised, strict=True):
        one.stored.learner_id = who.learner_id


def _first_target(stored: tables.LearningEvent, targets: Mapping[int, tables.LearningEvent | None]) -> tables.LearningEvent:
    """Return what an event takes back, or, where that takes back something itself, what that does."""
    seen, last = {stored.id}, stored
    while (target := targets.get(last.id)) is not None and target.id not in seen:
        seen.add(target.id)
        last = target
    return last


def _supply(session: Session, found: tables.Source, heard: Iterable[Heard], learners: Mapping[int, tables.Learner], case: Case) -> None:
    """Let what waits for an address of a learner, who has one now, go on, whatever else the event is worth."""
    table, ids = tables.Award, learners.keys() & {one.stored.learner_id for one in heard}
    waiting = (table.learner_id.in_(ids), table.issuer_id == found.issuer_id, table.state == "needs_identity")
    for row in session.scalars(select(table).where(*waiting).order_by(table.learner_id, table.id)).all() if ids else ():
        email, did = recognising.address(session, learners[row.learner_id])
        issuing.supply(session, row, email=email, did=did, randomness=case.randomness, now=case.now)


def _taken_back(session: Session, stored: tables.LearningEvent) -> tables.LearningEvent | None:
    """Return the event that an event takes back; None where it takes none back, or one that has not come yet."""
    if stored.voids is None:
        return None
    table = tables.LearningEvent
    return session.scalar(select(table).where(table.source_id == stored.source_id, table.key == stored.voids))
