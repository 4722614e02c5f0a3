"""Who completed a course and who has the badge: a list of the platform, compared with what was awarded; and the missing issued.

Some senders deliver at most once (Moodle's local_webhooks, openedx-webhooks): what gets lost on the way never comes again. What a list has
and no award, becomes events of that source, kept and put before its rules like any others, and marked as made here. Their keys are made of
what they say, so that the same list twice is the same events. Who wants to do without the rules awards the missing as a roster.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from badgeissuer import authoring, batching, connecting, intake, issuing, problem, recognising, rostering, status
from badgeissuer.awarding import adapter, columns, completion, roster, sheet, signature
from badgeissuer.store import spool, tables
from badgeissuer.vc import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

MAX_ROWS = 100_000
"""Completions of one course."""
MAX_FAULTS = 1000
MAX_NAME = adapter.MAX_ID
"""Characters of the id of a course."""
_TOGETHER = 250
"""Completions that are looked up at once, and events of a delivery."""
_NO_EVENT = "No event about them has come."
_NO_RULE = "Events about them have come, but no rule for this achievement has looked at them."


@dataclass(frozen=True, slots=True)
class Course:
    """What is reconciled.

    Attributes:
        source: The source that should have told of it.
        achievement: What it earns.
        course: Its id in the sender's words.
        kind: What the sender calls a completed course.
        has_rule: Whether a rule of the source awards the achievement now.
    """

    source: tables.Source
    achievement: tables.Achievement
    course: str
    kind: str
    has_rule: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Somebody who completed the course and has no award of it; why, as far as that is known; and an address to issue to."""

    completion: completion.Completion
    reason: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Somebody who completed the course and has an award, of which no badge counts now."""

    completion: completion.Completion
    award: tables.Award
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A list, compared with what was awarded.

    Attributes:
        listed: Completions on the list.
        has: How many of them have the badge.
        missing: Who has no award.
        unfinished: Who has one that is no badge, or none that counts: it waits, failed, was cancelled or revoked.
        extra: Awards of the course whose learners are not on the list; they are told, and nothing happens to them.
    """

    listed: int
    has: int
    missing: tuple[Missing, ...]
    unfinished: tuple[Unfinished, ...]
    extra: tuple[tables.Award, ...]


def course(session: Session, source: str, achievement: str, *, name: str, kind: str | None = None) -> Course:
    """Return what is to be reconciled.

    Args:
        session: A reading session.
        source: The slug of the source.
        achievement: The slug of the achievement.
        name: The course's id in the sender's words.
        kind: What the sender calls a completed course; what the rules ask for, or what such senders say, where None.

    Raises:
        problem.NotFound: There is no such source or achievement.
        problem.Conflict: They are of different issuers, or the achievement is not published.
        problem.Invalid: The course has no name.
    """
    found, earned = connecting.source(session, source), authoring.achievement(session, achievement)
    connecting.require_outside(found)
    if found.issuer_id != earned.issuer_id:
        raise problem.Conflict("The source and the achievement belong to different issuers.")
    issuing.version_of(session, earned)
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise problem.Invalid(f"Say which course, by the id that the sender has for it, in at most {MAX_NAME} characters.")
    table = tables.Rule
    rules = session.scalars(
        select(table)
        .join(tables.RuleSource, tables.RuleSource.rule_id == table.id)
        .where(tables.RuleSource.source_id == found.id, table.achievement_id == earned.id, table.state == "active")
        .order_by(table.id)
    ).all()
    kinds = [asked for rule in rules for asked in _kinds(rule.document)]
    default = completion.KINDS.get(found.adapter, completion.PLAIN_KIND)
    return Course(found, earned, name.strip(), kind or next(iter(kinds), default), bool(rules))


def _kinds(when: object) -> Iterator[str]:
    """Yield the event types that the conditions of a rule ask for."""
    if isinstance(when, dict):
        if when.get("field") == "type" and when.get("op") == "eq" and isinstance(when.get("value"), str):
            yield when["value"]
        for inner in when.values():
            yield from _kinds(inner)
    elif isinstance(when, list):
        for inner in when:
            yield from _kinds(inner)


def read(pieces: Iterable[bytes], asked: rostering.Asked) -> list[completion.Completion]:
    """Return the completions on a list, a sheet with columns of `completion.VOCABULARY`.

    Raises:
        problem.Malformed: It cannot be read.
        problem.TooLarge: It is too long.
        problem.Invalid: Its columns are not clear, or rows cannot be what they should be; the findings say which, all of them.
    """
    found = sheet.Sheet(pieces, asked.form)
    zone = rostering.zone_of(asked.zone)
    layout = columns.lay_out(
        found.header, (), told=asked.told, dates=asked.dates, zone=asked.zone, needed=completion.WHO, vocabulary=completion.VOCABULARY
    )
    reader, listed = completion.Reader(layout, zone=zone), []
    faults: list[problem.Finding] = []
    for number, row in found.rows():
        try:
            item = reader.read(number, row)
        except problem.Invalid as error:
            faults += error.findings
            if len(faults) >= MAX_FAULTS:
                break
            continue
        if item is not None:
            listed.append(item)
            if len(listed) > MAX_ROWS:
                raise problem.TooLarge(f"At most {MAX_ROWS:,} completions of a course are compared.")
    if faults:
        raise problem.Invalid.of(tuple(faults))
    return listed


def compare(session: Session, what: Course, listed: Sequence[completion.Completion]) -> Difference:
    """Return how a list differs from what was awarded."""
    has, missing, unfinished, learners = 0, [], [], set()
    for start in range(0, len(listed), _TOGETHER):
        some = listed[start : start + _TOGETHER]
        claims = [item.learner for item in some]
        owners, addresses = recognising.known_all(session, claims, issuer_id=what.source.issuer_id, authority=what.source.slug)
        awards = _awards(session, what, set(owners.values()))
        reasons = _reasons(session, what, set(owners.values()) - set(awards))
        for item, claim in zip(some, claims, strict=True):
            names = recognising.identities(claim, authority=what.source.slug)
            own = list(dict.fromkeys(owners[name] for name in names if name in owners))
            learners.update(own)
            best = next((awards[learner] for learner in own if learner in awards), None)
            if best is None:
                known = next(iter(own), None)
                address = addresses.get(known or 0, {}).get("email")
                missing.append(Missing(item, reasons.get(known or 0, _NO_EVENT), item.email or address))
            elif best[1] == "":
                has += 1
            else:
                unfinished.append(Unfinished(item, best[0], best[1]))
    return Difference(len(listed), has, tuple(missing), tuple(unfinished), _extra(session, what, learners))


def _awards(session: Session, what: Course, learners: set[int]) -> dict[int, tuple[tables.Award, str]]:
    """Return learner → the award that counts most, and why none does; an empty text where one does."""
    table = tables.Award
    query = select(table).where(table.achievement_id == what.achievement.id, table.learner_id.in_(learners)).order_by(table.id)
    rows = session.scalars(query).all() if learners else []
    ended = status.revoked(session, [row.credential_uuid for row in rows])
    found: dict[int, tuple[tables.Award, str]] = {}
    for row in rows:
        reason = "It was revoked." if row.credential_uuid in ended else "" if row.state == "issued" else _unfinished(row)
        if row.learner_id not in found or not reason:
            found[row.learner_id] = (row, reason)
    return found


_STATES = {
    "pending": "It is about to be issued.",
    "needs_identity": "It waits for an address to issue to.",
    "needs_approval": "It waits for an approval.",
    "on_hold": "It is on hold.",
    "failed": "It could not be issued.",
    "cancelled": "It was cancelled.",
}


def _unfinished(row: tables.Award) -> str:
    return _STATES.get(row.state, f"It is {row.state}.") + (f" {row.reason}" if row.reason else "")


def _reasons(session: Session, what: Course, learners: set[int]) -> dict[int, str]:
    """Return learner → why they were not awarded: what the newest decision on them says."""
    if not learners:
        return {}
    happened, decision, rule = tables.LearningEvent, tables.Decision, tables.Rule
    known = select(happened.learner_id).where(happened.learner_id.in_(learners), happened.source_id == what.source.id).distinct()
    found = {learner: _NO_RULE for learner in session.scalars(known) if learner is not None}
    decided = (
        select(happened.learner_id, decision.reason)
        .join(decision, decision.learning_event_id == happened.id)
        .join(rule, rule.id == decision.rule_id)
        .where(happened.learner_id.in_(learners), rule.achievement_id == what.achievement.id)
        .order_by(decision.id)
    )
    return found | {row[0]: row[1] for row in session.execute(decided) if row[0] is not None}


def _extra(session: Session, what: Course, learners: set[int]) -> tuple[tables.Award, ...]:
    table, happened = tables.Award, tables.LearningEvent
    query = select(table, happened.document).join(happened, happened.id == table.learning_event_id)
    own = query.where(table.achievement_id == what.achievement.id, table.source_id == what.source.id, table.state == "issued").order_by(
        table.id
    )
    return tuple(
        award
        for award, said in session.execute(own)
        if award.learner_id not in learners and what.course in {said["course"], *said["courses"]}
    )


def feed(session: Session, what: Course, missing: Sequence[Missing], *, actor: str, now: datetime) -> int:
    """Keep the missing as events of the source, for a worker to put before its rules; return how many deliveries are new.

    Raises:
        problem.Conflict: No rule of the source awards the achievement, or the source is disabled.
    """
    if not what.has_rule:
        raise problem.Conflict(
            f"No rule of the source {what.source.slug} awards {what.achievement.slug}. Make one, or award the missing directly."
        )
    if what.source.state != "active":
        raise problem.Conflict(f"The source {what.source.slug} is disabled.")
    events = sorted(
        (completion.happened(item.completion, kind=what.kind, course=what.course) for item in missing), key=lambda item: item.key
    )
    new = 0
    for start in range(0, len(events), _TOGETHER):
        some = tuple(events[start : start + _TOGETHER])
        payload = completion.pack(some)
        verified = signature.Verified(payload, f"reconciled:{hashlib.sha256(payload).hexdigest()}")
        examined = intake.Examined(what.source.id, what.source.success_status, verified, {completion.RECONCILED: actor}, some)
        new += intake.keep(session, examined, now=now).is_new
    return new


def award(session: Session, what: Course, missing: Sequence[Missing], *, actor: str, now: datetime) -> tables.Batch:
    """Hand the missing in as a roster, past the rules: those whom an address is known of; return the batch.

    Raises:
        problem.Conflict: Of nobody an address is known.
    """
    rows = [_row(item) for item in missing if item.email]
    if not rows:
        raise problem.Conflict(
            "Of none of the missing an e-mail address is known. Add them to the list, or let events go before the rules."
        )
    with spool.Spool() as lines:
        for row in rows:
            lines.feed(json.dumps(row, sort_keys=True).encode() + b"\n")
        lines.end()
        key = f"reconciled:{what.source.slug}:{lines.sha256}"
        return batching.create(session, what.achievement, rows=lines, key=key, actor=actor, now=now)


def _row(item: Missing) -> dict[str, Any]:
    said = item.completion
    learner = {"email": item.email} | ({"name": said.name[: adapter.MAX_NAME]} if said.name else {})
    return {"learner": learner, "scope": roster.ONCE} | ({"awarded_at": instant.write(said.completed_at)} if said.completed_at else {})
