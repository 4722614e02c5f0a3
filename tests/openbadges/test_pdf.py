from __future__ import annotations

import zlib

import pytest

from badgeissuer import problem
from badgeissuer.openbadges import pdf
from badgeissuer.vc import document

JSON = b'{"name": "Gr\xc3\xb6\xc3\x9fe"}'


def a_file(held: bytes, *, packed: bool = True, length: int | None = None, kind: bytes = b"application#2Fvc+ld+json") -> bytes:
    """The object in which a certificate has its badge."""
    flags = b"/Filter/FlateDecode" if packed else b""
    head = b"<</Length %d/Type/EmbeddedFile%b/Subtype/%b/Params<</Size 9>>>>" % (len(held) if length is None else length, flags, kind)
    return b"7 0 obj\n" + head + b"\nstream\n" + held + b"\nendstream\nendobj\n"


def a_pdf(*files: bytes) -> bytes:
    return b"%PDF-1.7\n" + b"".join(files) + b"%%EOF"


@pytest.mark.parametrize("body", [a_pdf(a_file(zlib.compress(JSON))), a_pdf(a_file(JSON, packed=False))])
def test_the_badge_in_a_certificate_is_read_to_the_byte(body: bytes) -> None:
    assert pdf.begins(body)
    assert pdf.unbake(body).encode() == JSON


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (a_pdf(), problem.Invalid, "not made here"),
        (a_pdf(a_file(zlib.compress(JSON), kind=b"text#2Fplain")), problem.Invalid, "not made here"),
        (a_pdf(a_file(zlib.compress(JSON)), a_file(zlib.compress(b"{}"))), problem.Invalid, "more than one file"),
        (a_pdf(a_file(zlib.compress(JSON)), b"9 0 obj\n<</Type /EmbeddedFile>>"), problem.Invalid, "more than one file"),
        (a_pdf(a_file(zlib.compress(JSON), length=9_999)), problem.Malformed, "cut short"),
        (a_pdf(a_file(zlib.compress(JSON), length=3)), problem.Malformed, "cut short"),
        (a_pdf(a_file(b"\x99nothing that was packed")), problem.Malformed, "cannot be unpacked"),
        (a_pdf(a_file(zlib.compress(JSON)[:-6])), problem.Malformed, "has no end"),
        (a_pdf(a_file(zlib.compress(JSON) + b"more")), problem.Malformed, "has no end"),
        (a_pdf(a_file(b"\xff", packed=False)), problem.Malformed, "not UTF-8"),
        (a_pdf(a_file(b" " * (document.MAX_BYTES + 1), packed=False)), problem.TooLarge, "at most"),
    ],
)
def test_any_other_pdf_is_refused_with_a_word_on_what_to_do(body: bytes, kind: type[problem.Problem], said: str) -> None:
    with pytest.raises(kind, match=said):
        pdf.unbake(body)


def test_what_unfolds_without_end_is_not_unfolded() -> None:
    bomb = zlib.compress(b" " * (64 * 1024 * 1024))
    with pytest.raises(problem.TooLarge):
        pdf.unbake(a_pdf(a_file(bomb)))


def test_nothing_else_begins_as_a_pdf_does() -> None:
    assert not pdf.begins(b"{}")


def test_a_certificate_with_any_byte_changed_is_read_or_refused() -> None:
    body = a_pdf(a_file(zlib.compress(JSON)))
    read = 0
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 0x41]) + body[place + 1 :]
        try:
            read += pdf.unbake(changed).encode() == JSON
        except problem.Problem as refused:
            assert refused.detail  # noqa: PT017 - either will do, as long as it is one of them
    assert read
