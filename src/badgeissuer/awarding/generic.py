"""Any sender at all, described by data: JMESPath says where in its deliveries everything stands.

    {"events": "payloads || [payload]",
     "id": …, "type": …, "occurred_at": …, "started_at": …, "course": …, "courses": …, "run": …, "item": …, "credits": …,
     "learner": {"source_id", "sis_id", "email", "name", "did", "orcid"},
     "result": {"raw", "max", "scaled", "percent", "letter", "status", "passed"},
     "evidence": …, "withdraws": …, "voids": …}

`events` selects the event or the array of events in a body; every other path is read within one event. Only `events`, `type` and
`learner` are needed. What the paths may do is bounded in `path`, how values of other kinds are read is in `loose`.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import pydantic
from pydantic import JsonValue

from badgeissuer import problem
from badgeissuer.awarding import event, faults, loose, path

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from badgeissuer.awarding import incoming

MAX_EVENTS = 1000
"""Events in one delivery."""
MAX_LISTED = 100
"""Ids of one course, or pieces of evidence, in one event."""

MAX_LOOKED = 5000
"""Objects and arrays of a body that are looked at to find where its events stand."""

_T = TypeVar("_T")


def _is_path(text: str) -> str:
    path.parse(text)
    return text


JmesPath = Annotated[str, pydantic.AfterValidator(_is_path)]
"""A JMESPath expression within the limits of `path`."""


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, strict=True, extra="forbid")


class Learner(_Part):
    """Where it stands who did it; at least one path that can tell people apart."""

    source_id: JmesPath | None = None
    sis_id: JmesPath | None = None
    email: JmesPath | None = None
    name: JmesPath | None = None
    did: JmesPath | None = None
    orcid: JmesPath | None = None

    @pydantic.model_validator(mode="after")
    def _tells_who(self) -> Self:
        if not (self.source_id or self.sis_id or self.email or self.did or self.orcid):
            raise ValueError("give a path for at least one of source_id, sis_id, email, did and orcid")
        return self


class Result(_Part):
    """Where it stands how well; a share is computed from `percent`, or from `raw` and `max`, where `scaled` gives none."""

    raw: JmesPath | None = None
    max: JmesPath | None = None
    scaled: JmesPath | None = None
    percent: JmesPath | None = None
    letter: JmesPath | None = None
    status: JmesPath | None = None
    passed: JmesPath | None = None


class Mapping(_Part):
    """Where everything stands in the deliveries of a source. `courses` and `evidence` give an array, or a single value of one."""

    events: JmesPath
    type: JmesPath
    learner: Learner
    id: JmesPath | None = None
    occurred_at: JmesPath | None = None
    started_at: JmesPath | None = None
    course: JmesPath | None = None
    courses: JmesPath | None = None
    run: JmesPath | None = None
    item: JmesPath | None = None
    credits: JmesPath | None = None
    result: Result = Result()
    evidence: JmesPath | None = None
    withdraws: JmesPath | None = None
    voids: JmesPath | None = None


def parse(value: JsonValue, *, pointer: str = "") -> Mapping:
    """Return a source's mapping, its expressions compiled once and found good.

    Args:
        value: The JSON object.
        pointer: Where it stands in the request, for the findings.

    Raises:
        problem.Invalid: with a finding for each member that is missing, unknown, or no expression that may be used.
    """
    try:
        return Mapping.model_validate(value)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(faults.findings(error, pointer=pointer, whole="The mapping")) from None


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events that the mapping selects; none where it selects an empty array.

    The key is what `id` gives, or the hash of the event's content. An event that names no learner is read all the same: senders report
    more than what people have done, and no rule can award anything for it.

    Raises:
        problem.Invalid: when the mapping is none.
        problem.Malformed: when something in the body is not of the kind that is needed; the value is not repeated.
        problem.TooLarge: when there are too many events, or finding everything takes too much work.
    """
    mapping = parse(dict(reading.mapping))
    search = path.Search()
    selected = _events(search, mapping, given.value)
    pointers = _pointers(given.value, selected)
    moment = functools.partial(loose.moment, zone=reading.zone)
    return tuple(_event(_Source(search, found), mapping, moment, pointer) for found, pointer in zip(selected, pointers, strict=True))


@dataclass(frozen=True, slots=True)
class _Source:
    """One event of the body, and what looks things up in it."""

    search: path.Search
    value: dict[str, JsonValue]

    def one(self, member: str, expression: str | None, read: Callable[[JsonValue], _T | None]) -> _T | None:
        """Return what stands at a path; None where the mapping has none."""
        return None if expression is None else _found(self.search, member, expression, self.value, read)

    def text(self, member: str, expression: str | None) -> str | None:
        return self.one(member, expression, loose.text)

    def number(self, member: str, expression: str | None) -> float | None:
        return self.one(member, expression, loose.number)


def _found(search: path.Search, member: str, expression: str, value: JsonValue, read: Callable[[JsonValue], _T]) -> _T:
    """Return what stands at a path, as its reader understands it; a problem names the path and the kind, but not the value."""
    try:
        found = search.find(path.parse(expression), value)
    except path.Unreadable as error:
        raise problem.Malformed(f"mapping.{member}, {expression}: {error.detail}. Change the mapping, or what is sent.") from None
    try:
        return read(found)
    except ValueError as error:
        detail = f"mapping.{member}, {expression}, gives {path.kind(found)} where it needs {error}. Change the mapping, or what is sent."
        raise problem.Malformed(detail) from None


def _events(search: path.Search, mapping: Mapping, body: JsonValue) -> list[dict[str, JsonValue]]:
    selected = _found(search, "events", mapping.events, body, _objects)
    if len(selected) > MAX_EVENTS:
        raise problem.TooLarge(f"mapping.events selects {len(selected):,} events; at most {MAX_EVENTS:,} are read from one delivery.")
    return selected


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    listed = value if isinstance(value, list) else [value]
    objects = [item for item in listed if isinstance(item, dict)]
    if len(objects) < len(listed):
        raise ValueError("an object, or an array of nothing but objects")
    return objects


def _event(source: _Source, mapping: Mapping, moment: Callable[[JsonValue], datetime | None], pointer: str) -> event.LearningEvent:
    course = source.text("course", mapping.course)
    others = source.one("courses", mapping.courses, _texts) or ()
    courses = tuple(dict.fromkeys(form for form in (course, *others) if form))
    return event.LearningEvent(
        key=source.text("id", mapping.id) or _hash(source),
        type=_found(source.search, "type", mapping.type, source.value, _type),
        occurred_at=source.one("occurred_at", mapping.occurred_at, moment),
        course=courses[0] if courses else None,
        courses=courses,
        run=source.text("run", mapping.run),
        learner=_learner(source, mapping.learner),
        result=_result(source, mapping.result),
        credits=source.number("credits", mapping.credits),
        evidence=source.one("evidence", mapping.evidence, _evidence) or (),
        item=source.text("item", mapping.item),
        withdraws=source.one("withdraws", mapping.withdraws, loose.truth) or False,
        voids=source.text("voids", mapping.voids),
        started_at=source.one("started_at", mapping.started_at, moment),
        pointer=pointer,
    )


def _hash(source: _Source) -> str:
    """Return the hash of the event's content; its canonical form costs more than a look at each value, and each escape costs too."""
    source.search.spend(2 * source.search.weigh(source.value))
    source.search.spend(json.dumps(source.value, ensure_ascii=False).count("\\") // 2)
    return event.content_key(source.value)


def _learner(source: _Source, paths: Learner) -> event.LearnerClaim:
    return event.LearnerClaim(
        source_id=source.text("learner.source_id", paths.source_id),
        sis_id=source.text("learner.sis_id", paths.sis_id),
        email=source.text("learner.email", paths.email),
        name=source.text("learner.name", paths.name),
        did=source.text("learner.did", paths.did),
        orcid=source.one("learner.orcid", paths.orcid, loose.orcid),
    )


def _result(source: _Source, paths: Result) -> event.ResultClaim:
    raw, most = source.number("result.raw", paths.raw), source.number("result.max", paths.max)
    scaled = source.number("result.scaled", paths.scaled)
    if scaled is None:
        scaled = source.one("result.percent", paths.percent, loose.percentage)
    return event.ResultClaim(
        raw=raw,
        max=most,
        scaled=event.share(raw, most) if scaled is None else scaled,
        letter=source.text("result.letter", paths.letter),
        status=source.text("result.status", paths.status),
        passed=source.one("result.passed", paths.passed, loose.truth),
    )


def _type(value: JsonValue) -> str:
    found = loose.text(value)
    if found is None:
        raise ValueError("a text that is not empty")
    return found


def _texts(value: JsonValue) -> tuple[str | None, ...]:
    return tuple(loose.text(item) for item in _listed(value))


def _evidence(value: JsonValue) -> tuple[event.EvidenceClaim, ...]:
    claims = [_claim(item) for item in _listed(value)]
    return tuple(claim for claim in claims if claim.url or claim.name)


def _claim(value: JsonValue) -> event.EvidenceClaim:
    """Return a piece of work: an object with `url` and `name`, or the URL alone."""
    members = value if isinstance(value, dict) else {"url": value}
    try:
        return event.EvidenceClaim(loose.text(members.get("url")), loose.text(members.get("name")))
    except ValueError:
        raise ValueError("an array of URLs, or of objects with the texts url and name") from None


def _listed(value: JsonValue) -> list[JsonValue]:
    """Return the values of an array, or the one value that stands in its place."""
    listed: list[JsonValue] = value if isinstance(value, list) else [value]
    if len(listed) > MAX_LISTED:
        raise ValueError(f"at most {MAX_LISTED} values")
    return listed


def _pointers(body: JsonValue, selected: list[dict[str, JsonValue]]) -> list[str]:
    """Return where each event stands in the body (RFC 6901); an empty text for one that the mapping has made itself.

    The body is looked through level by level, and no further than `MAX_LOOKED` objects and arrays: one that hides its events behind more
    than that does not say where they stand.
    """
    wanted = {id(found) for found in selected}
    places: dict[int, str] = {}
    pending: deque[tuple[JsonValue, _Step | None]] = deque([(body, None)])
    looked = 0
    while pending and len(places) < len(wanted) and looked < MAX_LOOKED:
        node, step = pending.popleft()
        looked += 1
        if id(node) in wanted:
            places[id(node)] = _written(step)
        if len(pending) < MAX_LOOKED:
            items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
            below = ((item, _Step(step, key)) for key, item in items if isinstance(item, dict | list))
            pending.extend(itertools.islice(below, MAX_LOOKED))
    return [places.get(id(found), "") for found in selected]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step from a value into a member or an element of it; the step before that led to the value."""

    before: _Step | None
    key: str | int


def _written(step: _Step | None) -> str:
    """Return the pointer of what a step leads to; empty where it would be too long to keep."""
    parts: list[str] = []
    while step is not None:
        parts.append("/" + str(step.key).replace("~", "~0").replace("/", "~1"))
        step = step.before
    pointer = "".join(reversed(parts))
    return pointer if len(pointer) <= problem.MAX_POINTER else ""
