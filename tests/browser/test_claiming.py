"""A learner's way in a real browser: the letter that a real mail server took, the claim, who sees the badge, a link and its end."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from tests.browser import steps
from tests.net import posthouse
from tests.web import conftest

from badgeissuer import courier
from badgeissuer.net import mail, post

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from tests.web.conftest import Running

pytestmark = pytest.mark.browser


@pytest.fixture
def house() -> Iterator[posthouse.PostHouse]:
    """A mail server, begun in a thread that has no event loop: the browser's runs in this one."""
    given = posthouse.posthouse()
    with ThreadPoolExecutor(1) as apart:
        yield apart.submit(given.__enter__).result()
        apart.submit(given.__exit__, None, None, None).result()


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path, house: posthouse.PostHouse) -> Iterator[Running]:
    copy = shutil.copy(sqlite_template, tmp_path / "badgeissuer.db")
    given = {"smtp_url": house.url, "email_from": "badges@example.edu"}
    with conftest.serve(f"sqlite:///{copy}", tmp_path, **given) as running:  # type: ignore[arg-type]
        yield running


def letter(server: Running, house: posthouse.PostHouse) -> str:
    """Have what waits carried, and return the address in the newest letter that is for its reader alone."""
    poster = post.Poster(post.Reach())
    means = courier.Means(server.service.site, poster, mail.read_url(house.url), mail.Mailbox("badges@example.edu"))
    hand = courier.Courier(server.service.database, means)
    while hand.do_one():
        pass
    poster.close()
    body = house.messages()[-1].get_body(("plain",))
    assert body is not None
    return str(re.findall(rf"{server.base}/claim/\w+", body.get_content())[0])


def test_a_learner_claims_a_badge_decides_who_sees_it_and_takes_it_back(
    server: Running, house: posthouse.PostHouse, browser_page: Page, page_faults: list[str], chromium: Browser
) -> None:
    made = server.award(learner={"email": "lin@example.org", "name": "林 <b>"})
    uuid = made["credential"]["id"].rpartition("/")[2]
    employer = chromium.new_context().new_page()
    page = browser_page

    page.goto(letter(server, house))
    assert page.get_by_role("heading", level=1).inner_text() == "Make this badge yours"
    page.get_by_label("Only I, and who gets a link").check()
    page.get_by_role("button", name="Yes, it is mine").click()
    page.wait_for_url(f"{server.base}/me")
    assert "Only you see it" in page.inner_text("article")
    assert employer.goto(f"{server.base}/c/{uuid}").status == 403  # type: ignore[union-attr]
    assert "keeps this badge private" in employer.inner_text("main")

    page.get_by_text("Who sees it").click()
    page.get_by_label("A new link, for").select_option("30")
    page.get_by_label("For whom").fill("the bakery")
    page.get_by_role("button", name="Make it").click()
    link = page.get_by_label("The link", exact=True).input_value()
    assert employer.goto(link).status == 200  # type: ignore[union-attr]
    assert employer.get_by_role("heading", level=1).inner_text() == "Rope Work"
    employer.get_by_role("link", name="Verify it again").click()
    assert employer.locator("[data-outcome=VALID]").count() > 0
    page.locator("article").get_by_role("button", name="Take it back").click()
    assert "opens nothing any more" in page.inner_text("[data-done]")
    assert employer.goto(link).status == 403  # type: ignore[union-attr]
    assert "taken this link back" in employer.inner_text("main")

    page.get_by_label("Everybody.").check()
    page.get_by_role("button", name="Keep this").click()
    assert "It is public now" in page.inner_text("[data-done]")
    assert employer.goto(f"{server.base}/c/{uuid}").status == 200  # type: ignore[union-attr]
    page.get_by_role("button", name="Undo").click()
    assert "It is private now" in page.inner_text("[data-done]")
    assert employer.goto(f"{server.base}/verify?url={quote(made['credential']['id'])}").status == 200  # type: ignore[union-attr]
    assert "could not be completed" in employer.inner_text("main")
    page.goto(f"{server.base}/c/{uuid}")
    assert page.get_by_role("heading", level=1).inner_text() == "Rope Work"

    page.goto(f"{server.base}/me")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("The e-mail address that your badges were issued to").fill("Lin@example.org")
    page.get_by_role("button", name="Send me a link").click()
    assert "Look into your mailbox" in page.inner_text("h1")
    server.service.notes.add(lambda: None)
    page.wait_for_timeout(500)
    page.goto(letter(server, house))
    page.get_by_role("button", name="See my badges").click()
    assert "Rope Work" in page.inner_text("article")
    employer.context.close()
    assert page_faults == []


def test_a_learner_comes_from_the_letter_to_linkedin_and_takes_all_home(
    server: Running, house: posthouse.PostHouse, browser_page: Page
) -> None:
    made = server.award(learner={"email": "mei@example.org", "name": "梅"})
    page = browser_page
    page.goto(letter(server, house))
    steps.shot(page, "learner-claim")
    page.get_by_role("button", name="Yes, it is mine").click()
    page.wait_for_url(f"{server.base}/me")
    steps.shot(page, "learner-badges")
    with page.expect_download() as taking:
        page.get_by_role("link", name="Download all").click()
    assert taking.value.suggested_filename == "badges.zip"
    page.get_by_role("link", name="Rope Work").click()
    steps.shot(page, "learner-badge")
    asked = urlsplit(page.get_by_role("link", name="Add to LinkedIn").get_attribute("href") or "")
    assert (asked.netloc, parse_qs(asked.query)["certUrl"]) == ("www.linkedin.com", [made["credential"]["id"]])
