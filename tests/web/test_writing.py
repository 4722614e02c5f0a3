"""The form in which achievements are written: everything written is kept, and only what breaks no rule becomes the draft."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
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
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), "artwork": "shield", **UNIT})["slug"]
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
    assert 'src="data:image/svg+xml;base64,' in answer.text
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
        keeping.keep(session, row, mine, form={"a": 1}, begun={}, seen="x", now=now - keeping.KEPT - timedelta(days=1))
        keeping.keep(session, row, mine, form={"a": 2}, begun={}, seen="y", now=now - keeping.KEPT - timedelta(hours=1))
        assert session.scalars(select(tables.KeptForm.seen).where(tables.KeptForm.achievement_id == row.id)).all() == ["y"]
        keeping.keep(session, row, theirs, form={"a": 3}, begun={}, seen="z", now=now)
        assert keeping.kept(session, row, mine) is None
        assert keeping.kept(session, row, theirs) is not None


def test_who_was_signed_out_meanwhile_loses_nothing(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client, again = sign_in("issuer"), sign_in("issuer")
    data = form(client, slug) | {"name": "Charts & <b>Tides</b>"}
    client.post("/staff/sign-out", data={"key": data["key"]})
    answer = client.post(f"/staff/write/{slug}", data=data)
    assert answer.status_code == 401
    assert "You were signed out" in answer.text
    assert '<input type="hidden" name="name" value="Charts &amp; &lt;b&gt;Tides&lt;/b&gt;">' in answer.text
    answer = again.post(f"/staff/write/{slug}", data=hidden(answer.text))  # as the same browser would, once it is signed in again
    assert answer.status_code == 403
    assert "Send it once more" in answer.text
    assert draft_of(sqlite_server, slug) == CHARTS
    answer = again.post(f"/staff/write/{slug}", data=hidden(answer.text))
    assert answer.status_code == 303
    assert draft_of(sqlite_server, slug) == CHARTS | {"name": "Charts & <b>Tides</b>"}
    elsewhere = {"Origin": "https://elsewhere.example"}
    for who in (client, again):  # what another site sends is not even shown
        answer = who.post(f"/staff/write/{slug}", data=data, headers=elsewhere)
        assert "Tides" not in answer.text


def hidden(page: str) -> dict[str, str]:
    return {unescape(name): unescape(text) for name, text in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)}


def test_of_parts_that_changed_places_meanwhile_each_keeps_its_name(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    plan, oral = ({**part, "id": f"#{number}"} for number, part in enumerate(CHARTS["resultDescription"]))
    assert sqlite_server.api.put(f"/api/achievements/{slug}", json=CHARTS | {"resultDescription": [plan, oral]}).status_code == 200
    mine = form(client, slug, CHARTS | {"resultDescription": [plan, oral]}) | {"name": "Mine"}
    client.post(f"/staff/write/{slug}/keep", data=mine)
    assert sqlite_server.api.put(f"/api/achievements/{slug}", json=CHARTS | {"resultDescription": [oral, plan]}).status_code == 200
    answer = client.post(f"/staff/write/{slug}", data=mine)
    assert answer.status_code == 412
    over = answer.text.split('name="do" value="over:')[1].split('"')[0]
    assert client.post(f"/staff/write/{slug}", data=mine | {"do": f"over:{over}"}).status_code == 303
    assert draft_of(sqlite_server, slug) == CHARTS | {"name": "Mine", "resultDescription": [plan, oral]}


def test_long_texts_in_any_script_are_stored(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    assert client.post(f"/staff/write/{slug}", data=form(client, slug) | {"description": "航" * 9999 + "⛵"}).status_code == 303
    assert len(draft_of(sqlite_server, slug)["description"]) == 10_000


def test_what_comes_after_the_same_was_stored_is_not_kept(sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    data = form(client, slug) | {"name": "Stored"}
    assert client.post(f"/staff/write/{slug}", data=data).status_code == 303
    assert client.post(f"/staff/write/{slug}/keep", data=data).status_code == 200
    page = client.get(f"/staff/write/{slug}").text
    assert "This is the draft as it is stored." in page
    assert "Somebody else has changed" not in page


def test_the_last_level_can_go_though_it_was_needed_to_pass(sqlite_server: Running, sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    data = form(client, slug)
    for do in ("remove:part-2-level-2", "remove:part-2-level-1"):
        client.post(f"/staff/write/{slug}", data=data | {"do": do})
        data = hidden(client.get(f"/staff/write/{slug}").text) | {
            name: text for name, text in data.items() if not name.startswith("part-2-level")
        }
        data |= {"part-2-requiredLevel": ""}
    answer = client.post(f"/staff/write/{slug}", data=data | {"part-2-resultType": "Status", "do": "store"})
    assert answer.status_code == 303, answer.text
    assert "requiredLevel" not in draft_of(sqlite_server, slug)["resultDescription"][1]


def test_what_is_new_is_not_called_what_something_was_called_before(sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    client.post(f"/staff/write/{slug}", data=form(client, slug) | {"do": "remove:part-1"})
    page = client.get(f"/staff/write/{slug}").text
    kept = hidden(page) | {name: text for name, text in sent(CHARTS).items() if not name.startswith("part-")}
    client.post(f"/staff/write/{slug}", data=kept | {"do": "add:part"})
    assert 'name="part-2-id" value="#result-3"' in client.get(f"/staff/write/{slug}").text


@pytest.mark.parametrize("name", ["a-" * 30_000, "outcome-1-skill-1-x", "part-1-level-1-level", "-", ""])
def test_a_button_that_nobody_made_is_refused(sign_in: SignIn, slug: str, name: str) -> None:
    client = sign_in("issuer")
    assert client.post(f"/staff/write/{slug}", data=form(client, slug) | {"do": f"add:{name}"}).status_code == 422


def test_a_unit_that_is_gone_and_credits_below_nothing_are_said_where_they_stand(sign_in: SignIn, slug: str) -> None:
    client = sign_in("issuer")
    first = {"key": steps.key_of(client.get("/staff/write").text), "unit": "gone", "slug": "x", "name": "Kept name"}
    answer = client.post("/staff/write", data=first)
    assert (answer.status_code, 'id="unit-error"' in answer.text, "Kept name" in answer.text) == (422, True, True)
    answer = client.post(f"/staff/write/{slug}", data=form(client, slug) | {"creditsAvailable": "-5"})
    assert "creditsAvailable must not be negative." in answer.text


def test_what_one_person_does_at_the_same_moment_is_kept_or_dropped_and_never_fails(server: Running) -> None:
    slug, now = server.published(), server.service.now()
    with server.service.writing() as session:
        actor = access.authenticate(session, access.create(session, "a", role="issuer", now=now)[1], now=now)

    def one(number: int) -> None:
        with server.service.writing() as session:
            row = authoring.achievement(session, slug)
            if number % 3:
                keeping.keep(session, row, actor, form={"a": number}, begun={}, seen="x", now=now)
            else:
                keeping.drop(session, row, actor)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(30)))
