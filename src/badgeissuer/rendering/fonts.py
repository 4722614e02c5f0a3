"""The fonts that papers and pictures are written in: Noto Sans, which are installed with the service. Fonts of the machine are never used.

Source: UAX 24 (scripts), for the ranges of characters.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from badgeissuer.openbadges import lettering

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = "Noto Sans"
"""Latin, Greek, Cyrillic; what all else is an addition to."""


@dataclass(frozen=True, slots=True)
class _Font:
    """A file in an installed package, and the characters for which it is taken, as the inside of a class of a regular expression."""

    package: str
    file: str
    characters: str


def _noto(pack: str, name: str, characters: str, axes: str = "wdth,wght") -> _Font:
    return _Font(f"justmytype_intl_{pack}", f"fonts/ofl/notosans{name.lower()}/NotoSans{name}[{axes}].ttf", characters)


_HAN = "\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_FONTS = {
    FAMILY: _Font("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf", ""),
    "Noto Sans Arabic": _noto("rtl", "Arabic", "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff"),
    "Noto Sans Hebrew": _noto("rtl", "Hebrew", "\u0590-\u05ff\ufb1d-\ufb4f"),
    "Noto Sans Devanagari": _noto("south_asia", "Devanagari", "\u0900-\u097f\u1cd0-\u1cff\ua8e0-\ua8ff"),
    "Noto Sans Bengali": _noto("south_asia", "Bengali", "\u0980-\u09ff"),
    "Noto Sans Tamil": _noto("south_asia", "Tamil", "\u0b80-\u0bff"),
    "Noto Sans Telugu": _noto("south_asia", "Telugu", "\u0c00-\u0c7f"),
    "Noto Sans Thai": _noto("sea", "Thai", "\u0e00-\u0e7f"),
    "Noto Sans Lao": _noto("sea", "Lao", "\u0e80-\u0eff"),
    "Noto Sans Myanmar": _noto("sea", "Myanmar", "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"),
    "Noto Sans Khmer": _noto("sea", "Khmer", "\u1780-\u17ff\u19e0-\u19ff"),
    "Noto Sans Ethiopic": _noto("africa", "Ethiopic", "\u1200-\u139f\u2d80-\u2ddf\uab00-\uab2f"),
    "Noto Sans SC": _noto("cjk", "SC", _HAN, "wght"),
    "Noto Sans JP": _noto("cjk", "JP", "\u3040-\u30ff\u31f0-\u31ff", "wght"),
    "Noto Sans KR": _noto("cjk", "KR", "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff", "wght"),
    "Noto Sans TC": _noto("cjk", "TC", "\u3100-\u312f\u31a0-\u31bf", "wght"),
}
IDEOGRAPHS = "Noto Sans SC"
"""Taken for ideographs of which nothing tells how they are to look."""
FAMILIES = tuple(_FONTS)
"""Their names."""
_EAST = (IDEOGRAPHS, "Noto Sans JP", "Noto Sans KR", "Noto Sans TC")
_CJK = {"ja": "Noto Sans JP", "ko": "Noto Sans KR", "zh": "Noto Sans SC"}
_TRADITIONAL = re.compile(r"zh-(?:\w+-)*(?:hant|tw|hk|mo)\b", re.IGNORECASE)
_RUNS = re.compile("|".join(f"(?P<_{number}>[{font.characters}]+)" for number, font in enumerate(_FONTS.values()) if font.characters))
_PICTOGRAPHS = re.compile("[\u2600-\u27bf\ufe00-\ufe0f\U0001f000-\U0001faff]")
_LONG_WORD = re.compile(r"\S{25,}")
_AFTER_TWELVE = re.compile(r"(?s)(.{12})(?=\w)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text fit to be set.

    Attributes:
        text: The text on one line, in which very long words may be broken.
        lang: Its language, an ISO 639 code.
        dir: `ltr` or `rtl`.
        is_tall: Whether marks stand far above or below its letters.
        fonts: The families to take each letter from, the first that has it.
    """

    text: str
    lang: str
    dir: str
    is_tall: bool
    fonts: tuple[str, ...]


def phrase(text: str, language: str = "", *, most: int = lettering.LONGEST) -> Phrase:
    """Return a text, whoever wrote it, fit to be set: on one line, without what turns or hides what stands beside it, and cut.

    Args:
        text: The text.
        language: Its BCP 47 tag; empty where it is not known.
        most: How many characters are shown of it, at most 300.
    """
    plain = _PICTOGRAPHS.sub("", text)
    clean = lettering.clean(plain)
    is_cut = len(clean) > most or len(plain) > lettering.LONGEST
    shown = _LONG_WORD.sub(_breakable, clean[:most].rstrip() + lettering.ELLIPSIS if is_cut else clean)
    primary = re.match("[a-z]{2,3}(?![a-z])", language.lower())
    turned = "rtl" if lettering.is_from_right(shown) else "ltr"
    is_tall = any(family not in _EAST for family, _, _ in runs(shown))
    return Phrase(shown, primary[0] if primary else "en", turned, is_tall, order(shown, language))


def order(text: str, language: str = "") -> tuple[str, ...]:
    """Return all families, the one for the ideographs of a text before the others for these."""
    first = ideographs(text, language)
    return *(family for family in FAMILIES if family not in _EAST), first, *(family for family in _EAST if family != first)


def ideographs(text: str, language: str = "") -> str:
    """Return the family that has the ideographs of a text as its readers write them: they differ from language to language."""
    written = {family for family, _, _ in runs(text)} - {IDEOGRAPHS}
    told = "Noto Sans TC" if _TRADITIONAL.match(language) else _CJK.get(language[:2].lower(), IDEOGRAPHS)
    return next((family for family in _EAST if family in written), told)


def runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the parts of a text that need another font than the usual one: its family, and where they begin and end."""
    for found in _RUNS.finditer(text):
        yield FAMILIES[int(str(found.lastgroup)[1:])], found.start(), found.end()


@functools.cache
def path(family: str) -> str:
    """Return where the file of a family is."""
    font = _FONTS[family]
    return str(resources.files(font.package).joinpath(font.file))


def _breakable(word: re.Match[str]) -> str:
    return _AFTER_TWELVE.sub("\\1\u200b", word[0])
