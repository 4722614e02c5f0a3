"""Our own event shape, for senders that sign as Standard Webhooks describes and can choose what they send.

    {"type", "timestamp",
     "data": {"event_id", "completed_at",
              "learner": {"id", "email", "name", "sis_id", "did"}, "course": {"id", "code", "run", "title"},
              "result": {"status", "score", "max", "scaled", "letter"}, "credits": {"earned", "unit"}, "evidence": [{"url", "name"}]}}

Only `type` and `data.learner` with one of `id`, `email`, `sis_id` and `did` are needed. Unknown members are no error; wrong types are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import pydantic

from badgeissuer import problem
from badgeissuer.awarding import event, time

if TYPE_CHECKING:
    from badgeissuer.awarding import incoming

_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, strict=True, extra="ignore")


class Learner(_Part):
    """Who; at least one of the ids."""

    id: str | None = None
    email: str | None = None
    name: str | None = None
    sis_id: str | None = None
    did: str | None = None

    @pydantic.model_validator(mode="after")
    def _is_named(self) -> Self:
        if not (self.id or self.email or self.sis_id or self.did):
            raise ValueError("one of id, email, sis_id and did is needed")
        return self


class Course(_Part):
    """Which course, by its id or its code, and which run of it."""

    id: str | None = None
    code: str | None = None
    run: str | None = None


class Result(_Part):
    """How well; `scaled` is computed from `score` and `max` where it is missing."""

    status: str | None = None
    score: _Number | None = None
    max: _Number | None = None
    scaled: _Number | None = None
    letter: str | None = None


class Credits(_Part):
    """How many credits were earned."""

    earned: _Number | None = None


class Evidence(_Part):
    """A piece of work."""

    url: str | None = None
    name: str | None = None


class Data(_Part):
    """What happened."""

    event_id: str | None = None
    learner: Learner
    course: Course = Course()
    result: Result = Result()
    completed_at: str | _Number | None = None
    credits: Credits = Credits()
    evidence: list[Evidence] = []


class Envelope(_Part):
    """The whole body."""

    type: Annotated[str, pydantic.Field(min_length=1)]
    timestamp: str | _Number | None = None
    data: Data


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the one event of a body in our own shape.

    The key is `data.event_id`, or the hash of the whole body where that is missing. The event happened at `data.completed_at`, else at
    `timestamp` (text as `time.parse` reads it, or seconds since 1970).

    Raises:
        problem.Malformed: when a member is missing or has a wrong type; the findings point at each.
    """
    payload = given.object
    try:
        envelope = Envelope.model_validate(dict(payload))
    except pydantic.ValidationError as error:
        raise _malformed(error) from None
    data = envelope.data
    moment = envelope.timestamp if data.completed_at is None else data.completed_at
    courses = tuple(dict.fromkeys(form for form in (data.course.id, data.course.code) if form))
    found = event.LearningEvent(
        key=data.event_id or event.content_key(payload),
        type=envelope.type,
        occurred_at=None if moment is None else time.parse(moment, zone=reading.zone),
        course=courses[0] if courses else None,
        courses=courses,
        run=data.course.run or None,
        learner=_learner(data.learner),
        result=_result(data.result),
        credits=data.credits.earned,
        evidence=tuple(event.EvidenceClaim(item.url, item.name) for item in data.evidence),
    )
    return (found,)


def _learner(learner: Learner) -> event.LearnerClaim:
    return event.LearnerClaim(learner.id or None, learner.sis_id or None, learner.email or None, learner.name or None, learner.did or None)


def _result(result: Result) -> event.ResultClaim:
    scaled = event.share(result.score, result.max) if result.scaled is None else result.scaled
    return event.ResultClaim(result.score, result.max, scaled, result.letter or None, result.status or None)


def _malformed(error: pydantic.ValidationError) -> problem.Malformed:
    findings = tuple(
        problem.Finding(f"{'.'.join(map(str, item['loc']))}: {item['msg']}.", "".join(f"/{part}" for part in item["loc"]))
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
    detail = "The body is no event in the native shape. " + " ".join(finding.detail for finding in findings[:3])
    return problem.Malformed(detail, findings=findings)
