from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

DEFAULT = "application/vc+ld+json"
PAGE = "text/html; charset=utf-8"


@pytest.fixture(scope="module")
def award(sqlite_server: Running) -> dict[str, Any]:
    return sqlite_server.award(achievement=sqlite_server.published(slug="bowline"))


@pytest.fixture(scope="module")
def badge(award: dict[str, Any]) -> str:
    """The path of a badge."""
    return "/c/" + str(award["credential"]["id"]).rpartition("/")[2]


def test_what_is_served_is_what_was_signed_to_the_byte(server: Running) -> None:
    made = server.award()
    uuid = made["credential"]["id"].rpartition("/")[2]
    with server.service.reading() as session:
        row = session.scalars(select(tables.Credential).where(tables.Credential.uuid == UUID(uuid))).one()
    shown, file = server.stranger.get(f"/c/{uuid}"), server.stranger.get(f"/c/{uuid}.json")
    assert shown.content == file.content == row.document
    assert hashlib.sha256(shown.content).hexdigest() == made["credential"]["sha256"] == row.sha256
    assert shown.json()["id"] == f"{server.base}/c/{uuid}"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", DEFAULT),
        ("*/*", DEFAULT),
        (DEFAULT, DEFAULT),
        ("application/vc", "application/vc"),
        ("application/ld+json", "application/ld+json"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/json;q=0.5, application/vc;q=0.9", "application/vc"),
        ("application/json; Q=0.5, application/vc; Q=0.9", "application/vc"),
        ('application/ld+json; profile="https://www.w3.org/ns/credentials/v2"', "application/ld+json"),
        ("application/json;q=0", DEFAULT),
        ("application/json;q=banana", DEFAULT),
        ("application/json;q=nan", DEFAULT),
        ("image/png, text/*", DEFAULT),
        (";;;,,,q=1;=", DEFAULT),
        ("x" * 4000, DEFAULT),
        ("text/html;q=0", DEFAULT),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.1, application/json", "application/json"),
        ("text/html", PAGE),
        ("TEXT/HTML", PAGE),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PAGE),
        ("text/html;q=0.1, */*", PAGE),
    ],
)
def test_the_form_of_a_badge_is_the_one_that_is_asked_for(sqlite_server: Running, badge: str, accept: str, media_type: str) -> None:
    answer = sqlite_server.stranger.get(badge, headers={"Accept": accept})
    varies = "Accept, Accept-Language" if media_type == PAGE else "Accept"
    assert (answer.status_code, answer.headers["content-type"], answer.headers["vary"]) == (200, media_type, varies)


def test_a_file_is_never_a_page(sqlite_server: Running, badge: str) -> None:
    answer = sqlite_server.stranger.get(f"{badge}.json", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == DEFAULT
    assert answer.json()["type"] == ["VerifiableCredential", "OpenBadgeCredential"]


def test_a_file_has_a_name_to_keep_it_under(sqlite_server: Running, badge: str) -> None:
    name = f'filename="bowline-{badge[3:11]}.json"'
    assert sqlite_server.stranger.get(badge).headers["content-disposition"] == f"inline; {name}"
    assert sqlite_server.stranger.get(f"{badge}.json").headers["content-disposition"] == f"attachment; {name}"


def test_a_badge_is_read_from_anywhere_and_listed_nowhere(sqlite_server: Running, badge: str) -> None:
    for path in (badge, f"{badge}.json"):
        headers = sqlite_server.stranger.get(path).headers
        assert headers["access-control-allow-origin"] == "*"
        assert headers["x-robots-tag"] == "noindex"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_a_badge_already_is_not_sent_it_again(sqlite_server: Running, badge: str, form: str) -> None:
    status_list = sqlite_server.stranger.get(badge).json()["credentialStatus"]["statusListCredential"]
    for address in (badge, f"{badge}.json", status_list):
        tag = sqlite_server.stranger.get(address).headers["etag"]
        answer = sqlite_server.stranger.get(address, headers={"If-None-Match": form.format(tag)})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize("form", ["", '"other"', "nonsense", '"'])
def test_who_has_something_else_is_sent_the_badge(sqlite_server: Running, badge: str, form: str) -> None:
    assert sqlite_server.stranger.get(badge, headers={"If-None-Match": form}).status_code == 200


def test_a_status_list_is_a_signed_credential(server: Running) -> None:
    badge = server.stranger.get(server.award()["credential"]["id"]).json()
    entry = badge["credentialStatus"]
    answer = server.stranger.get(entry["statusListCredential"], headers={"Accept": "text/html"})
    found = answer.json()
    assert answer.headers["content-type"] == DEFAULT
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert (found["id"], found["issuer"]) == (entry["statusListCredential"], badge["issuer"]["id"])
    assert found["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert found["credentialSubject"]["statusPurpose"] == "revocation"
    assert "statusSize" not in entry
    verdict = server.stranger.post("/credentials/verify", json={"verifiableCredential": found})
    assert (verdict.status_code, verdict.json()["verified"]) == (200, True)


def test_an_issuer_shows_its_profile_and_its_keys(server: Running) -> None:
    profile = server.stranger.get(f"/i/{server.unit()}")
    keys = server.stranger.get(f"/i/{server.unit()}/did.json")
    assert (profile.headers["content-type"], keys.headers["content-type"]) == ("application/ld+json", "application/did+json")
    assert (profile.json()["type"], profile.json()["name"]) == (["Profile"], "Harbour School")
    assert profile.json()["id"] == keys.json()["id"]
    assert keys.json()["assertionMethod"] == [method["id"] for method in keys.json()["verificationMethod"]]
    assert {answer.headers["access-control-allow-origin"] for answer in (profile, keys)} == {"*"}


def test_an_achievement_stands_at_its_id(server: Running) -> None:
    slug = server.published()
    answer = server.stranger.get(f"/a/{slug}/1")
    assert (answer.headers["content-type"], answer.json()["id"]) == ("application/ld+json", f"{server.base}/a/{slug}/1")
    newest = server.stranger.get(f"/a/{slug}")
    assert (newest.status_code, newest.headers["location"]) == (307, f"{server.base}/a/{slug}/1")


def test_a_redirect_does_not_follow_the_host_header(sqlite_server: Running) -> None:
    slug = sqlite_server.published()
    answer = sqlite_server.stranger.get(f"/a/{slug}", headers={"Host": "evil.example"})
    assert answer.headers["location"] == f"{sqlite_server.base}/a/{slug}/1"
    assert sqlite_server.stranger.get("/verify/", headers={"Host": "evil.example"}).status_code == 404


def test_a_draft_is_shown_to_nobody(server: Running, refused: Refused) -> None:
    slug = server.make("achievements", server.draft())["slug"]
    refused(server.stranger.get(f"/a/{slug}"), 404)
    refused(server.stranger.get(f"/a/{slug}/1"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/c/00000000-0000-4000-8000-000000000000",
        "/c/00000000-0000-4000-8000-000000000000.json",
        "/status-lists/00000000-0000-4000-8000-000000000000",
        "/i/nobody-here",
        "/i/nobody-here/did.json",
        "/a/nothing-here",
        "/a/nothing-here/1",
        "/a/bowline/2",
        "/static/nothing.css",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/nothing",
        "/api",
        "/api/nothing",
        "/c/",
        "/verify/",
        "/.git/config",
    ],
)
def test_what_is_not_there_is_a_problem(sqlite_server: Running, award: dict[str, Any], refused: Refused, path: str) -> None:
    assert award["achievement"] == "bowline"
    refused(sqlite_server.stranger.get(path), 404)


def test_a_problem_is_a_page_for_a_person(sqlite_server: Running) -> None:
    answer = sqlite_server.stranger.get("/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, PAGE)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/verify", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/c/x", "GET, HEAD"),
        ("POST", "/c/x.json", "GET, HEAD"),
        ("PATCH", "/api/awards", "GET, HEAD, POST"),
        ("DELETE", "/api/achievements/x", "GET, HEAD, PUT"),
        ("GET", "/api/tokens/x", "DELETE"),
        ("GET", "/hooks/x", "OPTIONS, POST"),
        ("POST", "/static/badgeissuer.css", "GET, HEAD"),
        ("TRACE", "/", "GET, HEAD"),
        ("BREW", "/", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_served_is_a_problem_that_names_those_that_are(
    sqlite_server: Running, refused: Refused, method: str, path: str, allowed: str
) -> None:
    answer = sqlite_server.stranger.request(method, path)
    refused(answer, 405)
    assert answer.headers["allow"] == allowed


def test_head_answers_as_get_does_without_the_body(sqlite_server: Running, badge: str, award: dict[str, Any]) -> None:
    status_list = sqlite_server.stranger.get(badge).json()["credentialStatus"]["statusListCredential"]
    unit, slug = sqlite_server.unit(), award["achievement"]
    for path in (badge, f"{badge}.json", status_list, f"/i/{unit}", f"/i/{unit}/did.json", f"/a/{slug}/1", "/verify", "/healthz", "/"):
        got = sqlite_server.stranger.get(path, headers={"Accept": "text/html"})
        head = sqlite_server.stranger.head(path, headers={"Accept": "text/html"})
        assert (head.status_code, head.content) == (got.status_code, b"")
        same = ("content-type", "etag", "vary", "content-disposition", "cache-control", "content-security-policy")
        assert {name: head.headers.get(name) for name in same} == {name: got.headers.get(name) for name in same}
    assert sqlite_server.stranger.head("/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/", "/verify", "/c/", "/nothing", "/static/badgeissuer.css", "/api/awards", "/healthz", "/readyz"])
def test_no_answer_names_its_server_or_lets_a_browser_guess(sqlite_server: Running, badge: str, path: str) -> None:
    answer = sqlite_server.stranger.get(badge if path == "/c/" else path, headers={"Accept": "text/html"})
    assert "server" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_load_nothing_from_elsewhere(sqlite_server: Running, badge: str) -> None:
    for path in ("/", "/verify", badge, "/nothing", f"/verify?url={sqlite_server.base}{badge}"):
        policy = sqlite_server.stranger.get(path, headers={"Accept": "text/html"}).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_what_the_api_answers_is_kept_by_nobody(sqlite_server: Running) -> None:
    for answer in (sqlite_server.api.get("/api/tokens"), sqlite_server.stranger.get("/api/tokens")):
        assert answer.headers["cache-control"] == "no-store"


def test_the_service_is_alive_and_ready(server: Running, until: Callable[[Callable[[], bool]], None]) -> None:
    assert server.stranger.get("/healthz").json() == {"status": "ok"}
    server.unit()
    until(lambda: server.stranger.get("/readyz").status_code == 200)
    assert server.stranger.get("/readyz").json() == {"status": "ready"}


def test_the_description_of_the_api_is_served(sqlite_server: Running) -> None:
    answer = sqlite_server.stranger.get("/openapi.json")
    assert json.loads(answer.content)["openapi"].startswith("3.1")
