"""Where staff can go, and what says where they are."""

from __future__ import annotations

import re
from importlib import resources
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from badgeissuer.web import menu

if TYPE_CHECKING:
    from tests.web.conftest import SignIn

PLACES = [menu.OVERVIEW, *chain.from_iterable(menu.GROUPS.values())]


def test_every_page_for_staff_is_a_place_or_reached_from_one() -> None:
    folder = resources.files("badgeissuer.web") / "templates" / "staff"
    pages = {item.name.removesuffix(".html") for item in folder.iterdir() if item.read_text("utf-8").startswith('{% extends "staff/page')}
    named = [template for place in PLACES for template in place.templates]
    assert sorted(named) == sorted(pages - {"sign_in", "entered", "mailed", "confirm", "again"})


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.label)
def test_each_place_says_that_one_is_there(sign_in: SignIn, place: menu.Place) -> None:
    page = sign_in("admin").get(place.href).text
    here = re.findall(r'<a href="([^"]+)" aria-current="page">', page)
    assert here[:1] == [place.href]
    headings = re.findall(r'<summary class="here">([^<]+)</summary>', page)
    assert headings == [heading for heading, places in menu.GROUPS.items() if place in places]


def test_what_is_reached_from_a_place_says_so(sign_in: SignIn) -> None:
    assert '<a href="/staff/connect" aria-current="true">' in sign_in("admin").get("/staff/connect/native").text


def test_nobody_is_led_to_what_they_may_not_do(sign_in: SignIn) -> None:
    page = sign_in("auditor").get("/staff").text
    assert 'href="/staff/events"' in page
    assert 'href="/staff/connect"' not in page.partition("<main")[0]


def test_who_is_not_signed_in_is_led_nowhere(sign_in: SignIn) -> None:
    client = sign_in("admin")
    client.cookies.clear()
    page = client.get("/staff/sign-in").text
    assert "<details" not in page
    assert '<a href="/verify">Verify a badge</a>' in page
