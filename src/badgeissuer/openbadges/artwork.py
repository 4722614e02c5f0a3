"""The picture of an achievement that has none of its own: a small SVG, drawn by a template in the colours of its unit.

It holds shapes and text, nothing else: no script, no style sheet, no font, and nothing from elsewhere. The same words and colours give the
same bytes.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax import saxutils

from badgeissuer.openbadges import colour, lettering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from badgeissuer.openbadges.lettering import Box

SIDE = 512
"""The drawing is a square of so many units."""
_CENTRE = SIDE / 2
_FONTS = "system-ui,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Arial,sans-serif"
_BASELINE = 0.35
"""From the middle of a line down to where its letters stand, in their size."""
_LARGE = 3.0
"""The contrast that large text needs (WCAG 2.2, success criterion 1.4.3)."""
_TOLD_APART = 1.3
"""The contrast from which on two colours side by side are seen as two."""
_MOST_INITIALS = 3
_MOST_LEVEL = 16


@dataclass(frozen=True, slots=True)
class Face:
    """What is written on a picture, and in which colours.

    Attributes:
        name: The achievement's.
        unit: The name of the unit.
        colour: The unit's, as `colour.read` gives it; None for the usual one.
        accent: Its second colour; None for a tone of the first.
        level: A few words such as `EQF 5`; empty where none is said.
        initials: What the unit is called for short; empty where that is to be made of its name.
        language: A BCP 47 tag, by which the shapes of letters are chosen.
    """

    name: str
    unit: str
    colour: str | None = None
    accent: str | None = None
    level: str = ""
    initials: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class _Paints:
    """The colours of a drawing.

    Attributes:
        ground: What the name stands on.
        deep: A tone of it against which its text stands out even more.
        ink: Text on both.
        trim: Rims and bands.
        trim_ink: Text on them.
        mark: Initials on the ground: in the colour of the trim, where that can be read.
        edge: A thin line around all of it, that white paper shows.
    """

    ground: str
    deep: str
    ink: str
    trim: str
    trim_ink: str
    mark: str
    edge: str


@dataclass(frozen=True, slots=True)
class _Template:
    """Shapes, with the names of paints in braces, and where texts stand on them; `trimmed` are those that stand on the trim."""

    shapes: str
    initials: Box
    name: Box
    unit: Box
    level: float
    trimmed: frozenset[str] = frozenset()


def draw(template: str, face: Face) -> str:
    """Return a picture as the text of an SVG.

    Args:
        template: One of `TEMPLATES`.
        face: What is written on it, and in which colours.
    """
    found, paints = _TEMPLATES[template], _paints(face)
    named = ", ".join(filter(None, map(lettering.clean, (face.name, face.unit))))
    spoken = f" xml:lang={saxutils.quoteattr(face.language)}" if face.language else ""
    shapes = found.shapes.format(**{name: getattr(paints, name) for name in _Paints.__slots__})
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}" role="img"{spoken}>',
            f"<title>{saxutils.escape(named)}</title>",
            f'<g stroke-linejoin="round">{shapes}</g>',
            f'<g font-family="{_FONTS}" font-weight="700" text-anchor="middle">',
            *_written(found, face, paints),
            "</g></svg>",
        ]
    )


def initials(name: str) -> str:
    """Return what a name is called for short: its capitals, at most three; of a script that has none, the first character."""
    words = lettering.clean(name).replace("-", " ").split()
    capitals = "".join(word[0] for word in words if word[0].isupper())
    first = next((character for character in name if unicodedata.category(character)[0] in "LNS"), "")
    return capitals[:_MOST_INITIALS] or first.upper()


def _paints(face: Face) -> _Paints:
    ground = colour.read(face.colour) or colour.DEFAULT
    ink = colour.on(ground)
    accent = colour.read(face.accent)
    trim = accent if accent and colour.contrast(accent, ground) >= _TOLD_APART else colour.mix(ground, ink, 0.72)
    mark = trim if colour.contrast(trim, ground) >= _LARGE else ink
    away = "#000000" if ink == "#ffffff" else "#ffffff"
    return _Paints(ground, colour.mix(ground, away, 0.22), ink, trim, colour.on(trim), mark, colour.mix(trim, "#000000", 0.35))


def _written(found: _Template, face: Face, paints: _Paints) -> Iterator[str]:
    said = {"initials": face.initials or initials(face.unit), "name": face.name, "unit": face.unit}
    inks = {"initials": paints.mark, "name": paints.ink, "unit": paints.ink} | dict.fromkeys(found.trimmed, paints.trim_ink)
    for part, text in said.items():
        yield _text(text, getattr(found, part), inks[part])
    level = lettering.clean(face.level)[:_MOST_LEVEL]
    if level:
        wide = max(lettering.width(level) * 24 + 44, 96)
        yield f'<rect x="{_CENTRE - wide / 2:.0f}" y="{found.level - 22:.0f}" width="{wide:.0f}" height="44" rx="22"'
        yield f' fill="{paints.ink}" stroke="{paints.ground}" stroke-width="5"/>'
        yield _line(level, found.level, 24, f' fill="{paints.ground}"')


def _text(text: str, box: Box, ink: str) -> str:
    found = lettering.fit(text, box)
    lines = "".join(_line(line, y, found.size) for line, y in found.lines)
    turned = ' direction="rtl"' if lettering.is_from_right(text) else ""
    return f'<g font-size="{found.size}" fill="{ink}"{turned}>{lines}</g>' if lines else ""


def _line(text: str, y: float, size: int, more: str = "") -> str:
    sized = f' font-size="{size}"' if more else ""
    return f'<text x="{_CENTRE:.0f}" y="{y + _BASELINE * size:.0f}"{sized}{more}>{saxutils.escape(text)}</text>'


def _column(wide: float) -> Callable[[float], float]:
    """Return the widths of a column that is everywhere as wide."""
    return lambda _y: wide


def _disc(y: float, radius: float) -> Callable[[float], float]:
    """Return the widths of a disc."""
    return lambda at: 2 * math.sqrt(max(radius**2 - (at - y) ** 2, 1))


def _narrowing(*points: tuple[float, float]) -> Callable[[float], float]:
    """Return widths that change evenly from one point, `(y, width)`, to the next."""

    def wide(at: float) -> float:
        for (top, above), (bottom, below) in itertools.pairwise(points):
            if at <= bottom:
                return above + (below - above) * max(at - top, 0) / (bottom - top)
        return points[-1][1]

    return wide


def _ring(count: int, *radii: float, y: float = _CENTRE) -> list[str]:
    """Return points around a centre, clockwise from the top, taking one radius after the other."""
    turns = [(2 * math.pi * number / count, radii[number % len(radii)]) for number in range(count)]
    return [f"{_CENTRE + radius * math.sin(turn):.0f} {y - radius * math.cos(turn):.0f}" for turn, radius in turns]


def _scallops(count: int, radius: float) -> str:
    """Return the path of an edge of little arcs."""
    first, *others = _ring(count, radius)
    bulge = f"{math.pi * radius / count * 1.05:.0f}"
    return f"M{first}" + "".join(f"A{bulge} {bulge} 0 0 1 {point}" for point in [*others, first]) + "Z"


def _rim(shape: str) -> str:
    """Return an outer shape in the colour of the trim, with a thin line around it and a white one outside of that for dark pages."""
    return f'<g fill="{{trim}}"><{shape} stroke="#ffffff" stroke-width="12"/><{shape} stroke="{{edge}}" stroke-width="3"/></g>'


def _box(middle: float, height: float, width: Callable[[float], float], sizes: range, most: int) -> Box:
    return lettering.Box(middle, height, width, sizes, most)


_SHIELD = "M256 16Q346 66 456 60V262C456 384 366 456 256 496C146 456 56 384 56 262V60Q166 66 256 16Z"
_FIELD = "M256 44Q346 90 432 86V262C432 370 350 436 256 470C162 436 80 370 80 262V86Q166 90 256 44Z"

_ROUNDEL = _Template(
    _rim(f'path d="{_scallops(28, 228)}"') + '<circle cx="256" cy="256" r="208" fill="{ground}"/>'
    '<path d="M75 358A208 208 0 0 0 437 358Z" fill="{deep}"/>'
    '<circle cx="256" cy="256" r="196" fill="none" stroke="{trim}" stroke-width="3" stroke-dasharray="2 9" stroke-linecap="round"/>'
    '<path d="M75 358H437" stroke="{trim}" stroke-width="4"/>',
    initials=_box(122, 90, _column(190), range(84, 48, -6), 1),
    name=_box(258, 168, _disc(256, 180), range(56, 24, -3), 5),
    unit=_box(391, 52, _disc(256, 188), range(27, 17, -2), 2),
    level=462,
)
_SHIELD_TEMPLATE = _Template(
    _rim(f'path d="{_SHIELD}"') + f'<clipPath id="f"><path d="{_FIELD}"/></clipPath>'
    '<g clip-path="url(#f)"><path d="M0 0H512V512H0Z" fill="{ground}"/><path d="M256 0H512V512H256Z" fill="{deep}"/>'
    '<path d="M0 0H512V172H0Z" fill="{trim}"/><path d="M0 172H512" stroke="{ink}" stroke-width="5"/></g>'
    f'<path d="{_FIELD}" fill="none" stroke="{{edge}}" stroke-width="3"/>',
    initials=_box(116, 90, _column(240), range(88, 50, -6), 1),
    name=_box(262, 152, _narrowing((172, 322), (290, 312), (350, 262)), range(52, 24, -3), 4),
    unit=_box(378, 54, _narrowing((340, 270), (380, 230), (420, 160)), range(25, 17, -2), 2),
    level=462,
    trimmed=frozenset({"initials"}),
)
_HEXAGON = _Template(
    _rim(f'path d="M{"L".join(_ring(6, 240))}Z"') + f'<path d="M{"L".join(_ring(6, 212))}Z" fill="{{ground}}"/>'
    '<path d="M256 256L440 362L256 468L72 362Z" fill="{deep}"/>'
    f'<path d="M{"L".join(_ring(6, 198))}Z" fill="none" stroke="{{trim}}" stroke-width="3"/>'
    '<path d="M186 180H236M276 180H326" stroke="{trim}" stroke-width="4" stroke-linecap="round"/>'
    '<circle cx="256" cy="180" r="6" fill="{trim}"/>',
    initials=_box(132, 80, _narrowing((80, 40), (132, 180)), range(76, 44, -4), 1),
    name=_box(268, 160, _column(312), range(54, 23, -3), 5),
    unit=_box(378, 50, _narrowing((350, 280), (420, 140)), range(25, 17, -2), 2),
    level=462,
)
_RIBBON = _Template(
    _rim('path d="M150 330L96 490L164 466L204 502L256 370L308 502L348 466L416 490L362 330Z"').replace("{trim}", "{deep}")
    + _rim(f'path d="M{"L".join(_ring(48, 204, 188, y=212))}Z"')
    + '<circle cx="256" cy="212" r="172" fill="{ground}"/>'
    '<circle cx="256" cy="212" r="160" fill="none" stroke="{trim}" stroke-width="3"/>'
    '<path d="M52 342L20 424L92 412ZM460 342L492 424L420 412Z" fill="{edge}"/>'
    '<path d="M40 332Q256 376 472 332V408Q256 452 40 408Z" fill="{trim}" stroke="{edge}" stroke-width="3"/>',
    initials=_box(106, 74, _column(150), range(68, 40, -4), 1),
    name=_box(236, 160, _disc(212, 152), range(48, 22, -2), 5),
    unit=_box(392, 56, _column(390), range(32, 19, -2), 2),
    level=472,
    trimmed=frozenset({"unit"}),
)
_TILE = _Template(
    _rim('rect x="18" y="18" width="476" height="476" rx="92"')
    + '<path d="M34 112A78 78 0 0 1 112 34H400A78 78 0 0 1 478 112V364H34Z" fill="{ground}"/>'
    '<path d="M34 236A202 202 0 0 0 236 34H112A78 78 0 0 0 34 112ZM478 236A202 202 0 0 1 276 34H400A78 78 0 0 1 478 112Z" fill="{deep}"/>',
    initials=_box(112, 100, _column(240), range(96, 50, -6), 1),
    name=_box(260, 176, _column(380), range(60, 26, -3), 4),
    unit=_box(412, 66, _column(360), range(32, 19, -2), 2),
    level=478,
    trimmed=frozenset({"unit"}),
)
_TEMPLATES = {"roundel": _ROUNDEL, "shield": _SHIELD_TEMPLATE, "hexagon": _HEXAGON, "ribbon": _RIBBON, "tile": _TILE}
TEMPLATES = tuple(_TEMPLATES)
"""The names of the templates."""
