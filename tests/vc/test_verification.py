"""A verification as a whole: what it asks for, what it comes to whatever is handed in, and newer versions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vc import kit
from tests.vc.kit import GENERIC, ISSUER, LIST, POLICY, WEB, WEB_METHOD, WEB_URL

from badgeissuer import problem
from badgeissuer.vc import contexts, cryptosuites, document, jose, presentation, report, secured, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome, Step

GOOD_LIST = kit.at(list=kit.list_by())


@pytest.fixture
def signed() -> JsonObject:
    return kit.sign(kit.badge())


def test_bytes_that_are_no_document_have_a_report_too() -> None:
    found = verification.unreadable(problem.Malformed("Byte 3."), now=kit.NOW, policy=POLICY, sha256="00")
    assert (found.outcome, found.summary) == (Outcome.INVALID, "This is not a badge that can be read. Byte 3.")
    assert [step.name for step in found.steps] == ["syntax"]


def test_where_nothing_could_be_had_the_question_stays_open() -> None:
    found = verification.unreachable(verification.Unreachable(LIST, "no answer"), now=kit.NOW, policy=POLICY)
    assert (found.outcome, found.document_sha256) == (Outcome.INDETERMINATE, "")
    assert found.summary == f"There is no badge to look at. Nothing could be had from {LIST}: no answer."


# --- needs


def test_needs_asks_in_rounds_for_exactly_what_is_missing() -> None:
    source = kit.sign(kit.badge(WEB), kit.WEB_ISSUER)
    gathered: kit.Gathered = {}
    assert verification.needs(source, gathered, policy=POLICY) == {WEB_URL, LIST}
    gathered[WEB_URL] = verification.Unreachable(WEB_URL, "refused")
    assert verification.needs(source, gathered, policy=POLICY) == {LIST}
    other = kit.SeedSigner(3, "did:web:lists.example#k")
    gathered[LIST] = kit.found(LIST, kit.list_by(other))
    assert verification.needs(source, gathered, policy=POLICY) == {"https://lists.example/.well-known/did.json"}
    gathered[LIST] = kit.found(LIST, b"<html>")
    assert verification.needs(source, gathered, policy=POLICY) == set()
    gathered[LIST] = verification.Unreachable(LIST, "refused")
    assert verification.needs(source, gathered, policy=POLICY) == set()


def test_needs_asks_for_the_key_of_a_token() -> None:
    jwks = "https://badges.example/keys/jwks.json"
    for header, issuer, expected in (
        ({}, WEB, WEB_URL),
        ({"kid": jwks}, "https://badges.example", jwks),
        ({"kid": None, "jwk": ISSUER.jwk}, "https://badges.example/issuer", "https://badges.example/issuer"),
    ):
        token = jose.read(kit.token(kit.badge(issuer, status=False), kit.WEB_ISSUER, **header))
        assert verification.needs(jose.credential(token), {}, policy=POLICY, token=token) == {expected}


def _status(**members: object) -> JsonObject:
    return {"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7"} | members}


@pytest.mark.parametrize(
    ("source", "urls"),
    [
        ({}, []),
        ({"proof": None, "credentialStatus": None}, []),
        ({"proof": "x", "credentialStatus": ["x", 5, None]}, []),
        ({"proof": {"verificationMethod": {"id": "https://x.example"}}}, []),
        ({"proof": {"verificationMethod": "did:example:x"}}, []),
        ({"proof": {"verificationMethod": "did:web:../etc"}}, []),
        ({"proof": {"verificationMethod": "did:key:z6Mk#z6Mk"}}, []),
        (
            {"proof": [{"verificationMethod": f"https://x.example/{number}#k"} for number in range(9)]},
            [f"https://x.example/{number}" for number in range(4)],
        ),
        ({"credentialStatus": {"type": "Other", "statusListCredential": LIST}}, []),
        (_status(type=["BitstringStatusListEntry"], statusListCredential=LIST), [LIST]),
        (_status(statusListCredential=LIST, statusListIndex="x"), []),
        (_status(statusListCredential="file:///etc/passwd"), []),
        (_status(statusListCredential=[LIST]), []),
        (
            {"credentialStatus": [_status(statusListCredential=f"{LIST}/{number}")["credentialStatus"] for number in range(9)]},
            [f"{LIST}/{number}" for number in range(4)],
        ),
        ({"credentialSchema": {"id": LIST, "type": "JsonSchema"}}, [LIST]),
        ({"credentialSchema": {"id": LIST, "type": "Other"}}, []),
        ({"credentialSchema": {"id": kit.SCHEMA + "x", "type": "JsonSchema"}}, []),
        ({"refreshService": {"id": LIST, "type": "1EdTechCredentialRefresh"}}, []),
        ({"image": {"id": LIST}, "evidence": {"id": LIST, "type": "Evidence"}, "issuer": {"id": WEB, "image": LIST}}, []),
    ],
    ids=lambda value: str(value)[:200],
)
def test_needs_asks_for_nothing_that_could_not_be_an_answer(source: JsonObject, urls: list[str]) -> None:
    assert verification.needs(source, {}, policy=POLICY) == set(urls)


# --- newer versions

SERVICE = {"id": "https://badges.example/c/1/new", "type": "1EdTechCredentialRefresh"}
_REFRESHING = replace(kit.KIND, refreshes=frozenset({"1EdTechCredentialRefresh"}))
REFRESHING = replace(POLICY, profile=replace(POLICY.profile, kind=lambda _source: _REFRESHING))


def _version(service: object = None, **change: Any) -> JsonObject:  # noqa: ANN401 - any members
    """Return the content of a token; its words are not looked at."""
    return kit.badge(status=False, **({} if service is None else {"refreshService": service}), **change)


def _refresh_url(source: JsonObject, signer: kit.SeedSigner = ISSUER, policy: verification.Policy = REFRESHING) -> str | None:
    return verification.refresh_url(source, kit.verify(kit.token(source, signer), policy=policy), policy=policy)


@pytest.mark.parametrize(
    ("service", "url"),
    [
        (SERVICE, SERVICE["id"]),
        ([{"id": "urn:x:y", "type": "Other"}, SERVICE], SERVICE["id"]),
        (SERVICE | {"type": ["Other", "1EdTechCredentialRefresh"]}, SERVICE["id"]),
        (None, None),
        ("https://x.example", None),
        (SERVICE | {"type": "Other"}, None),
        (SERVICE | {"type": {"a": 1}}, None),
        ({"type": "1EdTechCredentialRefresh"}, None),
        (SERVICE | {"id": 5}, None),
    ],
    ids=str,
)
def test_a_newer_version_is_looked_for_where_the_document_says(service: object, url: str | None) -> None:
    assert _refresh_url(_version(service)) == url


def test_a_newer_version_is_looked_for_after_the_proof_only() -> None:
    assert _refresh_url(_version(SERVICE, validUntil="2026-05-30T00:00:00Z")) == SERVICE["id"]  # expired, and it may have been renewed
    assert _refresh_url(_version(SERVICE), kit.OTHER) is None
    assert verification.refresh_url(_version(SERVICE), kit.verify(_version(SERVICE), policy=REFRESHING), policy=REFRESHING) is None
    assert _refresh_url(_version(SERVICE), policy=POLICY) is None


LATER = "2026-05-30T00:00:00Z"


def _refreshed(newer: JsonObject, *, signer: kit.SeedSigner = ISSUER, source: JsonObject | None = None) -> report.Report | None:
    found = kit.verify(kit.token(newer, signer), policy=REFRESHING)
    return verification.refreshed(source or _version(SERVICE), found, newer)


def test_the_report_on_a_newer_version_says_that_it_is_one() -> None:
    found = _refreshed(_version(SERVICE, validFrom=LATER, name="Leadership"))
    assert found is not None
    step = found.step("refresh")
    assert (found.outcome, step.outcome, step.findings[0].type) == (Outcome.VALID, Outcome.VALID, problem.OURS + "refresh")
    assert "has a newer version" in step.findings[0].detail


def test_a_newer_version_that_does_not_count_is_reported_as_it_is() -> None:
    found = _refreshed(_version(validFrom=LATER, validUntil="2026-05-31T00:00:00Z"))
    assert found is not None
    assert kit.outcomes(found) == {"validity": "INVALID"}


@pytest.mark.parametrize(
    "newer",
    [
        _version(),
        _version(validFrom="2026-05-20T14:04:59Z"),
        _version(validFrom="2026-05-20T16:05:00+02:00"),
        _version(validFrom=LATER, id="https://badges.example/c/2"),
        _version(validFrom=LATER, issuer=kit.OTHER.did),
        {name: value for name, value in _version().items() if name != "validFrom"},
        _version(validFrom=LATER, type=["Other"]),
        _version(validFrom=LATER) | {"@context": "x"},
    ],
    ids=["same", "older", "same moment", "other id", "other issuer", "no date", "no credential", "no context"],
)
def test_what_is_no_newer_version_of_the_same_is_not_reported(newer: JsonObject) -> None:
    assert _refreshed(newer) is None


def test_a_newer_version_must_be_the_issuers() -> None:
    assert _refreshed(_version(validFrom=LATER), signer=kit.OTHER) is None
    forged = kit.verify(_version(validFrom=LATER), policy=REFRESHING)
    assert verification.refreshed(_version(SERVICE), forged, _version(validFrom=LATER)) is None


@pytest.mark.parametrize("change", [{"id": None}, {"validFrom": "soon"}, {"validFrom": None}], ids=str)
def test_a_document_without_a_name_or_a_date_has_no_newer_version(change: JsonObject) -> None:
    source = {name: value for name, value in (_version(SERVICE) | change).items() if value is not None}
    newer = {name: value for name, value in (source | {"validFrom": LATER}).items() if value is not None}
    assert _refreshed(newer, source=source) is None


def test_a_step_is_replaced_by_its_name() -> None:
    found = kit.verify(kit.badge(status=False))
    changed = found.with_step(Step("refresh", Outcome.VALID))
    assert [step.name for step in changed.steps] == [step.name for step in found.steps]
    assert changed.step("refresh").outcome is Outcome.VALID


# --- the same graph in other JSON


def _moved_status(source: JsonObject) -> None:
    source["https://www.w3.org/2018/credentials#credentialStatus"] = source.pop("credentialStatus")


def _aliased_status(source: JsonObject) -> None:
    source["@context"] = [*source["@context"], {"hidden": {"@id": "https://www.w3.org/2018/credentials#credentialStatus", "@type": "@id"}}]
    source["hidden"] = source.pop("credentialStatus")


def _nested_status(source: JsonObject) -> None:
    source["@context"] = [*source["@context"], {"hidden": "@nest"}]
    source["hidden"] = {"credentialStatus": source.pop("credentialStatus")}


def _included_status(source: JsonObject) -> None:
    source["@included"] = [{"id": source["id"], "type": "VerifiableCredential", "credentialStatus": source.pop("credentialStatus")}]


def _moved_expiry(source: JsonObject) -> None:
    value = {"@value": source.pop("validUntil"), "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
    source["https://www.w3.org/2018/credentials#validUntil"] = value


def _expiry_as_value(source: JsonObject) -> None:
    source["validUntil"] = {"@value": source["validUntil"]}


def _status_split(source: JsonObject) -> None:
    status = source["credentialStatus"]
    source["credentialStatus"] = [{"id": status["id"], "type": status["type"]}, status]


def _list_as_node(source: JsonObject) -> None:
    source["credentialStatus"]["statusListCredential"] = {"id": source["credentialStatus"]["statusListCredential"]}


def _empty_status_beside(source: JsonObject) -> None:
    _moved_status(source)
    source["credentialStatus"] = []


def _criteria_under_the_name_of_a_type(source: JsonObject) -> None:
    achievement = source["credentialSubject"]["achievement"]
    achievement["Criteria"] = achievement.pop("criteria")


def _issuer_described_elsewhere(source: JsonObject) -> None:
    source["credentialSubject"]["achievement"]["creator"] = source["issuer"]
    source["issuer"] = {"id": source["issuer"]["id"]}


def _subject_after_its_name(source: JsonObject) -> None:
    source["credentialSubject"] = [source["credentialSubject"]["id"], source["credentialSubject"]]


_SAME_GRAPH = [
    _moved_status,
    _aliased_status,
    _nested_status,
    _included_status,
    _moved_expiry,
    _expiry_as_value,
    _status_split,
    _list_as_node,
    _empty_status_beside,
]


@pytest.mark.parametrize("move", _SAME_GRAPH, ids=lambda move: move.__name__.strip("_"))
@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_revoked_and_expired_credential_cannot_be_rewritten_into_a_good_one(
    signed: JsonObject, policy: verification.Policy, move: Callable[[JsonObject], None]
) -> None:
    move(signed)
    assert kit.verify(signed, kit.at(list=kit.list_by(revoked=(7,))), policy=policy).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    "move",
    [_criteria_under_the_name_of_a_type, _issuer_described_elsewhere, _subject_after_its_name],
    ids=lambda move: move.__name__.strip("_"),
)
def test_a_badge_cannot_be_rewritten_to_be_read_otherwise(signed: JsonObject, move: Callable[[JsonObject], None]) -> None:
    before = copy.deepcopy(signed)
    move(signed)
    assert signed != before
    assert kit.outcomes(kit.verify(signed, GOOD_LIST))["data_model"] == "INVALID"


# --- no change of what is signed

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
_KEYS = st.sampled_from(
    [
        "@context", "@id", "@type", "@value", "@graph", "@included", "@language", "id", "type", "issuer", "name", "description", "proof",
        "proofValue", "proofPurpose", "verificationMethod", "cryptosuite", "created", "expires", "previousProof", "challenge", "domain",
        "validFrom", "validUntil", "credentialSubject", "credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "holder",
        "statusPurpose", "statusListIndex", "statusListCredential", "statusSize", "statusMessage", "assertionMethod", "authentication",
        "controller", "publicKeyMultibase", "publicKeyJwk", "keys", "kty", "kid", "achievement", "endorsement", "endorsementJwt",
        "evidence", "encodedList", "verifiableCredential", "holds", "relatedResource",
    ]
)  # fmt: skip
_WORDS = st.sampled_from(
    [
        contexts.CREDENTIALS_V2, contexts.CREDENTIALS_V1, contexts.OPEN_BADGES, "VerifiableCredential", "VerifiablePresentation",
        "EnvelopedVerifiableCredential", "BitstringStatusListEntry", "BitstringStatusListCredential", "DataIntegrityProof",
        "eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020", "assertionMethod", "authentication", "revocation", "message",
        "2026-05-20T14:05:00Z", LIST, WEB, WEB_METHOD, ISSUER.did, ISSUER.verification_method, "did:jwk:e30#0", "did:web:x.example%3a#k",
        "z" + "2" * 87, "", "_:b", "https://[", "https://[::1", "file:///etc/passwd", "data:application/vc+jwt,a.b.c", "JsonSchema",
    ]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | _WORDS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | _TEXT, inner, max_size=5),
    max_leaves=12,
)
_SCRAPS = st.dictionaries(_KEYS | _TEXT, _JSON, max_size=6)


def _said_once() -> JsonObject:
    """Return a badge without the description of its issuer that repeats another: a repetition can be left out."""
    source = kit.badge()
    del source["credentialSubject"]["achievement"]["creator"]
    return source


SIGNED = kit.sign(_said_once())
BYTES = {
    "eddsa-rdfc-2022": document.write(SIGNED),
    "eddsa-jcs-2022": document.write(kit.sign(_said_once(), suite=cryptosuites.EDDSA_JCS_2022)),
    "token": kit.token(_said_once()).encode(),
}


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
@pytest.mark.parametrize("secured_by", BYTES)
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_no_single_byte_of_a_signed_credential_can_change(data: st.DataObject, secured_by: str, policy: verification.Policy) -> None:
    body = BYTES[secured_by]
    place = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(
        st.integers(0, 255).filter(lambda value: value != body[place]) | st.sampled_from(sorted(set(b'{}[]",:@_-.0Zz') - {body[place]}))
    )
    changed = body[:place] + bytes([byte]) + body[place + 1 :]
    try:
        given_ = secured.read(changed)
    except problem.Problem:
        return
    found = verification.verify(given_.content, GOOD_LIST, now=kit.NOW, policy=policy, sha256="", token=given_.token)
    assert found.outcome is not Outcome.VALID, changed


def _change(data: st.DataObject, source: JsonObject, value: object) -> None:
    """Change, add or take away one member somewhere in a document."""
    place = data.draw(st.sampled_from(kit.objects(source)))
    key = data.draw(st.sampled_from(sorted(place) or ["name"]) | _KEYS)
    if data.draw(st.booleans()) and key in place:
        del place[key]
    else:
        place[key] = value


@given(data=st.data(), value=_JSON)
@settings(max_examples=250, deadline=None)
def test_no_single_member_of_a_signed_badge_can_change(data: st.DataObject, value: object) -> None:
    source = copy.deepcopy(SIGNED)
    _change(data, source, value)
    if kit.verify(source, GOOD_LIST).outcome is Outcome.VALID:
        assert kit.reading(source) == kit.reading(SIGNED)


@given(data=st.data(), value=_JSON)
@settings(max_examples=250, deadline=None)
def test_no_single_member_of_a_signed_credential_can_change(data: st.DataObject, value: object) -> None:
    """Under the weaker gate a context of the document's own may be added that has no word of it, and a text be written with `@value`."""
    source = copy.deepcopy(SIGNED)
    _change(data, source, value)
    if kit.verify(source, GOOD_LIST, policy=GENERIC).outcome is Outcome.VALID:
        assert _plain(source) == _plain(SIGNED)


def _plain(value: Any) -> object:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        names = {"@id": "id", "@type": "type"}
        inner = {names.get(key, key): _plain(item) for key, item in value.items() if key != "@context"}
        return inner["@value"] if set(inner) == {"@value"} else kit.reading(inner)
    return kit.reading([_plain(item) for item in value]) if isinstance(value, list) else value


@pytest.mark.parametrize("secure", ["eddsa-jcs-2022", "token"])
@given(data=st.data(), value=_JSON)
@settings(max_examples=80, deadline=None)
def test_no_single_member_under_a_signed_text_can_change_at_all(data: st.DataObject, secure: str, value: object) -> None:
    before = secured.read(BYTES[secure])
    source = copy.deepcopy(before.content)
    _change(data, source, value)
    for policy in (POLICY, GENERIC):
        found = verification.verify(source, GOOD_LIST, now=kit.NOW, policy=policy, sha256="", token=_resigned(before.token, source))
        if found.outcome is Outcome.VALID:
            assert json.dumps(source, sort_keys=True) == json.dumps(before.content, sort_keys=True)


def _resigned(token: jose.Token | None, source: JsonObject) -> jose.Token | None:
    """Return the token with the changed credential as its payload, and the signature that it had."""
    if token is None:
        return None
    header, _, signature = token.text.split(".")
    payload = source | {name: token.payload[name] for name in ("iss", "sub", "jti", "nbf", "exp")}
    return jose.Token(f"{header}.{kit.encoded(payload)}.{signature}", token.header, payload, token.signature)


# --- anything at all


@given(_SCRAPS, _SCRAPS, _SCRAPS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_given_a_report_comes_back(source: JsonObject, one: JsonObject, other: JsonObject) -> None:
    gathered = kit.at(web=one, list=other)
    for policy in (POLICY, GENERIC):
        needed = verification.needs(source, gathered, policy=policy)
        assert all(url.startswith(("https://", "http://")) for url in needed)
        assert kit.verify(source, gathered, policy=policy).outcome is not Outcome.VALID


def _documents() -> dict[str, JsonObject]:
    web = kit.badge(WEB)
    return {
        "badge": kit.sign(web, kit.WEB_ISSUER),
        "jcs": kit.sign(web, kit.WEB_ISSUER, suite=cryptosuites.EDDSA_JCS_2022),
        "presentation": kit.present(kit.sign(web, kit.WEB_ISSUER), secured.envelope(kit.token(web, kit.WEB_ISSUER))),
        "list": kit.list_by(kit.WEB_ISSUER),
    }


DOCUMENTS = _documents()
_HOLDING = replace(
    kit.KIND,
    parts=presentation.credentials,
    ids=lambda source: [source.get("id")],
    refreshes=frozenset({"1EdTechCredentialRefresh"}),
)
NOSY = replace(
    POLICY,
    profile=replace(POLICY.profile, kind=lambda _source: _HOLDING),
    trusted={WEB: "Example College"},
    compromised={kit.OTHER.verification_method: kit.NOW},
    recipient="asha@college.example",
    challenge="a",
    domain="b",
)


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data(), values=st.lists(_JSON, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_nearly_a_document_can_bring_verification_down(name: str, data: st.DataObject, values: list[object]) -> None:
    source, listed, holder = copy.deepcopy((DOCUMENTS[name], DOCUMENTS["list"], kit.web_document()))
    for value in values:
        _change(data, data.draw(st.sampled_from([source, source, listed, holder])), value)
    gathered = kit.at(web=holder, list=listed)
    for policy in (POLICY, GENERIC, NOSY):
        needed = verification.needs(source, gathered, policy=policy)
        assert all(url.startswith(("https://", "http://")) for url in needed)
        found = kit.verify(source, gathered, policy=policy)
        url = verification.refresh_url(source, found, policy=policy)
        assert url is None or isinstance(url, str)
        verification.refreshed(SIGNED, found, source)


@given(data=st.data(), value=_JSON)
@settings(max_examples=100, deadline=None)
def test_no_header_of_a_token_can_bring_verification_down(data: st.DataObject, value: object) -> None:
    header: JsonObject = {"alg": "EdDSA", "kid": WEB_METHOD, "typ": "JWT"}  # of other types `jose.read` lets nothing through
    header |= {"kid": value} if isinstance(value, str) else {"jwk": ISSUER.jwk | (value if isinstance(value, dict) else {"x": value})}
    source = kit.badge(data.draw(st.sampled_from([WEB, ISSUER.did, "https://badges.example", "https://[", "did:jwk:e30"])))
    urls = [url for url in (value, LIST, WEB_URL, "https://badges.example") if isinstance(url, str)]
    gathered = {url: kit.found(url, data.draw(st.sampled_from([{"keys": value}, {"kty": value}, value, ISSUER.jwk]))) for url in urls}
    token = jose.Token("a.b.c", header, source, b"x" * 64)
    found = verification.verify(source, gathered, now=kit.NOW, policy=POLICY, sha256="", token=token)
    assert found.outcome is not Outcome.VALID
