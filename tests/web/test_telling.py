"""The whole way, over HTTP and SMTP: an award by the API, the letter to the learner, the notice to the LMS; and what the API says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import standardwebhooks
from tests.net import posthouse

from badgeissuer import courier
from badgeissuer.store import engine as engines

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Serve, Until


@contextmanager
def carried(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the couriers of the service beside it, as `serve` and `worker` do."""
    monkeypatch.setattr(courier, "IDLE_SECONDS", 0.02)
    settings = running.service.settings
    database = engines.connect(settings.database)
    crew = courier.crew(database, courier.means(settings))
    threads = [threading.Thread(target=one.run) for one in crew]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in crew:
            one.stop()
        for thread in threads:
            thread.join()
        database.dispose()


def test_the_learner_and_the_lms_are_told(serving: Serve, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    with posthouse.posthouse() as house, posthouse.listener() as lms:
        mail = {"smtp_url": house.url, "email_from": "badges@example.edu", "webhook_allow_private_networks": True}
        with serving(**mail) as running, carried(running, monkeypatch):
            unit = running.unit()
            changed = running.api.patch(f"/api/issuers/{unit}", json={"colour": "#FFDD00"})
            assert changed.json()["colour"] == "#ffdd00"
            events = ["credential.issued", "credential.revoked"]
            made = running.make("subscribers", {"slug": "lms", "issuer": unit, "url": lms.url, "events": events})
            award = running.award(learner={"email": "asha@example.org", "name": "Asha Rao"})
            until(lambda: bool(house.letters) and len(lms.came) == 1)
            html = house.messages()[0].get_body(("html",))
            assert html is not None
            assert "background:#ffdd00;color:#000000" in html.get_content()
            assert award["credential"]["id"] in html.get_content()
            _, headers, body = lms.came[0]
            said = standardwebhooks.Webhook(made["secret"]).verify(body.decode(), headers)
            assert said["data"]["credential"] == award["credential"]["id"]
            until(lambda: listed(running, f"messages?award={award['id']}")[0]["state"] == "sent")
            (message,) = listed(running, f"messages?award={award['id']}&state=sent")
            assert (message["email"], message["copies"], message["status"]) == ("asha@example.org", 1, 250)
            running.make(f"messages/{message['id']}/resend", None, expect=200)
            until(lambda: len(house.letters) == 2)
            until(lambda: listed(running, "messages")[0]["state"] == "sent")
            running.make(f"messages/{message['id']}/bounced", {"reason": "5.1.1 gone"}, expect=200)
            assert listed(running, "messages?state=bounced")[0]["reason"] == "5.1.1 gone"
            running.stranger.post("/staff/sign-in", data={"token": running.token})
            page = running.stranger.get("/staff", headers={"Accept": "text/html"}).text
            assert "<strong>1</strong> message to learners came back" in page
            uuid = award["credential"]["id"].rpartition("/")[2]
            running.make(f"credentials/{uuid}/revoke", {"reason": "A mistake."}, expect=200)
            until(lambda: len(lms.came) == 2)
            assert json.loads(lms.came[1][2])["data"]["reason"] == "A mistake."
            until(lambda: all(one["state"] == "delivered" for one in listed(running, "notices?subscriber=lms")))
            ping = running.make("subscribers/lms/test", None, expect=202)
            assert (ping["type"], ping["award"]) == ("subscriber.test", None)
            until(lambda: len(lms.came) == 3)
            until(lambda: running.api.get("/api/subscribers/lms").json()["last_status"] == 200)


def listed(running: Running, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.api.get(f"/api/{path}").json()["items"]
    return found


def test_who_was_not_written_to_can_be_later(serving: Serve, refused: Refused) -> None:
    with serving() as running:
        award = running.award()
        detail = refused(running.api.post("/api/messages", json={"award": award["id"]}), 409)["detail"]
        assert "SMTP_URL" in detail
    with serving(keep=True, smtp_url="smtp://127.0.0.1:1", email_from="badges@example.edu") as running:
        assert running.make("messages", {"award": award["id"]})["state"] == "waiting"
        refused(running.api.post("/api/messages", json={"award": award["id"]}), 409)


@pytest.fixture
def unit(server: Running) -> str:
    return server.unit()


def new(server: Running, unit: str, **more: object) -> dict[str, Any]:
    plain = {"slug": server.fresh("lms"), "issuer": unit, "url": "https://lms.example.edu/badges", "events": ["credential.issued"]}
    return plain | more


def test_a_secret_is_shown_once(server: Running, unit: str) -> None:
    body = new(server, unit)
    made = server.make("subscribers", body, headers={"Idempotency-Key": body["slug"]})
    again = server.make("subscribers", body, headers={"Idempotency-Key": body["slug"]})
    assert made["secret"].startswith("whsec_")
    assert again["secret"] is None
    second = server.make(f"subscribers/{body['slug']}/secrets", None)
    assert second["secret"] not in {None, made["secret"]}
    assert second["secrets"] == 2
    answers = [server.api.get(path).text for path in ("/api/subscribers", f"/api/subscribers/{body['slug']}")]
    answers.append(server.api.patch(f"/api/subscribers/{body['slug']}", json={"state": "disabled"}).text)
    answers.append(server.api.delete(f"/api/subscribers/{body['slug']}/secrets").text)
    for answer in answers:
        assert made["secret"] not in answer
        assert second["secret"] not in answer


@pytest.mark.parametrize(
    "url",
    [
        "http://lms.example.edu/", "https://localhost/", "https://127.0.0.1/", "https://lms.example.edu:8443/", "https://lms.internal/",
        "https://user@lms.example.edu/", "javascript:alert(1)", "https://lms.example.edu/\r\nX: y",
    ],
)  # fmt: skip
def test_addresses_that_would_not_be_posted_to_are_refused_at_once(server: Running, unit: str, refused: Refused, url: str) -> None:
    refused(server.api.post("/api/subscribers", json=new(server, unit, url=url)), 422)
    slug = server.make("subscribers", new(server, unit))["slug"]
    refused(server.api.patch(f"/api/subscribers/{slug}", json={"url": url}), 422)


@pytest.mark.parametrize("events", [[], ["credential.expired"], "credential.issued", ["credential.issued"] * 4])
def test_events_that_nobody_knows_are_refused(server: Running, unit: str, refused: Refused, events: object) -> None:
    refused(server.api.post("/api/subscribers", json=new(server, unit, events=events)), 422)


def test_a_slug_is_taken_once_and_notices_of_others_are_not_listed(server: Running, unit: str, refused: Refused) -> None:
    body = new(server, unit)
    server.make("subscribers", body)
    refused(server.api.post("/api/subscribers", json=body), 409)
    other = server.make("issuers", {"slug": server.fresh("harbour"), "name": "Other"})["slug"]
    bound = server.bearer("issuer", issuer=other)
    server.make(f"subscribers/{body['slug']}/test", None, expect=202)
    assert server.stranger.get("/api/notices", headers=bound).json()["items"] == []
    refused(server.stranger.get(f"/api/notices?subscriber={body['slug']}", headers=bound), 404)
    award = server.award()
    assert server.stranger.get(f"/api/messages?award={award['id']}", headers=bound).json()["items"] == []


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#14578c;background:url(x)"])
def test_what_is_no_colour_is_refused(server: Running, unit: str, refused: Refused, colour: str) -> None:
    refused(server.api.patch(f"/api/issuers/{unit}", json={"colour": colour}), 422)
    refused(server.api.post("/api/issuers", json={"slug": server.fresh("i"), "name": "x", "colour": colour}), 422)


def test_a_unit_can_be_made_that_writes_to_nobody(server: Running) -> None:
    made = server.make("issuers", {"slug": server.fresh("quiet"), "name": "Quiet", "notify": False, "colour": "#ABCDEF"})
    assert (made["notify"], made["colour"]) == (False, "#abcdef")
    assert server.api.patch(f"/api/issuers/{made['slug']}", json={"notify": True}).json()["notify"] is True
