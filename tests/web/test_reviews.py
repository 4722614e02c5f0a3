from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Until


def statement(learner: str, *, day: int, scaled: float) -> dict[str, Any]:
    """Return an xAPI statement: a score on a day of May."""
    return {
        "actor": {"mbox": f"mailto:{learner}@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/scored"},
        "object": {"id": "https://learn.example/a/1"},
        "result": {"score": {"scaled": scaled}},
        "timestamp": f"2026-05-{day:02}T14:01:31Z",
    }


def lowered(server: Running, until: Until) -> tuple[dict[str, Any], str]:
    """Return an open review, and the badge: a score was lowered after the badge was issued."""
    source = server.source(adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    when = {"all": [{"field": "result.scaled", "op": "ge", "value": 0.8}]}
    server.make("rules", {"achievement": server.published(), "source": source["slug"], "when": when})
    learner = server.fresh("learner")

    def awards() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = server.api.get(f"/api/awards?source={source['slug']}").json()["items"]
        return found

    def reviews() -> list[dict[str, Any]]:
        found = server.api.get("/api/reviews?state=open&limit=200").json()["items"]
        return [item for item in found if item["award"] in {award["id"] for award in awards()}]

    server.stranger.post(source["hook_url"], json=statement(learner, day=1, scaled=0.9))
    until(lambda: [award["state"] for award in awards()] == ["issued"])
    server.stranger.post(source["hook_url"], json=statement(learner, day=2, scaled=0.2))
    until(lambda: len(reviews()) == 1)
    return reviews()[0], str(awards()[0]["credential"]["id"])


@pytest.mark.parametrize(("resolution", "outcome"), [("kept", "VALID"), ("revoked", "INVALID")])
def test_a_badge_that_lost_its_grounds_is_reviewed_by_a_person(
    server: Running, until: Until, refused: Refused, resolution: str, outcome: str
) -> None:
    review, badge = lowered(server, until)
    assert (review["kind"], review["state"], review["closed_by"]) == ("changed", "open", None)
    assert server.stranger.get("/verify", params={"url": badge}).json()["outcome"] == "VALID"
    path = f"/api/reviews/{review['id']}/resolve"
    closed = server.api.post(path, json={"resolution": resolution, "note": "Looked at by the board."}).json()
    assert (closed["state"], closed["note"]) == (resolution, "Looked at by the board.")
    assert closed["closed_by"]
    until(lambda: bool(server.stranger.get("/verify", params={"url": badge}).json()["outcome"] == outcome))
    refused(server.api.post(path, json={"resolution": resolution, "note": "Again."}), 409)
    assert review["id"] in [item["id"] for item in server.api.get(f"/api/reviews?state={resolution}&limit=200").json()["items"]]


@pytest.mark.parametrize("body", [{}, {"resolution": "kept"}, {"resolution": "open", "note": "x"}, {"resolution": "kept", "note": ""}])
def test_a_review_is_closed_with_a_word(server: Running, refused: Refused, body: dict[str, str]) -> None:
    refused(server.api.post("/api/reviews/1/resolve", json=body), 422)


def test_a_review_that_is_not_there_cannot_be_closed(server: Running, refused: Refused) -> None:
    refused(server.api.post("/api/reviews/999999999/resolve", json={"resolution": "kept", "note": "x"}), 404)
