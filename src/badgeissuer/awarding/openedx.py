"""Open edX, by two plugins that send its events: `openedx-webhooks` (JSON, or a form) and `openedx-events-2-zapier` (a form).

A form has the JSON's names joined with `_`, and Python's `None` and `True` as text; so JSON is flattened in the same way and all are read
as one. What the data stand under differs: the path of a class, or the name of an argument.

The learner is the data's `user`, or `student_user` where somebody else may have asked. A user name is no id: it may be another's number.

A certificate, a grade and the passing status have the course run as their item: a certificate that is revoked withdraws what was reached in
it. To leave a course takes nothing back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import event, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

_METADATA = "event_metadata"
_MAX_NAME = 300
_REVOKED = re.compile(r"org\.openedx\.learning\.certificate\.revoked\.v[0-9]+")
_CLASS = re.compile(r"(?:[a-z0-9_]+\.)+[A-Za-z0-9]+_")
_COURSE_KEY = re.compile(r"(?:course-v1:)?(?P<course>[^+/]+[+/][^+/]+)[+/](?P<run>[^+/]+)")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,30})?")
_NONE = "None"
_TRUTHS: Mapping[str, bool] = {"True": True, "False": False}
_CERTIFIED = {"downloadable": True, "notpassing": False, "audit_notpassing": False}


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the one event of a body; a type that we know nothing of gives its type and whatever ids it has.

    The key is the id in the event's metadata, or the hash of the body where that is missing. The times of older releases have no zone; they
    are read in the source's.

    Raises:
        problem.Malformed: when this is no event of Open edX, or a member that we read has a wrong type.
    """
    flat = dict(_flattened(given.object))
    kind = members.text(flat, f"{_METADATA}_event_type")
    if kind is None:
        raise problem.Malformed("This is no Open edX event: `event_metadata.event_type` is missing. Send what the plugin sends.")
    data = _data(flat)
    course_key = members.text(data, "course_course_key") or members.text(data, "course_key")
    courses, run = _course(course_key)
    attempt = members.identifier(data, "attempt_id")
    found = event.LearningEvent(
        key=members.identifier(flat, f"{_METADATA}_id") or event.content_key(given.object),
        type=kind,
        occurred_at=members.moment(flat, f"{_METADATA}_time", zone=reading.zone),
        course=course_key,
        courses=courses,
        run=run,
        learner=_learner(data),
        result=_result(data),
        credits=None,
        evidence=(),
        item=f"attempt:{attempt}" if attempt else course_key,
        withdraws=bool(_REVOKED.fullmatch(kind)),
    )
    return (found,)


def _flattened(payload: Members, prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Yield every member with its whole name; what has a longer one than the events of Open edX is left out, for names add up."""
    for name, value in sorted(payload.items()):
        if len(prefix) + len(name) > _MAX_NAME:
            continue
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}_")
        else:
            yield prefix + name, None if value == _NONE else value


def _data(flat: Members) -> Members:
    """Return the members of the event's data, named from there on."""
    outside = {name: value for name, value in flat.items() if not name.startswith(f"{_METADATA}_")}
    match = next((found for name in sorted(outside) if (found := _CLASS.match(name))), None)
    prefix = match[0] if match else _common(sorted(outside))
    return {name.removeprefix(prefix): value for name, value in outside.items() if name.startswith(prefix)}


def _common(names: list[str]) -> str:
    """Return what all names, which are sorted, begin with, up to the last `_` in it."""
    if not names:
        return ""
    first, last = names[0], names[-1]
    length = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last)))
    return first[: first.rfind("_", 0, length) + 1]


def _learner(data: Members) -> event.LearnerClaim:
    """Return the learner; the data of an account itself are a user's."""
    prefix = next((start for start in ("student_user_", "user_") if f"{start}id" in data), "")
    is_account = "pii_email" in data or "pii_username" in data
    return event.LearnerClaim(
        source_id=members.identifier(data, f"{prefix}id") if prefix or is_account else None,
        sis_id=None,
        email=members.text(data, f"{prefix}pii_email"),
        name=members.text(data, f"{prefix}pii_name"),
    )


def _course(key: str | None) -> tuple[tuple[str, ...], str | None]:
    """Return the forms of a course's id, of which the second is that of all its runs, and the run."""
    match = _COURSE_KEY.fullmatch(key or "")
    if key is None or match is None:
        return ((key,) if key else ()), None
    return (key, match["course"]), match["run"]


def _result(data: Members) -> event.ResultClaim:
    """Return the result: of a certificate, of a passing status, or of a grade; a certificate's grade is a text, "0.87"."""
    state = members.text(data, "current_status")
    passing = data.get("is_passing")
    passed = _TRUTHS.get(passing) if isinstance(passing, str) else members.flag(data, "is_passing")
    letter, scaled = members.text(data, "letter_grade"), members.decimal(data, "percent_grade")
    grade = data.get("grade")
    if isinstance(grade, str) and not _DECIMAL.fullmatch(grade):
        letter = letter or members.text(data, "grade")
    elif grade is not None:
        scaled = members.decimal(data, "grade")
    return event.ResultClaim(
        raw=None,
        max=None,
        scaled=scaled,
        letter=letter,
        status=state or members.text(data, "status"),
        passed=_CERTIFIED.get(state or "") if passed is None else passed,
    )
