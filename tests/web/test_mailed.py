"""Signing in by a link, over real HTTP, and what attackers would make of it."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import func, select
from tests.web import conftest

from badgeissuer import access
from badgeissuer.entering import mailing
from badgeissuer.net import mail
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.conftest import Running, Until

MAIL = {"smtp_url": "smtp://127.0.0.1:1", "email_from": "badges@example.edu"}


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    with conftest.serve(f"sqlite:///{copy}", folder, has_worker=False, **MAIL) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base, headers=conftest.PAGE, trust_env=False) as made:
        yield made


@pytest.fixture
def email(server: Running) -> str:
    address = f"{server.fresh('ada')}@example.org"
    server.make("accounts", {"email": address, "name": "Ada <b>", "role": "issuer"})
    return address


def links(server: Running, email: str) -> int:
    with server.service.reading() as session:
        table = tables.SignInLink
        query = select(func.count(table.id)).join(tables.Account, tables.Account.id == table.account_id)
        return session.scalar(query.where(tables.Account.email == email)) or 0


def asked(server: Running, client: httpx.Client, email: str, until: Until, *, wanted: str = "/staff/units") -> str:
    """Ask for a link, and return the path that a courier would put into the letter."""
    before = links(server, email)
    answer = client.post(mailing.PATH, data={"email": email.upper(), "next": wanted})
    assert answer.status_code == 200, answer.text
    until(lambda: links(server, email) > before)
    with server.service.writing() as session:
        newest = session.scalar(select(func.max(tables.SignInLink.id))) or 0
        letter = mailing.prepare(session, newest, sender=mail.Mailbox("x@example.edu"), site=server.service.site, now=server.service.now())
    assert letter is not None
    body = letter.message.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    return next(line.strip().removeprefix(server.base) for line in text.splitlines() if mailing.PATH in line)


def test_a_link_opens_a_page_whose_form_signs_in(server: Running, client: httpx.Client, email: str, until: Until) -> None:
    assert "Send me a link" in client.get("/staff/sign-in").text
    path = asked(server, client, email, until)
    for _ in range(3):  # scanners of mail open links
        page = client.get(path)
        assert (page.status_code, "Sign in as Ada &lt;b&gt;?" in page.text) == (200, True)
        assert "set-cookie" not in page.headers
        assert client.head(path).status_code == 200
    answer = client.post(path, data={"go": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/units")
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert "Sign out Ada" in client.get("/staff").text
    for again in (client.get(path), client.post(path, data={"go": "on"})):
        assert (again.status_code, "was used before" in again.text) == (403, True)


def test_the_answer_tells_nobody_who_has_an_account(server: Running, client: httpx.Client, email: str, until: Until) -> None:
    before = links(server, email)
    known, unknown = (client.post(mailing.PATH, data={"email": one}) for one in (email, "nobody@example.org"))
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    until(lambda: links(server, email) == before + 1)
    with server.service.writing() as session:  # while somebody else writes, both are answered all the same
        session.add(tables.SpentState(state_sha256=access.new_secret(), created_at=server.service.now()))
        session.flush()
        for one in (email, "nobody@example.org"):
            begun = time.monotonic()
            assert client.post(mailing.PATH, data={"email": one}).text == known.text
            assert time.monotonic() - begun < 1


def test_a_link_that_somebody_else_asked_for_signs_nobody_in(server: Running, client: httpx.Client, email: str, until: Until) -> None:
    """Login CSRF: an attacker has a victim open the attacker's link; and a link that was read by another is of no use."""
    path = asked(server, client, email, until)
    with httpx.Client(base_url=server.base, headers=conftest.PAGE, trust_env=False) as victim:
        for answer in (victim.get(path), victim.post(path, data={"go": "on"})):
            assert (answer.status_code, "only in the browser" in answer.text) == (403, True)
            assert "set-cookie" not in answer.headers
    assert client.post(path, data={"go": "on"}).status_code == 303


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_forms_of_another_site_neither_ask_nor_use(
    server: Running, client: httpx.Client, email: str, until: Until, headers: dict[str, str]
) -> None:
    path = asked(server, client, email, until)
    for target, data in ((mailing.PATH, {"email": email}), (path, {"go": "on"})):
        answer = client.post(target, data=data, headers=headers)
        assert (answer.status_code, "another site" in answer.text) == (403, True)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", "/staff/\\elsewhere.example"])
def test_a_link_leads_never_to_another_site(server: Running, client: httpx.Client, email: str, until: Until, wanted: str) -> None:
    path = asked(server, client, email, until, wanted=wanted)
    assert client.post(path, data={"go": "on"}).headers["location"] == "/staff"


@pytest.mark.parametrize("given", ["", "ada", "ädä@example.org", "ada@example.org\nBcc: x@example.org"])
def test_what_is_no_address_is_told_to_be_none(client: httpx.Client, given: str) -> None:
    answer = client.post(mailing.PATH, data={"email": given})
    assert (answer.status_code, "This is no e-mail address" in answer.text) == (422, True)


def test_links_are_offered_only_where_mail_is_set_up_and_nobody_turned_them_off(sqlite_server: Running, serving: conftest.Serve) -> None:
    with serving(has_worker=False, sign_in_by_email=False, **MAIL) as off:
        for running in (sqlite_server, off):
            assert "Send me a link" not in running.stranger.get("/staff/sign-in").text
            assert running.stranger.get(f"{mailing.PATH}/x").status_code == 404
            assert running.stranger.post(mailing.PATH, data={"email": "ada@example.org"}).status_code == 404
