"""Private, unlisted and public badges through every door, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import pypdfium2
import pytest
from sqlalchemy import select
from tests.web.conftest import PAGE

from badgeissuer import sharing
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

RESULT = {"resultDescription": "#test", "value": "61"}
SCALE = {"id": "#test", "name": "Written test", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}


def number(award: dict[str, Any]) -> str:
    return str(award["credential"]["id"]).rpartition("/")[2]


def decide(server: Running, award: dict[str, Any], **decided: object) -> None:
    with server.service.writing() as session:
        sharing.decide(session, row_id(server, award), now=server.service.now(), **decided)  # type: ignore[arg-type]


def row_id(server: Running, award: dict[str, Any]) -> int:
    with server.service.reading() as session:
        return session.scalars(select(tables.Award.id).where(tables.Award.credential_uuid == UUID(number(award)))).one()


def share(server: Running, award: dict[str, Any]) -> tuple[int, str]:
    with server.service.writing() as session:
        row, secret = sharing.make_link(session, row_id(server, award), days=7, note="", now=server.service.now())
        return row.id, secret


@pytest.fixture
def private(server: Running) -> dict[str, Any]:
    made = server.award()
    decide(server, made, visibility="private")
    return made


def test_a_private_badge_is_shown_by_a_link_only(server: Running, private: dict[str, Any], refused: Refused) -> None:
    path, (link, secret) = f"/c/{number(private)}", share(server, private)
    plain, opened = (f"/verify?url={quote(private['credential']['id'] + end)}" for end in ("", f"?share={secret}"))
    oembed = f"/oembed?url={quote(private['credential']['id'])}"
    for form in (
        path,
        f"{path}.json",
        *(f"{path}.{kind}" for kind in ("pdf", "png", "svg")),
        f"{path}/card.png",
        f"{path}/embed",
        oembed,
        f"{path}?share=",
        f"{path}.json?share={'x' * 43}",
        f"{path}?share=%C3%A4%00",
    ):
        fault = refused(server.stranger.get(form), 403)
        assert fault["type"] == "urn:badgeissuer:problem:private"
        assert server.stranger.head(form).status_code == 403
        page = server.stranger.get(form, headers=PAGE)
        assert (page.status_code, "keeps this badge private" in page.text) == (403, True)
        assert (page.headers["x-robots-tag"], page.headers["referrer-policy"]) == ("noindex", "no-referrer")
        assert "no-store" in page.headers["cache-control"]
    good = server.stranger.get(f"{path}?share={secret}")
    assert (good.status_code, good.json()["id"], good.headers["x-robots-tag"]) == (200, private["credential"]["id"], "noindex")
    assert server.stranger.head(f"{path}?share={secret}").status_code == 200
    known = server.stranger.get(path, headers={"If-None-Match": good.headers["etag"]})
    assert known.status_code == 403, "who has a copy learns that it is private now"
    assert server.stranger.get(plain).json()["outcome"] == "INDETERMINATE"
    assert server.stranger.get(opened).json()["outcome"] == "VALID"
    assert server.stranger.post("/verify", content=good.content).json()["outcome"] == "VALID"
    with server.service.writing() as session:
        sharing.take_back(session, row_id(server, private), link, now=server.service.now())
    assert "taken this link back" in refused(server.stranger.get(f"{path}.json?share={secret}"), 403)["detail"]
    assert server.stranger.get(opened).json()["outcome"] == "INDETERMINATE"


def test_the_page_of_a_private_badge_leads_to_its_other_forms_by_the_same_link(server: Running, private: dict[str, Any]) -> None:
    secret = share(server, private)[1]
    page = server.stranger.get(f"/c/{number(private)}?share={secret}", headers=PAGE)
    assert (page.status_code, page.headers["x-robots-tag"], page.headers["referrer-policy"]) == (200, "noindex", "no-referrer")
    shared = f"{private['credential']['id']}.json?share={secret}"
    assert f'href="{shared}"' in page.text
    assert f'href="/verify?url={quote(private["credential"]["id"] + "?share=" + secret, safe="")}"' in page.text
    assert page.text.count(secret) == 10, "four files, four languages, verifier, and the form that asks whose it is; nothing else"
    assert "og:url" not in page.text
    assert server.stranger.get(shared.removeprefix(server.base)).status_code == 200
    decide(server, private, visibility="unlisted")
    assert secret not in server.stranger.get(f"/c/{number(private)}?share={secret}", headers=PAGE).text


def test_a_link_ends_at_its_time(sqlite_server: Running, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    award = sqlite_server.award()
    decide(sqlite_server, award, visibility="private")
    path, now = f"/c/{number(award)}?share={share(sqlite_server, award)[1]}", sqlite_server.service.now()
    for later, status in ((timedelta(days=7, minutes=-1), 200), (timedelta(days=7, minutes=1), 403)):
        monkeypatch.setattr("badgeissuer.web.service.clock", lambda later=later: now + later)
        answer = sqlite_server.stranger.get(path)
        assert answer.status_code == status
    assert "expired" in refused(answer, 403)["detail"]


def test_the_issuer_sees_what_it_issued(server: Running, private: dict[str, Any], refused: Refused) -> None:
    path, unit = f"/c/{number(private)}", server.unit()
    assert server.api.get(path).json()["id"] == private["credential"]["id"]
    other = server.make("issuers", {"slug": server.fresh("elsewhere"), "name": "Elsewhere"})["slug"]
    for headers, status in ((server.bearer("auditor", issuer=unit), 200), (server.bearer("issuer", issuer=other), 403)):
        assert server.stranger.get(path, headers=headers).status_code == status
    refused(server.stranger.get(path, headers=server.bearer("issuer", revoked=True)), 403)
    refused(server.stranger.get(path, headers={"Authorization": "Basic x"}), 403)


def test_search_engines_may_list_public_badges_only(server: Running) -> None:
    award = server.award()
    for visibility, listed in (("unlisted", False), ("public", True), ("unlisted", False)):
        decide(server, award, visibility=visibility)
        page, file = (server.stranger.get(f"/c/{number(award)}", headers=one) for one in (PAGE, {}))
        assert ('name="robots" content="noindex"' not in page.text) is listed
        assert [("x-robots-tag" not in answer.headers) for answer in (page, file)] == [listed, listed]
        assert "no-store" in page.headers["cache-control"]


def test_pages_show_results_once_the_learner_agrees(sqlite_server: Running) -> None:
    slug = sqlite_server.published(resultDescription=[SCALE])
    award = sqlite_server.award(achievement=slug, results=[RESULT])
    path, verified = f"/c/{number(award)}", f"/verify?url={quote(award['credential']['id'])}"
    assert sqlite_server.stranger.get(path).json()["credentialSubject"]["result"][0]["value"] == "61"
    for agreed in (False, True, False):
        decide(sqlite_server, award, shows_results=agreed)
        for address in (path, verified):
            page = sqlite_server.stranger.get(address, headers=PAGE)
            assert "Written test" in page.text
            assert (">61</span>" in page.text, "has not chosen to show it" in page.text) == (agreed, not agreed)
        certificate = sqlite_server.stranger.get(f"{path}.pdf").content
        assert ("Written test: 61" in pypdfium2.PdfDocument(certificate)[0].get_textpage().get_text_range()) == agreed
    body = sqlite_server.stranger.get(path).content
    handed_in = sqlite_server.stranger.post("/verify", files={"file": body}, headers=PAGE)
    assert ">61</span>" in handed_in.text, "who has the file has the result"
