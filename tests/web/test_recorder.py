"""The flight recorder: what came can be found again, by the API and on the pages for staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.web import steps

from badgeissuer import forgetting
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, SignIn, Until


def found(server: Running, **asked: str) -> list[int]:
    answer = server.api.get("/api/events", params={"limit": "200", **asked})
    assert answer.status_code == 200, answer.text
    return [item["delivery"] for item in answer.json()["items"]]


def unsigned(server: Running) -> dict[str, Any]:
    """Return an unsigned source without a rule."""
    return server.source(signature={"scheme": "none", "accept_unsigned": True})


def test_events_are_found_by_learner_course_source_type_and_time(server: Running, until: Until) -> None:
    source, other, email = steps.ruled(server), unsigned(server), f"{server.fresh('Learner')}@Example.org"
    identity, course = server.fresh("id"), server.fresh("course")
    first = steps.said(server, source, until, id=identity, email=email)
    second = steps.said(server, other, until, kind="seen", course=course, id=server.fresh("x"), email=email)
    third = steps.said(server, other, until, course=course, id=identity)
    assert found(server, learner=email) == [first, second]
    assert found(server, learner=email.lower()) == [first, second]
    assert found(server, learner=identity) == [first, third], "an event that no rule looked at is found too"
    assert found(server, learner=email, source=other["slug"]) == [second]
    assert found(server, course=course) == [second, third]
    assert found(server, course=course, type="seen") == [second]
    now = server.service.now()
    assert found(server, course=course, **{"from": (now - timedelta(minutes=5)).isoformat()}) == [second, third]
    assert found(server, course=course, to=(now - timedelta(minutes=5)).isoformat()) == []
    assert found(server, course=course, **{"from": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%S}"}) == []
    assert found(server, learner=server.fresh("nobody")) == []


def test_a_moment_that_is_none_is_refused(server: Running, refused: Refused) -> None:
    refused(server.api.get("/api/events?from=yesterday"), 422)


def test_a_delivery_is_shown_with_its_headers_events_and_decisions(server: Running, until: Until) -> None:
    source = steps.ruled(server)
    number = steps.said(server, source, until, email=f"{server.fresh('learner')}@example.org")
    shown = server.api.get(f"/api/deliveries/{number}").json()
    assert shown["headers"]["content-type"] == "application/json"
    assert len(shown["payload_sha256"]) == 64
    assert [decision["outcome"] for event in shown["events"] for decision in event["decisions"]] == ["awarded"]


def test_what_was_deleted_after_its_time_is_said_to_be(server: Running, until: Until, refused: Refused) -> None:
    number = steps.said(server, steps.ruled(server), until, email=f"{server.fresh('learner')}@example.org")
    with server.service.writing() as session:
        session.get_one(tables.Delivery, number).received_at = datetime(2020, 1, 1, tzinfo=UTC)
    now = server.service.now()
    with server.service.writing() as session:
        assert forgetting.redact(session, before=datetime(2020, 1, 2, tzinfo=UTC), now=now) == 1
    shown = server.api.get(f"/api/deliveries/{number}").json()
    assert (shown["headers"], shown["redacted_at"][:10]) == ({}, f"{now:%Y-%m-%d}")
    assert "was deleted on" in refused(server.api.post(f"/api/deliveries/{number}/replay"), 409)["detail"]


def test_addresses_and_bodies_are_told_to_those_only_who_connect_sources(server: Running, until: Until) -> None:
    source = steps.ruled(server)
    assert server.stranger.post(source["hook_url"], content=b"<b>{").status_code == 400
    path = f"/api/rejections?source={source['slug']}"
    until(lambda: bool(server.api.get(path).json()["items"]))
    for role, knows in (("issuer", True), ("auditor", False), ("reviewer", False)):
        bearer = server.bearer(role, issuer=server.unit())
        (rejection,) = server.stranger.get(path, headers=bearer).json()["items"]
        assert rejection["beginning"] == ("<b>{" if knows else None)
        shown = server.stranger.get(f"/api/sources/{source['slug']}", headers=bearer).json()
        assert shown["hook_url"] == (source["hook_url"] if knows else None)


def test_who_is_meant_by_an_id_can_be_said(server: Running, until: Until, refused: Refused) -> None:
    first, second, name = steps.ruled(server), steps.ruled(server), server.fresh("id")
    steps.said(server, first, until, id=name, email=f"{server.fresh('learner')}@example.org")
    steps.said(server, second, until, id=name, course="8")
    fault = refused(server.api.get("/api/explain", params={"learner": name}), 409)
    assert len(fault["errors"]) == 2
    answer = server.api.get("/api/explain", params={"learner": name, "source": second["slug"]}).json()
    assert answer["summary"].startswith("They have not earned it.")
    assert {item["source"] for item in answer["events"]} == {second["slug"]}
    person = fault["errors"][0]["detail"].rpartition("person=")[2].rstrip(".")
    assert server.api.get("/api/explain", params={"learner": name, "person": person}).status_code == 200
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    stranger = server.bearer("issuer", issuer=other)
    refused(server.stranger.get("/api/explain", params={"learner": name, "source": second["slug"]}, headers=stranger), 404)


# --- the pages


def test_the_page_of_events_finds_them(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client = sqlite_server, sign_in("auditor")
    source, email = steps.ruled(server), f"{server.fresh('learner')}@example.org"
    number = steps.said(server, source, until, email=email, kind="<done>")
    page = client.get("/staff/events", params={"learner": f" {email} ", "source": source["slug"]}).text
    assert f"/staff/deliveries/{number}" in page
    assert "&lt;done&gt;" in page
    assert "Awarded because" in page
    assert "(not signed)" in page
    assert page.count('<strong class="mark">not signed</strong>') == 1, "the source is named with its event, and marked"
    assert '<strong class="mark">not signed</strong>' in client.get("/staff/explain", params={"learner": email}).text
    today = f"{server.service.now():%Y-%m-%d}"
    assert f"/staff/deliveries/{number}" in client.get("/staff/events", params={"learner": email, "from": today, "to": today}).text
    assert "Nothing that came fits." in client.get("/staff/events", params={"learner": email, "to": "2020-01-01"}).text
    assert "is no day" in client.get("/staff/events", params={"from": "soon"}).text
    assert "There is nothing here by that name" in client.get("/staff/events", params={"source": "none"}).text
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    assert "Nothing has come yet." in sign_in("auditor", issuer=other).get("/staff/events").text


def test_long_lists_go_on_with_the_older_ones(
    sqlite_server: Running, sign_in: SignIn, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("badgeissuer.overseeing.A_PAGE", 2)
    server, client, course = sqlite_server, sign_in("auditor"), sqlite_server.fresh("course")
    source = unsigned(server)
    numbers = [steps.said(server, source, until, course=course, id=server.fresh("x")) for _ in range(3)]
    page = client.get("/staff/events", params={"course": course}).text
    assert [f"/staff/deliveries/{number}" in page for number in numbers] == [False, True, True]
    (older,) = {part.partition('"')[0] for part in page.split('href="/staff/events?')[1:] if "before" in part}
    page = client.get(f"/staff/events?{older.replace('&amp;', '&')}").text
    assert [f"/staff/deliveries/{number}" in page for number in numbers] == [True, False, False]
    assert "Older ones" in client.get("/staff/deliveries?state=processed").text


def test_a_delivery_that_failed_is_tried_again_from_its_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client, email = sqlite_server, sign_in(issuer=sqlite_server.unit()), f"{sqlite_server.fresh('learner')}@example.org"
    source = steps.ruled(server)
    number = steps.said(server, source, until, email=email)
    path = f"/staff/deliveries/{number}"
    until(lambda: "see the badge" in client.get(path).text)
    page = client.get(path).text
    assert "It was processed." in page
    assert email in page
    assert "not signed" in page
    with server.service.writing() as session:
        row = session.get_one(tables.Delivery, number)
        row.state, row.reason = "failed", "The <cable> was cut."
    for address in ("/staff/deliveries", f"/staff/sources/{source['slug']}", path):
        page = client.get(address).text
        assert "The &lt;cable&gt; was cut." in page
        assert f'action="{path}/retry"' in page
    key = steps.key_of(page)
    assert sign_in("auditor").post(f"{path}/retry", data={"key": key}).status_code == 403
    answer = client.post(f"{path}/retry", data={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    until(lambda: "It was processed." in client.get(path).text)
    assert client.post(f"{path}/retry", data={"key": key}).status_code == 409
    assert client.post(f"{path}/replay", data={"key": key}).status_code == 303
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    assert sign_in(issuer=other).get(path).status_code == 404
    assert email not in sign_in("auditor", issuer=server.unit()).get(path).text.partition("How it came")[2]


def test_the_page_asks_whom_an_id_means(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client, name = sqlite_server, sign_in("auditor"), sqlite_server.fresh("id")
    for course in ("7", "8"):
        known = {"email": f"{name}@example.org"} if course == "7" else {}
        steps.said(server, steps.ruled(server), until, id=name, course=course, **known)
    page = client.get("/staff/explain", params={"learner": name}).text
    assert "2 people are called so" in page
    links = [part.partition('"')[0].replace("&amp;", "&") for part in page.split('href="/staff/explain?')[1:] if "person=" in part]
    answers = [client.get(f"/staff/explain?{link}").text for link in links]
    assert sorted("They have not earned it." in answer for answer in answers) == [False, True]


def test_who_may_not_connect_does_not_see_the_address_of_a_source(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    source = steps.ruled(sqlite_server)
    sqlite_server.stranger.post(source["hook_url"], content=b"<begun>{")
    sqlite_server.stranger.post(source["hook_url"], content=b"password=x")
    path = f"/staff/sources/{source['slug']}"
    client = sign_in(issuer=sqlite_server.unit())
    until(lambda: client.get(path).text.count("<strong>400</strong>") == 2)
    page, hidden = client.get(path).text, sign_in("auditor").get(path).text
    assert "&lt;begun&gt;" in page
    assert "because it may hold a secret" in page
    assert source["hook_url"] in page
    assert source["hook_url"] not in hidden
    assert "begun" not in hidden
