"""How long what is published may be kept, and what that spares the service: nginx stands before it as a CDN would, and its log counts."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests import serving

if TYPE_CHECKING:
    from tests.web.conftest import Running

READERS, REQUESTS = 4, 40
CONFIGURATION = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temporary;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=cdn:1m;
    log_format path "$request_uri";
    access_log off;
    server {{
        listen 127.0.0.1:{cdn};
        location / {{
            proxy_pass http://127.0.0.1:{counted};
            proxy_cache cdn;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            add_header X-Cache $upstream_cache_status;
        }}
    }}
    server {{
        listen 127.0.0.1:{counted};
        access_log {folder}/origin.log path;
        location / {{ proxy_pass {base}; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Cdn:
    """An nginx that keeps what it may, and the log of what it asked the service for."""

    client: httpx.Client
    log: Path

    def get(self, path: str) -> httpx.Response:
        """Ask for a path over a connection of its own, as another reader."""
        return httpx.get(self.client.base_url.join(path), timeout=30, trust_env=False)

    def hits(self) -> Counter[str]:
        """Return how often each path was asked of the service; nginx writes its log just after it has answered."""
        time.sleep(0.2)
        return Counter(self.log.read_text().split())


@pytest.fixture(scope="module")
def cdn(sqlite_server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cdn]:
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        reason = "nginx is not installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cdn")
    port, user = serving.free_port(), "user root;" if os.geteuid() == 0 else ""
    values = {"folder": folder, "cdn": port, "counted": serving.free_port(), "base": sqlite_server.base.replace("localhost", "127.0.0.1")}
    (folder / "nginx.conf").write_text(CONFIGURATION.format(user=user, **values))
    command = [str(program), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                _await(client, process, folder / "error.log")
                yield Cdn(client, folder / "origin.log")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            client.get("/healthz")
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def paths(sqlite_server: Running) -> dict[str, str]:
    """What is published of one badge."""
    slug = sqlite_server.published()
    badge = sqlite_server.award(achievement=slug)["credential"]["id"]
    listed = sqlite_server.stranger.get(badge).json()["credentialStatus"]["statusListCredential"]
    unit = sqlite_server.unit()
    return {
        "credential": badge.removeprefix(sqlite_server.base),
        "file": badge.removeprefix(sqlite_server.base) + ".json",
        "status list": listed.removeprefix(sqlite_server.base),
        "issuer": f"/i/{unit}",
        "keys": f"/i/{unit}/did.json",
        "achievement": f"/a/{slug}/1",
    }


@pytest.mark.parametrize(
    ("what", "how_long"),
    [
        ("credential", "private, no-cache"),
        ("file", "private, no-cache"),
        ("status list", "public, max-age=60"),
        ("issuer", "public, max-age=300"),
        ("keys", "public, max-age=300"),
        ("achievement", "public, max-age=86400"),
    ],
)
def test_what_is_published_says_how_long_it_may_be_kept_and_is_not_sent_twice(
    sqlite_server: Running, paths: dict[str, str], what: str, how_long: str
) -> None:
    answer = sqlite_server.stranger.get(paths[what])
    again = sqlite_server.stranger.get(paths[what], headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, how_long)
    assert (again.status_code, again.content) == (304, b"")
    same = ("etag", "cache-control", "access-control-allow-origin", "vary")
    assert [again.headers.get(name) for name in same] == [answer.headers.get(name) for name in same]


@pytest.mark.parametrize("path", ["/c/00000000-0000-4000-8000-000000000000", "/i/nobody", "/a/nothing/1", "/status-lists/x"])
def test_what_is_not_there_is_not_kept(sqlite_server: Running, path: str) -> None:
    answer = sqlite_server.stranger.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_the_newest_version_is_looked_for_every_minute(sqlite_server: Running, paths: dict[str, str]) -> None:
    answer = sqlite_server.stranger.get(paths["achievement"].rpartition("/")[0])
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "public, max-age=60")


def test_a_cdn_asks_once_for_what_all_may_see(cdn: Cdn, sqlite_server: Running, paths: dict[str, str]) -> None:
    public = [paths[what] for what in ("status list", "issuer", "keys", "achievement")]
    before = cdn.hits()
    with ThreadPoolExecutor(READERS) as pool:
        answers = list(pool.map(cdn.get, public * REQUESTS))
    assert {answer.status_code for answer in answers} == {200}
    assert cdn.hits() - before == Counter(public)
    for path in public:
        assert cdn.client.get(path).content == sqlite_server.stranger.get(path).content


def test_a_cdn_answers_by_itself_those_who_have_it_already(cdn: Cdn, paths: dict[str, str]) -> None:
    first = cdn.client.get(paths["status list"])
    before = cdn.hits()
    again = cdn.client.get(paths["status list"], headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["x-cache"], cdn.hits() - before) == (304, "HIT", Counter())


def test_no_cdn_keeps_what_tells_of_a_person(cdn: Cdn, paths: dict[str, str]) -> None:
    before = cdn.hits()
    for what in ("credential", "file"):
        answers = [cdn.client.get(paths[what]) for _ in range(3)]
        assert {answer.headers["x-cache"] for answer in answers} == {"MISS"}
    page = cdn.client.get(paths["credential"], headers={"Accept": "text/html"})
    assert (page.headers["content-type"], page.headers["x-cache"]) == ("text/html; charset=utf-8", "MISS")
    assert cdn.hits() - before == Counter({paths["credential"]: 4, paths["file"]: 3})
