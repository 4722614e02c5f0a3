from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.corpus import signing

from badgeissuer.settings import Settings
from badgeissuer.store import tables
from badgeissuer.web import service

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Serve

MEMBERS = {"verified", "checks", "warnings", "errors", "problemDetails", "results"}
ENTRY = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
V1, V2 = signing.V1, signing.V2
SCHOOL, HOLDER, FORGER = signing.SCHOOL, signing.Key("holder"), signing.FORGER
WAYS = ("eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020", "vc-jwt", "status-list")


@pytest.fixture(scope="module")
def badge(sqlite_server: Running) -> dict[str, Any]:
    found: dict[str, Any] = sqlite_server.stranger.get(sqlite_server.award()["credential"]["id"]).json()
    return found


@pytest.fixture(scope="module")
def did(sqlite_server: Running) -> str:
    found: str = sqlite_server.api.get(f"/api/issuers/{sqlite_server.unit()}").json()["did"]
    return found


def credential(issuer: object = SCHOOL.did, **members: object) -> dict[str, Any]:
    """Return a credential that nobody has signed yet; a member that becomes `...` is left out."""
    plain: dict[str, Any] = {
        "@context": [V2],
        "id": "urn:uuid:4f4fd8a2-9a40-4b7c-8a49-0c6ed4b1c1a5",
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": HOLDER.did},
    }
    named = {f"@{name}" if name == "context" else name: value for name, value in members.items()}
    return {name: value for name, value in (plain | named).items() if value is not ...}


def presentation(*credentials: object, key: signing.Key = HOLDER, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Return a presentation of a holder; what is no member of a presentation is one of its proof."""
    own = {name: members.pop(name) for name in ("holder", "id", "type", "verifiableCredential") if name in members}
    plain: dict[str, Any] = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": HOLDER.did}
    plain |= {"verifiableCredential": list(credentials)} | own
    kept = {name: value for name, value in plain.items() if value is not ...}
    return signing.sign(kept, key, **({"proofPurpose": "authentication"} | members))


def verify(server: Running, credential: object, **options: object) -> httpx.Response:
    return server.stranger.post("/credentials/verify", json={"verifiableCredential": credential, "options": options})


def show(server: Running, presentation: object, **options: object) -> httpx.Response:
    return server.stranger.post("/presentations/verify", json={"verifiablePresentation": presentation, "options": options})


def issue(server: Running, credential: object, way: str = "", **options: object) -> httpx.Response:
    path = f"/vc-api/{way}/credentials/issue" if way else "/credentials/issue"
    return server.api.post(path, json={"credential": credential, "options": options})


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


# --- verify a credential


def test_a_credential_verifies(server: Running) -> None:
    badge = server.stranger.get(server.award()["credential"]["id"]).json()
    answer = verify(server, badge, checks=["proof"])
    found = answer.json()
    assert (answer.status_code, set(found), found["verified"], found["errors"]) == (200, MEMBERS, True, [])
    assert (found["warnings"], found["problemDetails"]) == ([], [])
    assert set(found["checks"]) == {"proof", "status", "validity"}
    assert found["results"][0]["outcome"] == "VALID"
    assert found["results"][0]["profile"] == "vc"


@pytest.mark.parametrize("suite", [signing.RDFC, signing.JCS, signing.LEGACY])
def test_a_credential_of_a_stranger_verifies_whichever_suite_signed_it(sqlite_server: Running, suite: str) -> None:
    contexts = [V2, signing.ED25519_2020] if suite == signing.LEGACY else [V2]
    answer = verify(sqlite_server, signing.sign(credential(context=contexts), SCHOOL, suite))
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["issuer"]["identity"] == "unverified"


@pytest.mark.parametrize("version", [V1, V2])
def test_chains_of_proofs_verify_and_a_broken_one_does_not(sqlite_server: Running, version: str) -> None:
    """A chain binds later proofs to earlier ones: without the earlier one, or with another, the later one says nothing."""
    old = {"context": [V1, signing.DATA_INTEGRITY], "issuanceDate": "2026-05-20T14:05:00Z"} if version == V1 else {}
    first = signing.sign(credential(**old), SCHOOL, id="urn:uuid:first")
    chained = signing.sign(first, FORGER, previousProof="urn:uuid:first")
    assert verify(sqlite_server, chained).status_code == 200
    assert verify(sqlite_server, signing.sign(first, FORGER, previousProof=["urn:uuid:first"])).status_code == 200
    broken = chained["proof"][0] | {"proofValue": chained["proof"][1]["proofValue"]}
    for proof in ([chained["proof"][1]], [broken, chained["proof"][1]], [*chained["proof"], chained["proof"][0]]):
        assert is_refusal(verify(sqlite_server, chained | {"proof": proof}))
    for previous in ("urn:uuid:other", ["urn:uuid:first", "urn:uuid:other"], 7, [7], {"id": "urn:uuid:first"}):
        forged = [chained["proof"][0], chained["proof"][1] | {"previousProof": previous}]
        assert is_refusal(verify(sqlite_server, chained | {"proof": forged}))


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("proof",), ...),
        (("proof",), None),
        (("proof",), "x"),
        (("proof",), 10),
        (("proof",), True),
        (("proof",), []),
        (("proof",), [[]]),
        (("proof", "type"), ...),
        (("proof", "type"), 7),
        (("proof", "type"), "UnknownProof"),
        (("proof", "cryptosuite"), ...),
        (("proof", "cryptosuite"), "eddsa-jcs-2022"),
        (("proof", "cryptosuite"), "nothing"),
        (("proof", "cryptosuite"), []),
        (("proof", "verificationMethod"), ...),
        (("proof", "verificationMethod"), {}),
        (("proof", "verificationMethod"), "did:key:z6Mk"),
        (("proof", "verificationMethod"), "did:key:invalidVm"),
        (("proof", "verificationMethod"), "http://127.0.0.1/key"),
        (("proof", "proofPurpose"), ...),
        (("proof", "proofPurpose"), "authentication"),
        (("proof", "proofPurpose"), "invalidPurpose"),
        (("proof", "proofValue"), ...),
        (("proof", "proofValue"), None),
        (("proof", "proofValue"), "z"),
        (("proof", "proofValue"), "mAAAA"),
        (("proof", "proofValue"), "z" + "1" * 100_000),
        (("proof", "created"), "yesterday"),
        (("proof", "created"), "2026-05-20T14:05:00"),
        (("proof", "nonsense"), 1),
        (("issuer",), ...),
        (("issuer",), 7),
        (("issuer",), []),
        (("issuer",), {"id": None}),
        (("@context",), ...),
        (("@context",), V2),
        (("@context",), {}),
        (("@context",), [7]),
        (("@context",), [None]),
        (("@context",), ["https://evil.example/context"]),
        (("type",), ...),
        (("type",), "Diploma"),
        (("type",), {}),
        (("type",), [None]),
        (("credentialSubject",), ...),
        (("credentialSubject",), []),
        (("credentialSubject",), "x"),
        (("credentialSubject",), 10),
        (("credentialSubject", "level"), "Doctorate"),
        (("credentialSubject", "type"), ["Nothing"]),
        (("unknownTerm",), "added afterwards"),
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


def test_a_signature_without_its_prefix_or_of_another_length_is_refused(sqlite_server: Running, badge: dict[str, Any]) -> None:
    value = badge["proof"]["proofValue"]
    longer = signing.from_base58(value[1:], 64) + bytes(32)
    for other in (value[1:], "u" + value[1:], "z" + signing.base58(longer), "z" + signing.base58(longer[:63])):
        assert is_refusal(verify(sqlite_server, change(badge, "proof", "proofValue", to=other)))


@pytest.mark.parametrize("what", ["canonicalisation", "hash"])
def test_a_signature_over_another_form_is_refused(sqlite_server: Running, what: str) -> None:
    unsigned = credential()
    options = {"type": "DataIntegrityProof", "cryptosuite": signing.RDFC, "created": signing.CREATED}
    options |= {"verificationMethod": SCHOOL.method, "proofPurpose": "assertionMethod"}
    if what == "canonicalisation":
        message = signing.concatenated(signing.jcs(options | {"@context": [V2]}), signing.jcs(unsigned))
        forged = unsigned | {"proof": options | {"proofValue": "z" + signing.base58(SCHOOL.sign(message))}}
    else:
        forged = signing.sign(unsigned, SCHOOL, hashing=lambda first, second: hashlib.sha512(first + second).digest())
    assert is_refusal(verify(sqlite_server, forged))


@pytest.mark.parametrize(
    ("members", "accepted"),
    [
        ({}, True),
        ({"created": signing.DROP}, True),
        ({"created": "2026-05-20T16:05:00.123+02:00", "nonce": "x", "domain": "college.example", "challenge": "1"}, True),
        ({"expires": "2999-01-01T00:00:00Z"}, True),
        ({"expires": "2020-01-01T00:00:00Z"}, False),
        ({"created": "2026-05-20T14:05:00"}, False),
        ({"created": "invalidDate"}, False),
        ({"proofPurpose": "authentication"}, False),
        ({"proofPurpose": signing.DROP}, False),
        ({"verificationMethod": signing.DROP}, False),
        ({"cryptosuite": "unknown-cryptosuite-2017"}, False),
        ({"type": "UnknownProofType"}, False),
    ],
    ids=str,
)
def test_what_a_proof_says_of_itself_must_be_right_however_well_it_is_signed(
    sqlite_server: Running, members: dict[str, Any], *, accepted: bool
) -> None:
    answer = verify(sqlite_server, signing.sign(credential(), SCHOOL, **members))
    assert (answer.status_code == 200) == accepted, answer.text
    assert accepted or is_refusal(answer)


def test_a_proof_of_the_suite_of_2020_has_a_date_and_one_of_data_integrity_need_not(sqlite_server: Running) -> None:
    dateless = signing.sign(credential(context=[V2, signing.ED25519_2020]), SCHOOL, signing.LEGACY, created=signing.DROP)
    assert is_refusal(verify(sqlite_server, dateless))


def test_whoever_else_signed_the_issuer_must_have(sqlite_server: Running) -> None:
    assert is_refusal(verify(sqlite_server, signing.sign(credential("https://vc.example/issuers/5678"), SCHOOL)))
    assert is_refusal(verify(sqlite_server, signing.sign(credential(), FORGER)))


@pytest.mark.parametrize(
    ("members", "options", "accepted"),
    [
        ({}, {"expectedProofPurpose": "assertionMethod"}, True),
        ({}, {"expectedProofPurpose": "authentication"}, False),
        ({}, {"checks": ["credentialStatus"], "verificationMethod": "x", "anything": [{}]}, True),
        ({}, {"challenge": "1"}, False),
        ({"challenge": "1"}, {"challenge": "1"}, True),
        ({"domain": ["a.example", "b.example"]}, {"domain": "b.example"}, True),
        ({"domain": "a.example"}, {"domain": "b.example"}, False),
        ({}, {"challenge": 1}, False),
        ({}, {"domain": []}, False),
    ],
    ids=str,
)
def test_options_are_kept_or_not_looked_at(
    sqlite_server: Running, members: dict[str, Any], options: dict[str, Any], *, accepted: bool
) -> None:
    answer = verify(sqlite_server, signing.sign(credential(), SCHOOL, **members), **options)
    assert (answer.status_code == 200) == accepted, answer.text
    assert accepted or is_refusal(answer)


@pytest.mark.parametrize("options", [None, [], "x", 7])
def test_options_are_an_object(sqlite_server: Running, badge: dict[str, Any], options: object) -> None:
    for path, member in (("credentials", "verifiableCredential"), ("presentations", "verifiablePresentation")):
        shown = badge if path == "credentials" else presentation(badge)
        assert is_refusal(sqlite_server.stranger.post(f"/{path}/verify", json={member: shown, "options": options}))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b'{"MEMBER":null}',
        b'{"MEMBER":"{}"}',
        b'{"MEMBER":[]}',
        b'{"MEMBER":7}',
        b'{"MEMBER":{},"MEMBER":{}}',
        b'{"MEMBER":{}}',
        b'{"MEMBER":{"type":["NonconformingDocument"]}}',
        b'{"MEMBER":{"a":NaN}}',
        b'{"MEMBER":{"a":"\\ud800"}}',
        b'{"MEMBER":' + b'{"a":' * 50 + b"1" + b"}" * 51,
        b"\xff\xfe",
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_request_that_cannot_be_read_is_refused_with_400(sqlite_server: Running, body: bytes) -> None:
    for kind in ("application/json", "text/plain"):
        for path, member in (("credentials", b"verifiableCredential"), ("presentations", b"verifiablePresentation")):
            sent = body.replace(b"MEMBER", member)
            assert is_refusal(sqlite_server.stranger.post(f"/{path}/verify", content=sent, headers={"Content-Type": kind}))


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("@context",), []),
        (("@context",), "https://www.w3.org/ns/credentials/examples/v2"),
        (("@context",), ...),
        (("type",), ...),
        (("type",), "VerifiableCredential"),
        (("id",), ...),
        (("id",), "https://college.example/token"),
        (("id",), "data:application/vc+cose,AAAA"),
        (("id",), "data:application/vc+jwt,AAAA"),
    ],
    ids=str,
)
def test_an_envelope_of_another_form_is_refused(sqlite_server: Running, did: str, path: tuple[str, ...], to: object) -> None:
    envelope = issue(sqlite_server, credential(did), "vc-jwt").json()["verifiableCredential"]
    assert verify(sqlite_server, envelope).status_code == 200
    assert is_refusal(verify(sqlite_server, change(envelope, *path, to=to)))


def test_the_token_alone_is_read_too_and_warnings_are_told(sqlite_server: Running, did: str) -> None:
    envelope = issue(sqlite_server, credential(did, id=...), "vc-jwt").json()["verifiableCredential"]
    answer = verify(sqlite_server, envelope["id"].partition(",")[2])
    assert (answer.status_code, answer.json()["errors"]) == (200, [])
    assert answer.json()["warnings"] == [
        "The token has no claim jti, which should repeat id.",
        "The token has no claim nbf, which should repeat validFrom.",
    ]


# --- verify a presentation


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"holder": {"id": HOLDER.did}},
        {"holder": ..., "key": SCHOOL},
        {"id": "urn:uuid:d3b6a8f7-4dbb-4a1c-8f39-6f7c3d7a2f10"},
        {"type": ["VerifiablePresentation"], "verifiableCredential": []},
        {"verifiableCredential": ...},
        {"challenge": "c-1", "domain": "https://employer.example"},
        {"suite": signing.JCS},
    ],
    ids=str,
)
def test_a_presentation_verifies(sqlite_server: Running, badge: dict[str, Any], members: dict[str, Any]) -> None:
    answer = show(sqlite_server, presentation(badge, signing.sign(credential(), SCHOOL), **members), checks=["proof"])
    found = answer.json()
    assert (answer.status_code, set(found), found["errors"]) == (200, MEMBERS, []), answer.text
    assert "proof" in found["checks"]


def test_a_presentation_of_a_token_in_an_envelope_verifies(server: Running) -> None:
    did = server.api.get(f"/api/issuers/{server.unit()}").json()["did"]
    envelope = issue(server, credential(did), "vc-jwt").json()["verifiableCredential"]
    answer = show(server, presentation(envelope))
    assert answer.status_code == 200, answer.text
    assert [part["role"] for part in answer.json()["results"][0]["parts"]] == ["credential"]


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("proof",), ...),
        (("proof",), None),
        (("proof", "proofPurpose"), "assertionMethod"),
        (("proof", "proofValue"), "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh"),
        (("proof", "verificationMethod"), FORGER.method),
        (("@context",), ...),
        (("@context",), [V2, 123192875]),
        (("@context",), [V2, "https ://not-a-url/contexts/example/v1"]),
        (("@context",), ["https://www.w3.org/ns/credentials/examples/v2", V2]),
        (("type",), ...),
        (("type",), ["VerifiableCredential"]),
        (("holder",), "did:example:somebody-else"),
        (("verifiableCredential",), []),
        (("verifiableCredential",), "urn:x:y"),
        (("verifiableCredential",), [7]),
        (("level",), "Doctorate"),
    ],
    ids=str,
)
def test_a_changed_presentation_is_refused_with_400(
    sqlite_server: Running, badge: dict[str, Any], path: tuple[str, ...], to: object
) -> None:
    assert is_refusal(show(sqlite_server, change(presentation(badge), *path, to=to)))


@pytest.mark.parametrize(
    "members",
    [
        {"proofPurpose": "assertionMethod"},
        {"key": FORGER},
        {"holder": "z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj"},
        {"holder": {"id": "z6Mk"}},
        {"holder": "did:example:acme"},
        {"id": "not a url"},
    ],
    ids=str,
)
def test_a_presentation_of_the_wrong_form_is_refused_however_well_it_is_signed(
    sqlite_server: Running, badge: dict[str, Any], members: dict[str, Any]
) -> None:
    assert is_refusal(show(sqlite_server, presentation(badge, **members)))


@pytest.mark.parametrize(
    ("members", "options", "accepted"),
    [
        ({"challenge": "c-1"}, {"challenge": "c-1"}, True),
        ({"challenge": "c-1", "domain": "a.example"}, {"challenge": "c-1", "domain": "a.example"}, True),
        ({"challenge": "c-1"}, {"challenge": "c-2"}, False),
        ({}, {"challenge": "c-2"}, False),
        ({"domain": "b.example"}, {"domain": "a.example"}, False),
        ({}, {"expectedProofPurpose": "authentication"}, True),
        ({}, {"expectedProofPurpose": "assertionMethod"}, False),
    ],
    ids=str,
)
def test_a_presentation_was_made_for_the_occasion(
    sqlite_server: Running, badge: dict[str, Any], members: dict[str, Any], options: dict[str, Any], *, accepted: bool
) -> None:
    answer = show(sqlite_server, presentation(badge, **members), **options)
    assert (answer.status_code == 200) == accepted, answer.text
    assert accepted or is_refusal(answer)


def test_one_bad_credential_spoils_a_presentation_and_is_named(sqlite_server: Running, badge: dict[str, Any]) -> None:
    forged = signing.sign(credential(), FORGER)
    answer = show(sqlite_server, presentation(badge, forged))
    assert is_refusal(answer)
    (found,) = answer.json()["problemDetails"]
    assert (found["pointer"], found["type"]) == ("/verifiableCredential/1", "https://w3id.org/security#INVALID_VERIFICATION_METHOD")


def test_presentations_and_credentials_are_sent_to_their_own_addresses(sqlite_server: Running, badge: dict[str, Any]) -> None:
    for answer, word in (
        (verify(sqlite_server, presentation(badge)), "/presentations/verify"),
        (show(sqlite_server, badge), "type must be"),
    ):
        assert is_refusal(answer)
        assert word in answer.json()["errors"][0]


# --- issue


@pytest.mark.parametrize("way", ["", *WAYS])
def test_a_credential_is_issued_and_verifies(server: Running, way: str) -> None:
    did = server.api.get(f"/api/issuers/{server.unit()}").json()["did"]
    answer = issue(server, credential(did, validFrom="2026-05-20T14:05:00Z"), way)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json"), answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    content = answer.json()["verifiableCredential"]
    assert verify(server, content).status_code == 200
    if way == "vc-jwt":
        assert (content["type"], content["id"].partition(",")[0]) == ("EnvelopedVerifiableCredential", "data:application/vc+jwt")
    else:
        suite = content["proof"].get("cryptosuite", content["proof"]["type"])
        assert suite == (way if way in {"eddsa-jcs-2022", "Ed25519Signature2020"} else "eddsa-rdfc-2022")
    assert ("credentialStatus" in content) == (way == "status-list")


def test_the_issuer_may_be_an_object_and_the_credential_nameless(sqlite_server: Running, did: str) -> None:
    answer = issue(sqlite_server, credential(id=..., issuer={"id": did, "name": "Harbour School"}))
    assert answer.status_code == 201, answer.text
    assert "id" not in answer.json()["verifiableCredential"]


@pytest.mark.parametrize("way", ["", *WAYS])
@pytest.mark.parametrize(
    "members",
    [
        {"context": ...},
        {"context": V2},
        {"context": [V2, 5]},
        {"context": ["https://www.w3.org/ns/credentials/examples/v2", V2]},
        {"context": [V2, "https://elsewhere.example/terms"]},
        {"type": ...},
        {"type": ["VerifiableCredential", "Unheard"]},
        {"id": None},
        {"credentialSubject": {}},
        {"validFrom": "yesterday"},
        {"unheard": "of"},
        {"proof": {}},
        {"relatedResource": [V2]},
    ],
    ids=str,
)
def test_what_is_no_good_credential_is_refused_with_400(
    sqlite_server: Running, refused: Refused, did: str, members: dict[str, Any], way: str
) -> None:
    before = sqlite_server.rows()
    found = refused(issue(sqlite_server, credential(**({"issuer": did} | members)), way), 400)
    assert found["type"] != "about:blank"
    assert sqlite_server.rows() == before


def test_a_refusal_names_every_place(sqlite_server: Running, refused: Refused, did: str) -> None:
    found = refused(issue(sqlite_server, credential(did, type=["Diploma"], credentialSubject=[{}], validUntil="soon")), 400)
    assert [error["pointer"] for error in found["errors"]] == ["/type", "/credentialSubject/0", "/validUntil"]


def test_a_refusal_of_the_worker_is_answered_alike(sqlite_server: Running, refused: Refused, did: str) -> None:
    found = refused(issue(sqlite_server, credential(did, context=[V2, {"vc": "urn:x:vc"}], vc="1"), "vc-jwt"), 400)
    assert "which a token keeps for its claim" in found["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"credential":null}',
        b'{"credential":"{}"}',
        b'{"credential":[]}',
        b'{"verifiableCredential":{}}',
        b'{"credential":{},"credential":{}}',
        b'{"credential":{}}',
        b'{"credential":{"issuer":"\\u0000"}}',
        b'{"credential":{"issuer":{"id":["x"]}},"options":{}}',
        b'{"credential":{},"options":7}',
        b'{"credential":{},"options":{"credentialId":7}}',
        b'{"credential":' + b'{"a":' * 50 + b"1" + b"}" * 51,
        b"\xff\xfe",
        b'{"credential":{"a":"' + b"x" * 1_100_000 + b'"}}',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_a_request_to_issue_that_cannot_be_read_is_refused_with_400(sqlite_server: Running, refused: Refused, body: bytes) -> None:
    for kind in ("application/json", "text/plain"):
        for path in ("/credentials/issue", "/vc-api/vc-jwt/credentials/issue"):
            refused(sqlite_server.api.post(path, content=body, headers={"Content-Type": kind}), 400)


@pytest.mark.parametrize("issuer", ["did:example:nobody", "https://college.example", SCHOOL.did])
def test_nobody_signs_for_an_issuer_that_is_not_here(sqlite_server: Running, refused: Refused, issuer: str) -> None:
    found = refused(issue(sqlite_server, credential(issuer)), 400)
    assert found["errors"][0]["pointer"] == "/issuer"


def test_a_way_that_is_not_there_is_none(sqlite_server: Running, refused: Refused, did: str) -> None:
    refused(issue(sqlite_server, credential(did), "bbs-2023"), 422)


def test_options_that_nobody_knows_are_not_looked_at(sqlite_server: Running, did: str) -> None:
    answer = issue(sqlite_server, credential(did), mandatoryPointers=["/issuer"], type="UnknownProof", created=7)
    assert answer.status_code == 201
    assert answer.json()["verifiableCredential"]["proof"]["cryptosuite"] == "eddsa-rdfc-2022"


def test_issuing_needs_a_token_unless_the_service_is_open(sqlite_server: Running, refused: Refused, did: str, serving: Serve) -> None:
    for path in ("/credentials/issue", "/vc-api/vc-jwt/credentials/issue"):
        refused(sqlite_server.stranger.post(path, json={"credential": credential(did)}), 401)
    with serving(vc_api_open=True) as opened:
        own = opened.api.get(f"/api/issuers/{opened.unit()}").json()["did"]
        assert opened.stranger.post("/credentials/issue", json={"credential": credential(own)}).status_code == 201


def test_production_is_never_open() -> None:
    with pytest.raises(ValueError, match="VC_API_OPEN must not be on"):
        Settings(environment="production", base_url="https://badges.example", vc_api_open=True)


def test_without_a_worker_the_answer_is_to_try_again(refused: Refused, serving: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer has its key from a worker that is gone since."""
    with serving() as first:
        did = first.api.get(f"/api/issuers/{first.unit()}").json()["did"]
    monkeypatch.setattr(service, "WAIT_SECONDS", 0.2)
    with serving(keep=True, has_worker=False) as alone:
        answer = issue(alone, credential(did))
        refused(answer, 503)
        assert answer.headers["retry-after"]
        with alone.service.reading() as session:
            assert session.query(tables.SigningRequest).one().state == "waiting"
        refused(issue(alone, credential(did, type=...)), 400)


def test_many_ask_at_once(server: Running) -> None:
    did = server.api.get(f"/api/issuers/{server.unit()}").json()["did"]
    answers: list[httpx.Response] = []

    def ask(number: int) -> None:
        with httpx.Client(base_url=server.base, headers=server.api.headers, timeout=30, trust_env=False) as own:
            answers.append(issue(replace(server, api=own), credential(did, id=f"urn:x:{number}"), WAYS[number % len(WAYS)]))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    names = [answer.json()["verifiableCredential"]["id"] for answer in answers]
    assert len(set(names)) == 10


# --- status


def set_status(server: Running, credential: str, *, status: object = True, **members: object) -> httpx.Response:
    body = {"credentialId": credential, "credentialStatus": ENTRY, "status": status} | members
    return server.api.post("/credentials/status", json=body)


def test_a_status_is_changed_and_shows_at_once(server: Running) -> None:
    url = server.award()["credential"]["id"]
    answer = set_status(server, url)
    assert (answer.status_code, answer.json()) == (200, {"credentialId": url, "status": True})
    assert is_refusal(verify(server, server.stranger.get(url).json()))
    assert set_status(server, url).status_code == 200


def test_the_status_of_what_was_signed_on_request_is_changed_by_its_id(server: Running) -> None:
    did, name = server.api.get(f"/api/issuers/{server.unit()}").json()["did"], f"urn:uuid:{server.fresh('x')}"
    content = issue(server, credential(did, id=name), "status-list").json()["verifiableCredential"]
    entry = content["credentialStatus"]
    published = server.stranger.get(entry["statusListCredential"])
    assert published.json()["credentialSubject"]["statusPurpose"] == "revocation"
    assert verify(server, content).status_code == 200
    answer = set_status(server, name)
    assert (answer.status_code, answer.json()) == (200, {"credentialId": name, "status": True})
    assert is_refusal(verify(server, content))


def test_a_credential_without_an_id_is_given_one_for_its_status(sqlite_server: Running, refused: Refused, did: str) -> None:
    answer = issue(sqlite_server, credential(did, id=...), "status-list", credentialId="urn:college:17")
    content = answer.json()["verifiableCredential"]
    refused(set_status(sqlite_server, "urn:college:18"), 404)
    assert set_status(sqlite_server, "urn:college:17").status_code == 200
    assert is_refusal(verify(sqlite_server, content))


def test_what_was_signed_without_a_status_has_none_to_change(sqlite_server: Running, refused: Refused, did: str) -> None:
    name = f"urn:uuid:{sqlite_server.fresh('x')}"
    assert issue(sqlite_server, credential(did, id=name)).status_code == 201
    refused(set_status(sqlite_server, name), 404)


def test_an_id_that_two_issuers_use_is_changed_for_the_one_whose_token_it_is(sqlite_server: Running, did: str) -> None:
    name = f"urn:uuid:{sqlite_server.fresh('x')}"
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})
    theirs, ours = (
        issue(sqlite_server, credential(owner, id=name), "status-list").json()["verifiableCredential"] for owner in (other["did"], did)
    )
    body = {"credentialId": name, "credentialStatus": ENTRY, "status": True}
    bearer = sqlite_server.bearer("issuer", issuer=other["slug"])
    assert sqlite_server.stranger.post("/credentials/status", json=body, headers=bearer).status_code == 200
    assert is_refusal(verify(sqlite_server, theirs))
    assert verify(sqlite_server, ours).status_code == 200


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
