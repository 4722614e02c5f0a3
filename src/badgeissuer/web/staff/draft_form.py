"""A draft as the form has it, and back: what nobody changed in the form stays in the draft as it was, to the letter.

Between the two stands an entry: the text of each field by its member, and a list of entries for each group. `id` is the name by which
others refer to one of a group, and `from` its place in the draft, from 1; it is empty for a new one. What a page did not have, because it
was made before a field was added or did not arrive whole, is left out, and taken from the draft.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.openbadges import microcredential
from badgeissuer.vc.credential import as_list
from badgeissuer.web.staff import draft_fields
from badgeissuer.web.staff.draft_fields import Field, Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from badgeissuer.vc.document import JsonObject

Entry = dict[str, Any]
Parts = tuple[Field | Group, ...]
LISTS = frozenset({"several", "refs"})
_BOXES = LISTS | {"flag"}
"""What is ticked, and not sent where it is not."""
MOST_FIELDS = 8000
"""Fields of a form to which nothing more is added."""
_DEEPEST = 4
"""Hyphens in the name of what stands in one of a group."""
_LONGEST = 8
"""Digits of a place, and more than any has."""


def show(item: Mapping[str, Any], parts: Parts = draft_fields.PARTS, numbers: tuple[int, ...] = ()) -> Entry:
    """Return the form of a draft.

    Args:
        item: The draft, or one of a group in it.
        parts: What is asked of it.
        numbers: Its place in its group, and before that of what it stands in.
    """
    found: Entry = {}
    for part in parts:
        if isinstance(part, Field):
            found[part.member] = _said(part, member(item, part.member))
            continue
        inside = [one if isinstance(one, dict) else {} for one in as_list(item.get(part.member))]
        found[part.member] = [
            show(one, part.parts, (*numbers, place)) | {"from": str(place)} | _named(part, one, (*numbers, place))
            for place, one in enumerate(inside, start=1)
        ]
    return found


def _named(group: Group, item: Mapping[str, Any], numbers: tuple[int, ...]) -> Entry:
    return {"id": str(item.get("id", group.named.format(*numbers)))} if group.named else {}


def member(item: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a member of an object, or one of an object in it (`criteria.id`); None where there is none."""
    outer, _, inner = name.partition(".")
    value = item.get(outer)
    return (value.get(inner) if isinstance(value, dict) else None) if inner else value


def _said(field: Field, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as the field shows it; empty where there is none."""
    if field.kind in LISTS:
        return [item for item in as_list(value) if isinstance(item, str)] if value is not None else []
    return "" if value is None else _trimmed(field, _SAYS.get(field.kind, _text)(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _hours(value: object) -> str:
    worked = microcredential.minutes(value)
    if not worked or worked % 3:  # a hundredth of an hour is the least that is written
        return str(value)
    return f"{worked / 60:.2f}".rstrip("0").rstrip(".")


def _address(picture: object) -> str:
    """Return where a picture is; an embedded one is too long for a field, and is nowhere."""
    address = picture.get("id", "") if isinstance(picture, dict) else picture
    return "" if str(address).startswith("data:") else str(address)


_SAYS: Mapping[str, Callable[[Any], str]] = {
    "flag": lambda value: "yes" if value is True else "",
    "hours": _hours,
    "lines": lambda value: "\n".join(map(str, as_list(value))),
    "picture": _address,
    "said": lambda value: "yes" if value is True else "no",
}


def read(sent: Mapping[str, str]) -> Entry:
    """Return what a form says that a browser sent, without what it did not have; boxes that are not ticked are never sent."""
    return _read(draft_fields.PARTS, sent, "")


def _read(parts: Parts, sent: Mapping[str, str], prefix: str, outcomes: Sequence[Entry] = ()) -> Entry:
    found: Entry = {}
    for part in parts:
        name = f"{prefix}{part.member}"
        if isinstance(part, Group):
            if f"{prefix}{part.stem}-end" in sent:
                found[part.member] = list(_read_group(part, sent, prefix, outcomes or found.get("learningOutcome", ())))
        elif part.kind in _BOXES or name in sent:
            found[part.member] = _taken(part, sent, name, outcomes)
    for part in parts:
        if isinstance(part, Field) and part.kind == "pick" and part.member in found:
            levels, place = found.get("rubricCriterionLevel", ()), found[part.member]
            found[part.member] = levels[int(place) - 1]["id"] if _counts(place, levels) else ""
    return found


def _counts(place: str, items: Sequence[Any]) -> bool:
    """Return whether a text is the place of one of some items, from 1."""
    return place.isdecimal() and place.isascii() and len(place) < _LONGEST and 0 < int(place) <= len(items)


def _read_group(group: Group, sent: Mapping[str, str], prefix: str, outcomes: Sequence[Entry]) -> Iterator[Entry]:
    for number in itertools.count(1):
        start = f"{prefix}{group.stem}-{number}-"
        if f"{start}from" not in sent:
            return
        entry = _read(group.parts, sent, start, outcomes) | {"from": sent[f"{start}from"]}
        yield entry | ({"id": sent.get(f"{start}id", "")} if group.named else {})


def _taken(field: Field, sent: Mapping[str, str], name: str, outcomes: Sequence[Entry]) -> Any:  # noqa: ANN401 - text, or texts
    if field.kind == "several":
        return [value for value, _ in field.options if sent.get(f"{name}-{value}")]
    if field.kind == "refs":
        return [outcome["id"] for place, outcome in enumerate(outcomes, start=1) if sent.get(f"{name}-{place}")]
    return _trimmed(field, sent.get(name, ""))


def _trimmed(field: Field, text: str) -> str:
    """Return a text as browsers send it: fields of one line hold no breaks."""
    said = text.replace("\r\n", "\n").strip()
    return said if field.kind in {"area", "lines"} else said.replace("\n", "").replace("\r", "")


def filled(draft: JsonObject, entry: Entry) -> Entry:
    """Return a form with what it did not have, as the draft has it.

    Args:
        draft: The draft that the form was made of.
        entry: The form.
    """
    before = show(draft)
    return _filled(draft_fields.PARTS, before, entry, {outcome["id"] for outcome in before["learningOutcome"]})


def _filled(parts: Parts, before: Entry, entry: Entry, outcomes: set[str]) -> Entry:
    found = dict(before)
    for part in parts:
        if part.member not in entry:
            continue
        found[part.member] = entry[part.member]
        if isinstance(part, Group):
            found[part.member] = [
                _filled(part.parts, original(one, before[part.member]) or show({}, part.parts), one, outcomes)
                | {name: one.get(name, "") for name in (("from", "id") if part.named else ("from",))}
                for one in entry[part.member]
            ]
        elif part.kind == "refs":  # what is none of the boxes nobody can have taken out
            boxes = {*outcomes, *entry[part.member]}
            found[part.member] = [*entry[part.member], *(name for name in before[part.member] if name not in boxes)]
    return found


def original(entry: Entry, originals: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return what one of a group was made of; an empty object for a new one."""
    place = entry.get("from", "")
    return originals[int(place) - 1] if _counts(place, originals) else {}


def flat(entry: Entry) -> dict[str, str]:
    """Return the fields that say what a form says: the way back from `read`."""
    found: dict[str, str] = {}
    _flatten(draft_fields.PARTS, entry, "", found, [outcome["id"] for outcome in entry["learningOutcome"]])
    return found


def _flatten(parts: Parts, entry: Entry, prefix: str, found: dict[str, str], outcomes: list[str]) -> None:
    for part in parts:
        value = entry[part.member]
        if isinstance(part, Group):
            for number, one in enumerate(value, start=1):
                start = f"{prefix}{part.stem}-{number}-"
                found |= {f"{start}{name}": one[name] for name in ("from", "id") if name in one}
                _flatten(part.parts, one, start, found, outcomes)
            found[f"{prefix}{part.stem}-end"] = "yes"
        elif part.kind in LISTS:
            places = [outcomes.index(one) + 1 for one in value if one in outcomes] if part.kind == "refs" else value
            found |= {f"{prefix}{part.member}-{place}": "yes" for place in places}
        elif part.kind == "pick":
            levels = [level["id"] for level in entry["rubricCriterionLevel"]]
            found[f"{prefix}{part.member}"] = str(levels.index(value) + 1) if value in levels else ""
        else:
            found[f"{prefix}{part.member}"] = value


def pruned(draft: JsonObject, entry: Entry) -> Entry:
    """Return a form without those of its groups that are new, or were emptied, and in which nothing is filled.

    Args:
        draft: The draft that the form was made of.
        entry: The form, filled.
    """
    return _pruned(draft_fields.PARTS, show(draft), entry)


def _pruned(parts: Parts, before: Entry, entry: Entry) -> Entry:
    found = dict(entry)
    for part in parts:
        if isinstance(part, Group):
            pairs = [(original(one, before.get(part.member, ())), one) for one in entry[part.member]]
            stay = [(was, one) for was, one in pairs if not _is_empty(part.parts, one) or (was and _is_empty(part.parts, was))]
            found[part.member] = [_pruned(part.parts, was, one) for was, one in stay]
    return found


def _is_empty(parts: Parts, entry: Entry) -> bool:
    groups = [(part, entry[part.member]) for part in parts if isinstance(part, Group)]
    is_said = any(entry[part.member] for part in parts if isinstance(part, Field))
    return not is_said and all(_is_empty(part.parts, one) for part, items in groups for one in items)


def begun(entry: Entry) -> Entry:
    """Return a form with an empty one in each group that begins with one."""
    found = dict(entry)
    for part in draft_fields.PARTS:
        if isinstance(part, Group) and part.begins and not found[part.member]:
            found[part.member] = [_blank(part, entry, (), frozenset())]
    return found


def _blank(group: Group, whole: Entry, numbers: tuple[int, ...], known: Collection[str]) -> Entry:
    entry = show({}, group.parts) | {"from": ""}
    if group.named:
        taken = {*ids(whole), *known}
        names = (group.named.format(*numbers, number) for number in itertools.count(1))
        entry["id"] = next(name for name in names if name not in taken)
    return entry


def ids(entry: Entry) -> Iterator[str]:
    """Yield the ids that those in the groups of a form have."""
    return _ids(draft_fields.PARTS, entry)


def _ids(parts: Parts, entry: Entry) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Group):
            for one in entry[part.member]:
                yield one.get("id", "")
                yield from _ids(part.parts, one)


def add(entry: Entry, name: str, known: Collection[str] = ()) -> str:
    """Add an empty one to a group, named as its fields are (`outcome`, `part-2-level`); return what the names of its fields begin with.

    Args:
        entry: The form, filled.
        name: The group.
        known: Ids that it may not have, since something may refer to them that is not in the form.

    Raises:
        problem.Invalid: There is no such group, or it or the form is full.
    """
    owner, group, numbers = _group(entry, name)
    items = owner[group.member]
    if len(items) >= group.most or len(flat(entry)) > MOST_FIELDS:
        raise problem.Invalid(f"There can be {group.most} at most." if len(items) >= group.most else "The form is full.")
    items.append(_blank(group, entry, numbers, known))
    return f"{name}-{len(items)}"


def remove(entry: Entry, name: str) -> str:
    """Take out one of a group, named as its fields are (`outcome-2`); return the name of the group.

    Raises:
        problem.Invalid: There is none.
    """
    items, place, stem = _one(entry, name)
    del items[place]
    return stem


def raise_up(entry: Entry, name: str) -> str:
    """Let one of a group (`outcome-2`) change places with the one before it; return its new name.

    Raises:
        problem.Invalid: There is none.
    """
    items, place, stem = _one(entry, name)
    before = max(place - 1, 0)
    items[place], items[before] = items[before], items[place]
    return f"{stem}-{before + 1}"


def _one(entry: Entry, name: str) -> tuple[list[Entry], int, str]:
    stem, _, number = name.rpartition("-")
    owner, group, _ = _group(entry, stem)
    items = owner[group.member]
    if not _counts(number, items):
        raise problem.Invalid(_GONE)
    return items, int(number) - 1, stem


def _group(entry: Entry, name: str) -> tuple[Entry, Group, tuple[int, ...]]:
    outer, _, stem = name.rpartition("-")
    if name.count("-") > _DEEPEST:
        raise problem.Invalid(_GONE)
    parts: Parts = draft_fields.PARTS
    owner, numbers = entry, tuple[int, ...]()
    if outer:
        items, place, outer_stem = _one(entry, outer)
        parts = next((part.parts for part in parts if isinstance(part, Group) and part.stem == outer_stem), ())
        owner, numbers = items[place], (place + 1,)
    group = next((part for part in parts if isinstance(part, Group) and part.stem == stem), None)
    if group is None:
        raise problem.Invalid(_GONE)
    return owner, group, numbers


_GONE = "This button is of a page that is no longer what is written. Load the page again."


def place_of(pointer: str) -> str:
    """Return the name of the field, or of the group, that fills the member of the draft at a JSON Pointer; empty where none does."""
    parts, name = draft_fields.PARTS, ""
    steps = pointer.split("/")[1:]
    while steps:
        member = steps.pop(0)
        part = next((part for part in parts if part.member.partition(".")[0] == member), None)
        if part is None:
            return name
        if isinstance(part, Field):
            full = ".".join([member, *steps[:1]])
            exact = next((one.member for one in parts if one.member == full), part.member)
            return f"{name}-{exact}" if name else exact
        name = f"{name}-{part.stem}" if name else part.stem
        if steps and steps[0].isdecimal() and len(steps[0]) < _LONGEST:
            name, parts = f"{name}-{int(steps.pop(0)) + 1}", part.parts
        elif steps:
            return name
    return name
