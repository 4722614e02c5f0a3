"""What tests in a browser do on the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from playwright.sync_api import Page

WELDING = {
    "name": "Welding Safety",
    "description": "Prepares, welds and inspects a joint.",
    "achievementType": "Certificate",
    "criteria": {"narrative": "Weld three joints that pass inspection."},
    "resultDescription": [
        {"id": "#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"},
        {
            "id": "#joint",
            "name": "Quality of the joint",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [{"id": "#fair", "name": "Fair"}, {"id": "#good", "name": "Good"}],
        },
    ],
}
NARROW, WIDE = 320, 1280
"""The widths of the smallest screen and of one on a desk."""


def make(base: str, token: str, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
    """Post to the API and return what it answers."""
    answer = httpx.post(f"{base}/api/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
    assert answer.is_success, answer.text
    return answer.json()


def publish(base: str, token: str) -> None:
    """Make a unit, `workshop`, with a published achievement, `welding`."""
    make(base, token, "issuers", {"slug": "workshop", "name": "Workshop"})
    make(base, token, "achievements", {"issuer": "workshop", "slug": "welding", **WELDING})
    make(base, token, "achievements/welding/publish", {})


def sign_in(page: Page, token: str, *, to: str) -> None:
    """Ask for a page for staff and come to it through the door."""
    page.goto(to)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def shot(page: Page, name: str) -> None:
    """Look at a page as it is on a desk and on the smallest telephone, where nothing may stick out; keep pictures where they are wanted."""
    folder = os.environ.get("SCREENSHOTS")
    for width, suffix in ((NARROW, "-narrow"), (WIDE, "")):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder:
            page.screenshot(path=f"{folder}/{name}{suffix}.png", full_page=True)


def count(page: Page, label: str) -> int:
    """Return one of the numbers that a page shows."""
    return int(page.locator("dl.counts div", has_text=label).locator("dd").inner_text())
