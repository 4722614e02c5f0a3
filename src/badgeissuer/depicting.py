"""The picture of an achievement: its own where one is embedded, else the one that was drawn when it was published, else one drawn now."""

from __future__ import annotations

import functools
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer import branding, indexing, problem
from badgeissuer.openbadges import artwork, baking, picture
from badgeissuer.rendering import raster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from badgeissuer.store import tables
    from badgeissuer.vc.document import JsonObject

LOGO_SIDE = 400
KEPT = 32
"""Embedded pictures, of at most some hundred kilobytes each, that a process keeps opened: to look through one takes its time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was found to be readable.

    Attributes:
        image: It as it is, a PNG or an SVG.
        pixels: It as a PNG of moderate size.
    """

    image: bytes
    pixels: bytes

    @property
    def is_drawing(self) -> bool:
        """Whether it is an SVG."""
        return baking.kind(self.image) == "svg"

    @property
    def png(self) -> bytes:
        """It as a PNG: to the byte where it is one."""
        return self.pixels if self.is_drawing else self.image

    @property
    def svg(self) -> bytes:
        """It as an SVG: to the byte where it is one, else an SVG that shows the PNG."""
        return self.image if self.is_drawing else raster.wrapped(self.image).encode()


def pictures(achievement: JsonObject, line: Sequence[tables.Issuer], *, drawing: str | None) -> Iterator[Picture]:
    """Yield what an achievement can be shown by, the best first; there is at least one, and the last is always a small drawing.

    Args:
        achievement: It, as it stands in a badge or a version.
        line: Its unit and all above that, itself first.
        drawing: The one that was drawn when it was published.
    """
    image = achievement.get("image")
    own = _embedded(str(image.get("id") if isinstance(image, dict) else image), raster.SIDE)
    if own is not None:
        yield own
    if drawing is not None:
        yield _drawn(drawing)
    level = next(iter(indexing.levels(achievement)), "").replace(":", " ", 1)
    template = branding.brand(line).artwork or artwork.TEMPLATES[0]
    yield _drawn(branding.draw(line, achievement, level=level, template=template))


def logo(line: Sequence[tables.Issuer]) -> bytes | None:
    """Return the logo of a unit as a PNG; None where it has none, or one that stands elsewhere: nothing is fetched."""
    found = _embedded(str(branding.brand(line).image), LOGO_SIDE)
    return found.pixels if found else None


def _drawn(svg: str) -> Picture:
    return Picture(svg.encode(), raster.drawn(svg))


@functools.lru_cache(maxsize=KEPT)
def _embedded(uri: str, side: int) -> Picture | None:
    """Return the picture of a data URI; None where it is no such, or cannot be read."""
    if uri[:5].lower() != "data:":
        return None
    with suppress(problem.Problem):
        body = picture.opened(uri)
        is_drawing = baking.kind(body) == "svg"
        return Picture(body, raster.drawn_apart(body.decode(), side=side) if is_drawing else raster.readable(body, side=side))
    return None
