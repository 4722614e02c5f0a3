"""Versions of an achievement: what changed, whom it touches, and how it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.microcredentials import CHARTS

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Until

JsonObject = dict[str, Any]


def members(draft: JsonObject) -> JsonObject:
    return {name: value for name, value in draft.items() if name not in {"issuer", "slug"}}


def get(server: Running, slug: str, what: str, **asked: int) -> JsonObject:
    answer = server.api.get(f"/api/achievements/{slug}/{what}", params=asked)
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


@pytest.fixture
def draft(server: Running) -> JsonObject:
    """A whole achievement of a unit of its own, published."""
    unit = server.make("issuers", {"slug": server.fresh("unit"), "name": "Harbour School"})["slug"]
    found = server.draft(issuer=unit, **CHARTS)
    server.make("achievements", found)
    server.make(f"achievements/{found['slug']}/publish", {}, expect=200)
    return found


def change(server: Running, draft: JsonObject, **to: object) -> str:
    slug: str = draft["slug"]
    answer = server.api.put(f"/api/achievements/{slug}", json=members(draft) | to)
    assert answer.status_code == 200, answer.text
    return slug


def test_the_draft_is_compared_with_what_is_published(server: Running, draft: JsonObject) -> None:
    assert get(server, draft["slug"], "changes") == {"since": 1, "to": None, "is_major": False, "changes": []}
    slug = change(server, draft, name="Charts", creditsAvailable=2.2)
    found = get(server, slug, "changes")
    assert found["is_major"] is True
    assert found["changes"] == [
        {"pointer": "/name", "kind": "changed", "before": "Reading Coastal Charts", "after": "Charts", "is_major": False},
        {"pointer": "/creditsAvailable", "kind": "changed", "before": 2, "after": 2.2, "is_major": True},
    ]


def test_versions_are_listed_linked_and_compared(server: Running, draft: JsonObject) -> None:
    slug = change(server, draft, description="Plans a passage.", related=[{"id": "https://x.example/fr", "inLanguage": "fr"}])
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    listed = get(server, slug, "versions")["items"]
    assert [(item["version"], item["id"], item["review_date"]) for item in listed] == [
        (2, f"{server.base}/a/{slug}/2", "2029-06-30"),
        (1, f"{server.base}/a/{slug}/1", "2029-06-30"),
    ]
    related = server.stranger.get(f"/a/{slug}/2").json()["related"]
    assert [(item["id"], item.get("version")) for item in related] == [
        ("https://x.example/fr", None),
        (f"{server.base}/a/{slug}/1", "1"),
    ]
    assert "related" not in server.stranger.get(f"/a/{slug}/1").json()
    found = get(server, slug, "changes", since=1, to=2)
    assert (found["since"], found["to"], found["is_major"]) == (1, 2, False)
    assert [item["pointer"] for item in found["changes"]] == ["/description", "/related/https:~1~1x.example~1fr"]
    assert get(server, slug, "changes")["changes"] == []


def test_of_a_draft_alone_nothing_can_be_compared(server: Running, refused: Refused) -> None:
    slug = server.make("achievements", server.draft())["slug"]
    refused(server.api.get(f"/api/achievements/{slug}/changes"), 409)
    assert get(server, slug, "standing") == {
        "slug": slug,
        "retired_at": None,
        "retired_reason": None,
        "review_date": None,
        "days_left": None,
        "review": "none",
        "awarded": False,
    }


def test_a_version_that_is_not_there_cannot_be_compared(server: Running, draft: JsonObject, refused: Refused) -> None:
    refused(server.api.get(f"/api/achievements/{draft['slug']}/changes", params={"since": 7}), 404)


def test_whom_a_change_touches_is_counted(server: Running, draft: JsonObject) -> None:
    unit, slug = draft["issuer"], draft["slug"]
    empty = {"rules": [], "listening": [], "issued": 0, "waiting": 0, "batches": 0, "requiring": [], "stacking": [], "elsewhere": 0}
    assert get(server, slug, "impact") == empty
    server.award(achievement=slug)
    server.make("awards", {"achievement": slug, "learner": {"source_id": server.fresh("nameless")}})
    source = server.source(issuer=unit)["slug"]
    when = {"all": [{"field": "type", "op": "eq", "value": "done"}]}
    rule = server.make("rules", {"achievement": slug, "source": source, "when": when})["id"]
    larger = server.published(issuer=unit, prerequisites=[slug])
    server.published(issuer=unit, stacksInto=[slug])
    stack = server.make("rules", {"achievement": larger, "parts": {"at_least": 1, "of": [{"badge": slug}]}})["id"]
    found = get(server, slug, "impact")
    assert (found["rules"], found["issued"], found["waiting"]) == ([rule], 1, 1)
    assert (found["requiring"], len(found["stacking"])) == ([larger], 1)
    assert found["listening"] == [stack]


def test_what_is_retired_is_awarded_to_nobody_new_and_stays_valid(server: Running, draft: JsonObject, refused: Refused) -> None:
    slug = draft["slug"]
    learner = {"email": f"{server.fresh('learner')}@example.org"}
    earlier = server.make("awards", {"achievement": slug, "learner": learner})
    nameless = server.fresh("nameless")
    waiting = server.make("awards", {"achievement": slug, "learner": {"source_id": nameless}})
    order = {"key": server.fresh("roster"), "achievement": slug, "rows": [{"learner": {"email": f"{server.fresh('row')}@example.org"}}]}
    accepted = server.make("batches", order, expect=202)
    retired = server.make(f"achievements/{slug}/retire", {"reason": "A newer course takes its place."}, expect=200)
    assert (retired["awarded"], retired["retired_reason"]) == (False, "A newer course takes its place.")
    found = refused(server.api.post("/api/awards", json={"achievement": slug, "learner": {"email": "a@example.org"}}), 409)
    assert found["detail"].endswith("A newer course takes its place.")
    roster = server.api.post("/api/batches", json={"achievement": slug, "rows": [{"learner": {"email": "b@example.org"}}]})
    refused(roster, 409)
    again = server.api.post("/api/batches", json=order)
    assert again.status_code == 202, again.text
    assert again.json()["id"] == accepted["id"]  # whose answer may have been lost
    badge = server.stranger.get(earlier["credential"]["id"], headers={"Accept": "application/json"}).json()
    assert server.stranger.post("/verify", json=badge).json()["outcome"] == "VALID"
    assert server.stranger.get(f"/a/{slug}/1").status_code == 200
    assert server.api.get(f"/api/awards/{waiting['id']}").json()["state"] == "needs_identity"
    known = {"source_id": nameless, "email": f"{nameless}@example.org"}
    assert server.make("awards", {"achievement": slug, "learner": known})["id"] == waiting["id"]
    assert server.api.get(f"/api/awards/{waiting['id']}").json()["state"] == "issued"
    refused(server.api.post(f"/api/achievements/{slug}/retire", json={"reason": "again"}), 409)
    assert server.make(f"achievements/{slug}/reopen", None, expect=200)["awarded"] is True
    refused(server.api.post(f"/api/achievements/{slug}/reopen"), 409)
    assert server.make("awards", {"achievement": slug, "learner": {"email": "a@example.org"}})["state"] == "issued"


def test_an_event_for_what_is_retired_is_decided_with_its_reason(server: Running, draft: JsonObject, until: Until) -> None:
    unit, slug = draft["issuer"], draft["slug"]
    source = server.source(issuer=unit, adapter="cloudevents", signature={"scheme": "bearer", "secrets": ["an-unguessable-text-for-tests"]})
    when = {"all": [{"field": "type", "op": "eq", "value": "done"}]}
    server.make("rules", {"achievement": slug, "source": source["slug"], "when": when})
    server.make(f"achievements/{slug}/retire", {"reason": "It is over."}, expect=200)
    headers = {"ce-id": "1", "ce-source": "/lms", "ce-type": "done", "ce-specversion": "1.0", "Content-Type": "application/json"}
    headers |= {"Authorization": "Bearer an-unguessable-text-for-tests"}
    body = json.dumps({"learner": {"id": "7", "email": "seven@example.org"}}).encode()
    assert server.stranger.post(source["hook_url"], content=body, headers=headers).status_code == 200

    def decisions() -> list[JsonObject]:
        return [decision for item in server.listed("events", source=source["slug"]) for decision in item["decisions"]]

    until(lambda: bool(decisions()))
    (found,) = decisions()
    assert found["outcome"] == "not_awarded"
    assert found["reason"].endswith("It is over.")


@pytest.mark.parametrize(
    ("days", "state"), [(400, "ahead"), (180, "due_180"), (90, "due_90"), (30, "due_30"), (0, "due_30"), (-1, "overdue")]
)
def test_the_review_date_comes_nearer(server: Running, days: int, state: str) -> None:
    due = (datetime.now(UTC) + timedelta(days=days)).date()
    found = get(server, server.published(reviewDate=due.isoformat()), "standing")
    assert (found["review_date"], found["review"]) == (due.isoformat(), state)
    assert found["days_left"] in {days, days - 1}
    assert found["awarded"] is True  # but where its unit says otherwise


def test_what_nobody_reviewed_in_time_is_awarded_no_more_where_its_unit_says_so(server: Running, refused: Refused) -> None:
    unit = server.make("issuers", {"slug": server.fresh("unit"), "name": "Strict", "pauses_overdue": True})["slug"]
    draft = server.draft(issuer=unit, reviewDate="2026-01-31")
    slug = server.make("achievements", draft)["slug"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    body = {"achievement": slug, "learner": {"email": "late@example.org"}}
    found = refused(server.api.post("/api/awards", json=body), 409)
    assert "was to be reviewed by 2026-01-31" in found["detail"]
    assert get(server, slug, "standing")["awarded"] is False
    change(server, draft, reviewDate="2036-01-31")
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    assert server.make("awards", body)["state"] == "issued"
    assert server.api.patch(f"/api/issuers/{unit}", json={"pauses_overdue": False}).json()["pauses_overdue"] is False
