r"""Completions of a course as a list has them: to be compared with what was awarded, and to become events where no event ever came.

A list is a sheet, or what the REST interfaces of Canvas and Moodle answer. A completion becomes an event of the source that should have
sent it, with a key made of what it says, so that the same list twice is the same events.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.awarding import adapter, cells, columns, event, sheet
from badgeissuer.openbadges import definition
from badgeissuer.vc import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from badgeissuer.vc.document import JsonObject

RECONCILED = "badgeissuer-reconciled"
"""The header that marks a delivery which this service made of a list; none that comes over HTTP can have it (`incoming.kept`)."""
VOCABULARY: columns.Vocabulary = {
    "email": columns.ALIASES["email"],
    "name": columns.ALIASES["name"],
    "given_name": columns.ALIASES["given_name"],
    "family_name": columns.ALIASES["family_name"],
    "source_id": ("source id", "id", "user id", "userid", "learner id", "student id", "canvas user id"),
    "sis_id": ("sis id", "sis user id", "id number", "idnumber", "student number"),
    "completed_at": ("completed at", "completed on", "completion date", "date completed", "course complete", "completed", "time completed"),
    "score": ("final score", "points", "grade raw"),
    "max_score": ("max score", "max", "out of", "points possible"),
    "percent": ("percentage", "final percent"),
    "grade": ("letter", "letter grade", "final grade"),
    "status": ("completion status", "state", "result"),
}
"""What the columns of such a list can mean."""
WHO = ("source_id", "email", "sis_id")
KINDS: Mapping[str, str] = {
    "canvas": "course_completed",
    "cmi5": "https://w3id.org/xapi/adl/verbs/satisfied",
    "moodle": "\\core\\event\\course_completed",
    "openedx": "org.openedx.learning.certificate.created.v1",
    "xapi": "http://adlnet.gov/expapi/verbs/completed",
}
"""What the sender of an adapter calls a completed course, where no rule says it."""
PLAIN_KIND = "course.completed"
_DONE = frozenset({"completed", "complete", "passed", "pass", "satisfied", "finished", "done", "yes", "true", "1", "downloadable"})
_PASSED = frozenset({"passed", "pass"})
_HUNDRED = 100.0
_FAR = 2**33
"""Seconds since 1970, some centuries of them."""


@dataclass(frozen=True, slots=True)
class Completion:
    """That somebody completed a course; of the ids at least one is there.

    Attributes:
        row: Where in the list it stands.
        source_id: The platform's own id of the learner.
        sis_id: The id in the campus register.
        email: An address.
        name: The display name.
        completed_at: When, where the list says so.
        score: The score.
        most: The highest score that was possible.
        grade: The grade as text.
        status: The state in the list's words.
    """

    row: int
    source_id: str | None = None
    sis_id: str | None = None
    email: str | None = None
    name: str | None = None
    completed_at: datetime | None = None
    score: float | None = None
    most: float | None = None
    grade: str | None = None
    status: str | None = None

    @property
    def learner(self) -> event.LearnerClaim:
        """Who it was."""
        return event.LearnerClaim(self.source_id, self.sis_id, self.email, self.name)

    @property
    def label(self) -> str:
        """The learner as a person would look for them."""
        return self.email or self.source_id or self.sis_id or ""


class Reader:
    """Reads the rows of a list of completions.

    Args:
        layout: What its columns mean, of `VOCABULARY`.
        zone: The zone of times that name none.
    """

    def __init__(self, layout: columns.Layout, *, zone: tzinfo = UTC) -> None:
        self._layout = layout
        self._zone = zone
        self._columns = [(index, meaning) for index, meaning in enumerate(layout.meanings) if meaning]
        self._meanings = {meaning for _, meaning in self._columns}

    def read(self, number: int, row: Sequence[str]) -> Completion | None:
        """Return the completion that a row is; None where it says that the course is not completed.

        Raises:
            problem.Invalid: A cell cannot be what it should be, or nobody is named; the findings point at row and column.
        """
        layout, findings = self._layout, []
        if len(row) != len(layout.header):
            detail = f"The row has {len(row)} cells, and there are {len(layout.header)} columns."
            raise problem.Invalid.of((problem.Finding(detail, sheet.pointer(number)),))
        said = {meaning: cells.bare(row[index]) for index, meaning in self._columns}
        if not self._is_completed(said):
            return None
        values: dict[str, Any] = {}
        for index, meaning in self._columns:
            if said[meaning]:
                try:
                    values[meaning] = self._value(meaning, said[meaning])
                except ValueError as error:
                    findings.append(problem.Finding(_sentence(error), sheet.pointer(number, layout.column(index))))
        if not findings and not any(values.get(name) for name in WHO):
            findings.append(problem.Finding("The row names nobody: it has no id and no e-mail address.", sheet.pointer(number)))
        if findings:
            raise problem.Invalid.of(tuple(findings))
        return _completion(number, values)

    def _is_completed(self, said: Mapping[str, str]) -> bool:
        if "status" in self._meanings:
            return said["status"].casefold() in _DONE
        return "completed_at" not in self._meanings or bool(said["completed_at"])

    def _value(self, meaning: str, text: str) -> object:
        if meaning == "completed_at":
            return cells.moment(text, order=self._layout.dates, zone=self._zone)
        if meaning in {"score", "max_score", "percent"}:
            number = definition.number(cells.number(text.removesuffix("%").rstrip()))
            if number is None:
                raise ValueError(f"{text[:40]!r} is no number.")
            return float(number)
        if len(text) > adapter.MAX_ID or not text.isprintable():
            raise ValueError(f"the cell is longer than {adapter.MAX_ID} characters, or holds what cannot be printed.")
        if meaning == "email" and adapter.email_address(text) is None:
            raise ValueError("must be an e-mail address.")
        return text


def _sentence(error: ValueError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def _completion(number: int, values: Mapping[str, Any]) -> Completion:
    names = [values[part] for part in ("given_name", "family_name") if part in values]
    score, most = values.get("score"), values.get("max_score")
    if score is None and "percent" in values:
        score, most = values["percent"], _HUNDRED
    return Completion(
        number,
        values.get("source_id"),
        values.get("sis_id"),
        values.get("email"),
        values.get("name") or " ".join(names) or None,
        values.get("completed_at"),
        score,
        most,
        values.get("grade"),
        values.get("status"),
    )


def happened(completion: Completion, *, kind: str, course: str) -> event.LearningEvent:
    """Return the event that a source would have sent of a completion.

    Args:
        completion: What the list says.
        kind: The event's name in the sender's words.
        course: The course's id in the sender's words.
    """
    status = completion.status or "completed"
    said = asdict(completion) | {"row": None, "name": None, "kind": kind, "course": course, "status": status}
    said |= {name: None if said[name] is None else float(said[name]) for name in ("score", "most")}
    said["completed_at"] = instant.write(completion.completed_at) if completion.completed_at else None
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    scaled = event.share(completion.score, completion.most)
    return event.LearningEvent(
        key=f"reconciled:{digest}",
        type=kind,
        occurred_at=completion.completed_at,
        course=course,
        courses=(course,),
        run=None,
        learner=completion.learner,
        result=event.ResultClaim(
            completion.score, completion.most, scaled, completion.grade, status, True if status.casefold() in _PASSED else None
        ),
        credits=None,
        evidence=(),
        item=course,
    )


def pack(events: Iterable[event.LearningEvent]) -> bytes:
    """Return events as the body of a delivery that is marked with `RECONCILED`; `unpack` gives them back."""
    return json.dumps({"reconciled": [happened.to_json() for happened in events]}, sort_keys=True).encode()


def unpack(payload: bytes) -> tuple[event.LearningEvent, ...]:
    """Return what `pack` was given."""
    return tuple(event.LearningEvent.from_json(item) for item in json.loads(payload)["reconciled"])


def of_canvas(users: Iterable[JsonObject], progress: Iterable[JsonObject]) -> list[Completion]:
    """Return who completed a course of Canvas.

    Args:
        users: Of `GET /api/v1/courses/:id/users`, with their e-mail addresses and enrolments.
        progress: Of `GET /api/v1/courses/:id/bulk_user_progress`.
    """
    known = {str(user.get("id")): user for user in users}
    found = []
    for number, item in enumerate(progress, 1):
        moment = _moment((item.get("progress") or {}).get("completed_at"))
        if moment is not None:
            name = str(item.get("id"))
            user = known.get(name, {})
            grades: JsonObject = next((one["grades"] for one in user.get("enrollments") or [] if isinstance(one.get("grades"), dict)), {})
            score = grades.get("final_score")
            found.append(
                Completion(
                    number,
                    name,
                    _text(user.get("sis_user_id")),
                    adapter.email_address(_text(user.get("email"))),
                    _text(user.get("name")) or _text(item.get("display_name")),
                    moment,
                    float(score) if isinstance(score, int | float) else None,
                    _HUNDRED if isinstance(score, int | float) else None,
                    _text(grades.get("final_grade")),
                )
            )
    return found


def of_moodle(number: int, user: JsonObject, status: JsonObject) -> Completion | None:
    """Return the completion of one learner of a course of Moodle; None where they have not completed it.

    Args:
        number: Where in the list they stand.
        user: One of `core_enrol_get_enrolled_users`.
        status: The answer of `core_completion_get_course_completion_status` about them.
    """
    said = status.get("completionstatus")
    if not isinstance(said, dict) or not said.get("completed"):
        return None
    moments = [item.get("timecompleted") for item in said.get("completions") or [] if item.get("complete")]
    last = max((moment for moment in moments if isinstance(moment, int) and 0 < moment < _FAR), default=None)
    return Completion(
        number,
        str(user.get("id")),
        _text(user.get("idnumber")),
        adapter.email_address(_text(user.get("email"))),
        _text(user.get("fullname")),
        datetime.fromtimestamp(last, UTC) if last else None,
    )


def _text(value: object) -> str | None:
    """Return a text of a platform without what cannot be printed; None where there is none."""
    kept = "".join(character for character in value if character.isprintable()) if isinstance(value, str) else ""
    return kept.strip()[: adapter.MAX_ID] or None


def _moment(value: object) -> datetime | None:
    try:
        return instant.read(value)
    except problem.Invalid:
        return None


_SHEET = ("source_id", "sis_id", "email", "name", "completed_at", "score", "max_score", "grade", "status")


def sheet_of(completions: Iterable[Completion]) -> list[str]:
    """Return completions as the lines of a sheet, which `Reader` reads back."""
    lines = [cells.line(_SHEET)]
    for item in completions:
        numbers = ["" if number is None else f"{number:.12g}" for number in (item.score, item.most)]
        moment = instant.write(item.completed_at) if item.completed_at else ""
        who = [item.source_id or "", item.sis_id or "", item.email or "", item.name or ""]
        lines.append(cells.line([*who, moment, *numbers, item.grade or "", item.status or "completed"]))
    return lines
