"""Lists of completions from a Canvas and a Moodle on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.net import campus

from badgeissuer import problem
from badgeissuer.awarding.completion import Completion
from badgeissuer.net import listing, post

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
USERS, PROGRESS, REST = "/api/v1/courses/565/users", "/api/v1/courses/565/bulk_user_progress", "/webservice/rest/server.php"


@pytest.fixture
def there() -> Iterator[campus.Platform]:
    with campus.platform() as found:
        yield found


@pytest.fixture
def lister() -> Iterator[listing.Lister]:
    made = listing.Lister(post.Reach(allow_private=True, seconds=2))
    yield made
    made.close()


def refused(lister: listing.Lister, there: campus.Platform, kind: str = "canvas", **other: str) -> str:
    place = {"kind": kind, "url": there.url, "course": "565" if kind == "canvas" else "77", "token": campus.TOKEN} | other
    with pytest.raises(problem.Invalid) as caught:
        lister.completions(listing.Place(**place))
    assert campus.TOKEN not in caught.value.detail
    return caught.value.detail


def test_all_pages_of_canvas_are_read(lister: listing.Lister, there: campus.Platform) -> None:
    place = listing.Place("canvas", f"{there.url}/", "565", campus.TOKEN)
    found = lister.completions(place)
    assert [item.source_id for item in found] == ["1", "2", "4", "5"]
    assert found[0] == Completion(1, "1", "001", "l1@example.org", "Learner 1", NOON, 81.5, 100, "B")
    assert len(there.asked) == 6
    assert "include%5B%5D=email" in there.asked[0]
    assert campus.TOKEN not in repr(place)


def test_each_learner_of_moodle_is_asked_about(lister: listing.Lister, there: campus.Platform) -> None:
    found = lister.completions(listing.Place("moodle", there.url, "77", campus.TOKEN))
    assert found == [Completion(1, "11", None, "m11@example.org", "Learner 11", NOON)]
    assert there.asked == [f"POST {REST}"] * 4
    assert campus.TOKEN not in "".join(there.asked)


def test_the_token_goes_to_no_other_server(lister: listing.Lister, there: campus.Platform) -> None:
    for url in ("http://127.0.0.1:1/x", f"{there.url}@127.0.0.1:1/x", "//other.example/x"):
        there.instead[USERS] = (200, {"Link": f'<{url}>; rel="next"'}, b"[]")
        assert "goes on at another server" in refused(lister, there)
    there.instead[USERS] = (302, {"Location": "http://127.0.0.1:1/x"}, b"")
    assert refused(lister, there) == "The platform answered with 302."


def test_a_list_without_end_ends(lister: listing.Lister, there: campus.Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 3)
    there.instead[USERS] = (200, {"Link": f'<{there.url}{USERS}>; rel="next"'}, b"[]")
    assert refused(lister, there) == "The platform's list has more than 3 pages."
    assert len(there.asked) == 3


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ((401, b""), "The platform does not let that token see the course (401)."),
        ((403, b""), "The platform does not let that token see the course (403)."),
        ((429, b""), "The platform was asked too often"),
        ((500, b"secret trace"), "The platform answered with 500."),
        ((200, b"<html>"), "The platform's answer is no JSON."),
        ((200, b'{"a": 1}'), "The platform's answer is no list."),
        ((200, b"[" * 100_000), "The platform's answer is no JSON."),
        ((200, b'"' + b"x" * listing.MAX_BYTES + b'"'), "The platform was not understood: it answered with too much."),
    ],
)
def test_what_is_no_list_says_so(lister: listing.Lister, there: campus.Platform, answer: tuple[int, bytes], detail: str) -> None:
    there.instead[USERS] = (answer[0], {}, answer[1])
    assert refused(lister, there).startswith(detail)


def test_what_is_wrong_with_the_asking_is_told(lister: listing.Lister, there: campus.Platform) -> None:
    assert "(401)" in refused(lister, there, token="wrong")
    assert "(404)" in refused(lister, there, course="566")
    for token in ("", "a b", "a\r\nX: y", "é"):
        with pytest.raises(problem.Invalid, match="Give a token"):
            lister.completions(listing.Place("canvas", there.url, "565", token))
    assert refused(lister, there, "moodle", token="wrong") == "Moodle does not know that token."
    assert refused(lister, there, "moodle", course="78") == "Moodle knows no such course."
    there.instead[REST] = (200, {}, b'{"exception": "x", "errorcode": "odd <b>"}')
    assert refused(lister, there, "moodle") == "Moodle refuses core_enrol_get_enrolled_users: an error."
    there.instead[REST] = (200, {}, b'{"exception": "x", "errorcode": "accessexception"}')
    assert "may not call core_enrol_get_enrolled_users" in refused(lister, there, "moodle")
    for course in ("../users", "5/6", ""):
        assert "none that such a platform has" in refused(lister, there, course=course)
    assert "not reached" in refused(lister, there, url="http://127.0.0.1:1")
    assert "not one this service fetches from" in refused(lister, there, url="ftp://127.0.0.1")


def test_private_networks_are_not_reached_from_outside(there: campus.Platform) -> None:
    lister = listing.Lister(post.Reach())
    for url in (there.url, "https://127.0.0.1", "https://localhost", "https://10.0.0.1"):
        assert "not one this service fetches from" in refused(lister, there, url=url)
    lister.close()
    assert there.asked == []


def test_who_does_not_answer_is_not_waited_for(there: campus.Platform) -> None:
    import socket  # noqa: PLC0415 - for this test alone

    with socket.create_server(("127.0.0.1", 0)) as silent:
        lister = listing.Lister(post.Reach(allow_private=True, seconds=0.3))
        assert "no answer in time" in refused(lister, there, url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        lister.close()
