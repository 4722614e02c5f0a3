"""Reconciling in a real browser: a Moodle that delivers at most once, its list, and the badge that got lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser import steps

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LIST = b"""id;Email address;Full name;Completed on
5;asha@example.org;Asha Rao;20.05.2026
6;bo@example.org;Bo Chen;21.05.2026
7;;Cy Diaz;21.05.2026
"""


def test_a_badge_that_got_lost_is_found_and_issued(browser_page: Page, served: tuple[str, str]) -> None:
    page, (base, token) = browser_page, served
    steps.publish(base, token)
    signature = {"scheme": "body_token", "secrets": ["s" * 32]}
    source = {"slug": "moodle", "name": "Moodle", "adapter": "moodle", "issuer": "workshop", "signature": signature}
    steps.make(base, token, "sources", source)
    kind = {"field": "type", "op": "eq", "value": "\\core\\event\\course_completed"}
    when = {"all": [kind, {"field": "course", "op": "eq", "value": "77"}]}
    steps.make(base, token, "rules", {"source": "moodle", "achievement": "welding", "when": when})
    steps.sign_in(page, token, to=f"{base}/staff/reconciling")
    page.get_by_label("Course", exact=True).fill("77")
    page.get_by_label("File").set_input_files({"name": "completions.csv", "mimeType": "text/csv", "buffer": LIST})
    steps.shot(page, "reconciling-1-ask")
    page.get_by_role("button", name="Compare").click()
    assert page.get_by_role("heading", level=1).inner_text() == "3 learners are missing"
    steps.shot(page, "reconciling-2-missing")
    page.get_by_role("button", name="Put them before the rules").click()
    for _ in range(50):
        if steps.count(page, "Have the badge") == 2:
            break
        page.wait_for_timeout(200)
        page.reload()
    assert page.get_by_role("heading", level=1).inner_text() == "Nobody is missing"
    assert (steps.count(page, "Have the badge"), steps.count(page, "Missing"), steps.count(page, "Award unfinished")) == (2, 0, 1)
    steps.shot(page, "reconciling-3-done")
