"""The pages for rosters over HTTP: what goes wrong on the way, and who may do what."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from tests.web import steps
from tests.web.conftest import PAGE

from badgeissuer.store import tables, uploads
from badgeissuer.web import limits

if TYPE_CHECKING:
    from tests.web.conftest import Running, Serve, SignIn, Until


HERE = "/staff/rosters"
RESULTS = [{"id": "#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}]


def bring(client: httpx.Client, slug: str, content: bytes, *, name: str = "roster.csv", **fields: str) -> httpx.Response:
    key = steps.key_of(client.get(HERE).text)
    return client.post(HERE, data={"key": key, "achievement": slug, **fields}, files={"file": (name, content, "text/csv")})


def choices(page: str) -> dict[str, str]:
    """Return the fields of the form on a page as a browser would send them."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(r'<option value="([^"]*)"', options)
        assert chosen
        found[name] = chosen[1]
    return {name: html.unescape(value) for name, value in found.items()}


def test_a_file_goes_from_page_to_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    slug, client, who = sqlite_server.published(resultDescription=RESULTS), sign_in(), sqlite_server.fresh("learner")
    content = f"Mail;Final score;;Awarded\n{who}@example.org;87;x;01/02/2026\n;5;;\n".encode()
    answer = bring(client, slug, content, name="<b>.csv")
    place = answer.headers["location"]
    assert (answer.status_code, place.rpartition("/")[0]) == (303, f"{HERE}/uploads")
    page = client.get(place)
    assert "&lt;b&gt;.csv" in page.text
    sent = choices(page.text)
    assert (sent["column-0"], sent["column-1"], sent["column-3"]) == ("email", "result:#score", "awarded_at")
    assert "column-2" not in sent, "a column without a name cannot be told"
    assert client.post(place, data=sent).headers["location"] == f"{place}/check"
    looked = client.get(f"{place}/check").text
    assert "can mean two days" in looked
    again = client.post(place, data=sent | {"delimiter": ","}).headers["location"]
    assert again == place, "cut otherwise, it is looked at again"
    assert "No column says who" in client.get(f"{place}/check").text
    client.post(place, data=sent | {"delimiter": ";"})
    client.post(place, data=choices(client.get(place).text) | {"dates": "dmy", "zone": "Europe/Berlin"})
    token = choices(client.get(f"{place}/check").text)["token"]
    key = sent["key"]
    changed = client.post(f"{place}/issue", data={"key": key, "token": "x"})
    assert (changed.status_code, "Do the dry run again" in changed.text) == (409, True)
    made = client.post(f"{place}/issue", data={"key": key, "token": token}).headers["location"]
    assert client.post(f"{place}/issue", data={"key": key, "token": token}).headers["location"] == made
    until(lambda: "Done" in client.get(made).text)
    shown = client.get(made).text
    assert "http-equiv" not in shown
    assert "The learner needs an e-mail address" in shown
    assert f"{who}@example.org" in client.get(f"{made}/results.csv").text
    assert ",;5" not in client.get(f"{made}/failed.csv").text
    assert client.get(f"{made}/others.csv").status_code == 422
    assert client.post(f"{made}/retry", data={"key": key}).headers["location"] == made
    until(lambda: "Done" in client.get(made).text)
    for change in ("pause", "resume", "cancel"):
        assert client.post(f"{made}/{change}", data={"key": key}).status_code == 303
    assert "Cancelled" in client.get(made).text
    assert client.post(f"{made}/retry", data={"key": key}).status_code == 409
    assert "to be mended" in client.get(HERE).text


def test_what_cannot_be_read_is_shown_and_read_otherwise(sqlite_server: Running, sign_in: SignIn) -> None:
    slug, client = sqlite_server.published(), sign_in()
    place = bring(client, slug, "email,name\na@example.org,Åsa\nb@example.org,Ängla\n".encode("windows-1252")).headers["location"]
    page = client.get(place)
    assert page.status_code == 422
    assert "Row 3, column “name”: byte 0xc4 is no UTF-8" in page.text
    assert "column-1" in choices(page.text), "the columns are known all the same"
    sent = choices(page.text) | {"encoding": "windows-1252"}
    assert client.post(place, data=sent).headers["location"] == place
    assert "Ängla" in client.get(place).text
    empty = bring(client, slug, b"").headers["location"]
    assert "The sheet is empty" in client.get(empty).text
    assert client.post(empty, data=choices(client.get(empty).text)).headers["location"] == empty
    assert bring(client, slug, b"x", name="").status_code == 422


def test_only_who_brought_a_file_sees_it_and_only_who_may_issues(sqlite_server: Running, sign_in: SignIn) -> None:
    slug, client, other = sqlite_server.published(), sign_in(), sign_in()
    place = bring(client, slug, b"email\na@example.org\n").headers["location"]
    assert client.get(place).status_code == 200
    assert other.get(place).status_code == other.get(f"{HERE}/uploads/{uuid4()}").status_code == 404
    auditor = sign_in("auditor")
    page = auditor.get(HERE)
    assert (page.status_code, "Bring a sheet" in page.text) == (200, False)
    key = steps.key_of(page.text)
    file = {"file": ("x.csv", b"email\n", "text/csv")}
    assert auditor.post(HERE, data={"key": key, "achievement": slug}, files=file).status_code == 403
    assert client.post(HERE, data={"key": key, "achievement": slug}, files=file).status_code == 403, "the key of another session"
    assert client.post(HERE, data={"key": steps.key_of(client.get(HERE).text), "achievement": slug}).status_code == 400, "no such form"
    twice: Any = [("key", (None, key)), ("key", (None, key)), ("file", ("x", b"x"))]
    assert client.post(HERE, files=twice).status_code == 400
    elsewhere = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    stranger = sign_in(issuer=elsewhere)
    assert bring(stranger, slug, b"email\n").status_code == 404
    assert stranger.get(f"{HERE}/template", params={"achievement": slug}).status_code == 404
    batch = sqlite_server.make("batches", {"achievement": slug, "rows": [{"learner": {}}]}, expect=202)["id"]
    assert stranger.get(f"{HERE}/{batch}").status_code == stranger.get(f"{HERE}/{batch}/failed.csv").status_code == 404
    assert auditor.get(f"{HERE}/{batch}").status_code == 200
    assert auditor.post(f"{HERE}/{batch}/pause", data={"key": key}).status_code == 403


def test_an_empty_sheet_is_had_from_the_page(sqlite_server: Running, sign_in: SignIn) -> None:
    slug, client = sqlite_server.published(resultDescription=RESULTS), sign_in()
    assert client.get(f"{HERE}/template", params={"achievement": slug}).text.rstrip().endswith(",Final score")
    draft = sqlite_server.make("achievements", sqlite_server.draft())["slug"]
    assert client.get(f"{HERE}/template", params={"achievement": draft}).status_code == 409
    assert bring(client, draft, b"email\n").status_code == 409


def test_a_file_that_is_too_long_is_not_kept(sqlite_server: Running, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    slug, client = sqlite_server.published(), sign_in()
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 100_000)
    answer = bring(client, slug, b"email\n" * 20_000)
    assert (answer.status_code, "Split the file" in answer.text) == (413, True)


def test_files_are_kept_for_a_day_and_only_some(sqlite_server: Running) -> None:
    service = sqlite_server.service
    sqlite_server.bearer("issuer")
    with service.writing() as session:
        token = session.scalar(select(func.max(tables.ApiToken.id))) or 0
        owner, now = uploads.Owner(token, None), service.now()
        for number in range(uploads.MOST + 2):
            row = uploads.keep(session, owner, [b"ab", b"c" * number], purpose="roster", name="x", choices={}, now=now)
        own = select(func.count()).where(tables.Upload.api_token_id == token)
        assert session.scalar(own) == uploads.MOST
        assert b"".join(uploads.pieces(session, row)) == b"ab" + b"c" * (row.size - 2)
        uploads.keep(session, owner, [b"new"], purpose="roster", name="x", choices={}, now=now + uploads.KEPT + timedelta(seconds=1))
        assert session.scalar(own) == 1
        assert session.scalar(select(func.count()).select_from(tables.UploadPiece)) == 1


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest, serving: Serve) -> Iterator[Running]:
    """A server on each database; on SQLite one whose queue nobody else fills."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgresql_running")
    else:
        with serving() as found:
            yield found


def test_a_file_of_several_pieces_is_read_on_both_databases(own: Running, until: Until) -> None:
    server = own
    slug, who = server.published(), server.fresh("learner")
    padding = "x" * 4_500
    content = "email,note\n" + "".join(f"{who}-{number}@example.org,{padding}\n" for number in range(500))
    with httpx.Client(base_url=server.base, headers=PAGE, timeout=60) as client:
        client.post("/staff/sign-in", data={"token": server.token})
        place = bring(client, slug, content.encode()).headers["location"]
        page = client.get(place)
        assert (page.status_code, page.text.count(f"{who}-2@example.org")) == (200, 1)
        client.post(place, data=choices(page.text))
        sent = choices(client.get(f"{place}/check").text)
        made = client.post(f"{place}/issue", data=sent).headers["location"]
        until(lambda: "500</dd>" in client.get(made).text)
        assert client.get(f"{made}/results.csv").text.count("issued") == 500


def test_of_many_faulty_rows_some_are_shown_and_all_are_given_back(own: Running, until: Until) -> None:
    server = own
    slug = server.published()
    body = b"email\n" + b"nowhere\n" * 1_200
    made = server.api.post("/api/batches", params={"achievement": slug}, content=body, headers={"Content-Type": "text/csv"}).json()["id"]
    until(lambda: bool(server.api.get(f"/api/batches/{made}").json()["state"] == "done"))
    with httpx.Client(base_url=server.base, headers=PAGE, timeout=60) as client:
        client.post("/staff/sign-in", data={"token": server.token})
        page = client.get(f"{HERE}/{made}").text
        assert page.count("Must be an e-mail address.") == 100
        assert "… and 1,100 more." in page
        assert client.get(f"{HERE}/{made}/failed.csv").text.count("nowhere") == 1_200
    assert len(server.api.get(f"/api/batches/{made}/rows", params={"limit": 5}).json()["items"]) == 5
