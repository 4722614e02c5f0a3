from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from badgeissuer.awarding import redaction

SECRET = 'a "secret" with spaces & ümlauts'


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"x": SECRET}).encode(),
        json.dumps({"x": SECRET}, ensure_ascii=False).encode(),
        urlencode({"x": SECRET}).encode(),
        f"<x>{SECRET}</x>".encode(),
    ],
)
def test_a_secret_of_the_source_is_found_in_every_spelling(body: bytes) -> None:
    assert redaction.may_hold_secret(body, [SECRET])
    assert not redaction.may_hold_secret(body, ["another secret"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": "x"}',
        b'{"wsToken" : "x"}',
        b'{\\"api_key\\": 1}',
        b"password=x&a=b",
        b"a=b&client_secret%5D=x",
        b"<apiKey >x",
        b"whsec_c2VjcmV0LXNlY3JldA==",
        b'"Authorization": "x"',
        b"see Bearer abcdefghijkl",
        b"-----BEGIN EC PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_found(body: bytes) -> None:
    assert redaction.may_hold_secret(body, [])


@pytest.mark.parametrize("body", [b"", b'{"type": "course_completed", "note": "a token of thanks"}', b"basic welding", b"\xff\x00"])
def test_other_bodies_may_be_shown(body: bytes) -> None:
    assert not redaction.may_hold_secret(body, ["whsec_", "a long secret of the source"])
