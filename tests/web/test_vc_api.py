from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running, Serve

MEMBERS = {"verified", "checks", "warnings", "errors", "problemDetails", "results"}
ENTRY = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}


@pytest.fixture(scope="module")
def badge(sqlite_server: Running) -> dict[str, Any]:
    found: dict[str, Any] = sqlite_server.stranger.get(sqlite_server.award()["credential"]["id"]).json()
    return found


def verify(server: Running, credential: object, **options: object) -> httpx.Response:
    return server.stranger.post("/credentials/verify", json={"verifiableCredential": credential, "options": options})


def is_refusal(answer: httpx.Response) -> bool:
    found = answer.json()
    assert set(found) == MEMBERS
    return answer.status_code == 400 and found["verified"] is False and bool(found["errors"]) and bool(found["problemDetails"])


def change(badge: dict[str, Any], *path: str, to: object) -> dict[str, Any]:
    """Return a copy with a member replaced, or removed where it becomes `...`."""
    copy: dict[str, Any] = json.loads(json.dumps(badge))
    node = copy
    for name in path[:-1]:
        node = node[name]
    if to is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return copy


def test_a_credential_verifies(server: Running) -> None:
    badge = server.stranger.get(server.award()["credential"]["id"]).json()
    answer = verify(server, badge, checks=["proof"])
    found = answer.json()
    assert (answer.status_code, set(found), found["verified"], found["errors"]) == (200, MEMBERS, True, [])
    assert set(found["checks"]) == {"proof", "status", "validity"}
    assert found["results"][0]["outcome"] == "VALID"
    assert found["results"][0]["profile"] == "vc"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("proof",), ...),
        (("proof",), None),
        (("proof",), "x"),
        (("proof",), []),
        (("proof",), [[]]),
        (("proof", "type"), ...),
        (("proof", "type"), 7),
        (("proof", "type"), "UnknownProof"),
        (("proof", "cryptosuite"), "eddsa-jcs-2022"),
        (("proof", "cryptosuite"), "nothing"),
        (("proof", "cryptosuite"), []),
        (("proof", "verificationMethod"), ...),
        (("proof", "verificationMethod"), {}),
        (("proof", "verificationMethod"), "did:key:z6Mk"),
        (("proof", "verificationMethod"), "http://127.0.0.1/key"),
        (("proof", "proofPurpose"), ...),
        (("proof", "proofPurpose"), "authentication"),
        (("proof", "proofValue"), ...),
        (("proof", "proofValue"), None),
        (("proof", "proofValue"), "z"),
        (("proof", "proofValue"), "mAAAA"),
        (("proof", "proofValue"), "z" + "1" * 100_000),
        (("proof", "created"), "yesterday"),
        (("issuer",), ...),
        (("issuer",), 7),
        (("issuer",), {"id": None}),
        (("@context",), ...),
        (("@context",), "https://www.w3.org/ns/credentials/v2"),
        (("@context",), [7]),
        (("@context",), ["https://evil.example/context"]),
        (("type",), ...),
        (("type",), {}),
        (("credentialSubject",), ...),
        (("credentialSubject",), []),
        (("credentialSubject",), "x"),
        (("credentialSubject", "level"), "Doctorate"),
        (("credentialSubject", "type"), ["Nothing"]),
        (("validFrom",), "yesterday"),
        (("validFrom",), 7),
        (("validUntil",), "2020-01-01T00:00:00Z"),
        (("credentialStatus",), ...),
        (("credentialStatus",), [[[]]]),
        (("credentialStatus", "statusListIndex"), "-1"),
        (("credentialStatus", "statusListIndex"), "9" * 400),
        (("credentialStatus", "statusListCredential"), "file:///etc/passwd"),
        (("id",), "not a url"),
        (("id",), []),
    ],
    ids=str,
)
def test_a_changed_credential_is_refused_with_400(sqlite_server: Running, badge: dict[str, Any], path: tuple[str, ...], to: object) -> None:
    assert is_refusal(verify(sqlite_server, change(badge, *path, to=to)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b'{"verifiableCredential":null}',
        b'{"verifiableCredential":"{}"}',
        b'{"verifiableCredential":[]}',
        b'{"verifiableCredential":{},"verifiableCredential":{}}',
        b'{"verifiableCredential":{}}',
        b'{"verifiableCredential":{"a":NaN}}',
        b'{"verifiableCredential":{"a":"\\ud800"}}',
        b'{"verifiableCredential":' + b'{"a":' * 50 + b"1" + b"}" * 51,
        b"\xff\xfe",
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_request_that_cannot_be_read_is_refused_with_400(sqlite_server: Running, body: bytes) -> None:
    for kind in ("application/json", "text/plain"):
        assert is_refusal(sqlite_server.stranger.post("/credentials/verify", content=body, headers={"Content-Type": kind}))


def set_status(server: Running, credential: str, *, status: object = True, **members: object) -> httpx.Response:
    body = {"credentialId": credential, "credentialStatus": ENTRY, "status": status} | members
    return server.api.post("/credentials/status", json=body)


def test_a_status_is_changed_and_shows_at_once(server: Running) -> None:
    url = server.award()["credential"]["id"]
    answer = set_status(server, url)
    assert (answer.status_code, answer.json()) == (200, {"credentialId": url, "status": True})
    assert is_refusal(verify(server, server.stranger.get(url).json()))
    assert set_status(server, url).status_code == 200


def test_a_revocation_cannot_be_taken_back(server: Running, refused: Refused) -> None:
    url = server.award()["credential"]["id"]
    assert set_status(server, url, status=False).status_code == 200
    set_status(server, url)
    refused(set_status(server, url, status=False), 409)


@pytest.mark.parametrize(
    "url",
    [
        "http://[",
        "",
        "https://elsewhere.example/c/00000000-0000-4000-8000-000000000000",
        "{base}/c/00000000-0000-4000-8000-000000000000",
        "{base}/c/x",
    ],
)
def test_the_status_of_what_is_not_ours_is_not_changed(sqlite_server: Running, refused: Refused, url: str) -> None:
    refused(set_status(sqlite_server, url.format(base=sqlite_server.base)), 404)


@pytest.mark.parametrize(
    "members",
    [
        {"credentialId": None},
        {"credentialId": ["x"]},
        {"credentialStatus": None},
        {"credentialStatus": ENTRY | {"statusPurpose": "suspension"}},
        {"credentialStatus": {"type": "StatusList2021Entry", "statusPurpose": "revocation"}},
        {"status": "perhaps"},
        {"status": None},
    ],
    ids=str,
)
def test_a_change_of_status_that_makes_no_sense_is_refused(sqlite_server: Running, refused: Refused, members: dict[str, object]) -> None:
    url = sqlite_server.award()["credential"]["id"]
    refused(set_status(sqlite_server, url, **members), 422)
    assert sqlite_server.stranger.get("/verify", params={"url": url}).json()["outcome"] == "VALID"


def test_changing_a_status_needs_a_token_unless_the_service_is_open(sqlite_server: Running, refused: Refused, serving: Serve) -> None:
    url = sqlite_server.award()["credential"]["id"]
    body = {"credentialId": url, "credentialStatus": ENTRY, "status": True}
    refused(sqlite_server.stranger.post("/credentials/status", json=body), 401)
    with serving(vc_api_open=True) as opened:
        body["credentialId"] = opened.award()["credential"]["id"]
        assert opened.stranger.post("/credentials/status", json=body).status_code == 200
