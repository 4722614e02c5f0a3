"""Text on a drawing: broken between words where it can be, made smaller, and at last cut."""

# ruff: noqa: RUF001 - names in several scripts

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.openbadges import lettering

BOX = lettering.Box(100, 120, lambda _y: 300, (40, 30, 20), 3)


def lines(text: str, box: lettering.Box = BOX) -> list[str]:
    return [line for line, _ in lettering.fit(text, box).lines]


@given(st.text(max_size=400))
def test_whatever_is_written_fits_its_box(text: str) -> None:
    found = lettering.fit(text, BOX)
    assert len(found.lines) <= BOX.most
    assert bool(found.lines) is bool(lettering.clean(text))
    for line, y in found.lines:
        assert line.strip()
        assert lettering.width(line) * found.size <= 300.01
        assert 40 <= y <= 160


def test_a_short_name_is_large_and_a_long_one_smaller_on_lines_that_are_alike() -> None:
    assert lettering.fit("Welding", BOX) == lettering.Lettering(40, (("Welding", 100.0),))
    assert lettering.fit("Welding safety in small workshops", BOX).size < 40
    assert lines("Welding safety in small workshops") == ["Welding safety in", "small workshops"]


def test_what_does_not_fit_is_cut_between_words_and_says_so() -> None:
    found = lines("word " * 60)
    assert found[-1].endswith("word…")
    assert found[:-1] == [" ".join(["word"] * 4)] * 2


def test_a_word_that_is_longer_than_a_line_is_broken() -> None:
    found = lines("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk")
    assert len(found) == 3
    assert "".join(found) == "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"


def test_ideographs_are_broken_anywhere_but_before_what_closes_and_after_what_opens() -> None:
    found = lines("微证书：数据分析与公共卫生导论（第一部分）、第二版")
    assert len(found) > 1
    assert not any(line[0] in "：）、" or line[-1] == "（" for line in found)
    assert lines("カード「ー」データ分析入門コース・データベース")[0][-1] != "「"


def test_a_line_does_not_begin_with_a_dash_and_may_end_with_a_hyphen() -> None:
    assert not any(line.startswith("–") for line in lines("Te Reo Māori – Kaupae Tuatahi o te kura"))
    assert lines("Feuerwehr-Grundausbildungslehrgang")[0] == "Feuerwehr-"


def test_what_belongs_together_is_not_broken() -> None:
    family = "👩🏽\u200d🔬"
    assert all(line.count("👩") == line.count("🔬") for line in lines(family * 30))
    assert lines("é" * 3) == ["é" * 3]


def test_what_no_drawing_can_hold_or_would_turn_it_around_is_left_out() -> None:
    assert lettering.clean("a\u202eb\0c\ud800d\ue000e\u2066 \n\tf") == "ab cde f"
    assert lettering.clean("Z" + "\u0301" * 20) == "Z" + "\u0301" * 3
    assert lettering.clean("می\u200cخواهم") == "می\u200cخواهم"
    assert len(lettering.clean("x" * 5000)) == lettering.LONGEST


@pytest.mark.parametrize(("text", "is_so"), [("العربية A", True), ("12 עברית", True), ("A العربية", False), ("123", False), ("", False)])
def test_the_first_letter_with_a_direction_gives_it(text: str, is_so: bool) -> None:  # noqa: FBT001
    assert lettering.is_from_right(text) is is_so
