"""Reconciling in a real browser: a Moodle that delivers at most once, its list, and the badge that got lost."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest
from tests import serving
from tests.browser.test_rosters import achievement, count, shot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LIST = b"""id;Email address;Full name;Completed on
5;asha@example.org;Asha Rao;20.05.2026
6;bo@example.org;Bo Chen;21.05.2026
7;;Cy Diaz;21.05.2026
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A service in an empty folder, and a token for it."""
    with serving.served(tmp_path) as (base, environment):
        create = [*serving.COMMAND, "token", "create", "--name", "Registrar", "--role", "admin"]
        made = subprocess.run(create, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        yield base, made.stdout.strip()


def test_a_badge_that_got_lost_is_found_and_issued(browser_page: Page, served: tuple[str, str]) -> None:
    page, (base, token) = browser_page, served
    achievement(base, token)
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as api:
        signature = {"scheme": "body_token", "secrets": ["s" * 32]}
        source = {"slug": "moodle", "name": "Moodle", "adapter": "moodle", "issuer": "workshop", "signature": signature}
        assert api.post("/api/sources", json=source).is_success
        when = {
            "all": [
                {"field": "type", "op": "eq", "value": "\\core\\event\\course_completed"},
                {"field": "course", "op": "eq", "value": "77"},
            ]
        }
        assert api.post("/api/rules", json={"source": "moodle", "achievement": "welding", "when": when}).is_success
    page.goto(f"{base}/staff/reconciling")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Course", exact=True).fill("77")
    page.get_by_label("File").set_input_files({"name": "completions.csv", "mimeType": "text/csv", "buffer": LIST})
    shot(page, "reconciling-1-ask")
    page.get_by_role("button", name="Compare").click()
    assert page.get_by_role("heading", level=1).inner_text() == "3 learners are missing"
    shot(page, "reconciling-2-missing")
    page.get_by_role("button", name="Put them before the rules").click()
    for _ in range(50):
        if count(page, "Have the badge") == 2:
            break
        page.wait_for_timeout(200)
        page.reload()
    assert page.get_by_role("heading", level=1).inner_text() == "Nobody is missing"
    assert (count(page, "Have the badge"), count(page, "Missing"), count(page, "Award unfinished")) == (2, 0, 1)
    shot(page, "reconciling-3-done")
