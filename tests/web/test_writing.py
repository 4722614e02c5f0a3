"""The form in which achievements are written: everything written is kept, and only what breaks no rule becomes the draft."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select
from tests.microcredentials import CHARTS, UNIT
from tests.web import steps
from tests.web.test_draft_form import sent

from badgeissuer import access, authoring, keeping
from badgeissuer.store import tables
from badgeissuer.web import pages

if TYPE_CHECKING:
    from tests.web.conftest import Running, SignIn

JsonObject = dict[str, Any]


@pytest.fixture
def slug(sqlite_server: Running) -> str:
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), **UNIT})["slug"]
    found: str = sqlite_server.make("achievements", sqlite_server.draft(issuer=unit, **CHARTS))["slug"]
    return found


def form(client: httpx.Client, slug: str, draft: JsonObject = CHARTS) -> dict[str, str]:
    """Return what a browser would send back of the form, with what a draft says in its fields."""
    page = client.get(f"/staff/write/{slug}").text
    return sent(draft) | {"key": steps.key_of(page), "seen": page.split('name="seen" value="')[1].split('"')[0]}


def draft_of(sqlite_server: Running, slug: str) -> JsonObject:
    found: JsonObject = sqlite_server.api.get(f"/api/achievements/{slug}").json()["draft"]
    return found


def test_an_achievement_is_begun_and_written_on(sqlite_server: Running, sign_in: SignIn) -> None:
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), **UNIT})["slug"]
    client, slug = sign_in("issuer"), sqlite_server.fresh("knots")
    first = {"key": steps.key_of(client.get("/staff/write").text), "unit": unit, "slug": slug}
    answer = client.post("/staff/write", data=first | {"name": "Knots", "description": "", "narrative": "Tie ten."})
    assert answer.status_code == 422
    assert 'value="Knots"' in answer.text
    assert 'id="description-error"' in answer.text
    first |= {"name": "Knots", "description": "Ties knots.", "narrative": "Tie ten."}
    answer = client.post("/staff/write", data=first)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/write/{slug}")
    assert draft_of(sqlite_server, slug) == {"name": "Knots", "description": "Ties knots.", "criteria": {"narrative": "Tie ten."}}
    answer = client.post("/staff/write", data=first)
    assert answer.status_code == 409
    assert 'id="slug-error"' in answer.text
    answer = client.post(f"/staff/write/{slug}", data=form(client, slug) | {"do": "store"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/write/{slug}?saved=true")
    assert draft_of(sqlite_server, slug) == CHARTS
    assert "Stored in the draft." in client.get(answer.headers["location"]).text


def test_what_breaks_a_rule_is_kept_and_not_stored(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    wrong = form(client, slug) | {"creditsAvailable": "two", "outcome-1-statement": "x" * 2001}
    answer = client.post(f"/staff/write/{slug}", data=wrong)
    assert answer.status_code == 422
    assert "Credits are a number, such as 5 or 2.5." in answer.text
    assert 'href="#outcome-1-statement"' in answer.text
    named = client.post(f"/staff/write/{slug}", data=form(client, slug) | {"prerequisites": "nothing-of-that-name"})
    assert 'id="prerequisites-error"' in named.text
    client.post(f"/staff/write/{slug}", data=wrong)
    assert draft_of(sqlite_server, slug) == CHARTS
    again = client.get(f"/staff/write/{slug}").text
    assert (
        'id="creditsAvailable" name="creditsAvailable" type="text" maxlength="20" autocomplete="off" spellcheck="false" value="two"'
        in again
    )
    assert "It cannot be stored yet." in again
    answer = client.post(f"/staff/write/{slug}", data={"key": wrong["key"], "do": "discard"})
    assert answer.status_code == 303
    assert 'value="two"' not in client.get(f"/staff/write/{slug}").text


def test_what_is_kept_is_seen_by_nobody_else(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    mine, theirs = sign_in("issuer"), sign_in("issuer")
    answer = mine.post(f"/staff/write/{slug}/keep", data=form(mine, slug) | {"name": "Half written", "participationType": ""})
    assert answer.status_code == 200
    assert "Form of participation" in answer.text  # what frameworks would then ask for
    assert "<html" not in answer.text
    assert 'value="Half written"' in mine.get(f"/staff/write/{slug}").text
    assert "Half written" in mine.get(f"/staff/write/{slug}/preview").text
    assert "Half written" not in theirs.get(f"/staff/write/{slug}").text
    assert "Half written" not in theirs.get(f"/staff/write/{slug}/preview").text
    assert draft_of(sqlite_server, slug) == CHARTS


def test_of_two_who_write_the_second_is_told_and_loses_nothing(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    mine = form(client, slug) | {"name": "Mine"}
    assert sqlite_server.api.put(f"/api/achievements/{slug}", json=CHARTS | {"name": "Theirs", "tag": ["sea"]}).status_code == 200
    answer = client.post(f"/staff/write/{slug}", data=mine)
    assert answer.status_code == 412
    assert "Somebody else has changed the draft since you began" in answer.text
    assert '<span class="hint">theirs</span> Theirs' in answer.text
    assert '<span class="hint">yours</span> Mine' in answer.text
    assert draft_of(sqlite_server, slug)["name"] == "Theirs"
    over = answer.text.split('name="do" value="over:')[1].split('"')[0]
    answer = client.post(f"/staff/write/{slug}", data=mine | {"do": f"over:{over}"})
    assert answer.status_code == 303
    assert draft_of(sqlite_server, slug) == CHARTS | {"name": "Mine"}
    assert client.post(f"/staff/write/{slug}", data=mine | {"do": f"over:{over}", "name": "Again"}).status_code == 412


def test_buttons_change_how_many_there_are(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    data = form(client, slug)
    for do, place in (
        ("add:outcome", "outcome-3"),
        ("up:outcome-2", "outcome-1"),
        ("remove:part-1", "part"),
        ("add:part-2-level", "part-2-level-3"),
    ):
        answer = client.post(f"/staff/write/{slug}", data=data | {"do": do})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/write/{slug}#{place}")
    assert 'id="part-2-level-3-name"' in client.get(f"/staff/write/{slug}").text
    answer = client.post(f"/staff/write/{slug}", data=data | {"do": "remove:outcome-9"})
    assert answer.status_code == 422
    assert "Load the page again." in answer.text
    assert draft_of(sqlite_server, slug) == CHARTS


def test_a_preview_looks_like_the_page_that_it_will_be(sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    answer = client.post(f"/staff/write/{slug}", data=form(client, slug) | {"do": "preview", "name": "<i>Charts</i>"})
    page = client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "This is how version 1 would look" in page.text
    assert "&lt;i&gt;Charts&lt;/i&gt;" in page.text
    assert "Plots a course with its tidal set" in page.text
    client.post(f"/staff/write/{slug}", data=form(client, slug) | {"do": "preview", "workload": "long"})
    assert client.get(answer.headers["location"]).status_code == 422


def test_a_page_with_a_script_of_ours_allows_no_other(sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    for path, policy in ((f"/staff/write/{slug}", "; script-src 'self'; connect-src 'self'"), ("/staff/write", "")):
        said = client.get(path).headers["content-security-policy"]
        assert said == pages.CONTENT_SECURITY_POLICY + policy
    assert client.get("/static/writing.js").headers["content-type"].startswith("text/javascript")


def test_who_may_not_define_does_not_write(sign_in: SignIn, slug: str) -> None:
    client = sign_in("auditor")
    for path in ("/staff/write", f"/staff/write/{slug}", f"/staff/write/{slug}/preview"):
        assert client.get(path).status_code == 403
    data = {"key": steps.key_of(client.get("/staff").text)}
    for path in ("/staff/write", f"/staff/write/{slug}", f"/staff/write/{slug}/keep"):
        assert client.post(path, data=data).status_code == 403
    assert "Write it on" not in client.get(f"/staff/achievements/{slug}").text


def test_what_nobody_comes_back_for_goes(server: Running) -> None:
    slug = server.published()
    now = server.service.now()
    with server.service.writing() as session:
        row = authoring.achievement(session, slug)
        mine, theirs = (access.authenticate(session, access.create(session, "a", role="issuer", now=now)[1], now=now) for _ in range(2))
        keeping.keep(session, row, mine, form={"a": 1}, seen="x", now=now - keeping.KEPT - timedelta(days=1))
        keeping.keep(session, row, mine, form={"a": 2}, seen="y", now=now - keeping.KEPT - timedelta(hours=1))
        assert session.scalars(select(tables.KeptForm.seen).where(tables.KeptForm.achievement_id == row.id)).all() == ["y"]
        keeping.keep(session, row, theirs, form={"a": 3}, seen="z", now=now)
        assert keeping.kept(session, row, mine) is None
        assert keeping.kept(session, row, theirs) is not None
