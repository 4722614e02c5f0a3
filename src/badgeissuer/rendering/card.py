"""The card of a badge or an achievement: what other sites show beside a link to it, 1200 by 630 pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from badgeissuer.openbadges import colour
from badgeissuer.rendering import fonts, kept, setting

_MOST_OF_A_UNIT = 120
_MOST_OF_AN_INSTITUTION = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What stands on a card. It is kept by others for long, so it says nothing that may stop being true.

    Attributes:
        eyebrow: What it is, in a few words of ours.
        achievement: The name of what is achieved.
        unit: Who issues it.
        above: Whom the unit belongs to; empty where to nobody.
        picture: The picture, a PNG.
        colour: The unit's, as `colour.read` gives it; None for the usual one.
        language: In which the achievement is written, a BCP 47 tag.
        name: The learner's; empty where it is not to be said, which it is only of badges that are public.
    """

    eyebrow: str
    achievement: str
    unit: str
    above: str
    picture: bytes
    colour: str | None
    language: str
    name: str = ""


def draw(shown: Card) -> bytes:
    """Return the card as a PNG; the same card gives the same bytes.

    Raises:
        setting.Unset: The picture is no PNG that can be read.
    """
    return kept.kept(_draw, shown)


def _draw(shown: Card) -> bytes:
    values = {
        "fonts": fonts.order(""),
        "ground": colour.read(shown.colour) or colour.DEFAULT,
        "eyebrow": shown.eyebrow,
        "achievement": asdict(fonts.phrase(shown.achievement, shown.language)),
        "unit": asdict(fonts.phrase(shown.unit, most=_MOST_OF_A_UNIT)),
        "above": asdict(fonts.phrase(shown.above, most=_MOST_OF_AN_INSTITUTION)),
        "name": asdict(fonts.phrase(shown.name)),
        "picture": list(shown.picture),
    }
    return setting.png("card.typ", values)
