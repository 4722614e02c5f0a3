"""Deliveries of every platform over real HTTP, as the platforms send them: path, headers and body of ../shared/data/lms."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from tests.web.conftest import Refused, Running, Until

BASIC = {"scheme": "basic", "username": "moodle", "secrets": ["fixture-lrs-password"]}
UNSIGNED = {"scheme": "none", "accept_unsigned": True}
PLATFORMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "canvas": ("canvas", UNSIGNED, ""),
    "moodle_local_webhooks": ("moodle", {"scheme": "body_token", "secrets": ["fixture-moodle-token"]}, ""),
    "moodle_tool_trigger": ("moodle", {"scheme": "bearer", "secrets": ["fixture-tool-trigger-token"]}, ""),
    "openedx": ("openedx", UNSIGNED, ""),
    "xapi": ("xapi", BASIC, "/statements"),
    "xapi_moodle_logstore": ("xapi", BASIC, "/statements"),
    "cmi5": ("cmi5", BASIC, "/statements"),
    "caliper": ("caliper", {"scheme": "bearer", "secrets": ["fixture-caliper-token"]}, ""),
    "cloudevents": ("cloudevents", {"scheme": "bearer", "secrets": ["fixture-cloudevents-token"]}, ""),
}
"""Folder → adapter, how it signs, and what follows the address."""


def sample(folder: Path, name: str) -> tuple[bytes, dict[str, str]]:
    """Return the body of a delivery and its headers."""
    file = folder / name
    return file.read_bytes(), json.loads(file.with_suffix(".headers.json").read_bytes())


def connected(server: Running, platform: str) -> tuple[dict[str, Any], str]:
    """Return a source for a platform, and where it delivers to."""
    adapter, signature, path = PLATFORMS[platform]
    source = server.source(adapter=adapter, signature=signature)
    return source, source["hook_url"] + path


def events(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api.get(f"/api/events?source={source['slug']}&limit=200").json()["items"]
    return found


def deliveries(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in server.listed("deliveries") if item["source"] == source["slug"]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_platform_sends_is_taken_and_read(server: Running, until: Until, shared_data: Path, platform: str) -> None:
    source, url = connected(server, platform)
    folder = shared_data / "lms" / platform
    names = [
        file.name
        for file in sorted(folder.iterdir())
        if file.suffix in {".json", ".txt"} and not file.name.endswith((".headers.json", ".template.json")) and file.name != "jwks.json"
    ]
    assert names
    for name in names:
        body, headers = sample(folder, name)
        answer = server.stranger.post(url, content=body, headers=headers)
        assert answer.status_code == 200, (name, answer.text)
    until(lambda: all(item["state"] != "received" for item in deliveries(server, source)))
    assert {item["state"] for item in deliveries(server, source)} == {"processed"}
    assert len(deliveries(server, source)) == len(names)
    assert events(server, source), "of the same event in two forms there is one"


@pytest.mark.parametrize("platform", [name for name in PLATFORMS if PLATFORMS[name][1] != UNSIGNED])
def test_without_the_secret_nothing_is_kept(server: Running, refused: Refused, shared_data: Path, platform: str) -> None:
    source, url = connected(server, platform)
    folder = shared_data / "lms" / platform
    name = next(file.name for file in sorted(folder.glob("*.json")) if not file.name.endswith((".headers.json", ".template.json")))
    body, headers = sample(folder, name)
    body = body.replace(b"fixture-moodle-token", b"another-moodle-token")
    refused(server.stranger.post(url, content=body, headers=headers | {"Authorization": "Basic eDp5"}), 401)
    assert not deliveries(server, source)


def test_no_secret_stands_in_what_is_kept(server: Running, until: Until, shared_data: Path) -> None:
    source, url = connected(server, "moodle_local_webhooks")
    body, headers = sample(shared_data / "lms" / "moodle_local_webhooks", "course_completed.json")
    assert server.stranger.post(url, content=body, headers=headers).is_success
    with server.service.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT payload, headers FROM delivery ORDER BY id DESC LIMIT 1").one()
    assert "fixture-moodle-token" not in f"{bytes(kept[0])!r} {kept[1]}"
    until(lambda: bool(events(server, source)))


# --- a Learning Record Store


def statement(server: Running, **members: object) -> dict[str, Any]:
    actor = {"account": {"homePage": "https://learn.example", "name": server.fresh("u")}}
    verb = {"id": "http://adlnet.gov/expapi/verbs/passed"}
    return {"actor": actor, "verb": verb, "object": {"id": "https://learn.example/a/1"}, "timestamp": "2026-05-20T14:01:31Z", **members}


def post(server: Running, url: str, body: object) -> httpx.Response:
    return server.stranger.post(url, json=body, auth=("moodle", "fixture-lrs-password"))


def put(server: Running, url: str, body: object, **query: str) -> httpx.Response:
    return server.stranger.put(url, json=body, params=query, auth=("moodle", "fixture-lrs-password"))


def test_statements_are_answered_with_their_ids(server: Running) -> None:
    _, url = connected(server, "xapi")
    own = "7C2D1F6E-4F3B-4D65-9D11-0F6F4A6B0C77"
    statements = [statement(server, id=own), statement(server)]
    answer = post(server, url, statements)
    assert (answer.status_code, answer.headers["x-experience-api-version"]) == (200, "1.0.3")
    first, second = answer.json()
    assert first == own.lower()
    assert UUID(second).version == 5
    assert post(server, url, statements).json() == [first, second], "the same again is no other statement"


def test_a_statement_may_be_put_under_its_id(server: Running, until: Until, refused: Refused) -> None:
    source, url = connected(server, "xapi")
    name, given = "0a3b6c1e-7f7e-4f0c-8a2a-5f8f1b0c9d01", statement(server)
    for _ in range(2):
        answer = put(server, url, given, statementId=name)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["x-experience-api-version"] == "1.0.3"
    until(lambda: [item["event"]["key"] for item in events(server, source)] == [name])
    refused(put(server, url, given | {"id": "0a3b6c1e-7f7e-4f0c-8a2a-5f8f1b0c9d02"}, statementId=name), 400)
    refused(put(server, url, [given], statementId=name), 400)
    refused(put(server, url, given), 422)
    refused(put(server, url, given, statementId="no id"), 422)


def test_another_statement_under_the_same_id_is_refused(server: Running, until: Until, refused: Refused) -> None:
    source, url = connected(server, "xapi")
    given = statement(server, id="0a3b6c1e-7f7e-4f0c-8a2a-5f8f1b0c9d03")
    assert post(server, url, given).is_success
    until(lambda: len(events(server, source)) == 1)
    other = statement(server, id="0a3b6c1e-7f7e-4f0c-8a2a-5f8f1b0c9d04")
    refused(post(server, url, [other, given | {"object": {"id": "https://learn.example/a/2"}}]), 409)
    assert post(server, url, [other, given]).is_success, "what was kept before may come again among others"
    until(lambda: len(events(server, source)) == 2)
    refused(post(server, url, [other, other]), 400)


# --- CloudEvents


def test_a_sender_of_cloudevents_may_ask_first(server: Running) -> None:
    _, url = connected(server, "cloudevents")
    answer = server.stranger.options(url, headers={"WebHook-Request-Origin": "events.example", "WebHook-Request-Rate": "120"})
    assert answer.status_code == 200
    assert (answer.headers["webhook-allowed-origin"], answer.headers["webhook-allowed-rate"]) == ("events.example", "*")
    assert server.stranger.options(url).status_code == 405
    for other in (connected(server, "canvas")[1], f"{server.base}/hooks/nobody"):
        assert server.stranger.options(other, headers={"WebHook-Request-Origin": "events.example"}).status_code == 405


# --- how a source is read


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"zone": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'"),
        ({"mapping": {"events": "@"}}, "Only generic takes a mapping."),
        ({"adapter": "generic"}, "needs a mapping"),
        ({"adapter": "generic", "mapping": {"events": "@", "type": "type", "learner": {"email": "a[["}}}, "/mapping/learner/email"),
    ],
)
def test_a_source_that_could_not_be_read_is_refused(server: Running, refused: Refused, members: dict[str, Any], said: str) -> None:
    body = {"slug": server.fresh("lms"), "name": "x", "adapter": "native", "issuer": server.unit(), "signature": UNSIGNED}
    answer = server.api.post("/api/sources", json=body | members)
    refused(answer, 422)
    assert said in answer.text


def test_how_a_source_is_read_can_be_changed(server: Running, refused: Refused) -> None:
    mapping = {"events": "@", "type": "kind", "learner": {"email": "mail"}}
    source = server.source(adapter="generic", mapping=mapping, zone="Europe/Berlin", signature=UNSIGNED)
    assert (source["mapping"], source["zone"], source["signed"]) == (mapping, "Europe/Berlin", False)
    changed = server.api.patch(f"/api/sources/{source['slug']}", json={"mapping": mapping | {"id": "n"}, "zone": "UTC"}).json()
    assert (changed["mapping"]["id"], changed["zone"]) == ("n", "UTC")
    refused(server.api.patch(f"/api/sources/{source['slug']}", json={"mapping": {"events": "@"}}), 422)
    refused(server.api.patch(f"/api/sources/{server.source()['slug']}", json={"mapping": mapping}), 422)


def test_a_sender_that_nobody_has_heard_of_is_connected_by_configuration_alone(server: Running, until: Until) -> None:
    """An array of envelopes with epoch times and ids only, signed with a key in a header of its own."""
    mapping = {
        "events": "[?kind=='done'].payload[]",
        "id": "nr",
        "type": '`"finished"`',
        "occurred_at": "at",
        "course": "unit.no",
        "learner": {"source_id": "who.no"},
        "result": {"percent": "points.share", "status": "state"},
    }
    secret = "an-unguessable-text-for-tests"
    signature = {"scheme": "static_header", "header": "X-Drill-Key", "secrets": [secret]}
    source = server.source(adapter="generic", mapping=mapping, signature=signature)
    when = {"all": [{"field": "course", "op": "eq", "value": "88"}, {"field": "result.scaled", "op": "ge", "value": 0.8}]}
    server.make("rules", {"achievement": server.published(), "source": source["slug"], "when": when})
    learner = server.fresh("drill")
    good = {"nr": 1, "at": 1779285700, "unit": {"no": 88}, "who": {"no": learner}, "points": {"share": "87.5%"}, "state": "ok"}
    body = [
        {"kind": "ping", "payload": []},
        {"kind": "done", "payload": [good, good | {"nr": 2, "at": 1779285700500, "points": {"share": 12}}]},
        {"kind": "done", "payload": [good | {"nr": "3", "unit": {"no": 89}}]},
    ]
    answer = server.stranger.post(source["hook_url"], json=body, headers={"X-Drill-Key": secret})
    assert answer.status_code == 200, answer.text
    until(lambda: len(events(server, source)) == 3)
    found = {item["event"]["key"]: item for item in events(server, source)}
    assert {key: [decision["outcome"] for decision in item["decisions"]] for key, item in found.items()} == {
        "1": ["needs_identity"],
        "2": ["not_awarded"],
        "3": ["not_awarded"],
    }
    assert found["2"]["event"]["occurred_at"] == "2026-05-20T14:01:40.500000+00:00"


# --- what was not taken


def rejected(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api.get(f"/api/rejections?source={source['slug']}&limit=200").json()["items"]
    return found


def test_what_was_not_taken_is_told_without_secrets(server: Running, refused: Refused, until: Until) -> None:
    secret = "an-unguessable-text-for-tests"
    source = server.source(adapter="native", signature={"scheme": "static_header", "header": "X-Drill-Key", "secrets": [secret]})
    body = b'{"type": "x"' + b" " * 5000 + b"}"
    headers = {"X-Drill-Key": "wrong-" + secret, "Authorization": "Bearer abc", "Content-Type": "application/json"}
    refused(server.stranger.post(source["hook_url"], content=body, headers=headers), 401)
    refused(server.stranger.post(source["hook_url"], content=body, headers=headers | {"X-Drill-Key": secret}), 400)
    until(lambda: len(rejected(server, source)) == 2)
    first, second = rejected(server, source)
    assert [first["status"], second["status"]] == [401, 400]
    assert "is no event in the native shape" in second["reason"]
    assert (first["headers"]["x-drill-key"], first["headers"]["authorization"]) == ("…", "…")
    assert first["headers"]["content-type"] == "application/json"
    assert (first["size"], len(first["beginning"])) == (len(body), 4096)
    assert secret not in json.dumps([first, second])


def test_of_a_body_with_a_token_in_it_only_the_digest_is_kept(server: Running, refused: Refused, until: Until) -> None:
    signature = {"scheme": "body_token", "secrets": ["an-unguessable-text-for-tests"]}
    source = server.source(adapter="moodle", signature=signature)
    refused(server.stranger.post(source["hook_url"], json={"token": "another-secret-of-somebody"}), 401)
    until(lambda: len(rejected(server, source)) == 1)
    (kept,) = rejected(server, source)
    assert kept["beginning"] == ""
    assert len(kept["sha256"]) == 64


def test_of_many_that_are_not_taken_some_are_kept(server: Running, until: Until) -> None:
    source, other = server.source(), server.source()
    for _ in range(30):
        assert server.stranger.post(source["hook_url"], content=b"{}").status_code == 401
    assert server.stranger.post(f"{server.base}/hooks/nobody", content=b"{}").status_code == 401
    assert server.stranger.post(other["hook_url"], content=b"{}").status_code == 401
    until(lambda: len(rejected(server, other)) == 1)  # they are written one after the other
    assert len(rejected(server, source)) == 20


def test_a_header_that_comes_twice_proves_nothing(server: Running) -> None:
    secret = "an-unguessable-text-for-tests"
    source = server.source(adapter="native", signature={"scheme": "static_header", "header": "X-Drill-Key", "secrets": [secret]})
    body = json.dumps({"type": "x", "data": {"learner": {"id": "1"}}}).encode()
    once = [("X-Drill-Key", secret), ("Content-Type", "application/json")]
    assert server.stranger.post(source["hook_url"], content=body, headers=once).status_code == 200
    assert server.stranger.post(source["hook_url"], content=body, headers=[("X-Drill-Key", "x"), *once]).status_code == 401


def test_two_events_in_the_binary_mode_may_have_the_same_data(server: Running, until: Until) -> None:
    source = server.source(adapter="cloudevents", signature={"scheme": "bearer", "secrets": ["an-unguessable-text-for-tests"]})
    body = json.dumps({"learner": {"id": "1"}, "course": {"id": "7"}}).encode()
    for number in ("1", "2", "2"):
        headers = {"ce-id": number, "ce-source": "/lms", "ce-type": f"done.{number}", "ce-specversion": "1.0"}
        headers |= {"Content-Type": "application/json", "Authorization": "Bearer an-unguessable-text-for-tests"}
        assert server.stranger.post(source["hook_url"], content=body, headers=headers).status_code == 200
    until(lambda: {item["type"] for item in events(server, source)} == {"done.1", "done.2"})
    assert sorted(item["repeats"] for item in deliveries(server, source)) == [0, 1]


def test_of_deliveries_that_come_at_the_same_moment_each_has_its_own_answer(server: Running) -> None:
    source = server.source(adapter="cloudevents", signature={"scheme": "bearer", "secrets": ["an-unguessable-text-for-tests"]})

    def send(number: str, *, course: str = "7") -> tuple[str, int, Any]:
        headers = {"ce-id": number, "ce-source": "/lms", "ce-type": "done", "ce-specversion": "1.0"}
        headers |= {"Content-Type": "application/json", "Authorization": "Bearer an-unguessable-text-for-tests"}
        body = json.dumps({"learner": {"id": number}, "course": {"id": course}}).encode()
        answer = httpx.post(source["hook_url"], content=body, headers=headers, timeout=30, trust_env=False)
        return number, answer.status_code, answer.json()

    assert send("first")[1] == 200
    with ThreadPoolExecutor(16) as pool:
        others = [pool.submit(send, "first", course="8") for _ in range(4)]
        answers = [found.result() for found in [pool.submit(send, str(number % 8)) for number in range(32)]]
        assert [found.result()[1] for found in others] == [409] * 4
    assert {status for _, status, _ in answers} == {200}
    assert sorted(number for number, _, said in answers if said["status"] == "accepted") == [str(number) for number in range(8)]
    for name in range(8):
        assert len({said["delivery"] for number, _, said in answers if number == str(name)}) == 1
    assert sorted(item["repeats"] for item in deliveries(server, source)) == [0] + [3] * 8
