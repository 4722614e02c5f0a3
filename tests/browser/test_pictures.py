"""Pictures of achievements in a real browser: chosen by how they look, drawn, and shown to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser import steps

from badgeissuer.openbadges import artwork

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
DRAWN = """them => Promise.all(them.filter((one) => one.src.endsWith('.svg')).map((one) => one.decode()))
    .then(() => them.filter((one) => one.naturalWidth > 0).length)"""
"""How many pictures the browser has drawn, and not only asked for."""


def test_a_template_is_chosen_by_how_it_looks_and_what_is_published_has_its_picture(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    steps.make(base, token, "issuers", {"slug": "college", "name": "Harbour College", "colour": "#14578c", "accent": "#ffdd00"})
    members = {"slug": "welding", "issuer": "college", "level": {"framework": "EQF", "code": "4"}}
    steps.make(base, token, "achievements", steps.WELDING | members)
    steps.sign_in(browser_page, token, to=f"{base}/staff/units/college")
    assert browser_page.locator(".pictures img").evaluate_all(DRAWN) == len(artwork.TEMPLATES)
    browser_page.get_by_role("radio", name="None").press("ArrowDown")
    assert browser_page.get_by_role("radio", name="Roundel").is_checked(), "the keyboard chooses as well"
    browser_page.get_by_role("radio", name="Hexagon").check()
    steps.shot(browser_page, "unit-pictures")
    browser_page.get_by_role("button", name="Save").click()
    assert "Hexagon" in browser_page.locator("dl.pairs").first.inner_text()
    browser_page.goto(f"{base}/staff/write/welding/preview")
    assert browser_page.locator("img.picture").evaluate("one => one.complete && one.naturalWidth > 0")
    browser_page.goto(f"{base}/staff/achievements/welding")
    browser_page.get_by_role("button", name="Publish the draft as version 1").click()
    browser_page.get_by_role("link", name="Version 1").wait_for()
    for path in ("/a/welding/1", "/catalogue"):
        browser_page.goto(base + path)
        assert browser_page.locator("main img").evaluate_all(DRAWN) == 1
        steps.shot(browser_page, f"picture{path.replace('/', '-')}")
        browser_page.set_viewport_size({"width": steps.NARROW, "height": 700})
        assert browser_page.evaluate(steps.TOO_WIDE) == []
        browser_page.set_viewport_size({"width": steps.WIDE, "height": 900})
    browser_page.goto(f"{base}/a/welding/1/image.svg")
    assert browser_page.locator("title").first.text_content() == "Welding Safety, Harbour College"
    assert browser_page.get_by_text("EQF 4").is_visible()
