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
