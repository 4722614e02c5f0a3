"""What other sites and search engines show of a badge's page: OpenGraph and Twitter cards, schema.org, oEmbed.

No learner is named in any of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from badgeissuer.web import passing, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badgeissuer.web import views

IMAGE_WIDTH, IMAGE_HEIGHT = 1200, 630
"""Pixels of the picture that goes with a link."""
DESCRIPTION_CHARACTERS = 200
_STATEMENTS = 20
"""Outcomes that search engines are told."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link to a page unfolds to.

    Attributes:
        url: The page, without anything that only its sharer knows.
        title: What it is about.
        description: A sentence or two on it.
        image: Where its picture stands, a PNG of `IMAGE_WIDTH` by `IMAGE_HEIGHT`.
        oembed: Where a card of it is described (oEmbed discovery); empty where there is none.
        data: What schema.org has words for; empty where nothing may be claimed.
    """

    url: str
    title: str
    description: str
    image: str
    oembed: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def of_badge(said: views.Badge, passed: passing.Passed, *, base: str, counts: bool) -> Preview:
    """Return what a link to a badge unfolds to.

    Args:
        said: What the badge says.
        passed: The badge as it is passed on.
        base: The service's base URL.
        counts: Whether the badge is good now; only then search engines are told of it.
    """
    return Preview(
        url=passed.url,
        title=f"{passed.name} · {passed.unit}",
        description=shortened(said.description) or f"An Open Badge, issued by {passed.unit}.",
        image=f"{passed.url}/card.png",
        oembed=f"{base}/oembed?{urlencode({'url': passed.url, 'format': 'json'})}",
        data=_credential(said, passed) if counts else {},
    )


def of_achievement(said: views.Badge, url: str, *, unit: str) -> Preview:
    """Return what a link to an achievement unfolds to.

    Args:
        said: What it says.
        url: The page of the version.
        unit: Who awards it.
    """
    unit = words.plain(unit)
    described = shortened(said.description) or f"It can be earned as an Open Badge of {unit}."
    return Preview(url, f"{said.name} · {unit}", described, f"{url}/card.png")


def shortened(text: str) -> str:
    """Return the beginning of a text on one line, as much as a preview has room for."""
    return words.plain(text, DESCRIPTION_CHARACTERS)


def oembed(passed: passing.Passed, *, base: str, width: int, height: int) -> dict[str, Any]:
    """Return the description of a card that other pages may show (oEmbed 1.0, section 2.3.4.4, the `rich` type).

    Args:
        passed: The badge.
        base: The service's base URL.
        width: How wide the card may be at most, in CSS pixels.
        height: How high, likewise.
    """
    card = {"width": min(width, passing.EMBED_WIDTH), "height": min(height, passing.EMBED_HEIGHT)}
    provider = {"provider_name": passed.unit, "provider_url": base, "cache_age": "300"}
    return {"version": "1.0", "type": "rich", "title": passed.name, "html": passed.framed(**card)} | card | provider


def as_xml(told: Mapping[str, Any]) -> bytes:
    """Return the description of a card in XML (oEmbed 1.0, section 2.3.3)."""
    root = ET.Element("oembed")
    for name, value in told.items():
        ET.SubElement(root, name).text = str(value)
    found: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return found


def _credential(said: views.Badge, passed: passing.Passed) -> dict[str, Any]:
    """Return the badge as schema.org's EducationalOccupationalCredential."""
    dates = {"validFrom": passed.since, "expires": passed.until}
    members = {
        "description": shortened(said.description),
        "credentialCategory": said.kind or "Badge",
        "educationalLevel": [entry.name for entry in said.learning.levels if entry.name],
        "competencyRequired": [outcome.statement for outcome in said.learning.outcomes[:_STATEMENTS] if outcome.statement],
        "inLanguage": said.facts["inLanguage"],
    }
    return {
        "@context": "https://schema.org",
        "@type": "EducationalOccupationalCredential",
        "@id": passed.url,
        "url": passed.url,
        "name": passed.name,
        "recognizedBy": {"@type": "Organization", "name": passed.unit},
        **{name: value for name, value in members.items() if value},
        **{name: moment.date().isoformat() for name, moment in dates.items() if moment},
    }
