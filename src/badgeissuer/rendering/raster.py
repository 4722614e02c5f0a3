"""Drawings made into pixels: SVG → PNG, with our own fonts, and PNGs made smaller."""

from __future__ import annotations

import base64
import re
from typing import Any

import resvg_py

from badgeissuer import problem
from badgeissuer.openbadges import png
from badgeissuer.rendering import apart, fonts, kept, setting

SIDE = 640
"""Pixels of the longer side of what is drawn."""
_TEXT = re.compile(r"(<(?:text|tspan|textPath)\b[^>]*+>)([^<]++)")
_UNABLE = "The picture cannot be drawn."


def drawn(svg: str, *, side: int = SIDE) -> bytes:
    """Return a drawing of ours as a PNG that fits into a square of so many pixels.

    Raises:
        problem.Invalid: It cannot be drawn.
    """
    return _found(kept.kept(_drawn, svg, side))


def drawn_apart(svg: str, *, side: int = SIDE) -> bytes:
    """Return a drawing by anybody, which was looked through (`openbadges.picture`), likewise; what was refused is not tried again soon.

    Raises:
        problem.Invalid: It cannot be drawn, or takes too long.
    """
    return _found(kept.kept(_drawn_apart, svg, side))


def readable(image: bytes, *, side: int = SIDE) -> bytes:
    """Return a PNG anew, no larger than a square of so many pixels: of what comes back it is sure that it can be read.

    Raises:
        problem.Problem: It cannot be read.
    """
    return _found(kept.kept(_readable, image, side))


def _readable(image: bytes, side: int) -> bytes:
    wide, high = png.sides(image)
    share = min(1.0, side / max(wide, high, 1))
    size = [max(1, round(one * share)) for one in (wide, high)]
    try:
        return setting.png("picture.typ", {"size": size, "image": list(image)})
    except setting.Unset:
        return b""


def wrapped(image: bytes) -> str:
    """Return a PNG as a drawing that shows it.

    Raises:
        problem.Problem: It is no PNG.
    """
    wide, high = png.sides(image)
    held = base64.b64encode(image).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {wide} {high}" width="{wide}"'
        f' height="{high}"><image width="{wide}" height="{high}" xlink:href="data:image/png;base64,{held}"/></svg>'
    )


def _drawn(svg: str, side: int) -> bytes:
    try:
        return bytes(resvg_py.svg_to_bytes(**_arguments(svg, side)))
    except ValueError:
        return b""


def _drawn_apart(svg: str, side: int) -> bytes:
    try:
        return apart.draw(_arguments(svg, side))
    except ValueError:
        return b""


def _found(image: bytes) -> bytes:
    if not image:
        raise problem.Invalid(_UNABLE)
    return image


def _arguments(svg: str, side: int) -> dict[str, Any]:
    return {
        "svg_string": _TEXT.sub(_in_fonts, svg),
        "width": side,
        "height": side,
        "font_files": [fonts.path(family) for family in sorted(_needed(svg))],
        "skip_system_fonts": True,
        **dict.fromkeys(("font_family", "sans_serif_family", "serif_family", "monospace_family"), fonts.FAMILY),
    }


def _needed(svg: str) -> set[str]:
    found = {family for family, _, _ in fonts.runs(svg)}
    return found | {fonts.FAMILY} | ({fonts.ideographs(text) for text in _texts(svg)} if fonts.IDEOGRAPHS in found else set())


def _texts(svg: str) -> list[str]:
    return [text for _, text in _TEXT.findall(svg)]


def _in_fonts(found: re.Match[str]) -> str:
    """Return a text of which each part names the font that has its letters: the renderer would look for one font for all of it."""
    text, parts, done = found[2], [found[1]], 0
    ideographs = fonts.ideographs(text)
    for family, start, end in fonts.runs(text):
        chosen = ideographs if family == fonts.IDEOGRAPHS else family
        parts += [text[done:start], f'<tspan font-family="{chosen}">{text[start:end]}</tspan>']
        done = end
    return "".join([*parts, text[done:]])
