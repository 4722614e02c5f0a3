"""That a learner has earned an achievement, and what is said of how."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from badgeissuer import problem
from badgeissuer.awarding import roster
from badgeissuer.openbadges import model, results
from badgeissuer.vc import instant, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from badgeissuer.store import tables
    from badgeissuer.vc.document import JsonObject

ONCE = roster.ONCE
MOMENTS = ("awarded_at", "valid_until", "activity_start", "activity_end")
_SAID = ("results", "evidence", "credits_earned", "narrative", "term", "license_number", "license_prefix", "learning_event_id")


@dataclass(frozen=True, slots=True)
class Randomness:
    """Where unpredictable values come from.

    Attributes:
        randrange: `randrange(n)` gives a number from 0 to n - 1.
        token: `token(n)` gives a URL-safe text of n random bytes.
    """

    randrange: Callable[[int], int]
    token: Callable[[int], str]


SYSTEM = Randomness(secrets.randbelow, secrets.token_urlsafe)
"""The operating system's randomness."""


@dataclass(frozen=True, slots=True)
class Decision:
    """That a learner has earned an achievement.

    Attributes:
        awarded_at: When it was earned.
        email: The address to issue to; one that the issuer knows already where None.
        did: The DID to issue to, likewise.
        scope: A second award of the same achievement needs another scope (a term, a course run).
        results: Open Badges results; fragments are resolved.
        evidence: Open Badges evidence.
        credits_earned: As the achievement counts credits.
        narrative: What is said of this learner.
        valid_until: When the badge ends.
        source_id: The LMS it came from, with the rule and event that led to it.
        rule_id: See `source_id`.
        learning_event_id: See `source_id`.
        term: The term in which it was earned.
        license_number: The number of the licence that goes with it.
        license_prefix: What such a number begins with, where it is made here.
        activity_start: When the activity began, with `activity_end`.
        activity_end: When it ended.
        approvals: How many people have to agree.
        held_until: Before this moment nothing is issued.
        doubts: What a person has to look at first, in plain sentences; at least one has to agree then.
    """

    awarded_at: datetime
    email: str | None = None
    did: str | None = None
    scope: str = ONCE
    results: Sequence[JsonObject] = ()
    evidence: Sequence[JsonObject] = ()
    credits_earned: float | None = None
    narrative: str | None = None
    valid_until: datetime | None = None
    source_id: int | None = None
    rule_id: int | None = None
    learning_event_id: int | None = None
    term: str | None = None
    license_number: str | None = None
    license_prefix: str | None = None
    activity_start: datetime | None = None
    activity_end: datetime | None = None
    approvals: int = 0
    held_until: datetime | None = None
    doubts: Sequence[str] = ()


def check_end(decision: Decision, *, now: datetime) -> None:
    """Raise `problem.Invalid` where the badge would be over before it begins."""
    if decision.valid_until is not None and decision.valid_until <= now:
        raise problem.Invalid.of((problem.Finding("The badge would end before it begins; valid_until must lie ahead.", "/valid_until"),))


def offer(decision: Decision) -> JsonObject:
    """Return what a decision says, as JSON, for `reissue`."""
    moments = {name: getattr(decision, name) for name in MOMENTS}
    said = {name: getattr(decision, name) for name in _SAID}
    lists = {name: list(said[name]) for name in ("results", "evidence")}
    return said | lists | {name: moment and instant.write(moment) for name, moment in moments.items()}


def claims(decision: Decision, version: tables.AchievementVersion, *, known: dict[bytes, list[JsonObject]] | None = None) -> dict[str, Any]:
    """Return what a decision says of the learner, completed and checked, as it is kept in the award.

    Args:
        decision: What was decided.
        version: The achievement.
        known: Results for this version that were found good before, by their JSON; those of this decision are added.

    Raises:
        problem.Invalid: A result or a piece of evidence does not fit.
    """
    known = {} if known is None else known
    key = orjson.dumps(decision.results)
    completed = known.get(key)
    if completed is None:
        completed = known[key] = _results(decision.results, version)
    evidence = [{"type": ["Evidence"]} | dict(item) for item in decision.evidence]
    _require_members(model.Evidence, "evidence", evidence)
    texts = {"evidence": evidence, "narrative": decision.narrative}
    _require(shape.gate({name: value for name, value in texts.items() if value}))  # now, while there is somebody to mend it
    said = {"results": completed, "evidence": evidence, "credits": decision.credits_earned, "narrative": decision.narrative}
    return said | _seldom(decision)


def _seldom(decision: Decision) -> JsonObject:
    """Return what few badges say, without what this one does not."""
    texts = {"term": decision.term, "license_number": decision.license_number, "doubts": list(decision.doubts) or None}
    moments = {"activity_start": decision.activity_start, "activity_end": decision.activity_end}
    return {name: value for name, value in texts.items() if value} | {name: instant.write(at) for name, at in moments.items() if at}


def _results(given: Sequence[JsonObject], version: tables.AchievementVersion) -> list[JsonObject]:
    completed = results.complete(given, version.document)
    _require_members(model.Result, "results", completed)
    _require(shape.gate({"results": completed} if completed else {}))
    _require(results.check(completed, version.document, prefix="/results"))
    return completed


def _require_members(kind: type[model.View], name: str, items: Sequence[JsonObject]) -> None:
    for place, item in enumerate(items):
        pointer = f"/{name}/{place}"
        _require(model.findings_of(kind, item, prefix=pointer) + model.unknown_members(kind, item, prefix=pointer))


def _require(findings: tuple[problem.Finding, ...]) -> None:
    if findings:
        raise problem.Invalid.of(findings)
