"""The door for staff in a real browser, which says of a form where it is from only as a page lets it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A service in an empty folder, and a token for it."""
    with serving.served(tmp_path) as (base, environment):
        create = [*serving.COMMAND, "token", "create", "--name", "Registrar", "--role", "admin"]
        made = subprocess.run(create, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        yield base, made.stdout.strip()


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
    browser_page.goto(f"{base}/staff")
    browser_page.get_by_label("Token").fill(token)
    browser_page.get_by_role("button", name="Sign in").click()
    browser_page.goto("about:blank")
    browser_page.set_content(f'<form method="post" action="{base}/staff/sign-out"><button>Go</button></form>')
    browser_page.get_by_role("button").click()
    browser_page.wait_for_url(f"{base}/**")
    browser_page.goto(f"{base}/staff")
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Overview", "still signed in"
