"""`pages`: how long pages for everybody take to load over a slow line, in a real browser, and how much comes over it."""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from benchmarks import measuring, service, showing
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LATENCY_MS, BYTES_A_SECOND = 150, 200_000
"""A slow mobile line: 1.6 Mbit/s with 150 ms to the first byte of each answer."""
_ARGUMENTS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]


def pages(scale: measuring.Scale) -> Figures:
    """Return the milliseconds until each page is loaded with all that belongs to it, and its kilobytes; nothing is cached before."""
    program = shutil.which("chromium")
    if program is None:
        raise measuring.Failed("chromium is not installed.")
    found: dict[str, Figure] = {}
    with service.sqlite() as made, made.serving(), sync_playwright() as playwright:
        badge = next(iter(showing.issued(made, 1)))
        base = made.settings.base_url
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        for name, path in _paths(badge, base).items():
            loads = [_load(browser, base + path) for _ in range(scale.rounds + 1)][1:]  # the first one compiles templates
            found[f"page_{name}"] = Figure(statistics.median(time for time, _ in loads), "ms", "lower")
            found[f"page_{name}_size"] = Figure(loads[0][1] / 1000, "kB", "lower")
        browser.close()
    return found


def _paths(badge: str, base: str) -> dict[str, str]:
    verdict = f"/verify?url={quote(base + badge, safe='')}"
    return {
        "home": "/",
        "badge": badge,
        "verify": "/verify",
        "verdict": verdict,
        "catalogue": "/catalogue",
        "achievement": f"/a/{service.SLUG}/1",
    }


def _load(browser: Browser, url: str) -> tuple[float, int]:
    """Load a page in a fresh profile; return the milliseconds that took, and the bytes that came."""
    context = browser.new_context()
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    line.send("Network.emulateNetworkConditions", slow)
    sizes: list[int] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    answer = page.goto(url, wait_until="load")
    if answer is None or not answer.ok:
        raise measuring.Failed(f"{url} did not load.")
    taken = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    page.wait_for_timeout(50)
    context.close()
    return float(taken), sum(sizes)
