"""Baked badges: an image, PNG or SVG, that carries its credential.

    unbake(image) → the credential's text, JSON or compact JWS
    bake(image, credential) → a new image

Whether the credential is any good is not looked at here.

Source: OB-3.0 Baked Badges; for CLR its names are taken instead.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from badgeissuer import problem
from badgeissuer.openbadges import png, svg
from badgeissuer.vc import document

Standard: TypeAlias = Literal["openbadges", "clr"]
_KEYWORDS: dict[Standard, png.Keyword] = {"openbadges": "openbadgecredential", "clr": "clrcredential"}

_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def kind(body: bytes) -> Literal["png", "svg"] | None:
    """Return which image the body is by its first bytes, None where it is neither; this costs little, whatever the body."""
    if body.startswith(png.SIGNATURE):
        return "png"
    return "svg" if svg.begins(body) else None


def unbake(image: bytes) -> str:
    """Return the credential in an image, JSON or compact JWS.

    From a PNG it comes exactly as it was baked; from an SVG without the white space around it, since drawing programs put some there.

    Raises:
        problem.Malformed: The image is neither PNG nor SVG, or damaged.
        problem.Invalid: It carries no badge, several, or one in a form that the standard forbids or that is dangerous to read.
        problem.TooLarge: It, or what it carries, is over a limit.
    """
    return png.unbake(image) if _known(image) == "png" else svg.unbake(image)


def carries(image: bytes) -> bool:
    """Return whether a PNG says that it carries a badge, or cannot be told not to: it is not whole."""
    return png.carries(image)


def bake(image: bytes, credential: str, *, standard: Standard = "openbadges") -> bytes:
    """Return the image with the credential in it; a credential that it carried before is overwritten.

    White space around the credential is left out. All else of the image is kept byte for byte.

    Args:
        image: PNG or SVG.
        credential: JSON text or a compact JWS, at most `document.MAX_BYTES` long.
        standard: Whose name the credential is filed under; a reader of badges looks for `openbadges`.

    Raises:
        problem.Malformed: The image is neither PNG nor SVG, or damaged; or the credential is neither JSON nor JWS.
        problem.Invalid: The image is dangerous to read, or the credential has a character that an SVG cannot hold.
        problem.TooLarge: The image, the credential or both together are over a limit.
    """
    text = _checked(credential.strip(" \t\r\n"))
    is_png = _known(image) == "png"
    baked = png.bake(image, text, keyword=_KEYWORDS[standard]) if is_png else svg.bake(image, text, prefix=standard)
    unbake(baked)  # the limits hold for both together: nothing is made that would not be read
    return baked


def _known(image: bytes) -> Literal["png", "svg"]:
    found = kind(image)
    if found is None:
        raise problem.Malformed("The image is neither a PNG nor an SVG in UTF-8; only these can carry a badge.")
    return found


def _checked(credential: str) -> str:
    body = credential.encode("utf-8", "surrogatepass")  # half a surrogate pair is refused with the rest of what is not UTF-8
    if credential.startswith("{"):
        document.parse(body)
    elif not _JWS.fullmatch(credential):
        raise problem.Malformed("The credential is neither a JSON object nor a compact JWS (three parts of base64url, joined by dots).")
    elif len(body) > document.MAX_BYTES:
        raise problem.TooLarge(f"The credential has {len(body):,} bytes; at most {document.MAX_BYTES:,} are baked.")
    return credential
