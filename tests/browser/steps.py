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
TOO_WIDE = """() => {
    document.querySelectorAll('details').forEach((one) => { one.open = true; });
    const clips = (one) => !one.matches('input') && getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1;
    return [...document.querySelectorAll('body *')]
        .filter((one) => one.getBoundingClientRect().right > 321 || clips(one))
        .map((one) => one.outerHTML.slice(0, 80));
}"""
"""What sticks out of the smallest screen, or is cut off."""
CONTRASTS = """() => {
    const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {r, g, b, a}; };
    const over = (top, below) => Object.fromEntries(['r', 'g', 'b'].map((c) => [c, top[c] * top.a + below[c] * (1 - top.a)]));
    const light = (c) => {
        const [r, g, b] = [c.r, c.g, c.b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        if (!element) return {r: 255, g: 255, b: 255};
        const colour = parse(getComputedStyle(element).backgroundColor);
        return colour.a === 1 ? colour : over(colour, ground(element.parentElement));
    };
    const found = [];
    document.querySelectorAll('details').forEach((one) => { one.open = true; });
    for (const element of document.querySelectorAll('body *')) {
        const words = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
        const control = ['INPUT', 'TEXTAREA'].includes(element.tagName);
        if ((!words && !control) || !element.checkVisibility({visibilityProperty: true})) continue;
        const below = ground(element), ink = over(parse(getComputedStyle(element).color), below);
        const [low, high] = [light(ink), light(below)].sort((a, b) => a - b);
        found.push([words.slice(0, 40) || element.id, (high + 0.05) / (low + 0.05)]);
    }
    return found;
}"""
"""Texts and fields with their contrasts (WCAG 2.2)."""


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


def enter(page: Page, base: str, person: str, *, to: str = "/staff/units") -> None:
    """Sign in at the provider that runs for a test."""
    page.context.clear_cookies()
    page.goto(f"{base}{to}")
    page.get_by_role("link", name="Continue with Campus").click()
    assert page.url.startswith("http://127.0.0.1:"), "the provider is another site"
    page.get_by_placeholder("Enter any login").fill(person)
    page.get_by_placeholder("and password").fill("x")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
