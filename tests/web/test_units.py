"""Units, whom they belong to and how they are shown, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

NOTHING_OWN = dict.fromkeys(
    ("url", "description", "image", "email", "colour", "accent", "linkedin_id", "country", "region", "names", "gate", "artwork"),
)


@pytest.fixture
def college(server: Running) -> dict[str, Any]:
    """An institution."""
    body = {"slug": server.fresh("college"), "name": "Harbour College", "colour": "#14578C", "country": "NZ", "linkedin_id": "42"}
    made: dict[str, Any] = server.make("issuers", body | {"names": {"mi": "Te Kura o te Whanga"}})
    return made


def test_a_unit_belongs_to_another_and_looks_like_it(server: Running, college: dict[str, Any]) -> None:
    assert college["parent"] is None
    assert college["names"] == {"mi": "Te Kura o te Whanga"}
    unit = server.make("issuers", {"slug": server.fresh("arts"), "name": "Arts", "parent": college["slug"], "accent": "#ffdd00"})
    assert {name: unit[name] for name in NOTHING_OWN} == NOTHING_OWN | {"accent": "#ffdd00"}
    assert unit["parent"] == college["slug"]
    brand = {"image": None, "colour": "#14578c", "accent": "#ffdd00", "linkedin_id": "42", "country": "NZ", "region": None, "artwork": None}
    assert unit["brand"] == brand
    changed = server.api.patch(f"/api/issuers/{unit['slug']}", json={"accent": None, "region": "Otago", "name": "Fine Arts"}).json()
    assert changed["brand"] == brand | {"accent": None, "region": "Otago"}
    assert (changed["name"], changed["accent"], changed["parent"]) == ("Fine Arts", None, college["slug"])
    assert server.api.patch(f"/api/issuers/{unit['slug']}", json={"parent": None}).json()["brand"]["colour"] is None


def test_the_profile_of_a_unit_names_whom_it_belongs_to(server: Running, college: dict[str, Any]) -> None:
    unit = server.make("issuers", {"slug": server.fresh("arts"), "name": "Arts", "parent": college["slug"]})
    found = server.stranger.get(f"/i/{unit['slug']}").json()
    assert (found["id"], found["parentOrg"]["id"]) == (unit["did"], college["did"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": None}, 422),
        ({"notify": None}, 422),
        ({"country": "New Zealand"}, 422),
        ({"linkedin_id": "harbour"}, 422),
        ({"names": {"Maori!": "x"}}, 422),
        ({"parent": "nowhere"}, 404),
        ({"slug": "another"}, 422),
        ({"did": "did:web:elsewhere.example"}, 422),
        ({"url": "nowhere"}, 422),
    ],
)
def test_what_cannot_be_said_of_a_unit_is_refused_and_changes_nothing(
    server: Running, college: dict[str, Any], refused: Refused, body: dict[str, Any], status: int
) -> None:
    refused(server.api.patch(f"/api/issuers/{college['slug']}", json=body), status)
    assert server.api.get(f"/api/issuers/{college['slug']}").json() == college


def test_a_unit_cannot_belong_to_what_belongs_to_it(server: Running, college: dict[str, Any], refused: Refused) -> None:
    unit = server.make("issuers", {"slug": server.fresh("arts"), "name": "Arts", "parent": college["slug"]})
    said = refused(server.api.patch(f"/api/issuers/{college['slug']}", json={"parent": unit["slug"]}), 422)
    assert said["errors"][0]["pointer"] == "/parent"


def test_who_defines_achievements_may_change_the_looks_of_their_unit_but_not_who_it_is(
    server: Running, college: dict[str, Any], refused: Refused
) -> None:
    path, theirs = f"/api/issuers/{college['slug']}", server.bearer("issuer", issuer=college["slug"])
    assert server.api.patch(path, json={"accent": "#000000", "image": "https://x.example/l.png"}, headers=theirs).status_code == 200
    for body in ({"name": "Another"}, {"country": "AU"}, {"accent": "#111111", "url": "https://x.example"}, {"parent": None}):
        refused(server.api.patch(path, json=body, headers=theirs), 403)
    bound = server.bearer("admin", issuer=college["slug"])
    assert server.api.patch(path, json={"name": "Another"}, headers=bound).status_code == 200
    refused(server.api.patch(path, json={"parent": None}, headers=bound), 403)
