"""What a form says, as the members of a draft: what nobody changed stays as it was, to the letter."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from badgeissuer.vc.credential import as_list
from badgeissuer.web.staff import draft_fields, draft_form
from badgeissuer.web.staff.draft_fields import Field, Group

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

_HOURS = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}[.,]\d{1,6}", re.ASCII)


def apply(draft: JsonObject, entry: draft_form.Entry) -> JsonObject:
    """Return a draft with what a form says; members that no field fills stay.

    Args:
        draft: The draft that the form was made of.
        entry: The form, filled and pruned.
    """
    found = _applied(draft_fields.PARTS, draft, entry, ())
    gone = _aligned(draft) - _aligned(found)
    for outcome in as_list(found.get("learningOutcome")) if gone else ():
        if isinstance(outcome, dict) and "relatedSkill" in outcome:  # what names an alignment goes with it
            _set(outcome, "relatedSkill", [url for url in as_list(outcome["relatedSkill"]) if url not in gone] or None)
    return found


def _aligned(draft: JsonObject) -> set[object]:
    return {item.get("targetUrl") for item in as_list(draft.get("alignment")) if isinstance(item, dict)}


def _applied(parts: draft_form.Parts, item: JsonObject, entry: draft_form.Entry, numbers: tuple[int, ...]) -> JsonObject:
    found, before = copy.deepcopy(item), draft_form.show(item, parts, numbers)
    for part in parts:
        value = entry[part.member]
        if isinstance(part, Field):
            if _differ(part, value, before[part.member]):
                _set(found, part.member, _meant(part, value, draft_form.member(item, part.member)))
                found.pop(part.decides, None)
            continue
        originals = as_list(item.get(part.member))
        written = [_one_applied(part, one, originals, (*numbers, place)) for place, one in enumerate(value, start=1)]
        if written != originals:
            _set(found, part.member, written or None)
    return found


def _differ(field: Field, value: Any, before: Any) -> bool:  # noqa: ANN401 - text, or texts
    """Return whether a field says something else than it did; in which order boxes are ticked says nothing."""
    return set(value) != set(before) if field.kind in draft_form.LISTS else bool(value != before)


def _one_applied(group: Group, entry: draft_form.Entry, originals: Sequence[Any], numbers: tuple[int, ...]) -> Any:  # noqa: ANN401 - any JSON value
    original = draft_form.original(entry, originals)
    if not isinstance(original, dict):
        return original
    found = _applied(group.parts, original, entry, numbers)
    if group.named and "id" not in found and entry["id"] != group.named.format(*numbers):
        found = {"id": entry["id"]} | found
    return found


def _set(item: JsonObject, member: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Set a member, or take it out where the value is None; an object that then has no members goes too."""
    outer, _, inner = member.partition(".")
    if inner:
        inside = dict(item[outer]) if isinstance(item.get(outer), dict) else {}
        _set(inside, inner, value)
        member, value = outer, inside or None
    if value is None:
        item.pop(member, None)
    else:
        item[member] = value


def _meant(field: Field, said: Any, before: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that a field says; None for none. What cannot be read stays as it is written, and the rules refuse it."""
    if not said:
        return None
    if field.kind == "picture" and isinstance(before, dict):
        return before | {"id": said}
    return _MEANS.get(field.kind, lambda value: value)(said)


def _duration(said: str) -> str:
    hours = _HOURS.fullmatch(said)
    if hours is None:
        return said
    minutes = round(int((hours[2] or "0").ljust(2, "0")) * 60 / 100)
    return f"PT{int(hours[1])}H{minutes}M" if minutes else f"PT{int(hours[1])}H"


def _number(said: str) -> int | float | str:
    if _WHOLE.fullmatch(said):
        return int(said)
    return float(said.replace(",", ".")) if _DECIMAL.fullmatch(said) else said


def _lines(said: str) -> list[str]:
    return [line for line in map(str.strip, said.split("\n")) if line]


_MEANS: Mapping[str, Callable[[Any], Any]] = {
    "flag": lambda said: said == "yes",
    "hours": _duration,
    "lines": _lines,
    "number": _number,
    "said": lambda said: said == "yes",
}
