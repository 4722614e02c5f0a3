"""The steps of a verification, one after the other; those on status, keys and presentations have files of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.vc import kit
from tests.vc.kit import GENERIC, ISSUER, LIST, OTHER, POLICY, WEB, WEB_METHOD, WEB_URL

from badgeissuer import problem
from badgeissuer.vc import (
    contexts,
    controller,
    credential,
    cryptosuites,
    examination,
    jose,
    jwk,
    proof,
    report,
    schema,
    secured,
    statuslist,
    verification,
)  # fmt: skip
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

KEY_PAGE = "https://badges.example/keys/1"
GOOD_LIST = kit.at(list=kit.list_by())
UNPROVEN = "It says so, but nothing shows that its issuer signed it."


@pytest.fixture
def signed() -> JsonObject:
    return kit.sign(kit.badge())


@pytest.fixture
def web_badge() -> JsonObject:
    return kit.sign(kit.badge(WEB, status=False), kit.WEB_ISSUER)


def _policy(**change: Any) -> verification.Policy:  # noqa: ANN401 - members of a kind
    """Return the strict policy with another kind of document."""
    kind = replace(kit.KIND, **change)
    return replace(POLICY, profile=replace(POLICY.profile, kind=lambda _source: kind))


def test_a_good_badge_is_valid_in_every_step(signed: JsonObject) -> None:
    found = kit.verify(signed, GOOD_LIST)
    assert found.outcome is Outcome.VALID
    assert [(step.name, step.outcome.value) for step in found.steps] == [
        ("syntax", "VALID"),
        ("context", "VALID"),
        ("data_model", "VALID"),
        ("issuer", "VALID"),
        ("proof", "VALID"),
        ("validity", "VALID"),
        ("status", "VALID"),
        ("schema", "NOT_APPLICABLE"),
        ("refresh", "NOT_APPLICABLE"),
        ("endorsement", "NOT_APPLICABLE"),
        ("recipient", "NOT_APPLICABLE"),
        ("trust", "NOT_APPLICABLE"),
    ]
    assert [evidence.url for evidence in found.step("status").evidence] == [LIST]
    assert (found.profile, found.issuer.name, found.issuer.identity, found.parts) == ("badge", "Example College", "unverified", ())


@pytest.mark.parametrize("suite", cryptosuites.SUITES.values(), ids=lambda suite: suite.name)
@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_good_credential_is_valid_under_each_suite(suite: cryptosuites.Cryptosuite, policy: verification.Policy) -> None:
    source = kit.badge() if suite is not cryptosuites.ED25519_SIGNATURE_2020 else _older()
    allowed = policy if policy is GENERIC else _policy(check_context=credential.check_context)
    assert kit.verify(kit.sign(source, suite=suite), GOOD_LIST, policy=allowed).outcome is Outcome.VALID


def _older() -> JsonObject:
    """Return a badge whose contexts define the terms of the older proof."""
    source = kit.badge()
    return source | {"@context": [*source["@context"], contexts.ED25519_2020]}


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_good_token_is_valid(policy: verification.Policy) -> None:
    found = kit.verify(kit.token(kit.badge()), GOOD_LIST, policy=policy)
    assert (found.outcome, kit.outcomes(found)) == (Outcome.VALID, {})


# --- identity


@pytest.mark.parametrize(
    ("trusted", "name", "identity"),
    [
        ("Example College", "Example College", "known"),
        ("Other", "Example College", "name_mismatch"),
        (None, "Example College", "unverified"),
    ],
)
def test_the_identity_of_the_issuer_changes_no_outcome(signed: JsonObject, trusted: str | None, name: str, identity: str) -> None:
    policy = replace(POLICY, trusted={ISSUER.did: trusted} if trusted else {"did:x:y": name})
    found = kit.verify(signed, GOOD_LIST, policy=policy)
    assert (found.outcome, found.issuer.identity, found.issuer.id) == (Outcome.VALID, identity, ISSUER.did)
    assert found.step("trust").outcome is (Outcome.VALID if trusted else Outcome.NOT_APPLICABLE)


def test_an_issuer_that_is_only_a_url_has_no_name() -> None:
    source = kit.badge()
    source["issuer"] = ISSUER.did
    found = kit.verify(kit.sign(source), GOOD_LIST)
    assert (found.outcome, found.issuer.name) == (Outcome.VALID, "")


# --- context and data model


def test_an_unknown_context_leaves_the_question_open(signed: JsonObject) -> None:
    found = kit.verify(signed | {"@context": [*signed["@context"], "https://x.example/c"]}, GOOD_LIST)
    assert kit.faults(found) == {"context": "INDETERMINATE"}
    assert found.outcome is Outcome.INDETERMINATE
    assert "a vocabulary of which no pinned copy is held here" in found.summary


@pytest.mark.parametrize("value", [None, "x", [contexts.OPEN_BADGES], [contexts.CREDENTIALS_V2, 5]], ids=str)
def test_another_context_is_invalid_and_nothing_is_canonicalised(signed: JsonObject, value: object) -> None:
    found = kit.verify(signed | {"@context": value}, GOOD_LIST)
    assert kit.faults(found) == {"context": "INVALID"}
    assert found.step("proof").findings[0].type == report.NOT_REACHED


@pytest.mark.parametrize("change", [{"type": "X"}, {"issuer": 5}, {"name": None}, {"@included": []}, {"id": ["x"]}], ids=str)
def test_a_document_of_another_shape_is_invalid(signed: JsonObject, change: JsonObject) -> None:
    found = kit.verify(signed | change, GOOD_LIST)
    assert found.outcome is Outcome.INVALID
    assert found.step("data_model").outcome is Outcome.INVALID


def test_what_is_gated_is_never_canonicalised(signed: JsonObject) -> None:
    canonicalised: list[JsonObject] = []

    def check(source: JsonObject, _known: object) -> None:
        canonicalised.append(source)

    found = kit.verify(signed | {"@included": []}, GOOD_LIST, policy=_policy(check_context=check))
    assert found.step("context").outcome is Outcome.VALID
    assert found.step("proof").findings[0].type == report.NOT_REACHED


@pytest.mark.parametrize("secure", [kit.token, lambda source: kit.prove(source, ISSUER, suite=cryptosuites.EDDSA_JCS_2022)])
@pytest.mark.parametrize("change", [{"grade": "A"}, {"evidence": [{"type": "Undefined", "name": "x"}]}], ids=str)
def test_words_without_a_meaning_are_a_fault_though_a_text_is_signed(secure: Callable[[JsonObject], Any], change: JsonObject) -> None:
    found = kit.verify(secure(kit.badge() | change), GOOD_LIST, policy=_policy(is_defined=True))
    assert kit.outcomes(found) == {"data_model": "INVALID"}
    assert "not defined by the document's contexts" in kit.detail(found, "data_model")
    assert "no signature would cover" not in found.summary
    assert kit.verify(secure(kit.badge() | change), GOOD_LIST).outcome is Outcome.VALID


def test_words_without_a_meaning_are_not_looked_for_under_contexts_that_are_not_held() -> None:
    source = kit.badge() | {"@context": [contexts.CREDENTIALS_V2, "https://x.example/c"], "grade": "A"}
    strict = _policy(is_defined=True)
    assert kit.faults(kit.verify(kit.token(source), GOOD_LIST, policy=strict)) == {"context": "INDETERMINATE"}
    other = kit.verify(kit.token(source | {"@context": "x"}), GOOD_LIST, policy=strict)
    assert kit.faults(other) == {"context": "INVALID", "data_model": "INVALID"}


# --- what a token says twice


def _token_claiming(**claims: object) -> str:
    """Return a token whose payload claims something else; None takes a claim away."""
    header, payload, _ = (jwk.from_base64url(part) for part in kit.token(kit.badge()).split("."))
    changed = {name: value for name, value in (json.loads(payload) | claims).items() if value is not None}
    signed = ".".join(jwk.to_base64url(part) for part in (header, json.dumps(changed).encode()))
    return f"{signed}.{jwk.to_base64url(ISSUER.sign(signed.encode()))}"


@pytest.mark.parametrize(
    "claims", [{"iss": OTHER.did}, {"sub": "did:example:other"}, {"jti": "urn:x:y"}, {"nbf": 1}, {"exp": 1}, {"exp": "never"}], ids=str
)
def test_a_token_that_contradicts_its_credential_is_invalid(claims: JsonObject) -> None:
    found = kit.verify(_token_claiming(**claims), GOOD_LIST)
    assert kit.outcomes(found) == {"data_model": "INVALID"}
    assert {finding.type for finding in found.step("data_model").findings} == {jose.CLAIM_MISMATCH}


def test_a_token_without_the_claims_that_badges_have_is_valid_with_remarks() -> None:
    found = kit.verify(_token_claiming(iss=None, jti=None), GOOD_LIST)
    assert found.outcome is Outcome.VALID
    assert {(finding.pointer, finding.type) for finding in found.step("data_model").findings} == {
        ("/iss", jose.CLAIM_MISSING),
        ("/jti", jose.CLAIM_MISSING),
    }


@pytest.mark.parametrize(("claim", "said"), [("nbf", "valid only from"), ("exp", "expired on")])
def test_the_dates_of_a_token_count_where_its_credential_has_none(claim: str, said: str) -> None:
    source = kit.badge()
    member, moment = ("validFrom", "2026-06-01T12:06:00Z") if claim == "nbf" else ("validUntil", "2026-06-01T11:59:00Z")
    del source[member]
    given = kit.token(source)
    assert kit.verify(given, GOOD_LIST).outcome is Outcome.VALID
    header, payload, _ = (jwk.from_base64url(part) for part in given.split("."))
    seconds = int(datetime.fromisoformat(moment).timestamp())
    text = ".".join(jwk.to_base64url(part) for part in (header, json.dumps(json.loads(payload) | {claim: seconds}).encode()))
    found = kit.verify(f"{text}.{jwk.to_base64url(ISSUER.sign(text.encode()))}", GOOD_LIST)
    assert kit.outcomes(found) == {"validity": "INVALID"}
    assert said in kit.detail(found, "validity")


# --- whether the order of arrays is signed

_JCS, _RDFC = cryptosuites.EDDSA_JCS_2022, cryptosuites.EDDSA_RDFC_2022


def _remarks(_source: JsonObject, is_ordered: bool) -> tuple[problem.Finding, ...]:  # noqa: FBT001 - as policy.Kind has it
    return (problem.Finding(f"ordered: {is_ordered}", type="urn:x:y"),)


def _proofs(*suites: cryptosuites.Cryptosuite) -> JsonObject:
    proofs: list[JsonObject] = []
    for suite in suites:
        made = proof.add_proof(proof.lint(kit.badge()), ISSUER, created=kit.CREATED, suite=suite, earlier=proofs)
        proofs = proof.proofs(made)
    return kit.badge() | {"proof": proofs}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (kit.token(kit.badge()), True),
        (kit.token(kit.badge() | {"evidence": {"id": "urn:x:y", "type": "Evidence"}}), True),
        (_proofs(_JCS), True),
        (_proofs(_JCS, _JCS), True),
        (_proofs(_RDFC), False),
        (_proofs(_JCS, _RDFC), False),
        (_proofs(_RDFC, _JCS), False),
        (_proofs(_JCS) | {"proof": [*_proofs(_JCS)["proof"], "text"]}, False),
        (_proofs(_JCS) | {"proof": [*_proofs(_JCS)["proof"], {"type": "Unknown"}]}, False),
        (kit.badge(), False),
        (kit.badge() | {"proof": []}, False),
    ],
)
def test_who_remarks_is_told_whether_the_order_of_arrays_is_signed(source: JsonObject | str, expected: bool) -> None:  # noqa: FBT001 - a table
    step = kit.verify(source, GOOD_LIST, policy=_policy(remarks=(_remarks,), gate=lambda _source: ())).step("data_model")
    assert step.findings[0].detail == f"ordered: {expected}"
    assert step.outcome is Outcome.VALID


def test_remarks_are_made_of_a_document_without_faults_only(signed: JsonObject) -> None:
    remarking = _policy(remarks=(_remarks,))
    found = kit.verify(signed, GOOD_LIST, policy=remarking)
    assert (found.outcome, len(found.step("data_model").findings)) == (Outcome.VALID, 1)
    faulty = kit.verify(signed | {"issuer": 5}, GOOD_LIST, policy=remarking).step("data_model")
    assert all(not finding.detail.startswith("ordered") for finding in faulty.findings)


# --- proof


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        (None, "INVALID", "not signed"),
        ([], "INVALID", "not signed"),
        ("text", "INVALID", "must be an object"),
        ({"jws": "x"}, "INVALID", "no signature covers"),
        ({"proofPurpose": "authentication"}, "INVALID", "another purpose"),
        ({"cryptosuite": "eddsa-jcs-2022"}, "INVALID", "does not fit"),
        ({"cryptosuite": "ecdsa-sd-2023"}, "INDETERMINATE", "does not know proofs of the kind"),
        ({"type": "Ed25519Signature2018", "cryptosuite": "x"}, "INDETERMINATE", "does not know proofs of the kind"),
        ({"previousProof": "urn:x:y"}, "INVALID", "not there exactly once"),
        ({"previousProof": 5}, "INVALID", "must be the id of another proof"),
        ({"created": "2026-05-20T14:05:01Z"}, "INVALID", "does not fit"),
        ({"proofValue": "z1"}, "INVALID", "not the 64 bytes"),
        ({"verificationMethod": "did:example:x#y"}, "INDETERMINATE", "cannot look up identifiers"),
        ({"verificationMethod": "urn:x#y"}, "INVALID", "neither did:key"),
        ({"verificationMethod": "did:key:z6Mk#x"}, "INVALID", "names its key twice"),
        ({"verificationMethod": WEB_METHOD}, "INDETERMINATE", "it was not fetched"),
    ],
    ids=str,
)
def test_a_proof_that_does_not_hold_decides(signed: JsonObject, change: object, outcome: str, said: str) -> None:
    if change is None:
        del signed["proof"]
    else:
        signed["proof"] = signed["proof"] | change if isinstance(change, dict) else change
    found = kit.verify(signed, GOOD_LIST, policy=replace(GENERIC, profile=replace(GENERIC.profile, kind=_without_empties)))
    assert found.step("proof").outcome.value == outcome
    assert found.outcome.value == outcome
    assert said in kit.detail(found, "proof")
    assert found.step("issuer").outcome is Outcome.INDETERMINATE


def _without_empties(source: JsonObject) -> verification.Kind:
    """Return the generic kind with a gate that lets an empty `proof` through to the step on proofs."""
    kind = verification.GENERIC.kind(source)
    return replace(kind, gate=lambda given: () if given.get("proof") == [] else kind.gate(given))


def test_a_changed_badge_is_invalid_and_says_so_first(signed: JsonObject) -> None:
    signed["credentialSubject"]["achievement"]["name"] = "Leadership"
    found = kit.verify(signed, GOOD_LIST, now=kit.NOW + timedelta(days=4000))
    assert found.summary == "Do not rely on this badge. The signature does not fit the document: it was changed, or another key signed it."


def test_a_strangers_proof_beside_the_issuers_is_no_fault(signed: JsonObject) -> None:
    signed["proof"] = [kit.sign(kit.badge(), OTHER)["proof"], signed["proof"]]
    assert kit.verify(signed, GOOD_LIST).outcome is Outcome.VALID


def test_a_strangers_proof_alone_is_not_the_issuers() -> None:
    found = kit.verify(kit.sign(kit.badge(), OTHER), GOOD_LIST)
    assert kit.faults(found) == {"issuer": "INVALID"}
    assert "not controlled by the issuer" in found.summary


def test_one_broken_proof_of_two_is_enough_to_refuse(signed: JsonObject) -> None:
    broken = kit.sign(kit.badge(), OTHER)["proof"] | {"created": "2026-05-20T14:05:01Z"}
    for proofs in ([broken, signed["proof"]], [signed["proof"], broken]):
        assert kit.verify(signed | {"proof": proofs}, GOOD_LIST).outcome is Outcome.INVALID


def test_an_unknown_suite_beside_the_issuers_proof_leaves_the_question_open(signed: JsonObject) -> None:
    unknown = signed["proof"] | {"cryptosuite": "from-the-future"}
    assert kit.verify(signed | {"proof": [unknown, signed["proof"]]}, GOOD_LIST).outcome is Outcome.INDETERMINATE
    broken = signed["proof"] | {"created": "2026-05-20T14:05:01Z"}
    assert kit.verify(signed | {"proof": [unknown, broken]}, GOOD_LIST).outcome is Outcome.INVALID


def test_more_than_four_proofs_are_refused(signed: JsonObject) -> None:
    signed["proof"] = [signed["proof"] | {"nonce": str(number)} for number in range(5)]
    assert "at most 4" in kit.detail(kit.verify(signed, GOOD_LIST), "proof")


def _chain() -> JsonObject:
    """Return a badge with a proof of the issuer, and one of a witness that signs that one too."""
    linted = proof.lint(kit.badge())
    first = proof.add_proof(linted, ISSUER, created=kit.CREATED, name="urn:uuid:1")
    return proof.add_proof(linted, OTHER, created=kit.CREATED, earlier=[first["proof"]], follows=["urn:uuid:1"], name="urn:uuid:2")


def test_a_chain_of_proofs_holds_only_as_a_whole() -> None:
    chained = _chain()
    first, second = chained["proof"]
    assert kit.verify(chained, GOOD_LIST).outcome is Outcome.VALID
    assert kit.verify(chained | {"proof": [second, first]}, GOOD_LIST).outcome is Outcome.VALID
    assert kit.verify(chained | {"proof": first}, GOOD_LIST).outcome is Outcome.VALID
    for proofs, said in (
        ([second], "not there exactly once"),
        ([first, second | {"previousProof": "urn:uuid:2"}], "does not fit"),
        ([first, {name: value for name, value in second.items() if name != "previousProof"}], "does not fit"),
        ([first | {"created": "2026-05-20T14:05:01Z"}, second], "does not fit"),
    ):
        found = kit.verify(chained | {"proof": proofs}, GOOD_LIST)
        assert found.step("proof").outcome is Outcome.INVALID
        assert said in kit.detail(found, "proof")


def test_a_proof_inside_a_token_must_hold_too_and_does_not_stand_in_for_the_token(signed: JsonObject) -> None:
    assert kit.verify(kit.token(signed), GOOD_LIST).outcome is Outcome.VALID
    changed = kit.verify(kit.token(signed | {"name": "Leadership"}), GOOD_LIST)
    assert kit.faults(changed) == {"proof": "INVALID"}
    foreign = kit.verify(kit.token(signed, OTHER), GOOD_LIST)
    assert kit.faults(foreign) == {"issuer": "INVALID"}


def test_a_token_that_was_changed_is_invalid() -> None:
    header, payload, signature = kit.token(kit.badge()).split(".")
    other = kit.token(kit.badge(name="Leadership")).split(".")[1]
    for text in (f"{header}.{other}.{signature}", f"{header}.{payload}.{jwk.to_base64url(bytes(64))}"):
        found = kit.verify(text, GOOD_LIST)
        assert kit.faults(found) == {"proof": "INVALID"}
        assert "signature of the token does not fit" in found.summary


@pytest.mark.parametrize("header", [{"alg": "ES256"}, {"alg": "RS256"}])
def test_the_key_says_by_which_algorithm_and_not_the_header(header: JsonObject) -> None:
    assert kit.faults(kit.verify(kit.token(kit.badge(), ISSUER, **header), GOOD_LIST)) == {"proof": "INVALID"}


# --- the issuer's document


def test_a_badge_of_a_did_web_issuer_is_valid(web_badge: JsonObject) -> None:
    found = kit.verify(web_badge, kit.at(web=kit.web_document()))
    assert found.outcome is Outcome.VALID
    assert found.step("status").outcome is Outcome.NOT_APPLICABLE
    assert [evidence.url for evidence in found.step("proof").evidence] == [WEB_URL]


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", {"id": "did:web:elsewhere.example"}, {"id": WEB}, {"id": WEB, "assertionMethod": [WEB_METHOD]}],
    ids=str,
)
def test_a_bad_document_of_the_issuer_is_invalid(web_badge: JsonObject, body: object) -> None:
    assert kit.verify(web_badge, kit.at(web=body)).outcome is Outcome.INVALID


@pytest.mark.parametrize("type_", [["Multikey"], {"a": 1}, None, 5], ids=str)
def test_a_key_of_a_strange_type_is_invalid_and_no_crash(web_badge: JsonObject, type_: object) -> None:
    assert kit.verify(web_badge, kit.at(web=kit.web_document(type=type_))).outcome is Outcome.INVALID


def test_a_proof_cannot_be_by_a_key_of_another_kind(web_badge: JsonObject) -> None:
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    method = {"id": WEB_METHOD, "type": "JsonWebKey", "controller": WEB, "publicKeyJwk": key}
    found = kit.verify(web_badge, kit.at(web={"id": WEB, "assertionMethod": [method]}))
    assert (found.outcome, kit.detail(found, "proof")) == (Outcome.INVALID, "The key that the proof names is no Ed25519 key.")


def test_an_unreachable_document_of_the_issuer_leaves_the_question_open(web_badge: JsonObject) -> None:
    found = kit.verify(web_badge, {WEB_URL: verification.Unreachable(WEB_URL, "no answer within 3 seconds")})
    assert found.outcome is Outcome.INDETERMINATE
    assert "no answer within 3 seconds" in found.summary


@pytest.mark.parametrize("name", ["revoked", "expires"])
def test_a_key_that_does_not_count_any_more_is_a_finding_of_validity(web_badge: JsonObject, name: str) -> None:
    for moment, outcome in (("2026-06-01T12:00:00Z", Outcome.INVALID), ("2026-06-01T12:00:01Z", Outcome.VALID)):
        found = kit.verify(web_badge, kit.at(web=kit.web_document(**{name: moment})))
        assert found.outcome is found.step("validity").outcome is outcome


def test_nobody_can_sign_for_another_by_writing_their_name_beside_a_key() -> None:
    """A forger's own, well reachable documents say that their key is controlled by the victim."""
    forger = kit.SeedSigner(66)
    did, page = "did:web:forger.example", "https://forger.example/key"
    url, method = "https://forger.example/.well-known/did.json", did + "#k"
    key = {"type": "Multikey", "controller": WEB, "publicKeyMultibase": forger.public_key.multikey}
    victim = kit.at(web=kit.web_document())
    in_document: kit.Gathered = {
        url: kit.found(url, {"id": did, "assertionMethod": [method], "verificationMethod": [key | {"id": method}]})
    }
    in_page: kit.Gathered = {page: kit.found(page, key | {"id": page})}
    source = kit.badge(WEB, status=False)
    for name, gathered in ((method, in_document), (page, in_page)):
        signer = kit.SeedSigner(66, name)
        assert kit.verify(kit.sign(source, signer), victim | gathered).step("proof").outcome is Outcome.INVALID
        assert kit.verify(kit.token(source, signer), victim | gathered).step("proof").outcome is Outcome.INVALID


def test_a_key_that_a_forger_brings_in_the_header_is_not_the_issuers() -> None:
    forger = kit.SeedSigner(66)
    source = kit.badge(WEB, status=False)
    brought = kit.token(source, forger, kid=None, jwk=forger.jwk)
    assert kit.faults(kit.verify(brought, kit.at(web=kit.web_document()))) == {"proof": "INVALID"}
    own = kit.token(source, ISSUER, kid=None, jwk=ISSUER.jwk)
    assert kit.verify(own, kit.at(web=kit.web_document())).outcome is Outcome.VALID


def test_a_key_with_a_page_of_its_own_counts_when_the_issuers_document_lists_it() -> None:
    source = kit.sign(kit.badge(WEB, status=False), kit.SeedSigner(1, KEY_PAGE))
    page = {"id": KEY_PAGE, "type": "Multikey", "controller": WEB, "publicKeyMultibase": ISSUER.public_key.multikey}
    gathered: kit.Gathered = {}
    assert verification.needs(source, gathered, policy=POLICY) == {KEY_PAGE}
    gathered[KEY_PAGE] = kit.found(KEY_PAGE, page)
    assert verification.needs(source, gathered, policy=POLICY) == {WEB_URL}
    assert kit.verify(source, gathered).outcome is Outcome.INDETERMINATE
    gathered |= kit.at(web={"id": WEB, "assertionMethod": [KEY_PAGE]})
    assert verification.needs(source, gathered, policy=POLICY) == set()
    found = kit.verify(source, gathered)
    assert found.outcome is Outcome.VALID
    assert [evidence.url for evidence in found.step("proof").evidence] == [KEY_PAGE, WEB_URL]


# --- validity


@pytest.mark.parametrize(
    ("now", "outcome", "said"),
    [
        (kit.CREATED - timedelta(minutes=5), Outcome.VALID, ""),
        (kit.CREATED - timedelta(minutes=5, seconds=1), Outcome.INVALID, "valid only from 20 May 2026, 14:05 UTC"),
        (datetime(2028, 5, 20, 14, 5, tzinfo=UTC), Outcome.VALID, ""),
        (datetime(2028, 5, 20, 14, 5, 1, tzinfo=UTC), Outcome.INVALID, "expired on 20 May 2028, 14:05 UTC"),
    ],
)
def test_clocks_may_differ_at_the_beginning_and_not_at_the_end(now: datetime, outcome: Outcome, said: str) -> None:
    found = kit.verify(kit.sign(kit.badge(status=False)), now=now)
    assert (found.outcome, found.step("validity").outcome) == (outcome, outcome)
    assert said in found.summary


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validFrom": "2026-05-20T14:05:00Z", "validUntil": "2026-05-20T14:04:59Z"}, "before it begins"),
        ({"validFrom": "2026-05-20"}, "no date-time"),
        ({"validUntil": "soon"}, "no date-time"),
    ],
)
def test_dates_that_cannot_be_are_invalid(change: JsonObject, said: str) -> None:
    found = kit.verify(kit.sign(kit.badge(**change)), GOOD_LIST)
    assert kit.outcomes(found) == {"data_model": "INVALID", "validity": "INVALID"}
    assert said in kit.detail(found, "validity")


def test_a_credential_without_dates_is_in_time() -> None:
    source = kit.badge()
    del source["validFrom"], source["validUntil"]
    assert kit.verify(kit.sign(source), GOOD_LIST).outcome is Outcome.VALID


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"created": "2026-06-01T12:05:01Z"}, "made in the future"),
        ({"expires": "2026-06-01T11:59:59Z"}, "proof has expired"),
        ({"created": "2026-06-01T12:05:00Z", "expires": "2026-06-01T12:00:00Z"}, ""),
    ],
)
def test_a_proof_has_a_time_of_its_own(change: JsonObject, said: str) -> None:
    found = kit.verify(kit.prove(kit.badge(), ISSUER, **change), GOOD_LIST)
    step = found.step("validity")
    assert found.outcome is step.outcome is (Outcome.INVALID if said else Outcome.VALID)
    assert said in (step.findings[0].detail if step.findings else "")


# --- schema

OWN, FOREIGN = kit.SCHEMA + "x.json", "https://x.example/schema"
NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"const": "Teamwork"}}}


def _naming(*schemas: object) -> str:
    return kit.token(kit.badge(credentialSchema=list(schemas)))


def _schema(url: object, kind: object = "JsonSchema") -> JsonObject:
    return {"id": url, "type": kind}


@pytest.mark.parametrize(
    ("named", "outcome", "said"),
    [
        (_schema(OWN), "VALID", ""),
        (_schema(OWN, "SomeOther"), "VALID", ""),
        (_schema(kit.SCHEMA + "named"), "VALID", ""),
        (_schema(FOREIGN), "VALID", ""),
        (_schema(FOREIGN, ["1EdTechJsonSchemaValidator2019"]), "VALID", ""),
        (_schema(FOREIGN, ["x", {"a": 1}]), "INDETERMINATE", "of a kind that is not read here"),
        (_schema(FOREIGN + "/away"), "INDETERMINATE", "it was not fetched"),
        (_schema(FOREIGN + "/page"), "INDETERMINATE", "cannot be read"),
        (_schema("urn:x:y"), "INDETERMINATE", "is no web address"),
        (_schema(5), "INVALID", "must be an object with the URL"),
        ({"type": "JsonSchema"}, "INVALID", "must be an object with the URL"),
        (OWN, "INVALID", "must be an object with the URL"),
    ],
    ids=str,
)
def test_a_schema_is_known_or_fetched_or_the_question_stays_open(named: object, outcome: str, said: str) -> None:
    page = FOREIGN + "/page"
    step = kit.verify(_naming(named), GOOD_LIST | {FOREIGN: kit.found(FOREIGN, NAMED), page: kit.found(page, b"<html>")}).step("schema")
    assert step.outcome.value == outcome
    assert said in (step.findings[0].detail if step.findings else "")


@pytest.mark.parametrize("url", [FOREIGN, kit.SCHEMA + "named"])
def test_a_credential_that_breaks_its_schema_is_invalid(url: str) -> None:
    source = kit.badge(credentialSchema=_schema(url))
    del source["name"]
    found = kit.verify(kit.token(source), GOOD_LIST | {FOREIGN: kit.found(FOREIGN, NAMED)})
    assert kit.outcomes(found) == {"schema": "INVALID"}


def test_what_our_own_rule_finds_is_said_once() -> None:
    source = kit.badge(credentialSchema=_schema(OWN), termsOfUse={"id": "urn:x:y"})
    found = kit.verify(kit.token(source), GOOD_LIST)
    assert found.step("data_model").outcome is Outcome.INVALID
    assert found.step("schema").outcome is Outcome.VALID


def test_a_fetched_schema_is_evidence_and_asked_for() -> None:
    given = jose.read(_naming(_schema(FOREIGN), _schema(OWN)))
    content = jose.credential(given)
    assert verification.needs(content, GOOD_LIST, policy=POLICY, token=given) == {FOREIGN}
    step = kit.verify(given.text, GOOD_LIST | {FOREIGN: kit.found(FOREIGN, NAMED)}).step("schema")
    assert [evidence.url for evidence in step.evidence] == [FOREIGN]


def test_one_schema_of_several_is_enough_to_refuse_and_four_are_the_most() -> None:
    other = FOREIGN + "/2"
    gathered = GOOD_LIST | {FOREIGN: kit.found(FOREIGN, NAMED), other: kit.found(other, {"required": ["missing"]})}
    assert kit.verify(_naming(_schema(FOREIGN), _schema(other)), gathered).outcome is Outcome.INVALID
    assert kit.verify(_naming(_schema(FOREIGN + "/away"), _schema(other)), gathered).outcome is Outcome.INVALID
    five = [_schema(f"{FOREIGN}/{number}") for number in range(5)]
    assert "At most 4 schemas" in kit.detail(kit.verify(_naming(*five), GOOD_LIST), "schema")
    assert len(verification.needs(kit.badge(credentialSchema=five), GOOD_LIST, policy=POLICY)) == 4


def test_a_schema_that_cannot_be_answered_for_leaves_the_question_open() -> None:
    odd = {"$schema": "https://x.example/dialect"}
    found = kit.verify(_naming(_schema(FOREIGN)), GOOD_LIST | {FOREIGN: kit.found(FOREIGN, odd)})
    assert kit.outcomes(found) == {"schema": "INDETERMINATE"}
    assert found.step("schema").findings[0].type == schema.UNDECIDED


def test_the_generic_profile_fetches_every_schema() -> None:
    given = kit.verify(_naming(_schema(OWN)), GOOD_LIST, policy=GENERIC)
    assert kit.outcomes(given) == {"schema": "INDETERMINATE"}


# --- the recipient


@pytest.mark.parametrize(
    ("answers", "outcome", "said"),
    [
        ([True], "VALID", ""),
        ([False], "INVALID", "to somebody else"),
        ([None], "INDETERMINATE", "does not say in a form that can be compared"),
        ([False, True], "VALID", ""),
        ([None, True], "VALID", ""),
        ([None, False], "INVALID", "to somebody else"),
    ],
)
def test_the_recipient_is_compared_with_every_subject(answers: list[bool | None], outcome: str, said: str) -> None:
    subjects = [{"id": f"did:example:{number}", "type": "AchievementSubject"} for number in range(len(answers))]

    def answers_to(subject: JsonObject, given: str) -> bool | None:
        assert given == "asha@college.example"
        return answers[int(subject["id"].rpartition(":")[2])]

    policy = replace(_policy(answers_to=answers_to), recipient="asha@college.example")
    found = kit.verify(kit.token(kit.badge(credentialSubject=subjects), typ="vc+jwt"), GOOD_LIST, policy=policy)
    assert found.step("recipient").outcome.value == outcome
    assert [(finding.detail, finding.type) for finding in found.step("recipient").findings if said not in finding.detail] == []
    assert {finding.type for finding in found.step("recipient").findings} <= {examination.RECIPIENT}


def test_nobody_is_the_recipient_of_what_has_no_subject(signed: JsonObject) -> None:
    found = kit.verify(signed | {"credentialSubject": "x"}, GOOD_LIST, policy=replace(POLICY, recipient="x"))
    assert kit.faults(found)["recipient"] == "INDETERMINATE"


# --- keys in wrong hands


def test_a_key_in_wrong_hands_proves_nothing_whenever_it_says_it_signed(signed: JsonObject) -> None:
    for since, outcome in ((kit.NOW, Outcome.INVALID), (kit.NOW + timedelta(seconds=1), Outcome.VALID)):
        policy = replace(POLICY, compromised={ISSUER.verification_method: since})
        assert kit.verify(signed, GOOD_LIST, policy=policy).outcome is outcome
    lost = replace(POLICY, compromised={ISSUER.verification_method: kit.NOW}, trusted={ISSUER.did: "Example College"})
    found = kit.verify(signed, GOOD_LIST, policy=lost)
    assert "wrong hands" in found.summary
    assert found.step("trust").outcome is Outcome.INVALID


def test_a_key_in_wrong_hands_is_known_under_another_name(web_badge: JsonObject) -> None:
    policy = replace(POLICY, compromised={ISSUER.verification_method: kit.NOW})
    for source in (web_badge, kit.token(kit.badge(WEB, status=False), kit.WEB_ISSUER)):
        found = kit.verify(source, kit.at(web=kit.web_document()), policy=policy)
        assert kit.outcomes(found) == {"trust": "INVALID"}


def test_a_witness_whose_key_is_in_wrong_hands_spoils_the_whole() -> None:
    policy = replace(POLICY, compromised={OTHER.verification_method: kit.NOW})
    assert kit.outcomes(kit.verify(_chain(), GOOD_LIST, policy=policy)) == {"trust": "INVALID"}


# --- nothing is presented as true that nobody signed

ALWAYS = {"syntax", "context", "data_model"}


def _forged(source: JsonObject) -> list[JsonObject | str]:
    """Return what a forger can make of a badge that is not theirs."""
    forger = kit.SeedSigner(66)
    return [
        source,
        source | {"proof": kit.sign(kit.badge())["proof"]},
        kit.sign(source, forger),
        kit.prove(source, kit.SeedSigner(66, ISSUER.verification_method)),
        kit.prove(source, kit.SeedSigner(66, WEB_METHOD)),
        kit.token(source, forger),
        kit.token(source, kit.SeedSigner(66, ISSUER.verification_method)),
        kit.token(source, forger, kid=None, jwk=forger.jwk),
    ]


@pytest.mark.parametrize("number", range(8))
def test_a_forged_document_shows_no_other_step_as_valid(number: int) -> None:
    source = kit.badge(credentialSchema=_schema(OWN), name="Leadership")
    policy = replace(
        _policy(answers_to=lambda _subject, _given: True, remarks=(_remarks,)), trusted={ISSUER.did: "Example College"}, recipient="x"
    )
    found = kit.verify(_forged(source)[number], GOOD_LIST, policy=policy)
    assert found.outcome is not Outcome.VALID
    valid = {step.name for step in found.steps if step.outcome is Outcome.VALID}
    assert valid <= ALWAYS | ({"proof"} if found.step("issuer").outcome is Outcome.INVALID else set())
    assert found.issuer.identity == "unverified"
    for name in ("validity", "status", "schema", "recipient", "trust"):
        assert (kit.detail(found, name), found.step(name).findings[0].type) == (UNPROVEN, report.NOT_REACHED)


def test_what_is_wrong_with_a_forged_document_is_said_all_the_same() -> None:
    source = kit.badge(validUntil="2026-05-30T00:00:00Z")
    found = kit.verify(source, kit.at(list=kit.list_by(revoked=(7,))))
    assert kit.faults(found) == {"proof": "INVALID", "validity": "INVALID", "status": "INVALID"}
    assert "not signed" in found.summary


# --- credentials inside


def _holding(*credentials: object) -> str:
    """Return a token of a badge that holds other credentials, in a member that is there for these tests."""
    return kit.token(kit.badge(holds=list(credentials)))


def _held(source: JsonObject) -> list[tuple[str, str, Any]]:
    values = credential.as_list(source.get("holds"))
    return [(f"/holds/{number}", "credential", value) for number, value in enumerate(values)]


PARTS = _policy(parts=_held, gate=lambda _source: ())


def _inner(number: int = 0, **change: Any) -> JsonObject:  # noqa: ANN401 - any members
    return kit.sign(kit.badge(id=f"urn:x:{number}", **change))


def test_credentials_inside_are_verified_each_on_its_own() -> None:
    found = kit.verify(
        _holding(_inner(1), kit.token(kit.badge(name="Leadership")), secured.envelope(kit.token(kit.badge()))), GOOD_LIST, policy=PARTS
    )
    assert (found.outcome, found.step("credentials").outcome) == (Outcome.VALID, Outcome.VALID)
    assert [(part.pointer, part.role, part.report.outcome.value) for part in found.parts] == [
        ("/holds/0", "credential", "VALID"),
        ("/holds/1", "credential", "VALID"),
        ("/holds/2", "credential", "VALID"),
    ]
    assert [part["pointer"] for part in found.to_json()["parts"]] == ["/holds/0", "/holds/1", "/holds/2"]


def test_a_document_is_no_better_than_the_worst_inside() -> None:
    unknown, changed = _inner(2, status=False) | {"proof": {"type": "Unknown"}}, _inner(3) | {"name": "Leadership"}
    for inside, outcome in (([_inner(1), unknown], "INDETERMINATE"), ([unknown, _inner(1), changed], "INVALID")):
        found = kit.verify(_holding(*inside), GOOD_LIST, policy=PARTS)
        step = found.step("credentials")
        assert found.outcome.value == step.outcome.value == outcome
        bad = [part for part in found.parts if part.report.outcome is not Outcome.VALID]
        assert [(finding.pointer, finding.detail) for finding in step.findings] == [(part.pointer, part.report.summary) for part in bad]
        assert all(finding.type != report.NOT_REACHED for finding in step.findings)


@pytest.mark.parametrize(
    ("value", "outcome", "said"),
    [
        (5, "INVALID", "This is not a credential that can be read."),
        ("hello", "INVALID", "This is not a credential that can be read."),
        ({"type": "EnvelopedVerifiablePresentation"}, "INDETERMINATE", "Presentations in an envelope are not read here."),
    ],
    ids=str,
)
def test_what_is_no_credential_inside_has_a_report_too(value: object, outcome: str, said: str) -> None:
    found = kit.verify(_holding(value), GOOD_LIST, policy=PARTS)
    assert found.step("credentials").outcome.value == outcome
    assert said in found.parts[0].report.summary
    assert [step.name for step in found.parts[0].report.steps] == ["syntax"]


def test_the_contexts_of_those_inside_must_be_held_too() -> None:
    inside = _inner(1) | {"@context": [contexts.CREDENTIALS_V2, "https://x.example/c"]}
    assert kit.faults(kit.verify(_holding(inside), GOOD_LIST, policy=PARTS))["context"] == "INDETERMINATE"


def test_those_inside_are_read_three_levels_deep() -> None:
    given = kit.badge()
    for depth in range(1, 6):
        given = kit.badge(holds=[kit.token(given)])
        found = kit.verify(kit.token(given), GOOD_LIST, policy=PARTS)
        assert found.outcome is (Outcome.VALID if depth <= examination.MAX_DEPTH else Outcome.INDETERMINATE)
        assert ("deeper than is read" in found.summary) == (depth > examination.MAX_DEPTH)


def test_no_more_than_forty_eight_are_read_at_all_depths_together() -> None:
    token = kit.token(kit.badge(status=False))
    for count, outcome in ((48, Outcome.VALID), (49, Outcome.INDETERMINATE)):
        found = kit.verify(_holding(*[token] * count), GOOD_LIST, policy=PARTS)
        assert (found.outcome, len(found.parts)) == (outcome, 48 if count == 48 else 0)
    nested = kit.token(kit.badge(status=False, holds=[token] * 24))
    found = kit.verify(_holding(nested, nested), GOOD_LIST, policy=PARTS)
    assert "more credentials than are read at once" in found.summary
    assert [part.report.outcome.value for part in found.parts] == ["VALID", "INDETERMINATE"]


def test_that_they_are_too_many_is_said_of_an_unsigned_document_too() -> None:
    source = kit.badge(holds=[5] * 49)
    found = kit.verify(source, GOOD_LIST, policy=PARTS)
    assert found.step("credentials").outcome is Outcome.INDETERMINATE
    assert found.step("credentials").findings[0].type == problem.OURS + "too-large"


def test_what_those_inside_rest_upon_is_asked_for() -> None:
    web = kit.token(kit.badge(WEB), kit.WEB_ISSUER)
    given = jose.read(_holding(web, _inner(1, credentialStatus=statuslist.Entry(LIST + "/2", 7, "revocation").to_json()), 5))
    needed = verification.needs(jose.credential(given), {}, policy=PARTS, token=given)
    assert needed == {LIST, LIST + "/2", WEB_URL}


def test_the_readers_questions_are_about_the_whole_and_not_about_those_inside() -> None:
    asked = replace(PARTS, recipient="x")
    found = kit.verify(_holding(_inner(1)), GOOD_LIST, policy=replace(asked, profile=replace(asked.profile, kind=_of_the_outer)))
    assert found.outcome is Outcome.VALID
    assert found.parts[0].report.step("recipient").outcome is Outcome.NOT_APPLICABLE


def _of_the_outer(source: JsonObject) -> verification.Kind:
    return replace(PARTS.profile.kind(source), answers_to=lambda subject, _given: subject["id"] == "did:example:learner")


def _role(role: str, *, is_presentation: bool = False) -> verification.Policy:
    """Return a policy under which the ids `urn:x:…` are those of documents in another role."""
    inner = replace(PARTS.profile.kind({}), role=role, is_presentation=is_presentation, ids=lambda source: [source["id"]])
    outer = replace(
        inner, role="credential", is_presentation=False, parts=lambda source: [(p, "endorsement", v) for p, _, v in _held(source)]
    )
    kind = lambda source: inner if str(source.get("id")).startswith("urn:x:") else outer  # noqa: E731 - a kind is a function
    return replace(POLICY, profile=replace(POLICY.profile, kind=kind))


@pytest.mark.parametrize(
    ("role", "subjects", "said"),
    [
        ("endorsement", [{"id": "https://badges.example/c/1"}], ""),
        ("endorsement", {"id": "https://badges.example/c/1"}, ""),
        ("endorsement", {"id": "https://badges.example/c/2"}, "not about"),
        ("endorsement", [{"id": "https://badges.example/c/1"}, {"id": "urn:x:other"}], "not about"),
        ("endorsement", [{"id": "https://badges.example/c/1"}, {"type": "AchievementSubject"}], "not about"),
        ("credential", {"id": "https://badges.example/c/1"}, "not the kind of credential that belongs here"),
    ],
)
def test_an_endorsement_inside_must_be_one_and_endorse_something_here(role: str, subjects: object, said: str) -> None:
    inside = kit.token(kit.badge(id="urn:x:1", credentialSubject=subjects), typ="vc+jwt")
    found = kit.verify(_holding(inside), GOOD_LIST, policy=_role(role))
    step = found.step("endorsement")
    assert step.outcome is (Outcome.INVALID if said else Outcome.VALID)
    assert said in (step.findings[0].detail if step.findings else "")


def test_the_noun_of_a_part_has_its_article() -> None:
    found = kit.verify(_holding(5), GOOD_LIST, policy=_role("endorsement"))
    assert found.parts[0].report.summary.startswith("This is not an endorsement that can be read.")


def test_no_presentation_stands_inside_a_credential() -> None:
    policy = _role("endorsement", is_presentation=True)
    found = kit.verify(
        _holding(kit.token(kit.badge(id="urn:x:1", credentialSubject={"id": "https://badges.example/c/1"}))), GOOD_LIST, policy=policy
    )
    assert "not the kind of credential that belongs here" in kit.detail(found, "endorsement")


def test_a_controller_document_is_asked_for_the_issuers_key_only() -> None:
    """A key that the issuer's document lists for logging in signs no credential."""
    listed = kit.web_document() | {"assertionMethod": [], "authentication": [WEB_METHOD]}
    found = kit.verify(kit.sign(kit.badge(WEB, status=False), kit.WEB_ISSUER), kit.at(web=listed))
    assert found.step("proof").findings[0].type == controller.INVALID_RELATIONSHIP


def test_the_registry_through_which_an_issuer_is_known_is_named(signed: JsonObject) -> None:
    policy = replace(POLICY, trusted={ISSUER.did: "Example College"}, listed={ISSUER.did: "DCC Registry"})
    assert kit.verify(signed, GOOD_LIST, policy=policy).issuer.listed_in == "DCC Registry"
    stranger = replace(policy, trusted={ISSUER.did: "Another"})
    assert kit.verify(signed, GOOD_LIST, policy=stranger).issuer.listed_in == "", "what it lists is another name"
