"""Canvas Live Events in the Caliper format: Caliper, with the ids of Canvas in its IRIs and the rest in `com.instructure.canvas`.

What it says of a learner, a course and an assignment is brought to the words of the raw format, so that a rule and an identity hold for
both. `course_completed` has no Caliper form.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from badgeissuer.awarding import bundle, caliper, canvas_ids, event, members

if TYPE_CHECKING:
    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

_URN = "urn:instructure:canvas:"
_OURS = "com.instructure.canvas"


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events of an envelope that Canvas sent.

    Raises:
        problem.Malformed: when this is no envelope, or a member that we read has a wrong type.
        problem.TooLarge: for too many events.
    """
    return bundle.read(caliper.entries(given), lambda entry: _read(entry, reading), below=caliper.PLACE)


def _read(entry: Members, reading: incoming.Reading) -> event.LearningEvent | None:
    """Return the event with the ids that the raw format has.

    No event of this format names its root account. A learner or an assignment in the shard of the course is taken to be of its account.
    """
    happened = caliper.read_entry(entry, reading)
    if happened is None:
        return None
    course = _identifier(happened.course)
    courses = canvas_ids.forms(course, course) if course else ()
    letter = members.text(_extension(caliper.entity(entry, "generated")), "grade")
    item = _identifier(happened.item)
    return dataclasses.replace(
        happened,
        course=courses[0] if courses else None,
        courses=tuple(dict.fromkeys((*courses, *happened.courses))),
        learner=_learner(happened.learner, caliper.learner(entry), course=course),
        result=dataclasses.replace(happened.result, letter=letter),
        item=_local(item, course) if item else None,
    )


def _learner(claim: event.LearnerClaim, person: Members, *, course: str | None) -> event.LearnerClaim:
    named = _identifier(claim.source_id)
    forms = tuple(dict.fromkeys((_local(named, course), named))) if named else ()
    sis_id = members.identifier(_extension(person), "sis_id")
    return dataclasses.replace(claim, source_id=forms[0] if forms else None, sis_id=sis_id or claim.sis_id, aliases=forms[1:])


def _local(identifier: str, course: str | None) -> str:
    """Return the local form of an id where a course shows which shard is at home."""
    return canvas_ids.local(identifier, course) if canvas_ids.shard_of(course) else identifier


def _extension(entity: Members) -> Members:
    return members.inner(members.inner(entity, "extensions"), _OURS)


def _identifier(iri: str | None) -> str | None:
    """Return the id at the end of Canvas's URN of a thing; another IRI as it is."""
    return iri.rpartition(":")[2] or None if iri and iri.startswith(_URN) else iri
