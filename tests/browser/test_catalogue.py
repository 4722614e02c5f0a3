"""The public catalogue and the page of an achievement, as strangers use them: with the keyboard, without scripts, on a small screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser import steps
from tests.microcredentials import CHARTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def offered(served: tuple[str, str]) -> str:
    """The address of a service with a catalogue of two pages and more."""
    base, token = served
    steps.make(base, token, "issuers", {"slug": "college", "name": "Harbour College", "country": "NZ"})
    names = {"knots": "Knots", "skipper": "Coastal Skipper", "endless": "W" * 200}
    for slug, name in names.items():
        draft = {"name": name, "description": "Ties. " * 50, "criteria": {"narrative": "Tie ten."}}
        steps.make(base, token, "achievements", {"issuer": "college", "slug": slug, **draft})
        steps.make(base, token, f"achievements/{slug}/publish", {})
    charts = {"issuer": "college", "slug": "charts", **CHARTS, "prerequisites": ["knots"], "stacksInto": ["skipper", "endless"]}
    steps.make(base, token, "achievements", charts)
    steps.make(base, token, "achievements/charts/publish", {})
    return base


def results(page: Page) -> list[str]:
    return page.locator("section ul.rows strong").all_inner_texts()


def test_the_catalogue_is_searched_with_the_keyboard_alone(browser_page: Page, offered: str) -> None:
    browser_page.goto(f"{offered}/catalogue?limit=2")
    assert results(browser_page) == ["Coastal Skipper", "Knots"]
    browser_page.get_by_role("link", name="Next page").focus()
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**cursor=**")
    assert results(browser_page)[0] == "Reading Coastal Charts"
    browser_page.get_by_label("Words").focus()
    browser_page.keyboard.type("tidal set")
    for name in ("Level", "Language", "Unit", "Framework", "Skill"):
        browser_page.keyboard.press("Tab")
        assert browser_page.get_by_label(name, exact=True).evaluate("one => one === document.activeElement"), name
        if name == "Framework":
            browser_page.keyboard.type("European")
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Space")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**retired=true**")
    assert results(browser_page) == ["Reading Coastal Charts"]
    assert "English · Māori" in browser_page.locator("section ul.rows").inner_text()
    assert browser_page.get_by_label("Framework").input_value() == "european-approach"
    browser_page.get_by_role("link", name="Reading Coastal Charts").focus()
    browser_page.keyboard.press("Enter")
    browser_page.get_by_role("heading", name="What next").wait_for()
    assert "This counts towards it" in browser_page.locator("section[aria-labelledby=next]").inner_text()


def test_it_works_without_scripts(chromium: Browser, offered: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{offered}/catalogue")
    page.get_by_label("Words").fill("charts")
    page.get_by_role("button", name="Search").click()
    assert results(page) == ["Reading Coastal Charts"]
    page.get_by_role("link", name="Reading Coastal Charts").click()
    assert page.get_by_role("img", name="Before it: Knots.").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_a_small_screen_and_all_is_readable(browser_page: Page, offered: str, scheme: str) -> None:
    browser_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path, name in (("/catalogue", "catalogue"), ("/a/charts/1", "achievement"), ("/a/knots/1", "achievement-first")):
        browser_page.goto(f"{offered}{path}")
        steps.shot(browser_page, f"{name}-{scheme}")
        assert not [text for text, contrast in browser_page.evaluate(steps.CONTRASTS) if contrast < 4.5], name
