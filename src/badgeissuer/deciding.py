"""What events earn: each is put before the rules of its source, together with what else the sender has said of the same thing.

    standing    of all that the sender has said of a learner and an item, what counts now: the newest of each type, unless it was taken back
                or withdrawn since
    awarded     a rule holds for what stands
    reviewed    what earned a badge does not stand any more: somebody is asked, and nothing is revoked by itself

The badges that nobody has to review depend on what was said and on when it happened, not on the order in which it came. To that end the
decisions on one learner are made one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import issuing, recognising, reviewing
from badgeissuer.awarding import event, rule
from badgeissuer.store import tables
from badgeissuer.vc import jsonld

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.vc.document import JsonObject

_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
MOST_SAID = 100
"""Events about one learner and item that are looked at, the newest ones: what is older was overtaken long ago."""
_OVERTAKEN = "Not awarded because the sender has taken it back, or has said something newer of the same."
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


def decide(
    session: Session,
    found: tables.Source,
    happened: event.LearningEvent,
    stored: tables.LearningEvent,
    *,
    randomness: issuing.Randomness,
    now: datetime,
) -> None:
    """Put an event that is stored before every rule of its source that has not decided on it, and keep each decision with its reason.

    Args:
        session: A writing session.
        found: The source.
        happened: The event.
        stored: Its row.
        randomness: Where unpredictable values come from.
        now: The moment.
    """
    decided = select(tables.Decision.rule_id).where(tables.Decision.learning_event_id == stored.id)
    active = (tables.Rule.source_id == found.id, tables.Rule.state == "active", tables.Rule.id.not_in(decided))
    rules = session.scalars(select(tables.Rule).where(*active).order_by(tables.Rule.id)).all()
    if not rules and not happened.voids and not happened.withdraws:  # what takes back is heard whether a rule holds now or not
        return
    taken_back = _taken_back(session, stored)
    learner = _learner(session, found, happened, taken_back, now=now)
    stored.learner_id = learner.id if learner else None
    session.flush()
    reviewing.look_back(session, stored, happened, issuer_id=found.issuer_id, now=now)
    standing = _standing(session, taken_back or stored) if learner else []
    case = _Case(session, found, stored, randomness, now)
    for row in rules:
        if learner is None:
            decision = case.decision(row, reason="Not awarded because the event names no learner.")
        elif taken_back is None and stored not in standing:
            decision = case.decision(
                row, reason="Not awarded because the sender has taken it back, or has said something newer of the same."
            )
        else:
            decision = case.decide(row, learner, standing if taken_back else [stored])
        session.add(decision)
    session.flush()
    if learner and (happened.learner.email or happened.learner.did):
        _supply(session, found, learner, randomness=randomness, now=now)


@dataclass(frozen=True, slots=True)
class _Case:
    """What the decisions on one event have in common."""

    session: Session
    source: tables.Source
    stored: tables.LearningEvent
    randomness: issuing.Randomness
    now: datetime

    def decision(self, row: tables.Rule, *, reason: str, outcome: str = "not_awarded", award_id: int | None = None) -> tables.Decision:
        """Return a decision, which is not stored by that."""
        return tables.Decision(
            learning_event_id=self.stored.id, rule_id=row.id, outcome=outcome, reason=reason, decided_at=self.now, award_id=award_id
        )

    def decide(self, row: tables.Rule, learner: tables.Learner, standing: Sequence[tables.LearningEvent]) -> tables.Decision:
        """Return what a rule makes of what stands, after awarding or asking for a review."""
        when, reason = rule.parse(row.when), "Not awarded because nothing of it stands any more."
        for ground in standing:
            happened = event.LearningEvent.from_json(ground.document)
            verdict = rule.evaluate(when, happened)
            reason = verdict.reason
            if isinstance(verdict, rule.Awarded):
                return self._awarded(row, learner, ground, happened, reason=reason)
        reviewing.changed(self.session, self.stored, row, learner, reason=reason, now=self.now)
        return self.decision(row, reason=reason)

    def _awarded(
        self, row: tables.Rule, learner: tables.Learner, ground: tables.LearningEvent, happened: event.LearningEvent, *, reason: str
    ) -> tables.Decision:
        award, is_new = _award(
            self.session, self.source, happened, learner, row=row, stored=ground, randomness=self.randomness, now=self.now
        )
        if not is_new and award.rule_id == row.id:
            award.learning_event_id = ground.id  # on which it rests from now on
            reviewing.settle(self.session, award, now=self.now)
        waiting = award.state == "needs_identity"
        outcome = "already_awarded" if not is_new else "needs_identity" if waiting else "awarded"
        return self.decision(row, reason=reason, outcome=outcome, award_id=award.id)


def _supply(session: Session, found: tables.Source, learner: tables.Learner, *, randomness: issuing.Randomness, now: datetime) -> None:
    """Queue what waits for an address of the learner, who has one now, whatever else the event is worth; but not what is in doubt."""
    table = tables.Award
    doubted = select(tables.Review.award_id).where(tables.Review.state == "open")
    waiting = (table.learner_id == learner.id, table.issuer_id == found.issuer_id, table.state == "needs_identity")
    rows = session.scalars(select(table).where(*waiting, table.id.not_in(doubted)).order_by(table.id)).all()
    if rows:
        email, did = recognising.address(session, learner)
        for row in rows:
            issuing.supply(session, row, email=email, did=did, randomness=randomness, now=now)


def _taken_back(session: Session, stored: tables.LearningEvent) -> tables.LearningEvent | None:
    """Return the event that an event takes back; None where it takes none back, or one that has not come yet."""
    if stored.voids is None:
        return None
    table = tables.LearningEvent
    return session.scalar(select(table).where(table.source_id == stored.source_id, table.key == stored.voids))


def _learner(
    session: Session, found: tables.Source, happened: event.LearningEvent, taken_back: tables.LearningEvent | None, *, now: datetime
) -> tables.Learner | None:
    """Return the learner of an event, whose other events wait until this one is decided on; None where it names nobody."""
    if taken_back is not None and taken_back.learner_id is not None:
        return session.get_one(tables.Learner, taken_back.learner_id, with_for_update=True)
    if not recognising.identities(happened.learner, authority=found.slug):
        return None
    learner = recognising.recognise(session, happened.learner, issuer_id=found.issuer_id, authority=found.slug, now=now)
    return session.get_one(tables.Learner, learner.id, with_for_update=True)


def _standing(session: Session, one: tables.LearningEvent) -> list[tables.LearningEvent]:
    """Return what counts now of all that the source has said of the learner and the item of an event, the newest first."""
    table = tables.LearningEvent
    said = [one]
    if one.learner_id is not None and one.item is not None:
        same = (table.source_id == one.source_id, table.learner_id == one.learner_id, table.item == one.item)
        newest = func.coalesce(table.occurred_at, table.created_at).desc()
        said = list(session.scalars(select(table).where(*same).order_by(newest, table.key.desc()).limit(MOST_SAID)))
        said += [] if one in said else [one]
    voided = set(session.scalars(select(table.voids).where(table.source_id == one.source_id, table.voids.in_([item.key for item in said]))))
    standing: dict[str, tables.LearningEvent] = {}
    counting = (item for item in said if item.key not in voided and item.voids is None)
    for item in sorted(counting, key=reviewing.when, reverse=True):
        if item.document.get("withdraws"):
            break
        standing.setdefault(item.type, item)
    return list(standing.values())


def _award(
    session: Session,
    found: tables.Source,
    happened: event.LearningEvent,
    learner: tables.Learner,
    *,
    row: tables.Rule,
    stored: tables.LearningEvent,
    randomness: issuing.Randomness,
    now: datetime,
) -> tuple[tables.Award, bool]:
    achievement = session.get_one(tables.Achievement, row.achievement_id)
    decision = issuing.Decision(
        awarded_at=min(happened.occurred_at or now, now),  # a sender's clock may run ahead of ours; nothing is earned in the future
        email=happened.learner.email,
        did=happened.learner.did,
        evidence=_evidence(happened.evidence),
        credits_earned=happened.credits,
        source_id=found.id,
        rule_id=row.id,
        learning_event_id=stored.id,
    )
    return issuing.award(session, achievement, learner=learner, decision=decision, randomness=randomness, now=now)


def _is_web_address(url: str) -> bool:
    return bool(_WEB_ADDRESS.match(url) and jsonld.ABSOLUTE_IRI.fullmatch(url))


def _evidence(items: Sequence[event.EvidenceClaim]) -> list[JsonObject]:
    """Return the evidence that can stand in a badge: what has a web address, each once, named without control characters."""
    found: dict[str, JsonObject] = {}
    for item in items:
        if item.url and _is_web_address(item.url):
            name = _CONTROL.sub(" ", item.name or "").strip()
            found.setdefault(item.url, {"id": item.url, "type": ["Evidence"]} | ({"name": name} if name else {}))
    return list(found.values())
