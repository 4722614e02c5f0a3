"""Markdown of strangers is shown as text, lists, code and links to the web; whatever else it asks for is not there any more."""

from __future__ import annotations

import re

import nh3
import pytest
from tests.web.payloads import ELEMENTS, PAYLOADS
from tests.web.test_pages import Reader

from badgeissuer.web import words


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_only_what_is_allowed_is_left_of_what_attacks_and_it_is_read_again_as_the_same(payload: str) -> None:
    for text in (payload, f"before {payload} after", f"- {payload}\n\n> {payload}"):
        found = str(words.markdown(text))
        assert nh3.clean(found, tags=ELEMENTS, attributes={"a": {"href"}}, link_rel="nofollow noopener noreferrer") == found
        read = Reader(found)
        assert {tag for tag, _ in read.elements} <= ELEMENTS
        for tag, attributes in read.elements:
            assert set(attributes) <= ({"href", "rel"} if tag == "a" else set())
            if "href" in attributes:
                assert re.fullmatch(r"https?://[a-z0-9.]+[/a-zA-Z0-9!$%&'()*+,.:;=?@~_-]*", attributes["href"] or ""), found
                assert "@" not in (attributes["href"] or "").split("/")[2]
                assert attributes["rel"] == "nofollow noopener noreferrer"


def test_the_payloads_are_many_and_the_allowed_is_kept() -> None:
    assert len(PAYLOADS) > 250
    text = "*a* **b** `c`\n\n- [d](https://d.example/e?f=1)\n\n> g\n\n    h\n\n---\n1. i"
    assert {tag for tag, _ in Reader(str(words.markdown(text))).elements} == ELEMENTS - {"br"}
