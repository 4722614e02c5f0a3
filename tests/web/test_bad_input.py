from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running

NOWHERE = "00000000-0000-4000-8000-000000000000"
WRITES = [
    ("POST", "/api/issuers"),
    ("POST", "/api/achievements"),
    ("PUT", "/api/achievements/{achievement}"),
    ("POST", "/api/sources"),
    ("POST", "/api/rules"),
    ("POST", "/api/awards"),
    ("POST", "/api/tokens"),
    ("POST", f"/api/credentials/{NOWHERE}/revoke"),
    ("POST", "/credentials/status"),
]
UNREADABLE = {
    "unparsable": b'{"slug": "x"',
    "nothing but a brace": b"{",
    "trailing text": b"{} {}",
    "trailing comma": b'{"slug": "x",}',
    "single quotes": b"{'slug': 'x'}",
    "a comment": b'{"slug": "x" /* x */}',
    "a member twice": b'{"slug": "x", "slug": "y"}',
    "a member twice, once escaped": b'{"slug": "x", "sl\\u0075g": "y"}',
    "a member twice, deep inside": b'{"criteria": {"narrative": "x", "narrative": "y"}}',
    "NaN": b'{"slug": NaN}',
    "Infinity": b'{"slug": -Infinity}',
    "1e400": b'{"slug": 1e400}',
    "an integer of 5000 digits": b'{"slug": ' + b"9" * 5000 + b"}",
    "an integer past 2**53": b'{"slug": 9007199254740993}',
    "an escaped NUL": b'{"slug": "a\\u0000b"}',
    "an escaped NUL in a name": b'{"a\\u0000b": 1}',
    "a raw NUL": b'{"slug": "a\x00b"}',
    "a lone surrogate": b'{"slug": "\\ud800"}',
    "a lone surrogate in a name": b'{"\\udfff": 1}',
    "a lone surrogate in UTF-8": b'{"slug": "\xed\xa0\x80"}',
    "UTF-16": '{"slug": "x"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"slug": "x"}'.encode("utf-16-le"),
    "UTF-32": '{"slug": "x"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"slug": "x"}',
    "Latin-1": b'{"slug": "\xe9"}',
    "overlong UTF-8": b'{"slug": "\xc0\xaf"}',
    "arrays 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 40 deep": b'{"a":' * 40 + b"1" + b"}" * 40,
    "brackets that never close": b"[{" * 400_000,
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}
MISSHAPEN = {
    "an array": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"7",
    "an empty object": b"{}",
    "an unknown member": b'{"unknown": 1}',
    "a member of prototypes": b'{"__proto__": {"role": "admin"}, "constructor": 1}',
}


@pytest.fixture(scope="module")
def achievement(sqlite_server: Running) -> str:
    return sqlite_server.published()


def send(server: Running, method: str, path: str, body: bytes, *, kind: str = "application/json") -> httpx.Response:
    return server.api.request(method, path, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda value: value)
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused_with_400(
    sqlite_server: Running, refused: Refused, achievement: str, method: str, path: str, name: str
) -> None:
    before = sqlite_server.rows()
    refused(send(sqlite_server, method, path.format(achievement=achievement), UNREADABLE[name]), 400)
    assert sqlite_server.rows() == before


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda value: value)
@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_body_of_another_shape_is_refused_with_422(
    sqlite_server: Running, refused: Refused, achievement: str, method: str, path: str, name: str
) -> None:
    before = sqlite_server.rows()
    refused(send(sqlite_server, method, path.format(achievement=achievement), MISSHAPEN[name]), 422)
    assert sqlite_server.rows() == before


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda value: value)
def test_a_body_that_is_missing_is_refused_with_422(
    sqlite_server: Running, refused: Refused, achievement: str, method: str, path: str
) -> None:
    found = refused(send(sqlite_server, method, path.format(achievement=achievement), b""), 422)
    assert "missing" in found["detail"]


@pytest.mark.parametrize(("method", "path"), WRITES, ids=lambda value: value)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "nonsense", "", "application/"]
)
def test_a_body_that_is_not_called_json_is_refused_with_415(
    sqlite_server: Running, refused: Refused, achievement: str, method: str, path: str, kind: str
) -> None:
    before = sqlite_server.rows()
    refused(send(sqlite_server, method, path.format(achievement=achievement), b"{}", kind=kind), 415)
    assert sqlite_server.rows() == before


def test_a_body_is_read_as_utf8_whatever_its_type_says(sqlite_server: Running, refused: Refused) -> None:
    body = json.dumps({"slug": "Größe", "name": "x"}, ensure_ascii=False).encode("latin-1")
    refused(send(sqlite_server, "POST", "/api/issuers", body, kind="application/json; charset=iso-8859-1"), 400)


PLAIN: dict[str, dict[str, Any]] = {
    "issuers": {"slug": "never", "name": "x"},
    "achievements": {
        "issuer": "{unit}",
        "slug": "never",
        "name": "x",
        "description": "x",
        "achievementType": "Badge",
        "criteria": {"narrative": "x"},
    },
    "awards": {"achievement": "{achievement}", "learner": {"email": "a@example.org"}},
    "tokens": {"name": "x", "role": "auditor"},
    "sources": {
        "slug": "never",
        "name": "x",
        "adapter": "native",
        "issuer": "{unit}",
        "signature": {"scheme": "standard_webhooks", "secrets": ["whsec_c2VjcmV0LW9mLXRoZS1oYXJib3VyLXNjaG9vbC0x"]},
    },
}
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("issuers", {"unknown": 1}),
    ("issuers", {"slug": 7}),
    ("issuers", {"slug": ""}),
    ("issuers", {"slug": "UPPER"}),
    ("issuers", {"slug": "a b"}),
    ("issuers", {"slug": "../etc"}),
    ("issuers", {"slug": "a\n"}),
    ("issuers", {"slug": "-a"}),
    ("issuers", {"slug": "x" * 65}),
    ("issuers", {"slug": "é"}),
    ("issuers", {"name": ""}),
    ("issuers", {"name": "x" * 301}),
    ("issuers", {"name": "\u0001"}),
    ("issuers", {"name": ["x"]}),
    ("issuers", {"description": "\u0007"}),
    ("issuers", {"url": "not a url"}),
    ("issuers", {"url": "https://x.example/a b"}),
    ("issuers", {"url": "/relative"}),
    ("issuers", {"image": "x y"}),
    ("issuers", {"email": "nobody"}),
    ("issuers", {"email": "a@b@c"}),
    ("issuers", {"email": "a@example.org\r\nBcc: b@example.org"}),
    ("issuers", {"did_method": "ion"}),
    ("achievements", {"@context": "https://evil.example/context"}),
    ("achievements", {"@id": "https://x.example/"}),
    ("achievements", {"id": "https://x.example/"}),
    ("achievements", {"version": "9"}),
    ("achievements", {"level": "Doctorate"}),
    ("achievements", {"_:level": "Doctorate"}),
    ("achievements", {"https://schema.org/level": "Doctorate"}),
    ("achievements", {"tag": None}),
    ("achievements", {"tag": [[]]}),
    ("achievements", {"tag": [7]}),
    ("achievements", {"name": "\u0001"}),
    ("achievements", {"description": 7}),
    ("achievements", {"description": "\u0001"}),
    ("achievements", {"criteria": "x"}),
    ("achievements", {"criteria": {}}),
    ("achievements", {"criteria": {"id": "no url"}}),
    ("achievements", {"criteria": {"narrative": "x", "level": "x"}}),
    ("achievements", {"achievementType": "Nothing"}),
    ("achievements", {"achievementType": ["Badge"]}),
    ("achievements", {"alignment": {"targetName": "x"}}),
    ("achievements", {"alignment": [{"targetName": "x", "targetUrl": "x y"}]}),
    ("achievements", {"alignment": "x"}),
    ("achievements", {"creditsAvailable": -1}),
    ("achievements", {"creditsAvailable": "many"}),
    ("achievements", {"inLanguage": "not a language"}),
    ("achievements", {"resultDescription": [{"name": "x"}]}),
    ("achievements", {"resultDescription": [{"id": "#a", "name": "x", "resultType": "Percent", "valueMin": "9", "valueMax": "1"}]}),
    ("achievements", {"resultDescription": [{"id": "#a", "name": "x", "resultType": "Percent", "requiredLevel": "#b"}]}),
    ("achievements", {"related": [{"id": "x"}]}),
    ("achievements", {"type": ["Badge"]}),
    ("achievements", {"type": {}}),
    ("achievements", {"issuer": None}),
    ("awards", {"learner": {}}),
    ("awards", {"learner": None}),
    ("awards", {"learner": "a@example.org"}),
    ("awards", {"learner": {"email": "nobody"}}),
    ("awards", {"learner": {"email": "a@example.org", "unknown": 1}}),
    ("awards", {"learner": {"email": "a@example.org", "name": "\u0001"}}),
    ("awards", {"learner": {"did": "did:x:"}}),
    ("awards", {"learner": {"did": "did:x:%zz"}}),
    ("awards", {"learner": {"did": "did:x:a b"}}),
    ("awards", {"learner": {"did": "https://x.example/"}}),
    ("awards", {"learner": {"source_id": ""}}),
    ("awards", {"learner": {"source_id": 7}}),
    ("awards", {"awarded_at": "yesterday"}),
    ("awards", {"awarded_at": "2026-02-30T00:00:00Z"}),
    ("awards", {"awarded_at": "2026-05-20"}),
    ("awards", {"awarded_at": "2026-05-20T14:05:00"}),
    ("awards", {"awarded_at": "2026-05-20 14:05:00Z"}),
    ("awards", {"awarded_at": "2026-05-20T14:05:00+24:00"}),
    ("awards", {"awarded_at": "0001-01-01T00:00:00+14:00"}),
    ("awards", {"awarded_at": "9999-12-31T23:59:59-14:00"}),
    ("awards", {"awarded_at": 1779285900}),
    ("awards", {"awarded_at": 1e300}),
    ("awards", {"awarded_at": True}),
    ("awards", {"valid_until": "2020-01-01T00:00:00Z"}),
    ("awards", {"valid_until": "٢٠٢٩-01-01T00:00:00Z"}),
    ("awards", {"credits_earned": -1}),
    ("awards", {"credits_earned": "two"}),
    ("awards", {"credits_earned": []}),
    ("awards", {"scope": ""}),
    ("awards", {"scope": "x" * 101}),
    ("awards", {"results": {}}),
    ("awards", {"results": [7]}),
    ("awards", {"evidence": ["https://x.example/"]}),
    ("awards", {"evidence": [{"id": "x y"}]}),
    ("awards", {"evidence": [{"foo": 1}]}),
    ("tokens", {"role": "root"}),
    ("tokens", {"role": None}),
    ("tokens", {"name": "x" * 301}),
    ("tokens", {"name": "\u001b[2J"}),
    ("tokens", {"expires_at": "2020-01-01T00:00:00Z"}),
    ("tokens", {"expires_at": "9999-12-31T23:59:59-14:00"}),
    ("tokens", {"expires_at": 99999999999}),
    ("tokens", {"issuer": "A B"}),
    ("tokens", {"secret": "mine"}),
    ("sources", {"signature": []}),
    ("sources", {"signature": {"scheme": ["hmac"]}}),
    ("sources", {"accept_unsigned": "perhaps"}),
    ("sources", {"success_status": 99}),
    ("sources", {"success_status": 10**15}),
]


@pytest.mark.parametrize(("path", "change"), CHANGES, ids=str)
def test_a_value_that_breaks_a_rule_is_refused_with_422(
    sqlite_server: Running, refused: Refused, achievement: str, path: str, change: dict[str, Any]
) -> None:
    named = {"{unit}": sqlite_server.unit(), "{achievement}": achievement}
    body = {member: named.get(value, value) if isinstance(value, str) else value for member, value in PLAIN[path].items()}
    before = sqlite_server.rows()
    refused(sqlite_server.api.post(f"/api/{path}", json=body | change), 422)
    assert sqlite_server.rows() == before


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "é", "LTE", "MS41", "MQ==MQ", "9" * 40, "9" * 41, "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ", "'; DROP TABLE award; --", "bnVsbA"],
)
@pytest.mark.parametrize("path", ["issuers", "achievements", "sources", "rules", "awards", "events", "deliveries", "tokens"])
def test_a_cursor_that_was_never_given_is_refused(sqlite_server: Running, refused: Refused, path: str, cursor: str) -> None:
    refused(sqlite_server.api.get(f"/api/{path}", params={"cursor": cursor}), 422)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "9" * 30, "1e2", "x", "", "%00", "١٢"])
def test_a_page_has_a_size_within_limits(sqlite_server: Running, refused: Refused, limit: str) -> None:
    refused(sqlite_server.api.get("/api/awards", params={"limit": limit}), 422)


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/c/%00", (404, 422)),
        ("GET", "/c/..%2f..%2fetc%2fpasswd", (404,)),
        ("GET", "/c/not-a-uuid", (404, 422)),
        ("GET", f"/c/{NOWHERE}%00", (404, 422)),
        ("GET", f"/c/{NOWHERE}%0d%0aSet-Cookie:%20a=b", (404, 422)),
        ("GET", f"/c/{'0' * 5000}", (404, 422)),
        ("GET", "/c/%ff%fe.json", (404, 422)),
        ("GET", "/status-lists/x", (404, 422)),
        ("GET", "/i/%00", (400, 404)),
        ("GET", "/i/%00/did.json", (400, 404)),
        ("GET", "/i/a%2fb", (404,)),
        ("GET", f"/i/{'x' * 65}", (404, 422)),
        ("GET", "/i/x%0d%0aSet-Cookie:%20a=b", (404,)),
        ("GET", "/a/%00", (400, 404)),
        ("GET", "/a/%00/1", (400, 404)),
        ("GET", "/a/x/0", (422,)),
        ("GET", "/a/x/-1", (422,)),
        ("GET", "/a/x/1.5", (422,)),
        ("GET", f"/a/x/{2**31}", (422,)),
        ("GET", f"/a/x/{'9' * 5000}", (422,)),
        ("GET", "/a/x/%D9%A1", (404, 422)),
        ("GET", "/static/%00", (404,)),
        ("GET", "/static/%2e%2e%2fapp.py", (404,)),
        ("GET", f"/static/{'x' * 5000}", (404,)),
        ("GET", "/api/issuers/%00", (400, 404)),
        ("GET", "/api/achievements/a%2fb", (404,)),
        ("GET", f"/api/achievements/{'x' * 5000}", (404, 422)),
        ("GET", "/api/sources/%ED%A0%80", (404,)),
        ("GET", "/api/awards/%00", (422,)),
        ("GET", "/api/awards/1", (422,)),
        ("GET", "/api/awards?source=%00", (400, 404)),
        ("GET", "/api/awards?source=nothing-here", (404,)),
        ("GET", "/api/awards?state=%00", (422,)),
        ("GET", "/api/events?source=nothing-here", (404,)),
        ("GET", "/api/deliveries?state=lost", (422,)),
        ("POST", "/api/deliveries/0/retry", (422,)),
        ("POST", f"/api/deliveries/{2**62 - 1}/retry", (404,)),
        ("POST", f"/api/deliveries/{2**63}/retry", (422,)),
        ("POST", f"/api/deliveries/{'9' * 5000}/retry", (422,)),
        ("POST", "/api/deliveries/%00/retry", (422,)),
        ("POST", "/api/awards/x/retry", (422,)),
        ("POST", "/api/achievements/%00/publish", (400, 404)),
        ("DELETE", "/api/tokens/%00", (400, 404)),
        ("DELETE", f"/api/tokens/{'x' * 41}", (404, 422)),
        ("POST", "/hooks/%00", (400, 401)),
        ("POST", "/hooks/..%2f..%2fx", (401, 404)),
        ("POST", f"/hooks/{'x' * 201}", (401, 422)),
        ("GET", "/verify?url=" + "x" * 2049, (422,)),
    ],
)
def test_an_address_that_makes_no_sense_is_a_problem(
    server: Running, refused: Refused, method: str, path: str, statuses: tuple[int, ...]
) -> None:
    answer = server.api.request(method, path)
    refused(answer, *statuses)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("key", ["", "a b", "\t", "é", "x" * 256, "a\x7f"])
def test_an_idempotency_key_that_cannot_be_one_is_refused(sqlite_server: Running, refused: Refused, key: str) -> None:
    before = sqlite_server.rows()
    headers = {b"Idempotency-Key": key.strip().encode("latin-1")}
    refused(sqlite_server.api.post("/api/tokens", json=PLAIN["tokens"], headers=headers), 422)
    assert sqlite_server.rows() == before


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


FIELD = b'Content-Disposition: form-data; name="text"\r\n\r\n{}'
FORMS: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", b"x"),
    "an empty boundary": ("multipart/form-data; boundary=", b"x"),
    "a boundary of 5000 characters": ("multipart/form-data; boundary=" + "b" * 5000, b"x"),
    "a boundary that never comes": ("multipart/form-data; boundary=b", b"x" * 1000),
    "a part without a name": ("multipart/form-data; boundary=b", form(b"Content-Disposition: form-data\r\n\r\nx")),
    "a part without headers": ("multipart/form-data; boundary=b", form(b"\r\nx")),
    "a broken header": ("multipart/form-data; boundary=b", form(b"\x00\xff: x\r\n\r\nx")),
    "200 parts": ("multipart/form-data; boundary=b", form(*[FIELD] * 200)),
    "200 files": (
        "multipart/form-data; boundary=b",
        form(*[b'Content-Disposition: form-data; name="file"; filename="x"\r\n\r\nx'] * 200),
    ),
    "a file name of 100,000 characters": (
        "multipart/form-data; boundary=b",
        form(b'Content-Disposition: form-data; name="file"; filename="' + b"x" * 100_000 + b'"\r\n\r\nx'),
    ),
    "10,000 headers": ("multipart/form-data; boundary=b", form(b"X: y\r\n" * 10_000 + b"\r\nx")),
    "a field over a megabyte": (
        "multipart/form-data; boundary=b",
        form(b'Content-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 1_100_000),
    ),
    "2000 fields": ("application/x-www-form-urlencoded", b"&".join(b"a%d=x" % number for number in range(2000))),
    **{
        f"the character set {name}": (f"{kind}; charset={name}", body)
        for name in ("undefined", "idna", "punycode", "utf-7", "utf-16", '"a\\0b"', "zlib", "rot13", "../x")
        for kind, body in (("multipart/form-data; boundary=b", form(FIELD)), ("application/x-www-form-urlencoded", b"text=%7b%7d"))
    },
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_cannot_be_read_is_a_problem(sqlite_server: Running, refused: Refused, name: str) -> None:
    kind, body = FORMS[name]
    refused(sqlite_server.stranger.post("/verify", content=body, headers={"Content-Type": kind}), 400, 413)


@pytest.mark.parametrize("body", [b"", b"--b", form(FIELD, end=b""), form(b'Content-Disposition: form-data; name="x"\r\n\r\nx')])
def test_a_form_that_says_nothing_is_a_problem_or_a_verdict(sqlite_server: Running, body: bytes) -> None:
    answer = sqlite_server.stranger.post("/verify", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code in {200, 400, 422}


def test_a_credential_that_the_api_refused_is_told_without_secrets(sqlite_server: Running, refused: Refused) -> None:
    found = refused(sqlite_server.api.post("/api/tokens", json={"name": ["hunter2"], "role": "hunter2"}), 422)
    assert "hunter2" not in json.dumps(found)
