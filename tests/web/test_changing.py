from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from badgeissuer import problem

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

NEW_SECRET = "whsec_bmV3LXNlY3JldC1vZi10aGUtaGFyYm91ci1zY2hvb2w="


def test_a_source_is_changed_in_what_is_given_and_keeps_its_address(server: Running) -> None:
    source = server.source()
    changed = server.api.patch(f"/api/sources/{source['slug']}", json={"name": "New name", "state": "disabled", "success_status": 202})
    assert changed.status_code == 200
    assert changed.json() == source | {"name": "New name", "state": "disabled", "success_status": 202}
    rotated = {"scheme": "standard_webhooks", "secrets": [NEW_SECRET]}
    answer = server.api.patch(f"/api/sources/{source['slug']}", json={"signature": rotated, "state": "active"})
    assert (answer.json()["state"], NEW_SECRET in answer.text) == ("active", False)


def test_a_source_that_stops_signing_needs_an_administrator_who_says_so(server: Running, refused: Refused) -> None:
    source = server.source()
    unsigned = {"signature": {"scheme": "none"}}
    path = f"/api/sources/{source['slug']}"
    refused(server.api.patch(path, json=unsigned), 422)
    issuer = server.bearer("issuer", issuer=source["issuer"])
    refused(server.stranger.patch(path, json=unsigned | {"accept_unsigned": True}, headers=issuer), 403)
    assert server.api.patch(path, json=unsigned | {"accept_unsigned": True}).json()["signed"] is False


def test_a_rule_rests(server: Running, refused: Refused) -> None:
    source = server.source()
    when = {"all": [{"field": "type", "op": "eq", "value": "x"}]}
    made = server.make("rules", {"achievement": server.published(), "source": source["slug"], "when": when})
    assert server.api.patch(f"/api/rules/{made['id']}", json={"state": "disabled"}).json() == made | {"state": "disabled", "tried": None}
    refused(server.api.patch(f"/api/rules/{made['id']}", json={"state": "asleep"}), 422)
    both = {"when": made["when"], "parts": {"of": [{"when": made["when"]}]}}
    said = refused(server.api.patch(f"/api/rules/{made['id']}", json=both), 422)
    assert "either when or parts" in said["errors"][0]["detail"]


@pytest.mark.parametrize("path", ["/c/xyz", "/c/xyz.json", "/status-lists/x", "/c/00000000-0000-4000-8000-000000000000.png"])
def test_an_address_of_nothing_is_not_found_however_it_is_written(server: Running, refused: Refused, path: str) -> None:
    assert refused(server.stranger.get(path), 404)["detail"] == problem.NOTHING


def test_what_is_another_issuers_looks_like_what_is_not_there(server: Running) -> None:
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    bound = server.bearer("issuer", issuer=other)
    theirs = server.stranger.get(f"/api/achievements/{server.published()}", headers=bound)
    nothing = server.stranger.get("/api/achievements/nothing", headers=bound)
    assert theirs.json() == nothing.json()


def test_what_one_issuer_says_of_a_person_never_reaches_another(server: Running) -> None:
    ours, theirs = server.published(), server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    foreign = server.published(issuer=theirs)
    email = f"{server.fresh('victim')}@example.org"
    told = {"email": email, "name": "Victim", "source_id": "LMS-7", "did": "did:key:z6MkrwA9yTtqRXvXzvMzF4mFZ1qkZVZ3xC5vVQ5cXQ8mZ5Jv"}
    server.award(achievement=foreign, learner=told)
    award = server.award(achievement=ours, learner={"email": email})
    assert award["learner"] == {"email": email, "name": None, "source_id": None, "did": None}
    badge = server.stranger.get(award["credential"]["id"]).json()
    assert "id" not in badge["credentialSubject"]


def test_a_slip_of_the_pen_in_evidence_is_not_signed(server: Running, refused: Refused) -> None:
    body = {"achievement": server.published(), "learner": {"email": "asha@example.org"}, "evidence": [{"url": "https://x.example/"}]}
    assert refused(server.api.post("/api/awards", json=body), 422)["errors"][0]["pointer"] == "/evidence/0/url"


@pytest.mark.parametrize("member", [{"awarded_at": "2999-01-01T00:00:00Z"}, {"credits_earned": 1e300}, {"credits_earned": -1}])
def test_what_cannot_be_is_not_awarded(server: Running, refused: Refused, member: dict[str, object]) -> None:
    body = {"achievement": server.published(), "learner": {"email": "asha@example.org"}}
    refused(server.api.post("/api/awards", json=body | member), 422)


def test_a_finding_on_a_draft_points_into_the_draft(server: Running, refused: Refused) -> None:
    found = refused(server.api.post("/api/achievements", json=server.draft(tag="rope")), 422)["errors"]
    assert [finding["pointer"] for finding in found] == ["/tag"]


def test_strangers_cannot_hold_up_writers(sqlite_server: Running, refused: Refused) -> None:
    """A delivery to an address that is none is refused while the database is locked: nothing is written before it is found good."""
    with sqlite_server.service.database.connect() as connection:
        connection.execute(text("UPDATE issuer SET name = name"))  # the write lock, held
        refused(sqlite_server.stranger.post(f"/hooks/{uuid.uuid4()}", content=json.dumps({"a": 1})), 401)
        assert sqlite_server.stranger.get("/healthz").status_code == 200
        connection.rollback()


def test_an_award_answers_with_the_digest_of_the_bytes(server: Running) -> None:
    made = server.award()["credential"]
    assert hashlib.sha256(server.stranger.get(made["id"]).content).hexdigest() == made["sha256"]
