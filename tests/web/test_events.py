from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from badgeissuer.store import tables

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running, Until

SECRET = "c2VjcmV0LW9mLXRoZS1oYXJib3VyLXNjaG9vbC0x"
COMPLETED = {"all": [{"field": "type", "op": "eq", "value": "course_completed"}, {"field": "course", "op": "eq", "value": "25"}]}


def event(email: str, *, course: str = "25") -> bytes:
    data = {"event_id": email, "learner": {"id": email, "email": email}, "course": {"id": course}}
    return json.dumps({"type": "course_completed", "data": data}).encode()


def deliver(server: Running, source: dict[str, Any], body: bytes, *, key: str = "", secret: str = SECRET) -> httpx.Response:
    key, stamp = key or server.fresh("msg"), str(int(time.time()))
    signed = hmac.new(base64.b64decode(secret), f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {"webhook-id": key, "webhook-timestamp": stamp, "webhook-signature": f"v1,{base64.b64encode(signed).decode()}"}
    return server.stranger.post(source["hook_url"], content=body, headers=headers | {"Content-Type": "application/json"})


def items(server: Running, path: str, source: dict[str, Any], **asked: str) -> list[dict[str, Any]]:
    return [item for item in server.listed(path, **asked) if item["source"] == source["slug"]]


def connected(server: Running) -> dict[str, Any]:
    source = server.source()
    server.make("rules", {"achievement": server.published(), "source": source["slug"], "when": COMPLETED})
    return source


def test_an_event_becomes_a_badge_that_anybody_can_verify(server: Running, until: Until) -> None:
    source, email = connected(server), f"{server.fresh('learner')}@example.org"
    assert deliver(server, source, event(email)).json()["status"] == "accepted"
    until(lambda: [item["state"] for item in items(server, "awards", source)] == ["issued"])
    (award,) = server.api.get(f"/api/awards?source={source['slug']}").json()["items"]
    assert award["learner"]["email"] == email
    assert server.stranger.get("/verify", params={"url": award["credential"]["id"]}).json()["outcome"] == "VALID"
    (happened,) = server.api.get(f"/api/events?source={source['slug']}").json()["items"]
    assert (happened["type"], happened["course"], happened["event"]["learner"]["email"]) == ("course_completed", "25", email)
    assert [(found["outcome"], found["award"]) for found in happened["decisions"]] == [("awarded", award["id"])]
    (delivery,) = items(server, "deliveries", source)
    assert (delivery["state"], delivery["repeats"], delivery["id"]) == ("processed", 0, happened["delivery"])


def test_a_delivery_that_comes_again_is_counted_and_not_carried_out(server: Running) -> None:
    source, body = connected(server), event(f"{server.fresh('learner')}@example.org")
    key = server.fresh("msg")
    first, second = deliver(server, source, body, key=key), deliver(server, source, body, key=key)
    assert (first.json()["status"], second.json()["status"]) == ("accepted", "repeated")
    assert first.json()["delivery"] == second.json()["delivery"]
    assert [item["repeats"] for item in items(server, "deliveries", source)] == [1]


def test_another_delivery_under_the_same_id_is_refused(server: Running, refused: Refused) -> None:
    source, key = connected(server), server.fresh("msg")
    assert deliver(server, source, event("a@example.org"), key=key).is_success
    refused(deliver(server, source, event("b@example.org"), key=key), 409)


def test_a_course_without_a_rule_leaves_a_reason(server: Running, until: Until) -> None:
    source = connected(server)
    deliver(server, source, event(f"{server.fresh('learner')}@example.org", course="26"))
    until(lambda: bool(items(server, "events", source)))
    (happened,) = items(server, "events", source)
    assert [found["outcome"] for found in happened["decisions"]] == ["not_awarded"]
    assert happened["decisions"][0]["reason"]


def test_a_source_says_which_status_it_takes_for_success(server: Running) -> None:
    source = server.source(success_status=202)
    assert deliver(server, source, event("a@example.org")).status_code == 202


def test_strangers_learn_nothing_of_a_source(server: Running, refused: Refused) -> None:
    source, before = connected(server), server.rows()
    wrong = deliver(server, source, event("a@example.org"), secret="b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlcg==")
    unsigned = server.stranger.post(source["hook_url"], content=event("a@example.org"))
    nowhere = server.stranger.post(f"{server.base}/hooks/nothing-here", content=b"{}")
    assert refused(wrong, 401) == refused(unsigned, 401) == refused(nowhere, 401)
    assert server.rows() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type":"course_completed"}', b'{"type":"a","type":"b","data":{}}'])
def test_a_signed_body_that_cannot_be_read_is_refused_and_not_kept(server: Running, refused: Refused, body: bytes) -> None:
    source, before = server.source(), server.rows()
    before = server.rows()
    refused(deliver(server, source, body), 400)
    assert server.rows() == before


def test_a_source_of_canvas_takes_what_its_key_signed(server: Running, refused: Refused) -> None:
    key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    signature = {"scheme": "canvas_jwt", "jwks": {"keys": [key.as_dict(private=False)]}}
    source = server.source(adapter="canvas", signature=signature)
    metadata = {"event_name": "course_completed", "event_time": "2026-05-20T14:05:00.000Z", "request_id": "r1"}
    content = {"metadata": metadata, "body": {"course": {"id": "25"}, "user": {"id": "7", "email": "a@example.org"}}}
    header = {"typ": "JWT", "alg": "RS256", "kid": "k1"}
    signed = jws.serialize_compact(header, json.dumps(content).encode(), key, algorithms=["RS256"])
    assert server.stranger.post(source["hook_url"], content=signed).status_code == 200
    refused(server.stranger.post(source["hook_url"], content=signed[:-6] + "AAAAAA"), 401)


def test_the_secrets_of_a_source_are_never_told(server: Running) -> None:
    secret = "whsec_" + base64.b64encode(server.fresh("a-secret-that-nobody-may-see-again").encode()).decode()
    key = {"Idempotency-Key": server.fresh("key")}
    body = {
        "slug": server.fresh("sis"),
        "name": "x",
        "adapter": "native",
        "issuer": server.unit(),
        "signature": {"scheme": "standard_webhooks", "secrets": [secret]},
    }
    answers = [server.api.post("/api/sources", json=body, headers=key) for _ in range(2)]
    answers += [server.api.get(f"/api/sources/{body['slug']}"), server.api.get("/api/sources?limit=200")]
    answers += [server.api.post("/api/sources", json=body), server.api.post("/api/sources", json=body | {"slug": "No"})]
    assert [answer.status_code for answer in answers] == [201, 201, 200, 200, 409, 422]
    assert not any(secret.removeprefix("whsec_") in answer.text for answer in answers)


def test_a_malformed_secret_is_not_repeated_in_the_answer(server: Running, refused: Refused) -> None:
    body = {"slug": server.fresh("sis"), "name": "x", "adapter": "native", "issuer": server.unit()}
    signature = {"scheme": "standard_webhooks", "secrets": ["whsec_hunter2-hunter2!"]}
    found = refused(server.api.post("/api/sources", json=body | {"signature": signature}), 400, 422)
    assert "hunter2" not in json.dumps(found)


def test_only_an_administrator_may_connect_a_source_that_does_not_sign(server: Running, refused: Refused) -> None:
    body = {"slug": server.fresh("open"), "name": "x", "adapter": "native", "issuer": server.unit(), "signature": {"scheme": "none"}}
    issuer = server.bearer("issuer")
    refused(server.stranger.post("/api/sources", json=body | {"accept_unsigned": True}, headers=issuer), 403)
    refused(server.api.post("/api/sources", json=body), 422)
    made = server.make("sources", body | {"accept_unsigned": True})
    assert (made["signed"], made["signature_scheme"]) == (False, "none")
    assert server.stranger.post(made["hook_url"], content=event("a@example.org")).status_code == 200


def test_the_address_of_a_source_cannot_be_guessed(server: Running) -> None:
    source = server.source()
    tail = source["hook_url"].removeprefix(f"{server.base}/hooks/{source['slug']}-")
    assert len(tail) >= 22


@pytest.mark.parametrize(
    "change",
    [
        {"adapter": "nothing"},
        {"signature": {"scheme": "nothing"}},
        {"signature": {}},
        {"signature": {"scheme": "standard_webhooks", "secrets": []}},
        {"signature": {"scheme": "canvas_jwt", "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}},
        {"success_status": 500},
        {"success_status": "200 OK"},
        {"secret": "x"},
    ],
    ids=str,
)
def test_a_source_that_cannot_work_is_refused(server: Running, refused: Refused, change: dict[str, object]) -> None:
    plain = {"scheme": "standard_webhooks", "secrets": [f"whsec_{SECRET}"]}
    body = {"slug": server.fresh("sis"), "name": "x", "adapter": "native", "issuer": server.unit(), "signature": plain}
    before = server.rows()
    refused(server.api.post("/api/sources", json=body | change), 422)
    assert server.rows() == before


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"all": []},
        {"all": [{"field": "nothing", "op": "eq", "value": 1}]},
        {"all": [{"field": "type", "op": "like", "value": "x"}]},
        {"field": "type", "op": "eq"},
        {"all": "x"},
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_read_is_refused(server: Running, refused: Refused, when: dict[str, object]) -> None:
    body = {"achievement": server.published(), "source": server.source()["slug"], "when": when}
    before = server.rows()
    refused(server.api.post("/api/rules", json=body), 422)
    assert server.rows() == before


def test_a_rule_needs_a_published_achievement_and_a_source_of_the_same_issuer(server: Running, refused: Refused) -> None:
    source, draft = server.source()["slug"], server.make("achievements", server.draft())["slug"]
    refused(server.api.post("/api/rules", json={"achievement": draft, "source": source, "when": COMPLETED}), 409)
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    refused(server.api.post("/api/rules", json={"achievement": server.published(issuer=other), "source": source, "when": COMPLETED}), 409)


def test_a_rule_is_listed_as_it_was_made(server: Running) -> None:
    body = {"achievement": server.published(), "source": server.source()["slug"], "when": COMPLETED}
    made = server.make("rules", body)
    assert {name: made[name] for name in body} == body
    assert made["state"] == "active"
    del made["tried"]  # what it would have made of earlier events, when it was saved
    assert made in server.api.get("/api/rules?limit=200").json()["items"]


def test_a_delivery_that_failed_keeps_its_reason_and_can_be_tried_again(server: Running, refused: Refused, until: Until) -> None:
    source, email = connected(server), f"{server.fresh('learner')}@example.org"
    number = deliver(server, source, event(email)).json()["delivery"]
    until(lambda: [item["state"] for item in items(server, "deliveries", source)] == ["processed"])
    refused(server.api.post(f"/api/deliveries/{number}/retry"), 409)
    with server.service.writing() as session:
        row = session.get_one(tables.Delivery, number)
        row.state, row.reason = "failed", "The cable was cut."
    (failed,) = items(server, "deliveries", source, state="failed")
    assert failed["reason"] == "The cable was cut."
    assert server.api.post(f"/api/deliveries/{number}/retry").json()["state"] == "received"
    until(lambda: [item["state"] for item in items(server, "deliveries", source)] == ["processed"])
    assert len(items(server, "awards", source)) == 1
