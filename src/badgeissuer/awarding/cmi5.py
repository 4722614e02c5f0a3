"""cmi5: xAPI in which the verbs of a session have one meaning, and the registration is one learner's run of a course.

`satisfied` on the course is the platform's own "course done"; on a block it is not, and has no course. `passed` and `failed` of a unit come
at most once a registration and carry the score. `waived` is a unit that need not be done: its status says so, for a rule that wants
more. Statements that a unit sends for itself, without cmi5's category, mean what they like: they have no status.

Source: cmi5 (Quartz), sections 9.3 (verbs), 9.6 (context) and 7.1.3 (cmi5 allowed statements).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import bundle, event, members, xapi

if TYPE_CHECKING:
    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
"""What marks a statement as one that cmi5 defines."""


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events of one statement or an array of them; keys, learners and items are those of xAPI.

    Raises:
        problem.Malformed: when a statement has no verb, a scaled score below 0, or a member of a wrong type.
        problem.TooLarge: for too many statements.
    """
    if isinstance(given.value, list):
        return bundle.read(given.value, lambda statement: _read(statement, reading))
    return (_read(given.object, reading),)


def _read(statement: Members, reading: incoming.Reading) -> event.LearningEvent:
    found = xapi.read_statement(statement, reading)
    activities = members.inner(members.inner(statement, "context"), "contextActivities")
    if CATEGORY not in _ids(activities, "category"):
        return dataclasses.replace(found, result=dataclasses.replace(found.result, status=None), series=None)
    if found.result.scaled is not None and found.result.scaled < 0:
        raise problem.Malformed("The member `score.scaled` of the statement is below 0. cmi5 wants it from 0 to 1.")
    # The platform may make ids of its own for a course; the one that its author gave stands among the groupings.
    named = _ids(activities, "grouping") if found.course else ()
    return dataclasses.replace(found, courses=tuple(dict.fromkeys((*found.courses, *named))))


def _ids(activities: Members, name: str) -> tuple[str, ...]:
    found = (members.text(activity, "id") for activity in members.each(activities, name) if isinstance(activity, dict))
    return tuple(identifier for identifier in found if identifier)
