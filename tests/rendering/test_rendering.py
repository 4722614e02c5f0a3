"""Certificates, cards and pictures: legible in many scripts, the same bytes in every process, and read by programs that others wrote."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from fontTools.ttLib import TTFont

from badgeissuer import problem
from badgeissuer.openbadges import artwork, lettering, pdf, picture, png
from badgeissuer.rendering import apart, card, certificate, code, fonts, kept, raster, setting

URL = "https://badges.example.edu/c/3f2b8c1e-7a54-4d0a-9a43-0b6a3c9f1d22"
DOCUMENT = b'{"name": "Gr\xc3\xb6\xc3\x9fe", "fill": "%b"}' % (b"x" * 3000)
NAMES = {
    "Latin": "Zoë Ångström-Nguyễn",
    "Greek": "Υπατία της Αλεξάνδρειας",
    "Cyrillic": "Софья Ковалевская",
    "Arabic": "محمد بن موسى الخوارزمي",
    "Hebrew": "עמי נתר",
    "Devanagari": "श्रीमती क्षत्रिया विश्वनाथन",
    "Bengali": "সত্যেন্দ্রনাথ বসু",
    "Tamil": "சீனிவாச ராமானுஜன்",
    "Telugu": "యల్లాప్రగడ సుబ్బారావు",
    "Thai": "สมชาย ใจดี",
    "Lao": "ສົມຊາຍ ໃຈດີ",
    "Khmer": "សុខ វិបុល",
    "Myanmar": "အောင်ဆန်း",
    "Ethiopic": "አበበ በቂላ",
    "Chinese": "王小明",
    "Japanese": "さくら 田中",
    "Korean": "김철수",
}
PICTURE = raster.drawn(artwork.draw("roundel", artwork.Face("Data Literacy", "Harbour School")))
SHOWN = certificate.Certificate(
    name="Ada King",
    achievement="Data Literacy",
    kind="badge",
    description="Reads, cleans and judges data.",
    unit="Harbour School",
    above=["University of the North Coast"],
    picture=PICTURE,
    logo=PICTURE,
    colour="#7a1f3d",
    language="en",
    facts=[("Awarded", "14 May 2026"), ("Valid until", "No end date")],
    criteria="Pass the examination.",
    outcomes=["Cleans a data set", "Draws a chart that does not mislead"],
    url=URL,
    credential=DOCUMENT,
    at=datetime(2026, 5, 14, 12, tzinfo=UTC),
)
CARD = card.Card(
    eyebrow="Open Badge", achievement="Data Literacy", unit="Harbour School", above="", picture=PICTURE, colour=None, language="en"
)


def is_archival(body: bytes) -> bool:
    """Whether a PDF says that it is PDF/A-3a and PDF/UA-1, which it cannot be with a letter that no font has."""
    said = pypdf.PdfReader(io.BytesIO(body)).xmp_metadata
    return said is not None and (said.pdfaid_part, said.pdfaid_conformance) == ("3", "A") and b"pdfuaid:part" in body


def text_of(body: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(body))


def test_there_is_a_font_for_every_letter_of_names_in_these_scripts() -> None:
    covered: set[int] = set()
    for family in fonts.FAMILIES:
        with TTFont(fonts.path(family), lazy=True) as font:
            covered |= set(font.getBestCmap())
    for script, name in NAMES.items():
        letters = {ord(letter) for letter in fonts.phrase(name).text if letter != " "}
        assert letters <= covered, script


@pytest.mark.parametrize("script", sorted(NAMES))
def test_a_name_in_each_script_stands_on_the_certificate_without_a_box(script: str) -> None:
    body = certificate.draw(replace(SHOWN, name=NAMES[script]))
    assert is_archival(body)
    letters = set(NAMES[script]) - set(" ")
    assert len(letters & set(text_of(body))) >= 0.7 * len(letters), "joined and reordered letters are not all told apart"
    assert len(pypdf.PdfReader(io.BytesIO(body)).pages) == 1


def test_a_letter_that_no_font_has_costs_the_archival_form_and_nothing_else() -> None:
    body = certificate.draw(replace(SHOWN, name="ਪੰਜਾਬੀ"))
    assert not is_archival(body)
    assert pdf.unbake(body).encode() == DOCUMENT


@pytest.mark.parametrize(
    "name",
    [
        "",
        "🎓 \x00\x07\u202eevil\u202c \u200b\ufeff \ud800",
        "#set page(fill: red)\n*bold* $x$ @ref <label> \\ `raw` https://example.org",
        "W" * 300,
        "王小明李" * 75,
        "Maria del Carmen " * 20,
        "محمد" * 75,
        "Z" + "\u0301" * 299,
    ],
)
def test_hostile_and_endless_texts_stay_on_one_page_as_what_they_are(name: str) -> None:
    body = certificate.draw(
        replace(SHOWN, name=name, achievement=name or "x", unit=name or "x", criteria=name, outcomes=[name] * 40, warning="It ended.")
    )
    assert len(pypdf.PdfReader(io.BytesIO(body)).pages) == 1
    assert pdf.unbake(body).encode() == DOCUMENT
    assert png.sides(card.draw(replace(CARD, achievement=name or "x", name=name, unit=name or "x"))) == (1200, 630)


def test_the_certificate_says_what_it_is_of_and_when_it_does_not_count() -> None:
    body = certificate.draw(replace(SHOWN, warning="This badge was revoked."))
    said = text_of(body)
    parts = ["Ada King", "Data Literacy", "Harbour School", "North Coast", "14 May 2026", "Pass the examination", "Cleans a data set"]
    assert [part for part in [*parts, "This badge was revoked."] if part not in said] == []
    found = pypdf.PdfReader(io.BytesIO(body))
    assert found.metadata is not None
    assert (found.metadata.title, found.metadata.author) == ("Data Literacy · Ada King", "Harbour School")
    assert found.metadata.creation_date == SHOWN.at.replace(hour=0)
    root = found.root_object
    assert (str(root["/Lang"]), "/StructTreeRoot" in root) == ("en", True)


def test_without_a_name_the_certificate_is_of_whoever_holds_the_badge() -> None:
    assert "WHOEVER HOLDS THIS BADGE" in text_of(certificate.draw(replace(SHOWN, name="", outcomes=[], criteria="")))


def test_the_file_in_the_certificate_is_found_by_another_reader_to_the_byte() -> None:
    found = pypdf.PdfReader(io.BytesIO(certificate.draw(SHOWN)))
    (attached,) = found.attachment_list
    assert attached.content == DOCUMENT
    assert attached.subtype == "/application/vc+ld+json"
    assert attached.associated_file_relationship == "/Source"


def test_the_code_on_the_certificate_is_read_by_another_program() -> None:
    page = pypdfium2.PdfDocument(certificate.draw(SHOWN))[0].render(scale=2, grayscale=True)
    pixels = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    assert [found.text for found in zxingcpp.read_barcodes(pixels)] == [URL]


MAKE = """
import hashlib, sys
sys.path[:0] = [{folder!r}]
import test_rendering as these
print(*(hashlib.sha256(body).hexdigest() for body in these.all_of_it()))
"""


def all_of_it() -> list[bytes]:
    arabic, chinese = NAMES["Arabic"], NAMES["Chinese"]
    return [certificate.draw(replace(SHOWN, name=arabic)), card.draw(replace(CARD, achievement=chinese)), PICTURE]


def test_another_process_in_another_folder_makes_the_same_bytes(tmp_path: Path) -> None:
    script = MAKE.format(folder=str(Path(__file__).parent))
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert told.stdout.split() == [hashlib.sha256(body).hexdigest() for body in all_of_it()]


@pytest.mark.parametrize("script", ["Arabic", "Devanagari", "Tamil", "Thai", "Chinese", "Japanese", "Korean"])
def test_a_drawing_shows_its_letters_in_each_script(script: str) -> None:
    def drawn(name: str) -> bytes:
        return raster.drawn(artwork.draw("tile", artwork.Face(name, "Harbour")))

    boxes = "\U000102a0" * len(NAMES[script])  # letters of a script that no font of ours has
    assert drawn(NAMES[script]) not in {drawn(""), drawn(boxes)}


def test_a_drawing_is_made_as_large_as_fits_whatever_its_shape() -> None:
    slim = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 100000"><path d="M0 0H9V9"/></svg>'
    assert png.sides(raster.drawn(slim)) == (1, raster.SIDE)
    with pytest.raises(problem.Invalid):
        raster.drawn("<svg")


def test_a_drawing_that_takes_too_long_is_given_up_and_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 1)
    blurred = '<rect width="9" height="9" filter="url(#f)"/>' * 40
    blur = '<filter id="f" x="-1" y="-1" width="3" height="3">' + '<feGaussianBlur stdDeviation="30"/>' * 8 + "</filter>"
    endless = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{blur}{blurred}</svg>'
    picture.check("data:image/svg+xml;base64," + base64.b64encode(endless.encode()).decode())
    for longest in (20, 0.1):
        begun = time.monotonic()
        with pytest.raises(problem.Invalid):
            raster.drawn_apart(endless)
        assert time.monotonic() - begun < longest


def test_a_drawing_is_the_same_wherever_it_is_drawn() -> None:
    svg = artwork.draw("tile", artwork.Face(NAMES["Devanagari"], NAMES["Chinese"]))
    assert raster.drawn_apart(svg) == raster.drawn(svg)


def test_a_png_is_made_anew_only_where_it_can_be_read() -> None:
    assert png.sides(raster.readable(PICTURE, side=100)) == (100, 100)
    broken = PICTURE.replace(b"IDAT", b"IDAX", 1)
    with pytest.raises(problem.Problem):
        raster.readable(broken)
    empty = png.SIGNATURE + b"".join(_chunk(kind, data) for kind, data in ((b"IHDR", PICTURE[16:29]), (b"IDAT", b"none"), (b"IEND", b"")))
    with pytest.raises(problem.Invalid, match="cannot be drawn"):
        raster.readable(empty)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def test_a_code_is_a_drawing_of_the_address() -> None:
    drawn = raster.drawn(code.draw(URL).replace("<path", '<path transform="translate(4 4)"').replace('viewBox="0 0 ', 'viewBox="0 0 8'))
    assert drawn.startswith(png.SIGNATURE)


def test_ideographs_are_written_as_the_readers_of_the_language_write_them() -> None:
    told = {("骨", "zh"): "SC", ("骨", "zh-Hant"): "TC", ("骨", "zh-TW"): "TC", ("骨", "ja"): "JP", ("骨", "ko"): "KR", ("骨", ""): "SC"}
    assert {asked: fonts.ideographs(*asked)[-2:] for asked in told} == told
    assert fonts.ideographs("さくら骨") == "Noto Sans JP"


def test_a_phrase_is_cut_where_it_is_too_long_and_says_so() -> None:
    assert fonts.phrase("word " * 100).text.endswith(lettering.ELLIPSIS)
    assert fonts.phrase("abcdef", most=3).text == "abc…"
    assert "\u200b" in fonts.phrase("x" * 40).text
    assert fonts.phrase("שלום").dir == "rtl"


def test_what_was_made_is_kept_for_the_same_and_not_for_another() -> None:
    made: list[str] = []

    def make(one: str, two: int) -> bytes:
        made.append(one)
        return f"{one}{two}".encode()

    assert [kept.kept(make, "a", 11), kept.kept(make, "a", 11), kept.kept(make, "a1", 1)] == [b"a11", b"a11", b"a11"]
    assert made == ["a", "a1"]
    assert len(kept.kept(lambda: bytes(kept.MAX_BYTES + 1))) > kept.MAX_BYTES


def test_a_picture_that_cannot_be_read_is_told_of() -> None:
    with pytest.raises(setting.Unset):
        card.draw(replace(CARD, picture=b"none"))
