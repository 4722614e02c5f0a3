"""The public catalogue, on both databases; other tests publish there too, so each looks for words of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests import microcredentials

from badgeissuer import problem
from badgeissuer.openbadges import microcredential
from badgeissuer.vc import contexts, jsonld

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

PAGE = {"Accept": "text/html"}


def search(server: Running, **asked: str) -> list[dict[str, Any]]:
    answer = server.stranger.get("/catalogue", params={"limit": "200", **asked})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def slugs(server: Running, **asked: str) -> list[str]:
    return [item["slug"] for item in search(server, **asked)]


def test_a_stranger_finds_the_newest_published_version_and_no_draft(server: Running) -> None:
    word = server.fresh("Halyard")
    unpublished = server.make("achievements", server.draft(name=f"{word} drafted"))["slug"]
    slug = server.published(name=f"{word} old", tag=["rigging"])
    server.api.put(f"/api/achievements/{slug}", json=server.draft(slug=slug, name=f"{word} newer")).raise_for_status()
    assert [item["name"] for item in search(server, q=word)] == [f"{word} old"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    (found,) = search(server, q=word)
    assert (found["slug"], found["version"], found["name"]) == (slug, 2, f"{word} newer")
    assert found["url"] == f"{server.base}/a/{slug}/2"
    assert found["newest"] == f"{server.base}/a/{slug}"
    assert found["unit"] == {"slug": server.unit(), "name": "Harbour School"}
    assert (found["retired_at"], found["published_at"][-1]) == (None, "Z")
    assert unpublished not in server.stranger.get("/catalogue", params={"q": word}).text
    assert "drafted" not in server.stranger.get("/catalogue", params={"q": word}, headers=PAGE).text


def test_each_word_must_stand_somewhere_and_signs_of_patterns_mean_themselves(server: Running) -> None:
    word = server.fresh("splice")
    slug = server.published(name=f"Eye {word}", description="Holds 100% of the load.", tag=["Über-Tau"])
    for asked in (f"EYE {word.upper()}", f"{word} load", f"{word} 100%", f"{word} über-tau"):
        assert slugs(server, q=asked) == [slug], asked
    for asked in (f"{word} rocket", f"{word} 1%0", f"{word} ey_"):
        assert slugs(server, q=asked) == [], asked


def test_levels_languages_skills_and_outcomes_are_found(server: Running) -> None:
    word = server.fresh("Charts")
    outcome = {"statement": "Plots a course.", "alignment": [{"targetName": "plan a passage", "targetUrl": "https://skills.example/Plan"}]}
    members: dict[str, Any] = {
        "level": [{"framework": "EQF", "code": "5"}],
        "inLanguage": "en",
        "instructionLanguage": ["mi"],
        "learningOutcome": [outcome],
    }
    slug = server.published(name=word, **members)
    (found,) = search(server, q=word)
    assert (found["levels"], found["languages"]) == (["EQF:5"], ["en", "mi"])
    matches: dict[str, list[str]] = {
        "level": ["EQF:5", "eqf:5"],
        "language": ["en", "mi", "MI"],
        "skill": ["https://skills.example/Plan"],
    }
    for name, values in matches.items():
        for value in values:
            assert slugs(server, q=word, **{name: value}) == [slug], value
        assert slugs(server, q=word, **{name: values[0][:-1]}) == [], name
    assert slugs(server, q=f"{word} plots passage") == [slug]


def test_a_unit_brings_those_below_it(server: Running) -> None:
    word = server.fresh("Oar")
    college = server.make("issuers", {"slug": server.fresh("college"), "name": "College"})["slug"]
    faculty = server.make("issuers", {"slug": server.fresh("faculty"), "name": "Faculty", "parent": college})["slug"]
    above, below = server.published(issuer=college, name=f"{word} 1"), server.published(issuer=faculty, name=f"{word} 2")
    server.published(name=f"{word} 3")
    assert slugs(server, q=word, unit=college) == [above, below]
    assert slugs(server, q=word, unit=faculty) == [below]


def test_only_what_has_all_that_a_framework_asks_for_is_found_by_it(server: Running) -> None:
    word = server.fresh("Coast")
    unit = server.make("issuers", {"slug": server.fresh("school"), **microcredentials.UNIT})["slug"]
    members = {name: value for name, value in microcredentials.CHARTS.items() if name not in {"prerequisites", "stacksInto"}}
    slug = server.published(issuer=unit, **members | {"tag": [word]})
    poor = server.published(issuer=unit, tag=[word], name="Reading")
    assert slugs(server, q=word) == [poor, slug]
    assert slugs(server, q=word, framework="european-approach") == [slug]


def test_the_pages_follow_each_other_by_name_then_slug(server: Running) -> None:
    word = server.fresh("Knot")
    names = [f"b {word}", f"A {word}", f"é {word}", f"a {word}", f"Z {word}"]
    made = sorted((name.casefold(), server.published(name=name)) for name in names)
    seen: list[str] = []
    answer = server.stranger.get("/catalogue", params={"q": word, "limit": 2})
    for size in (2, 2, 1):
        assert len(answer.json()["items"]) == size
        seen += [item["slug"] for item in answer.json()["items"]]
        if "next" in answer.links:
            assert f"cursor={answer.json()['next']}" in answer.links["next"]["url"]
            answer = server.stranger.get(answer.links["next"]["url"])
    assert seen == [slug for _, slug in made]
    assert answer.json()["next"] is None


def test_what_is_retired_is_left_out_unless_it_is_asked_for(server: Running) -> None:
    word = server.fresh("Lantern")
    slug = server.published(name=word)
    server.make(f"achievements/{slug}/retire", {"reason": "Electric now."}, expect=200)
    assert slugs(server, q=word) == []
    (found,) = search(server, q=word, retired="true")
    assert found["retired_at"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"cursor": "!"}, 422),
        ({"cursor": "OTk5OTk5OTk5"}, 422),
        ({"limit": "0"}, 422),
        ({"limit": "201"}, 422),
        ({"limit": "x"}, 422),
        ({"colour": "red"}, 422),
        ({"q": "x" * 201}, 422),
        ({"q": "\0"}, 422),
        ({"retired": "perhaps"}, 422),
        ({"unit": "nowhere"}, 404),
        ({"framework": "nothing"}, 422),
    ],
)
def test_what_cannot_be_asked_is_refused(server: Running, refused: Refused, asked: dict[str, str], status: int) -> None:
    refused(server.stranger.get("/catalogue", params=asked), status)


def test_programs_of_other_sites_may_read_it_and_keep_it_for_a_minute(server: Running) -> None:
    answer = server.stranger.get("/catalogue", params={"q": "nobody-has-this"})
    assert answer.json() == {"items": [], "next": None}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("public, max-age=60", "Accept")
    again = server.stranger.get("/catalogue", params={"q": "nobody-has-this"}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_browser_gets_a_page_that_keeps_what_was_asked_and_leads_on(server: Running) -> None:
    word = server.fresh("<b>Buoy")
    first, second = server.published(name=f"{word} 1"), server.published(name=f"{word} 2")
    answer = server.stranger.get("/catalogue", params={"q": word, "limit": 1, "level": ""}, headers=PAGE)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<b>" not in answer.text
    assert f'href="/a/{first}/1"' in answer.text
    assert f'href="/a/{second}/1"' not in answer.text
    following = answer.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert f'href="/a/{second}/1"' in server.stranger.get(following, headers=PAGE).text
    assert "Nothing found" in server.stranger.get("/catalogue", params={"q": "nobody-has-this"}, headers=PAGE).text


def test_the_form_has_a_field_for_each_thing_that_can_be_asked_and_keeps_it(server: Running) -> None:
    word = server.fresh("Gaff")
    slug = server.published(name=word, inLanguage="en", instructionLanguage=["mi", "qaa"])
    server.make(f"achievements/{slug}/retire", {"reason": "Old."}, expect=200)
    skill = "https://skills.example/a?b=1&c=<2>"
    asked = {"q": word, "framework": "nzqcf", "skill": skill, "retired": "true", "level": "EQF:5", "language": "mi", "unit": server.unit()}
    page = server.stranger.get("/catalogue", params=asked, headers=PAGE).text
    assert '<option value="nzqcf" selected>' in page
    assert 'name="skill" maxlength="2000" value="https://skills.example/a?b=1&amp;c=&lt;2&gt;"' in page
    assert 'name="retired" value="true" checked' in page
    empty = {"q": word, "framework": "", "skill": "", "level": "", "language": "", "unit": "", "retired": "true"}
    page = server.stranger.get("/catalogue", params=empty, headers=PAGE).text
    assert "English · Māori · qaa · published" in page
    assert "awarded no more</p>" in page


def test_registries_get_the_achievements_of_open_badges_with_their_contexts(server: Running) -> None:
    word = server.fresh("Feed")
    plain, rich = server.published(name=f"{word} 1"), server.published(name=f"{word} 2", workload="PT10H")
    answer = server.stranger.get("/catalogue", params={"q": word, "format": "ob", "limit": 1}, headers=PAGE)
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    (first,) = answer.json()["@graph"]
    (second,) = server.stranger.get(answer.links["next"]["url"]).json()["@graph"]
    for slug, shown, count in ((plain, first, 2), (rich, second, 3)):
        assert len(shown.pop("@context")) == count
        assert shown == server.stranger.get(f"/a/{slug}/1").json()


def test_no_word_of_the_feed_of_open_badges_is_without_a_meaning(server: Running) -> None:
    word = server.fresh("Whole")
    part = server.published(name=f"{word} 0")
    server.published(**microcredentials.CHARTS | {"name": f"{word} 1", "prerequisites": [part], "tag": ["sea"]})
    feed = server.stranger.get("/catalogue", params={"q": word, "format": "ob"}).json()
    own = f"{server.base}{microcredential.PATH}"
    known = {**contexts.PINNED, own: contexts.Context(own, microcredential.CONTENT, microcredential.SHA256)}
    assert all(len(jsonld.to_quads(item, known=known)) > 5 for item in feed["@graph"])
    with pytest.raises(problem.Invalid, match="harbourMaster"):
        jsonld.to_quads(feed["@graph"][1] | {"harbourMaster": "Asha"}, known=known)


def test_registries_get_resources_of_ctdl(server: Running) -> None:
    word = server.fresh("Registry")
    part = server.published(name=f"{word} 1")
    whole = server.published(name=f"{word} 2", achievementType="MicroCredential", prerequisites=[part])
    server.make(f"achievements/{part}/retire", {"reason": "Old."}, expect=200)
    asked = {"q": word, "format": "ctdl", "retired": "true"}
    first, second = server.stranger.get("/catalogue", params=asked).json()["@graph"]
    assert [first["@id"], second["@id"]] == [f"{server.base}/a/{part}", f"{server.base}/a/{whole}"]
    assert first["ceterms:credentialStatusType"]["ceterms:targetNode"] == "credentialStat:Deprecated"
    assert second["ceterms:requires"] == [{"@type": "ceterms:ConditionProfile", "ceterms:targetCredential": [first["@id"]]}]
    assert first["ceterms:offeredBy"][0]["ceterms:subjectWebpage"] == f"{server.base}/i/{server.unit()}"


def test_another_form_is_refused(server: Running, refused: Refused) -> None:
    refused(server.stranger.get("/catalogue", params={"format": "xml"}), 422)
