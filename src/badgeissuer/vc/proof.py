"""Data Integrity proofs: add one to a linted document, verify one.

Nothing unlinted can be signed: `add_proof` takes a `Linted`, and only `lint` makes one.

Source: VC-DATA-INTEGRITY#add-proof, VC-DATA-INTEGRITY#verify-proof, VC-DI-EDDSA#eddsa-rdfc-2022.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, cryptosuites, instant, multikey
from badgeissuer.vc.document import JsonObject

if TYPE_CHECKING:
    from datetime import datetime

SIGNATURE_BYTES = 64
GENERATION_ERROR = problem.SECURITY + "PROOF_GENERATION_ERROR"
TRANSFORMATION_ERROR = problem.SECURITY + "PROOF_TRANSFORMATION_ERROR"
VERIFICATION_ERROR = problem.SECURITY + "PROOF_VERIFICATION_ERROR"
UNKNOWN_SUITE = problem.OURS + "unknown-cryptosuite"

_MEMBERS = {
    "@context", "id", "type", "cryptosuite", "created", "expires", "verificationMethod",
    "proofPurpose", "proofValue", "domain", "challenge", "nonce", "previousProof",
}  # fmt: skip
_LINT = object()

Rule = Callable[[JsonObject], tuple[problem.Finding, ...]]


@dataclass(frozen=True, slots=True)
class Linted:
    """A document that passed its lint, with the canonical bytes that were made on the way."""

    content: JsonObject
    canonical: bytes
    known: Mapping[str, contexts.Context]
    lint: InitVar[object]  # not a field: else `dataclasses.replace` could swap the content

    def __post_init__(self, lint: object) -> None:
        """Refuse to be made by anything but `lint`."""
        if lint is not _LINT:
            raise TypeError("only proof.lint makes a Linted")


def lint(source: JsonObject, *rules: Rule, known: Mapping[str, contexts.Context] = contexts.PINNED) -> Linted:
    """Return the document as one that may be signed.

    Args:
        source: The document without proof; a copy of it is kept.
        rules: What it must keep besides canonicalising in safe mode; each returns what is wrong.
        known: The contexts that it may name.

    Raises:
        problem.Invalid: A rule finds something, or the signature would not cover all of the document.
    """
    findings = tuple(finding for rule in rules for finding in rule(source))
    if "proof" in source:
        findings += (problem.Finding("The document already has a proof.", "/proof", GENERATION_ERROR),)
    if findings:
        raise problem.Invalid.of(findings)
    content = copy.deepcopy(source)
    canonical = cryptosuites.EDDSA_RDFC_2022.canonicalize(content, known)
    if not canonical:
        raise problem.Invalid("The document says nothing that a signature could cover.", kind=GENERATION_ERROR)
    return Linted(content, canonical, known, _LINT)


def add_proof(linted: Linted, signer: multikey.Signer, *, created: datetime) -> JsonObject:
    """Return the document with an `eddsa-rdfc-2022` proof, one object.

    Ed25519 is deterministic: the same document, key and `created` give the same bytes.

    Source: VC-DI-EDDSA#create-proof-eddsa-rdfc-2022.
    """
    suite = cryptosuites.EDDSA_RDFC_2022
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite.name,
        "created": instant.write(created),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
    }
    configuration = options | {"@context": linted.content.get("@context")}
    message = cryptosuites.hash_data(suite.canonicalize(configuration, linted.known), linted.canonical)
    return linted.content | {"proof": options | {"proofValue": multikey.multibase(signer.sign(message))}}


def proofs(source: JsonObject) -> list[Any]:
    """Return the proofs of a document, whether it has one object or a set of them."""
    value = source.get("proof")
    return value if isinstance(value, list) else [] if value is None else [value]


def without_proof(source: JsonObject) -> JsonObject:
    """Return the document as it was before it was signed."""
    return {name: value for name, value in source.items() if name != "proof"}


def check_options(proof: object, *, purpose: str = "assertionMethod") -> cryptosuites.Cryptosuite:
    """Return the suite of a proof after looking at its members, without any key.

    Raises:
        problem.Invalid: A member is missing, unknown or of the wrong form. An unknown cryptosuite has the kind `UNKNOWN_SUITE`.

    Source: VC-DATA-INTEGRITY#proofs.
    """
    if not isinstance(proof, dict):
        raise problem.Invalid("A proof must be an object.", kind=problem.PARSING_ERROR)
    unknown = sorted(set(proof) - _MEMBERS)
    if unknown:
        raise problem.Invalid(f"The proof has a member {unknown[0][:80]!r} that no signature covers.", kind=VERIFICATION_ERROR)
    for name in ("type", "verificationMethod", "proofPurpose", "proofValue"):
        if not isinstance(proof.get(name), str):
            raise problem.Invalid(f"The proof must have {name}, a text.", kind=VERIFICATION_ERROR)
    suite = cryptosuites.SUITES.get(proof.get("cryptosuite", "")) if isinstance(proof.get("cryptosuite", ""), str) else None
    if proof["type"] != "DataIntegrityProof" or suite is None:
        named = f"{proof['type']} {proof.get('cryptosuite', '')}".strip()
        raise problem.Invalid(f"This verifier does not know proofs of the kind {named[:80]!r}.", kind=UNKNOWN_SUITE)
    if proof["proofPurpose"] != purpose:
        raise problem.Invalid(f"The proof was made for another purpose than {purpose}.", kind=VERIFICATION_ERROR)
    if "previousProof" in proof:
        raise problem.Invalid("This verifier does not know chains of proofs.", kind=UNKNOWN_SUITE)
    for name in ("created", "expires"):
        if name in proof:
            instant.read(proof[name])
    return suite


def verify_proof(
    source: JsonObject,
    proof: JsonObject,
    *,
    method: controller.VerificationMethod,
    known: Mapping[str, contexts.Context] = contexts.PINNED,
    canonical: bytes | None = None,
) -> None:
    """Return if `proof` is the signature of `method` over the document; else raise.

    Args:
        source: The document; its own `proof` is not looked at.
        proof: The proof, whose members `check_options` found in order.
        method: The key that the proof names.
        known: The contexts that document and proof may name.
        canonical: The canonical bytes of the document without proof, where the caller has them: several proofs need them once.

    Raises:
        problem.Invalid: It is not, or the signature would not cover all of the document.

    Source: VC-DI-EDDSA#verify-proof-eddsa-rdfc-2022, VC-DATA-INTEGRITY#verify-proof.
    """
    suite = check_options(proof, purpose=proof.get("proofPurpose", ""))
    signature = multikey.from_multibase(proof["proofValue"])
    if len(signature) != SIGNATURE_BYTES:
        raise problem.Invalid(f"The proofValue is not the {SIGNATURE_BYTES} bytes of an Ed25519 signature.", kind=VERIFICATION_ERROR)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if options.get("@context", source.get("@context")) != source.get("@context"):
        raise problem.Invalid("The proof has another @context than the document.", kind=VERIFICATION_ERROR)
    configuration = options | {"@context": source.get("@context")}
    if canonical is None:
        canonical = suite.canonicalize(without_proof(source), known)
    message = cryptosuites.hash_data(suite.canonicalize(configuration, known), canonical)
    if not method.public_key.verifies(signature, message):
        raise problem.Invalid("The signature does not fit the document: it was changed, or another key signed it.", kind=VERIFICATION_ERROR)
