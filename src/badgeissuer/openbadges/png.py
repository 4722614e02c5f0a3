"""A credential in a PNG: one uncompressed `iTXt` chunk.

The chunks are walked by hand. No pixel is decoded and nothing is ever unpacked, so that no image can cost more than reading its bytes.

Source: OB-3.0 Baked Badges (PNG), PNG-3 clauses 5 and 11.3.3.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

from badgeissuer import problem
from badgeissuer.vc import document

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 20_000
"""Chunks that are read; a badge has a dozen, a large photograph from a camera some thousands."""

Keyword: TypeAlias = Literal["openbadgecredential", "clrcredential"]
_KEYWORDS: tuple[bytes, ...] = (b"openbadgecredential", b"clrcredential")
_LONGEST = max(map(len, _KEYWORDS))
_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
_FRAME = 12  # the bytes of a chunk besides its data: four each for length, type and CRC


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk: `start` is where its length stands, `end` is behind its CRC."""

    type: bytes
    start: int
    end: int

    def is_badge(self, image: bytes) -> bool:
        """Return whether this is a text chunk with the keyword of a badge, readable or not."""
        head = image[self.start + 8 : min(self.start + 8 + _LONGEST + 1, self.end - 4)]
        return self.type in _TEXTS and head.partition(b"\0")[0] in _KEYWORDS


def unbake(image: bytes) -> str:
    """Return the text of the one badge chunk, as it stands there.

    Raises:
        problem.Malformed: The image is no whole PNG: signature, order, lengths, CRCs, end.
        problem.Invalid: It has no badge chunk, several, or one that is compressed, of another type than iTXt, or not UTF-8.
        problem.TooLarge: It has too many chunks, or the text is too long.
    """
    badges = [chunk for chunk in _chunks(image) if chunk.is_badge(image)]
    if not badges:
        raise problem.Invalid("The PNG carries no badge: it has no text chunk with the keyword openbadgecredential or clrcredential.")
    if len(badges) > 1:
        raise problem.Invalid(f"The PNG carries {len(badges):,} badge chunks; there must be exactly one, else readers could differ.")
    (badge,) = badges
    if badge.type != b"iTXt":
        raise problem.Invalid(f"The badge stands in a chunk of type {badge.type.decode()}; it must be an uncompressed iTXt chunk.")
    return _text(image[badge.start + 8 : badge.end - 4])


def carries(image: bytes) -> bool:
    """Return whether a badge is to be looked for in the image: it has a badge chunk, whatever that is worth, or is no whole PNG."""
    try:
        return any(chunk.is_badge(image) for chunk in _chunks(image))
    except problem.Problem:
        return True


def bake(image: bytes, credential: str, *, keyword: Keyword) -> bytes:
    """Return the image with the credential in a chunk right before IEND.

    Badge chunks that are there already are left out; every other chunk is kept byte for byte.

    Raises:
        problem.Malformed: The image is no whole PNG.
        problem.TooLarge: It has too many chunks.
    """
    kept = [image[chunk.start : chunk.end] for chunk in _chunks(image) if not chunk.is_badge(image)]
    # Keyword, compression flag and method, then an empty language tag and an empty translated keyword.
    content = b"iTXt" + keyword.encode() + b"\0" + b"\0\0" + b"\0" + b"\0" + credential.encode()
    badge = (len(content) - 4).to_bytes(4) + content + zlib.crc32(content).to_bytes(4)
    return b"".join([SIGNATURE, *kept[:-1], badge, kept[-1]])


def sides(image: bytes) -> tuple[int, int]:
    """Return how wide and how high a PNG says it is.

    Raises:
        problem.Malformed: The image is no whole PNG.
        problem.TooLarge: It has too many chunks.
    """
    start = _chunks(image)[0].start + 8
    return int.from_bytes(image[start : start + 4]), int.from_bytes(image[start + 4 : start + 8])


def _chunks(image: bytes) -> list[_Chunk]:
    """Return all chunks of a whole PNG, IHDR first, IEND last."""
    if not image.startswith(SIGNATURE):
        raise problem.Malformed("The image does not begin with the signature of a PNG.")
    found: list[_Chunk] = []
    position = len(SIGNATURE)
    while not found or found[-1].type != b"IEND":
        if len(found) == MAX_CHUNKS:
            raise problem.TooLarge(f"The PNG has more than {MAX_CHUNKS:,} chunks.")
        chunk = _chunk(image, position)
        if (chunk.type == b"IHDR") != (not found):
            raise problem.Malformed(f"The PNG must have one IHDR chunk, its first; at byte {position:,} stands {_name(chunk)}.")
        found.append(chunk)
        position = chunk.end
    if position != len(image):
        raise problem.Malformed(f"The PNG goes on for {len(image) - position:,} bytes behind its end.")
    return found


def _chunk(image: bytes, start: int) -> _Chunk:
    length, name = int.from_bytes(image[start : start + 4]), image[start + 4 : start + 8]
    chunk = _Chunk(name, start, start + _FRAME + length)
    if chunk.end > len(image):
        raise problem.Malformed(f"The PNG is cut short in the chunk at byte {start:,}, or that chunk's length is false.")
    if zlib.crc32(memoryview(image)[start + 4 : chunk.end - 4]).to_bytes(4) != image[chunk.end - 4 : chunk.end]:
        raise problem.Malformed(f"The PNG is damaged: the CRC of the chunk {_name(chunk)} at byte {start:,} is false.")
    if not (name.isalpha() and name.isascii()):
        raise problem.Malformed(f"The type of the PNG chunk at byte {start:,} is not four letters.")
    if length != {b"IHDR": 13, b"IEND": 0}.get(name, length):
        raise problem.Malformed(f"The PNG chunk {_name(chunk)} has {length:,} bytes, which is not its size.")
    return chunk


def _text(data: bytes) -> str:
    """Return the text of an iTXt chunk."""
    _, _, rest = data.partition(b"\0")
    if not rest or rest[0] > 1 or rest.count(b"\0", 2) < 2:  # noqa: PLR2004 - the ends of the language tag and of the translated keyword
        raise problem.Malformed("The badge chunk is no iTXt chunk of PNG: its flag, language tag or translated keyword cannot be read.")
    if rest[0]:
        raise problem.Invalid("The badge chunk is compressed, which Open Badges forbids; bake the badge again without compression.")
    text = rest[2:].split(b"\0", 2)[2]
    if len(text) > document.MAX_BYTES:
        raise problem.TooLarge(f"The badge in the PNG has {len(text):,} bytes; at most {document.MAX_BYTES:,} are read.")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise problem.Invalid(f"The badge in the PNG is not UTF-8: byte {error.start:,} of it cannot be read.") from None


def _name(chunk: _Chunk) -> str:
    return repr(chunk.type.decode("latin-1"))
