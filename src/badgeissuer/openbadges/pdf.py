"""A credential in a PDF: the one file that a certificate made here has with it.

A PDF is not parsed: its files may stand in a dozen ways, and readers of PDFs are known for their holes. What is read is the one way in
which certificates are written here (`rendering.certificate`). A PDF that another program saved anew is refused, with a word on what to hand
in.

Source: ISO 32000-1 section 7.11.4 (embedded file streams), RFC 1950.
"""

from __future__ import annotations

import re
import zlib

from badgeissuer import problem
from badgeissuer.vc import document

_BEGINNING = b"%PDF-"
_ANY_FILE = re.compile(rb"/Type[ \t\r\n]*/EmbeddedFile(?![A-Za-z])")
_OUR_FILE = re.compile(
    rb"obj\n<</Length (?P<length>[0-9]{1,8})/Type/EmbeddedFile(?P<packed>/Filter/FlateDecode)?"
    rb"/Subtype/application#2Fvc\+ld\+json/Params<<[^<>]{0,200}>>>>\nstream\n"
)
_INSTEAD = "Hand in the badge's JSON file, or the link beside its code."


def begins(body: bytes) -> bool:
    """Return whether the body begins as a PDF does."""
    return body.startswith(_BEGINNING)


def unbake(body: bytes) -> str:
    """Return the credential in a certificate, to the byte.

    Raises:
        problem.Invalid: It is no certificate as they are made here, or it has several files with it.
        problem.Malformed: The file in it is damaged.
        problem.TooLarge: The file in it is too long.
    """
    ours = list(_OUR_FILE.finditer(body))
    if not ours:
        raise problem.Invalid(f"No badge was found in the PDF: it was not made here, or another program changed it. {_INSTEAD}")
    if len(ours) > 1 or len(_ANY_FILE.findall(body)) > 1:
        raise problem.Invalid(f"The PDF has more than one file with it, so it is not as it was made, and readers could differ. {_INSTEAD}")
    found = ours[0]
    held = body[found.end() : found.end() + int(found["length"])]
    if len(held) < int(found["length"]) or not body.startswith(b"\nendstream", found.end() + len(held)):
        raise problem.Malformed(f"The PDF is damaged: the badge in it is cut short. {_INSTEAD}")
    text = _unpacked(held) if found["packed"] else held
    if len(text) > document.MAX_BYTES:
        raise problem.TooLarge(f"The badge in the PDF has more than {document.MAX_BYTES:,} bytes, which are read at most.")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise problem.Malformed(f"The badge in the PDF is not UTF-8: byte {error.start:,} of it cannot be read.") from None


def _unpacked(held: bytes) -> bytes:
    """Return what was packed, at most one byte more than is read: what unfolds further is not unfolded."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(held, document.MAX_BYTES + 1)
    except zlib.error:
        raise problem.Malformed(f"The PDF is damaged: the badge in it cannot be unpacked. {_INSTEAD}") from None
    if len(text) <= document.MAX_BYTES and not (stream.eof and not stream.unused_data):
        raise problem.Malformed(f"The PDF is damaged: the badge in it has no end. {_INSTEAD}")
    return text
