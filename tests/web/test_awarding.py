from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running


def learner(server: Running) -> dict[str, str]:
    return {"email": f"{server.fresh('learner')}@example.org", "name": "Asha Rao"}


def verdict(server: Running, award: dict[str, object]) -> str:
    credential = award["credential"]
    assert isinstance(credential, dict)
    outcome: str = server.stranger.get("/verify", params={"url": credential["id"]}).json()["outcome"]
    return outcome


def test_an_award_answers_with_the_badge_that_was_issued(server: Running) -> None:
    achievement, person = server.published(), learner(server)
    made = server.make("awards", {"achievement": achievement, "learner": person, "awarded_at": "2026-05-20T14:05:00+02:00"})
    assert (made["state"], made["achievement"], made["version"], made["awarded_at"]) == ("issued", achievement, 1, "2026-05-20T12:05:00Z")
    assert made["learner"] == person | {"source_id": None, "did": None}
    badge = server.stranger.get(made["credential"]["id"]).json()
    assert badge["id"] == made["credential"]["id"]
    assert (badge["awardedDate"], badge["credentialSubject"]["achievement"]["id"]) == (
        "2026-05-20T12:05:00Z",
        f"{server.base}/a/{achievement}/1",
    )
    assert server.api.get(f"/api/awards/{made['id']}").json() == made
    assert verdict(server, made) == "VALID"


def test_results_and_evidence_stand_in_the_badge(server: Running) -> None:
    test = {"id": "#test", "name": "Test", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}
    achievement = server.published(resultDescription=[test])
    results = [{"resultDescription": "#test", "value": "83"}]
    evidence = [{"id": "https://portfolio.example/knots", "name": "Ten knots"}]
    made = server.award(achievement=achievement, results=results, evidence=evidence, narrative="Steady hands.", credits_earned=2)
    badge = server.stranger.get(made["credential"]["id"]).json()
    subject = badge["credentialSubject"]
    assert (subject["result"][0]["value"], subject["narrative"], subject["creditsEarned"]) == ("83", "Steady hands.", 2)
    assert subject["result"][0]["resultDescription"] == subject["achievement"]["resultDescription"][0]["id"]
    assert badge["evidence"][0]["id"] == "https://portfolio.example/knots"
    assert verdict(server, made) == "VALID"


@pytest.mark.parametrize(
    "members",
    [
        {"results": [{"resultDescription": "#nothing", "value": "83"}]},
        {"results": [{"value": "83", "grade": "A"}]},
        {"evidence": [{"id": "https://portfolio.example/a b"}]},
        {"evidence": [{"id": "https://portfolio.example/a", "verdict": "brilliant"}]},
        {"evidence": [{"id": "https://portfolio.example/a", "@included": []}]},
        {"evidence": [{"id": "https://portfolio.example/a", "name": "\u0001"}]},
        {"narrative": "\u0007"},
        {"credits_earned": -1},
        {"valid_until": "2020-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_what_could_not_be_signed_is_refused_and_nothing_is_stored(server: Running, refused: Refused, members: dict[str, object]) -> None:
    body, before = {"achievement": server.published(), "learner": learner(server)}, server.rows
    counted = before()
    refused(server.api.post("/api/awards", json=body | members), 422)
    assert server.rows() == counted


def test_a_learner_is_awarded_an_achievement_once(server: Running, refused: Refused) -> None:
    body = {"achievement": server.published(), "learner": learner(server)}
    made = server.make("awards", body)
    found = refused(server.api.post("/api/awards", json=body), 409)
    assert (found["type"], found["award"]) == ("urn:badgeissuer:problem:already-awarded", made["id"])
    assert server.make("awards", body | {"scope": "spring 2027"})["credential"]["id"] != made["credential"]["id"]


def test_an_award_needs_a_published_achievement(server: Running, refused: Refused) -> None:
    slug = server.make("achievements", server.draft())["slug"]
    refused(server.api.post("/api/awards", json={"achievement": slug, "learner": learner(server)}), 409)
    refused(server.api.post("/api/awards", json={"achievement": "nothing-here", "learner": learner(server)}), 404)


def test_an_award_needs_somebody(server: Running, refused: Refused) -> None:
    found = refused(server.api.post("/api/awards", json={"achievement": server.published(), "learner": {"name": "Asha Rao"}}), 422)
    assert found["errors"][0]["pointer"] == "/learner"


def test_a_learner_without_an_address_waits_for_one(server: Running, refused: Refused) -> None:
    achievement, person = server.published(), server.fresh("sis")
    made = server.make("awards", {"achievement": achievement, "learner": {"source_id": person}})
    assert (made["state"], made["credential"]) == ("needs_identity", None)
    assert "e-mail" in made["reason"]
    refused(server.api.post(f"/api/awards/{made['id']}/retry"), 409)
    server.award(learner={"source_id": person} | learner(server))
    retried = server.api.post(f"/api/awards/{made['id']}/retry")
    assert (retried.status_code, retried.json()["state"]) == (200, "issued")
    assert verdict(server, retried.json()) == "VALID"


def test_an_award_that_is_issued_cannot_be_tried_again(server: Running, refused: Refused) -> None:
    refused(server.api.post(f"/api/awards/{server.award()['id']}/retry"), 409)


def test_awards_can_be_listed_by_state(server: Running) -> None:
    waiting = server.make("awards", {"achievement": server.published(), "learner": {"source_id": server.fresh("sis")}})
    states = {item["id"]: item["state"] for item in server.api.get("/api/awards?state=needs_identity&limit=200").json()["items"]}
    assert states[waiting["id"]] == "needs_identity"
    assert set(states.values()) == {"needs_identity"}


def test_the_same_request_under_one_key_is_carried_out_once(server: Running) -> None:
    body, key = {"achievement": server.published(), "learner": learner(server)}, {"Idempotency-Key": server.fresh("key")}
    first = server.make("awards", body, headers=key)
    counted = server.rows()
    assert server.make("awards", body, headers=key) == first
    assert server.rows() == counted


def test_a_key_cannot_be_used_for_another_request(server: Running, refused: Refused) -> None:
    body, key = {"achievement": server.published(), "learner": learner(server)}, {"Idempotency-Key": server.fresh("key")}
    server.make("awards", body, headers=key)
    counted = server.rows()
    found = refused(server.api.post("/api/awards", json=body | {"scope": "other"}, headers=key), 409)
    assert found["type"] == "urn:badgeissuer:problem:idempotency-key-reused"
    refused(server.api.post("/api/issuers", json={"slug": server.fresh("issuer"), "name": "x"}, headers=key), 409)
    assert server.rows() == counted


def test_a_request_that_failed_leaves_its_key_free(server: Running, refused: Refused) -> None:
    body, key = {"achievement": "nothing-here", "learner": learner(server)}, {"Idempotency-Key": server.fresh("key")}
    refused(server.api.post("/api/awards", json=body, headers=key), 404)
    assert server.make("awards", body | {"achievement": server.published()}, headers=key)["state"] == "issued"


def test_two_requests_at_once_under_one_key_make_one_award(server: Running) -> None:
    body, key = {"achievement": server.published(), "learner": learner(server)}, {"Idempotency-Key": server.fresh("key")}
    before = server.rows()["award"]

    def post(_: int) -> httpx.Response:
        return httpx.post(f"{server.base}/api/awards", json=body, headers=dict(server.api.headers) | key, timeout=30, trust_env=False)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["credential"]["id"] for answer in answers}) == 1
    assert server.rows()["award"] == before + 1


def test_a_revocation_shows_in_the_status_list_and_in_the_verdict(server: Running) -> None:
    made = server.award()
    badge = server.stranger.get(made["credential"]["id"]).json()
    address = badge["credentialStatus"]["statusListCredential"]
    before = server.stranger.get(address)
    uuid = made["credential"]["id"].rpartition("/")[2]
    answer = server.api.post(f"/api/credentials/{uuid}/revoke", json={"reason": "Issued to the wrong person."})
    assert answer.status_code == 200
    assert answer.json() == made["credential"] | {"revoked": True, "reason": "Issued to the wrong person."}
    after = server.stranger.get(address)
    assert before.json()["credentialSubject"]["encodedList"] != after.json()["credentialSubject"]["encodedList"]
    assert before.headers["etag"] != after.headers["etag"]
    report = server.stranger.get("/verify", params={"url": made["credential"]["id"]}).json()
    assert (report["outcome"], [step["name"] for step in report["steps"] if step["outcome"] == "INVALID"]) == ("INVALID", ["status"])


def test_revoking_twice_keeps_the_first_reason(server: Running) -> None:
    uuid = server.award()["credential"]["id"].rpartition("/")[2]
    for reason in ("first", "second"):
        answer = server.api.post(f"/api/credentials/{uuid}/revoke", json={"reason": reason})
        assert (answer.status_code, answer.json()["reason"]) == (200, "first")


def test_revoking_one_badge_leaves_the_others_alone(server: Running) -> None:
    achievement = server.published()
    one, other = server.award(achievement=achievement), server.award(achievement=achievement)
    server.make(f"credentials/{one['credential']['id'].rpartition('/')[2]}/revoke", {"reason": "x"}, expect=200)
    assert (verdict(server, one), verdict(server, other)) == ("INVALID", "VALID")


def test_what_is_not_there_cannot_be_revoked(server: Running, refused: Refused) -> None:
    address = "/api/credentials/00000000-0000-4000-8000-000000000000/revoke"
    refused(server.api.post(address, json={"reason": "x"}), 404)
