from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.vc import controller, jwk, multikey
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Undecided

KEY = multikey.PublicKey(b"k" * 32)
DID = "did:web:badges.example"
METHOD = DID + "#key-1"
PAGE = "https://badges.example/keys/1"
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def _document() -> JsonObject:
    return controller.compose(DID, [controller.VerificationMethod(METHOD, DID, KEY)], asserting=[METHOD])


def _key_page(controller_id: str) -> JsonObject:
    return {"id": PAGE, "type": "Multikey", "controller": controller_id, "publicKeyMultibase": KEY.multikey}


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("did:web:badges.example#k", "https://badges.example/.well-known/did.json"),
        ("did:web:badges.example%3A8443:issuers:3#k", "https://badges.example:8443/issuers/3/did.json"),
        ("did:web:badges.example:a%20b:~x#k", None),
        ("did:web:badges.example:a%C3%A9#k", "https://badges.example/a%C3%A9/did.json"),
        ("https://badges.example/issuer#k", "https://badges.example/issuer"),
        ("http://localhost:1/issuer", "http://localhost:1/issuer"),
        ("did:key:z6Mk#z6Mk", None),
    ],
)
def test_a_verification_method_leads_to_its_document(method: str, url: str | None) -> None:
    if url is None and method.startswith("did:web:"):
        with pytest.raises(problem.Invalid):
            controller.document_url(method)
    else:
        assert controller.document_url(method) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:web::a",
        "did:web:a.example:",
        "did:web:a.example%2Fpath",
        "did:web:a.example/path",
        "did:web:user@a.example",
        "did:web:a.example?x",
        "did:web:a.example%3Fx",
        "did:web:a.example:..",
        "did:web:a.example:.",
        "did:web:a.example:%2e%2E",
        "did:web:a.example:.%2e",
        "did:web:a.example:b%2Fc",
        "did:web:a.example:b%5Cc",
        "did:web:a.example:b%3Fc",
        "did:web:a.example:b%23c",
        "did:web:a.example:b%00c",
        "did:web:a.example:b%0Ac",
        "did:web:a.example:b%",
        "did:web:a.example:b%zz",
        "did:web:a.example:b?c",
        "did:web:a.example\n",
        "did:web:-a.example",
        "did:web:[::1]",
        "did:web:a.example%3A",
        "did:web:a.example%3A123456",
    ],
)
def test_no_did_web_leads_out_of_its_own_address(did: str) -> None:
    with pytest.raises(problem.Invalid, match="no did:web identifier") as refused:
        controller.web_url(did)
    assert refused.value.kind == controller.INVALID_METHOD_URL


@pytest.mark.parametrize("method", ["", "key-1", "urn:x:y", "file:///etc/passwd", "javascript:1", "did:", "did:x", "did:X:y", "did::y"])
def test_any_other_method_is_refused(method: str) -> None:
    with pytest.raises(problem.Invalid, match="neither did:key, did:jwk, did:web nor a web address") as refused:
        controller.document_url(method)
    assert refused.value.kind == controller.INVALID_METHOD_URL


@pytest.mark.parametrize("method", ["did:example:a#k", "did:ebsi:z1", "did:web3:x"])
def test_a_did_of_another_method_leaves_the_question_open(method: str) -> None:
    with pytest.raises(Undecided, match="cannot look up identifiers such as did:") as refused:
        controller.document_url(method)
    assert refused.value.kind == controller.INVALID_METHOD_URL


@pytest.mark.parametrize("url", ["https://badges.example/.well-known", "https://badges.example:8443/issuers/3", "https://b.example/a%b/é"])
def test_a_web_address_and_its_did_lead_to_each_other(url: str) -> None:
    back = controller.web_url(controller.web_did(url))
    assert back.removesuffix("/did.json").replace("%25", "%").replace("%C3%A9", "é") == url


def test_a_composed_document_holds_its_keys_as_they_were_given() -> None:
    method = controller.VerificationMethod(METHOD, DID, KEY, expires=LATER, revoked=LATER)
    document = controller.compose(DID, [method], asserting=[METHOD])
    assert document["id"] == DID
    assert document["verificationMethod"][0]["revoked"] == "2030-01-01T00:00:00Z"
    assert controller.find_method(METHOD, document) == method


def test_a_did_key_is_its_own_document() -> None:
    did = controller.key_did(KEY)
    assert controller.find_method(controller.key_method(did), None) == controller.VerificationMethod(controller.key_method(did), did, KEY)


@pytest.mark.parametrize("method", ["did:key:{}", "did:key:{}#", "did:key:{}#other", "did:key:{}#{}#{}", "did:key:z6Mk#z6Mk", "did:key:#"])
def test_a_did_key_that_names_no_key_or_two_is_refused(method: str) -> None:
    with pytest.raises(problem.Invalid):
        controller.find_method(method.replace("{}", KEY.multikey), None)


def test_an_embedded_key_is_found_too() -> None:
    document = _document()
    document["assertionMethod"] = document.pop("verificationMethod")
    assert controller.find_method(METHOD, document).public_key == KEY


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"id": "did:web:elsewhere.example"}, controller.INVALID_DOCUMENT_ID),
        ({"id": None}, controller.INVALID_DOCUMENT_ID),
        ({"id": [DID]}, controller.INVALID_DOCUMENT_ID),
        ({"assertionMethod": []}, controller.INVALID_RELATIONSHIP),
        ({"assertionMethod": None}, controller.INVALID_RELATIONSHIP),
        ({"assertionMethod": METHOD}, controller.INVALID_RELATIONSHIP),
        ({"assertionMethod": [DID + "#other"]}, controller.INVALID_RELATIONSHIP),
        ({"assertionMethod": [], "authentication": [METHOD]}, controller.INVALID_RELATIONSHIP),
        ({"verificationMethod": []}, controller.INVALID_METHOD),
        ({"verificationMethod": None}, controller.INVALID_METHOD),
        ({"verificationMethod": _document()["verificationMethod"] * 2}, controller.INVALID_METHOD),
        ({"assertionMethod": [_document()["verificationMethod"][0]]}, controller.INVALID_METHOD),
    ],
    ids=str,
)
def test_a_document_that_does_not_vouch_for_the_key_is_refused(change: JsonObject, kind: str) -> None:
    with pytest.raises(problem.Invalid) as refused:
        controller.find_method(METHOD, _document() | change)
    assert refused.value.kind == kind


@pytest.mark.parametrize(
    "change",
    [
        {"type": "JsonWebKey"},
        {"type": "JsonWebKey2020"},
        {"type": "Ed25519VerificationKey2018"},
        {"publicKeyJwk": kit.ISSUER.jwk},
        {"type": "JsonWebKey", "publicKeyJwk": kit.ISSUER.jwk},
        {"type": ["Multikey"]},
        {"type": {"a": 1}},
        {"type": None},
        {"controller": None},
        {"controller": [DID]},
        {"controller": "did:web:victim.example"},
        {"publicKeyMultibase": None},
        {"publicKeyMultibase": "z6Mk"},
        {"publicKeyMultibase": [KEY.multikey]},
        {"revoked": "yesterday"},
        {"expires": None},
    ],
    ids=str,
)
def test_a_key_that_is_not_described_rightly_is_refused(change: JsonObject) -> None:
    document = _document()
    document["verificationMethod"][0] |= change
    with pytest.raises(problem.Invalid):
        controller.find_method(METHOD, document)


def test_a_missing_document_is_refused() -> None:
    with pytest.raises(problem.Invalid, match="is missing"):
        controller.find_method(METHOD, None)


def test_a_key_with_a_page_of_its_own_counts_when_its_controller_lists_it() -> None:
    page, listing = _key_page(DID), {"id": DID, "assertionMethod": [PAGE]}
    assert controller.confirming_url(PAGE, page) == "https://badges.example/.well-known/did.json"
    found = controller.find_method(PAGE, page, confirming=listing)
    assert (found.controller, found.public_key) == (DID, KEY)


@pytest.mark.parametrize(
    "confirming", [None, {}, {"id": DID}, {"id": DID, "assertionMethod": ["x"]}, {"id": "x", "assertionMethod": [PAGE]}]
)
def test_a_key_that_only_claims_a_controller_is_refused(confirming: JsonObject | None) -> None:
    with pytest.raises(problem.Invalid):
        controller.find_method(PAGE, _key_page(DID), confirming=confirming)


def test_a_key_page_that_is_its_own_controller_needs_nobody() -> None:
    page = _key_page(PAGE)
    assert controller.confirming_url(PAGE, page) is None
    assert controller.find_method(PAGE, page).controller == PAGE


@pytest.mark.parametrize(
    "source", [{}, _document(), {"id": PAGE}, _key_page(DID) | {"controller": 5}, _key_page(KEY.multikey) | {"id": "x"}]
)
def test_only_a_key_with_a_page_of_its_own_needs_confirming(source: dict[str, Any]) -> None:
    assert controller.confirming_url(PAGE, source) is None
    assert controller.confirming_url(METHOD, source) is None


def test_a_controller_that_cannot_be_asked_leaves_the_question_open_and_one_that_is_none_is_refused() -> None:
    with pytest.raises(Undecided):
        controller.confirming_url(PAGE, _key_page("did:example:x"))
    with pytest.raises(problem.Invalid):
        controller.confirming_url(PAGE, _key_page("urn:x:y"))


def test_the_signer_of_these_tests_is_a_did_key(signer: Callable[..., Any]) -> None:
    assert controller.find_method(signer(1).verification_method, None).public_key == signer(1).public_key


# --- keys of other kinds, and in other forms

EC_JWK = kit.EC_JWK
ED_JWK = {"kty": "OKP", "crv": "Ed25519", "x": jwk.to_base64url(KEY.raw)}


def _p256_multikey() -> str:
    point = b"\x80\x24" + bytes([2 + (jwk.from_base64url(EC_JWK["y"])[-1] & 1)]) + jwk.from_base64url(EC_JWK["x"])
    return multikey.multibase(point)


def _did_jwk(key: object) -> str:
    return controller.DID_JWK + jwk.to_base64url(json.dumps(key).encode())


@pytest.mark.parametrize(
    "form",
    [
        {"type": "JsonWebKey", "publicKeyJwk": EC_JWK},
        {"type": "JsonWebKey2020", "publicKeyJwk": EC_JWK},
        {"type": "Multikey", "publicKeyMultibase": _p256_multikey()},
    ],
    ids=lambda form: str(form["type"]),
)
def test_a_key_on_p_256_is_read_in_each_of_its_forms(form: JsonObject) -> None:
    document = _document()
    del document["verificationMethod"][0]["publicKeyMultibase"]
    document["verificationMethod"][0] |= form
    assert controller.find_method(METHOD, document).public_key == jwk.read(EC_JWK)


def test_the_older_name_of_a_multikey_is_read() -> None:
    document = _document()
    document["verificationMethod"][0]["type"] = "Ed25519VerificationKey2020"
    assert controller.find_method(METHOD, document).public_key == KEY


@pytest.mark.parametrize("key", [{}, None, "x", EC_JWK | {"d": "AA"}, EC_JWK | {"x": EC_JWK["y"]}, {"kty": "oct", "k": "AA"}], ids=str)
def test_a_jwk_that_is_no_public_key_is_refused(key: object) -> None:
    document = _document()
    del document["verificationMethod"][0]["publicKeyMultibase"]
    document["verificationMethod"][0] |= {"type": "JsonWebKey", "publicKeyJwk": key}
    with pytest.raises(problem.Invalid) as refused:
        controller.find_method(METHOD, document)
    assert refused.value.kind == controller.INVALID_METHOD


def test_only_ed25519_keys_are_published_here() -> None:
    with pytest.raises(problem.Fault):
        controller.compose(DID, [controller.VerificationMethod(METHOD, DID, jwk.read(EC_JWK))], asserting=[METHOD])


# --- did:jwk


@pytest.mark.parametrize("key", [EC_JWK, ED_JWK], ids=["P-256", "Ed25519"])
def test_a_did_jwk_is_its_own_document(key: JsonObject) -> None:
    did = _did_jwk(key)
    assert controller.document_url(did + "#0") is None
    found = controller.find_method(did + "#0", None)
    assert (found.id, found.controller, found.public_key) == (did + "#0", did, jwk.read(key))


@pytest.mark.parametrize("fragment", ["", "#", "#1", "#key", "#0#0"])
def test_the_one_key_of_a_did_jwk_has_one_name(fragment: str) -> None:
    with pytest.raises(problem.Invalid, match="is named #0") as refused:
        controller.find_method(_did_jwk(ED_JWK) + fragment, None)
    assert refused.value.kind == controller.INVALID_METHOD_URL


@pytest.mark.parametrize(
    ("did", "said"),
    [
        ("did:jwk:!", "base64url"),
        ("did:jwk:A", "base64url"),
        ("did:jwk:AA", "base64url"),
        ("did:jwk:", "base64url"),
        (_did_jwk([]), "base64url"),
        ("did:jwk:" + base64.urlsafe_b64encode(b'{"kty": 1, "kty": 2}').decode(), "base64url"),
        (_did_jwk({}), "of a kind that is not read"),
        (_did_jwk(ED_JWK | {"d": "AA"}), "private"),
    ],
    ids=lambda value: value[:40],
)
def test_a_did_jwk_that_holds_no_key_is_refused(did: str, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        controller.find_method(did + "#0", None)


# --- names that are fragments


def test_a_document_may_name_its_keys_by_their_fragments() -> None:
    document = _document()
    document["verificationMethod"][0]["id"] = "#key-1"
    for listed in (METHOD, "#key-1", document["verificationMethod"][0]):
        given = document | {"assertionMethod": [listed]}
        if isinstance(listed, dict):
            del given["verificationMethod"]
        assert controller.find_method(METHOD, given).public_key == KEY
        assert controller.find_key(DID, KEY, given).id == METHOD


def test_a_key_that_is_named_in_two_ways_is_described_twice() -> None:
    document = _document()
    document["verificationMethod"] += [document["verificationMethod"][0] | {"id": "#key-1"}]
    with pytest.raises(problem.Invalid, match="exactly once"):
        controller.find_method(METHOD, document)


# --- a key of which only the digits are known


def test_a_key_is_found_among_those_that_its_owner_lists() -> None:
    other = multikey.PublicKey(b"o" * 32)
    methods = [controller.VerificationMethod(f"{DID}#{name}", DID, key) for name, key in (("a", other), ("b", KEY), ("c", KEY))]
    document = controller.compose(DID, methods, asserting=[DID + "#a", DID + "#b", DID + "#c"])
    document["assertionMethod"] = [5, None, {"id": 5}, DID + "#gone", {"id": DID + "#x", "type": "Odd"}, *document["assertionMethod"]]
    assert controller.find_key(DID, KEY, document) == methods[1]
    assert controller.find_key(DID, other, document) == methods[0]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"id": "did:web:elsewhere.example"}, controller.INVALID_DOCUMENT_ID),
        ({"assertionMethod": []}, controller.INVALID_METHOD),
        ({"assertionMethod": None}, controller.INVALID_METHOD),
        ({"assertionMethod": METHOD}, controller.INVALID_METHOD),
        ({"assertionMethod": [], "authentication": [METHOD]}, controller.INVALID_METHOD),
        ({"verificationMethod": []}, controller.INVALID_METHOD),
        (
            {"verificationMethod": [_document()["verificationMethod"][0] | {"controller": "did:web:victim.example"}]},
            controller.INVALID_METHOD,
        ),
        ({"verificationMethod": [_document()["verificationMethod"][0] | {"publicKeyMultibase": "z6Mk"}]}, controller.INVALID_METHOD),
    ],
    ids=str,
)
def test_a_key_that_its_owner_does_not_list_is_refused(change: JsonObject, kind: str) -> None:
    with pytest.raises(problem.Invalid) as refused:
        controller.find_key(DID, KEY, _document() | change)
    assert refused.value.kind == kind


def test_a_did_that_is_a_key_has_that_one_and_no_other() -> None:
    for did, method in (
        (controller.key_did(KEY), controller.key_method(controller.key_did(KEY))),
        (_did_jwk(ED_JWK), _did_jwk(ED_JWK) + "#0"),
    ):
        assert controller.find_key(did, KEY, None) == controller.VerificationMethod(method, did, KEY)
        with pytest.raises(problem.Invalid, match="does not list the key that signed"):
            controller.find_key(did, multikey.PublicKey(b"o" * 32), None)


@pytest.mark.parametrize("name", ["verificationMethod", "assertionMethod", "authentication"])
def test_a_document_with_very_many_keys_is_refused(name: str) -> None:
    document = _document()
    full = document | {name: [*document.get(name, []), *[METHOD + "-x"] * (controller.MAX_METHODS - 1)]}
    assert controller.find_method(METHOD, full).public_key == KEY
    fuller = full | {name: full[name] * 2}
    with pytest.raises(problem.Invalid, match="more than 100 keys") as refused:
        controller.find_method(METHOD, fuller)
    assert refused.value.kind == controller.INVALID_DOCUMENT
    with pytest.raises(problem.Invalid, match="more than 100 keys"):
        controller.find_key(DID, KEY, fuller)


def test_of_keys_that_are_their_own_names_only_short_ones_are_remembered() -> None:
    encoded = jwk.to_base64url(json.dumps(kit.ISSUER.jwk | {"note": "x" * 2000}).encode())
    did = f"did:jwk:{encoded}"
    kept = controller._read_own_method.cache_info().currsize
    found = [controller.find_method(f"{did}#0", None) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].public_key == kit.ISSUER.public_key
    assert controller._read_own_method.cache_info().currsize == kept
