from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import nacl.signing
import pytest

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, cryptosuites, document, jwk, multikey, proof, shape
from badgeissuer.vc.document import JsonObject

CREATED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
ReadJson = Callable[[str], Any]
Signers = Callable[..., Any]


@dataclasses.dataclass(frozen=True, slots=True)
class VectorSigner:
    """The signer of a published vector, whose seed is published with it."""

    verification_method: str
    seed: bytes

    @property
    def public_key(self) -> multikey.PublicKey:
        return multikey.PublicKey(bytes(nacl.signing.SigningKey(self.seed).verify_key))

    def sign(self, message: bytes) -> bytes:
        return bytes(nacl.signing.SigningKey(self.seed).sign(message).signature)


@pytest.fixture(scope="session")
def signed(frozen_badge: JsonObject, signer: Signers) -> JsonObject:
    return proof.add_proof(proof.lint(frozen_badge, shape.gate), signer(1), created=CREATED)


@pytest.fixture(scope="session")
def method(signer: Signers) -> controller.VerificationMethod:
    return controller.find_method(signer(1).verification_method, None)


def _accepted(source: JsonObject, method: controller.VerificationMethod) -> bool:
    """Return what a caller of this module would come to: the gate first, then the signature."""
    try:
        if shape.gate(source):
            return False
        for item in proof.proofs(source):
            proof.check_options(item)
            proof.verify_proof(source, item, method=method)
    except problem.Problem:
        return False
    return bool(proof.proofs(source))


def _known(read_json: ReadJson) -> dict[str, contexts.Context]:
    extra = {
        "https://www.w3.org/ns/credentials/examples/v2": read_json("w3c/contexts/credentials-examples-v2.jsonld"),
        "https://w3id.org/citizenship/v4rc1": read_json("w3c/contexts/citizenship-v4rc1.jsonld"),
    }
    return dict(contexts.PINNED) | {url: contexts.pin(url, content, sha256=contexts.digest(content)) for url, content in extra.items()}


@pytest.mark.parametrize(("folder", "unsigned"), [("", "unsigned.json"), ("employ/", "employmentAuth.json")])
def test_the_w3c_vectors_verify_and_signing_again_gives_the_same_bytes(folder: str, unsigned: str, read_json: ReadJson) -> None:
    known = _known(read_json)
    expected = read_json(f"w3c/vc-di-eddsa/eddsa-rdfc-2022/{folder}signedDataInt.json")
    hashes = read_json(f"w3c/vc-di-eddsa/eddsa-rdfc-2022/{folder}hashesDataInt.json")
    name = expected["proof"]["verificationMethod"]
    proof.verify_proof(expected, expected["proof"], method=controller.find_method(name, None), known=known)
    signer = VectorSigner(name, multikey.read_seed(read_json("w3c/vc-di-eddsa/keyPair.json")["privateKeyMultibase"]))
    linted = proof.lint(read_json(f"w3c/vc-di-eddsa/{unsigned}"), known=known)
    again = proof.add_proof(linted, signer, created=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC))
    assert again == expected
    assert again["proof"]["proofValue"] == hashes["sigBTC58"]
    assert multikey.from_multibase(again["proof"]["proofValue"]).hex() == hashes["sigHex"]


@pytest.mark.parametrize(
    ("suite", "file", "hashes"),
    [
        (cryptosuites.EDDSA_JCS_2022, "eddsa-jcs-2022/signedJCS.json", "eddsa-jcs-2022/hashesJCS.json"),
        (cryptosuites.ED25519_SIGNATURE_2020, "Ed25519Signature2020/signedEdSig.json", "Ed25519Signature2020/hashesEdSig.json"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_w3c_vectors_of_the_other_suites_verify_and_signing_again_gives_the_same_bytes(
    suite: cryptosuites.Cryptosuite, file: str, hashes: str, read_json: ReadJson
) -> None:
    known = _known(read_json)
    expected = read_json(f"w3c/vc-di-eddsa/{file}")
    name = expected["proof"]["verificationMethod"]
    proof.verify_proof(expected, expected["proof"], method=controller.find_method(name, None), known=known)
    signer = VectorSigner(name, multikey.read_seed(read_json("w3c/vc-di-eddsa/keyPair.json")["privateKeyMultibase"]))
    linted = proof.lint(proof.without_proof(expected), known=known)
    again = proof.add_proof(linted, signer, created=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC), suite=suite)
    assert again == expected
    assert again["proof"]["proofValue"] == read_json(f"w3c/vc-di-eddsa/{hashes}")["sigBTC58"]


CHAIN = "w3c/vc-di-eddsa/proof-set-chain/"


@pytest.mark.parametrize("name", ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"])
def test_the_w3c_vectors_of_sets_and_chains_verify(name: str, read_json: ReadJson) -> None:
    source, known = read_json(f"{CHAIN}{name}.json"), _known(read_json)
    for item in proof.proofs(source):
        method = controller.find_method(item["verificationMethod"], None)
        proof.verify_proof(source, item, method=method, known=known)
        for other in proof.proofs(source):
            if other is not item and item.get("id") in proof.previous(other):
                changed = [entry | {"proofValue": other["proofValue"]} if entry is item else entry for entry in source["proof"]]
                with pytest.raises(problem.Invalid, match="does not fit"):
                    proof.verify_proof(
                        source | {"proof": changed}, other, known=known, method=controller.find_method(other["verificationMethod"], None)
                    )


def test_signing_a_set_and_then_a_chain_again_gives_the_bytes_of_the_w3c_vectors(read_json: ReadJson) -> None:
    known = _known(read_json)
    linted = proof.lint(read_json(f"{CHAIN}unsigned.json"), known=known)
    expected = read_json(f"{CHAIN}signedProofChain2.json")
    pairs = read_json(f"{CHAIN}multiKeyPairs.json")
    earlier: list[JsonObject] = []
    for number, wanted in enumerate(expected["proof"], 1):
        signer = VectorSigner(wanted["verificationMethod"], multikey.read_seed(pairs[f"keyPair{number}"]["privateKeyMultibase"]))
        created = datetime.fromisoformat(wanted["created"])
        follows = proof.previous(wanted)
        made = proof.add_proof(linted, signer, created=created, earlier=earlier, follows=follows, name=wanted.get("id"))
        earlier = proof.proofs(made)
    assert made == expected


def test_a_chain_to_a_proof_that_is_not_there_once_is_refused(read_json: ReadJson) -> None:
    source, known = read_json(f"{CHAIN}signedProofChain2.json"), _known(read_json)
    first, second, third, last = source["proof"]
    method = controller.find_method(third["verificationMethod"], None)
    for proofs in ([first, third], [third], [first, second, second, third], [third, last]):
        with pytest.raises(problem.Invalid, match="not there exactly once"):
            proof.verify_proof(source | {"proof": proofs}, third, method=method, known=known)


def test_a_key_of_another_kind_makes_no_data_integrity_proof(signed: JsonObject) -> None:
    method = controller.VerificationMethod("did:x:y#z", "did:x:y", jwk.EcKey(1, 2))
    with pytest.raises(problem.Invalid, match="no Ed25519 key"):
        proof.verify_proof(signed, signed["proof"], method=method)


def test_what_jcs_signs_is_the_text_member_by_member(badge: JsonObject, signer: Signers, method: controller.VerificationMethod) -> None:
    made = proof.add_proof(proof.lint(badge), signer(1), created=CREATED, suite=cryptosuites.EDDSA_JCS_2022)
    proof.verify_proof(made, made["proof"], method=method)
    shuffled = dict(reversed(made.items()))
    proof.verify_proof(shuffled, shuffled["proof"], method=method)
    for changed in (made | {"level": "x"}, made | {"name": "x"}, {key: value for key, value in made.items() if key != "name"}):
        with pytest.raises(problem.Invalid, match="does not fit"):
            proof.verify_proof(changed, changed["proof"], method=method)
    with pytest.raises(problem.Invalid, match="another @context"):
        proof.verify_proof(made | {"@context": [*made["@context"], "https://x.example"]}, made["proof"], method=method)
    with pytest.raises(problem.Invalid, match="no canonical JSON form"):
        cryptosuites.jcs({"a": 2**60}, {})


def test_a_proof_of_the_older_suite_has_a_date(badge: JsonObject, signer: Signers) -> None:
    linted = proof.lint(badge | {"@context": [*badge["@context"], contexts.ED25519_2020]})
    made = proof.add_proof(linted, signer(1), created=CREATED, suite=cryptosuites.ED25519_SIGNATURE_2020)["proof"]
    assert proof.check_options(made) is cryptosuites.ED25519_SIGNATURE_2020
    with pytest.raises(problem.Invalid, match="must have created"):
        proof.check_options({key: value for key, value in made.items() if key != "created"})


@pytest.mark.parametrize("name", ["1edtech-implguide-ob-eddsa-rdfc-2022", "1edtech-implguide-clr-eddsa-rdfc-2022"])
def test_the_vectors_of_1edtechs_guide_verify_and_signing_again_gives_the_same_bytes(name: str, read_json: ReadJson) -> None:
    vector = read_json(f"ob3/vectors/{name}.json")
    signer = VectorSigner(vector["proofConfig"]["verificationMethod"], bytes.fromhex(vector["keyPair"]["secretKeySeedHex"]))
    assert signer.public_key.multikey == vector["keyPair"]["publicKeyMultibase"]
    again = proof.add_proof(proof.lint(vector["unsigned"]), signer, created=datetime(2010, 1, 1, 19, 23, 24, tzinfo=UTC))
    assert again == vector["signed"]
    assert again["proof"]["proofValue"] == vector["printedInGuide"]["proof-value"]
    key = controller.VerificationMethod(signer.verification_method, "https://example.edu/issuers/565049", signer.public_key)
    proof.verify_proof(again, again["proof"], method=key)


def test_what_was_signed_verifies_and_the_same_input_gives_the_same_bytes(
    badge: JsonObject, signed: JsonObject, method: controller.VerificationMethod, signer: Signers
) -> None:
    assert _accepted(signed, method)
    assert proof.add_proof(proof.lint(badge), signer(1), created=CREATED) == signed
    assert list(signed["proof"]) == ["type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"]


def test_another_key_or_another_moment_gives_another_signature(signed: JsonObject, badge: JsonObject, signer: Signers) -> None:
    stranger = controller.find_method(signer(2).verification_method, None)
    with pytest.raises(problem.Invalid, match="another key signed it"):
        proof.verify_proof(signed, signed["proof"], method=stranger)
    later = proof.add_proof(proof.lint(badge), signer(1), created=CREATED.replace(minute=6))
    assert later["proof"]["proofValue"] != signed["proof"]["proofValue"]


def test_no_change_of_one_byte_is_accepted(signed: JsonObject, method: controller.VerificationMethod) -> None:
    body = json.dumps(signed, separators=(",", ":")).encode()
    chance = random.Random(20260520)  # noqa: S311 - reproducible on purpose
    tried = accepted = 0
    for position in range(len(body)):
        for value in (body[position] ^ chance.choice((0x01, 0x20)), *([chance.randrange(128)] if position % 4 == 0 else [])):
            mutant = body[:position] + bytes([value]) + body[position + 1 :]
            try:
                source = document.parse(mutant)
            except problem.Problem:
                continue
            if source != signed and not shape.gate(source):
                tried += 1
                accepted += _accepted(source, method)
    assert tried > 500
    assert accepted == 0


def test_no_leaf_of_a_badge_can_change_without_being_noticed(signed: JsonObject, method: controller.VerificationMethod) -> None:
    changed = 0
    for path, value in _leaves(signed, ()):
        mutant = copy.deepcopy(signed)
        place: Any = mutant
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value + 1 if isinstance(value, int) else value + "x"
        assert not _accepted(mutant, method), path
        del place[path[-1]]
        if path[:3] != ("credentialSubject", "achievement", "creator"):  # says again what stands under issuer, and may say less
            assert not _accepted(mutant, method), path
        changed += 1
    assert changed > 35


def _leaves(value: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], Any]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in items for leaf in _leaves(item, (*path, key))]
    return [(path, value)]


def test_only_lint_makes_something_that_can_be_signed(badge: JsonObject) -> None:
    linted = proof.lint(badge)
    with pytest.raises(TypeError, match="only proof"):
        proof.Linted(badge, b"", contexts.PINNED, object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(linted, content={"forged": True})  # type: ignore[call-arg]  # mypy refuses it too
    with pytest.raises(dataclasses.FrozenInstanceError):
        linted.content = {}  # type: ignore[misc]


def test_a_document_that_is_changed_after_its_lint_changes_nothing_that_is_signed(
    badge: JsonObject, signed: JsonObject, signer: Signers
) -> None:
    linted = proof.lint(badge)
    badge["credentialSubject"]["achievement"]["name"] = "Something else"
    assert proof.add_proof(linted, signer(1), created=CREATED) == signed


def test_every_fault_that_the_rules_find_is_told_at_once(signed: JsonObject) -> None:
    rules = (lambda _: (problem.Finding("One."),), lambda _: (problem.Finding("Two."),))
    with pytest.raises(problem.Invalid, match=r"One\. Two\. The document already has a proof\."):
        proof.lint(signed, *rules)


@pytest.mark.parametrize("source", [{}, {"@context": [contexts.CREDENTIALS_V2]}, {"@context": [contexts.CREDENTIALS_V2], "id": "urn:x:y"}])
def test_a_document_that_says_nothing_cannot_be_signed(source: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="says nothing"):
        proof.lint(source)


def test_a_document_that_would_not_be_signed_whole_is_refused(badge: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="no signature would cover it"):
        proof.lint(badge | {"level": "Doctorate"})


def test_a_document_without_context_cannot_be_signed(signer: Signers) -> None:
    linted = proof.lint({"@id": "urn:x:y", "https://schema.org/name": "x"})
    with pytest.raises(problem.Invalid):
        proof.add_proof(linted, signer(1), created=CREATED)


def test_one_proof_several_or_none_are_read() -> None:
    assert proof.proofs({}) == proof.proofs({"proof": None}) == proof.proofs({"proof": []}) == []
    assert proof.proofs({"proof": {"a": 1}}) == proof.proofs({"proof": [{"a": 1}]}) == [{"a": 1}]
    assert proof.proofs({"proof": "text"}) == ["text"]


@pytest.mark.parametrize(
    ("change", "said", "kind"),
    [
        ({"type": None}, "must have type", proof.VERIFICATION_ERROR),
        ({"type": ["DataIntegrityProof"]}, "must have type", proof.VERIFICATION_ERROR),
        ({"verificationMethod": {"id": "x"}}, "must have verificationMethod", proof.VERIFICATION_ERROR),
        ({"proofPurpose": ["assertionMethod"]}, "must have proofPurpose", proof.VERIFICATION_ERROR),
        ({"proofValue": None}, "must have proofValue", proof.VERIFICATION_ERROR),
        ({"proofPurpose": "authentication"}, "another purpose", proof.VERIFICATION_ERROR),
        ({"proofPurpose": "https://w3id.org/security#assertionMethod"}, "another purpose", proof.VERIFICATION_ERROR),
        ({"cryptosuite": "eddsa-2022"}, "does not know proofs of the kind", proof.UNKNOWN_SUITE),
        ({"cryptosuite": "ecdsa-sd-2023"}, "does not know proofs of the kind", proof.UNKNOWN_SUITE),
        ({"cryptosuite": "Ed25519Signature2020"}, "does not know proofs of the kind", proof.UNKNOWN_SUITE),
        ({"cryptosuite": None}, "must have cryptosuite, a text", proof.VERIFICATION_ERROR),
        ({"cryptosuite": ["eddsa-rdfc-2022"]}, "must have cryptosuite, a text", proof.VERIFICATION_ERROR),
        ({"cryptosuite": {}}, "must have cryptosuite, a text", proof.VERIFICATION_ERROR),
        ({"type": "Ed25519Signature2020"}, "does not know proofs of the kind", proof.UNKNOWN_SUITE),
        ({"previousProof": 5}, "previousProof must be the id", proof.VERIFICATION_ERROR),
        ({"previousProof": ["urn:x:y", {}]}, "previousProof must be the id", proof.VERIFICATION_ERROR),
        ({"jws": "x"}, "'jws' that no signature covers", proof.VERIFICATION_ERROR),
        ({"https://w3id.org/security#proofValue": "z"}, "no signature covers", proof.VERIFICATION_ERROR),
        ({"created": "yesterday"}, "no date-time", problem.MALFORMED_VALUE_ERROR),
        ({"created": None}, "no date-time", problem.MALFORMED_VALUE_ERROR),
        ({"expires": ["2030-01-01T00:00:00Z"]}, "no date-time", problem.MALFORMED_VALUE_ERROR),
    ],
    ids=str,
)
def test_a_proof_of_the_wrong_form_is_refused(signed: JsonObject, change: JsonObject, said: str, kind: str) -> None:
    with pytest.raises(problem.Invalid, match=said) as refused:
        proof.check_options(signed["proof"] | change)
    assert refused.value.kind == kind


@pytest.mark.parametrize("name", ["type", "verificationMethod", "proofPurpose", "proofValue", "cryptosuite"])
def test_a_proof_without_a_required_member_is_refused(signed: JsonObject, name: str) -> None:
    with pytest.raises(problem.Invalid):
        proof.check_options({key: value for key, value in signed["proof"].items() if key != name})


@pytest.mark.parametrize("value", [None, 5, "proof", []])
def test_a_proof_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(problem.Invalid, match="must be an object"):
        proof.check_options(value)


def test_a_proof_without_a_date_and_one_for_another_purpose_can_be_fine(signed: JsonObject) -> None:
    options = {key: value for key, value in signed["proof"].items() if key != "created"} | {"proofPurpose": "authentication"}
    assert proof.check_options(options, purpose="authentication").name == "eddsa-rdfc-2022"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"proofValue": "z" + "2" * 60}, "not the 64 bytes"),
        ({"proofValue": "z1" + "z" * 87}, "not the 64 bytes"),
        ({"proofValue": "u" + "2" * 80}, "base58btc"),
        ({"@context": [contexts.CREDENTIALS_V2]}, "another @context"),
        ({"created": "2026-05-20T14:05:01Z"}, "does not fit"),
        ({"expires": "2099-01-01T00:00:00Z"}, "does not fit"),
        ({"domain": "x.example"}, "does not fit"),
        ({"id": "urn:x:y"}, "does not fit"),
        ({"nonce": {"level": "x"}}, "no signature would cover it"),
    ],
    ids=str,
)
def test_a_changed_proof_is_no_proof(signed: JsonObject, method: controller.VerificationMethod, change: JsonObject, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        proof.verify_proof(signed, signed["proof"] | change, method=method)


def test_a_proof_that_repeats_the_context_of_the_document_verifies(signed: JsonObject, method: controller.VerificationMethod) -> None:
    proof.verify_proof(signed, signed["proof"] | {"@context": signed["@context"]}, method=method)


def test_a_newline_after_the_proof_value_is_a_change(signed: JsonObject, method: controller.VerificationMethod) -> None:
    with pytest.raises(problem.Invalid, match="base58btc"):
        proof.verify_proof(signed, signed["proof"] | {"proofValue": signed["proof"]["proofValue"] + "\n"}, method=method)
