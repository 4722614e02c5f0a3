"""Claiming a badge and the page of a learner, over real HTTP, and what attackers would make of them."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select
from tests.web import conftest, steps

from badgeissuer import claiming
from badgeissuer.claiming import consents, holders
from badgeissuer.net import mail
from badgeissuer.settings import Settings
from badgeissuer.store import tables
from badgeissuer.web import app as web
from badgeissuer.web.learner import door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.web.conftest import Running, Until

    Open = Callable[[], httpx.Client]

MAIL = {"smtp_url": "smtp://127.0.0.1:1", "email_from": "badges@example.edu"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCALE = {"id": "#test", "name": "Written test", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    with conftest.serve(f"sqlite:///{copy}", folder, **MAIL) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture
def browser(server: Running) -> Iterator[Open]:
    """Return what opens a browser."""
    opened: list[httpx.Client] = []

    def give() -> httpx.Client:
        opened.append(httpx.Client(base_url=server.base, headers=conftest.PAGE, trust_env=False))
        return opened[-1]

    yield give
    for one in opened:
        one.close()


def badge(server: Running, email: str = "", **more: Any) -> tuple[str, str]:  # noqa: ANN401 - members of an award
    """Issue a badge; return its number, and the path of the link in its letter."""
    made = server.award(learner={"email": email or f"{server.fresh('lin')}@example.org", "name": "Lin"}, **more)
    uuid = str(made["credential"]["id"]).rpartition("/")[2]
    return uuid, invited(server, uuid)


def invited(server: Running, uuid: str) -> str:
    with server.service.writing() as session:
        row = session.scalars(select(tables.Award).where(tables.Award.credential_uuid == UUID(uuid))).one()
        found = claiming.invite(session, row, site=server.service.site, now=server.service.now())
        assert found.link is not None
        return urlsplit(found.link).path


def claimed(server: Running, client: httpx.Client, email: str = "", **more: Any) -> tuple[str, str]:  # noqa: ANN401 - see `badge`
    """Issue a badge and claim it; return its number, and the key of the forms."""
    uuid, path = badge(server, email, **more)
    answer = client.post(path, data={"visibility": "unlisted"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me"), answer.text
    return uuid, steps.key_of(client.get("/me").text)


def test_opening_a_link_does_nothing_and_its_form_makes_the_badge_theirs(server: Running, browser: Open) -> None:
    client, (uuid, path) = browser(), badge(server, achievement=server.published(name="Knots <b>& more"))
    before = server.rows()
    for _ in range(2):  # programs that scan mail open links
        page = client.get(path)
        assert (page.status_code, "Knots &lt;b&gt;&amp; more" in page.text) == (200, True)
        assert ("set-cookie" in page.headers, page.headers["referrer-policy"]) == (False, "same-origin")
        assert (page.headers["x-robots-tag"], "no-store" in page.headers["cache-control"]) == ("noindex", True)
        assert client.head(path).status_code == 200
    assert server.rows() == before
    answer = client.post(path, data={"visibility": "private", "results": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert door.cookie_name(replace(server.service, settings=Settings(base_url="https://badges.example.edu"))) == "__Host-holder"
    mine = client.get("/me")
    assert "Only you see it, with your results" in mine.text
    (award,) = (one for one in server.listed("awards") if str(one["credential"]["id"]).endswith(uuid))
    assert award["claimed_at"]
    assert consents.TEXTS["issue"].words in mine.text
    assert consents.TEXTS["results"].words in mine.text
    assert client.get(f"/c/{uuid}").status_code == 200
    assert server.stranger.get(f"/c/{uuid}").status_code == 403
    for again in (client.get(path), browser().post(path, data={"go": "on"})):
        assert (again.status_code, "used before" in again.text, "Send me a link" in again.text) == (403, True, True)
        assert "set-cookie" not in again.headers


def test_a_letter_that_is_read_late_keeps_what_was_decided_before(server: Running, browser: Open) -> None:
    email = f"{server.fresh('lin')}@example.org"
    client, (_, first), (uuid, late) = browser(), badge(server, email), badge(server, email)
    client.post(first, data={"visibility": "unlisted"})
    client.post(f"/me/badges/{uuid}", data={"key": steps.key_of(client.get("/me").text), "visibility": "private", "list": "on"})
    page = client.get(late).text
    assert re.findall(r'(?:value|name)="(\w+)" checked', page) == ["private", "list"]
    client.post(late, data={"list": "on"})
    assert server.stranger.get(f"/c/{uuid}").status_code == 403


def test_a_wish_that_cannot_be_kept_uses_no_link_up(server: Running, browser: Open) -> None:
    client, (_, path) = browser(), badge(server)
    assert client.post(path, data={"visibility": "secret"}).status_code == 422
    assert client.post(path, content="visibility=unlisted&visibility=public", headers=FORM).status_code == 400
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_forms_of_other_sites_are_not_read(server: Running, browser: Open, headers: dict[str, str]) -> None:
    client, (uuid, path) = browser(), badge(server)
    for target, data in ((path, {}), ("/me/sign-in", {"email": "lin@example.org"})):
        answer = client.post(target, data={"go": "on"} | data, headers=headers)
        assert (answer.status_code, "another site" in answer.text) == (403, True)
    client.post(path, data={"visibility": "unlisted"})
    key = steps.key_of(client.get("/me").text)
    for target in (f"/me/badges/{uuid}", f"/me/badges/{uuid}/links", "/me/sign-out"):
        data = {"key": key, "visibility": "public", "days": "7"}
        assert client.post(target, data=data, headers=headers).status_code == 403
        assert client.post(target, data=data | {"key": "0" * 64}).status_code == 403
        assert client.post(target, data={"visibility": "public"}).status_code == 403
    assert "Anyone with its link sees it" in client.get("/me").text


def test_nobody_acts_on_the_badges_of_others(server: Running, browser: Open) -> None:
    mine, theirs = browser(), browser()
    (own, key), (other, other_key) = claimed(server, mine), claimed(server, theirs)
    made = theirs.post(f"/me/badges/{other}/links", data={"key": other_key, "days": "7"})
    (link,) = re.findall(rf"/me/badges/{other}/links/(\d+)/end", made.text.partition("data-done")[0] + made.text.partition("</section>")[2])
    assert other not in mine.get("/me").text
    for target in (f"/me/badges/{other}", f"/me/badges/{other}/links", f"/me/badges/{own}/links/{link}/end", f"/me/badges/{UUID(int=7)}"):
        answer = mine.post(target, data={"key": key, "visibility": "private", "days": "7"})
        assert answer.status_code == 404, target
    assert mine.post(f"/me/badges/{other}", data={"key": other_key, "visibility": "private"}).status_code == 403
    assert server.stranger.get(f"/c/{other}").status_code == 200
    assert mine.post(f"/me/badges/{own}/links/1/explode", data={"key": key}).status_code == 404


def test_a_browser_gets_a_session_of_its_own_and_loses_the_one_before(server: Running, browser: Open) -> None:
    """Session fixation: what an attacker put into the cookie beforehand is of no use."""
    client, planted = browser(), "a" * 43
    client.cookies.set("holder", planted)
    assert "Send me a link" in client.get("/me").text
    claimed(server, client)
    first = client.cookies.get("holder", domain="localhost.local")
    assert first not in {None, planted}
    claimed(server, client)
    stale = browser()
    stale.cookies.set("holder", str(first))
    assert "Send me a link" in stale.get("/me").text
    key = steps.key_of(client.get("/me").text)
    kept = {one.value for one in client.cookies.jar if one.name == "holder"}
    assert client.post("/me/sign-out", data={"key": key}).headers["location"] == "/me"
    for secret in kept:
        thief = browser()
        thief.cookies.set("holder", str(secret))
        assert "Send me a link" in thief.get("/me").text


def test_every_form_of_learners_leads_strangers_to_the_door(browser: Open) -> None:
    routes = [route for router in web.LEARNERS for route in router.routes if isinstance(route, APIRoute)]
    guarded = {route.path for route in routes if "POST" in (route.methods or ()) and route.path not in {"/me/sign-in", "/claim/{secret}"}}
    assert len(guarded) == 7
    for path in sorted(guarded):
        answer = browser().post(path.format(uuid=UUID(int=7), link_id=1, change="end", address_id=1, secret="x"), data={"key": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")


def test_a_learner_decides_and_takes_it_back(server: Running, browser: Open) -> None:
    client = browser()
    result = {"resultDescription": "#test", "value": "61"}
    uuid, key = claimed(server, client, achievement=server.published(resultDescription=[SCALE]), results=[result])
    assert ">61</span>" in client.get(f"/c/{uuid}").text, "to the learner"
    assert ">61</span>" not in server.stranger.get(f"/c/{uuid}", headers=conftest.PAGE).text
    answer = client.post(f"/me/badges/{uuid}", data={"key": key, "visibility": "public", "results": "on", "list": "on"})
    assert "It is public now" in answer.text
    shown = server.stranger.get(f"/c/{uuid}", headers=conftest.PAGE)
    assert (">61</span>" in shown.text, "x-robots-tag" in shown.headers) == (True, False)
    undo = dict(
        re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', answer.text.partition("data-done")[2].partition("</section>")[0])
    )
    assert undo == {"key": key, "visibility": "unlisted"}
    assert "listed nowhere" in client.post(f"/me/badges/{uuid}", data=undo).text
    assert server.stranger.get(f"/c/{uuid}", headers=conftest.PAGE).headers["x-robots-tag"] == "noindex"
    assert client.get("/me").text.count("no longer:") == 3
    assert client.post(f"/me/badges/{uuid}", data={"key": key, "visibility": "secret"}).status_code == 422


def test_a_link_is_shown_once_opens_the_badge_and_is_taken_back(server: Running, browser: Open) -> None:
    client = browser()
    uuid, key = claimed(server, client)
    client.post(f"/me/badges/{uuid}", data={"key": key, "visibility": "private"})
    path, data = f"/me/badges/{uuid}/links", {"key": key, "days": "30", "note": "<i>bakery"}
    made = client.post(path, data=data)
    (link,) = set(re.findall(rf"{server.base}/c/{uuid}\?share=[A-Za-z0-9]{{43}}", made.text))
    assert server.stranger.get(link).status_code == 200
    mine = client.get("/me").text
    assert (link.partition("=")[2] in mine, "&lt;i&gt;bakery" in mine) == (False, True)
    (end,) = set(re.findall(rf"{path}/\d+/end", mine))
    assert "opens nothing any more" in client.post(end, data={"key": key}).text
    assert server.stranger.get(link).status_code == 403
    assert "counts again" in client.post(end.replace("/end", "/renew"), data={"key": key}).text
    assert server.stranger.get(link).status_code == 200
    for wrong in ("8", "", "-7", "\u0667", "1" * 5000):
        assert client.post(path, data=data | {"days": wrong}).status_code == 422
    assert client.post(path, data=data | {"note": "n" * 101}).status_code == 422


def links(server: Running, email: str) -> int:
    with server.service.reading() as session:
        return session.scalar(select(func.count(tables.ClaimLink.id)).where(tables.ClaimLink.email == email)) or 0


def test_asking_for_a_link_tells_nobody_who_has_badges(server: Running, browser: Open, until: Until) -> None:
    client, email = browser(), f"{server.fresh('ada')}@example.org"
    badge(server, email)
    before = links(server, email)
    known, unknown = (client.post("/me/sign-in", data={"email": one}) for one in (email.upper(), "nobody@example.org"))
    assert (known.status_code, known.text) == (200, unknown.text)
    until(lambda: links(server, email) == before + 1)
    assert links(server, "nobody@example.org") == 0
    with server.service.writing() as session:  # while somebody else writes, both are answered all the same
        session.add(tables.Holder(created_at=server.service.now()))
        session.flush()
        for one in (email, "nobody@example.org"):
            begun = time.monotonic()
            assert client.post("/me/sign-in", data={"email": one}).text == known.text
            assert time.monotonic() - begun < 1
    for wrong in (
        "",
        "lin",
        "lin@example.org\r\nBcc: all@example.org",
        "\u212aim@example.org",
        "a\0@example.org",
        "x" * 300 + "@example.org",
    ):
        answer = client.post("/me/sign-in", data={"email": wrong})
        assert (answer.status_code, "no e-mail address" in answer.text) == (422, True), wrong


def test_who_has_no_badge_any_more_is_told_what_to_do(server: Running, browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    uuid, _ = claimed(server, client)
    with server.service.writing() as session:
        session.scalars(select(tables.Award).where(tables.Award.credential_uuid == UUID(uuid))).one().state = "cancelled"
    assert "No badge yet" in client.get("/me").text
    later = server.service.now() + holders.IDLE
    monkeypatch.setattr("badgeissuer.web.service.clock", lambda: later)
    assert "Send me a link" in client.get("/me").text


def test_an_hour_later_a_session_in_use_is_noted_as_used(server: Running, browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    claimed(server, client)
    later = server.service.now() + timedelta(hours=1)
    monkeypatch.setattr("badgeissuer.web.service.clock", lambda: later)
    client.get("/me")
    with server.service.reading() as session:
        assert session.scalar(select(func.max(tables.HolderSession.used_at))) == later


def test_a_service_that_sends_no_letters_says_so(sqlite_server: Running) -> None:
    page = sqlite_server.stranger.get("/me", headers=conftest.PAGE)
    assert (page.status_code, "sends no letters" in page.text) == (200, True)
    assert sqlite_server.stranger.post("/me/sign-in", data={"email": "lin@example.org"}, headers=conftest.PAGE).status_code == 422


def added(server: Running, email: str) -> str:
    """Return the path in the letter that was ordered last to an address."""
    with server.service.writing() as session:
        newest = session.scalars(select(func.max(tables.ClaimLink.id)).where(tables.ClaimLink.email == email)).one()
        sender = mail.Mailbox("x@example.edu")
        letter = claiming.prepare(session, newest, sender=sender, site=server.service.site, now=server.service.now())
    assert letter is not None
    body = letter.message.get_body(("plain",))
    assert body is not None
    return re.findall(rf"{server.base}({claiming.ADDED}/\w+)", body.get_content())[0]  # type: ignore[no-any-return]


def test_an_address_is_added_in_the_browser_that_is_signed_in_and_changed_back(server: Running, browser: Open) -> None:
    client, email = browser(), f"{server.fresh('home')}@example.org"
    _, key = claimed(server, client)
    assert "on its way" in client.post("/me/addresses", data={"key": key, "email": email.upper()}).text
    path = added(server, email)
    elsewhere = browser()
    assert (elsewhere.get(path).status_code, elsewhere.post(path, data={"key": "x"}).headers["location"]) == (403, "/me")
    other = browser()
    _, other_key = claimed(server, other)
    assert (other.get(path).status_code, other.post(path, data={"key": other_key}).status_code) == (403, 403)
    assert f"Is <bdi>{email}</bdi> yours too?" in client.get(path).text
    assert email not in client.get("/me").text
    assert client.post(path, data={"key": key}).headers["location"] == "/me"
    assert client.post(path, data={"key": key}).status_code == 403
    (prefer,) = re.findall(r"/me/addresses/\d+/prefer", client.get("/me").text)
    done = client.post(prefer, data={"key": key})
    assert f"Letters go to {email} from now on" in done.text
    (undo,) = re.findall(r"/me/addresses/\d+/prefer", done.text.partition("data-done")[2].partition("</section>")[0])
    assert "Letters go to lin" in client.post(undo, data={"key": key}).text
    remove = prefer.replace("prefer", "remove")
    assert other.post(remove, data={"key": other_key}).status_code == 404
    assert client.post(prefer.replace("prefer", "explode"), data={"key": key}).status_code == 404
    assert "not among your addresses any more" in client.post(remove, data={"key": key}).text
    assert "was taken away" in client.get("/me").text
    for wrong in ("", "x", "a@example.org\r\nBcc: b@example.org"):
        assert client.post("/me/addresses", data={"key": key, "email": wrong}).status_code == 422
