from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.openbadges import colour

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize("text", [None, "", "red", "#fff", "#14578", "#14578cc", "#14578g", "14578c", "#14578c;", "#14578c\n", "#١٢٣٤٥٦"])
def test_what_is_no_colour_is_none(text: str | None) -> None:
    assert colour.read(text) is None


def test_a_colour_is_read_in_small_letters() -> None:
    assert colour.read("#14578C") == colour.read(colour.DEFAULT) == "#14578c"


def test_contrasts_are_those_of_the_standard() -> None:
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert colour.contrast("#123456", "#123456") == 1


@given(colours)
def test_text_can_be_read_on_every_colour(background: str) -> None:
    assert colour.contrast(colour.on(background), background) > 4.5


def test_text_that_can_hardly_be_read_on_a_colour_is_named_with_its_contrast() -> None:
    assert {name: round(ratio, 1) for name, ratio in colour.faint("#14578c").items()} == {"black": 2.8}
    assert {name: round(ratio, 1) for name, ratio in colour.faint("#ffdd00").items()} == {"white": 1.3}
    assert colour.faint("#757575") == {}, "both can be read on it"


def test_text_is_light_on_dark_and_dark_on_light() -> None:
    assert colour.on("#000080") == "#ffffff"
    assert colour.on("#ffff66") == "#000000"


def test_a_mix_lies_between_two_colours() -> None:
    assert colour.mix("#000000", "#ffffff", 0.5) == "#808080"
    assert colour.mix("#14578c", "#ffffff", 0) == "#14578c"
    assert colour.mix("#14578c", "#ffdd00", 1) == "#ffdd00"
