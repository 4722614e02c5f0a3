"""The door for staff, and the first page behind it, over real HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select, update
from tests.web import steps
from tests.web.conftest import PAGE

from badgeissuer import access
from badgeissuer.entering import mailing
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.web import app as web
from badgeissuer.web.staff import door, entrance

if TYPE_CHECKING:
    from tests.web.conftest import Running, SignIn, Until


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GUARDED = {
    ("GET", "/staff"), ("POST", "/staff/sign-out"), ("GET", "/staff/sources/{slug}"), ("GET", "/staff/explain"), ("GET", "/staff/reviews"),
    ("POST", "/staff/reviews/{review_id}/{resolution}"), ("GET", "/staff/events"), ("GET", "/staff/deliveries"),
    ("GET", "/staff/approvals"), ("POST", "/staff/approvals/{uuid}/{answer}"),
    ("GET", "/staff/identities"), ("POST", "/staff/identities/table"), ("POST", "/staff/identities/questions/{question_id}/{resolution}"),
    ("GET", "/staff/identities/{learner_id}"), ("POST", "/staff/identities/{learner_id}/names"),
    ("POST", "/staff/identities/{learner_id}/merge"), ("POST", "/staff/identities/{learner_id}/split"),
    ("GET", "/staff/connect"), ("GET", "/staff/connect/{key}"), ("POST", "/staff/connect/{key}"), ("POST", "/staff/sources/{slug}/secrets"),
    ("POST", "/staff/sources/{slug}/secrets/drop"), ("POST", "/staff/sources/{slug}/state/{state}"),
    ("POST", "/staff/sources/{slug}/rules"),
    ("GET", "/staff/deliveries/{delivery_id}"), ("POST", "/staff/deliveries/{delivery_id}/{way}"),
    ("GET", "/staff/rosters"), ("POST", "/staff/rosters"), ("GET", "/staff/rosters/template"), ("GET", "/staff/rosters/uploads/{uuid}"),
    ("POST", "/staff/rosters/uploads/{uuid}"), ("GET", "/staff/rosters/uploads/{uuid}/check"),
    ("POST", "/staff/rosters/uploads/{uuid}/issue"),
    ("GET", "/staff/reconciling"), ("POST", "/staff/reconciling"), ("GET", "/staff/reconciling/{uuid}"),
    ("POST", "/staff/reconciling/{uuid}/{way}"),
    ("GET", "/staff/achievements"), ("GET", "/staff/achievements/{slug}"), ("POST", "/staff/achievements/{slug}/publish"),
    ("GET", "/staff/achievements/{slug}/artwork.svg"), ("GET", "/staff/units/{slug}/artwork/{template}.svg"),
    ("POST", "/staff/achievements/{slug}/retire"), ("POST", "/staff/achievements/{slug}/reopen"),
    ("GET", "/staff/write"), ("POST", "/staff/write"), ("GET", "/staff/write/{slug}"), ("POST", "/staff/write/{slug}"),
    ("POST", "/staff/write/{slug}/keep"), ("GET", "/staff/write/{slug}/preview"),
    ("GET", "/staff/units"), ("POST", "/staff/units"), ("GET", "/staff/units/{slug}"), ("POST", "/staff/units/{slug}"),
    ("GET", "/staff/rosters/{uuid}"), ("GET", "/staff/rosters/{uuid}/{name}.csv"), ("POST", "/staff/rosters/{uuid}/{change}"),
}  # fmt: skip
"""What only who is signed in gets."""
DOORS = {("GET", door.SIGN_IN), ("POST", door.SIGN_IN), ("GET", f"{door.SIGN_IN}/oidc"), ("GET", entrance.BACK)}
DOORS |= {("POST", mailing.PATH), ("GET", f"{mailing.PATH}/{{secret}}"), ("POST", f"{mailing.PATH}/{{secret}}")}
"""What lets people in."""


def sessions(server: Running) -> int:
    with server.service.reading() as session:
        return session.scalar(select(func.count()).select_from(tables.StaffSession)) or 0


def test_every_page_for_staff_is_in_the_table_above() -> None:
    routes = [route for router in web.STAFF for route in router.routes if isinstance(route, APIRoute)]
    found = {(method, route.path) for route in routes for method in route.methods or ()}
    assert found - DOORS == GUARDED


@pytest.mark.parametrize(("method", "path"), sorted(GUARDED))
@pytest.mark.parametrize("cookie", ["", "staff=", "staff=" + "a" * 43, "staff=é", "other=1"])
def test_who_is_not_signed_in_is_led_to_the_door(sqlite_server: Running, method: str, path: str, cookie: str) -> None:
    names = {"slug": "lms", "review_id": 1, "resolution": "kept", "delivery_id": 1, "way": "retry", "question_id": 1, "learner_id": 1}
    path = path.format(
        **names, uuid=UUID(int=7), name="failed", template="tile", change="pause", key="native", state="active", answer="approve"
    )
    headers = [(name.encode(), value.encode()) for name, value in {**PAGE, **FORM, "Cookie": cookie}.items()]
    answer = sqlite_server.stranger.request(method, path, headers=headers, content="key=x" if method == "POST" else "")
    if method == "POST" and path.startswith("/staff/write/"):  # what is long is given back
        assert (answer.status_code, "You were signed out" in answer.text) == (401, True)
        return
    wanted = path if method == "GET" else "/staff"
    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/sign-in?{urlencode({'next': wanted})}")


def test_a_token_opens_a_session_and_signing_out_ends_it(sqlite_server: Running, sign_in: SignIn) -> None:
    before = sessions(sqlite_server)
    client = sign_in()
    page = client.get("/staff")
    assert page.status_code == 200
    assert "<h1>Overview</h1>" in page.text
    assert sessions(sqlite_server) == before + 1
    assert page.headers["cache-control"] == "private, no-store"
    answer = client.post("/staff/sign-out", data={"key": steps.key_of(page.text)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")
    assert not client.cookies
    assert client.get("/staff").status_code == 303
    assert sessions(sqlite_server) == before


def test_the_cookie_is_for_this_server_alone(sqlite_server: Running) -> None:
    token = sqlite_server.bearer("auditor")["Authorization"].removeprefix("Bearer ")
    answer = sqlite_server.stranger.post("/staff/sign-in", data={"token": token})
    (cookie,) = answer.headers.get_list("set-cookie")
    secret, *attributes = cookie.split("; ")
    assert re.fullmatch(r"staff=[A-Za-z0-9]{43}", secret)
    assert set(attributes) == {"HttpOnly", "Max-Age=43200", "Path=/", "SameSite=strict"}
    with sqlite_server.service.reading() as session:
        kept = session.scalars(select(tables.StaffSession.secret_sha256)).all()
    assert secret.removeprefix("staff=") not in kept
    sqlite_server.stranger.cookies.clear()


def test_over_https_the_cookie_goes_over_https_only(sqlite_server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "is_secure", True)
    token = sqlite_server.bearer("auditor")["Authorization"].removeprefix("Bearer ")
    answer = sqlite_server.stranger.post("/staff/sign-in", data={"token": token})
    assert answer.headers["set-cookie"].startswith("__Host-staff=")
    assert "Secure" in answer.headers["set-cookie"].split("; ")
    sqlite_server.stranger.cookies.clear()


@pytest.mark.parametrize("token", ["", "no token", "bi_aaaaaaaa_" + "a" * 43, "é"])
def test_a_token_that_does_not_count_opens_nothing(sqlite_server: Running, token: str) -> None:
    before = sessions(sqlite_server)
    answer = sqlite_server.stranger.post("/staff/sign-in", data={"token": token, "next": "/staff?x=1"})
    assert answer.status_code == 401
    assert "This is no token that counts." in answer.text
    assert 'value="/staff?x=1"' in answer.text
    assert "set-cookie" not in answer.headers
    assert sessions(sqlite_server) == before


@pytest.mark.parametrize("way", ["revoked", "expired", "over"])
def test_a_session_ends_with_its_token_and_with_the_day(sqlite_server: Running, sign_in: SignIn, way: str) -> None:
    client, now = sign_in("reviewer"), sqlite_server.service.now()
    assert client.get("/staff").status_code == 200
    with sqlite_server.service.writing() as session:
        row = session.scalars(select(tables.StaffSession).order_by(tables.StaffSession.id.desc())).first()
        assert row is not None
        token, secret = session.get_one(tables.ApiToken, row.api_token_id), row.secret_sha256
        if way == "over":
            row.expires_at = now
        else:
            setattr(token, f"{way}_at" if way == "revoked" else "expires_at", now - timedelta(seconds=1))
    assert client.get("/staff").status_code == 303
    if way == "over":
        sign_in("reviewer")
        with sqlite_server.service.reading() as session:
            kept = session.scalars(select(tables.StaffSession.secret_sha256)).all()
        assert secret not in kept, "who signs in sweeps out what is over"


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/staff", "/staff"),
        ("/staff/sources?state=active", "/staff/sources?state=active"),
        ("/staffroom", "/staff"),
        ("https://elsewhere.example/staff", "/staff"),
        ("//elsewhere.example/staff", "/staff"),
        ("/staff/\\elsewhere.example", "/staff"),
        ("/staff/\r\nSet-Cookie: x=1", "/staff"),
        ("/staff/é", "/staff"),
        ("", "/staff"),
    ],
)
def test_after_the_door_comes_what_was_wanted_and_never_another_site(sqlite_server: Running, wanted: str, leads_to: str) -> None:
    token = sqlite_server.bearer("auditor")["Authorization"].removeprefix("Bearer ")
    answer = sqlite_server.stranger.post("/staff/sign-in", data={"token": token, "next": wanted})
    assert answer.headers["location"] == leads_to
    asked = sqlite_server.stranger.get("/staff/sign-in", params={"next": wanted})
    assert f'name="next" value="{leads_to}"' in asked.text
    sqlite_server.stranger.cookies.clear()


@pytest.mark.parametrize("key", [None, "", "0" * 64, "é"])
def test_a_form_without_the_key_of_the_session_changes_nothing(sqlite_server: Running, sign_in: SignIn, key: str | None) -> None:
    client, before = sign_in(), sessions(sqlite_server)
    answer = client.post("/staff/sign-out", data={} if key is None else {"key": key}, headers=FORM)
    assert answer.status_code == 403
    assert "Load its page again" in answer.text
    assert sessions(sqlite_server) == before


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_form_of_another_site_is_not_read(sqlite_server: Running, sign_in: SignIn, headers: dict[str, str]) -> None:
    client = sign_in()
    key = steps.key_of(client.get("/staff").text)
    for path, data in (("/staff/sign-out", {"key": key}), ("/staff/sign-in", {"token": "x"})):
        answer = client.post(path, data=data, headers=headers)
        assert answer.status_code == 403
        assert "another site" in answer.text
    own = {"Origin": sqlite_server.base, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/staff/sign-out", data={"key": key}, headers=own).status_code == 303


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("key=1&key=2", "application/x-www-form-urlencoded"),
        ('{"key": "1"}', "application/json"),
        ("key=1", "text/plain"),
        ("--x\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_what_is_no_form_of_ours_is_refused(sign_in: SignIn, content: str, kind: str) -> None:
    answer = sign_in().post("/staff/sign-out", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400


def test_the_first_page_shows_what_a_unit_has_and_nothing_of_another(sqlite_server: Running, sign_in: SignIn) -> None:
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    ours, theirs = sqlite_server.source(name="<b>Ours</b>"), sqlite_server.source(issuer=other, name="Theirs")
    sqlite_server.make("awards", {"achievement": sqlite_server.published(), "learner": {"source_id": sqlite_server.fresh("sis")}})
    with sqlite_server.service.writing() as session:
        row = session.scalars(select(tables.Source).where(tables.Source.slug == ours["slug"])).one()
        row.signature = {"scheme": "none"}
        kept = {"payload": b"{}", "payload_sha256": "0" * 64, "headers": {}, "received_at": datetime(2026, 5, 20, 14, 5, tzinfo=UTC)}
        session.add(tables.Delivery(source_id=row.id, key="k", state="failed", **kept))  # type: ignore[arg-type]
    page = sign_in(issuer=sqlite_server.unit()).get("/staff").text
    assert "last delivery 20 May 2026, 14:05 UTC" in page
    assert "1 failed" in page
    assert "not signed: anybody who knows its address can send" in page
    assert ours["slug"] in page
    assert "&lt;b&gt;Ours" in page
    assert theirs["slug"] not in page
    assert "wait for an address to issue to" in page
    empty = sign_in("auditor", issuer=other).get("/staff").text
    assert ours["slug"] not in empty
    assert theirs["slug"] in empty
    assert "0 badges issued." in empty
    assert "<p>Nothing.</p>" in empty


def test_signing_in_notes_the_day_on_which_a_token_was_used(sqlite_server: Running, sign_in: SignIn) -> None:
    with sqlite_server.service.writing() as session:
        session.execute(update(tables.ApiToken).values(last_used_on=None))
    sign_in()
    with sqlite_server.service.reading() as session:
        assert sqlite_server.service.now().date() in session.scalars(select(tables.ApiToken.last_used_on)).all()


def test_the_key_of_forms_tells_nothing_of_the_session() -> None:
    assert access.form_key("a") != access.form_key("b")
    assert "a" * 43 not in access.form_key("a" * 43)


# --- the flight recorder


def heard(server: Running, source: dict[str, Any], until: Until, **members: object) -> str:
    """Deliver an event about a new learner, and return their address once it was decided on."""
    email = f"{server.fresh('learner')}@example.org"
    body = {"type": "done", "data": {"learner": {"email": email}, "course": {"id": "7"}, **members}}
    assert server.stranger.post(source["hook_url"], json=body).is_success
    until(lambda: any(item["event"]["learner"]["email"] == email for item in events(server, source)))
    return email


def events(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api.get(f"/api/events?source={source['slug']}&limit=200").json()["items"]
    return [item for item in found if item["decisions"]]


def test_the_page_of_a_source_waits_for_the_first_event_and_shows_it(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    source, client = steps.ruled(sqlite_server), sign_in(issuer=sqlite_server.unit())
    address = f"/staff/sources/{source['slug']}"
    page = client.get(address).text
    assert source["hook_url"] in page
    assert "Our &lt;LMS&gt;" in page
    assert "Not signed: anybody who knows this address can send." in page
    assert "refresh" not in page
    assert '<meta http-equiv="refresh" content="3">' in client.get(f"{address}?wait=true").text
    assert sqlite_server.stranger.post(source["hook_url"], content=b"<b>{").status_code == 400
    heard(sqlite_server, source, until)
    until(lambda: "<strong>400</strong>" in client.get(address).text)
    found = client.get(f"{address}?wait=true").text
    assert "refresh" not in found
    assert ": Awarded because " in found
    assert "<strong>400</strong>" in found
    assert client.get("/staff/sources/none").status_code == 404
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    assert sign_in(issuer=other).get(address).status_code == 404


def test_why_a_learner_has_no_badge_can_be_asked_on_a_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    source, client = steps.ruled(sqlite_server, course="8"), sign_in("auditor")
    email = heard(sqlite_server, source, until)
    assert "Explain</button>" in client.get("/staff/explain").text
    page = client.get("/staff/explain", params={"learner": f" {email} "}).text
    assert "They have not earned it." in page
    assert ": Not awarded because " in page
    unknown = client.get("/staff/explain", params={"learner": "<b>nobody</b>"}).text
    assert "Nobody is known here by that address or id" in unknown
    assert "&lt;b&gt;nobody" in unknown


def in_doubt(server: Running, email: str) -> str:
    """Open a review of the badge of a learner, and return its number."""
    (award,) = server.api.get("/api/explain", params={"learner": email}).json()["awards"]
    with server.service.writing() as session:
        row = session.scalars(select(tables.Award).where(tables.Award.uuid == UUID(award["id"]))).one()
        event = session.scalars(select(tables.LearningEvent).order_by(tables.LearningEvent.id.desc())).first()
        assert event is not None
        said: dict[str, Any] = {"kind": "changed", "reason": "Lowered to <2>.", "created_at": server.service.now()}
        review = tables.Review(issuer_id=row.issuer_id, award_id=row.id, learning_event_id=event.id, **said)
        session.add(review)
        session.flush()
        return str(review.id)


@pytest.mark.parametrize("resolution", ["kept", "revoked"])
def test_reviews_are_closed_on_their_page(sqlite_server: Running, sign_in: SignIn, until: Until, resolution: str) -> None:
    source, client = steps.ruled(sqlite_server), sign_in(issuer=sqlite_server.unit())
    email = heard(sqlite_server, source, until)
    until(lambda: sqlite_server.api.get("/api/explain", params={"learner": email}).json()["summary"] == "They have the badge.")
    number = in_doubt(sqlite_server, email)
    page = client.get("/staff/reviews").text
    assert email in page
    assert "Lowered to &lt;2&gt;." in page
    assert "review them" in client.get("/staff").text
    path, key = f"/staff/reviews/{number}/{resolution}", steps.key_of(page)
    assert client.post(path, data={"key": key, "note": " "}).status_code == 422
    assert sign_in("auditor").post(path, data={"key": key, "note": "x"}).status_code == 403
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    stranger = sign_in(issuer=other)
    assert email not in stranger.get("/staff/reviews").text
    assert stranger.post(path, data={"key": steps.key_of(stranger.get("/staff").text), "note": "x"}).status_code == 404
    answer = client.post(path, data={"key": key, "note": "The board looked at it."})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/reviews")
    assert email not in client.get("/staff/reviews").text
    (award,) = sqlite_server.api.get("/api/explain", params={"learner": email}).json()["awards"]
    assert [(review["state"], review["note"]) for review in award["reviews"]] == [(resolution, "The board looked at it.")]
    assert resolution in client.get("/staff/explain", params={"learner": email}).text
