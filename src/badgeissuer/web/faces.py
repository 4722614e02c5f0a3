"""Who stands behind a badge, as its pages show them: the unit's name, logo and colours, and what became of the achievement since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer.openbadges import colour
from badgeissuer.web import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badgeissuer import branding
    from badgeissuer.store import tables
    from badgeissuer.web import passing


@dataclass(frozen=True, slots=True)
class Face:
    """A unit.

    Attributes:
        name: Its name.
        above: The name of the institution that it belongs to; empty where it belongs to none.
        logo: Its logo as a data URI; empty where none is embedded, since pages load nothing from elsewhere.
        sheet: The path of the style sheet with its colours.
    """

    name: str
    above: str
    logo: str
    sheet: str


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a badge on its page.

    Attributes:
        face: The unit that issued it.
        passed: The badge as it is passed on.
        newest: The newest version of the achievement, where the badge is of an older one: its number and path.
        is_retired: Whether the achievement is awarded no more.
        is_public: Whether the learner chose that search engines may know of it.
        is_private: Whether the learner keeps it from who has no link with a secret.
        is_holders: Whether the learner is who looks at it.
        shows_results: Whether it may be shown what the learner reached.
        address: Where who looks at it now has it from: its id, with the secret of a link where it needs one.
    """

    face: Face
    passed: passing.Passed
    newest: tuple[int, str] | None = None
    is_retired: bool = False
    is_public: bool = False
    is_private: bool = False
    is_holders: bool = False
    shows_results: bool = True
    address: str = ""


def face(line: Sequence[tables.Issuer], brand: branding.Brand) -> Face:
    """Return how a unit is shown.

    Args:
        line: The unit and all above it, itself first.
        brand: What it and they say of its looks.
    """
    above = words.plain(line[-1].name) if len(line) > 1 else ""
    return Face(words.plain(line[0].name), above, words.picture(brand.image), f"/i/{line[0].slug}/brand.css")


def sheet(ground: str | None, accent: str | None) -> str:
    """Return the style sheet with the colours of a unit: names of colours, and nothing else.

    Args:
        ground: The unit's colour; None for the usual one.
        accent: Its second colour; None for the first.
    """
    brand = colour.read(ground) or colour.DEFAULT
    return f":root {{\n  --brand: {brand};\n  --on-brand: {colour.on(brand)};\n  --brand-accent: {colour.read(accent) or brand};\n}}\n"
