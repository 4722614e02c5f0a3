"""Caliper 1.1 and 1.2: an envelope `{"sensor", "sendTime", "dataVersion", "data": [event, …]}`.

The actor of a grade is who graded, a person or a program; the learner is the assignee of the attempt. Where nobody is assigned, the actor
is the learner only if it is a person, no grader, and no member of the course in another role. An entity stands as an object or, short, as
its IRI. What is no event in `data` (a description of an entity) is passed over.

Source: IMS Caliper Analytics 1.1 and 1.2, envelope, GradeEvent, Attempt, Score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import bundle, event, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

PLACE = "/data"
"""Where the events stand in an envelope (RFC 6901)."""

_GRADING = frozenset({"GradeEvent", "OutcomeEvent", "ResultEvent"})
_COURSES = frozenset({"CourseOffering", "CourseSection", None})
_NOBODY = "http://purl.imsglobal.org/caliper/"
"""Before the name of a type: the id of an anonymous entity, the same for everybody."""


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events of an envelope.

    The key is the event's `id`, or the hash of the event where that is missing. The item is what was assigned, else the object; the status
    is the action.

    Raises:
        problem.Malformed: when this is no envelope, or a member that we read has a wrong type.
        problem.TooLarge: for too many events.
    """
    return bundle.read(entries(given), lambda entry: read_entry(entry, reading), below=PLACE)


def entries(given: incoming.Incoming) -> Sequence[JsonValue]:
    """Return what an envelope holds, which stands at `PLACE`.

    Raises:
        problem.Malformed: when this is no envelope.
    """
    found = given.object.get("data")
    if not isinstance(found, list):
        raise problem.Malformed("This is no Caliper envelope: `data` is no array. Send sensor, sendTime, dataVersion and data.")
    return found


def read_entry(entry: Members, reading: incoming.Reading) -> event.LearningEvent | None:
    """Return the event in an entry of `data`; None where it is a description of an entity.

    Raises:
        problem.Malformed: when it has no type, or a member that we read has a wrong one.
    """
    if "actor" not in entry and "action" not in entry:
        return None
    kind = members.text(entry, "type")
    if kind is None:
        raise problem.Malformed("This is no Caliper event: `type` is missing. Send the name of the event, such as GradeEvent.")
    group, tried = entity(entry, "group"), attempt(entry)
    courses = _courses(group)
    assigned = entity(tried, "assignable")
    return event.LearningEvent(
        key=members.identifier(entry, "id") or event.content_key(entry),
        type=kind,
        occurred_at=members.moment(entry, "eventTime", zone=reading.zone),
        course=courses[0] if courses else None,
        courses=courses,
        run=members.text(group, "academicSession"),
        learner=_claim(learner(entry)),
        result=_result(entity(entry, "generated"), action=members.text(entry, "action")),
        credits=None,
        evidence=(),
        item=members.identifier(assigned, "id") or members.identifier(entity(entry, "object"), "id"),
        started_at=members.moment(tried, "startedAtTime", zone=reading.zone),
    )


def learner(entry: Members) -> Members:
    """Return the entity of the learner; an empty one where the event is about nobody that can be known.

    Raises:
        problem.Malformed: when a member on the way has a wrong type.
    """
    assigned = entity(attempt(entry), "assignee")
    who = assigned or (_actor(entry) if _acts_for_itself(entry) else {})
    return {} if (members.identifier(who, "id") or "").startswith(_NOBODY) else who


def attempt(entry: Members) -> Members:
    """Return the attempt that an event is about: its object, or the one that came of it, or of which its result is.

    Raises:
        problem.Malformed: when a member on the way has a wrong type.
    """
    generated = entity(entry, "generated")
    known = [found for found in (entity(entry, "object"), entity(generated, "attempt"), generated) if "assignee" in found]
    return known[0] if known else entity(entry, "object")


def entity(holder: Members, name: str) -> Members:
    """Return the entity in a member, also where only its IRI stands there; an empty one where there is none.

    Raises:
        problem.Malformed: It is something else.
    """
    value = holder.get(name)
    return {"id": value} if isinstance(value, str) else members.inner(holder, name)


def _actor(entry: Members) -> Members:
    actor = entity(entry, "actor")
    return actor if _name(members.text(actor, "type")) in {"Person", None} else {}


def _acts_for_itself(entry: Members) -> bool:
    """Return whether the actor does the learning: grades nobody, and is a learner where roles are told."""
    if _name(members.text(entry, "type")) in _GRADING or _name(members.text(entry, "action")) == "Graded":
        return False
    told = entity(entry, "membership").get("roles")
    roles = told if isinstance(told, list) else [told]
    names = [_name(role) for role in roles if isinstance(role, str)]
    return not names or "Learner" in names


def _claim(person: Members) -> event.LearnerClaim:
    known = {_name(members.text(held, "identifierType")): held for held in _identifiers(person)}
    return event.LearnerClaim(
        source_id=members.identifier(person, "id"),
        sis_id=members.identifier(known.get("SisSourcedId", {}), "identifier"),
        email=members.text(known.get("EmailAddress", {}), "identifier"),
        name=members.text(person, "name"),
    )


def _identifiers(person: Members) -> list[Members]:
    """Return the identifiers that Caliper 1.2 lets a person have beside the IRI."""
    return [held for held in members.each(person, "otherIdentifiers") if isinstance(held, dict)]


def _courses(group: Members) -> tuple[str, ...]:
    """Return the ids of a section and of the offering that it is part of; an ad hoc group of learners is no course."""
    found: list[str | None] = []
    for part in (group, entity(group, "subOrganizationOf")):
        if _name(members.text(part, "type")) in _COURSES:
            found += [members.identifier(part, "id"), members.text(part, "courseNumber")]
    return tuple(dict.fromkeys(form for form in found if form))


def _result(generated: Members, *, action: str | None) -> event.ResultClaim:
    """Return what a Score or, in 1.1, a Result says."""
    raw, most = members.number(generated, "scoreGiven"), members.number(generated, "maxScore")
    if raw is None:
        raw, most = members.number(generated, "resultScore"), members.number(generated, "maxResultScore")
    return event.ResultClaim(raw, most, event.share(raw, most), None, action)


def _name(term: str | None) -> str | None:
    """Return the short name of a term: some senders write its IRI."""
    return term and term.replace("#", "/").rpartition("/")[2]
