"""Signing in as a person in a real browser, at an OpenID provider that others wrote and by a link in a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser.steps import enter

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.web.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.interop]


def test_staff_sign_in_at_a_provider_that_others_wrote(browser_page: Page, page_faults: list[str], provided: Running) -> None:
    provided.make("accounts", {"email": "ada@example.org", "name": "Ada Lovelace", "role": "issuer"})
    enter(browser_page, provided.base, "ada")
    browser_page.wait_for_url(f"{provided.base}/staff/units")
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Units"
    cookies = {one["name"]: one for one in browser_page.context.cookies(provided.base)}
    assert (cookies["staff"]["sameSite"], cookies["sign-in"]["sameSite"]) == ("Strict", "Lax")
    browser_page.get_by_text("Account", exact=True).click()
    browser_page.get_by_role("button", name="Sign out Ada Lovelace").click()
    assert browser_page.url == f"{provided.base}/staff/sign-in"

    assert not [fault for fault in page_faults if fault.startswith(provided.base)], page_faults
    page_faults.clear()  # the provider's own pages may say what they like
    enter(browser_page, provided.base, "grace")
    browser_page.wait_for_url(f"{provided.base}/staff/sign-in/oidc/back?**")
    assert "Nobody here has an account" in browser_page.get_by_role("alert").inner_text()
    assert page_faults.pop().endswith("403 (Forbidden)")

    enter(browser_page, provided.base, "ada+new")
    browser_page.wait_for_url(f"{provided.base}/staff/sign-in/oidc/back?**")
    assert "belongs to another identity" in browser_page.get_by_role("alert").inner_text()
    page_faults.clear()
