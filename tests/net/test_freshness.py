"""How long an answer may be used, as RFC 9111 says, and more strictly where it leaves a choice."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.net import freshness

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEVER = -math.inf


def seconds(headers: dict[str, str], *, status: int = 200) -> float:
    return freshness.seconds(headers, status=status, now=NOW)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("", 300), ("public", 300), ("must-revalidate", 300), ("immutable, stale-while-revalidate=900", 300),
        ("max-age=60", 60), ("MAX-AGE=60", 60), ('max-age="60"', 60), ("public,max-age=60 ,must-revalidate", 60), (",, max-age=60,", 60),
        ("max-age=3600", 3600), ("max-age=3601", 3600), ("max-age=31536000, immutable", 3600), ("max-age=" + "9" * 4000, 3600),
        ("max-age=" + "9" * 5000, NEVER),
        ("max-age=0000000000000060", 60),
        ("s-maxage=60, max-age=600", 60), ("max-age=60, s-maxage=600", 600), ("s-maxage=0, max-age=600", 0),
        ("max-age=600, max-age=60", 60), ("max-age=60, max-age=600", 60), ("max-age=60, max-age=x", 0),
        # not fresh, but it may be asked whether it has changed
        ("no-cache", 0), ("no-cache, max-age=600", 0), ("max-age=600, no-cache=etag", 0), ('no-cache="etag, x", max-age=600', 0),
        ("max-age=0", 0), ("max-age=0, must-revalidate", 0), ("max-age", 0), ("max-age=", 0), ("max-age=-1", 0), ("max-age=1.5", 0),
        ("max-age=6e1", 0), ("max-age=\u0666\u0660", 0), ('max-age=""', 0), ("max-age=+60", 0),
        # not kept
        ("no-store", NEVER), ("No-Store, max-age=600", NEVER), ("private", NEVER), ("max-age=600, private", NEVER),
        ('private="set-cookie", max-age=600', NEVER), ("no-store=x", NEVER), ("must-understand, no-store, max-age=600", NEVER),
        # what cannot be read
        ('max-age="60', NEVER), ("max-age=60 max-age=600", NEVER), ("max-age = 60", NEVER), ("=60", NEVER), ('"max-age=60"', NEVER),
        ("max-age=60;public", 0), ("max\u00e4ge=60", NEVER),
        # the words in quotes are not words
        ('x="a, no-store", max-age=60', 60), ('x="a, max-age=600, b"', 300), (r'x="\", no-store, \"", max-age=60', 60),
    ],
)  # fmt: skip
def test_cache_control_says_how_long(control: str, expected: float) -> None:
    assert seconds({"cache-control": control}) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT"}, 60),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT", "date": "Sun, 01 Mar 2026 12:00:00 GMT"}, 60),
        ({"expires": "Sunday, 01-Mar-26 12:01:00 GMT"}, 60),
        ({"expires": "Sun Mar  1 12:01:00 2026"}, 60),
        ({"expires": "Sun, 01 Mar 2036 12:01:00 GMT"}, 3600),
        ({"expires": "Sun, 01 Mar 2026 12:00:00 GMT"}, 0),
        ({"expires": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT", "cache-control": "max-age=7"}, 7),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT", "cache-control": "public"}, 60),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": ""}, 0),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT" + " " * 5000}, 0),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 +0000"}, 0),
        ({"expires": "Sun, 01 Mar 2026 12:01:00 GMT, Sun, 01 Mar 2026 12:02:00 GMT"}, 0),
        # A server whose clock is an hour ahead means ten seconds, not an hour and ten seconds.
        ({"expires": "Sun, 01 Mar 2026 13:00:10 GMT", "date": "Sun, 01 Mar 2026 13:00:00 GMT"}, 10),
        # what was under way, or in another cache
        ({"cache-control": "max-age=60", "age": "20"}, 40),
        ({"cache-control": "max-age=60", "age": " 20 , 50"}, 40),
        ({"cache-control": "max-age=60", "age": "60"}, 0),
        ({"cache-control": "max-age=60", "age": "9" * 5000}, 0),
        ({"cache-control": "max-age=60", "age": "x"}, 60),
        ({"cache-control": "max-age=60", "age": "-20"}, 60),
        ({"cache-control": "max-age=90000", "age": "80000"}, 3600),
        ({"cache-control": "max-age=90000", "age": "89990"}, 10),
        ({"cache-control": "max-age=60", "date": "Sun, 01 Mar 2026 11:59:30 GMT"}, 30),
        ({"cache-control": "max-age=60", "date": "Sun, 01 Mar 2026 11:59:30 GMT", "age": "40"}, 20),
        ({"cache-control": "max-age=60", "date": "Sun, 01 Mar 2026 12:00:30 GMT"}, 60),
        ({"cache-control": "max-age=60", "date": "yesterday"}, 60),
        ({"age": "100"}, 200),
        ({"age": "400"}, 0),
        ({"last-modified": "Sat, 01 Mar 2025 12:00:00 GMT"}, 300),
        # What varies by what is the same in all our requests does not vary for us.
        ({"vary": "Accept-Encoding"}, 300),
        ({"vary": "accept-encoding , Accept-Encoding,"}, 300),
        ({"vary": ""}, 300),
        ({"vary": "*"}, NEVER),
        ({"vary": "Accept-Encoding, Cookie"}, NEVER),
        ({"vary": "Authorization", "cache-control": "max-age=60"}, NEVER),
        ({"vary": "x" * 99}, NEVER),
    ],
)
def test_the_other_headers_say_how_long(headers: dict[str, str], expected: float) -> None:
    assert seconds(headers) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, 300), (301, 300), (308, 300), (302, 0), (303, 0), (307, 0)])
def test_what_is_meant_for_the_moment_is_not_fresh_unless_it_says_so(status: int, expected: float) -> None:
    assert seconds({}, status=status) == expected
    assert seconds({"cache-control": "max-age=60"}, status=status) == 60


PIECES = st.lists(st.sampled_from(["max-age=9", "no-store", "=", '"', ",", " ", "\\", "private"])).map("".join)


@given(control=st.text(max_size=60) | PIECES, age=st.text(max_size=20), expires=st.text(max_size=30), vary=st.text(max_size=20))
def test_whatever_the_headers_say_an_hour_is_the_most(control: str, age: str, expires: str, vary: str) -> None:
    found = seconds({"cache-control": control, "age": age, "expires": expires, "vary": vary, "date": expires})
    assert found == NEVER or 0 <= found <= 3600


@pytest.mark.parametrize("piece", ["a", ",", " ", "a,", '"', 'a="', "\\", "a=\\", 'a="\\', "x ", ", ", "1"])
@pytest.mark.parametrize("name", ["cache-control", "age", "expires", "date", "vary"])
def test_long_headers_are_read_in_no_time(name: str, piece: str) -> None:
    for times in (1500, 50_000):
        began = time.monotonic()
        assert seconds({name: piece * times + "\x00"}) in {NEVER, 0, 300}
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": '"1"'}, {"If-None-Match": '"1"'}),
        ({"etag": 'W/"1"'}, {"If-None-Match": 'W/"1"'}),
        ({"etag": '""'}, {"If-None-Match": '""'}),
        (
            {"etag": '"1"', "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT"},
            {"If-None-Match": '"1"', "If-Modified-Since": "Sun, 01 Mar 2026 12:00:00 GMT"},
        ),
        # What would not go out as it came in is not sent back.
        ({}, {}),
        ({"etag": "1"}, {}),
        ({"etag": '"\u00e4"'}, {}),
        ({"etag": '"a b"'}, {}),
        ({"etag": '"1", "2"'}, {}),
        ({"etag": '"1"\r\nx: y'}, {}),
        ({"etag": '"' + "x" * 257 + '"'}, {}),
        ({"last-modified": "yesterday"}, {}),
        ({"last-modified": "Sun, 01 Mar 2026 12:00:00 GMT\n"}, {}),
        ({"last-modified": ""}, {}),
    ],
)
def test_what_an_answer_can_be_told_by_is_sent_back(headers: dict[str, str], expected: dict[str, str]) -> None:
    assert freshness.conditions(headers) == expected


@pytest.mark.parametrize(
    ("came", "known", "expected"),
    [
        ({}, {"etag": '"1"'}, True),
        ({"etag": '"1"'}, {"etag": '"1"'}, True),
        ({"etag": 'W/"1"'}, {"etag": '"1"'}, True),
        ({"etag": '"2"'}, {"etag": '"1"'}, False),
        ({"etag": '"1"'}, {"last-modified": "Sun, 01 Mar 2026 12:00:00 GMT"}, False),
        ({}, {"last-modified": "Sun, 01 Mar 2026 12:00:00 GMT"}, True),
    ],
)
def test_a_confirmation_speaks_of_the_document_that_is_known(came: dict[str, str], known: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - the expected value
    assert freshness.confirms(came, known) is expected


def test_only_the_headers_for_the_next_time_are_kept() -> None:
    headers = {"etag": '"1"', "cache-control": "no-cache", "set-cookie": "id=1", "age": "9", "date": "x", "expires": "0"}
    assert freshness.kept(headers) == {"etag": '"1"', "cache-control": "no-cache", "expires": "0"}
