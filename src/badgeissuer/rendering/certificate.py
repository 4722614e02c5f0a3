"""The certificate of a badge: one sheet to print, with the signed badge in the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from badgeissuer.openbadges import colour, lettering
from badgeissuer.rendering import code, fonts, kept, setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_FACTS = 6
MOST_OF_A_FACT = 160
MOST_OUTCOMES = 30
MOST_OF_A_UNIT = 120
"""Characters of the name of a unit."""
_DARK = "#1d2530"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What stands on a certificate. Texts may be by anybody: they are cleaned and, where they must be, cut.

    Attributes:
        name: The learner's; empty where it is not known, or not to be said.
        achievement: The name of what was achieved.
        kind: What it is, in a word or two, such as `badge`.
        description: What it is about.
        unit: Who issued it.
        above: Those that the unit belongs to.
        picture: The picture of the badge, a PNG.
        logo: The unit's, a PNG; None where it has none.
        colour: The unit's, as `colour.read` gives it; None for the usual one.
        language: In which the achievement is written, a BCP 47 tag.
        facts: Labels and texts, such as when it was awarded; the first six are shown.
        criteria: What had to be done.
        outcomes: What whoever has it can do.
        warning: A sentence where it does not count any more.
        url: Where the badge is shown.
        credential: The signed document, to the byte.
        at: When it was awarded.
    """

    name: str
    achievement: str
    kind: str
    description: str
    unit: str
    above: Sequence[str]
    picture: bytes
    logo: bytes | None
    colour: str | None
    language: str
    facts: Sequence[tuple[str, str]]
    criteria: str
    outcomes: Sequence[str]
    url: str
    credential: bytes
    at: datetime
    warning: str = ""


def draw(shown: Certificate) -> bytes:
    """Return the certificate as a PDF in which the signed document is a file; the same certificate gives the same bytes.

    Raises:
        setting.Unset: The picture or the logo is no PNG that can be read.
        UnicodeDecodeError: The document is no text.
    """
    return kept.kept(_draw, shown)


def _draw(shown: Certificate) -> bytes:
    ground = colour.read(shown.colour) or colour.DEFAULT
    title = " · ".join(filter(None, (shown.achievement, shown.name)))

    def said(text: str, language: str = "", most: int = lettering.LONGEST) -> dict[str, object]:
        return asdict(fonts.phrase(text, language, most=most))

    def own(text: str) -> dict[str, object]:
        return said(text, shown.language)

    values = {
        "title": fonts.phrase(title).text,
        "title_fonts": fonts.order(""),
        "date": [shown.at.year, shown.at.month, shown.at.day],
        "ground": ground,
        "ink": colour.on(ground),
        "strong": ground if colour.contrast(ground, "#ffffff") >= colour.READABLE else _DARK,
        "name": said(shown.name),
        "achievement": own(shown.achievement),
        "kind": shown.kind,
        "description": own(shown.description),
        "unit": said(shown.unit, most=MOST_OF_A_UNIT),
        "above": [said(name, most=MOST_OF_A_UNIT) for name in shown.above],
        "picture": list(shown.picture),
        "logo": list(shown.logo) if shown.logo else None,
        "facts": [(label, said(text, most=MOST_OF_A_FACT)) for label, text in shown.facts[:MOST_FACTS]],
        "criteria": own(shown.criteria),
        "outcomes": [own(text) for text in shown.outcomes[:MOST_OUTCOMES]],
        "warning": shown.warning,
        "code": code.draw(shown.url),
        "url": shown.url,
        "credential": shown.credential.decode(),
    }
    return setting.pdf("certificate.typ", values, at=shown.at)
