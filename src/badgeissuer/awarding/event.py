"""The normalised learning event: what every adapter makes of a delivery, and all that a rule may look at."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import rfc8785

from badgeissuer import problem
from badgeissuer.awarding import time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class LearnerClaim:
    """Who the event is about, in the words of the sender; nothing here has been matched to a person yet.

    Attributes:
        source_id: The platform's own id of the learner.
        sis_id: The id in the campus register, if the platform knows it.
        email: An address that passed a check of its form, else None.
        name: The display name.
        did: A decentralised identifier of the learner.
        orcid: The ORCID iD, its sixteen digits in groups of four.
        aliases: Further forms of `source_id` that the platform has for the same person, such as a global beside a local id.
    """

    source_id: str | None
    sis_id: str | None
    email: str | None
    name: str | None
    did: str | None = None
    orcid: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultClaim:
    """What was achieved; every part may be missing.

    Attributes:
        raw: The score as given.
        max: The highest score that was possible.
        scaled: The score as a share, usually 0 to 1; more where a platform gives extra credit.
        letter: The grade as text.
        status: The state in the sender's words, such as "passed" or "completed".
        passed: Whether the sender says that it was passed.
    """

    raw: float | None
    max: float | None
    scaled: float | None
    letter: str | None
    status: str | None
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class EvidenceClaim:
    """A piece of work that the sender names as evidence."""

    url: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class LearningEvent:
    """One thing that one learner did.

    Attributes:
        key: What makes this event the same event when it comes again: the sender's id or a hash of the content.
        type: The event's name in the sender's words.
        occurred_at: When it happened, UTC; None where the sender does not say.
        course: The course's id as a person at that platform would write it.
        courses: Every form of that course's id: local id, global id, register id, code.
        run: The course run or term.
        learner: Who.
        result: How well.
        credits: The credits earned.
        evidence: The pieces of work named.
        item: What the sender would speak of again if the result changed: a grade item, an activity, a course. A later event of the same
            type about the same learner and item takes the place of an earlier one.
        withdraws: Whether it says, whatever its type, that what was reached in `item` counts no more: a certificate was revoked.
        voids: The key of the event of the same source that this one takes back.
        started_at: When the activity began, UTC.
        pointer: Where in the delivery's value the event stands (RFC 6901), for conditions on what was not normalised.
        series: What later events of the same item replace, where that is not their own type: of "passed" and "failed" the later one stands.
        level: The level of a badge that was issued here, in its framework: the EQF level 6 is 6.
    """

    key: str
    type: str
    occurred_at: datetime | None
    course: str | None
    courses: tuple[str, ...]
    run: str | None
    learner: LearnerClaim
    result: ResultClaim
    credits: float | None
    evidence: tuple[EvidenceClaim, ...]
    item: str | None = None
    withdraws: bool = False
    voids: str | None = None
    started_at: datetime | None = None
    pointer: str = ""
    series: str | None = None
    level: float | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the event as a JSON object that `from_json` reads back to an equal event."""
        return asdict(self) | {
            "occurred_at": None if self.occurred_at is None else self.occurred_at.isoformat(),
            "started_at": None if self.started_at is None else self.started_at.isoformat(),
            "learner": asdict(self.learner) | {"aliases": list(self.learner.aliases)},
            "courses": list(self.courses),
            "evidence": [asdict(item) for item in self.evidence],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, JsonValue]) -> LearningEvent:
        """Return the event that `to_json` wrote.

        Raises:
            problem.Malformed: when the object is not one that `to_json` wrote.
        """
        try:
            return _from_json(value)
        except (KeyError, TypeError) as error:
            raise problem.Malformed("The stored event has members missing or too many. Read the delivery again.") from error

    def field(self, name: str) -> object:
        """Return the value of a field that a rule may name; None where the event does not have it.

        Of a course it is the one id in `course`; a condition looks at all its forms (see `forms`).

        Raises:
            problem.Invalid: for a name that is not in `FIELDS`.
        """
        if name not in FIELDS:
            raise problem.Invalid(f'No event has a field "{name[:64]}". Use one of {", ".join(FIELDS)}.')
        return FIELDS[name](self)

    def forms(self, name: str) -> tuple[object, ...]:
        """Return all the values that count as the field's value: for "course" every form of its id, else one or none.

        Raises:
            problem.Invalid: for a name that is not in `FIELDS`.
        """
        value = self.field(name)
        single = () if value is None else (value,)
        return tuple(dict.fromkeys((*single, *self.courses))) if name == "course" else single


FIELDS: Mapping[str, Callable[[LearningEvent], object]] = MappingProxyType(
    {
        "type": lambda event: event.type,
        "course": lambda event: event.course,
        "run": lambda event: event.run,
        "item": lambda event: event.item,
        "learner.email": lambda event: event.learner.email,
        "result.scaled": lambda event: share(event.result.raw, event.result.max) if event.result.scaled is None else event.result.scaled,
        "result.raw": lambda event: event.result.raw,
        "result.max": lambda event: event.result.max,
        "result.passed": lambda event: event.result.passed,
        "result.letter": lambda event: event.result.letter,
        "result.status": lambda event: event.result.status,
        "credits": lambda event: event.credits,
        "level": lambda event: event.level,
        "occurred_at": lambda event: event.occurred_at,
        "started_at": lambda event: event.started_at,
    },
)
"""The names that conditions use, and where their values stand."""


def content_key(content: Mapping[str, JsonValue]) -> str:
    """Return the key of an event whose sender gives it no id: SHA-256, hex, of its RFC 8785 form.

    Raises:
        problem.Malformed: when the content has no canonical form (a lone surrogate, an integer beyond 2^53, too deep).
    """
    try:
        return hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest()
    except (ValueError, RecursionError) as error:
        raise problem.Malformed("The event has no canonical form: a string or a number in it is not allowed in JSON.") from error


def share(raw: float | None, most: float | None) -> float | None:
    """Return `raw` as a share of `most`; None where that is unknown or no finite number."""
    if raw is None or most is None or most <= 0:
        return None
    scaled = raw / most
    return scaled if math.isfinite(scaled) else None


def _from_json(value: Mapping[str, Any]) -> LearningEvent:
    members = dict(value)
    moments = [members.pop(name, None) for name in ("occurred_at", "started_at")]
    occurred_at, started_at = (None if moment is None else time.parse(moment) for moment in moments)
    learner = dict(members.pop("learner"))
    return LearningEvent(
        occurred_at=occurred_at,
        started_at=started_at,
        courses=tuple(members.pop("courses")),
        learner=LearnerClaim(**learner | {"aliases": tuple(learner.get("aliases", ()))}),
        result=ResultClaim(**members.pop("result")),
        evidence=tuple(EvidenceClaim(**item) for item in members.pop("evidence")),
        **members,
    )
