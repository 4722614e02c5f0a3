"""Signing in as a person in a real browser, at an OpenID provider that others wrote and by a link in a letter."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop import judges
from tests.web import conftest as web

from badgeissuer.web import connections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from tests.web.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.interop]
CLIENT, SECRET = "badgeissuer", "s3cret/+ with=signs"
INTEROP = Path(judges.__file__).parent


@pytest.fixture
def provided(sqlite_template: Path, tmp_path: Path) -> Iterator[Running]:
    """A service whose staff sign in at a provider that runs for this test, at another host than the service: for browsers, another site."""
    if shutil.which("node") is None or not (INTEROP / "node_modules" / "oidc-provider").is_dir():
        judges.missing("node, or oidc-provider, is not installed")
    with connections.listen("127.0.0.1", 0) as listener:  # the provider must know where browsers come back to
        port = listener.getsockname()[1]
    given = json.dumps({"back": f"http://localhost:{port}/staff/sign-in/oidc/back", "client": CLIENT, "secret": SECRET})
    command = ["node", "provider.mjs", given]
    with subprocess.Popen(
        command, cwd=INTEROP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as node:
        assert node.stdout is not None
        options = {"oidc_issuer": node.stdout.readline().strip(), "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        copy = shutil.copy(sqlite_template, tmp_path / "badgeissuer.db")
        more = {"oidc_name": "Campus", "oidc_allow_private_networks": True, "has_worker": False, "port": port}
        with web.serve(f"sqlite:///{copy}", tmp_path, **options | more) as running:
            yield running
        assert node.stdin is not None
        node.stdin.close()


def sign_in(page: Page, base: str, person: str, *, to: str = "/staff/units") -> None:
    page.context.clear_cookies()
    page.goto(f"{base}{to}")
    page.get_by_role("link", name="Continue with Campus").click()
    assert page.url.startswith("http://127.0.0.1:"), "the provider is another site"
    page.get_by_placeholder("Enter any login").fill(person)
    page.get_by_placeholder("and password").fill("x")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def test_staff_sign_in_at_a_provider_that_others_wrote(browser_page: Page, page_faults: list[str], provided: Running) -> None:
    provided.make("accounts", {"email": "ada@example.org", "name": "Ada Lovelace", "role": "issuer"})
    sign_in(browser_page, provided.base, "ada")
    browser_page.wait_for_url(f"{provided.base}/staff/units")
    assert browser_page.get_by_role("heading", level=1).inner_text() == "Units"
    cookies = {one["name"]: one for one in browser_page.context.cookies(provided.base)}
    assert (cookies["staff"]["sameSite"], cookies["sign-in"]["sameSite"]) == ("Strict", "Lax")
    browser_page.get_by_text("Account", exact=True).click()
    browser_page.get_by_role("button", name="Sign out Ada Lovelace").click()
    assert browser_page.url == f"{provided.base}/staff/sign-in"

    assert not [fault for fault in page_faults if fault.startswith(provided.base)], page_faults
    page_faults.clear()  # the provider's own pages may say what they like
    sign_in(browser_page, provided.base, "grace")
    browser_page.wait_for_url(f"{provided.base}/staff/sign-in/oidc/back?**")
    assert "Nobody here has an account" in browser_page.get_by_role("alert").inner_text()
    assert page_faults.pop().endswith("403 (Forbidden)")

    sign_in(browser_page, provided.base, "ada+new")
    browser_page.wait_for_url(f"{provided.base}/staff/sign-in/oidc/back?**")
    assert "belongs to another identity" in browser_page.get_by_role("alert").inner_text()
    page_faults.clear()
