"""The clients of docs/examples, run as they stand there: a badge that is good, revoked, forged, or a stranger's."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.browser.conftest import browser_page, chromium, page_faults
from tests.corpus import kit
from tests.interop import judges
from tests.web import conftest as web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CLIENTS = {"curl": ["sh", "verify.sh"], "python": [sys.executable, "verify.py"], "javascript": ["node", "verify.mjs"]}
LEARNER = "learner@example.org"
CODES = {"good": 0, "revoked": 1, "forged": 1, "strange": 3}
IN_A_PAGE = """
async ([from, service, body, recipient]) => {
  const { verify, decide } = await import(from)
  return decide(await verify(service, new Blob([body]), recipient))
}
"""
PREFLIGHT = """
async ([service, body]) => {
  const headers = {'Content-Type': 'application/vc+ld+json', Accept: 'application/json'}
  const answers = [await fetch(`${service}/verify`, {method: 'POST', headers, body}), await fetch(`${service}/verify`, {method: 'POST'})]
  return [(await answers[0].json()).outcome, answers[1].status, (await answers[1].json()).title]
}
"""
__all__ = ["browser_page", "chromium", "page_faults"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


Quiet.extensions_map = {**Quiet.extensions_map, ".mjs": "text/javascript"}


@pytest.fixture(scope="module")
def running(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[web.Running]:
    folder = tmp_path_factory.mktemp("examples")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    with web.serve(f"sqlite:///{copy}", folder) as running:
        yield running


@pytest.fixture(scope="module")
def files(running: web.Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Badges as files, by what is the matter with them."""
    folder = tmp_path_factory.mktemp("badges")
    addresses = [running.award(learner={"email": LEARNER})["credential"]["id"] for _ in range(2)]
    good, revoked = (running.stranger.get(address).content for address in addresses)
    running.make(f"credentials/{addresses[1].rpartition('/')[2]}/revoke", {"reason": "a mistake"}, expect=200)
    forged = json.loads(good)
    forged["credentialSubject"]["achievement"]["name"] = "Master of Ropes"
    bodies = {"good": good, "revoked": revoked, "forged": json.dumps(forged).encode()}
    strange = kit.sign(kit.badge(kit.SCHOOL), kit.SCHOOL)
    bodies["strange"] = json.dumps(strange).encode()
    for name, body in bodies.items():
        (folder / f"{name}.json").write_bytes(body)
    return {name: folder / f"{name}.json" for name in bodies}


def ask(client: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program, script = CLIENTS[client]
    if shutil.which(program) is None or (client == "curl" and shutil.which("curl") is None):
        judges.missing(f"{client} is not installed")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [program, script, *arguments], cwd=EXAMPLES, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", CODES)
def test_a_client_acts_on_the_outcome(running: web.Running, files: dict[str, Path], client: str, name: str) -> None:
    answer = ask(client, running.base, files[name])
    assert answer.returncode == CODES[name], answer.stdout + answer.stderr
    assert answer.stdout.startswith("This badge is genuine" if name == "good" else ("Do not rely", "This badge"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_asks_whose_badge_it_is(running: web.Running, files: dict[str, Path], client: str) -> None:
    assert ask(client, running.base, files["good"], LEARNER).returncode == 0
    mistaken = ask(client, running.base, files["good"], "somebody@example.org")
    assert (mistaken.returncode, "somebody@example.org" in mistaken.stdout) == (1, False)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_takes_no_refusal_for_a_verdict(running: web.Running, tmp_path: Path, client: str) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (12 * 1024 * 1024))
    answer = ask(client, running.base, large)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "not answered" in answer.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_asks_too_often_waits_as_long_as_it_is_told(
    files: dict[str, Path], sqlite_template: Path, tmp_path: Path, client: str
) -> None:
    copy = shutil.copy(sqlite_template, tmp_path / "badgeissuer.db")
    with web.serve(f"sqlite:///{copy}", tmp_path, rate_limits="1 per 2 seconds, 9/minute", has_worker=False) as running:
        assert [ask(client, running.base, files["forged"]).returncode for _ in range(2)] == [1, 1]


@pytest.mark.browser
def test_a_page_of_another_site_asks_in_a_browser(
    running: web.Running, files: dict[str, Path], browser_page: Page, page_faults: list[str]
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=EXAMPLES)) as ats:
        threading.Thread(target=ats.serve_forever).start()
        try:
            there = f"http://127.0.0.1:{ats.server_port}"
            assert there.partition(":")[0] != running.base
            browser_page.goto(f"{there}/")
            for name, code in CODES.items():
                given = [f"{there}/verify.mjs", running.base, files[name].read_text("utf-8"), ""]
                assert browser_page.evaluate(IN_A_PAGE, given) == code, name
            found = browser_page.evaluate(PREFLIGHT, [running.base, files["revoked"].read_text("utf-8")])
            assert found == ["INVALID", 422, "The document breaks a rule"]
            browser_page.wait_for_timeout(100)
            page_faults[:] = [fault for fault in page_faults if "Failed to load resource" not in fault]  # the 422, and a favicon
        finally:
            ats.shutdown()
