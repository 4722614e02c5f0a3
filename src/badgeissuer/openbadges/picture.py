"""A picture that an author embeds in a definition as a data URI: a PNG, or an SVG that does nothing but show.

What is refused here never stands in a badge of ours. Badges of others are not judged by it: pages show none of their SVGs, and load
nothing from elsewhere.

Source: RFC 2397 (data URIs), RFC 3986 section 2.1.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_to_bytes

from badgeissuer import problem
from badgeissuer.openbadges import png, vetting

MAX_BYTES = 256 * 1024
"""A picture stands in every badge that says it."""
MAX_SIDE = 2048
"""Pixels of a PNG; a small file can unfold to gigabytes."""

_HEAD = re.compile(r"data:image/(?P<kind>png|svg\+xml)(?P<charset>;charset=(?:utf-8|us-ascii)|;utf8)?(?P<base64>;base64)?,", re.IGNORECASE)
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def embedded_fault(url: str) -> str | None:
    """Return why a picture must not be embedded, as a sentence; None where it may, and of an address elsewhere."""
    if url[:5].lower() != "data:":
        return None
    try:
        check(url)
    except problem.Problem as refused:
        return refused.detail
    return None


def check(uri: str) -> None:
    """Raise a `problem.Problem` where a data URI is no picture that may be embedded."""
    opened(uri)


def opened(uri: str) -> bytes:
    """Return the picture that a data URI holds, a PNG or an SVG that may be embedded; raises as `check`."""
    head = _HEAD.match(uri)
    if head is None:
        raise problem.Invalid("An embedded picture must be a data URI of a PNG or an SVG in UTF-8.")
    body = _decoded(uri[head.end() :], is_base64=head["base64"] is not None)
    if len(body) > MAX_BYTES:
        raise problem.TooLarge(f"The picture has {len(body):,} bytes; at most {MAX_BYTES:,} are embedded. Give its address instead.")
    if head["kind"].lower() == "png":
        pixels(body)
    else:
        vetting.check(body, embedded=_embedded)
    return body


def pixels(body: bytes) -> int:
    """Return how many pixels a PNG has.

    Raises:
        problem.Malformed: It is no whole PNG.
        problem.TooLarge: It is wider or higher than may be.
        problem.Invalid: It says that it has none.
    """
    wide, high = png.sides(body)
    if not (wide and high):
        raise problem.Invalid("The PNG says that it is no pixel wide or high.")
    if max(wide, high) > MAX_SIDE:
        raise problem.TooLarge(f"The PNG is {wide:,} by {high:,} pixels; at most {MAX_SIDE:,} each way are embedded.")
    return wide * high


def _embedded(uri: str) -> int:
    """Return how many pixels a picture within an SVG has, which must be a PNG."""
    head = _HEAD.match(uri.strip())
    if head is None or head["kind"].lower() != "png":
        raise problem.Invalid("The SVG holds a picture that is no embedded PNG. Draw it, or embed a PNG.")
    return pixels(_decoded(uri.strip()[head.end() :], is_base64=head["base64"] is not None, white=True))


def _decoded(data: str, *, is_base64: bool, white: bool = False) -> bytes:
    """Return the bytes of a data URI; `white` lets lines be broken, as drawing programs do within an SVG."""
    if _BAD_PERCENT.search(data):
        raise problem.Invalid("The data URI is damaged: a percent sign is not followed by two hexadecimal digits.")
    body = unquote_to_bytes(data)
    if not is_base64:
        return body
    try:
        return base64.b64decode(b"".join(body.split()) if white else body, validate=True)
    except ValueError:
        raise problem.Invalid("The data URI is damaged: what it holds is not base64.") from None
