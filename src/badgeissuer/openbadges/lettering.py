"""Text on a drawing: how wide it is, roughly, and how it is broken into lines, made smaller and, where it must be, cut.

Nothing here knows the fonts that it will be shown in, so widths are estimated on the generous side.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LONGEST = 300
"""Characters of a text that are looked at."""
LEADING = 1.16
"""From one line to the next, in sizes of the letters."""
ELLIPSIS = "…"

_MARKS = 3
_JOINERS = "\u200c\u200d"
_SMALL_KANA = frozenset("ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ")
_NARROW, _SLIM, _BROAD = frozenset("iljI.,:;'|! "), frozenset('ftr()[]{}-/\\"'), frozenset("mwMWÆŒ@%&—…")
_NARROW_WIDTH, _SLIM_WIDTH, _BROAD_WIDTH, _CAPITAL_WIDTH, _USUAL_WIDTH = 0.36, 0.46, 0.98, 0.77, 0.66
_INDIC = re.compile("[\u0900-\u109f\u1780-\u17ff]")
_TINTS = range(0x1F3FB, 0x1F400)
"""What colours the skin of the character before it."""
_SHARES = (0.62, 0.74, 0.86, 1.0)
"""Of the width of a box: as many lines may be more alike where each is shorter."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a text may stand: a column, which may narrow.

    Attributes:
        middle: Its centre, down from the top.
        height: How high it is.
        width: How wide it is, so far down from the top.
        sizes: Sizes of letters to try, the largest first.
        most: How many lines it may have.
    """

    middle: float
    height: float
    width: Callable[[float], float]
    sizes: Sequence[int]
    most: int


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text as it fits: the size of its letters, and its lines, each with where its middle is, down from the top."""

    size: int
    lines: tuple[tuple[str, float], ...]


def clean(text: str) -> str:
    """Return a text on one line without what no drawing can hold, or what would turn around what stands beside it.

    Joiners stay, since some scripts need them, and of marks piled on one letter a few.
    """
    kept: list[str] = []
    marks = 0
    for character in text[:LONGEST]:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS or (category in {"Cf", "Cn", "Co", "Cs"} and character not in _JOINERS):
            continue
        kept.append(" " if category[0] == "Z" or category == "Cc" else character)
    return " ".join("".join(kept).split()).strip(_JOINERS)


def is_from_right(text: str) -> bool:
    """Return whether a text is written from right to left: whether the first letter that has a direction is."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L"


def width(text: str) -> float:
    """Return about how wide a text is in bold letters without serifs, in sizes of the letters."""
    return sum(map(_width, text))


def _width(character: str) -> float:
    if _is_mark(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    for known, wide in ((_NARROW, _NARROW_WIDTH), (_SLIM, _SLIM_WIDTH), (_BROAD, _BROAD_WIDTH)):
        if character in known:
            return wide
    return _CAPITAL_WIDTH if character.isupper() or _INDIC.match(character) else _USUAL_WIDTH


def _is_mark(character: str) -> bool:
    """Return whether a character belongs to the one before it."""
    return unicodedata.category(character) in {"Mn", "Me", "Cf"} or ord(character) in _TINTS


def fit(text: str, box: Box) -> Lettering:
    """Return a text as large as it fits into a box; at the smallest size it is broken within words, and at last cut."""
    measured = _Measured(clean(text))
    if not measured.text:
        return Lettering(box.sizes[0], ())
    for size in box.sizes:
        for count in range(1, _most(box, size) + 1):
            places = _places(box, size, count)
            wide = _widths(box, size, places)
            for share in _SHARES:
                lines, rest = measured.broken([share * one for one in wide])
                if rest == len(measured.text) and len(lines) == count:
                    return Lettering(size, tuple(zip(lines, places, strict=True)))
    return _cut(measured, box, box.sizes[-1])


def _cut(measured: _Measured, box: Box, size: int) -> Lettering:
    most = _most(box, size)
    wide = _widths(box, size, _places(box, size, most))
    lines, rest = measured.broken(wide, within=True)
    if rest < len(measured.text):
        lines, start = measured.broken(wide[:-1], within=True)
        last, _ = measured.broken([wide[-1] - width(ELLIPSIS)], within=True, start=start)
        lines = [*lines, "".join(last).rstrip(" ,;:-") + ELLIPSIS]
    return Lettering(size, tuple(zip(lines, _places(box, size, len(lines)), strict=True)))


def _most(box: Box, size: int) -> int:
    """Return how many lines of a size a box holds, at least one."""
    return max(1, min(box.most, int((box.height / size - 1) / LEADING) + 1))


def _places(box: Box, size: int, count: int) -> list[float]:
    """Return where the middles of so many lines are."""
    first = box.middle - (count - 1) * size * LEADING / 2
    return [first + number * size * LEADING for number in range(count)]


def _widths(box: Box, size: int, places: Iterable[float]) -> list[float]:
    """Return how wide lines may be, in sizes of their letters: as wide as the box is above and below them."""
    return [min(box.width(place - 0.4 * size), box.width(place + 0.4 * size)) / size for place in places]


class _Measured:
    """A cleaned text, and where it may be broken: best between words and ideographs, at worst between any two characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._within = [place for place in range(1, len(text) + 1) if place == len(text) or _parts(text, place)]
        self._between = [place for place in self._within if place == len(text) or _may_break(text, place)]
        self._edges = list(itertools.accumulate(map(_width, text), initial=0.0))

    def broken(self, wide: Sequence[float], *, within: bool = False, start: int = 0) -> tuple[list[str], int]:
        """Return as many lines as fit, each as long as its width lets it be, and where the text goes on that does not.

        Args:
            wide: How wide each line may be, in sizes of its letters.
            within: Whether a word is broken that is longer than a line.
            start: Where to begin.
        """
        lines: list[str] = []
        for most in wide:
            end = self._end(start, most, self._between)
            if end == start and within:
                end = self._end(start, most, self._within)
            if end == start:
                break
            lines.append(self.text[start:end].rstrip())
            start = end
        return lines, start

    def _end(self, start: int, most: float, breaks: Sequence[int]) -> int:
        """Return the last place to which a line reaches; its start where not even one piece fits."""
        inked = ((place, place - (self.text[place - 1] == " ")) for place in breaks if place > start)
        fitting = itertools.takewhile(lambda one: self._edges[one[1]] - self._edges[start] <= most, inked)
        return max((place for place, _ in fitting), default=start)


def _parts(text: str, place: int) -> bool:
    """Return whether a character begins at a place, with its marks and what is joined to it."""
    return not _is_mark(text[place]) and text[place - 1] != "\u200d" and text[place] != " "


def _may_break(text: str, place: int) -> bool:
    """Return whether a line may end before a place."""
    before, after = text[place - 1], text[place]
    kind, follows = unicodedata.category(before), unicodedata.category(after)
    if before == " ":
        return follows != "Pd"
    if kind == "Pd":
        return after.isalpha()
    is_wide = any(unicodedata.east_asian_width(one) in "WF" for one in (before, after))
    return is_wide and kind not in {"Ps", "Pi"} and follows not in {"Pe", "Pf", "Po"} and after not in _SMALL_KANA
