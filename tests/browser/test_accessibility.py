"""What axe-core finds in the pages: nothing that it calls serious or critical, in light and in dark colours.

It is no proof that a page can be used without eyes or a mouse; the other tests use the keyboard, names and roles.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from tests.microcredentials import CHARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent.parent / "interop" / "node_modules" / "axe-core" / "axe.min.js"
LOOK = "async (only) => (await axe.run(document, {resultTypes: ['violations'], ...only})).violations"
SCHEMES: dict[Literal["light", "dark"], dict[str, list[str]]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
"""What is looked for: all, and where only the colours are others, whether they can be told apart."""
STAFF = [
    "/staff",
    "/staff/achievements",
    "/staff/achievements/charts",
    "/staff/write",
    "/staff/write/charts",
    "/staff/write/charts/preview",
    "/staff/units",
    "/staff/units/college",
    "/staff/rosters",
    "/staff/approvals",
    "/staff/reviews",
    "/staff/events",
    "/staff/deliveries",
    "/staff/reconciling",
    "/staff/connect",
    "/staff/connect/canvas",
    "/staff/explain",
    "/staff/identities",
]
PUBLIC = ["/", "/catalogue", "/catalogue?q=nothing-of-that-name", "/a/charts/1", "/verify", "/verify?lang=ar", "/docs", "/staff/sign-in"]


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        reason = "axe-core is not installed (npm ci in tests/interop)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(params=SCHEMES)
def look(request: pytest.FixtureRequest, chromium: Browser, axe: str) -> Iterator[tuple[Page, Callable[[str], list[str]]]]:
    """A page, and what says what is wrong with an address shown in it."""
    context = chromium.new_context(locale="en-GB", timezone_id="UTC", color_scheme=request.param)
    page = context.new_page()

    def found(url: str) -> list[str]:
        page.goto(url)
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate(axe)
        return [f"{url}: {said(one)}" for one in page.evaluate(LOOK, SCHEMES[request.param]) if one["impact"] in {"serious", "critical"}]

    yield page, found
    context.close()


def said(violation: dict[str, Any]) -> str:
    places = [f"{node['target']} {node['failureSummary']}" for node in violation["nodes"]]
    return f"{violation['id']}: {violation['help']} {places[:3]}"


@pytest.mark.parametrize("look", ["light"], indirect=True)  # their colours are tried by themselves in test_pages
def test_axe_finds_nothing_serious_on_badges_and_verdicts(
    look: tuple[Page, Callable[[str], list[str]]], page_site: str, rendered: dict[str, str]
) -> None:
    _, found = look
    assert [fault for name in sorted(rendered) for fault in found(f"{page_site}/{name}.html")] == []


def test_axe_finds_nothing_serious_on_pages_for_staff_and_for_everybody(
    look: tuple[Page, Callable[[str], list[str]]], served: tuple[str, str]
) -> None:
    page, found = look
    base, token = served
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as api:
        brand = {"colour": "#14578c", "accent": "#ffdd00", "gate": "european-approach"}
        assert api.post("/api/issuers", json={"slug": "college", "name": "Harbour College", "country": "NZ", **brand}).status_code == 201
        assert api.post("/api/achievements", json={"issuer": "college", "slug": "charts", **CHARTS}).status_code == 201
        assert api.post("/api/achievements/charts/publish", json={}).status_code == 200
        lacking = {name: value for name, value in CHARTS.items() if name != "workload"}
        assert api.put("/api/achievements/charts", json=lacking).status_code == 200
        award = api.post("/api/awards", json={"achievement": "charts", "learner": {"email": "grace@example.org"}}).json()
        badge = award["credential"]["id"].removeprefix(base)
    faults = [fault for path in (badge, f"{badge}/embed", "/c/nobody", *PUBLIC) for fault in found(f"{base}{path}")]
    page.get_by_label("token").fill(token)
    page.locator("main button").last.click()
    page.wait_for_url(f"{base}/staff")
    faults += [fault for path in STAFF for fault in found(f"{base}{path}")]
    assert faults == []
