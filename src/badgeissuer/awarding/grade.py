"""What a badge says of how somebody did: the members of a rule's mapping, filled from an event.

Nothing is made to fit. A result that the achievement's own description does not allow is told as a fault, and a person decides: a badge
that contradicts itself is never made by itself.

Source: OB-3.0 Result, ResultDescription, AchievementSubject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from badgeissuer.awarding import condition, faults
from badgeissuer.openbadges import addresses, results
from badgeissuer.vc import jsonld
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from badgeissuer.awarding import event, rule
    from badgeissuer.vc.document import JsonObject

_HUNDREDTHS = Decimal("0.0001")
_LARGEST = Decimal(10) ** 15
"""A number as large as that is no score, and no term."""
_RAW = frozenset({"CreditHours", "GradePointAverage", "RawScore", "RubricScore"})
_MAX_NUMBER = 100
"""Characters of a licence number or a term."""
_MAX_CREDITS = 10_000
MAX_EVIDENCE = 100
"""Pieces of evidence in one badge."""
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one learner.

    Attributes:
        results: Open Badges results.
        credits: The credits earned.
        term: The term.
        license_number: The licence number, as far as it comes from the event.
        activity_start: When the activity began, with `activity_end`.
        activity_end: When it ended.
        faults: What cannot be said, in plain sentences; a person has to look at it.
    """

    results: tuple[JsonObject, ...] = ()
    credits: float | None = None
    term: str | None = None
    license_number: str | None = None
    activity_start: datetime | None = None
    activity_end: datetime | None = None
    faults: tuple[str, ...] = ()


def read(mapping: rule.Mapping, seen: condition.Seen, achievement: JsonObject) -> Said:
    """Return what a rule's mapping makes of an event.

    Args:
        mapping: The mapping.
        seen: The event.
        achievement: The published Achievement, against whose result descriptions results are checked.
    """
    faulty: list[str] = []
    found = results.complete(tuple(_results(mapping.results, seen, achievement, faulty)), achievement)
    faulty += [finding.detail for finding in results.check(found, achievement)]
    earned = seen.event.credits if mapping.credits is None else condition.number(_taken(mapping.credits, seen))
    if earned is not None and not 0 <= earned <= _MAX_CREDITS:
        faulty.append(f"The event gives {float(earned):g} credits; at most {_MAX_CREDITS:,} can be earned.")
        earned = None
    begun, ended = (seen.event.started_at, seen.event.occurred_at) if mapping.activity_dates else (None, None)
    return Said(
        results=() if faulty else tuple(found),
        credits=None if earned is None else float(earned),
        term=_text(mapping.term, seen, "term", faulty),
        license_number=_text(mapping.license_number, seen, "licence number", faulty),
        activity_start=begun,
        activity_end=ended,
        faults=tuple(faulty),
    )


def _results(wanted: Iterable[rule.ResultFrom], seen: condition.Seen, achievement: JsonObject, faulty: list[str]) -> Iterable[JsonObject]:
    for item in wanted:
        description = describe(item.result, achievement)
        if description is None:
            faulty.append(f"The achievement has no result “{item.result}” any more.")
            continue
        value = _value(item, seen, str(description["resultType"]))
        if value is None:
            faulty.append(f"The event does not say what is needed for “{description['name']}”.")
            continue
        made = _result(item, description, value)
        if made is None:
            faulty.append(f"“{description['name']}” has no level for {condition.shown(value)}.")
        else:
            yield made


def describe(name: str, achievement: JsonObject) -> JsonObject | None:
    """Return the result description that a rule names: by id, by the fragment of its id, or by name; None where there is none."""
    known = as_list(achievement.get("resultDescription"))
    resolved = addresses.resolve(name, achievement.get("id", ""))
    return next((item for item in known if name in {item["id"], item["name"]} or item["id"] == resolved), None)


def _value(item: rule.ResultFrom, seen: condition.Seen, kind: str) -> str | None:
    """Return the value of a result as a text; None where the event has none."""
    if item.take is not None:
        return _written(_taken(item.take, seen))
    event = seen.event
    if kind == "Percent":
        share = condition.number(event.field("result.scaled"))
        return None if share is None else _written(share * 100)
    if kind in _RAW:
        return _written(event.result.raw)
    if kind == "Status" and not item.levels:
        return {True: "Completed", False: "Failed", None: None}[event.result.passed]
    return _written(event.result.letter or event.result.status or event.result.raw)


def _result(item: rule.ResultFrom, description: JsonObject, value: str) -> JsonObject | None:
    """Return a result; None where the rule has no level for the value."""
    reference = {"resultDescription": description["id"]}
    level = value if item.levels is None else item.levels.get(value)
    if level is None:
        return None
    if description["resultType"] == "Status":
        return reference | {"status": level}
    if not description.get("rubricCriterionLevel"):
        return reference | {"value": level}
    name = addresses.resolve(level, description["id"].partition("#")[0])
    known = description["rubricCriterionLevel"]
    found = next((one["id"] for one in known if level in {one["id"], one["name"]} or one["id"] == name), None)
    return None if found is None else reference | {"achievedLevel": found}


def _taken(origin: rule.Origin, seen: condition.Seen) -> Any:  # noqa: ANN401 - any JSON, or a time
    if origin.value is not None:
        return origin.value
    return seen.event.field(origin.field) if origin.field is not None else seen.find(origin.path or "")


def _text(origin: rule.Origin | None, seen: condition.Seen, name: str, faulty: list[str]) -> str | None:
    if origin is None:
        return None
    text = (_written(_taken(origin, seen)) or "").strip()
    if not text or len(text) > _MAX_NUMBER or faults.UNSTORABLE.search(text) or not text.isprintable():
        faulty.append(f"The event has no {name} of at most {_MAX_NUMBER} printable characters where the rule looks for it.")
        return None
    return text


def _written(value: object) -> str | None:
    """Return a text or a number as text, a number without an exponent and with at most four places; None for anything else."""
    if isinstance(value, str):
        return value
    exact = value if isinstance(value, Decimal) else condition.number(value)
    return None if exact is None or abs(exact) >= _LARGEST else format(exact.quantize(_HUNDREDTHS).normalize(), "f")


def _is_web_address(url: str) -> bool:
    return bool(_WEB_ADDRESS.match(url) and jsonld.ABSOLUTE_IRI.fullmatch(url))


def evidence(items: Iterable[event.EvidenceClaim]) -> list[JsonObject]:
    """Return the evidence that can stand in a badge, at most 100 pieces: what has a web address, each once."""
    found: dict[str, JsonObject] = {}
    for item in items:
        if item.url and _is_web_address(item.url):
            name = _CONTROL.sub(" ", item.name or "").strip()
            found.setdefault(item.url, {"id": item.url, "type": ["Evidence"]} | ({"name": name} if name else {}))
    return list(found.values())[:MAX_EVIDENCE]
