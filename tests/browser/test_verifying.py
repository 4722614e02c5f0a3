"""The verifier as people use it: by keyboard, with the camera, with files that are dropped and pasted."""

from __future__ import annotations

import base64
import io
import os
import shutil
from typing import TYPE_CHECKING

import pytest
import segno
from PIL import Image
from playwright.sync_api import expect
from tests.browser import conftest
from tests.web import conftest as web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserType, Page

pytestmark = pytest.mark.browser

FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
DROP = """
([kind, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
  const given = new DataTransfer()
  given.items.add(new File([bytes], name))
  const options = {bubbles: true, cancelable: true, clipboardData: given, dataTransfer: given}
  document.body.dispatchEvent(kind === 'drop' ? new DragEvent('drop', options) : new ClipboardEvent('paste', options))
}
"""
PASTE = """
([place, text]) => {
  const given = new DataTransfer()
  given.setData('text/plain', text)
  document.querySelector(place).dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: given}))
}
"""


@pytest.fixture(scope="module")
def running(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[web.Running]:
    folder = tmp_path_factory.mktemp("verifying")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    with web.serve(f"sqlite:///{copy}", folder) as running:
        yield running


@pytest.fixture(scope="module")
def url(running: web.Running) -> str:
    return str(running.award(learner={"email": "learner@example.org"})["credential"]["id"])


def film(text: str) -> bytes:
    """Return one frame of a film (YUV4MPEG2) that shows a code."""
    held = io.BytesIO()
    segno.make(text).save(held, kind="png", scale=7)
    picture = Image.new("L", (640, 480), 150)
    picture.paste(Image.open(held).convert("L"), (140, 60))
    frame = b"FRAME\n" + picture.tobytes() + b"\x80" * (640 * 480 // 2)
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 3


@pytest.fixture
def filming(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Page]]:
    """Return what opens a page in a Chromium of its own whose camera films a code."""
    opened: list[Browser] = []
    folder = tmp_path_factory.mktemp("film")
    launcher: BrowserType = chromium.browser_type

    def open_page(text: str, *, allowed: bool = True) -> Page:
        (folder / "film.y4m").write_bytes(film(text))
        flags = [*(FAKE_CAMERA if allowed else FAKE_CAMERA[:1]), f"--use-file-for-fake-video-capture={folder / 'film.y4m'}"]
        environment: dict[str, str | float | bool] = {**os.environ, "TMPDIR": str(folder)}
        browser = launcher.launch(executable_path=shutil.which("chromium"), args=[*conftest.ARGUMENTS, *flags], env=environment)
        opened.append(browser)
        return browser.new_page()

    yield open_page
    for browser in opened:
        browser.close()


def test_the_camera_reads_the_code_of_a_badge(running: web.Running, url: str, filming: Callable[..., Page]) -> None:
    page = filming(url)
    page.goto(f"{running.base}/verify")
    page.get_by_role("button", name="Scan with the camera").click()
    page.wait_for_selector(".verdict")
    assert page.locator(".verdict").get_attribute("data-outcome") == "VALID"
    assert page.locator("#url").input_value() == url
    assert "learner@example.org" not in page.url


def test_the_camera_can_be_stopped_while_it_finds_nothing(running: web.Running, filming: Callable[..., Page]) -> None:
    page = filming("WIFI:S:campus;;")
    page.goto(f"{running.base}/verify")
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.locator("#scanned")).to_contain_text("The camera is on")
    page.wait_for_timeout(1500)
    assert page.locator("video").is_visible()
    page.get_by_role("button", name="Stop the camera").click()
    assert page.locator("#scanned").inner_text() == "The camera is off."
    assert not page.locator("video").is_visible()
    assert page.get_by_role("button", name="Scan with the camera").is_visible()


def test_a_camera_that_may_not_be_used_or_is_not_there_is_told(
    running: web.Running, url: str, filming: Callable[..., Page], browser_page: Page
) -> None:
    page = filming(url, allowed=False)
    for one in (page, browser_page):
        one.goto(f"{running.base}/verify")
        one.get_by_role("button", name="Scan with the camera").click()
        expect(one.locator("#scanned")).to_contain_text("picture instead")
        assert not one.locator("video").is_visible()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_file_may_be_given_anywhere_on_the_page(running: web.Running, url: str, browser_page: Page, kind: str) -> None:
    browser_page.goto(f"{running.base}/verify")
    content = base64.b64encode(running.stranger.get(url).content).decode()
    browser_page.evaluate(DROP, [kind, "welding.json", content])
    assert browser_page.locator("#scanned").inner_text() == "welding.json is chosen."
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector(".verdict")
    assert browser_page.locator(".verdict").get_attribute("data-outcome") == "VALID"


def test_a_text_may_be_pasted_anywhere_on_the_page(running: web.Running, url: str, browser_page: Page) -> None:
    browser_page.goto(f"{running.base}/verify")
    browser_page.evaluate(PASTE, ["main", url])
    assert browser_page.locator("#url").input_value() == url
    browser_page.evaluate(PASTE, ["main", '{"a": 1}'])
    assert browser_page.locator("#text").input_value() == '{"a": 1}'
    browser_page.evaluate(PASTE, ["#recipient", "https://elsewhere.example"])
    assert browser_page.locator("#url").input_value() == url, "whoever pastes into a field means that field"


def test_all_can_be_done_with_the_keyboard_alone(running: web.Running, url: str, browser_page: Page) -> None:
    browser_page.goto(f"{running.base}/verify")
    order = []
    for _ in range(14):
        browser_page.keyboard.press("Tab")
        order.append(browser_page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert [name for name in order if name in {"url", "file", "photo", "scan", "text", "recipient", "Verify"}] == [
        "url", "file", "photo", "scan", "text", "recipient", "Verify",
    ]  # fmt: skip
    browser_page.locator("#url").focus()
    browser_page.keyboard.type(url)
    browser_page.locator("#recipient").focus()
    browser_page.keyboard.type("learner@example.org")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector(".verdict")
    assert browser_page.url == f"{running.base}/verify"
    browser_page.locator(".steps summary").focus()
    browser_page.keyboard.press("Enter")
    assert browser_page.locator(".steps li").first.is_visible()
    assert "VALID" in (browser_page.locator(".answer").get_attribute("data-outcome") or "")
