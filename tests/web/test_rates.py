"""How often strangers may ask, and what scripts of other sites are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from limits import RateLimitItemPerMinute

from badgeissuer.settings import read_rates
from badgeissuer.web import problems, rates

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Serve

PAGE = {"Accept": "text/html"}


def counter(limits: str) -> rates.Counter:
    read = read_rates(limits)
    assert read is not None
    return rates.Counter(read)


def is_let_in(counter: rates.Counter, address: str) -> bool:
    try:
        counter.count(address)
    except problems.HttpProblem:
        return False
    return True


def test_each_address_may_ask_so_often() -> None:
    count = counter("2/hour, 100/hour")
    assert [is_let_in(count, "192.0.2.1") for _ in range(3)] == [True, True, False]
    assert is_let_in(count, "192.0.2.2")


def test_one_network_of_ipv6_is_one_address() -> None:
    count = counter("2/hour, 100/hour")
    assert [is_let_in(count, f"2001:db8::{number}") for number in (1, 2, 3)] == [True, True, False]
    assert is_let_in(count, "2001:db8:0:1::1")


def test_all_together_may_ask_so_often_and_what_was_refused_is_not_counted() -> None:
    count = counter("2/hour, 3/hour")
    assert [is_let_in(count, "192.0.2.1") for _ in range(9)].count(True) == 2
    assert [is_let_in(count, f"192.0.2.{last}") for last in (2, 3)] == [True, False]
    assert is_let_in(counter("1/hour, 1/hour"), ""), "who asks through a socket without addresses is counted too"


def test_over_the_limit_is_a_problem_that_says_when_to_come_again(serving: Serve, refused: Refused) -> None:
    with serving(rate_limits="2/hour, 100/hour") as server:
        url = server.award()["credential"]["id"]
        asked = [server.stranger.post("/verify", content=b"{}"), server.stranger.get("/verify", params={"url": url})]
        assert [answer.status_code for answer in asked] == [200, 200]
        late = [
            server.stranger.post("/verify", content=b"{}"),
            server.stranger.post("/verify", data={"url": url}),
            server.stranger.get("/verify", params={"url": url}),
            server.stranger.post("/credentials/verify", json={}),
            server.stranger.post("/presentations/verify", json={}),
            server.stranger.post("/verify", content=b"{}", headers={"X-Forwarded-For": "192.0.2.7, 127.0.0.1"}),
        ]
        assert [answer.status_code for answer in late] == [429] * 5 + [200], "loopback is the proxy, and believed"
        found = refused(late[0], 429)
        seconds = int(late[0].headers["retry-after"])
        assert 0 < seconds <= 3600
        assert (found["type"], str(seconds) in found["detail"]) == ("urn:badgeissuer:problem:too-many", True)
        assert (late[0].headers["ratelimit-policy"], late[0].headers["ratelimit"]) == ('"address";q=2;w=3600', f'"address";r=0;t={seconds}')
        assert {answer.headers["access-control-allow-origin"] for answer in late} == {"*"}
        page = server.stranger.post("/verify", data={"url": url}, headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert "Asked too often" in page.text
        assert server.stranger.get("/verify", headers=PAGE).status_code == 200, "to look at the form is free"
        assert server.stranger.get(url).status_code == 200


def test_conformance_suites_may_ask_vc_api_as_often_as_they_like(serving: Serve) -> None:
    with serving(rate_limits="1/hour, 1/hour", vc_api_open=True) as server:
        assert [server.stranger.post("/credentials/verify", json={}).status_code for _ in range(3)] == [400] * 3


def test_scripts_of_other_sites_may_ask_and_are_told_what_went_wrong(sqlite_server: Running, refused: Refused) -> None:
    ask = {"Origin": "https://ats.example", "Access-Control-Request-Method": "POST"}
    for kind in ("application/json", "application/vc+ld+json", "application/vc", "image/png"):
        answer = sqlite_server.stranger.options("/verify", headers=ask | {"Access-Control-Request-Headers": f"content-type,{kind}"[:12]})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"POST", "GET"} == set(answer.headers["access-control-allow-methods"].split(", "))
        assert "content-type" in answer.headers["access-control-allow-headers"].lower().split(", ")
        assert int(answer.headers["access-control-max-age"]) > 60
    post = sqlite_server.stranger.post
    wrong = {
        422: post("/verify", content=b""),
        400: post("/verify", data={"url": "x"}, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-7"}),
        413: post("/verify", content=b"x" * (3 * 1024 * 1024)),
        405: sqlite_server.stranger.delete("/verify"),
    }
    for status, answer in wrong.items():
        refused(answer, status)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "retry-after" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-origin" not in sqlite_server.stranger.get("/staff/sign-in", headers=PAGE).headers
    assert "access-control-allow-credentials" not in post("/verify", content=b"{}").headers


@pytest.mark.parametrize("text", ["", "60", "60/minute", "60/minute, often", "a, b", "1/minute, 2/minute, 3/minute"])
def test_a_setting_that_names_no_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for one address and for all together"):
        read_rates(text)


def test_off_is_no_limit(sqlite_server: Running) -> None:
    assert read_rates(" OFF ") is None
    answers: list[httpx.Response] = [sqlite_server.stranger.post("/verify", content=b"{}") for _ in range(70)]
    assert {answer.status_code for answer in answers} == {200}


def test_nobody_uses_up_the_letters_that_all_have(serving: Serve, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "LETTERS", RateLimitItemPerMinute(2, 30))
    with serving(rate_limits="1000/hour, 1000/hour", smtp_url="smtp://127.0.0.1:1", email_from="badges@example.edu") as server:
        asked = [server.stranger.post("/me/sign-in", data={"email": f"lin-{number}@example.org"}) for number in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429]
        refused(asked[-1], 429)
        assert server.stranger.post("/staff/sign-in/mail", data={"email": "x@example.org"}).status_code == 429
        assert server.stranger.post("/verify", content=b"{}").status_code == 200
