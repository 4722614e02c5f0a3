"""What is known of an achievement, in the words in which frameworks ask."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from badgeissuer.openbadges import drafting, microcredential
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

_LINK = re.compile(r"ext:(Prerequisite|StacksInto)")
_NO_WORD = re.compile(r"[\W_]+")


def gather(achievement: JsonObject, issuer: JsonObject) -> JsonObject:
    """Return what is known.

    Args:
        achievement: A completed Achievement.
        issuer: The Profile of the unit.

    Returns:
        `achievement` and `issuer` without spaces around texts; `title`, in small letters with a space around each word; `outcomes`;
        `assessed`, the assessed parts; `aligned`, codes by framework (`{"EQF": ["6"]}`); `linked`, names by `Prerequisite` and
        `StacksInto`; `hours` of work and `hours_per_credit`, null where they are not said.
    """
    minutes, earned = microcredential.minutes(achievement.get("workload")), achievement.get("creditsAvailable")
    achievement, issuer = _stripped(achievement), _stripped(issuer)
    parts = [part for part in as_list(achievement.get("resultDescription")) if isinstance(part, dict)]
    links = [(kind, item.get("targetName")) for kind, item in _aligned(achievement, _LINK)]
    return {
        "achievement": achievement,
        "issuer": issuer,
        "title": _words(str(achievement.get("name", ""))),
        "outcomes": as_list(achievement.get("learningOutcome")),
        "assessed": [part for part in parts if microcredential.ASSESSED in as_list(part.get("type"))],
        "aligned": _codes(achievement),
        "linked": {kind: [name for other, name in links if other == kind] for kind, _ in links},
        "hours": minutes / 60 or None,
        "hours_per_credit": round(float(Fraction(minutes, 60) / Fraction(str(earned))), 6) if minutes and earned else None,
    }


def _stripped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose texts have no spaces around them: what is nothing but spaces says nothing."""
    if isinstance(value, dict):
        return {name: _stripped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    return value.strip() if isinstance(value, str) else value


def _words(text: str) -> str:
    """Return a text in small letters with a space around each word, however its letters are written."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return _NO_WORD.sub(" ", f" {plain} ").lower()


def _codes(achievement: JsonObject) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for framework, item in _aligned(achievement, drafting.CODED):
        if item.get("targetCode"):
            found.setdefault(framework, []).append(item["targetCode"])
    return found


def _aligned(achievement: JsonObject, wanted: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    for item in as_list(achievement.get("alignment")):
        found = wanted.fullmatch(str(item.get("targetType"))) if isinstance(item, dict) else None
        if found:
            yield found[1], item
