"""What is known of an achievement, in the words in which frameworks ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from badgeissuer.openbadges import microcredential
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

_CODED = re.compile(r"ext:([A-Za-z-]+)Alignment")
_LINK = re.compile(r"ext:(Prerequisite|StacksInto)")
_NO_WORD = re.compile(r"[\W_]+")


def gather(achievement: JsonObject, issuer: JsonObject) -> JsonObject:
    """Return what is known.

    Args:
        achievement: A completed Achievement.
        issuer: The Profile of the unit.

    Returns:
        `achievement` and `issuer` as they are; `title`, in small letters with a space around each word; `outcomes`; `assessed`, the
        assessed parts; `aligned`, code by framework (`{"EQF": "6"}`); `linked`, names by `Prerequisite` and `StacksInto`; `hours` of work
        and `hours_per_credit`, null where they are not said.
    """
    hours, earned = microcredential.minutes(achievement.get("workload")) / 60, achievement.get("creditsAvailable")
    parts = [part for part in as_list(achievement.get("resultDescription")) if isinstance(part, dict)]
    links = [(kind, item.get("targetName")) for kind, item in _aligned(achievement, _LINK)]
    return {
        "achievement": achievement,
        "issuer": issuer,
        "title": _NO_WORD.sub(" ", f" {achievement.get('name', '')} ").lower(),
        "outcomes": as_list(achievement.get("learningOutcome")),
        "assessed": [part for part in parts if microcredential.ASSESSED in as_list(part.get("type"))],
        "aligned": {framework: item.get("targetCode") for framework, item in _aligned(achievement, _CODED)},
        "linked": {kind: [name for other, name in links if other == kind] for kind, _ in links},
        "hours": hours or None,
        "hours_per_credit": hours / earned if hours and earned else None,
    }


def _aligned(achievement: JsonObject, wanted: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    for item in as_list(achievement.get("alignment")):
        found = wanted.fullmatch(str(item.get("targetType"))) if isinstance(item, dict) else None
        if found:
            yield found[1], item
