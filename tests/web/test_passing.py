"""What a badge's page says to other sites, and how a learner passes the badge on."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from tests.web.conftest import PAGE

from badgeissuer.web import passing

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

NASTY = "</script><script>alert(1)</script> \"Knots\" & 'splices' #1 + 100 % \u202egnp"
UNIT = '<b>Harbour</b> & "Sons"'


@pytest.fixture(scope="module")
def award(sqlite_server: Running) -> dict[str, Any]:
    """A badge whose achievement and unit have names that break out of whatever they stand in, if they can."""
    unit = sqlite_server.make(
        "issuers", {"slug": sqlite_server.fresh("nasty"), "name": UNIT, "colour": "#fde68a", "accent": "#7c2d12", "linkedin_id": "4711"}
    )["slug"]
    slug = sqlite_server.published(issuer=unit, name=NASTY, description=f"{NASTY} " * 20)
    return sqlite_server.award(achievement=slug, awarded_at="2026-05-31T23:30:00Z")


def shown(server: Running, award: dict[str, Any]) -> str:
    answer = server.stranger.get(award["credential"]["id"], headers=PAGE)
    assert answer.status_code == 200
    return answer.text


def metas(page: str) -> dict[str, str]:
    """Return what the head says, name by name."""
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def test_a_link_unfolds_to_the_name_the_unit_and_a_picture(sqlite_server: Running, award: dict[str, Any]) -> None:
    told, url = metas(shown(sqlite_server, award)), award["credential"]["id"]
    name = NASTY.replace("\u202e", "")
    assert told["og:title"] == told["twitter:title"] == f"{name} · {UNIT}"
    assert told["og:url"] == url
    assert told["og:image"] == told["twitter:image"] == f"{url}/card.png"
    assert told["twitter:card"] == "summary_large_image"
    assert told["og:description"].startswith(name)
    assert len(told["og:description"]) <= 201
    assert told["robots"] == "noindex"


def test_search_engines_are_told_in_words_of_schema_org_that_nobody_breaks_out_of(sqlite_server: Running, award: dict[str, Any]) -> None:
    page = shown(sqlite_server, award)
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    found = json.loads(data)
    assert "<" not in data
    assert (found["@context"], found["@type"]) == ("https://schema.org", "EducationalOccupationalCredential")
    assert found["name"] == NASTY.replace("\u202e", "")
    assert found["recognizedBy"] == {"@type": "Organization", "name": UNIT}
    assert found["validFrom"] == "2026-05-31"
    assert re.findall(r"<script(?! type=\"application/ld)[^>]*>", page) == ['<script src="/static/badge.js" defer>']


def test_a_revoked_badge_is_told_to_no_search_engine_and_offered_to_nobody(sqlite_server: Running) -> None:
    made = sqlite_server.award()
    sqlite_server.make(f"credentials/{made['credential']['id'].rpartition('/')[2]}/revoke", {"reason": "By mistake."}, expect=200)
    page = shown(sqlite_server, made)
    assert "This badge has been revoked" in page
    assert "ld+json" not in page.replace("vc+ld+json", "")
    assert "Add to LinkedIn" not in page


def test_nobody_is_named_in_what_others_show(sqlite_server: Running) -> None:
    made = sqlite_server.award(learner={"email": "grace@example.org", "name": "Grace Hopper"})
    head = shown(sqlite_server, made).partition("</head>")[0]
    assert "Hopper" not in head
    assert "grace" not in head


def test_linkedin_is_given_every_value_encoded(sqlite_server: Running, award: dict[str, Any]) -> None:
    (link,) = re.findall(r'href="(https://www\.linkedin\.com/[^"]+)"', shown(sqlite_server, award))
    asked = urlsplit(html.unescape(link))
    assert asked.path == "/profile/add"
    url = award["credential"]["id"]
    assert parse_qs(asked.query, strict_parsing=True) == {
        "startTask": ["CERTIFICATION_NAME"],
        "name": [NASTY.replace("\u202e", "")],
        "organizationId": ["4711"],
        "issueYear": ["2026"],
        "issueMonth": ["5"],
        "certUrl": [url],
        "certId": [url.rpartition("/")[2]],
    }


def test_without_a_number_linkedin_gets_the_name_of_the_unit_and_an_end_where_there_is_one() -> None:
    until = datetime(2029, 1, 31, tzinfo=UTC)
    passed = passing.Passed("https://b.example/c/1", "1", "Knots", "Bergen · Åse & Co", datetime(2026, 12, 1, tzinfo=UTC), until)
    asked = parse_qs(urlsplit(passed.linkedin).query, strict_parsing=True)
    assert asked["organizationName"] == ["Bergen · Åse & Co"]
    assert "organizationId" not in asked
    assert (asked["issueYear"], asked["issueMonth"]) == (["2026"], ["12"])
    assert (asked["expirationYear"], asked["expirationMonth"]) == (["2029"], ["1"])


def test_a_letter_to_an_employer_has_no_header_but_its_subject() -> None:
    name = "Knots\r\nBcc: all@example.org&cc=x@example.org"
    passed = passing.Passed("https://b.example/c/1", "1", name, "Harbour?to=x", None, None)
    found = urlsplit(passed.letter)
    assert (found.scheme, found.path) == ("mailto", "")
    fields = [part.partition("=")[0] for part in found.query.split("&")]
    assert fields == ["subject", "body"]
    assert "\r\n" not in found.query
    assert unquote(found.query.partition("&body=")[2]).endswith("\r\n\r\nhttps://b.example/c/1\r\n")


def test_a_card_may_stand_in_any_page_and_the_page_itself_in_none(sqlite_server: Running, award: dict[str, Any]) -> None:
    url = award["credential"]["id"]
    card, page = sqlite_server.stranger.get(f"{url}/embed"), sqlite_server.stranger.get(url, headers=PAGE)
    assert "frame-ancestors *;" in card.headers["content-security-policy"]
    assert "frame-ancestors 'none';" in page.headers["content-security-policy"]
    assert "script-src" not in card.headers["content-security-policy"]
    assert "Genuine and in force" in card.text
    assert f'href="{url}" target="_blank" rel="noopener"' in card.text
    assert "<script" not in card.text
    assert "<b>Harbour" not in card.text


def test_oembed_describes_the_card_within_the_size_that_is_asked_for(sqlite_server: Running, award: dict[str, Any]) -> None:
    page, url = shown(sqlite_server, award), award["credential"]["id"]
    (discovered,) = re.findall(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)"', page)
    answer = sqlite_server.stranger.get(html.unescape(discovered) + "&maxwidth=300&maxheight=100&dnt=1")
    found = answer.json()
    assert (found["version"], found["type"], found["provider_name"]) == ("1.0", "rich", UNIT)
    assert (found["width"], found["height"]) == (300, 100)
    assert found["html"].startswith(f'<iframe src="{url}/embed" title="')
    assert "<script" not in found["html"]
    assert 'width="300" height="100"' in found["html"]
    assert answer.headers["access-control-allow-origin"] == "*"
    older = sqlite_server.stranger.get("/oembed", params={"url": url, "format": "xml"})
    assert older.headers["content-type"] == "text/xml; charset=utf-8"
    assert {one.tag: one.text for one in ET.fromstring(older.content)}["title"] == found["title"]  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"url": "https://elsewhere.example/c/1"}, 404),
        ({"url": "{base}/catalogue"}, 404),
        ({"url": "{base}/c/00000000-0000-4000-8000-000000000000"}, 404),
        ({"url": "{base}/c/00000000-0000-4000-8000-00000000000z"}, 404),
        ({"url": "nonsense"}, 404),
        ({}, 422),
        ({"url": "{url}", "format": "yaml"}, 422),
        ({"url": "{url}", "maxwidth": "0"}, 422),
        ({"url": "{url}", "maxwidth": "wide"}, 422),
    ],
)
def test_oembed_says_what_it_cannot_describe(
    sqlite_server: Running, award: dict[str, Any], refused: Refused, asked: dict[str, str], status: int
) -> None:
    known = {name: value.format(base=sqlite_server.base, url=award["credential"]["id"]) for name, value in asked.items()}
    refused(sqlite_server.stranger.get("/oembed", params=known), status)


def test_the_colours_of_a_unit_are_a_style_sheet_of_their_own(sqlite_server: Running, award: dict[str, Any]) -> None:
    page = shown(sqlite_server, award)
    (path,) = re.findall(r'<link rel="stylesheet" href="(/i/[^"]+)">', page)
    answer = sqlite_server.stranger.get(path)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.text == ":root {\n  --brand: #fde68a;\n  --on-brand: #000000;\n  --brand-accent: #7c2d12;\n}\n"
    plain = sqlite_server.stranger.get(f"/i/{sqlite_server.unit()}/brand.css")
    assert plain.text == ":root {\n  --brand: #14578c;\n  --on-brand: #ffffff;\n  --brand-accent: #14578c;\n}\n"


def test_a_badge_of_an_older_version_leads_to_the_newer_one(server: Running) -> None:
    draft = server.draft()
    slug = server.make("achievements", draft)["slug"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    made = server.award(achievement=slug)
    assert "The achievement was revised" not in shown(server, made)
    members = {name: value for name, value in draft.items() if name not in {"issuer", "slug"}}
    server.api.put(f"/api/achievements/{slug}", json=members | {"description": "Renewed."})
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    server.make(f"achievements/{slug}/retire", {"reason": "It is over."}, expect=200)
    page = shown(server, made)
    assert f'<a href="/a/{slug}/2">version 2</a> is what is awarded now' in page
    assert "It is awarded no more." in page
    assert "Genuine and in force" in page


def test_an_employer_can_ask_on_the_page_whose_it_is(sqlite_server: Running) -> None:
    made = sqlite_server.award(learner={"email": "grace@example.org"})
    assert 'name="recipient" type="email"' in shown(sqlite_server, made)
    for email, told in (("Grace@Example.org", "Yes:"), ("eve@example.org", "No:")):
        answer = sqlite_server.stranger.post("/verify", data={"url": made["credential"]["id"], "recipient": email}, headers=PAGE)
        assert f"<strong>{told}</strong>" in answer.text


@pytest.mark.parametrize(("code", "direction", "told"), [("de", "", "Echt"), ("es", "", "Auténtica"), ("ar", ' dir="rtl"', "أصلية")])
def test_a_badge_and_its_card_speak_the_language_of_their_reader(
    sqlite_server: Running, award: dict[str, Any], code: str, direction: str, told: str
) -> None:
    url = award["credential"]["id"]
    for path in (url, f"{url}/embed"):
        preferred = sqlite_server.stranger.get(path, headers={**PAGE, "Accept-Language": f"{code}-XX, en;q=0.5"})
        named = sqlite_server.stranger.get(path, params={"lang": code}, headers=PAGE)
        for answer in (preferred, named):
            assert f'<html lang="{code}"{direction}>' in answer.text
            assert answer.headers["content-language"] == code
            assert answer.headers["vary"] == "Accept, Accept-Language"
            assert told in answer.text
            assert "Genuine and in force" not in answer.text
    assert f'action="/verify?lang={code}"' in sqlite_server.stranger.get(url, params={"lang": code}, headers=PAGE).text
    assert 'action="/verify"' in sqlite_server.stranger.get(url, headers=PAGE).text
