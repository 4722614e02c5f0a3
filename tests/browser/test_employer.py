"""What an employer does who was shown a badge: by its link, by its file, with a revoked one and with a forged one. No scripts needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.browser import steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def shown(served: tuple[str, str]) -> list[str]:
    """The addresses of two badges, the second of which was revoked."""
    base, token = served
    steps.publish(base, token)
    learners = [{"email": f"{name}@example.org"} for name in ("grace", "ada")]
    awards = [steps.make(base, token, "awards", {"achievement": "welding", "learner": learner}) for learner in learners]
    good, bad = (str(award["credential"]["id"]) for award in awards)
    steps.make(base, token, f"credentials/{bad.rpartition('/')[2]}/revoke", {"reason": "Awarded by mistake."})
    return [good, bad]


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=request.param, locale="en-GB")
    yield context.new_page()
    context.close()


def verdict(page: Page) -> tuple[str, str]:
    """Return the outcome that stands first on the page, and what it is called."""
    found = page.get_by_role("region", name="Verdict")
    return found.get_attribute("data-outcome") or "", found.locator(".headline").inner_text()


def test_a_link_is_pasted_on_the_front_page(page: Page, shown: list[str]) -> None:
    page.goto(shown[0].partition("/c/")[0])
    page.get_by_label("paste its link").fill(shown[0])
    page.get_by_role("button", name="Check it").click()
    assert verdict(page) == ("VALID", "Genuine and in force")
    steps.shot(page, "employer-valid")
    assert "Weld three joints that pass inspection." in page.locator("main").inner_text()
    page.get_by_label("Link to the badge").fill(shown[1])
    page.get_by_role("button", name="Verify").first.click()
    assert verdict(page) == ("INVALID", "This badge has been revoked")
    steps.shot(page, "employer-revoked")


def test_a_revoked_badge_says_so_kindly_on_its_own_page(page: Page, shown: list[str]) -> None:
    page.goto(shown[1])
    assert verdict(page) == ("INVALID", "This badge has been revoked")
    said = page.locator("main").inner_text()
    assert "please ask the issuer" in said
    assert "Awarded by mistake" not in said
    assert page.get_by_role("link", name="Add to LinkedIn").count() == 0


def test_a_file_is_handed_in_and_a_forged_one_shows_nothing_of_what_it_claims(page: Page, shown: list[str], tmp_path: Path) -> None:
    genuine: dict[str, Any] = httpx.get(f"{shown[0]}.json", trust_env=False).json()
    genuine["credentialSubject"]["achievement"]["name"] = "Doctor of Welding"
    files = {"genuine.json": httpx.get(f"{shown[0]}.json", trust_env=False).content, "forged.json": json.dumps(genuine).encode()}
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    for name, expected in (("genuine.json", "VALID"), ("forged.json", "INVALID")):
        page.goto(f"{shown[0].partition('/c/')[0]}/verify")
        page.locator("input[type=file]").first.set_input_files(tmp_path / name)
        page.get_by_role("button", name="Verify").first.click()
        page.get_by_role("region", name="Verdict").wait_for()
        assert verdict(page)[0] == expected
    assert "Doctor of Welding" not in page.locator("body").inner_text()
    assert "Nothing of what the file says is shown" in page.locator("main").inner_text()
    steps.shot(page, "employer-forged")
