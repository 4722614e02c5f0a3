"""Canvas Live Events in their raw format, `{"metadata": {…}, "body": {…}}`.

Three traps of this format shape the module: `metadata.user_…` is whoever acted (a teacher who grades, the learner's own browser), so the
learner is read from the body only; ids are local ("565") in one event and global ("21070000000000565", shard times 10^13 plus local) in
another; and no event has an id.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import event, time

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import JsonValue

_SHARD = 10**13
_PERCENT = 100.0
_SAFE = 2**53
_DIGITS = re.compile("[0-9]{1,20}")
_HASHED_METADATA = ("event_name", "event_time", "root_account_uuid", "root_account_id", "context_type", "context_id")

Members = Mapping[str, "JsonValue"]


def read(payload: Members) -> tuple[event.LearningEvent, ...]:
    """Return the one event of a Live Event; a name that we know nothing of gives its type and whatever ids it has.

    The key is the SHA-256 of the RFC 8785 form of `body` and of those members of `metadata` that say what happened, where and when: its
    name, time, root account and context. The rest describes the web request or the job that caused it. The time stays in: a grade that
    goes from 4 to 5, back, and to 5 again has the same body twice and is two events. A delivery that is repeated has the same key; a
    completion that Canvas reports again has another one, and is caught where awards are made unique.

    Raises:
        problem.Malformed: when this is no Live Event, or a member that we read has a wrong type.
    """
    metadata = _object(payload, "metadata")
    if metadata is None:
        raise problem.Malformed("This is no Canvas Live Event: it has no `metadata`. Send the raw format, not Caliper.")
    body = _object(payload, "body") or {}
    name = _text(metadata, "event_name")
    if name is None:
        raise problem.Malformed("This is no Canvas Live Event: `metadata.event_name` is missing.")
    kind = "grade_override" if name == "grade_change" and "override_score" in body else name
    hashed = {member: metadata[member] for member in _HASHED_METADATA if member in metadata}
    key = event.content_key({"metadata": hashed, "body": dict(body)})
    root = _id(metadata, "root_account_id")
    courses = _courses(metadata, body, root)
    found = event.LearningEvent(
        key=key,
        type=kind,
        occurred_at=_occurred_at(metadata, body),
        course=courses[0] if courses else None,
        courses=courses,
        run=None,
        learner=_learner(body, root),
        result=_result(kind, body),
        credits=None,
        evidence=(),
    )
    return (found,)


def _occurred_at(metadata: Members, body: Members) -> datetime | None:
    progress = _object(body, "progress") or {}
    text = _text(progress, "completed_at") or _text(metadata, "event_time")
    return None if text is None else time.parse(text)


def _learner(body: Members, root: str | None) -> event.LearnerClaim:
    """Return the learner that the body names; outcome results have only a UUID, which then is the source id."""
    user = _object(body, "user") or {}
    local = _id(user, "id") or _id(body, "student_id") or _id(body, "user_id")
    return event.LearnerClaim(
        source_id=_local(local, root) if local else _text(body, "user_uuid"),
        sis_id=_id(user, "sis_source_id") or _id(body, "student_sis_id"),
        email=_text(user, "email"),
        name=_text(user, "name") or _text(body, "user_name"),
    )


def _courses(metadata: Members, body: Members, root: str | None) -> tuple[str, ...]:
    """Return the forms of the course's id, the local one first.

    The context of the request counts when the body names no course, or the same one: a grade can change while somebody looks at another
    course.
    """
    course = _object(body, "course") or {}
    named = _id(course, "id") or _id(body, "course_id")
    context = _id(metadata, "context_id") if metadata.get("context_type") == "Course" else None
    if named and context and _in_shard(named) != _in_shard(context):
        context = None
    primary = named or context
    if primary is None:
        return ()
    forms = [_local(primary, root), primary, _global(primary, root), context, _id(course, "sis_source_id")]
    if context is not None:
        forms.append(_id(metadata, "context_sis_source_id"))
    return tuple(dict.fromkeys(form for form in forms if form))


def _result(kind: str, body: Members) -> event.ResultClaim:
    """Return the result in the event's own words; `final_score` is read and never `unposted_…`, which the learner may not see yet."""
    if kind == "course_completed":
        return event.ResultClaim(None, None, None, None, "completed")
    if kind == "course_grade_change":
        return _scored(_number(body, "final_score"), _PERCENT, status=_text(body, "workflow_state"))
    if kind == "grade_override":
        return _scored(_number(body, "override_score"), _PERCENT)
    if kind == "grade_change":
        return _scored(_number(body, "score"), _number(body, "points_possible"), letter=_text(body, "grade"))
    if kind.startswith("learning_outcome_result_"):
        return _outcome(body)
    state = _text(body, "workflow_state") or _text(body, "state")
    return event.ResultClaim(None, None, None, None, state if kind.startswith("enrollment_") else None)


def _outcome(body: Members) -> event.ResultClaim:
    mastery = body.get("mastery")
    status = ("mastered" if mastery else "not_mastered") if isinstance(mastery, bool) else None
    return event.ResultClaim(_number(body, "score"), _number(body, "possible"), _number(body, "percent"), None, status)


def _scored(raw: float | None, most: float | None, *, letter: str | None = None, status: str | None = None) -> event.ResultClaim:
    return event.ResultClaim(raw, most, event.share(raw, most), letter, status)


def _local(identifier: str, root: str | None) -> str:
    """Return the id as the root account's own pages show it; an id of another shard stays global, for its local form means someone else."""
    number, shard = _number_of(identifier), _shard(identifier)
    return str(number % _SHARD) if number is not None and shard in {None, _shard(root) or shard} else identifier


def _global(identifier: str, root: str | None) -> str | None:
    number, shard = _number_of(identifier), _shard(root)
    return str(shard * _SHARD + number) if number is not None and shard and _shard(identifier) is None else None


def _shard(identifier: str | None) -> int | None:
    """Return the shard of a global id; None for a local id and for what is no number."""
    number = _number_of(identifier or "")
    return None if number is None else number // _SHARD or None


def _in_shard(identifier: str) -> int | str:
    """Return what a local and a global id of the same thing have in common."""
    number = _number_of(identifier)
    return identifier if number is None else number % _SHARD


def _number_of(identifier: str) -> int | None:
    return int(identifier) if _DIGITS.fullmatch(identifier) else None


def _object(members: Members, name: str) -> Members | None:
    value = members.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise _wrong(name, "an object")


def _text(members: Members, name: str) -> str | None:
    """Return a text; None when it is missing, null or blank, which is how Canvas writes "no e-mail address"."""
    value = members.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise _wrong(name, "a text")


def _id(members: Members, name: str) -> str | None:
    value = members.get(name)
    whole = isinstance(value, int) and not isinstance(value, bool) and -_SAFE < value < _SAFE
    return str(value) if whole else _text(members, name)


def _number(members: Members, name: str) -> float | None:
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(name, "a number")
    return float(value)


def _wrong(name: str, wanted: str) -> problem.Malformed:
    return problem.Malformed(f"The member `{name}` of the Canvas event is not {wanted}. The event is left unread.")
