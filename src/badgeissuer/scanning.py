"""The QR code in a picture: a photograph of a certificate or of a screen, or a frame of a camera.

Strangers hand these in, so there are bounds before any pixel is decoded: bytes, kinds of files, pixels. Only a few are looked at at the
same time, in memory; nothing is kept. What a code says is a stranger's text and nothing more: whoever follows it uses the guarded ways.
"""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import zlib
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image

from badgeissuer import problem
from badgeissuer.openbadges import baking

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 10 * 1024 * 1024
"""Bytes of a picture."""
MAX_PIXELS = 24_000_000
"""Pixels of a picture; telephones take twelve million."""
SIDE = 2800
"""Pixels of a side that are looked at; a larger picture is made smaller first."""
AT_ONCE = 2
"""Pictures that are looked at at the same time."""
PATIENCE_SECONDS = 5
"""How long a picture waits for its turn."""
FORMATS = ("JPEG", "PNG", "WEBP")
ADVICE = "Take the picture again with the whole code in it, sharp and straight, or type the address that is printed beside it."

_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_TURNS = threading.BoundedSemaphore(AT_ONCE)
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, MemoryError, OverflowError)
"""What Pillow raises for a file that is not what it says."""


def is_picture(body: bytes) -> bool:
    """Return whether some bytes are a picture of pixels in which no badge stands, so that a code in it is what matters."""
    if body.startswith(b"\xff\xd8\xff") or (body[:4] == b"RIFF" and body[8:12] == b"WEBP"):
        return True
    return baking.kind(body) == "png" and not baking.carries(body)


def read(picture: bytes) -> str:
    """Return what the code in a picture says that leads to a badge: an http or https URL, or a badge itself.

    Args:
        picture: JPEG, PNG or WebP.

    Raises:
        problem.TooLarge: It has too many bytes or pixels.
        problem.Malformed: It is no whole picture.
        problem.Invalid: There is no code in it, or none that leads to a badge.
        problem.Unavailable: Too many others are being looked at.
    """
    if len(picture) > MAX_BYTES:
        raise problem.TooLarge(f"The picture has {len(picture):,} bytes; at most {MAX_BYTES:,} are looked at.")
    with _turn():
        codes = zxingcpp.read_barcodes(_grey(picture), formats=_CODES)
        texts = [code.text.strip() for code in codes if code.valid]
    found = next(filter(_leads_somewhere, texts), None)
    if found is not None:
        return found
    if texts:
        raise problem.Invalid("There is a QR code in the picture, but it leads to no badge: it holds neither a web address nor a badge.")
    raise problem.Invalid(f"The picture carries no badge, and no QR code can be made out in it. {ADVICE}")


def leads_to_an_address(text: str) -> bool:
    """Return whether what a code says is an http or https URL, and not a badge."""
    return text[:8].lower().startswith(("http://", "https://"))


def _leads_somewhere(text: str) -> bool:
    return leads_to_an_address(text) or text.startswith(("{", "eyJ"))


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    if not _TURNS.acquire(timeout=PATIENCE_SECONDS):
        raise problem.Unavailable("Too many pictures are being looked at. Try again in a moment.")
    try:
        yield
    finally:
        _TURNS.release()


def _grey(picture: bytes) -> Image.Image:
    """Return a picture in shades of grey, on white where it is transparent, and not larger than is looked at."""
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise problem.TooLarge(f"The picture has {width:,} by {height:,} pixels; at most {MAX_PIXELS:,} in all are looked at.")
            image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
            if not image.has_transparency_data:
                return image.convert("L")
            ground = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(ground, image.convert("RGBA")).convert("L")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise problem.TooLarge(f"The picture has too many pixels; at most {MAX_PIXELS:,} in all are looked at.") from None
    except _BROKEN:
        raise problem.Malformed("The picture is damaged: it cannot be read to its end.") from None
