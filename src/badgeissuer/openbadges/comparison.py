"""What is different between two versions of an achievement, member by member, and whether that is a major change.

A change is major where it touches what the award means: outcomes, level, workload and credits, what must be done and how it is assessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from badgeissuer.openbadges import addresses, drafting, exchange
from badgeissuer.problem import below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

MAJOR = frozenset({
    "achievementType", "creditUnit", "creditsAvailable", "criteria", "entryRequirement", "learningOutcome", "resultDescription", "workload",
})  # fmt: skip
"""Members that say what the award means; alignments with a level and with a prerequisite do too."""
_DERIVED = ("id", "version", "creator")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A member that is different.

    Attributes:
        pointer: Where: a JSON Pointer in which items of an array are named by their id, their URL or their place.
        kind: Whether it came, went, or is another one.
        before: What it was; None where it came.
        after: What it is; None where it went.
        is_major: Whether the award means something else by it.
    """

    pointer: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    is_major: bool


def compare(before: JsonObject, after: JsonObject) -> tuple[Change, ...]:
    """Return what is different between two completed Achievements of one slug; what follows from publishing alone is left out."""
    return tuple(_members(_bare(before), _bare(after), "", is_major=False))


def _bare(achievement: JsonObject) -> JsonObject:
    """Return an Achievement without what every version has anew: fragments of its own id, and its drawing, stand for themselves."""
    own = str(achievement.get("id", ""))
    found: JsonObject = exchange.local({name: value for name, value in achievement.items() if name not in _DERIVED}, own)
    if exchange.is_drawn(found.get("image"), own):
        found["image"] = found["image"] | {"id": addresses.DRAWN}
    related = [item for item in found.pop("related", []) if not exchange.is_own_version(item, own)]
    return found | ({"related": related} if related else {})


def _members(before: JsonObject, after: JsonObject, pointer: str, *, is_major: bool) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        yield from _values(
            before.get(name, _ABSENT), after.get(name, _ABSENT), below(pointer, name), is_major=is_major or (not pointer and name in MAJOR)
        )


def _values(before: Any, after: Any, pointer: str, *, is_major: bool) -> Iterator[Change]:  # noqa: ANN401 - any JSON value
    if before == after and isinstance(before, bool) is isinstance(after, bool):
        return
    is_major = is_major or any(_is_weighty(value) for value in (before, after))
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _members(before, after, pointer, is_major=is_major)
    elif _has_nodes(before) and _has_nodes(after):
        yield from _members(_by_name(before), _by_name(after), pointer, is_major=is_major)
    elif _has_nodes(before) or _has_nodes(after):
        old, new = (_by_name(value) if _has_nodes(value) else {} for value in (before, after))
        yield from _members(old, new, pointer, is_major=is_major)
    else:
        kind: Literal["added", "removed", "changed"] = "added" if before is _ABSENT else "removed" if after is _ABSENT else "changed"
        yield Change(pointer, kind, None if before is _ABSENT else before, None if after is _ABSENT else after, is_major)


def _is_weighty(value: object) -> bool:
    """Return whether a node is an alignment with a level or with a prerequisite."""
    if not isinstance(value, dict):
        return False
    kind, framework = str(value.get("targetType")), str(value.get("targetFramework"))
    known = {drafting.LEVEL_TYPE.format(name) for name in drafting.QUALIFICATIONS} | {drafting.PREREQUISITE}
    return kind in known or framework in drafting.QUALIFICATIONS | {drafting.EQF}


def _has_nodes(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _target(item: JsonObject) -> str:
    return " ".join(str(item[name]) for name in ("targetUrl", "targetType") if name in item)


def _by_name(items: list[JsonObject]) -> JsonObject:
    """Return the nodes of an array by what names them; what has the name of one before it, by its place."""
    found: JsonObject = {}
    for place, item in enumerate(items):
        name = str(item.get("id") or _target(item) or place)
        found[name if name not in found else str(place)] = item
    return found
