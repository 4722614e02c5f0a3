"""What one learner achieved, against what the achievement says can be achieved.

Neither the schema nor other verifiers look at this: a result must point to a description of its own achievement, and fit its scale.

Scales stand from low to high. But a signature over RDF does not cover the order of an array unless the context makes it a list, which
Open Badges do for `allowedValue` since context 3.0.2 and for `rubricCriterionLevel` never: a holder could turn the levels round. An order
that is not signed is believed only where it speaks against the badge; levels that have `points` are compared by these.

Source: OB-3.0 Result, ResultDescription, RubricCriterionLevel.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from badgeissuer.openbadges import addresses, definition, legacy, model
from badgeissuer.problem import OURS, RANGE_ERROR, Finding
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from badgeissuer.vc.document import JsonObject

NOT_MET = OURS + "requirement-not-met"
UNCLEAR = OURS + "requirement-unclear"
NOT_COMPLETED = OURS + "not-completed"
MORE_CREDITS = OURS + "more-credits"
MAX_DETAIL = 300
"""Characters of a sentence about a stranger's badge, which may repeat names of any length."""
_UNFINISHED = {
    "Enrolled": "the learner is enrolled, but has not completed it",
    "Failed": "the learner did not pass",
    "InProgress": "the learner is still at it",
    "OnHold": "it is on hold, and completion has not been awarded",
    "Provisional": "the result is provisional",
    "Withdrew": "the learner withdrew before completing it",
}


def complete(results: Sequence[JsonObject], achievement: JsonObject) -> list[JsonObject]:
    """Return results with `type` and with fragments resolved against the achievement's `id`."""
    url = achievement["id"]
    references = ("resultDescription", "achievedLevel")
    return [
        {"type": ["Result"]} | item | {name: addresses.resolve(item[name], url) for name in references if name in item} for item in results
    ]


def check(results: Sequence[JsonObject], achievement: JsonObject, *, prefix: str = "") -> tuple[Finding, ...]:
    """Return what is wrong with results of one learner.

    Args:
        results: The results; each is checked for its form too.
        achievement: The published Achievement.
        prefix: The JSON Pointer of their array.
    """
    descriptions = {item["id"]: item for item in as_list(achievement.get("resultDescription"))}
    return tuple(finding for index, item in enumerate(results) for finding in _one(item, descriptions, pointer=f"{prefix}/{index}"))


def rules(badge: JsonObject) -> tuple[Finding, ...]:
    """Return what contradicts itself in the results of a badge that somebody else issued.

    Args:
        badge: A document of which `model.check` or `legacy.check` found no fault.
    """
    subject = badge["credentialSubject"]
    descriptions = _descriptions(subject)
    known = {item["id"]: item for _, item in reversed(descriptions)}
    against = (_against(result, known, pointer=pointer, misfit=_misfit) for pointer, result in _results(subject))
    return _shortened(_definition_faults(descriptions), *against)


def remarks(badge: JsonObject, *, ordered: bool = False) -> tuple[Finding, ...]:
    """Return what is true of a badge, but what its reader must know: what was not reached, not completed, or cannot be told.

    Args:
        badge: A document of which `model.check` or `legacy.check` found no fault.
        ordered: Whether its signature covers the order of every array: that of a JWS and of `eddsa-jcs-2022` does.
    """
    subject = badge["credentialSubject"]
    known = {item["id"]: item for _, item in reversed(_descriptions(subject))}
    own: dict[str, list[tuple[str, JsonObject]]] = {}
    for place in _results(subject):
        own.setdefault(place[1].get("resultDescription") or "", []).append(place)
    scales = ((name, _Scale(item, values=ordered or not legacy.is_legacy(badge), levels=ordered)) for name, item in known.items())
    required = (_requirement(scale, own.get(name, [])) for name, scale in scales)
    return _shortened(_unfinished(subject, known), *required, _credits(subject))


def _one(result: JsonObject, descriptions: dict[str, JsonObject], *, pointer: str) -> Iterable[Finding]:
    return (
        model.findings_of(model.Result, result, prefix=pointer)
        or tuple(_against(result, descriptions, pointer=pointer, misfit=definition.value_fault))
        or tuple(_empty(result, descriptions, pointer=pointer))
    )


def _against(
    result: JsonObject, descriptions: dict[str, JsonObject], *, pointer: str, misfit: Callable[[JsonObject, str], str | None]
) -> Iterator[Finding]:
    reference = result.get("resultDescription")
    if reference is None:
        return
    description = descriptions.get(reference)
    if description is None:
        yield Finding(f"The result refers to {reference}, which the achievement does not describe.", f"{pointer}/resultDescription")
        return
    value, level = result.get("value"), result.get("achievedLevel")
    fault = value is not None and misfit(description, value)
    if fault:
        yield Finding(f"The value of “{description['name']}” {fault}", f"{pointer}/value", RANGE_ERROR)
    if level is not None and level not in [known["id"] for known in as_list(description.get("rubricCriterionLevel"))]:
        yield Finding(f"The achieved level of “{description['name']}” is none of its levels.", f"{pointer}/achievedLevel")
    if description["resultType"] == "Status" and result.get("status") is None:
        yield Finding(f"“{description['name']}” is a status, so the result needs one.", f"{pointer}/status")


def _empty(result: JsonObject, descriptions: dict[str, JsonObject], *, pointer: str) -> Iterator[Finding]:
    reference = result.get("resultDescription")
    if reference is not None and all(result.get(name) is None for name in ("value", "achievedLevel", "status")):
        name = descriptions[reference]["name"]
        yield Finding(f"The result for “{name}” says nothing: it needs a value, a level or a status.", pointer)


def _descriptions(subject: JsonObject) -> list[tuple[str, JsonObject]]:
    pointer = "/credentialSubject/achievement/resultDescription"
    return model.items(subject["achievement"].get("resultDescription") or [], pointer)


def _results(subject: JsonObject) -> list[tuple[str, JsonObject]]:
    return model.items(subject.get("result") or [], "/credentialSubject/result")


def _levels(description: JsonObject, pointer: str) -> list[tuple[str, JsonObject]]:
    return model.items(description.get("rubricCriterionLevel") or [], f"{pointer}/rubricCriterionLevel")


def _definition_faults(descriptions: list[tuple[str, JsonObject]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for pointer, description in descriptions:
        levels = _levels(description, pointer)
        for place, node in [(pointer, description), *levels]:
            if node["id"] in seen:
                yield Finding(f"The id {node['id']} is given twice, so that a result could mean either.", f"{place}/id")
            seen.add(node["id"])
        level, value = description.get("requiredLevel"), description.get("requiredValue")
        if level is not None and level not in [node["id"] for _, node in levels]:
            yield Finding(f"The required level of “{description['name']}” is none of its levels.", f"{pointer}/requiredLevel")
        fault = value is not None and _misfit(description, value)
        if fault:
            yield Finding(f"The required value of “{description['name']}” {fault}", f"{pointer}/requiredValue", RANGE_ERROR)


def _misfit(description: JsonObject, text: str) -> str | None:
    """Return `definition.value_fault`, but for a text that is no number only where bounds ask for one: others may write `pass` or `87%`."""
    if not description.get("allowedValue"):
        text = _bare(description, text)
        bounds = [definition.number(description.get(name)) for name in ("valueMin", "valueMax")]
        if bounds == [None, None] and definition.number(text) is None:
            return None
    return definition.value_fault(description, text)


def _bare(description: JsonObject, text: str) -> str:
    return text.removesuffix("%").rstrip() if description["resultType"] == "Percent" else text


def _unfinished(subject: JsonObject, known: dict[str, JsonObject]) -> Iterator[Finding]:
    for pointer, result in _results(subject):
        meaning = _UNFINISHED.get(result.get("status") or "Completed")
        if meaning:
            description = known.get(result.get("resultDescription") or "")
            what = f"“{description['name']}”" if description else "A result"
            yield Finding(f"{what}: {meaning} (status {result['status']}).", f"{pointer}/status", NOT_COMPLETED)


@dataclasses.dataclass(frozen=True, slots=True)
class _Scale:
    """A description, and whether its signature covers the order of its values and levels."""

    description: JsonObject
    values: bool
    levels: bool

    def meets_value(self, reached: str, required: str) -> bool | None:
        """Return whether `reached` is at least `required`; None where that cannot be told."""
        allowed = as_list(self.description.get("allowedValue"))
        if reached in allowed and required in allowed:
            return _in_order(allowed.index(reached), allowed.index(required), is_signed=self.values)
        numbers = [definition.number(_bare(self.description, text)) for text in (reached, required)]
        if numbers[0] is not None and numbers[1] is not None:
            return numbers[0] >= numbers[1]
        return True if reached == required else None

    def meets_level(self, reached: JsonObject, required: JsonObject) -> bool | None:
        """Return whether the level `reached` is at least `required`; None where that cannot be told."""
        points = [definition.number(level.get("points")) for level in (reached, required)]
        if points[0] is not None and points[1] is not None and points[0] != points[1]:
            return points[0] > points[1]
        levels = as_list(self.description["rubricCriterionLevel"])
        return _in_order(levels.index(reached), levels.index(required), is_signed=self.levels)

    def level(self, reference: object) -> JsonObject | None:
        """Return the level that a reference names."""
        return next((level for level in as_list(self.description.get("rubricCriterionLevel")) if level["id"] == reference), None)


def _in_order(reached: int, required: int, *, is_signed: bool) -> bool | None:
    return None if reached > required and not is_signed else reached >= required


def _requirement(scale: _Scale, own: list[tuple[str, JsonObject]]) -> Iterator[Finding]:
    """Yield what the results of one description leave to be desired."""
    description = scale.description
    required_value, required_level = description.get("requiredValue"), scale.level(description.get("requiredLevel"))
    is_compared = False
    for pointer, result in own:
        value, level = result.get("value"), scale.level(result.get("achievedLevel"))
        if required_value is not None and value is not None:
            is_compared = True
            yield from _verdict(
                description, value, required_value, met=scale.meets_value(value, required_value), pointer=f"{pointer}/value"
            )
        if required_level and level:
            is_compared = True
            names = level["name"], required_level["name"]
            yield from _verdict(description, *names, met=scale.meets_level(level, required_level), pointer=f"{pointer}/achievedLevel")
    required = required_value or (required_level and required_level["name"])
    said = [pointer for pointer, result in own if result.get("value") is not None or result.get("achievedLevel") is not None]
    if required and said and not is_compared:
        yield Finding(
            f"“{description['name']}”: {required} was required; what is said of the learner is not on that scale.", said[0], UNCLEAR
        )


def _verdict(description: JsonObject, reached: str, required: str, *, met: bool | None, pointer: str) -> Iterator[Finding]:
    if met is None:
        unclear = "Which of them is higher cannot be told from what is signed; ask the issuer."
        yield Finding(f"“{description['name']}”: reached {reached}, and {required} was required. {unclear}", pointer, UNCLEAR)
    elif not met:
        yield Finding(f"“{description['name']}”: reached {reached}, but {required} was required.", pointer, NOT_MET)


def _credits(subject: JsonObject) -> Iterator[Finding]:
    earned, available = subject.get("creditsEarned"), subject["achievement"].get("creditsAvailable")
    if earned is not None and available is not None and earned > available:
        detail = f"The learner is said to have earned {earned:.10g} credits, but the achievement offers {available:.10g}."
        yield Finding(detail, "/credentialSubject/creditsEarned", MORE_CREDITS)


def _shortened(*findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return all findings, each shortened before the next is made: every one may repeat a name that fills the badge."""
    return tuple(
        item if len(item.detail) <= MAX_DETAIL else dataclasses.replace(item, detail=item.detail[: MAX_DETAIL - 1] + "…")
        for item in itertools.chain.from_iterable(findings)
    )
