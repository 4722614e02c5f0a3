"""Units on their pages in a real browser: what a unit is given, those below it have too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from tests.browser import steps

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LINES = (
    "them => them.map((one) => { const all = document.createRange(); all.selectNodeContents(one); return all.getClientRects().length; })"
)
"""On how many lines each text stands."""
PAINT = "them => them.map((one) => getComputedStyle(one).fill)"


def prepare(base: str, token: str) -> None:
    """Make an institution, a faculty of it, and a unit of that, with words that have no place to break."""
    college = {"slug": "college", "name": "Harbour College", "colour": "#14578c", "country": "NZ", "names": {"mi": "Te Kura"}}
    steps.make(base, token, "issuers", college | {"description": "W" * 300, "url": f"https://{'w' * 60}.example/{'w' * 200}"})
    steps.make(base, token, "issuers", {"slug": "arts", "name": f"Faculty of {'Arts' * 40}", "parent": "college"})
    steps.make(base, token, "issuers", {"slug": "fine", "name": "Fine Arts", "parent": "arts"})


def test_what_a_unit_is_given_those_below_it_have_too(browser_page: Page, page_faults: list[str], served: tuple[str, str]) -> None:
    base, token = served
    prepare(base, token)
    steps.sign_in(browser_page, token, to=f"{base}/staff/units")
    steps.shot(browser_page, "units")
    browser_page.get_by_role("link", name="Harbour College").click()
    browser_page.get_by_label("Second colour").fill("yellow")
    browser_page.get_by_label("Region").fill("Otago")
    steps.shot(browser_page, "unit")
    for width in (steps.NARROW, 768, steps.WIDE):
        browser_page.set_viewport_size({"width": width, "height": 800})
        assert set(browser_page.locator(".pictures img + span").evaluate_all(LINES)) == {1}, f"names of pictures break at {width}"
    browser_page.get_by_role("button", name="Save").click()
    browser_page.get_by_role("alert").wait_for()
    steps.shot(browser_page, "unit-faults")
    assert page_faults.pop().endswith("422 (Unprocessable Entity)")
    browser_page.get_by_role("alert").get_by_role("link").click()
    field = browser_page.locator("#accent:focus")
    assert (field.get_attribute("aria-invalid"), field.input_value()) == ("true", "yellow")
    assert browser_page.get_by_label("Region").input_value() == "Otago", "what was typed is kept"
    field.fill("#FFDD00")
    field.press("Enter")
    assert browser_page.get_by_role("status").inner_text() == "Saved."
    browser_page.get_by_role("link", name="Units").last.click()
    browser_page.get_by_role("link", name="Fine Arts").click()
    assert browser_page.locator(".swatch rect").evaluate_all(PAINT) == ["rgb(20, 87, 140)", "rgb(255, 221, 0)"]
    said = browser_page.locator("dl.pairs").first.inner_text()
    assert "#ffdd00" in said
    assert said.count("from Harbour College") == 4
    assert "Do not write white on it: the contrast is 1.3 : 1" in said
    steps.shot(browser_page, "unit-inherits")


def test_an_administrator_makes_a_unit_and_sees_it_get_its_key(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    prepare(base, token)
    steps.sign_in(browser_page, token, to=f"{base}/staff/units/arts")
    browser_page.get_by_role("link", name="Make a unit that belongs to it").click()
    browser_page.get_by_label("Name", exact=True).fill("Boats")
    browser_page.get_by_label("Short name").fill("boats")
    assert browser_page.get_by_label("Belongs to").input_value() == "arts"
    steps.shot(browser_page, "unit-new")
    browser_page.get_by_role("button", name="Make it").click()
    for _ in range(40):
        if not browser_page.get_by_role("link", name="Look again").count():
            break
        browser_page.get_by_role("link", name="Look again").click()
    assert "Signs" in browser_page.get_by_role("main").inner_text()
    assert "#14578c" in browser_page.get_by_role("main").inner_text()
    steps.shot(browser_page, "unit-made")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_about_units_can_be_told_from_its_ground(
    browser_page: Page, served: tuple[str, str], scheme: Literal["light", "dark"]
) -> None:
    base, token = served
    prepare(base, token)
    browser_page.emulate_media(color_scheme=scheme)
    steps.sign_in(browser_page, token, to=f"{base}/staff/units")
    for path in ("units", "units/college", "units/fine"):
        browser_page.goto(f"{base}/staff/{path}")
        browser_page.set_viewport_size({"width": steps.WIDE, "height": 800})
        contrasts = browser_page.evaluate(steps.CONTRASTS)
        assert len(contrasts) > 20
        assert [(words, round(ratio, 2)) for words, ratio in contrasts if ratio < 4.5] == [], path
        browser_page.set_viewport_size({"width": steps.NARROW, "height": 800})
        assert browser_page.evaluate(steps.TOO_WIDE) == [], path
