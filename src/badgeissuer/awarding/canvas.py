"""Canvas Live Events in their raw format, `{"metadata": {…}, "body": {…}}`; an envelope in the Caliper format goes to `canvas_caliper`.

Three traps of this format shape the module: `metadata.user_…` is whoever acted (a teacher who grades, the learner's own browser), so the
learner is read from the body only; ids are local in one event and global in another (see `canvas_ids`); and no event has an id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import canvas_caliper, canvas_ids, event, members

if TYPE_CHECKING:
    from datetime import datetime

    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

_PERCENT = 100.0
_HASHED_METADATA = ("event_name", "event_time", "root_account_uuid", "root_account_id", "context_type", "context_id")
_OUTCOME = "learning_outcome_result_"
_OF_A_COURSE = frozenset({"course_completed", "course_progress", "course_grade_change", "grade_override"})


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the one event of a Live Event; a name that we know nothing of gives its type and whatever ids it has.

    The key is the SHA-256 of the RFC 8785 form of `body` and of those members of `metadata` that say what happened, where and when: its
    name, time, root account and context. The rest describes the web request or the job that caused it. The time stays in: a grade that
    goes from 4 to 5, back, and to 5 again has the same body twice and is two events. A delivery that is repeated has the same key; a
    completion that Canvas reports again has another one, and is caught where awards are made unique.

    The item is the assignment, the outcome or the course that the result is of, by its local id.

    Raises:
        problem.Malformed: when this is no Live Event, or a member that we read has a wrong type.
    """
    payload = given.object
    if "dataVersion" in payload:
        return canvas_caliper.read(given, reading)
    metadata, body = members.inner(payload, "metadata"), members.inner(payload, "body")
    name = members.text(metadata, "event_name")
    if name is None:
        raise problem.Malformed("This is no Canvas Live Event: `metadata.event_name` is missing. Send the raw or the Caliper format.")
    kind = "grade_override" if name == "grade_change" and "override_score" in body else name
    hashed = {member: metadata[member] for member in _HASHED_METADATA if member in metadata}
    root = members.identifier(metadata, "root_account_id")
    courses = _courses(metadata, body, root)
    found = event.LearningEvent(
        key=event.content_key({"metadata": hashed, "body": dict(body)}),
        type=kind,
        occurred_at=_occurred_at(metadata, body),
        course=courses[0] if courses else None,
        courses=courses,
        run=None,
        learner=_learner(body, root),
        result=_result(kind, body),
        credits=None,
        evidence=(),
        item=_item(kind, body, root) or (courses[0] if courses and kind in _OF_A_COURSE else None),
        series=_OUTCOME if kind.startswith(_OUTCOME) else None,  # an update takes the place of what was created
    )
    return (found,)


def _occurred_at(metadata: Members, body: Members) -> datetime | None:
    return members.moment(members.inner(body, "progress"), "completed_at") or members.moment(metadata, "event_time")


def _learner(body: Members, root: str | None) -> event.LearnerClaim:
    """Return the learner that the body names; outcome results have only a UUID, which then is the source id."""
    user = members.inner(body, "user")
    named = members.identifier(user, "id") or members.identifier(body, "student_id") or members.identifier(body, "user_id")
    uuid = members.text(body, "user_uuid")
    ids = (*(canvas_ids.forms(named, root) if named else ()), *((uuid,) if uuid else ()))
    return event.LearnerClaim(
        source_id=ids[0] if ids else None,
        sis_id=members.identifier(user, "sis_source_id") or members.identifier(body, "student_sis_id"),
        email=members.text(user, "email"),
        name=members.text(user, "name") or members.text(body, "user_name"),
        aliases=ids[1:],
    )


def _courses(metadata: Members, body: Members, root: str | None) -> tuple[str, ...]:
    """Return the forms of the course's id, the local one first.

    The context of the request counts when the body names no course, or the same one: a grade can change while somebody looks at another
    course.
    """
    course = members.inner(body, "course")
    named = members.identifier(course, "id") or members.identifier(body, "course_id")
    context = members.identifier(metadata, "context_id") if metadata.get("context_type") == "Course" else None
    if named and context and canvas_ids.in_shard(named) != canvas_ids.in_shard(context):
        context = None
    primary = named or context
    if primary is None:
        return ()
    forms = [*canvas_ids.forms(primary, root), context, members.identifier(course, "sis_source_id")]
    if context is not None:
        forms.append(members.identifier(metadata, "context_sis_source_id"))
    return tuple(dict.fromkeys(form for form in forms if form))


def _item(kind: str, body: Members, root: str | None) -> str | None:
    """Return the assignment of a grade or the outcome of an outcome result; None for what is of a course."""
    name = {"grade_change": "assignment_id"}.get(kind) or ("learning_outcome_id" if kind.startswith(_OUTCOME) else None)
    named = members.identifier(body, name) if name else None
    return canvas_ids.local(named, root) if named else None


def _result(kind: str, body: Members) -> event.ResultClaim:
    """Return the result in the event's own words; `final_score` is read and never `unposted_…`, which the learner may not see yet."""
    if kind == "course_completed":
        return event.ResultClaim(None, None, None, None, "completed")
    if kind == "course_grade_change":
        return _scored(members.number(body, "final_score"), _PERCENT, status=members.text(body, "workflow_state"))
    if kind == "grade_override":
        return _scored(members.number(body, "override_score"), _PERCENT)
    if kind == "grade_change":
        return _scored(members.number(body, "score"), members.number(body, "points_possible"), letter=members.text(body, "grade"))
    if kind.startswith(_OUTCOME):
        return _outcome(body)
    state = members.text(body, "workflow_state") or members.text(body, "state")
    return event.ResultClaim(None, None, None, None, state if kind.startswith("enrollment_") else None)


def _outcome(body: Members) -> event.ResultClaim:
    mastery = members.flag(body, "mastery")
    status = None if mastery is None else "mastered" if mastery else "not_mastered"
    raw, most, scaled = (members.number(body, name) for name in ("score", "possible", "percent"))
    return event.ResultClaim(raw, most, scaled, None, status, passed=mastery)


def _scored(raw: float | None, most: float | None, *, letter: str | None = None, status: str | None = None) -> event.ResultClaim:
    return event.ResultClaim(raw, most, event.share(raw, most), letter, status)
