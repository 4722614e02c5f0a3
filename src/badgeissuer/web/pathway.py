"""A small drawing of what leads where: boxes with names, and lines between them, for an inline SVG without styles."""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 6
"""Boxes in one column; there are as many in the list beside the drawing as there are."""
_WIDTH, _HEIGHT, _GAP, _BETWEEN = 190, 44, 14, 50
_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A box: the place of its upper left corner, and what stands in it."""

    x: int
    y: int
    text: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and lines, each from x, y to x, y, in a field of that size."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[tuple[int, int, int, int], ...]


def draw(before: Sequence[str], name: str, after: Sequence[str]) -> Drawing | None:
    """Return a drawing of what comes before an achievement and after it, from left to right; None where nothing does.

    Args:
        before: The names of what is needed first.
        name: Its own name.
        after: The names of what it leads to.
    """
    columns = [column for column in (list(before[:MOST]), [name], list(after[:MOST])) if column]
    if len(columns) == 1:
        return None
    height = max(len(column) for column in columns) * (_HEIGHT + _GAP) - _GAP
    boxes, here = [], None
    for number, column in enumerate(columns):
        top = (height - len(column) * (_HEIGHT + _GAP) + _GAP) // 2
        is_own = column == [name] and here is None and (number == 1 or not before[:MOST])
        for place, text in enumerate(column):
            box = Box(number * (_WIDTH + _BETWEEN), top + place * (_HEIGHT + _GAP), _short(text), is_here=is_own)
            boxes.append(box)
            here = box if is_own else here
    width = len(columns) * (_WIDTH + _BETWEEN) - _BETWEEN
    return Drawing(width, height, tuple(boxes), tuple(_line(box, here) for box in boxes if here is not None and not box.is_here))


def _line(box: Box, here: Box) -> tuple[int, int, int, int]:
    left, right = (box, here) if box.x < here.x else (here, box)
    return left.x + _WIDTH, left.y + _HEIGHT // 2, right.x, right.y + _HEIGHT // 2


def _short(text: str) -> str:
    """Return as much of a name as fits into a box, about: wide letters count for more."""
    ends = list(itertools.accumulate(1.7 if letter in "MW" or unicodedata.east_asian_width(letter) in "WF" else 1.0 for letter in text))
    if not ends or ends[-1] <= _CHARACTERS:
        return text
    return f"{text[: sum(end <= _CHARACTERS - 1 for end in ends)].rstrip()}…"
