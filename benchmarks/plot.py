"""A plain plot with bars, as SVG."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLOURS = {"value": "#1f5fa8", "peer": "#c9862b", "floor": "#8a8f98"}
_WIDTH, _LABELS, _NUMBERS = 760, 220, 100
_ROW, _BAR, _TITLE, _GAP = 24, 16, 30, 14
_LEAST = 1.0
"""Pixels of the shortest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; `kind` is `value`, `peer` or `floor`."""

    label: str
    value: float
    kind: str


def bars(panels: Mapping[str, Sequence[Bar]]) -> str:
    """Return an SVG document: one panel for each title, each with a linear scale of its own that begins at zero."""
    parts: list[str] = []
    y = _GAP
    for title, rows in panels.items():
        parts.append(_text(_GAP, y + _BAR, title, weight="bold"))
        y += _TITLE
        most = max(row.value for row in rows) or 1.0
        for row in rows:
            parts.append(_row(row, y, most=most))
            y += _ROW
        y += _GAP
    size = f'width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
    background = f'<rect width="{_WIDTH}" height="{y}" fill="#ffffff"/>'
    body = "\n".join((background, *parts))
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">\n{body}\n</svg>\n'


def _row(row: Bar, y: int, *, most: float) -> str:
    length = max(_LEAST, (_WIDTH - _LABELS - _NUMBERS) * row.value / most)
    bar = f'<rect x="{_LABELS}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{_COLOURS[row.kind]}"/>'
    label = _text(_LABELS - 8, y + 13, row.label, anchor="end")
    return f"{label}{bar}{_text(_LABELS + length + 6, y + 13, f'{row.value:,.1f}')}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(text)}</text>'
