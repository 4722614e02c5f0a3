"""The page of an achievement in a browser: the gaps of a draft, publishing, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from tests.microcredentials import CHARTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_draft_is_completed_published_and_retired(served: tuple[str, str], browser_page: Page, page_faults: list[str]) -> None:
    base, token = served
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as api:
        api.post("/api/issuers", json={"slug": "college", "name": "Harbour College", "country": "NZ", "gate": "european-approach"})
        lacking = {name: value for name, value in CHARTS.items() if name != "participationType"}
        assert api.post("/api/achievements", json={"issuer": "college", "slug": "charts", **lacking}).status_code == 201
        page = browser_page
        page.goto(f"{base}/staff/achievements")
        page.get_by_label("token").fill(token)
        page.locator("main button").click()
        page.get_by_role("link", name=CHARTS["name"]).click()
        framework = page.locator("details", has_text="European Approach")
        assert framework.get_by_role("progressbar").get_attribute("value") == "93"
        assert "Form of participation is missing." in framework.inner_text()
        page.get_by_role("button", name="Publish the draft as version 1").click()
        assert "Form of participation is missing." in page.get_by_role("alert").inner_text()
        assert page_faults.pop().endswith("409 (Conflict)")
        assert api.put("/api/achievements/charts", json=CHARTS).status_code == 200
    page.goto(f"{base}/staff/achievements/charts")
    page.get_by_role("button", name="Publish the draft as version 1").click()
    page.get_by_role("link", name="Version 1").wait_for()
    page.get_by_label("Why it is awarded no more").fill("A newer course takes its place.")
    page.get_by_role("button", name="Retire it").click()
    assert "A newer course takes its place." in page.locator(".warning").inner_text()
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Award it again").click()
    assert page.locator(".warning").count() == 0
