"""Reconciling over HTTP: by the API with a sheet or a pull, and by the pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.net import campus
from tests.web import steps

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running, Serve, SignIn, Until


CSV = {"Content-Type": "text/csv"}
HERE = "/staff/reconciling"


@pytest.fixture
def there() -> Iterator[campus.Platform]:
    with campus.platform() as found:
        yield found


def connected(server: Running, *, course: str = "565") -> dict[str, str]:
    """Return the names of a source and an achievement with a rule between them."""
    slug, source = server.published(), server.source()["slug"]
    when = {"all": [{"field": "type", "op": "eq", "value": "course_completed"}, {"field": "course", "op": "eq", "value": course}]}
    server.make("rules", {"achievement": slug, "source": source, "when": when})
    return {"source": source, "achievement": slug, "course": course}


def test_the_missing_are_shown_and_handed_in(server: Running, until: Until) -> None:
    names, who = connected(server), server.fresh("learner")
    content = f"id,email,completed\n1,{who}@example.org,2026-05-20\n2,,2026-05-20\n3,x@example.org,\n".encode()

    def send(**more: str) -> dict[str, Any]:
        answer = server.api.post("/api/reconciliations", params=names | more, content=content, headers=CSV)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    before = server.rows()
    found = send()
    assert server.rows() == before, "nothing was stored"
    assert (found["listed"], found["has"], found["counts"]) == (2, 0, {"missing": 2, "unfinished": 0, "extra": 0})
    assert [(item["row"], item["learner"]) for item in found["missing"]] == [(2, f"{who}@example.org"), (3, "2")]
    assert (found["type"], found["deliveries"], found["batch"]) == ("course_completed", None, None)
    assert send(issue="events")["deliveries"] == 1
    until(lambda: send()["has"] == 1)
    after = send(issue="events")
    assert (after["counts"], after["deliveries"]) == ({"missing": 0, "unfinished": 1, "extra": 0}, 0)
    assert "waits for an address" in after["unfinished"][0]["reason"]
    content = b"id\n99\n"
    assert [item["learner"] for item in send()["extra"]] == [f"{who}@example.org"]
    content = f"email\n{who}b@example.org\n".encode()
    assert send(issue="awards")["batch"]
    until(lambda: send()["has"] == 1)


def test_a_list_is_pulled_from_the_platform(serving: Serve, there: campus.Platform, refused: Refused, until: Until) -> None:
    with serving(webhook_allow_private_networks=True) as server:
        names = connected(server)
        pull = {"kind": "canvas", "url": there.url, "token": campus.TOKEN}
        found = server.make("reconciliations", names | {"pull": pull}, expect=200)
        assert (found["listed"], [item["learner"] for item in found["missing"]][:2]) == (4, ["l1@example.org", "l2@example.org"])
        made = server.make("reconciliations", names | {"pull": pull, "issue": "events"}, expect=200)
        assert made["deliveries"] == 1
        until(lambda: server.make("reconciliations", names | {"pull": pull}, expect=200)["has"] == 4)
        moodle = server.make("reconciliations", names | {"pull": pull | {"kind": "moodle", "course": "77"}}, expect=200)
        assert [item["learner"] for item in moodle["missing"]] == ["m11@example.org"]
        wrong = refused(server.api.post("/api/reconciliations", json=names | {"pull": pull | {"token": "wrong"}}), 422)
        assert "does not let that token see the course" in wrong["detail"]
        secret = "s" * 40
        answer = server.api.post("/api/reconciliations", json=names | {"pull": {"kind": "odd", "url": there.url, "token": secret}})
        assert secret not in str(refused(answer, 422))


def test_what_cannot_be_reconciled_is_refused(sqlite_server: Running, refused: Refused) -> None:
    names, post = connected(sqlite_server), sqlite_server.api.post

    def send(content: bytes = b"id\n1\n", kind: str = "text/csv", **more: str) -> Any:  # noqa: ANN401 - an answer
        return post("/api/reconciliations", params=names | more, content=content, headers={"Content-Type": kind})

    refused(send(kind="text/plain"), 415)
    refused(post("/api/reconciliations", content=b"id\n1\n", headers=CSV), 422)
    refused(send(source="nowhere"), 404)
    refused(send(b"name\nx\n"), 422)
    refused(send(b"id\n\xff\n"), 400)
    refused(send(issue="everything"), 422)
    refused(post("/api/reconciliations", content=b"{", headers={"Content-Type": "application/json"}), 400)
    elsewhere = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    refused(
        post("/api/reconciliations", params=names, content=b"id\n1\n", headers=CSV | sqlite_server.bearer("issuer", issuer=elsewhere)), 404
    )
    refused(post("/api/reconciliations", params=names, content=b"id\n1\n", headers=CSV | sqlite_server.bearer("auditor")), 403)


def bring(client: httpx.Client, fields: dict[str, str], content: bytes | None) -> httpx.Response:
    file = ("list.csv", content, "text/csv") if content is not None else ("", b"", "application/octet-stream")
    return client.post(HERE, data=fields | {"key": steps.key_of(client.get(HERE).text)}, files={"file": file})


def test_a_list_goes_from_page_to_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    names, client, who = connected(sqlite_server), sign_in(), sqlite_server.fresh("learner")
    content = f"id,mail,name,completed\n1,{who}@example.org,<b>,03/04/2026\n2,,Bo,20/05/2026\n".encode()
    place = bring(client, names, content).headers["location"]
    page = client.get(place)
    assert (page.status_code, "can mean two days" in page.text) == (422, True)
    place = bring(client, names | {"dates": "dmy"}, content).headers["location"]
    page = client.get(place)
    assert "2 learners are missing" in page.text
    assert "&lt;b&gt;" in page.text
    key = steps.key_of(page.text)
    assert client.post(f"{place}/events", data={"key": key}).headers["location"] == place
    until(lambda: "Nobody is missing" in client.get(place).text)
    assert "waits for an address" in client.get(place).text
    other = bring(client, names, b"id\n77\n").headers["location"]
    assert f"{who}@example.org" in client.get(other).text
    assert client.post(f"{other}/awards", data={"key": key}).status_code == 409
    third = bring(client, names, f"email\n{who}c@example.org\n".encode()).headers["location"]
    assert client.post(f"{third}/awards", data={"key": key}).headers["location"].startswith("/staff/rosters/")
    assert sign_in().get(place).status_code == 404
    assert sign_in("auditor").get(HERE).status_code == 403


def test_a_pulled_list_is_kept_without_its_token(serving: Serve, there: campus.Platform) -> None:
    import httpx  # noqa: PLC0415 - at run time for this test alone

    with (
        serving(webhook_allow_private_networks=True) as server,
        httpx.Client(base_url=server.base, headers={"Accept": "text/html"}) as client,
    ):
        names = connected(server)
        client.post("/staff/sign-in", data={"token": server.token})
        fields = names | {"kind": "canvas", "url": there.url, "token": campus.TOKEN}
        page = client.get(bring(client, fields, None).headers["location"])
        assert "4 learners are missing" in page.text
        assert "l5@example.org" in page.text
        for wrong in ({"kind": ""}, {"url": ""}, {"token": "wrong"}, {"source": "nowhere"}):
            answer = bring(client, fields | wrong, None)
            assert answer.status_code == 422, wrong
            assert campus.TOKEN not in html.unescape(answer.text)
            assert re.search(r'role="alert"', answer.text)
        with server.service.reading() as session:
            everything = session.connection().exec_driver_sql("SELECT group_concat(choices || name) FROM upload").scalar()
        assert campus.TOKEN not in str(everything)


def test_the_pages_are_there_on_both_databases(server: Running) -> None:
    import httpx  # noqa: PLC0415 - at run time for this test alone

    names = connected(server)
    with httpx.Client(base_url=server.base, headers={"Accept": "text/html"}, timeout=60) as client:
        client.post("/staff/sign-in", data={"token": server.token})
        place = bring(client, names, b"id\n1\n2\n").headers["location"]
        page = client.get(place).text
        assert "2 learners are missing" in page
        assert client.post(f"{place}/events", data={"key": steps.key_of(page)}).status_code == 303
