"""Unpack a body, however much it would swell, into no more than a limit.

Nothing is asked to be packed. Some servers pack all the same, and what they send is of no use otherwise.
"""

from __future__ import annotations

import zlib

_GZIP = 31
_ZLIB = 15
_BARE = -15
_PIECE = 16 * 1024
_SLACK = 64 * 1024
"""How much more may have come than was unpacked from it. No packer makes more of it, but blocks that hold nothing cost time."""
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


class UnknownError(Exception):
    """It is packed in a way that is not read, more than once, or not to its end."""


class SwollenError(Exception):
    """It would be more than the limit."""


def unpack(body: bytes, coding: str, *, max_bytes: int) -> bytes:
    """Return what a body holds.

    Args:
        body: As it came; whoever read it has set a limit to that.
        coding: The `Content-Encoding`; empty where there is none.
        max_bytes: Of what it holds.

    Raises:
        UnknownError: It is not packed with gzip or deflate once, is broken, cut off or blown up, or more stands behind its end.
        SwollenError: It holds more than `max_bytes`.

    Source: RFC 9110 section 8.4.1.
    """
    codings = [name for name in (part.strip().lower() for part in coding.split(",")) if name not in {"", "identity"}]
    if not codings:
        return body
    if len(codings) > 1 or codings[0] not in _CODINGS:
        raise UnknownError
    return _unpacked(body, zlib.decompressobj(_window(body) if codings[0] == "deflate" else _GZIP), max_bytes)


def _unpacked(body: bytes, packed: zlib._Decompress, max_bytes: int) -> bytes:
    found = bytearray()
    for at in range(0, len(body), _PIECE):
        try:
            found += packed.decompress(body[at : at + _PIECE], max_bytes + 1 - len(found))
        except zlib.error:
            raise UnknownError from None
        if len(found) > max_bytes:
            raise SwollenError
        if packed.unused_data or len(found) + _SLACK < at:
            raise UnknownError
    if not packed.eof:
        raise UnknownError
    return bytes(found)


def _window(body: bytes) -> int:
    """Tell the zlib format, which `deflate` means, from the bare one, which many send for it: by the check in its first two bytes."""
    return _ZLIB if body[:1] and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0 else _BARE
