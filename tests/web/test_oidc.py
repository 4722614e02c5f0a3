"""Signing in at an OpenID provider, over real HTTP, and what attackers would make of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk
from sqlalchemy import func, select
from tests.web import conftest, provider

from badgeissuer import enrolling
from badgeissuer.entering import browser, oidc
from badgeissuer.settings import Settings
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.conftest import Running

BACK = "/staff/sign-in/oidc/back"
START = "/staff/sign-in/oidc"


@pytest.fixture(scope="module")
def house() -> Iterator[provider.House]:
    with provider.opened() as made:
        yield made


@pytest.fixture(scope="module")
def server(house: provider.House, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    known = {"oidc_issuer": house.issuer, "oidc_client_id": provider.CLIENT, "oidc_client_secret": provider.SECRET}
    more = {"oidc_allow_private_networks": True, "oidc_name": "Campus <ID>", "has_worker": False}
    with conftest.serve(f"sqlite:///{copy}", folder, **known | more) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(autouse=True)
def _as_usual(house: provider.House) -> None:
    """Have the provider be itself again."""
    fresh = provider.House()
    house.about, house.answer, house.token, house.told = {}, None, "", {}
    house.keys = {"one": house.keys.get("one", fresh.keys["one"])}
    house.asked.clear()


CLIENTS: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close the browsers of a test."""
    yield
    while CLIENTS:
        CLIENTS.pop().close()


class Visit:
    """A browser on its way to the provider and back."""

    def __init__(self, server: Running, house: provider.House, *, wanted: str = "/staff/units", person: str = "") -> None:
        self.server, self.house = server, house
        self.client = httpx.Client(base_url=server.base, headers=conftest.PAGE, trust_env=False)
        CLIENTS.append(self.client)
        answer = self.client.get(START, params={"next": wanted})
        assert answer.status_code == 303, answer.text
        self.cookie = answer.headers["set-cookie"]
        self.url = answer.headers["location"]
        self.sent = {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}
        self.person = person or server.fresh("ada")

    def enrolled(self, role: str = "issuer") -> Visit:
        """Make the account that the person needs."""
        self.server.make("accounts", {"email": f"{self.person}@example.org", "name": f"Name of {self.person}", "role": role})
        return self

    def claims(self, **more: object) -> dict[str, Any]:
        """Return what an honest ID token says; what is None is left out."""
        now = int(time.time())
        usual = {
            "iss": self.house.issuer,
            "sub": self.person,
            "aud": provider.CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.sent["nonce"],
        }
        said = usual | {"iat": now, "exp": now + 300, "email": f"{self.person}@example.org", "email_verified": True} | more
        return {name: value for name, value in said.items() if value is not None}

    def back(self, *, token: str | None = None, **answer: str) -> httpx.Response:
        """Come back with an answer."""
        self.house.token = self.house.sign(self.claims()) if token is None else token
        given = {"code": "c0de", "state": self.sent["state"], **answer}
        return self.client.get(BACK, params={name: value for name, value in given.items() if value})


def sessions(server: Running) -> int:
    with server.service.reading() as session:
        return session.scalar(select(func.count()).select_from(tables.StaffSession)) or 0


def refused(visit: Visit, answer: httpx.Response, status: int, words: str) -> None:
    """Check that an answer is the sign-in page, says why, and let nobody in."""
    assert answer.status_code == status, answer.text
    assert "<h1>Sign in</h1>" in answer.text
    assert words in answer.text
    assert "Traceback" not in answer.text
    assert "set-cookie" not in answer.headers
    assert visit.client.get("/staff").status_code == 303


def test_who_has_an_account_signs_in_at_the_provider(server: Running, house: provider.House) -> None:
    page = server.stranger.get("/staff/sign-in", params={"next": "/staff/units?x=1&y"}, headers=conftest.PAGE).text
    assert "Continue with Campus &lt;ID&gt;" in page
    assert 'href="/staff/sign-in/oidc?next=/staff/units%3Fx%3D1%26y"' in page
    visit, before = Visit(server, house, wanted="/staff/units?x=1&y").enrolled(), sessions(server)
    assert visit.url.startswith(f"{house.issuer}/auth?")
    assert {name: visit.sent[name] for name in ("response_type", "client_id", "redirect_uri", "code_challenge_method")} == {
        "response_type": "code", "client_id": "badgeissuer", "redirect_uri": f"{server.base}{BACK}", "code_challenge_method": "S256",
    }  # fmt: skip
    assert "openid" in visit.sent["scope"].split()
    assert {"HttpOnly", "Max-Age=900", "Path=/", "SameSite=lax"} == set(visit.cookie.split("; ")[1:])
    answer = visit.back()
    assert answer.status_code == 200, answer.text
    assert '<meta http-equiv="refresh" content="0; url=/staff/units?x=1&amp;y">' in answer.text
    assert f"Welcome, Name of {visit.person}." in answer.text
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert sessions(server) == before + 1
    assert f"Sign out Name of {visit.person}<" in visit.client.get("/staff").text
    ((form, headers),) = house.asked
    assert form["redirect_uri"] == [f"{server.base}{BACK}"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).rstrip(b"=").decode()
    assert challenge == visit.sent["code_challenge"]
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"badgeissuer:s3cret%2F%2B%20with%3Dsigns"


def test_each_sign_in_opens_a_session_with_another_secret_and_ends_the_one_before(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    first = visit.back().cookies["staff"]
    again = Visit(server, house, person=visit.person)
    again.client.cookies.set("staff", first)
    second = again.back().cookies["staff"]
    assert first != second
    assert httpx.get(f"{server.base}/staff", cookies={"staff": first}).status_code == 303
    assert httpx.get(f"{server.base}/staff", cookies={"staff": second}).status_code == 200


def test_two_ways_begun_in_one_browser_both_end(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    visit.client.get(START)
    assert visit.back().status_code == 200


@pytest.mark.parametrize("state", ["", "x", "1.2.3.4", "1" * 10 + "." + "a" * 43 + ".." + "0" * 64])
def test_state_that_is_missing_or_made_up_lets_nobody_in(server: Running, house: provider.House, state: str) -> None:
    visit = Visit(server, house).enrolled()
    refused(visit, visit.back(state=state), 403, browser.OF_ANOTHER)
    assert house.asked == [], "the code goes nowhere"


def test_state_that_comes_twice_lets_in_once(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    assert visit.back().status_code == 200
    visit.client.cookies.delete("staff")
    refused(visit, visit.back(), 403, oidc.REPEATED)


def test_the_way_of_another_browser_cannot_be_ended_here(server: Running, house: provider.House) -> None:
    """An attacker has a victim follow the end of a way that the attacker began: login CSRF."""
    attacker, victim = Visit(server, house).enrolled(), Visit(server, house)
    refused(victim, victim.back(token=house.sign(attacker.claims()), state=attacker.sent["state"]), 403, browser.OF_ANOTHER)
    victim.client.cookies.clear()
    refused(victim, victim.back(), 403, browser.OF_ANOTHER)


def test_a_code_that_was_injected_belongs_to_another_sign_in(server: Running, house: provider.House) -> None:
    attacker, victim = Visit(server, house).enrolled(), Visit(server, house).enrolled()
    refused(victim, victim.back(token=house.sign(attacker.claims())), 401, "it belongs to another sign-in")


def test_a_way_ends_within_ten_minutes(server: Running, house: provider.House, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = Visit(server, house).enrolled()
    later = server.service.now() + browser.LASTS
    monkeypatch.setattr("badgeissuer.web.service.clock", lambda: later)
    answer = visit.back()
    assert (answer.status_code, browser.OF_ANOTHER in answer.text) == (403, True)


CHANGED: dict[str, tuple[dict[str, object], str]] = {
    "expired": ({"exp": 1}, "it is over"),
    "made long ago": ({"iat": int(time.time()) - 3600}, "it was not made just now"),
    "made in the future": ({"iat": int(time.time()) + 3600}, "cannot be taken"),
    "without a time": ({"iat": None}, "it does not say iat"),
    "never over": ({"exp": None}, "it does not say exp"),
    "over at a truth value": ({"exp": True}, "it does not say exp"),
    "for another client": ({"aud": "other"}, "it is for another service"),
    "for us and another, authorised for nobody": ({"aud": ["badgeissuer", "other"]}, "it is for another service"),
    "for us and another, authorised for the other": ({"aud": ["badgeissuer", "other"], "azp": "other"}, "it is for another service"),
    "authorised for another": ({"azp": "other"}, "it is for another service"),
    "for nobody": ({"aud": None}, "it is for another service"),
    "of another provider": ({"iss": "https://id.elsewhere.example"}, "it is of another provider"),
    "with another nonce": ({"nonce": "other"}, "it belongs to another sign-in"),
    "without a nonce": ({"nonce": None}, "for which request"),
    "without a subject": ({"sub": None}, "for whom"),
    "with an empty subject": ({"sub": ""}, "for whom"),
    "with a subject without end": ({"sub": "x" * 256}, "for whom"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_an_id_token_that_does_not_hold_lets_nobody_in(server: Running, house: provider.House, name: str) -> None:
    visit = Visit(server, house).enrolled()
    changes, words = CHANGED[name]
    refused(visit, visit.back(token=house.sign(visit.claims(**changes))), 401, words)


def test_a_token_for_several_that_is_authorised_for_us_is_taken(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    assert visit.back(token=house.sign(visit.claims(aud=["badgeissuer", "other"], azp="badgeissuer"))).status_code == 200


def none(_house: provider.House, claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "kid": "one"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def hmac_of(secret: str) -> Any:  # noqa: ANN401 - a function that signs
    return lambda house, claims: house.sign(claims, alg="HS256", key=jwk.OctKey.import_key(secret))


def _in_header(house: provider.House, claims: dict[str, Any]) -> str:
    key = jwk.ECKey.generate_key("P-256")
    return house.sign(claims, kid="mine", key=key, jwk=key.as_dict(private=False))


FORGED = {
    "unsigned": none,
    "HMAC with the client's secret": hmac_of(provider.SECRET),
    "HMAC with the public key": lambda house, claims: hmac_of(json.dumps(house.keys["one"].as_dict(private=False)))(house, claims),
    "by another key under the name": lambda house, claims: house.sign(claims, key=jwk.ECKey.generate_key("P-256")),
    "by a key that nobody knows": lambda house, claims: house.sign(claims, kid="other", key=jwk.ECKey.generate_key("P-256")),
    "by a key in its own header": _in_header,
    "with another algorithm than the key's": lambda house, claims: house.sign(claims, alg="RS256", key=jwk.RSAKey.generate_key(2048)),
    "changed afterwards": lambda house, claims: _changed(house.sign(claims)),
    "of a head that was not signed": lambda house, claims: house.sign(claims).replace(".", "x.", 1),
    "nothing": lambda *_: "",
    "no token": lambda *_: "e30.e30",
    "without end": lambda house, claims: house.sign(claims | {"name": "x" * 40_000}),
}


def _changed(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = json.dumps(claims | {"sub": "somebody-else"}).encode()
    return f"{head}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize("way", FORGED)
def test_a_forged_id_token_lets_nobody_in(server: Running, house: provider.House, way: str) -> None:
    visit = Visit(server, house).enrolled()
    token = FORGED[way](house, visit.claims())
    house.answer = (200, json.dumps({"id_token": token}).encode())
    answer = visit.back()
    assert (answer.status_code, sessions_of(server, visit)) == (401, 0), answer.text


def sessions_of(server: Running, visit: Visit) -> int:
    with server.service.reading() as session:
        row = enrolling.by_address(session, f"{visit.person}@example.org")
        assert row is not None
        return session.scalar(select(func.count()).where(tables.StaffSession.account_id == row.id)) or 0


def test_a_key_that_the_provider_has_begun_to_use_is_fetched_once_more(server: Running, house: provider.House) -> None:
    assert Visit(server, house).enrolled().back().status_code == 200
    house.keys["two"] = jwk.RSAKey.generate_key(2048)
    visit = Visit(server, house).enrolled()
    before = house.fetched
    assert visit.back(token=house.sign(visit.claims(), kid="two", alg="RS256")).status_code == 200
    assert house.fetched <= before + 2


@pytest.mark.parametrize(
    ("announced", "iss", "lets_in"),
    [(True, "", False), (True, "https://id.elsewhere.example", False), (False, "https://id.elsewhere.example", False), (True, "own", True)],
)
def test_an_answer_of_another_provider_is_not_taken_for_one_of_ours(
    serving: conftest.Serve, *, announced: bool, iss: str, lets_in: bool
) -> None:
    """Mix-up: the browser set out for one provider, and an answer of another comes back (RFC 9207)."""
    with provider.opened() as other:
        other.about = {"authorization_response_iss_parameter_supported": announced}
        options = {"oidc_issuer": other.issuer, "oidc_client_id": provider.CLIENT, "oidc_allow_private_networks": True}
        with serving(has_worker=False, **options) as running:
            visit = Visit(running, other).enrolled()
            answer = visit.back(iss=other.issuer if iss == "own" else iss)
            if lets_in:
                assert answer.status_code == 200
                assert other.asked[0][0]["client_id"] == [provider.CLIENT], "a public client says who it is in the form"
            else:
                refused(visit, answer, 403, oidc.MIXED_UP)
                assert other.asked == []


def test_an_address_that_the_provider_has_not_verified_opens_no_account(server: Running, house: provider.House) -> None:
    for verified in (False, None, "true", 1):
        visit = Visit(server, house).enrolled()
        token = house.sign(visit.claims(email_verified=verified))
        refused(visit, visit.back(token=token), 403, enrolling.UNVERIFIED)


def test_a_second_subject_does_not_take_over_an_account(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    assert visit.back().status_code == 200
    thief = Visit(server, house, person=visit.person)
    refused(thief, thief.back(token=house.sign(thief.claims(sub="thief"))), 403, enrolling.TAKEN)


def test_who_has_no_account_or_a_disabled_one_is_told_so(server: Running, house: provider.House) -> None:
    stranger = Visit(server, house)
    refused(stranger, stranger.back(), 403, enrolling.NOBODY)
    visit = Visit(server, house).enrolled()
    assert visit.back().status_code == 200
    (row,) = [row for row in server.listed("accounts") if row["email"] == f"{visit.person}@example.org"]
    assert [one["subject"] for one in row["identities"]] == [visit.person]
    server.api.patch(f"/api/accounts/{row['id']}", json={"state": "disabled"})
    assert visit.client.get("/staff").status_code == 303, "the session is over at once"
    again = Visit(server, house, person=visit.person)
    refused(again, again.back(), 403, enrolling.DISABLED)


def test_an_address_that_only_userinfo_tells_is_taken_from_there(server: Running, house: provider.House) -> None:
    visit = Visit(server, house).enrolled()
    house.told = {"sub": "somebody-else", "email": f"{visit.person}@example.org", "email_verified": True}
    bare = house.sign(visit.claims(email=None, email_verified=None))
    refused(visit, visit.back(token=bare), 401, "it is about somebody else")
    house.told["sub"] = visit.person
    assert visit.back(token=bare).status_code == 200


@pytest.mark.parametrize(
    ("error", "words"), [("access_denied", oidc.STOPPED), ("server_error", "(server_error)"), ("<b>x</b>", oidc.STOPPED)]
)
def test_errors_of_the_provider_are_told_in_plain_words(server: Running, house: provider.House, error: str, words: str) -> None:
    visit = Visit(server, house)
    refused(visit, visit.back(error=error, error_description="<script>", code=""), 403, words)


@pytest.mark.parametrize("code", ["", "x" * 5000, "é", "a\nb"])
def test_an_answer_without_a_code_is_told_to_be_none(server: Running, house: provider.House, code: str) -> None:
    visit = Visit(server, house)
    refused(visit, visit.back(code=code), 403, oidc.EMPTY)
    twice = visit.client.get(f"{BACK}?state={visit.sent['state']}&code=a&code=b")
    refused(visit, twice, 403, oidc.EMPTY)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((400, b'{"error": "invalid_grant"}'), 401),
        ((200, b"{}"), 401),
        ((200, b"no JSON"), 401),
        ((500, b""), 401),
        ((200, b"x" * 100_000), 503),
    ],
)
def test_a_token_endpoint_that_does_not_give_what_it_should_is_no_fault_of_ours(
    server: Running, house: provider.House, answer: tuple[int, bytes], status: int
) -> None:
    visit = Visit(server, house).enrolled()
    house.answer = answer
    refused(visit, visit.back(), status, "rovider")


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "/staff/\\elsewhere.example", "/verify", '/staff"><b>']
)
def test_after_the_provider_too_comes_never_another_site(server: Running, house: provider.House, wanted: str) -> None:
    visit = Visit(server, house, wanted=wanted).enrolled()
    answer = visit.back()
    (leads_to,) = re.findall(r'content="0; url=([^"]*)"', answer.text)
    assert leads_to in {"/staff", "/staff?&#34;&gt;&lt;b&gt;"}
    assert "elsewhere" not in answer.text


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"issuer": "https://id.elsewhere.example"}, "another one than the settings name"),
        ({"token_endpoint": "javascript:alert(1)"}, "names no token_endpoint"),
        ({"authorization_endpoint": None}, "names no authorization_endpoint"),
    ],
)
def test_a_description_of_another_provider_is_not_believed(serving: conftest.Serve, about: dict[str, Any], words: str) -> None:
    with provider.opened() as other:
        other.about = about
        options = {"oidc_issuer": other.issuer, "oidc_client_id": "x", "oidc_allow_private_networks": True}
        with serving(has_worker=False, **options) as running:
            answer = running.stranger.get(START, headers=conftest.PAGE)
            assert (answer.status_code, words in answer.text) == (503, True)


def test_a_provider_at_a_private_address_is_not_asked_unless_the_settings_allow_it(serving: conftest.Serve) -> None:
    with serving(has_worker=False, oidc_issuer="https://127.0.0.1:1", oidc_client_id="x") as running:
        answer = running.stranger.get(START, headers=conftest.PAGE)
        assert (answer.status_code, "is not reached" in answer.text) == (503, True)
        assert "Continue with 127.0.0.1" in answer.text


def test_without_a_provider_there_is_no_way_to_one(sqlite_server: Running) -> None:
    assert "Continue with" not in sqlite_server.stranger.get("/staff/sign-in", headers=conftest.PAGE).text
    for path in (START, BACK):
        assert sqlite_server.stranger.get(path).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "https://id.example.edu"},
        {"oidc_issuer": "http://id.example.edu", "oidc_client_id": "x"},
        {"oidc_issuer": "id.example.edu", "oidc_client_id": "x"},
        {"oidc_issuer": "https://id.example.edu/?x", "oidc_client_id": "x"},
        {"oidc_issuer": "http://id", "oidc_client_id": "x", "oidc_allow_private_networks": True, "environment": "production"}
        | {"base_url": "https://badges.example.edu", "key_passphrase": "x"},
    ],
)
def test_settings_of_a_provider_that_cannot_be_safe_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"(?i)oidc"):
        Settings(**given)
