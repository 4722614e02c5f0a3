"""Badges in PNG pictures: one uncompressed iTXt chunk in a whole picture, and none of it ever unpacked (D8)."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import FORGER, SCHOOL, Value, brief, changed, sign, text
from tests.corpus.wrapping import PNG_SIGNATURE, bake_png, chunk, itxt, png, sign_jwt, zlib_stream

GROUP = kit.Group("png")
make: Callable[..., bytes]
KEYWORD = b"openbadgecredential"
END = chunk(b"IEND", b"")


def _head(width: int = 1, height: int = 1) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


PIXELS = chunk(b"IDAT", zlib_stream(b"\0\x80"))


def _good() -> bytes:
    return text(sign(brief()))


def _fault(name: str, why: str, make: kit.Bytes, step: str = "syntax", *, rows: str = "D8", **more: Value) -> None:
    GROUP.invalid(f"{name}.png", rows, why, step, make, **more)


def _itxt(flags: bytes, content: bytes, *, keyword: bytes = KEYWORD, named: bytes = b"\0\0") -> bytes:
    """Return an iTXt chunk with flag and method, and language and translated keyword, as they are given."""
    return chunk(b"iTXt", keyword + b"\0" + flags + named + content)


# --- as it should be ------------------------------------------------------------------------------------------------

for name, why, make in (
    ("json", "The credential as JSON in one iTXt chunk.", lambda: bake_png(_good())),
    ("jws", "The credential as compact JWS in one iTXt chunk.", lambda: bake_png(sign_jwt(brief()))),
    (
        "badge-before-the-pixels",
        "The standard does not say where in the picture the chunk stands.",
        lambda: PNG_SIGNATURE + _head() + itxt(_good()) + PIXELS + END,
    ),
    (
        "other-texts-beside-it",
        "What other chunks hold, packed or not, is the picture's own business.",
        lambda: png(
            chunk(b"tEXt", b"Title\0Teamwork"),
            chunk(b"zTXt", b"Comment\0\0" + zlib_stream(b"made by hand")),
            itxt(b"made by hand", b"Description", compressed=True),
            itxt(_good()),
            chunk(b"eXIf", b"MM\0*"),
        ),
    ),
    (
        "language-and-translated-keyword",
        "An iTXt chunk may name its language and translate its keyword.",
        lambda: png(_itxt(b"\0\0", _good(), named=b"en\0Open Badge\0")),
    ),
    (
        "gigantic-on-paper",
        "It says that it has four milliards of pixels; who reads a badge unpacks none of them.",
        lambda: PNG_SIGNATURE + _head(65_535, 65_535) + PIXELS + itxt(_good()) + END,
    ),
):
    GROUP.valid(f"{name}.png", "D8", why, make)

# --- one chunk, and that not packed ---------------------------------------------------------------------------------

_fault("compressed", "Open Badges forbids it: what is packed may be of any size.", lambda: png(itxt(_good(), compressed=True)))
_fault(
    "compressed-bomb",
    "A megabyte and a half of spaces, packed to a few kilobytes, before the badge.",
    lambda: png(itxt(b" " * 1_500_000 + _good(), compressed=True)),
)
_fault("packed-and-not-marked", "It is packed and says that it is not.", lambda: png(_itxt(b"\0\0", zlib_stream(_good()))))
_fault("compression-flag-of-two", "The flag is 0 or 1.", lambda: png(_itxt(b"\2\0", _good())))
for name, why, chunks in (
    ("two-equal", "There is one badge in a picture.", lambda: (itxt(_good()), itxt(_good()))),
    ("forged-first", "Readers differ about which of two counts.", lambda: (itxt(_forged()), itxt(_good()))),
    ("forged-last", "Readers differ about which of two counts.", lambda: (itxt(_good()), itxt(_forged()))),
    ("empty-first", "Readers differ about which of two counts.", lambda: (itxt(b""), itxt(_good()))),
    ("json-and-jws", "Readers differ about which of two counts.", lambda: (itxt(_good()), itxt(sign_jwt(brief())))),
    ("one-compressed", "Readers differ about which of two counts.", lambda: (itxt(_good()), itxt(_forged(), compressed=True))),
    (
        "one-of-plain-text",
        "Some readers take any kind of text chunk: they would see another badge.",
        lambda: (itxt(_good()), chunk(b"tEXt", KEYWORD + b"\0" + _forged())),
    ),
    (
        "one-of-packed-text",
        "Some readers take any kind of text chunk: they would see another badge.",
        lambda: (itxt(_good()), chunk(b"zTXt", KEYWORD + b"\0\0" + zlib_stream(_forged()))),
    ),
):
    _fault(f"two-chunks-{name}", why, lambda chunks=chunks: png(*chunks()))


def _forged() -> bytes:
    return text(sign(changed(brief(FORGER), {"/name": "Leadership"}), FORGER))


_fault("text-chunk", "The badge stands in a tEXt chunk, which is Latin-1.", lambda: png(chunk(b"tEXt", KEYWORD + b"\0" + _good())))
_fault(
    "packed-text-chunk",
    "The badge stands in a zTXt chunk, which is packed.",
    lambda: png(chunk(b"zTXt", KEYWORD + b"\0\0" + zlib_stream(_good()))),
)
_fault("chunk-of-our-own", "The badge stands in a chunk that no standard knows.", lambda: png(chunk(b"obDg", _good())))
for name, keyword in (
    ("in-capitals", b"OpenBadgeCredential"),
    ("of-open-badges-2", b"openbadges"),
    ("with-a-space", KEYWORD + b" "),
    ("empty", b""),
    ("longer", KEYWORD + b"s"),
):
    _fault(f"keyword-{name}", "No chunk has the keyword.", lambda keyword=keyword: png(itxt(_good(), keyword)))
_fault("no-badge", "There is no badge in the picture.", png)

# --- what is in the chunk -------------------------------------------------------------------------------------------

for name, content, why in (
    ("empty", lambda: b"", "The chunk is empty."),
    ("an-address", lambda: b"https://issuer.example/c/1", "A badge is in the picture, not somewhere else."),
    ("text", lambda: b"Teamwork, with distinction", "That is no credential."),
    ("an-array", lambda: b"[" + _good() + b"]", "A credential is an object."),
    ("two-objects", lambda: _good() + _good(), "A chunk holds one credential."),
    ("cut-short", lambda: _good()[:-40], "The JSON ends too early."),
    ("in-utf-16", lambda: _good().decode().encode("utf-16"), "An iTXt chunk is UTF-8."),
    ("in-latin-1", lambda: _with_accent().decode().encode("latin-1"), "An iTXt chunk is UTF-8."),
    ("a-picture", lambda: bake_png(_good()), "A picture in a picture is no credential."),
    ("name-twice", lambda: _good().rstrip()[:-1] + b',"name":"Leadership"}', "Readers differ about which of two members counts."),
):
    _fault(f"content-{name}", why, lambda content=content: bake_png(content()))


def _with_accent() -> bytes:
    return text(sign(changed(brief(), {"/name": "Équipe"})))


for name, content, step, why in (
    ("changed", lambda: text(changed(sign(brief()), {"/name": "Leadership"})), "proof", "It was changed after it was signed."),
    ("unsigned", lambda: text(brief()), "proof", "Nobody signed it."),
    ("of-a-stranger", lambda: text(sign(brief(), FORGER)), "issuer", "The signature is good and the key is not the issuer's."),
    ("jws-of-a-stranger", lambda: sign_jwt(brief(), FORGER), "issuer|proof", "The signature is good and the key is not the issuer's."),
    ("jws-unsigned", lambda: sign_jwt(brief()).rpartition(b".")[0] + b".", "syntax", "Nobody signed it."),
    ("expired", lambda: text(sign(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"}))), "validity", "Its time is over."),
    ("no-badge-but-a-list", lambda: text(sign(wrapping.status_list(kit.STATUS_LIST))), "context|data_model", "That is a status list."),
):
    _fault(f"content-{name}", why, lambda content=content: bake_png(content()), step)

# --- a picture that is whole ----------------------------------------------------------------------------------------


def _with_false_crc(kind: bytes) -> bytes:
    whole = bake_png(_good())
    start = whole.index(kind) - 4
    end = start + 12 + int.from_bytes(whole[start : start + 4])
    return whole[: end - 1] + bytes([whole[end - 1] ^ 1]) + whole[end:]


def _with_length(length: int) -> bytes:
    """Return a picture whose badge says that it has another length than it has."""
    whole = bake_png(_good())
    start = whole.index(b"iTXt") - 4
    return whole[:start] + length.to_bytes(4) + whole[start + 4 :]


for kind in (b"IHDR", b"IDAT", b"iTXt", b"IEND"):
    _fault(f"false-crc-of-{kind.decode()}", "A chunk was damaged or changed.", lambda kind=kind: _with_false_crc(kind))
for name, make, why in (
    ("length-beyond-the-end", lambda: _with_length(100_000), "The chunk says that it is longer than the file."),
    ("length-beyond-all-files", lambda: _with_length(2**32 - 1), "The chunk says that it has four gigabytes."),
    ("length-of-nothing", lambda: _with_length(0), "The chunk says that it is empty, and it is not."),
    ("cut-short-in-the-badge", lambda: bake_png(_good())[:-300], "The picture ends in the middle of the badge."),
    ("cut-short-before-the-end", lambda: bake_png(_good())[:-12], "The chunk that ends a picture is missing."),
    ("cut-short-behind-the-signature", lambda: PNG_SIGNATURE, "There is nothing behind the signature."),
    ("badge-behind-the-end", lambda: png() + itxt(_good()), "What stands behind the end is none of the picture."),
    ("forged-badge-behind-the-end", lambda: bake_png(_good()) + itxt(_forged()), "Some readers go on behind the end."),
    ("picture-behind-the-end", lambda: bake_png(_good()) + bake_png(_forged()), "Some readers go on behind the end."),
    ("json-behind-the-end", lambda: bake_png(_good()) + _forged(), "A file that is two things at once."),
    ("a-byte-behind-the-end", lambda: bake_png(_good()) + b"\n", "What stands behind the end is none of the picture."),
    ("no-head", lambda: PNG_SIGNATURE + itxt(_good()) + PIXELS + END, "A picture begins with its head."),
    ("two-heads", lambda: PNG_SIGNATURE + _head() + _head() + PIXELS + itxt(_good()) + END, "A picture has one head."),
    ("badge-before-the-head", lambda: PNG_SIGNATURE + itxt(_good()) + _head() + PIXELS + END, "A picture begins with its head."),
    (
        "line-ends-converted",
        lambda: bake_png(_good()).replace(b"\r\n", b"\n", 1),
        "The signature of PNG is there to show that a transfer changed line ends.",
    ),
    ("type-with-a-digit", lambda: png(chunk(b"iT3t", b""), itxt(_good())), "The type of a chunk is four letters."),
    ("chunk-without-separators", lambda: png(chunk(b"iTXt", KEYWORD + b"\0\0\0" + b"{}")), "An iTXt chunk has five fields."),
    ("jpeg", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + _good() + b"\xff\xd9", "It is a JPEG with another name."),
    ("gif", lambda: b"GIF89a\1\0\1\0\0\0\0!\xfe\xff" + _good() + b"\0;", "It is a GIF with another name."),
    ("webp", lambda: b"RIFF\x1a\0\0\0WEBPVP8L" + _good(), "It is a WebP with another name."),
):
    _fault(name, why, make)

# --- size -----------------------------------------------------------------------------------------------------------

_fault(
    "sixty-thousand-chunks",
    "Nobody needs sixty thousand chunks; a reader that is not quick at them stands still.",
    lambda: png(*[chunk(b"tEXt", b"a\0")] * 60_000, itxt(_good())),
    stored=False,
)
_fault(
    "content-of-three-megabytes",
    "A badge of that size is none.",
    lambda: bake_png(b" " * 3_000_000 + _good()),
    stored=False,
)
GROUP.valid(
    "a-thousand-chunks.png",
    "D8",
    "A photograph has as many.",
    lambda: png(*[chunk(b"tEXt", b"a\0")] * 1000, itxt(text(sign(brief(SCHOOL), SCHOOL)))),
    stored=False,
)
GROUP.valid(
    "learner-record.png",
    "D8",
    "A learner record has a keyword of its own.",
    lambda: png(itxt(_record(), b"clrcredential")),
)


def _record() -> bytes:
    from tests.corpus import more_clr  # noqa: PLC0415 - only when it is made

    return text(sign(more_clr.record()))
