"""Rules and approvals over HTTP, and the page where people agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.web import steps

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, SignIn, Until


SCORED = "http://adlnet.gov/expapi/verbs/scored"


def lrs(server: Running, issuer: str) -> dict[str, Any]:
    body = {"slug": server.fresh("lrs"), "name": "LRS", "adapter": "xapi", "issuer": issuer, "signature": {"scheme": "none"}}
    return dict(server.make("sources", body | {"accept_unsigned": True}))


def say(source: dict[str, Any], email: str, scaled: float, *, item: str = "urn:x:a", day: int = 1) -> None:
    statement = {
        "actor": {"mbox": f"mailto:{email}"},
        "verb": {"id": SCORED},
        "object": {"id": item},
        "result": {"score": {"scaled": scaled}},
        "timestamp": f"2026-05-{day:02d}T12:00:00Z",
    }
    assert httpx.post(source["hook_url"], json=statement).status_code == 200


def at_least(share: float) -> dict[str, Any]:
    return {"all": [{"field": "result.scaled", "op": "ge", "value": share}]}


def awards(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    return list(server.api.get("/api/awards", params={"source": source["slug"]}).json()["items"])


@pytest.fixture
def place(sqlite_server: Running) -> tuple[dict[str, Any], str]:
    """A source, and an achievement of the same unit."""
    unit = sqlite_server.unit()
    return lrs(sqlite_server, unit), sqlite_server.published(issuer=unit)


def test_a_rule_is_tried_made_changed_and_put_before_what_came_earlier(
    sqlite_server: Running, place: tuple[dict[str, Any], str], until: Until
) -> None:
    source, achievement = place
    for name, share in (("asha", 0.9), ("lee", 0.6), ("kim", 0.2)):
        say(source, f"{name}@example.org", share)
    found = {"achievement": achievement, "source": source["slug"]}
    listed = {"source": source["slug"]}
    until(lambda: len(sqlite_server.api.get("/api/events", params=listed).json()["items"]) == 3)
    tried = sqlite_server.api.post("/api/rules/preview", json=found | {"when": at_least(0.5)}).json()
    assert (tried["events"], tried["fired"], tried["learners"], tried["is_all"], tried["days"]) == (3, 2, 2, True, 30)
    assert tried["reasons"] == [{"reason": "Not awarded because result.scaled is 0.2; it should be at least 0.5.", "count": 1}]
    rule = sqlite_server.make("rules", found | {"when": at_least(0.8)})
    address, saved = f"/api/rules/{rule['id']}", rule.pop("tried")
    assert (saved["events"], saved["fired"], saved["learners"]) == (3, 1, 1)
    assert sorted(item["reason"] for item in saved["reasons"]) == [
        "Not awarded because result.scaled is 0.2; it should be at least 0.8.",
        "Not awarded because result.scaled is 0.6; it should be at least 0.8.",
    ]
    assert sqlite_server.api.get(address).json() == rule
    dry = sqlite_server.api.post(f"{address}/backfill", json={}).json()
    assert (dry["events"], dry["tried"]["learners"]) == (3, 1)
    assert awards(sqlite_server, source) == []
    changed = sqlite_server.api.patch(address, json={"when": at_least(0.5), "policy": {"approvals": 0}}).json()
    assert (changed["revision"], changed["when"], changed["policy"]) == (2, at_least(0.5), {"approvals": 0})
    assert changed["tried"] == tried
    done = sqlite_server.api.post(f"{address}/backfill", json={"dry_run": False, "since": "2020-01-01T00:00:00Z"}).json()
    assert done == {"events": 3, "tried": None}
    until(lambda: sorted(item["state"] for item in awards(sqlite_server, source)) == ["issued", "issued"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"when": at_least(0.5), "parts": {"of": [{"badge": "x"}]}}, ""),
        ({"when": {"all": [{"field": "shoe", "op": "eq", "value": 1}]}}, "/when/all/0/field"),
        ({"parts": {"of": [{"badge": "nothing-here"}]}}, "/parts/of/0/badge"),
        ({"when": at_least(0.5), "policy": {"hold_days": -1}}, "/policy/hold_days"),
        ({"when": at_least(0.5), "mapping": {"results": [{"result": "#none"}]}}, "/mapping/results/0/result"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(
    sqlite_server: Running, place: tuple[dict[str, Any], str], refused: Refused, body: dict[str, Any], pointer: str
) -> None:
    source, achievement = place
    answer = sqlite_server.api.post("/api/rules", json={"achievement": achievement, "source": source["slug"]} | body)
    assert [error["pointer"] for error in refused(answer, 422)["errors"]] == [pointer]


@pytest.mark.parametrize("by", ["api", "page"])
def test_people_agree_or_refuse(sqlite_server: Running, place: tuple[dict[str, Any], str], until: Until, sign_in: SignIn, by: str) -> None:
    source, achievement = place
    rule = {"achievement": achievement, "source": source["slug"], "when": at_least(0.5), "policy": {"approvals": 1}}
    sqlite_server.make("rules", rule)
    for name in ("asha", "lee"):
        say(source, f"{name}-{by}@example.org", 0.9)
    until(lambda: [item["state"] for item in awards(sqlite_server, source)] == ["needs_approval"] * 2)
    answers = {"asha": "approve", "lee": "refuse"}
    client = sign_in("reviewer")
    for item in awards(sqlite_server, source):
        answer = answers[item["learner"]["email"].partition("-")[0]]
        if by == "api":
            who = sqlite_server.bearer("reviewer")
            found = sqlite_server.stranger.post(f"/api/awards/{item['id']}/{answer}", json={"note": "Seen."}, headers=who).json()
            assert (found["needed"], len(found["approvals"])) == (1, 1 if answer == "approve" else 0)
        else:
            page = client.get("/staff/approvals").text
            assert item["learner"]["email"] in page
            key = steps.key_of(page)
            empty = client.post(f"/staff/approvals/{item['id']}/{answer}", data={"key": key, "note": " "})
            assert empty.status_code == 422
            sent = client.post(f"/staff/approvals/{item['id']}/{answer}", data={"key": key, "note": "Seen."})
            assert (sent.status_code, sent.headers["location"]) == (303, "/staff/approvals")
    until(lambda: sorted(item["state"] for item in awards(sqlite_server, source)) == ["cancelled", "issued"])


def test_the_source_of_our_own_badges_has_no_address_and_nothing_to_set_up(
    sqlite_server: Running, place: tuple[dict[str, Any], str], refused: Refused, sign_in: SignIn
) -> None:
    source, achievement = place
    whole = sqlite_server.published(issuer=source["issuer"])
    rule = sqlite_server.make("rules", {"achievement": whole, "parts": {"of": [{"badge": achievement}]}})
    found = sqlite_server.api.get(f"/api/sources/{rule['source']}").json()
    assert (found["adapter"], found["hook_url"], found["signed"]) == ("badges", None, True)
    refused(sqlite_server.api.patch(f"/api/sources/{rule['source']}", json={"state": "disabled"}), 409)
    page = sign_in("admin").get(f"/staff/sources/{rule['source']}").text
    assert "Nothing is delivered to it from outside." in page
    assert "Make a new secret" not in page
