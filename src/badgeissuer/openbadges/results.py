"""What one learner achieved, against what the achievement says can be achieved.

Neither the schema nor other verifiers look at this: a result must point to a description of its own achievement, and fit its scale.

Source: OB-3.0 Result, ResultDescription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer.openbadges import definition, model
from badgeissuer.problem import RANGE_ERROR, Finding
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from badgeissuer.vc.document import JsonObject


def complete(results: Sequence[JsonObject], achievement: JsonObject) -> list[JsonObject]:
    """Return results with `type` and with fragments resolved against the achievement's `id`."""
    url = achievement["id"]
    references = ("resultDescription", "achievedLevel")
    return [
        {"type": ["Result"]} | item | {name: definition.resolve(item[name], url) for name in references if name in item} for item in results
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


def _one(result: JsonObject, descriptions: dict[str, JsonObject], *, pointer: str) -> Iterable[Finding]:
    return model.findings_of(model.Result, result, prefix=pointer) or _against(result, descriptions, pointer=pointer)


def _against(result: JsonObject, descriptions: dict[str, JsonObject], *, pointer: str) -> Iterator[Finding]:
    reference = result.get("resultDescription")
    if reference is None:
        return
    description = descriptions.get(reference)
    if description is None:
        yield Finding(f"The result refers to {reference}, which the achievement does not describe.", f"{pointer}/resultDescription")
        return
    value, level, status = (result.get(name) for name in ("value", "achievedLevel", "status"))
    fault = value is not None and definition.value_fault(description, value)
    if fault:
        yield Finding(f"The value of “{description['name']}” {fault}", f"{pointer}/value", RANGE_ERROR)
    if level is not None and level not in [known["id"] for known in as_list(description.get("rubricCriterionLevel"))]:
        yield Finding(f"The achieved level of “{description['name']}” is none of its levels.", f"{pointer}/achievedLevel")
    if description["resultType"] == "Status" and status is None:
        yield Finding(f"“{description['name']}” is a status, so the result needs one.", f"{pointer}/status")
    elif value is level is status is None:
        yield Finding(f"The result for “{description['name']}” says nothing: it needs a value, a level or a status.", pointer)
