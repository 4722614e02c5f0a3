from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running


def test_an_issuer_is_made_with_its_first_key(server: Running) -> None:
    slug = server.fresh("issuer")
    made = server.make("issuers", {"slug": slug, "name": "School", "url": "https://school.example", "email": "b@school.example"})
    assert made["slug"] == slug
    assert made["did"].startswith("did:key:z6Mk")
    assert [key["state"] for key in made["keys"]] == ["active"]
    assert made["keys"][0]["verification_method"].startswith(made["did"] + "#")
    assert server.api.get(f"/api/issuers/{slug}").json() == made


def test_the_slug_of_an_issuer_can_be_taken_once(server: Running, refused: Refused) -> None:
    slug = server.fresh("issuer")
    server.make("issuers", {"slug": slug, "name": "School"})
    refused(server.api.post("/api/issuers", json={"slug": slug, "name": "Other"}), 409)


def test_did_web_is_refused_where_the_service_is_not_reached_by_https(server: Running, refused: Refused) -> None:
    refused(server.api.post("/api/issuers", json={"slug": server.fresh("issuer"), "name": "School", "did_method": "web"}), 422)


def test_an_achievement_is_a_draft_until_it_is_published(server: Running) -> None:
    draft = server.draft()
    made = server.make("achievements", draft)
    assert (made["slug"], made["issuer"], made["state"], made["version"], made["id"]) == (
        draft["slug"],
        draft["issuer"],
        "draft",
        None,
        None,
    )
    assert made["draft"] == {name: value for name, value in draft.items() if name not in {"issuer", "slug"}}
    published = server.make(f"achievements/{draft['slug']}/publish", {}, expect=200)
    assert (published["slug"], published["version"], published["state"]) == (draft["slug"], 1, "published")
    assert published["id"] == f"{server.base}/a/{draft['slug']}/1" == published["achievement"]["id"]
    assert server.api.get(f"/api/achievements/{draft['slug']}").json()["state"] == "published"


def test_publishing_again_without_a_change_gives_the_same_version(server: Running) -> None:
    slug = server.published()
    assert server.make(f"achievements/{slug}/publish", {}, expect=200)["version"] == 1


def test_publishing_needs_no_body(server: Running) -> None:
    slug = server.published()
    assert server.api.post(f"/api/achievements/{slug}/publish").json()["version"] == 1


def test_a_change_is_published_as_a_second_version_and_the_first_stays(server: Running) -> None:
    draft = server.draft()
    slug = server.make("achievements", draft)["slug"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    change = {name: value for name, value in draft.items() if name not in {"issuer", "slug"}} | {"name": "Rope Work, renewed"}
    changed = server.api.put(f"/api/achievements/{slug}", json=change)
    assert (changed.status_code, changed.json()["state"], changed.json()["version"]) == (200, "changed", 1)
    assert server.make(f"achievements/{slug}/publish", {}, expect=200)["version"] == 2
    names = [server.stranger.get(f"/a/{slug}/{version}").json()["name"] for version in (1, 2)]
    assert names == ["Rope Work", "Rope Work, renewed"]


def test_what_a_signature_would_not_cover_is_refused_before_anything_is_stored(server: Running, refused: Refused) -> None:
    draft, before = server.draft(), server.rows()
    found = refused(server.api.post("/api/achievements", json=draft | {"level": "Doctorate"}), 422)
    assert "level" in found["detail"]
    assert server.rows() == before


def test_findings_name_the_place(server: Running, refused: Refused) -> None:
    found = refused(server.api.post("/api/achievements", json=server.draft(criteria={})), 422)
    assert [item["pointer"] for item in found["errors"]] == ["/criteria"]


def test_an_achievement_of_an_unknown_issuer_is_refused(server: Running, refused: Refused) -> None:
    refused(server.api.post("/api/achievements", json=server.draft(issuer="nobody-here")), 404)


def test_lists_are_pages_that_lead_to_each_other(server: Running) -> None:
    slugs = {server.make("achievements", server.draft())["slug"] for _ in range(3)}
    found, address = [], "/api/achievements?limit=2"
    while address:
        page = server.api.get(address).json()
        assert set(page) == {"items", "next"}
        assert len(page["items"]) <= 2
        found += [item["slug"] for item in page["items"]]
        address = f"/api/achievements?limit=2&cursor={page['next']}" if page["next"] else ""
    assert slugs <= set(found)
    assert len(found) == len(set(found)), "nothing is shown twice"
