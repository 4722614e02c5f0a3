"""Published achievements as the Credential Transparency Description Language has them, for registries and search engines.

A feed beside the badges; nothing of it is signed. Source: CTDL (credreg.net), names of terms from memory.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from badgeissuer.openbadges import drafting
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from badgeissuer.vc.document import JsonObject

CONTEXT = "https://credreg.net/ctdl/schema/context/json"


def describe(achievement: JsonObject, *, url: str, unit: tuple[str, str], is_retired: bool) -> JsonObject:
    """Return a published Achievement as a CTDL resource.

    Args:
        achievement: The newest version.
        url: Where the newest version is always found; it names the resource.
        unit: Name and address of who offers it.
        is_retired: Whether it is awarded no more.
    """
    language = str(achievement.get("inLanguage", "und"))
    kind = "MicroCredential" if achievement.get("achievementType") == "MicroCredential" else "DigitalBadge"
    found: JsonObject = {
        "@id": url,
        "@type": f"ceterms:{kind}",
        "ceterms:ctid": f"ce-{uuid.uuid5(uuid.NAMESPACE_URL, url)}",
        "ceterms:name": {language: achievement["name"]},
        "ceterms:description": {language: achievement["description"]},
        "ceterms:subjectWebpage": url,
        "ceterms:inLanguage": as_list(achievement.get("inLanguage")),
        "ceterms:credentialStatusType": {
            "@type": "ceterms:CredentialAlignmentObject",
            "ceterms:targetNode": "credentialStat:Deprecated" if is_retired else "credentialStat:Active",
        },
        "ceterms:offeredBy": [
            {"@type": "ceterms:CredentialOrganization", "ceterms:name": {"und": unit[0]}, "ceterms:subjectWebpage": unit[1]}
        ],
        "ceterms:isPartOf": [item["targetUrl"] for item in _linked(achievement, drafting.STACKS_INTO)],
        "ceterms:requires": _conditions(achievement, language),
    }
    return {name: value for name, value in found.items() if value != []}


def feed(resources: Sequence[JsonObject]) -> JsonObject:
    """Return resources as one JSON-LD document."""
    return {"@context": CONTEXT, "@graph": list(resources)}


def _conditions(achievement: JsonObject, language: str) -> list[JsonObject]:
    """Return what is asked of learners: what they learn, and what they need before."""
    learnt = [
        {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNodeName": {language: item["statement"]}}
        for item in as_list(achievement.get("learningOutcome"))
    ]
    before = [item["targetUrl"] for item in _linked(achievement, drafting.PREREQUISITE)]
    found = {"ceterms:targetCompetency": learnt, "ceterms:targetCredential": before}
    return [{"@type": "ceterms:ConditionProfile", name: value} for name, value in found.items() if value]


def _linked(achievement: JsonObject, kind: str) -> Iterator[JsonObject]:
    return (item for item in as_list(achievement.get("alignment")) if isinstance(item, dict) and item.get("targetType") == kind)
