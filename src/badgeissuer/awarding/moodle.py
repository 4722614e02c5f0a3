r"""Moodle, by two plugins that send its events; they are told apart by their members.

`local_webhooks` sends the event as Moodle has it, with `eventname`, and a `token` beside it. `tool_trigger` sends what its administrator
wrote as a template, every value a text; what we understand of that is

    event                                              {eventname}; needed
    event_time                                         {timecreated}
    relateduserid, or user_id                          the learner, as looked up by relateduserid
    user_idnumber  user_email  user_firstname  user_lastname
    course_id  course_idnumber  course_shortname
    contextinstanceid  other_itemid  other_finalgrade  other_completionstate  objectid  anonymous
    grade_max                                          a text of the administrator's own, where the grade item is known

A placeholder that the plugin could not fill stays as it is, `{user_email}`, and counts as missing. What was looked up counts only if it is
the learner's: where both ids are given and differ, somebody looked up the actor.

The learner is `relateduserid` and never `userid`, which is whoever or whatever acted. To be taken out of a course takes nothing back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import event, members

if TYPE_CHECKING:
    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

_EVENTS = "\\core\\event\\"
_PLACEHOLDER = re.compile(r"\{[a-z0-9_]+\}")
_HASHED_NOT = frozenset({"token", "extra"})
_POSITIVE = re.compile("[1-9][0-9]*")
_COMPLETIONS = {
    "0": ("incomplete", None),
    "1": ("completed", None),
    "2": ("passed", True),
    "3": ("failed", False),
    "4": ("failed", False),  # hidden from the learner, but failed
}


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the one event of a body; a name that we know nothing of gives its type and whatever ids it has.

    The key is the hash of the body without the plugin's secret `token` and its `extra`, for Moodle's events have no id.

    The item of a grade is the grade item, of a completion the course or the course module, of a badge "badge:" and its id: a badge that is
    revoked withdraws what was reached in it, and must not meet a course of the same number.

    Raises:
        problem.Malformed: when this is neither plugin's event, or a member that we read has a wrong type.
    """
    payload = given.object
    filled = _filled(payload)
    name = members.text(filled, "eventname") or members.text(filled, "event")
    if name is None:
        raise problem.Malformed("This is no Moodle event: it has neither `eventname` nor `event`. Name the event in the template.")
    other = _other(filled)
    courses = _courses(filled)
    found = event.LearningEvent(
        key=event.content_key({member: value for member, value in payload.items() if member not in _HASHED_NOT}),
        type=name,
        occurred_at=members.moment(filled, "timecreated") or members.moment(filled, "event_time", zone=reading.zone),
        course=courses[0] if courses else None,
        courses=courses,
        run=None,
        learner=_learner(filled, other),
        result=_result(name, filled, other),
        credits=None,
        evidence=(),
        item=_item(name, filled, other),
        withdraws=name == f"{_EVENTS}badge_revoked",
    )
    return (found,)


def _filled(payload: Members) -> Members:
    """Return the members without those whose placeholder stayed."""
    return {name: value for name, value in payload.items() if not (isinstance(value, str) and _PLACEHOLDER.fullmatch(value.strip()))}


def _other(filled: Members) -> Members:
    """Return the members of `other`, which a template takes one by one; PHP writes an empty one as an array."""
    if filled.get("other") not in (None, []):
        return members.inner(filled, "other")
    return {name.removeprefix("other_"): value for name, value in filled.items() if name.startswith("other_")}


def _learner(filled: Members, other: Members) -> event.LearnerClaim:
    """Return the learner; details that the template looked up for somebody else, or for an anonymous event, are left out."""
    if members.identifier(filled, "anonymous") not in {None, "0"}:
        return event.LearnerClaim(None, None, None, None)
    looked_up = _record(filled, "user_id")
    related = _record(filled, "relateduserid") or _record(other, "relateduserid") or looked_up
    if looked_up not in {None, related}:
        return event.LearnerClaim(related, None, None, None)
    names = (members.text(filled, "user_firstname"), members.text(filled, "user_lastname"))
    return event.LearnerClaim(
        source_id=related,
        sis_id=members.text(filled, "user_idnumber"),
        email=members.text(filled, "user_email"),
        name=" ".join(name for name in names if name) or None,
    )


def _courses(filled: Members) -> tuple[str, ...]:
    found = [_record(filled, "courseid") or _record(filled, "course_id")]
    found += [members.text(filled, name) for name in ("course_idnumber", "course_shortname")]
    return tuple(dict.fromkeys(form for form in found if form))


def _result(name: str, filled: Members, other: Members) -> event.ResultClaim:
    """Return the result; a grade is in its item's own scale, whose maximum the event does not say."""
    if name == f"{_EVENTS}user_graded":
        raw, most = members.decimal(other, "finalgrade"), members.decimal(filled, "grade_max")
        return event.ResultClaim(raw, most, event.share(raw, most), None, None)
    if name == f"{_EVENTS}course_completed":
        return event.ResultClaim(None, None, None, None, "completed")
    state = members.identifier(other, "completionstate")
    status, passed = _COMPLETIONS.get(state or "", (None, None))
    return event.ResultClaim(None, None, None, None, status, passed=passed)


def _item(name: str, filled: Members, other: Members) -> str | None:
    if name == f"{_EVENTS}user_graded":
        return _record(other, "itemid") or _record(filled, "objectid")
    if name == f"{_EVENTS}course_completed":
        return _record(filled, "courseid") or _record(filled, "course_id")
    if name == f"{_EVENTS}course_module_completion_updated":
        return _record(filled, "contextinstanceid")
    badge = _record(filled, "objectid") if name in {f"{_EVENTS}badge_awarded", f"{_EVENTS}badge_revoked"} else None
    return f"badge:{badge}" if badge else None


def _record(holder: Members, name: str) -> str | None:
    """Return the id of a record of Moodle's database; it writes 0, and for its own robots a number below, where there is none."""
    found = members.identifier(holder, name)
    return found if found and _POSITIVE.fullmatch(found) else None
