"""What authors may write short, said as Open Badges has it: levels, credit units, skills, and what leads where become alignments.

An alignment is what every reader of Open Badges shows. `level`, `prerequisites` and `stacksInto` are words of drafts only; an
`alignment` inside a learning outcome is moved to the achievement, and the outcome keeps the skill's URL.

Source: OB-3.0 Alignment; ELM 3 (concept URIs).
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from badgeissuer.openbadges import model, values
from badgeissuer.problem import Finding, below
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

MEMBERS = frozenset({"level", "prerequisites", "stacksInto"})
"""Members of drafts that no badge has."""
EQF = "European Qualifications Framework"
PREREQUISITE, STACKS_INTO, CREDIT_UNIT = "ext:Prerequisite", "ext:StacksInto", "ext:CreditUnit"
LEVEL_TYPE = "ext:{}Alignment"
CODED = re.compile(r"ext:([A-Za-z-]+)Alignment")
"""Target types of alignments to a framework of codes, levels among them."""
QUALIFICATIONS = frozenset({"AQF", "CQFW", "EQF", "FHEQ", "NLQF", "NZQCF", "NZQF", "QF-EHEA", "RQF", "SCQF"})
"""Frameworks of qualifications: their codes are levels."""
MOST_LINKS = 50
"""Achievements that one draft may name as prerequisites, and as what it stacks into."""
_EQF_LEVELS = {str(number): f"http://data.europa.eu/snb/eqf/{number}" for number in range(1, 9)}
_ECTS: JsonObject = {
    "targetName": "European Credit Transfer and Accumulation System (ECTS)",
    "targetUrl": "http://data.europa.eu/snb/education-credit/6fcec5c5af",
    "targetType": CREDIT_UNIT,
}
_LINKS = (("prerequisites", PREREQUISITE), ("stacksInto", STACKS_INTO))


class Level(model.View):
    """The level in a framework of qualifications: `{"framework": "EQF", "code": "6"}`, with a `url` where it is another framework."""

    framework: Annotated[str, Field(pattern="^[A-Z][A-Za-z-]{1,20}$")]
    code: Annotated[str, Field(min_length=1, max_length=40)]
    url: values.Url | None = None


class Links(model.View):
    """What the members of drafts hold: slugs of achievements of this service."""

    level: values.Many[Level] | None = None
    prerequisites: Annotated[values.Many[str], Field(max_length=MOST_LINKS)] | None = None
    stacks_into: Annotated[values.Many[str], Field(max_length=MOST_LINKS)] | None = None


def check(draft: JsonObject) -> tuple[Finding, ...]:
    """Return what is wrong with the words that only drafts have; whether achievements of that name exist is not looked at."""
    return model.findings_of(Links, draft) or (*_levels(draft), *_loose_alignments(draft))


def _levels(draft: JsonObject) -> Iterator[Finding]:
    for pointer, item in model.items(draft.get("level") or [], "/level"):
        if item["framework"] == "EQF" and item["code"] not in _EQF_LEVELS:
            yield Finding("A level of the EQF is 1 to 8.", below(pointer, "code"))
        elif item["framework"] != "EQF" and "url" not in item:
            yield Finding(f"Give the url of the level, or of the framework {item['framework']}.", pointer)


def _loose_alignments(draft: JsonObject) -> Iterator[Finding]:
    """Yield what stands as the alignment of an outcome and is none: it would be lost where it is moved."""
    for pointer, outcome in model.items(draft.get("learningOutcome") or [], "/learningOutcome"):
        inside = outcome.get("alignment") if isinstance(outcome, dict) else None
        for place, item in model.items(inside or [], below(pointer, "alignment")):
            if not isinstance(item, dict) or not isinstance(item.get("targetUrl"), str):
                yield Finding("An alignment is an object with targetName and targetUrl.", place)


def linked(draft: JsonObject) -> dict[str, list[str]]:
    """Return the slugs that a checked draft names: member → slugs."""
    return {name: as_list(draft.get(name)) for name, _ in _LINKS}


def expand(draft: JsonObject, links: Mapping[str, tuple[str, str]]) -> JsonObject:
    """Return a checked draft in members that badges have.

    Args:
        draft: As its author wrote it.
        links: Slug of an achievement → its name and URL; those that the draft names.
    """
    found = copy.deepcopy({name: value for name, value in draft.items() if name not in MEMBERS})
    added = [*_level_alignments(draft), *_moved(found)]
    for name, kind in _LINKS:
        for slug in as_list(draft.get(name)):
            title, url = links[slug]
            added.append({"targetName": title, "targetUrl": url, "targetType": kind})
    if found.get("creditUnit") == "ECTS":
        added.append(dict(_ECTS))
    if added:
        found["alignment"] = list(_distinct([*as_list(found.get("alignment")), *added]))
    return found


def _level_alignments(draft: JsonObject) -> Iterator[JsonObject]:
    for item in as_list(draft.get("level")):
        framework, code = item["framework"], item["code"]
        full = EQF if framework == "EQF" else framework
        url = item.get("url") or _EQF_LEVELS[code]
        kind = LEVEL_TYPE.format(framework)
        yield {"targetName": f"{framework} level {code}", "targetUrl": url, "targetFramework": full, "targetCode": code, "targetType": kind}


def _moved(found: JsonObject) -> Iterator[Any]:
    """Take the alignments out of learning outcomes, leaving the URLs of the skills; yield them."""
    for outcome in as_list(found.get("learningOutcome")):
        if isinstance(outcome, dict) and "alignment" in outcome:
            moved = as_list(outcome.pop("alignment"))
            outcome["relatedSkill"] = list(dict.fromkeys([*as_list(outcome.get("relatedSkill")), *(item["targetUrl"] for item in moved)]))
            yield from moved


def _distinct(alignments: list[Any]) -> Iterator[Any]:
    seen = set()
    for item in alignments:
        name = (item.get("targetUrl"), item.get("targetType"), item.get("targetCode")) if isinstance(item, dict) else None
        if name is None or repr(name) not in seen:
            yield item
        seen.add(repr(name))
