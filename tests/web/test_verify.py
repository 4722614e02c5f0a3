from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running

STEPS = [
    "syntax", "context", "data_model", "issuer", "proof", "validity", "status", "schema", "refresh", "endorsement", "recipient", "trust",
]  # fmt: skip
OUTCOMES = {"VALID", "INVALID", "INDETERMINATE", "NOT_APPLICABLE"}


@pytest.fixture(scope="module")
def url(sqlite_server: Running) -> str:
    """The address of a badge."""
    return str(sqlite_server.award()["credential"]["id"])


@pytest.fixture(scope="module")
def body(sqlite_server: Running, url: str) -> bytes:
    return sqlite_server.stranger.get(url).content


@pytest.fixture(scope="module")
def forged(body: bytes) -> bytes:
    badge = json.loads(body)
    badge["credentialSubject"]["achievement"]["name"] = "Master of Ropes"
    return json.dumps(badge).encode()


def report(answer: httpx.Response, outcome: str) -> dict[str, Any]:
    """Return a report, after checking that it has the form that the contract gives it."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["outcome"], found["verified"]) == (outcome, outcome == "VALID")
    assert {step["name"] for step in found["steps"]} <= set(STEPS)
    assert {step["outcome"] for step in found["steps"]} <= OUTCOMES
    assert found["summary"]
    assert found["issuer"]["identity"] in {"known", "unverified", "name_mismatch"}
    return found


def test_a_badge_verifies_by_its_address(server: Running) -> None:
    url = server.award()["credential"]["id"]
    found = report(server.stranger.get("/verify", params={"url": url}), "VALID")
    assert (found["profile"], found["issuer"]["name"], found["issuer"]["identity"]) == ("badge", "Harbour School", "known")
    assert found["document_sha256"] == hashlib.sha256(server.stranger.get(url).content).hexdigest()


@pytest.mark.parametrize(
    "spelling",
    [
        "{base}/c/{uuid}",
        "{base}/c/{uuid}.json",
        "  {base}/c/{uuid}\n",
        "HTTP://LOCALHOST:{port}/c/{uuid}",
        "{base}/c/{uuid}#top",
        "{base}/c/{uuid}?utm_source=mail",
    ],
)
def test_an_address_of_our_own_is_known_in_other_spellings(sqlite_server: Running, url: str, spelling: str) -> None:
    port = sqlite_server.base.rpartition(":")[2]
    pasted = spelling.format(base=sqlite_server.base, port=port, uuid=url.rpartition("/")[2])
    report(sqlite_server.stranger.get("/verify", params={"url": pasted}), "VALID")
    report(sqlite_server.stranger.post("/verify", data={"url": pasted}), "VALID")


@pytest.mark.parametrize(
    "address",
    [
        "{base}/c/00000000-0000-4000-8000-000000000000",
        "{base}/c/nothing",
        "{base}/verify",
        "{base}/api/tokens",
        "{base}",
        "{base}@evil.example/c/x",
        "http://user@{host}/c/x",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:application/json,{{}}",
        "gopher://x",
        "http://[",
        "http://x:99999/",
        "\x00",
        "//",
        "nonsense",
        "http://xn--\uffff/",
        "https://" + "a" * 300 + ".example/",
    ],
)
def test_an_address_where_nothing_can_be_had_leaves_the_matter_open(sqlite_server: Running, address: str) -> None:
    pasted = address.format(base=sqlite_server.base, host=sqlite_server.base.removeprefix("http://"))
    report(sqlite_server.stranger.get("/verify", params={"url": pasted}), "INDETERMINATE")
    page = sqlite_server.stranger.get("/verify", params={"url": pasted}, headers={"Accept": "text/html"})
    assert page.status_code == 200


def test_a_badge_verifies_as_a_body_of_any_kind(sqlite_server: Running, body: bytes) -> None:
    for kind in ("application/vc+ld+json", "application/json", "text/plain", "application/octet-stream", "nonsense", ""):
        report(sqlite_server.stranger.post("/verify", content=body, headers={"Content-Type": kind}), "VALID")


def test_a_badge_verifies_as_a_field_or_as_a_file(sqlite_server: Running, url: str, body: bytes) -> None:
    post = sqlite_server.stranger.post
    report(post("/verify", data={"text": body.decode()}), "VALID")
    report(post("/verify", data={"text": f"\n {body.decode()} \n"}), "VALID")
    report(post("/verify", data={"url": "", "text": body.decode()}), "VALID")
    report(post("/verify", files={"file": ("badge.json", body, "application/json")}), "VALID")
    report(post("/verify", files={"file": ("../../é\u202e.exe", body, "image/png")}, data={"url": "", "text": ""}), "VALID")
    report(post("/verify", files={"url": (None, url)}), "VALID")


@pytest.mark.parametrize("form", ["body", "text", "file"])
def test_a_badge_that_was_changed_is_refused_in_every_form(sqlite_server: Running, forged: bytes, form: str) -> None:
    post = sqlite_server.stranger.post
    answers = {
        "body": lambda: post("/verify", content=forged),
        "text": lambda: post("/verify", data={"text": forged.decode()}),
        "file": lambda: post("/verify", files={"file": ("x.json", forged)}),
    }
    found = report(answers[form](), "INVALID")
    assert [step["name"] for step in found["steps"] if step["outcome"] == "INVALID"] == ["proof"]


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b"[]",
        b"null",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"\xff\xfe{\x00}\x00",
        b"\x89PNG\r\n\x1a\n",
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"x" * (1024 * 1024 + 1),
        b"eyJhbGciOiJub25lIn0.e30.",
        "{“a”:1}".encode(),
    ],
    ids=lambda document: repr(document[:20]),
)
def test_what_cannot_be_read_is_invalid_and_no_error(sqlite_server: Running, document: bytes) -> None:
    found = report(sqlite_server.stranger.post("/verify", content=document), "INVALID")
    assert found["steps"][0]["name"] == "syntax"
    assert found["steps"][0]["outcome"] == "INVALID"
    page = sqlite_server.stranger.post("/verify", content=document, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("context", ["https://evil.example/context", 7, None, {"name": "https://evil.example/name"}, [], [[]]], ids=str)
def test_an_unknown_context_is_never_valid(sqlite_server: Running, body: bytes, context: object) -> None:
    badge = json.loads(body)
    badge["@context"] = [*badge["@context"], context]
    answer = sqlite_server.stranger.post("/verify", json=badge)
    assert answer.status_code == 200
    assert answer.json()["outcome"] in {"INVALID", "INDETERMINATE"}


def test_nothing_handed_in_is_a_problem(sqlite_server: Running, refused: Refused) -> None:
    refused(sqlite_server.stranger.get("/verify?url=", headers={"Accept": "application/json"}), 422)
    refused(sqlite_server.stranger.post("/verify"), 422)
    refused(sqlite_server.stranger.post("/verify", data={"url": " ", "text": " "}), 422)
    refused(sqlite_server.stranger.post("/verify", data={"other": "x"}), 422)
    refused(sqlite_server.stranger.post("/verify", files={"file": ("x", b"")}), 422)
    page = sqlite_server.stranger.post("/verify", data={"text": ""}, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")


def test_a_long_address_is_refused_and_not_cut(sqlite_server: Running, url: str, refused: Refused) -> None:
    long = url + "?" + "x" * 2048
    refused(sqlite_server.stranger.get("/verify", params={"url": long}), 422)
    refused(sqlite_server.stranger.post("/verify", data={"url": long}), 422)


def test_a_person_gets_a_page(sqlite_server: Running, url: str, body: bytes, forged: bytes) -> None:
    html = {"Accept": "text/html"}
    pages = [
        sqlite_server.stranger.get("/verify", headers=html),
        sqlite_server.stranger.get("/verify", params={"url": url}, headers=html),
        sqlite_server.stranger.post("/verify", data={"text": body.decode()}, headers=html),
        sqlite_server.stranger.post("/verify", content=forged, headers=html),
    ]
    for page in pages:
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["content-security-policy"]
    assert "Rope Work" in pages[1].text
    assert "Master of Ropes" not in pages[3].text, "what nobody signed is not shown"


def test_a_verdict_is_kept_by_nobody(sqlite_server: Running, url: str, body: bytes) -> None:
    post, get = sqlite_server.stranger.post, sqlite_server.stranger.get
    for answer in (
        get("/verify", params={"url": url}),
        get("/verify", params={"url": url}, headers={"Accept": "text/html"}),
        get(url, headers={"Accept": "text/html"}),
        post("/verify", content=body),
        post("/credentials/verify", json={"verifiableCredential": json.loads(body)}),
        post("/credentials/verify", json={}),
    ):
        assert answer.headers["cache-control"] == "private, no-store"
    assert get("/verify", params={"url": url}).headers["vary"] == "Accept"


def test_verifying_keeps_nothing(sqlite_server: Running, url: str, body: bytes, forged: bytes) -> None:
    before = sqlite_server.rows()
    sqlite_server.stranger.get("/verify", params={"url": url})
    sqlite_server.stranger.post("/verify", content=body)
    sqlite_server.stranger.post("/verify", content=forged)
    assert sqlite_server.rows() == before
