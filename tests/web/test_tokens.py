from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running


def test_a_token_is_told_once(server: Running) -> None:
    key = {"Idempotency-Key": server.fresh("key")}
    body = {"name": "automation", "role": "auditor", "expires_at": "2999-01-01T00:00:00Z"}
    made, again = (server.make("tokens", body, headers=key) for _ in range(2))
    secret = made.pop("token")
    assert re.fullmatch(r"[A-Za-z0-9_.-]{30,}", secret)
    assert again == made | {"token": None}
    assert secret.rpartition("_")[2] not in server.api.get("/api/tokens?limit=200").text
    assert server.stranger.get("/api/awards", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_only_the_digest_of_a_token_is_stored(server: Running) -> None:
    made = server.make("tokens", {"name": "automation", "role": "auditor"})
    secret = made["token"].rpartition("_")[2]
    with server.service.reading() as session:
        row = session.scalars(select(tables.ApiToken).where(tables.ApiToken.public_id == made["id"])).one()
    assert row.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()


def test_a_token_ends_when_it_is_revoked(server: Running, refused: Refused) -> None:
    made = server.make("tokens", {"name": "automation", "role": "auditor"})
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert server.stranger.get("/api/awards", headers=bearer).status_code == 200
    ended = server.api.delete(f"/api/tokens/{made['id']}")
    assert (ended.status_code, ended.json()["revoked_at"] is None) == (200, False)
    refused(server.stranger.get("/api/awards", headers=bearer), 401)
    assert server.api.delete(f"/api/tokens/{made['id']}").json() == ended.json()


def test_the_day_of_last_use_is_noted(server: Running) -> None:
    made = server.make("tokens", {"name": "automation", "role": "auditor"})
    assert made["last_used_on"] is None
    server.stranger.get("/api/awards", headers={"Authorization": f"Bearer {made['token']}"})
    found = {item["id"]: item["last_used_on"] for item in server.api.get("/api/tokens?limit=200").json()["items"]}
    assert found[made["id"]] == server.service.now().date().isoformat()


def test_a_token_can_be_bound_to_an_issuer_that_there_is(server: Running, refused: Refused) -> None:
    assert server.make("tokens", {"name": "x", "role": "issuer", "issuer": server.unit()})["issuer"] == server.unit()
    refused(server.api.post("/api/tokens", json={"name": "x", "role": "issuer", "issuer": "nobody-here"}), 404)


def test_a_token_cannot_be_over_before_it_begins(server: Running, refused: Refused) -> None:
    refused(server.api.post("/api/tokens", json={"name": "x", "role": "issuer", "expires_at": "2020-01-01T00:00:00Z"}), 422)


def test_a_token_in_the_address_does_not_count(server: Running, refused: Refused) -> None:
    refused(server.stranger.get("/api/awards", params={"access_token": server.token, "token": server.token}), 401)


def test_a_refusal_says_which_scheme_is_wanted(server: Running, refused: Refused) -> None:
    for header in ("", "Basic dXNlcjpwYXNz", "Bearer", "Bearer x", f"bearer{server.token}", server.token):
        answer = server.stranger.get("/api/awards", headers={"Authorization": header})
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
