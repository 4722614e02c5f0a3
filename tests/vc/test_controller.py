from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.vc import controller, multikey
from badgeissuer.vc.document import JsonObject

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


@pytest.mark.parametrize("method", ["", "key-1", "did:example:a#k", "urn:x:y", "file:///etc/passwd", "javascript:1"])
def test_any_other_method_is_refused(method: str) -> None:
    with pytest.raises(problem.Invalid, match="neither did:key, did:web nor a web address"):
        controller.document_url(method)


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


def test_a_controller_that_cannot_be_asked_is_refused() -> None:
    with pytest.raises(problem.Invalid):
        controller.confirming_url(PAGE, _key_page("did:example:x"))


def test_the_signer_of_these_tests_is_a_did_key(signer: Callable[..., Any]) -> None:
    assert controller.find_method(signer(1).verification_method, None).public_key == signer(1).public_key
