"""xAPI: one statement or an array of them, as an LRS takes them; also from Moodle's `logstore_xapi`, whose statements have no id.

The learner is the actor, whatever the instructor or the authority. An account counts with its home page: "4211" is somebody else at
another one. A group is nobody that could be given a badge, and who voids a statement is not whom it was about.

The course is set only where the statement is about the course itself: "completed" of a quiz in a course is not the course completed.

Source: xAPI 1.0.3, part 2 (statements).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from badgeissuer import problem
from badgeissuer.awarding import bundle, event, members

if TYPE_CHECKING:
    from badgeissuer.awarding import incoming
    from badgeissuer.awarding.members import Members

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
"""The verb that takes an earlier statement back."""
COURSES = frozenset({"http://adlnet.gov/expapi/activities/course", "https://w3id.org/xapi/cmi5/activitytype/course"})
"""The types of an activity that is a course."""

_SAYS_PASSED = {"http://adlnet.gov/expapi/verbs/passed": True, "http://adlnet.gov/expapi/verbs/failed": False}
_VOLATILE = frozenset({"stored"})
_MAILTO = "mailto:"


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events of a body: one a statement.

    The key is the statement's id in lower case, or one made of the statement without `stored`, which an LRS adds.

    Raises:
        problem.Malformed: when a statement has no verb, or a member that we read has a wrong type.
        problem.TooLarge: for too many statements.
    """
    if isinstance(given.value, list):
        return bundle.read(given.value, lambda statement: read_statement(statement, reading))
    return (read_statement(given.object, reading),)


def read_statement(statement: Members, reading: incoming.Reading) -> event.LearningEvent:
    """Return the event that a statement is.

    The type is the verb's IRI and the status the end of it, such as "passed". The item is the activity, the run the registration.

    Raises:
        problem.Malformed: when it has no verb, or a member that we read has a wrong type.
    """
    verb = members.text(members.inner(statement, "verb"), "id")
    if verb is None:
        raise problem.Malformed("This is no xAPI statement: `verb.id` is missing. Send actor, verb and object.")
    thing = members.inner(statement, "object")
    voids = _lower(members.text(thing, "id")) if verb == VOIDED and _kind(thing) == "StatementRef" else None
    activity = members.text(thing, "id") if _kind(thing) == "Activity" else None
    is_course = activity is not None and members.text(members.inner(thing, "definition"), "type") in COURSES
    registration = members.text(members.inner(statement, "context"), "registration")
    return event.LearningEvent(
        key=_lower(members.text(statement, "id")) or _made_id(statement),
        type=verb,
        occurred_at=members.moment(statement, "timestamp", zone=reading.zone),
        course=activity if is_course else None,
        courses=(activity,) if activity is not None and is_course else (),
        run=registration,
        learner=event.LearnerClaim(None, None, None, None) if verb == VOIDED else _learner(members.inner(statement, "actor")),
        result=_result(members.inner(statement, "result"), verb=verb),
        credits=None,
        evidence=(),
        item=activity,
        voids=voids,
        series=f"outcome|{registration or ''}" if verb in _SAYS_PASSED else None,  # of one attempt the later verdict stands
    )


def _made_id(statement: Members) -> str:
    """Return the id of a statement that has none: the same for the same content, so that it can be voided by what was answered."""
    content = event.content_key({name: value for name, value in statement.items() if name not in _VOLATILE})
    return str(UUID(hex=hashlib.sha256(content.encode()).hexdigest()[:32], version=5))


def _learner(actor: Members) -> event.LearnerClaim:
    if members.text(actor, "objectType") == "Group":
        return event.LearnerClaim(None, None, None, None)
    mailbox = members.text(actor, "mbox") or ""
    hashed = _lower(members.text(actor, "mbox_sha1sum"))
    return event.LearnerClaim(
        source_id=_account(members.inner(actor, "account"))
        or members.text(actor, "openid")
        or (f"mbox_sha1sum|{hashed}" if hashed else None),
        sis_id=None,
        email=mailbox[len(_MAILTO) :] or None if mailbox.lower().startswith(_MAILTO) else None,
        name=members.text(actor, "name"),
    )


def _account(account: Members) -> str | None:
    """Return the home page and the name of an account in one text; no IRI has a bar in it."""
    home, name = members.text(account, "homePage"), members.identifier(account, "name")
    return f"{home}|{name}" if home and name else name


def _result(result: Members, *, verb: str) -> event.ResultClaim:
    """Return the result; it is passed where neither the verb nor `success` says otherwise, and one of them says so."""
    score = members.inner(result, "score")
    raw, least, most, scaled = (members.number(score, name) for name in ("raw", "min", "max", "scaled"))
    if scaled is not None and not -1 <= scaled <= 1:
        raise problem.Malformed("The member `score.scaled` of the statement is not from -1 to 1. Send 87.5 of 100 as 0.875.")
    said = [word for word in (_SAYS_PASSED.get(verb), members.flag(result, "success")) if word is not None]
    # A lowest score other than 0 leaves open what a share would be; then nothing is computed.
    share = event.share(raw, most) if scaled is None and not least else scaled
    return event.ResultClaim(raw, most, share, None, verb.rstrip("/").rpartition("/")[2] or None, passed=all(said) if said else None)


def _kind(thing: Members) -> str:
    return members.text(thing, "objectType") or "Activity"


def _lower(text: str | None) -> str | None:
    return text and text.lower()
