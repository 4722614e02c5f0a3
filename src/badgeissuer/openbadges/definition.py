"""An achievement as its author writes it, and as it then stands in badges.

Authors write Open Badges members in their own spelling and may leave out what can be derived: `type`, the ids of result descriptions and
rubric levels (or a fragment such as `#final-grade` for them), the creator and the version.
"""

from __future__ import annotations

import copy
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.openbadges import addresses, drafting, lengths, microcredential, model, picture
from badgeissuer.problem import Finding
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

_PICTURE = re.compile(r"https?://|data:image/(png|svg\+xml)[;,]", re.IGNORECASE)
_DERIVED = {"id", "version"}
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_NUMERIC = {"GradePointAverage", "Percent", "PredictedScore", "RawScore", "RubricScore", "ScaledScore"}


def complete(draft: JsonObject, *, url: str, version: str, creator: JsonObject) -> JsonObject:
    """Return the Achievement that a draft stands for.

    Args:
        draft: The members that the author wrote.
        url: The URL of this version; it becomes the `id`, and fragments are resolved against it.
        version: The `version` member.
        creator: The Profile that is meant where the author names no other.
    """
    members = copy.deepcopy(draft | {"creator": draft.get("creator", creator)})
    achievement: JsonObject = {"id": url, "type": _types(members.pop("type", None), "Achievement")} | members | {"version": version}
    if isinstance(achievement.get("image"), str):
        achievement["image"] = {"id": achievement["image"]}
    _set_type(achievement.get("image"), "Image", plain=True)
    _set_type(achievement["creator"], "Profile")
    for name, kind in (("alignment", "Alignment"), ("related", "Related")):
        _set_types(achievement.get(name), kind)
    for item in as_list(achievement.get("otherIdentifier")):
        _set_type(item, "IdentifierEntry", plain=True)
    for number, item in enumerate(as_list(achievement.get("resultDescription")), start=1):
        _complete_result_description(item, url=url, number=number)
    microcredential.complete(achievement, url=url)
    return achievement


def _complete_result_description(item: Any, *, url: str, number: int) -> None:  # noqa: ANN401 - any JSON value
    if not isinstance(item, dict):
        return
    _set_type(item, "ResultDescription")
    item["id"] = addresses.resolve(item.get("id", f"#result-{number}"), url)
    _set_types(item.get("alignment"), "Alignment")
    if "requiredLevel" in item:
        item["requiredLevel"] = addresses.resolve(item["requiredLevel"], url)
    for place, level in enumerate(as_list(item.get("rubricCriterionLevel")), start=1):
        if isinstance(level, dict):
            _set_type(level, "RubricCriterionLevel")
            level["id"] = addresses.resolve(level.get("id", f"#result-{number}-level-{place}"), url)
            _set_types(level.get("alignment"), "Alignment")


def _types(value: object, kind: str) -> list[Any]:
    given = as_list(value)
    return given if kind in given else [kind, *given]


def _set_types(items: object, kind: str) -> None:
    for item in as_list(items):
        _set_type(item, kind)


def _set_type(item: object, kind: str, *, plain: bool = False) -> None:
    """Give a node its type: an array, or for the few `plain` classes of which the standard knows one type only, a text."""
    if isinstance(item, dict):
        types = _types(item.get("type"), kind)
        item["type"] = kind if plain and types == [kind] else types


def check(achievement: JsonObject) -> tuple[Finding, ...]:
    """Return what is wrong with a completed Achievement, beyond the schema: references, order, ranges.

    Source: OB-3.0 Achievement, ResultDescription, RubricCriterionLevel.
    """
    findings = model.findings_of(model.Achievement, achievement) + microcredential.check(achievement)
    return findings or tuple(_consistency(achievement))


def check_draft(draft: JsonObject) -> tuple[Finding, ...]:
    """Return what an author may not write: what is derived when the achievement is published, texts too long, and no words of drafts."""
    derived = sorted(_DERIVED & set(draft))
    found = tuple(Finding(f"{name} is set when the achievement is published; leave it out.", f"/{name}") for name in derived)
    return found + lengths.check(draft) + drafting.check(draft)


def _consistency(achievement: JsonObject) -> Iterator[Finding]:
    seen: set[str] = {achievement["id"]}
    for index, item in enumerate(as_list(achievement.get("resultDescription"))):
        pointer = f"/resultDescription/{index}"
        for name, place in _ids(item, pointer):
            if name in seen:
                yield Finding(f"The id {name} is given twice.", place)
            seen.add(name)
        yield from _levels(item, pointer)
        yield from _range(item, pointer)
        yield from _allowed(item, pointer)
    image = achievement.get("image")
    if image and not _PICTURE.match(image["id"]):
        yield Finding("The image must be at an http or https address, or a data URI of a PNG or SVG.", "/image/id")
    elif image and (fault := picture.embedded_fault(image["id"])):
        yield Finding(fault, "/image/id")
    if (achievement.get("creditsAvailable") or 0) < 0:
        yield Finding("creditsAvailable must not be negative.", "/creditsAvailable")


def _ids(item: JsonObject, pointer: str) -> Iterator[tuple[str, str]]:
    yield item["id"], f"{pointer}/id"
    for index, level in enumerate(as_list(item.get("rubricCriterionLevel"))):
        yield level["id"], f"{pointer}/rubricCriterionLevel/{index}/id"


def _levels(item: JsonObject, pointer: str) -> Iterator[Finding]:
    levels = as_list(item.get("rubricCriterionLevel"))
    required = item.get("requiredLevel")
    if required is not None and required not in [level["id"] for level in levels]:
        yield Finding(f"requiredLevel {required} is none of the levels of this result description.", f"{pointer}/requiredLevel")
    if item["resultType"] == "RubricCriterionLevel" and not levels:
        yield Finding("A result of the type RubricCriterionLevel needs rubricCriterionLevel.", pointer)
    points = [(index, number(level["points"])) for index, level in enumerate(levels) if "points" in level]
    for index, value in points:
        if value is None:
            yield Finding("points must be a number written as a text.", f"{pointer}/rubricCriterionLevel/{index}/points")
    known = [value for _, value in points if value is not None]
    if known != sorted(known):
        yield Finding("The levels must stand from the lowest to the highest; their points do not.", f"{pointer}/rubricCriterionLevel")


def _range(item: JsonObject, pointer: str) -> Iterator[Finding]:
    bounds: dict[str, Decimal] = {}
    for name in ("valueMin", "valueMax"):
        if name in item:
            value = number(item[name])
            if value is None:
                yield Finding(f"{name} must be a number written as a text.", f"{pointer}/{name}")
            else:
                bounds[name] = value
    if len(bounds) == len(("valueMin", "valueMax")) and bounds["valueMin"] > bounds["valueMax"]:
        yield Finding("valueMin is greater than valueMax.", f"{pointer}/valueMin")
    fault = "requiredValue" in item and value_fault(item, item["requiredValue"])
    if fault:
        yield Finding(f"requiredValue {fault}", f"{pointer}/requiredValue")


def _allowed(item: JsonObject, pointer: str) -> Iterator[Finding]:
    allowed = as_list(item.get("allowedValue"))
    if len(set(allowed)) != len(allowed):
        yield Finding("allowedValue names a value twice.", f"{pointer}/allowedValue")
    numbers = [number(value) for value in allowed]
    known = [value for value in numbers if value is not None]
    if item["resultType"] in _NUMERIC and len(known) == len(numbers) and known != sorted(known):
        yield Finding("allowedValue must stand from the lowest to the highest.", f"{pointer}/allowedValue")


def number(text: object) -> Decimal | None:
    """Return the number that a text means as everybody reads it (no `1_000`, no spaces, no infinity); None where it means none."""
    return Decimal(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else None


def value_fault(description: JsonObject, text: str) -> str | None:
    """Return why a value does not fit a ResultDescription, as the end of a sentence; None where it fits."""
    allowed = as_list(description.get("allowedValue"))
    if allowed and text not in allowed:
        return f"is {text!r}, which is none of the allowed values ({', '.join(allowed)})."
    value, least, most = number(text), number(description.get("valueMin")), number(description.get("valueMax"))
    if value is None:
        is_numeric = description["resultType"] in _NUMERIC or least is not None or most is not None
        return f"is {text!r}, which is no number." if is_numeric and not allowed else None
    if least is not None and value < least:
        return f"is {text}, less than the least of {least}."
    return f"is {text}, more than the most of {most}." if most is not None and value > most else None


def require(findings: tuple[Finding, ...]) -> None:
    """Raise `problem.Invalid` with the findings, if there are any."""
    if findings:
        raise problem.Invalid.of(findings)
