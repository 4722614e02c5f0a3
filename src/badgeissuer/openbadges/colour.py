"""The colour of a unit, as `#rrggbb`, and a colour of text that can be read on it.

Source: WCAG 2.2, "contrast ratio" and "relative luminance".
"""

from __future__ import annotations

import re

DEFAULT = "#14578c"
READABLE = 4.5
"""The contrast that text needs (WCAG 2.2, success criterion 1.4.3)."""
_COLOUR = re.compile("#[0-9a-f]{6}")
_BLACK, _WHITE = "#000000", "#ffffff"


def read(text: str | None) -> str | None:
    """Return a colour in small letters; None where a text is none."""
    lower = (text or "").lower()
    return lower if _COLOUR.fullmatch(lower) else None


def on(background: str) -> str:
    """Return black or white: whichever can be read better on a colour that `read` returned; the contrast is more than 4.5."""
    return max((_BLACK, _WHITE), key=lambda text: contrast(text, background))


def faint(background: str) -> dict[str, float]:
    """Return which text, `white` or `black`, can hardly be read on a colour that `read` returned, and its contrast."""
    found = {name: contrast(text, background) for name, text in (("white", _WHITE), ("black", _BLACK))}
    return {name: ratio for name, ratio in found.items() if ratio < READABLE}


def mix(one: str, other: str, share: float) -> str:
    """Return the colour that lies a share, from 0 to 1, of the way from one colour that `read` returned to another."""
    pairs = ((int(one[place : place + 2], 16), int(other[place : place + 2], 16)) for place in (1, 3, 5))
    return "#" + "".join(f"{round(begin + (end - begin) * share):02x}" for begin, end in pairs)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours that `read` returned, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - as the source has it
