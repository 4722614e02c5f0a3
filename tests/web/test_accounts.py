"""Accounts over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badgeissuer import access, enrolling

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running


def test_an_account_is_made_shown_changed_and_disabled(server: Running, refused: Refused) -> None:
    email, unit, key = f"{server.fresh('ada')}@example.org", server.unit(), {"Idempotency-Key": server.fresh("key")}
    body = {"email": email.upper(), "name": "Ada", "role": "issuer", "issuer": unit}
    made, again = (server.make("accounts", body, headers=key) for _ in range(2))
    assert again == made
    assert {name: made[name] for name in ("email", "name", "role", "issuer", "state")} == body | {"email": email, "state": "active"}
    path = f"/api/accounts/{made['id']}"
    assert server.api.get(path).json() == made
    assert made in server.listed("accounts")
    refused(server.api.post("/api/accounts", json=body), 409)
    assert server.api.patch(path, json={"name": "Ada King"}).json() == made | {"name": "Ada King"}
    assert server.api.patch(path, json={"issuer": None, "role": "admin"}).json() == made | {
        "name": "Ada King",
        "issuer": None,
        "role": "admin",
    }
    refused(server.api.patch(path, json={"issuer": "nobody-here"}), 404)
    refused(server.api.patch(path, json={"email": "no address"}), 422)
    assert server.api.patch(path, json={"state": "disabled"}).json()["state"] == "disabled"
    assert server.api.patch(path, json={"state": "active"}).json()["state"] == "active"
    refused(server.api.get("/api/accounts/nothing"), 404)


@pytest.mark.parametrize("way", ["disabled", "unlinked"])
def test_who_is_signed_in_is_so_no_longer_at_once(sqlite_server: Running, way: str) -> None:
    email = f"{sqlite_server.fresh('ada')}@example.org"
    made = sqlite_server.make("accounts", {"email": email, "name": "Ada", "role": "auditor"})
    service = sqlite_server.service
    with service.writing() as session:
        found = enrolling.Identity("https://id.example.edu", email, email, email_verified=True)
        secret = access.sign_in(session, access.person(enrolling.identified(session, found, now=service.now())), now=service.now())
    cookie = {"Cookie": f"staff={secret}"}
    page = sqlite_server.stranger.get("/staff", headers=cookie)
    assert (page.status_code, "Sign out Ada<" in page.text) == (200, True)
    path = f"/api/accounts/{made['id']}"
    (linked,) = sqlite_server.api.get(path).json()["identities"]
    assert (linked["issuer"], linked["subject"]) == ("https://id.example.edu", email)
    if way == "disabled":
        sqlite_server.api.patch(path, json={"state": "disabled"})
    else:
        assert sqlite_server.api.delete(f"{path}/identities").json()["identities"] == []
    assert sqlite_server.stranger.get("/staff", headers=cookie).status_code == 303
