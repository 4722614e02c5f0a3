"""Pictures that templates draw: small, legible, the same each time, and harmless by our own rules."""

# ruff: noqa: RUF001 - names in several scripts

from __future__ import annotations

import dataclasses
import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.openbadges import artwork, colour, picture, vetting

FACE = artwork.Face("Welding safety", "North Valley College", "#14578c", "#ffdd00", "EQF 5", language="en")
LONG = artwork.Face("M" * 300, "&<\"'" * 75, level="a level that has a long name")
NAMES = [
    FACE,
    LONG,
    artwork.Face("مقدمة في تحليل البيانات", "جامعة الميناء", "#0b6e4f", "#c9a227"),
    artwork.Face("微证书：数据分析与公共卫生导论", "海港大学", "#b3261e", language="zh-Hans"),
    artwork.Face("", "", "no colour", "#14578c"),
]


@pytest.mark.parametrize("template", artwork.TEMPLATES)
@pytest.mark.parametrize("face", NAMES, ids=["usual", "long", "arabic", "chinese", "empty"])
def test_a_drawing_is_small_square_harmless_and_the_same_each_time(template: str, face: artwork.Face) -> None:
    drawn = artwork.draw(template, face)
    assert len(drawn.encode()) < 6000
    assert artwork.draw(template, face) == drawn
    vetting.check(drawn.encode(), embedded=len)
    root = ET.fromstring(drawn)  # noqa: S314 - ours
    assert root.get("viewBox") == "0 0 512 512"
    assert {one.tag.rpartition("}")[2] for one in root.iter()} <= {"svg", "title", "g", "path", "circle", "rect", "text", "clipPath"}
    assert not re.search("href|style=|url\\((?!#)", drawn)


def test_there_are_several_templates_that_differ() -> None:
    assert len(artwork.TEMPLATES) >= 4
    assert len({artwork.draw(template, FACE) for template in artwork.TEMPLATES}) == len(artwork.TEMPLATES)


def test_name_unit_level_and_initials_are_written_and_told_to_screen_readers() -> None:
    root = ET.fromstring(artwork.draw("roundel", FACE))  # noqa: S314 - ours
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["NVC", "Welding", "safety", "North Valley", "College", "EQF 5"]
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Welding safety, North Valley College"
    assert root.get("role") == "img"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    called = artwork.draw("roundel", dataclasses.replace(FACE, initials="NV", level="", language=""))
    assert ">NV<" in called
    assert "EQF" not in called
    assert "xml:lang" not in called


def test_what_is_written_from_the_right_says_so() -> None:
    assert artwork.draw("tile", NAMES[2]).count('direction="rtl"') == 3
    assert "direction" not in artwork.draw("tile", FACE)


@pytest.mark.parametrize(
    ("name", "short"),
    [("North Valley College", "NVC"), ("University of Applied Sciences of the Coast", "UAS"), ("Te Kura Toi", "TKT"),
     ("harbour college", "H"), ("海港大学", "海"), ("جامعة", "ج"), ("École Saint-Luc", "ÉSL"), ("…", ""), ("", "")],
)  # fmt: skip
def test_initials_are_the_capitals_of_a_name(name: str, short: str) -> None:
    assert artwork.initials(name) == short


COLOURS = ["#" + "".join(parts) for parts in itertools.product(("00", "55", "80", "bb", "ff"), repeat=3)]


def _paints(drawn: str) -> list[tuple[str, str]]:
    return re.findall(r'<g font-size="[0-9]+" fill="(#[0-9a-f]{6})"[^>]*>.*?>([^<]*)<', drawn)


@pytest.mark.parametrize("template", artwork.TEMPLATES)
def test_every_text_can_be_read_on_every_pair_of_colours(template: str) -> None:
    for ground, accent in zip(COLOURS, [*COLOURS[37:], *COLOURS[:37]], strict=True):
        drawn = artwork.draw(template, dataclasses.replace(FACE, colour=ground, accent=accent))
        filled = set(re.findall(r'(?<!"/>)fill="(#[0-9a-f]{6})"', drawn.partition("<g font-family")[0]))
        (initials, _), (name, _), (unit, _) = _paints(drawn)
        assert colour.contrast(name, ground) >= 4.5
        assert max(colour.contrast(unit, one) for one in filled) >= 4.5
        assert max(colour.contrast(initials, one) for one in filled) >= 3.0


def test_a_second_colour_that_is_like_the_first_makes_room_for_a_tone_of_it() -> None:
    assert "#154e80" not in artwork.draw("tile", dataclasses.replace(FACE, accent="#154e80"))
    assert "#ffdd00" in artwork.draw("tile", FACE)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60))
def test_any_names_make_a_drawing_that_may_be_embedded(name: str, unit: str, level: str) -> None:
    for template in artwork.TEMPLATES:
        drawn = artwork.draw(template, artwork.Face(name, unit, level=level))
        vetting.check(drawn.encode(), embedded=len)
        assert len(drawn.encode()) < picture.MAX_BYTES
