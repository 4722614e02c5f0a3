from __future__ import annotations

import base64
import json

import pytest
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.vc import controller, gathering, jose, resolution
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Undecided

ISSUER = "https://host.example/alice"
KEY, OTHER_KEY = kit.ISSUER, kit.OTHER
PAGE = "https://badges.example/keys/1"
DID_JWK = "did:jwk:" + base64.urlsafe_b64encode(json.dumps(KEY.jwk).encode()).rstrip(b"=").decode()


def _sources(documents: dict[str, object]) -> gathering.Sources:
    return gathering.Sources({url: kit.found(url, source) for url, source in documents.items()}, 0)


def _token(**header: object) -> jose.Token:
    return jose.Token("a.b.c", header, {}, b"")


def _issuer_document(*signers: kit.SeedSigner, identifier: str = ISSUER) -> JsonObject:
    names = [f"{identifier}#{signer.number}" for signer in signers]
    described = [
        {"id": name, "type": "JsonWebKey", "controller": identifier, "publicKeyJwk": signer.jwk}
        for name, signer in zip(names, signers, strict=True)
    ]
    return {"id": identifier, "verificationMethod": described, "assertionMethod": names}


def _urls(found: resolution.Found) -> list[str]:
    return [evidence.url for evidence in found.evidence]


# --- the method that a proof names


@pytest.mark.parametrize("name", [KEY.verification_method, DID_JWK + "#0"])
def test_a_did_that_is_a_key_needs_no_document(name: str) -> None:
    sources = _sources({})
    found = resolution.method(name, sources)
    assert (found.method.id, found.method.controller, found.method.public_key) == (name, name.partition("#")[0], KEY.public_key)
    assert (found.evidence, sources.missing) == ((), set())


def test_the_document_of_a_did_web_is_evidence() -> None:
    found = resolution.method(kit.WEB_METHOD, _sources({kit.WEB_URL: kit.web_document()}))
    assert (found.method.controller, found.method.public_key, _urls(found)) == (kit.WEB, KEY.public_key, [kit.WEB_URL])


def test_the_relationship_that_is_asked_for_must_list_the_key() -> None:
    listed = kit.web_document() | {"assertionMethod": [], "authentication": [kit.WEB_METHOD]}
    sources = _sources({kit.WEB_URL: listed})
    assert resolution.method(kit.WEB_METHOD, sources, relationship="authentication").method.public_key == KEY.public_key
    with pytest.raises(problem.Invalid, match="does not list this key under assertionMethod") as refused:
        resolution.method(kit.WEB_METHOD, sources)
    assert refused.value.kind == controller.INVALID_RELATIONSHIP


def test_the_controller_of_a_key_with_a_page_of_its_own_is_asked_too() -> None:
    page = {"id": PAGE, "type": "Multikey", "controller": kit.WEB, "publicKeyMultibase": KEY.public_key.multikey}
    sources = _sources({PAGE: page})
    with pytest.raises(Undecided, match="it was not fetched"):
        resolution.method(PAGE, sources)
    assert sources.missing == {kit.WEB_URL}
    found = resolution.method(PAGE, _sources({PAGE: page, kit.WEB_URL: {"id": kit.WEB, "assertionMethod": [PAGE]}}))
    assert (found.method.controller, _urls(found)) == (kit.WEB, [PAGE, kit.WEB_URL])


def test_a_document_that_is_none_is_a_fault_of_the_issuer() -> None:
    with pytest.raises(problem.Invalid, match="cannot be read") as refused:
        resolution.method(kit.WEB_METHOD, _sources({kit.WEB_URL: b"<html>"}))
    assert refused.value.kind == controller.INVALID_DOCUMENT


# --- the key that a token names


def test_a_token_that_names_no_key_is_refused() -> None:
    with pytest.raises(problem.Invalid, match="neither kid nor jwk"):
        resolution.token_method(_token(alg="EdDSA"), ISSUER, _sources({}))


def test_a_token_may_name_its_key_as_a_proof_does() -> None:
    sources = _sources({kit.WEB_URL: kit.web_document(), ISSUER: _issuer_document(KEY)})
    for name, holder in ((KEY.verification_method, KEY.did), (kit.WEB_METHOD, kit.WEB), (f"{ISSUER}#1", ISSUER)):
        found = resolution.token_method(_token(kid=name), ISSUER, sources)
        assert (found.method.id, found.method.controller, found.method.public_key) == (name, holder, KEY.public_key)


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        (ISSUER, "https://host.example/alice/key"),
        (ISSUER, "https://host.example/alice/keys/1"),
        (ISSUER + "/", "https://host.example/alice/key"),
        (ISSUER, "https://host.example/.well-known/jwks.json"),
        ("https://host.example", "https://host.example/anything"),
        ("https://host.example/", "https://host.example/anything"),
        ("https://host.example:8443/alice", "https://host.example:8443/alice/key"),
    ],
)
def test_a_bare_key_where_only_the_issuer_writes_is_the_issuers(issuer: str, url: str) -> None:
    sources = _sources({url: KEY.jwk})
    found = resolution.token_method(_token(kid=url), issuer, sources)
    assert (found.method.controller, found.method.public_key, _urls(found)) == (issuer, KEY.public_key, [url])
    assert sources.missing == set()


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example/mallory/key",
        "https://host.example/alice-2/key",
        "https://host.example/alicekey",
        "https://host.example/key",
        "https://host.example/",
        "https://host.example/.well-knownkey",
        "https://other.example/alice/key",
        "https://other.example/.well-known/jwks.json",
        "https://host.example:8443/alice/key",
        "https://host.example./alice/key",
        "https://user@host.example/alice/key",
        "http://host.example/alice/key",
        "https://host.example/alice/../mallory/key",
        "https://host.example/alice/%2e%2E/mallory/key",
        "https://host.example/alice/.%2e/mallory/key",
        "https://host.example/alice%2F..%2Fmallory/key",
        "https://host.example/alice/..;/mallory/key",
        "https://host.example/alice/\\../mallory/key",
        "https://host.example/alice//mallory/key",
        "https://host.example/.well-known/../mallory/key",
    ],
)
def test_a_bare_key_anywhere_else_counts_only_if_the_issuers_document_lists_it(url: str) -> None:
    token = _token(kid=url)
    sources = _sources({url: KEY.jwk})
    with pytest.raises(Undecided, match="it was not fetched"):
        resolution.token_method(token, ISSUER, sources)
    assert sources.missing == {ISSUER}
    with pytest.raises(problem.Invalid, match="does not list the key that signed"):
        resolution.token_method(token, ISSUER, _sources({url: KEY.jwk, ISSUER: _issuer_document(OTHER_KEY)}))
    found = resolution.token_method(token, ISSUER, _sources({url: KEY.jwk, ISSUER: _issuer_document(OTHER_KEY, KEY)}))
    assert (found.method.id, found.method.controller, _urls(found)) == (f"{ISSUER}#1", ISSUER, [url, ISSUER])


@pytest.mark.parametrize("issuer", [kit.WEB, "https://badges.example/x/../y", "https://badges.example/x;/y", "http://badges.example"])
def test_an_issuer_with_no_plain_address_must_list_a_bare_key(issuer: str) -> None:
    url = "https://badges.example/.well-known/jwks.json"
    document = controller.document_url(issuer)
    assert document is not None
    sources = _sources({url: KEY.jwk})
    with pytest.raises(Undecided):
        resolution.token_method(_token(kid=url), issuer, sources)
    assert sources.missing == {document}


@pytest.mark.parametrize("issuer", ["https://[host.example", "https://[::1]x/", "", "urn:x:y", "did:example:x"])
def test_an_issuer_that_is_no_web_address_has_no_bare_key(issuer: str) -> None:
    url = "https://forger.example/key"
    with pytest.raises(problem.Problem):
        resolution.token_method(_token(kid=url), issuer, _sources({url: KEY.jwk}))


SET_URL = ISSUER + "/jwks.json"


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ([KEY.jwk], SET_URL),
        ([KEY.jwk | {"kid": "1"}], SET_URL),
        ([KEY.jwk | {"kid": "1"}, OTHER_KEY.jwk | {"kid": "2"}], SET_URL + "#1"),
        ([OTHER_KEY.jwk | {"kid": "2"}, KEY.jwk | {"kid": SET_URL + "#1"}], SET_URL + "#1"),
        ([OTHER_KEY.jwk, KEY.jwk | {"kid": SET_URL}], SET_URL),
        (["x", None, 5, KEY.jwk], SET_URL),
        ([KEY.jwk | {"kid": "1"}, {"kid": ["1"]}, {"kid": {"1": 1}}, {"kid": 1}], SET_URL + "#1"),
    ],
)
def test_a_set_of_keys_holds_the_named_one(keys: list[object], name: str) -> None:
    found = resolution.token_method(_token(kid=name), ISSUER, _sources({SET_URL: {"keys": keys}}))
    assert (found.method.id, found.method.public_key) == (name, KEY.public_key)


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ([], SET_URL),
        ([KEY.jwk, OTHER_KEY.jwk], SET_URL),
        ([KEY.jwk], SET_URL + "#1"),
        ([KEY.jwk | {"kid": "2"}], SET_URL + "#1"),
        ([KEY.jwk | {"kid": "1"}, OTHER_KEY.jwk | {"kid": "1"}], SET_URL + "#1"),
        ([KEY.jwk | {"kid": "1"}, OTHER_KEY.jwk | {"kid": SET_URL + "#1"}], SET_URL + "#1"),
        (KEY.jwk, SET_URL),
        (None, SET_URL),
        ("x", SET_URL),
        ([{"kid": ["1"]}], SET_URL + "#1"),
    ],
)
def test_a_set_of_keys_that_does_not_hold_it_once_is_refused(keys: object, name: str) -> None:
    with pytest.raises(problem.Invalid, match="does not hold the named one exactly once") as refused:
        resolution.token_method(_token(kid=name), ISSUER, _sources({SET_URL: {"keys": keys}}))
    assert refused.value.kind == controller.INVALID_METHOD


def test_a_set_of_very_many_keys_is_refused() -> None:
    keys = [KEY.jwk | {"kid": str(number)} for number in range(controller.MAX_METHODS)]
    assert resolution.token_method(_token(kid=SET_URL + "#1"), ISSUER, _sources({SET_URL: {"keys": keys}})).method.controller == ISSUER
    with pytest.raises(problem.Invalid, match="more than 100 keys"):
        resolution.token_method(_token(kid=SET_URL + "#1"), ISSUER, _sources({SET_URL: {"keys": [*keys, KEY.jwk]}}))


@pytest.mark.parametrize("key", [{"kty": "oct", "k": "AA"}, KEY.jwk | {"d": "AA"}, {"kty": "OKP"}, {"kty": ["OKP"]}], ids=str)
def test_a_key_that_is_none_is_refused(key: JsonObject) -> None:
    url = ISSUER + "/key"
    for source in (key, {"keys": [key]}):
        with pytest.raises(problem.Invalid):
            resolution.token_method(_token(kid=url), ISSUER, _sources({url: source}))


# --- the key that a token brings


@pytest.mark.parametrize(
    ("issuer", "documents"),
    [
        (ISSUER, {ISSUER: _issuer_document(OTHER_KEY, KEY)}),
        (kit.WEB, {kit.WEB_URL: kit.web_document()}),
        (KEY.did, {}),
        (DID_JWK, {}),
    ],
)
def test_a_key_that_a_token_brings_counts_if_the_issuer_lists_it(issuer: str, documents: dict[str, object]) -> None:
    found = resolution.token_method(_token(jwk=KEY.jwk), issuer, _sources(documents))
    assert (found.method.controller, found.method.public_key, _urls(found)) == (issuer, KEY.public_key, list(documents))


@pytest.mark.parametrize(
    ("issuer", "documents"),
    [
        (ISSUER, {ISSUER: _issuer_document(OTHER_KEY)}),
        (ISSUER, {ISSUER: _issuer_document(KEY) | {"assertionMethod": []}}),
        (ISSUER, {ISSUER: _issuer_document(KEY) | {"id": "https://host.example/mallory"}}),
        (ISSUER, {ISSUER: b"<html>"}),
        (ISSUER, {ISSUER: KEY.jwk}),
        (kit.WEB, {kit.WEB_URL: kit.web_document(OTHER_KEY)}),
        (OTHER_KEY.did, {}),
        ("did:key:z6Mk", {}),
        ("did:jwk:e30", {}),
        ("", {}),
        ("urn:x:y", {}),
    ],
)
def test_a_key_that_only_the_token_brings_proves_nothing(issuer: str, documents: dict[str, object]) -> None:
    with pytest.raises(problem.Invalid):
        resolution.token_method(_token(jwk=KEY.jwk), issuer, _sources(documents))


def test_a_key_that_a_token_brings_leaves_it_open_where_the_issuer_cannot_be_asked() -> None:
    for issuer in (ISSUER, "did:example:x"):
        with pytest.raises(Undecided):
            resolution.token_method(_token(jwk=KEY.jwk), issuer, _sources({}))


def test_a_token_may_name_a_key_and_bring_the_same() -> None:
    both = _token(kid=KEY.verification_method, jwk=KEY.jwk | {"kid": "x", "use": "sig"})
    assert resolution.token_method(both, KEY.did, _sources({})).method.public_key == KEY.public_key
    with pytest.raises(problem.Invalid, match="names one key and brings another"):
        resolution.token_method(_token(kid=KEY.verification_method, jwk=OTHER_KEY.jwk), KEY.did, _sources({}))


def test_where_the_named_key_is_away_the_one_that_is_brought_does_not_stand_in() -> None:
    with pytest.raises(Undecided):
        resolution.token_method(_token(kid=kit.WEB_METHOD, jwk=KEY.jwk), kit.WEB, _sources({}))
