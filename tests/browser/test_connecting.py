"""Connecting a system in a real browser, while real signed deliveries arrive over HTTP; and why a learner did not get the badge."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from standardwebhooks import Webhook
from tests.browser import steps

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
WAIT = 20_000


def prepare(base: str, token: str) -> None:
    """Make a unit with a published achievement."""
    steps.make(base, token, "issuers", {"slug": "harbour", "name": "Harbour School"})
    achievement = {"issuer": "harbour", "slug": "rope-work", "name": "Rope Work", "description": "Ties and judges ropes."}
    steps.make(base, token, "achievements", achievement | {"achievementType": "Badge", "criteria": {"narrative": "Tie ten knots."}})
    steps.make(base, token, "achievements/rope-work/publish", {})


def deliver(url: str, secret: str, *, course: str = "7", email: str = "asha@example.org", name: str = "m1") -> int:
    data = {"event_id": name, "learner": {"id": email, "email": email, "name": "Asha Rao"}, "course": {"id": course}}
    body = json.dumps({"type": "course.completed", "data": data})
    now = datetime.now(UTC)
    headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "content-type": "application/json"}
    headers["webhook-signature"] = Webhook(secret).sign(name, now, body)
    return httpx.post(url, content=body, headers=headers, trust_env=False).status_code


def connect(page: Page, base: str) -> tuple[str, str]:
    """Connect a system of one's own on its page; return the address and the secret that it shows."""
    page.goto(f"{base}/staff/connect")
    steps.shot(page, "connect")
    page.get_by_role("link", name="A system of your own").click()
    page.get_by_label("Name", exact=True).fill("Course system")
    page.get_by_label("Short name").fill("courses")
    steps.shot(page, "connect-form")
    page.get_by_role("button", name="Make the address").click()
    codes = page.locator("dl.copy code").all_inner_texts()
    steps.shot(page, "connected")
    return codes[0], codes[1]


def test_a_system_is_connected_and_its_first_event_arrives_while_the_page_waits(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    prepare(base, token)
    steps.sign_in(browser_page, token, to=f"{base}/staff")
    url, secret = connect(browser_page, base)
    browser_page.get_by_role("link", name="Wait for the first event").click()
    browser_page.get_by_text("This page looks again every few seconds").wait_for()
    steps.shot(browser_page, "waiting")
    assert deliver(url, "whsec_" + "b25lLW9mLXRoZS1zZWNyZXRzLW9mLXRoZS10ZXN0cyE=") == 401
    browser_page.get_by_text("Something came, but could not be taken.").wait_for(timeout=WAIT)
    steps.shot(browser_page, "waiting-refused")
    assert deliver(url, secret) == 200
    browser_page.get_by_text("course.completed", exact=True).wait_for(timeout=WAIT)
    steps.shot(browser_page, "arrived")
    browser_page.get_by_label("Whoever does this in this course earns").select_option("Rope Work")
    browser_page.get_by_role("button", name="Make a rule of it").click()
    browser_page.get_by_text("would award it").wait_for()
    steps.shot(browser_page, "would")
    browser_page.get_by_role("button", name="Put it before the rules now").click()
    for _ in range(40):
        if browser_page.get_by_role("link", name="see the badge").count():
            break
        browser_page.wait_for_timeout(250)
        browser_page.reload()
    steps.shot(browser_page, "delivery")
    browser_page.get_by_role("link", name="see the badge").click()
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Rope Work"
    browser_page.goto(f"{base}/staff/sources/courses")
    steps.shot(browser_page, "source")
    browser_page.get_by_role("button", name="Make a new secret").click()
    steps.shot(browser_page, "new-secret")
    other = browser_page.locator("#secret").inner_text()
    assert [deliver(url, one, name=name) for one, name in ((secret, "m2"), (other, "m3"))] == [200, 200]
    browser_page.get_by_role("link", name="To the source").click()
    browser_page.get_by_role("button", name="Drop the old secret").click()
    assert [deliver(url, one, name=name) for one, name in ((secret, "m4"), (other, "m5"))] == [401, 200]


def test_the_page_says_why_a_learner_did_not_get_the_badge(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    prepare(base, token)
    secret = "whsec_" + "b25lLW9mLXRoZS1zZWNyZXRzLW9mLXRoZS10ZXN0cyE="
    signature = {"scheme": "standard_webhooks", "secrets": [secret]}
    source = {"slug": "courses", "name": "Course system", "adapter": "native", "issuer": "harbour", "signature": signature}
    url = steps.make(base, token, "sources", source)["hook_url"]
    when = {"all": [{"field": "course", "op": "eq", "value": "7"}]}
    steps.make(base, token, "rules", {"achievement": "rope-work", "source": "courses", "when": when})
    assert deliver(url, secret, course="8") == 200
    steps.sign_in(browser_page, token, to=f"{base}/staff/explain")
    for _ in range(40):
        browser_page.get_by_label("Learner").fill("asha@example.org")
        browser_page.get_by_role("button", name="Explain").click()
        if browser_page.get_by_text("They have not earned it.").count():
            break
        browser_page.wait_for_timeout(250)
    assert "Not awarded because course is" in browser_page.get_by_role("heading", level=2).first.inner_text()
    steps.shot(browser_page, "explain")
    browser_page.get_by_role("link", name="delivery 1").click()
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Delivery 1"
    steps.shot(browser_page, "delivery-not-awarded")
    browser_page.goto(f"{base}/staff/events?learner=asha%40example.org")
    browser_page.get_by_text("course.completed").wait_for()
    steps.shot(browser_page, "events")


def test_who_waits_for_an_address_is_named_on_the_page(browser_page: Page, served: tuple[str, str]) -> None:
    base, token = served
    prepare(base, token)
    steps.make(base, token, "awards", {"achievement": "rope-work", "learner": {"source_id": "4211", "name": "Asha Rao"}})
    steps.make(base, token, "awards", {"achievement": "rope-work", "learner": {"email": "asha.rao@example.org", "name": "A. Rao"}})
    steps.sign_in(browser_page, token, to=f"{base}/staff")
    steps.shot(browser_page, "overview")
    browser_page.get_by_role("link", name="say who they are").click()
    browser_page.get_by_label("E-mail address").fill("asha.rao@example.org")
    steps.shot(browser_page, "identities")
    browser_page.get_by_role("button", name="Issue to it").click()
    browser_page.get_by_text("That is known of somebody else.").wait_for()
    steps.shot(browser_page, "identities-question")
    browser_page.get_by_label("How you know").fill("They showed their card.")
    browser_page.get_by_role("button", name="They are one person").click()
    browser_page.get_by_text("They are one now.").wait_for()
    browser_page.goto(f"{base}/staff/identities/1")
    assert "asha.rao@example.org" in browser_page.get_by_role("main").inner_text()
    steps.shot(browser_page, "learner")
