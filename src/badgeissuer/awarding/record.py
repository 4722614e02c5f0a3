"""From the cells of a row of a roster to what the row says, in the words of `awarding.roster`; and back, to the column that is at fault."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, get_args

from badgeissuer import problem
from badgeissuer.awarding import cells, columns, roster
from badgeissuer.openbadges import definition, values
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from badgeissuer.vc.document import JsonObject

_LOST = "\N{REPLACEMENT CHARACTER}"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_STATUSES: tuple[str, ...] = get_args(values.ResultStatus)
_EVIDENCE = {"url": "id", "name": "name", "narrative": "narrative"}
_NOT_AS_MANY = "The row has {} cells, and there are {} columns. A cell with the delimiter in it needs quotation marks."
_LEARNER = ("email", "name", "source_id", "did", "given_name", "family_name")


def pack(row: Sequence[str]) -> bytes:
    """Return the cells of a row as they are kept in a batch; `unpack` gives them back."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(line: bytes) -> list[str]:
    """Return what `pack` was given."""
    return list(json.loads(line))


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says, and where each part of it stands.

    Attributes:
        row: What it says.
        layout: What its columns mean.
        places: JSON Pointer in the row → column.
    """

    row: roster.Row
    layout: columns.Layout
    places: Mapping[str, int]

    def at_its_column(self, finding: problem.Finding) -> problem.Finding:
        """Return a finding that points at the column of the sheet, not into the row."""
        return _at(finding, self.layout, self.places)


class Reader:
    """Reads the rows of one sheet.

    Args:
        layout: What its columns mean.
        known: The results that the achievement describes.
        zone: The zone of times that name none.
    """

    def __init__(self, layout: columns.Layout, known: Sequence[columns.Scale], *, zone: tzinfo = UTC) -> None:
        self._layout = layout
        self._zone = zone
        self._scales = {columns.RESULT + scale.key: scale for scale in known}
        self._columns = [(index, meaning) for index, meaning in enumerate(layout.meanings) if meaning]

    def read(self, row: Sequence[str]) -> Said:
        """Return what a row says.

        Raises:
            problem.Invalid: It has more or fewer cells than there are columns, or cells that cannot be what they should be. The findings
                point at the columns: `/Student e-mail`; all that can be said is said at once.
        """
        layout = self._layout
        if len(row) != len(layout.header):
            raise problem.Invalid.of((problem.Finding(_NOT_AS_MANY.format(len(row), len(layout.header))),))
        draft, faults = _Draft(), []
        for index, meaning in self._columns:
            text = cells.bare(row[index])
            if text:
                try:
                    self._put(draft, index, meaning, _sound(text))
                except ValueError as error:
                    said = str(error)
                    faults.append(problem.Finding(said[:1].upper() + said[1:], problem.below("", layout.column(index))))
        source = draft.finished(self._columns)
        try:
            found = Said(roster.check(source), layout, draft.places)
        except problem.Invalid as error:
            faults += [_at(finding, layout, draft.places) for finding in error.findings]
        if faults:
            raise problem.Invalid.of(tuple(faults))
        return found

    def _put(self, draft: _Draft, index: int, meaning: str, text: str) -> None:
        """Put a cell where it belongs, or raise ValueError where it cannot be that."""
        numbered = columns.evidence_part(meaning)
        if meaning in self._scales or meaning.startswith(columns.RESULT):
            draft.places[f"/results/{len(draft.results)}"] = index
            draft.results.append(_result(self._scales.get(meaning), text))
        elif numbered:
            number, part = numbered
            draft.evidence.setdefault(number, {})[_EVIDENCE[part]] = text
            draft.parts[number, _EVIDENCE[part]] = index
        elif meaning in _LEARNER:
            draft.learner[meaning] = text
            draft.places[f"/learner/{meaning}"] = index
        else:
            draft.row[meaning] = self._value(meaning, text)
            draft.places[f"/{meaning}"] = index

    def _value(self, meaning: str, text: str) -> object:
        if meaning in {"awarded_at", "valid_until"}:
            return cells.moment(text, order=self._layout.dates, zone=self._zone, is_end=meaning == "valid_until")
        if meaning == "credits_earned":
            number = definition.number(cells.number(text))
            if number is None:
                raise ValueError(f"{text[:40]!r} is no number.")
            return float(number)
        return text


class _Draft:
    """A row while it is put together."""

    def __init__(self) -> None:
        self.learner: dict[str, str] = {}
        self.row: dict[str, object] = {}
        self.results: list[JsonObject] = []
        self.evidence: dict[int, dict[str, str]] = {}
        self.parts: dict[tuple[int, str], int] = {}
        self.places: dict[str, int] = {}

    def finished(self, read: Sequence[tuple[int, str]]) -> dict[str, Any]:
        """Return the row, and note where in the sheet what it says of the learner and of evidence stands."""
        names = [self.learner.pop(part) for part in ("given_name", "family_name") if part in self.learner]
        if names and "name" not in self.learner:
            self.learner["name"] = " ".join(names)
            self.places["/learner/name"] = self.places.get("/learner/given_name", self.places.get("/learner/family_name", 0))
        self.places["/learner"] = next((index for index, meaning in read if meaning in columns.WHO), 0)
        for place, number in enumerate(sorted(self.evidence)):
            for (owner, member), index in self.parts.items():
                if owner == number:
                    self.places[f"/evidence/{place}/{member}"] = index
                    self.places.setdefault(f"/evidence/{place}", index)
        evidence = [self.evidence[number] for number in sorted(self.evidence)]
        return self.row | {"learner": self.learner, "results": self.results, "evidence": evidence}


def _sound(text: str) -> str:
    """Return a text in which nothing was lost and nothing is hidden.

    Raises:
        ValueError: It holds a control character, or the mark of one that could not be read when the sheet was made.
    """
    if _CONTROL.search(text):
        raise ValueError("the cell holds a control character. Delete it.")
    if _LOST in text:
        raise ValueError(f"the cell holds {_LOST}: a character was lost before the sheet came here. Write it again.")
    return text


def _result(scale: columns.Scale | None, text: str) -> JsonObject:
    """Return the result that a cell is, on its scale.

    Raises:
        ValueError: It does not fit the scale.
    """
    if scale is None:
        raise ValueError("the achievement describes no such result any more. Hand the sheet in again.")
    description, result = scale.description, {"resultDescription": scale.key}
    levels = as_list(description.get("rubricCriterionLevel"))
    if description["resultType"] == "Status":
        return result | {"status": _one_of(text, {status: status for status in _STATUSES})}
    if levels:
        forms = {form: level["id"] for level in levels for form in (level["id"], level["id"].partition("#")[2], level["name"]) if form}
        found = _one_of(text, forms, named=[level["name"] for level in levels])
        return result | {"achievedLevel": _fragment(found, description["id"], scale.key)}
    allowed = as_list(description.get("allowedValue"))
    if allowed:
        return result | {"value": _one_of(text, {value: value for value in allowed})}
    value = text.removesuffix("%").rstrip() if description["resultType"] == "Percent" else text
    value = cells.number(value) if definition.value_fault(description, value) else value
    fault = definition.value_fault(description, value)
    if fault:
        raise ValueError(f"the value {fault}")
    return result | {"value": value}


def _one_of(text: str, known: Mapping[str, str], *, named: Sequence[str] = ()) -> str:
    """Return what a text means among the ones that are known; capital letters do not count where no two differ in them alone."""
    if text in known:
        return known[text]
    found = {meaning for form, meaning in known.items() if form.casefold() == text.casefold()}
    if len(found) != 1:
        raise ValueError(f"{text[:40]!r} is none of {', '.join(named or known)}.")
    return found.pop()


def _fragment(level: str, description: str, key: str) -> str:
    """Return the id of a level as the key of its scale is given: as a fragment where that is one."""
    home = description.removesuffix(key)
    return level.removeprefix(home) if key.startswith("#") else level


def _at(finding: problem.Finding, layout: columns.Layout, places: Mapping[str, int]) -> problem.Finding:
    pointer = finding.pointer
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    detail = finding.detail.removeprefix(finding.pointer[1:].replace("/", ".") + ": ")
    column = problem.below("", layout.column(places[pointer])) if pointer else ""
    return problem.Finding(detail[:1].upper() + detail[1:], column, finding.type)
