"""The door for staff in a real browser, which says of a form where it is from only as a page lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser import steps

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_staff_come_in_by_a_token_and_go(browser_page: Page, page_faults: list[str], served: tuple[str, str]) -> None:
    base, token = served
    browser_page.goto(f"{base}/staff")
    assert browser_page.url == f"{base}/staff/sign-in?next=%2Fstaff"
    browser_page.get_by_label("Token").fill("bi_wrong")
    browser_page.get_by_role("button", name="Sign in").click()
    assert "no token that counts" in browser_page.get_by_role("alert").inner_text()
    assert page_faults.pop().endswith("401 (Unauthorized)")
    browser_page.get_by_label("Token").fill(token)
    browser_page.get_by_role("button", name="Sign in").click()
    assert browser_page.url == f"{base}/staff"
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Overview"
    (cookie,) = browser_page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("staff", True, "Strict")
    browser_page.get_by_text("Account", exact=True).click()
    browser_page.get_by_role("button", name="Sign out Registrar").click()
    assert browser_page.url == f"{base}/staff/sign-in"
    assert browser_page.context.cookies() == []
    browser_page.goto(f"{base}/staff")
    assert "/staff/sign-in" in browser_page.url


def test_a_form_on_another_site_cannot_act_for_who_is_signed_in(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    steps.sign_in(browser_page, token, to=f"{base}/staff")
    browser_page.goto("about:blank")
    browser_page.set_content(f'<form method="post" action="{base}/staff/sign-out"><button>Go</button></form>')
    browser_page.get_by_role("button").click()
    browser_page.wait_for_url(f"{base}/**")
    browser_page.goto(f"{base}/staff")
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Overview", "still signed in"


def test_the_places_to_go_to_fit_one_line_and_open_by_keyboard_one_group_at_a_time(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    steps.sign_in(browser_page, token, to=f"{base}/staff/rosters")
    for width in (1024, steps.WIDE):
        browser_page.set_viewport_size({"width": width, "height": 800})
        tops = browser_page.locator(".brand, .menu > li").evaluate_all("them => them.map((one) => one.getBoundingClientRect().bottom)")
        assert max(tops) - min(tops) < 10, width
    current = browser_page.locator("nav [aria-current]")
    assert current.evaluate_all("them => them.map((one) => one.textContent)") == ["Rosters"]
    browser_page.get_by_text("Issue", exact=True).focus()
    browser_page.keyboard.press("Enter")
    assert current.is_visible()
    for _ in range(4):
        browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Space")
    assert browser_page.locator("nav details[open] > summary").all_inner_texts() == ["Platforms"]
    assert not current.is_visible()
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Enter")
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Events"


@pytest.mark.parametrize("group", ["Issue", "Platforms", "Learners", "Account"])
def test_every_group_opens_within_the_smallest_screen(browser_page: Page, served: tuple[str, str], group: str) -> None:
    base, token = served
    steps.sign_in(browser_page, token, to=f"{base}/staff")
    browser_page.get_by_text(group, exact=True).click()
    steps.shot(browser_page, f"menu-{group.lower()}")
    browser_page.set_viewport_size({"width": steps.NARROW, "height": 800})
    box = browser_page.locator("nav details[open] > ul").bounding_box()
    assert box is not None
    assert (box["x"] >= 0, box["x"] + box["width"] <= steps.NARROW) == (True, True)
