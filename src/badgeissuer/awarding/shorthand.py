"""How the members of a draft stand in the cells of a sheet: as the plain text that people write, or as JSON.

A cell that begins with `json:` holds JSON in every column, so that any value is written, and read back as it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.awarding import cells
from badgeissuer.openbadges import drafting, microcredential, model
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from badgeissuer.vc.document import JsonObject

_MARK = "json:"
_BRACKETS = ("[", "{")
_LOST = "\N{REPLACEMENT CHARACTER}"
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a value stands in a cell without `json:`: `read` may raise ValueError, and `write` gives a text or None where there is none."""

    read: Callable[[str], Any]
    write: Callable[[Any], str | None]


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return document.parse_any(text.encode())
    except problem.Malformed as error:
        raise ValueError(f"{error.detail} Mend the JSON in this cell.") from None
    except problem.TooLarge as error:
        raise ValueError(error.detail) from None


def _text(text: str) -> str:
    """Return a text in which nothing was lost and nothing is hidden, or raise ValueError."""
    if _LOST in text:
        raise ValueError(f"the cell holds {_LOST}: a character was lost before the sheet came here. Write it again.")
    if _UNSEEN.search(text):
        raise ValueError("the cell holds a control character. Delete it.")
    return text


def _if_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(text: str) -> Any:  # noqa: ANN401 - an integer or a float
    found = cells.number(text)
    if not _NUMBER.fullmatch(found):
        raise ValueError(f"{text[:40]!r} is no number. Write it as 2 or 2.5.")
    return _json(found)


def _if_number(value: object) -> str | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else str(value)


def _many(text: str) -> list[str]:
    return [part.strip() for part in _text(text).split(";") if part.strip()]


def _if_many(value: object) -> str | None:
    return "; ".join(value) if isinstance(value, list) and all(isinstance(part, str) for part in value) else None


def _levels(text: str) -> Any:  # noqa: ANN401 - any JSON value
    return _json(text) if text.startswith(_BRACKETS) else [_level(part) for part in _many(text)]


def _level(text: str) -> JsonObject:
    framework, colon, code = text.partition(":")
    if not colon:
        raise ValueError(f"{text[:40]!r} is no level. Write framework and code as EQF:5.")
    return {"framework": framework.strip(), "code": code.strip()}


def _if_levels(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return _if_many([f"{part.get('framework')}:{part.get('code')}" for part in value]) if _are_objects(value) else None


def _outcomes(text: str) -> Any:  # noqa: ANN401 - any JSON value
    if text.startswith(_BRACKETS):
        return _json(text)
    return [{"statement": line.strip()} for line in _text(text).split("\n") if line.strip()]


def _if_outcomes(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return "\n".join(str(part.get("statement")) for part in value) if _are_objects(value) else None


def _are_objects(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


_PLAIN = _Kind(_text, _if_text)
_LIST = _Kind(_many, _if_many)
_STRUCTURED = _Kind(_json, lambda value: _dumped(value) if isinstance(value, list | dict) else None)
_KINDS: Mapping[str, _Kind] = {
    "name": _PLAIN,
    "description": _PLAIN,
    "criteria.narrative": _PLAIN,
    "criteria.id": _PLAIN,
    "achievementType": _PLAIN,
    "tag": _LIST,
    "inLanguage": _PLAIN,
    "instructionLanguage": _LIST,
    "learningOutcome": _Kind(_outcomes, _if_outcomes),
    "level": _Kind(_levels, _if_levels),
    "workload": _PLAIN,
    "creditsAvailable": _Kind(_number, _if_number),
    "creditUnit": _PLAIN,
    "participationType": _PLAIN,
    "entryRequirement": _PLAIN,
    "prerequisites": _LIST,
    "stacksInto": _LIST,
    "stackability": _PLAIN,
    "reviewDate": _PLAIN,
    "fieldOfStudy": _PLAIN,
    "specialization": _PLAIN,
    "humanCode": _PLAIN,
    "image": _PLAIN,
}
MORE = "more"
"""The column of members that no other is for."""
_VIEWS = (model.Achievement, microcredential.Metadata, drafting.Links)
_DERIVED = {"id", "version"}
MEMBERS = tuple(field.alias or name for view in _VIEWS for name, field in view.model_fields.items() if name not in _DERIVED)
"""Members of a draft that columns are for."""
COLUMNS: Mapping[str, _Kind] = {**_KINDS, **{name: _STRUCTURED for name in (*MEMBERS, MORE) if name not in _KINDS}}
"""Columns that say a draft, in their order."""
ALWAYS = tuple(_KINDS)
"""Those that stand in every sheet that is written."""


def _dumped(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cell(name: str, member: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return what stands in a column for a member: plain text if that is read as the same, else JSON."""
    plain = COLUMNS[name].write(member)
    return plain if plain and _is_read_as(name, plain, member) else _MARK + _dumped(member)


def _is_read_as(name: str, plain: str, member: Any) -> bool:  # noqa: ANN401 - any JSON value
    try:
        return plain.replace("\r", "\n").strip() == plain and _dumped(value(name, plain)) == _dumped(member)
    except ValueError:
        return False


def value(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the member that a cell of a column says.

    Raises:
        ValueError: It cannot be that; the message says why, and what to do.
    """
    return _json(text.removeprefix(_MARK)) if text.startswith(_MARK) else COLUMNS[name].read(text)
