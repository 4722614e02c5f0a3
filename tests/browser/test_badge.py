"""The public page of a badge in the hands of an employer and of a learner: with scripts, without, on paper, and in a frame elsewhere."""

from __future__ import annotations

import functools
import http.server
import io
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import zxingcpp
from PIL import Image
from tests.browser import steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

LOGO = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def badge(served: tuple[str, str]) -> str:
    """The address of a badge of a unit with colours of its own."""
    base, token = served
    steps.make(base, token, "issuers", {"slug": "harbour", "name": "Harbour College"})
    looks = {"colour": "#7c2d12", "accent": "#fde68a", "image": LOGO, "parent": "harbour", "artwork": "shield"}
    steps.make(base, token, "issuers", {"slug": "workshop", "name": "Workshop", **looks})
    steps.make(base, token, "achievements", {"issuer": "workshop", "slug": "welding", **steps.WELDING})
    steps.make(base, token, "achievements/welding/publish", {})
    learner = {"email": "grace@example.org", "name": "Grace"}
    return str(steps.make(base, token, "awards", {"achievement": "welding", "learner": learner})["credential"]["id"])


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Serves a page of somebody else, at another host, and returns its address."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:

        def put(body: str) -> str:
            page = f'<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>Portfolio</title><body>{body}</body></html>'
            (folder / "index.html").write_text(page, encoding="utf-8")
            return f"http://127.0.0.1:{server.server_port}/index.html"

        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield put
        server.shutdown()


def test_no_page_that_strangers_open_weighs_more_than_a_hundred_kilobytes(browser_page: Page, page_faults: list[str], badge: str) -> None:
    base, line = badge.partition("/c/")[0], browser_page.context.new_cdp_session(browser_page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came: list[int] = []
    line.on("Network.loadingFinished", lambda event: came.append(int(event["encodedDataLength"])))
    asked = f"/verify?url={quote(badge, safe='')}"
    for path in ("/", "/verify", asked, f"{asked}&lang=ar", badge, f"{badge}/embed", "/catalogue", "/a/welding/1", "/docs"):
        came.clear()
        browser_page.goto(path if path.startswith("http") else base + path, wait_until="networkidle")
        assert 1000 < sum(came) < 100_000, path
    assert page_faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen_and_every_text_is_readable_in_the_colours_of_the_unit(browser_page: Page, badge: str, scheme: str) -> None:
    browser_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path, name in ((badge, "badge"), (f"{badge}/embed", "badge-card")):
        browser_page.goto(path)
        steps.shot(browser_page, f"{name}-{scheme}")
        faint = {words: round(ratio, 2) for words, ratio in browser_page.evaluate(steps.CONTRASTS) if ratio < 4.5}
        assert faint == {}
    browser_page.goto(badge)
    ground = browser_page.locator(".masthead").evaluate("one => getComputedStyle(one).backgroundColor")
    assert ground == "rgb(124, 45, 18)"
    assert "Harbour College" in browser_page.locator(".masthead").inner_text()


def test_a_learner_copies_the_link_and_leads_on_to_linkedin(browser_page: Page, badge: str) -> None:
    browser_page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=badge.partition("/c/")[0])
    browser_page.goto(badge)
    browser_page.get_by_role("button", name="Copy").first.click()
    browser_page.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
    assert browser_page.evaluate("navigator.clipboard.readText()") == badge
    asked = urlsplit(browser_page.get_by_role("link", name="Add to LinkedIn").get_attribute("href") or "")
    assert (asked.scheme, asked.netloc) == ("https", "www.linkedin.com")
    assert parse_qs(asked.query)["certUrl"] == [badge]


def test_an_employer_asks_whose_it_is_without_scripts(chromium: Browser, badge: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(badge)
    assert "Genuine and in force" in page.locator(".verdict").inner_text()
    assert page.get_by_label("Its link").input_value() == badge
    assert page.get_by_role("button", name="Copy").count() == 0
    page.get_by_label("Their e-mail address").fill("grace@example.org")
    page.get_by_role("button", name="Check").click()
    assert "grace" not in page.url
    assert "it was issued to" in page.locator(".answer").inner_text()
    context.close()


def test_its_card_stands_in_a_page_elsewhere_and_the_page_itself_does_not(
    browser_page: Page, page_faults: list[str], badge: str, elsewhere: Callable[[str], str]
) -> None:
    browser_page.goto(badge)
    browser_page.get_by_text("Put it into a page of yours").click()
    code = browser_page.get_by_label("HTML of a card").input_value()
    browser_page.goto(elsewhere(f"{code}<iframe title='whole' src='{badge}'></iframe>"))
    card = browser_page.frame_locator("iframe").first
    card.get_by_role("heading", name="Welding Safety").wait_for()
    assert "Genuine and in force" in card.locator("main").inner_text()
    assert card.locator("html").evaluate("one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")
    browser_page.wait_for_timeout(100)
    assert any("frame-ancestors 'none'" in fault for fault in page_faults)
    page_faults.clear()


def test_on_paper_stand_the_badge_its_verdict_and_its_link_and_no_button(browser_page: Page, badge: str) -> None:
    browser_page.goto(badge)
    browser_page.emulate_media(media="print")
    printed = browser_page.locator("body").inner_text()
    assert "Genuine and in force" in printed
    assert "Weld three joints" in printed
    assert badge in printed
    code = browser_page.locator(".paper img")
    code.scroll_into_view_if_needed()
    browser_page.wait_for_function("() => document.querySelector('.paper img').naturalWidth > 0")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(code.screenshot(scale="device"))))
    assert found.text == badge
    for button in ("Add to LinkedIn", "Copy", "Is it this person", "Download"):
        assert button not in printed
