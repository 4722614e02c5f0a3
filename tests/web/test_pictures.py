"""Pictures that are drawn of achievements without one: chosen by the unit, frozen with the version, shown on the pages."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from tests.web.conftest import PAGE

from badgeissuer.openbadges import artwork, vetting

if TYPE_CHECKING:
    from tests.web.conftest import Running, SignIn


def new_unit(server: Running) -> str:
    """Make a unit below one that has a template."""
    above = {"slug": server.fresh("college"), "name": "Harbour College", "colour": "#14578c", "artwork": "shield"}
    server.make("issuers", above)
    slug: str = server.make("issuers", {"slug": server.fresh("arts"), "name": "Arts", "parent": above["slug"]})["slug"]
    return slug


@pytest.fixture
def unit(server: Running) -> str:
    """A unit below one that has a template."""
    return new_unit(server)


def published(server: Running, unit: str, **members: object) -> str:
    slug: str = server.make("achievements", server.draft() | {"issuer": unit, "name": "Knots"} | members)["slug"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    return slug


def test_what_is_published_without_a_picture_gets_one_drawn_that_never_changes(server: Running, unit: str) -> None:
    slug = published(server, unit, level={"framework": "EQF", "code": "5"})
    path = f"/a/{slug}/1/image.svg"
    assert server.stranger.get(f"/a/{slug}/1").json()["image"] == {"id": server.base + path, "type": "Image"}
    answer = server.stranger.get(path)
    assert answer.text == artwork.draw("shield", artwork.Face("Knots", "Arts", "#14578c", level="EQF 5", language=""))
    vetting.check(answer.content, embedded=len)
    server.api.patch(f"/api/issuers/{unit}", json={"colour": "#b3005e", "artwork": "tile", "name": "Fine Arts"})
    assert server.stranger.get(path).text == answer.text
    draft = server.api.get(f"/api/achievements/{slug}").json()["draft"]
    server.api.put(f"/api/achievements/{slug}", json=draft | {"name": "Better knots"})
    changes = server.api.get(f"/api/achievements/{slug}/changes").json()["changes"]
    assert [change["pointer"] for change in changes] == ["/name"], "a picture that is drawn anew is no change of the author"
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    changes = server.api.get(f"/api/achievements/{slug}/changes?since=1&to=2").json()["changes"]
    assert [change["pointer"] for change in changes] == ["/name"]
    assert server.stranger.get(path).text == answer.text
    assert 'fill="#b3005e"' in server.stranger.get(f"/a/{slug}/2/image.svg").text


def test_a_drawing_is_sent_so_that_nothing_in_it_could_run_and_may_be_kept_for_good(server: Running, unit: str) -> None:
    path = f"/a/{published(server, unit)}/1/image.svg"
    answer = server.stranger.get(path)
    assert answer.headers["content-type"].partition(";")[0] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = server.stranger.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_badge_says_the_picture_and_its_page_and_the_catalogue_show_it(server: Running, unit: str) -> None:
    slug = published(server, unit)
    badge = server.award(achievement=slug)["credential"]["id"]
    signed = server.stranger.get(badge).json()
    assert signed["credentialSubject"]["achievement"]["image"]["id"] == f"{server.base}/a/{slug}/1/image.svg"
    shown = f'src="/a/{slug}/1/image.svg"'
    assert shown in server.stranger.get(badge, headers=PAGE).text
    assert shown in server.stranger.get(f"/a/{slug}/1", headers=PAGE).text
    assert shown in server.stranger.get("/catalogue", params={"unit": unit}, headers=PAGE).text
    (listed,) = server.stranger.get("/catalogue", params={"unit": unit}).json()["items"]
    assert listed["image"] == f"{server.base}/a/{slug}/1/image.svg"


def test_who_has_a_picture_or_no_template_gets_none_drawn(server: Running, unit: str) -> None:
    own = published(server, unit, image="https://college.example/knots.png")
    plain = server.published()
    for slug in (own, plain):
        assert server.stranger.get(f"/a/{slug}/1/image.svg").status_code == 404
        assert f"/a/{slug}/1/image.svg" not in server.stranger.get(f"/a/{slug}/1", headers=PAGE).text
    assert server.stranger.get(f"/a/{own}/1").json()["image"]["id"] == "https://college.example/knots.png"
    assert "image" not in server.stranger.get(f"/a/{plain}/1").json()
    assert server.stranger.get("/a/nothing/1/image.svg").status_code == 404


def test_a_template_that_there_is_not_is_refused(server: Running, unit: str) -> None:
    answer = server.api.patch(f"/api/issuers/{unit}", json={"artwork": "triangle"})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/artwork"]


def test_staff_see_what_would_be_drawn_of_a_draft_and_each_template_in_their_colours(sqlite_server: Running, sign_in: SignIn) -> None:
    unit = new_unit(sqlite_server)
    slug = sqlite_server.make("achievements", sqlite_server.draft() | {"issuer": unit, "name": "Not yet"})["slug"]
    client = sign_in("issuer", issuer=unit)
    answer = client.get(f"/staff/achievements/{slug}/artwork.svg")
    assert answer.text == artwork.draw("shield", artwork.Face("Not yet", "Arts", "#14578c"))
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    preview = client.get(f"/staff/write/{slug}/preview").text
    assert base64.b64encode(answer.content).decode() in preview
    draft = {name: value for name, value in sqlite_server.draft().items() if name not in {"issuer", "slug"}}
    sqlite_server.api.put(f"/api/achievements/{slug}", json=draft | {"image": "https://college.example/knots.png"})
    assert client.get(f"/staff/achievements/{slug}/artwork.svg").status_code == 404
    assert client.get(f"/staff/achievements/{sqlite_server.published()}/artwork.svg").status_code == 404, "another unit's"
    page = client.get(f"/staff/units/{unit}").text
    for template in artwork.TEMPLATES:
        path = f"/staff/units/{unit}/artwork/{template}.svg"
        assert f'src="{path}"' in page
        assert 'fill="#14578c"' in client.get(path).text
    assert client.get(f"/staff/units/{unit}/artwork/triangle.svg").status_code == 404
