"""Data Integrity proofs: add one to a linted document, verify one; sets of proofs, and chains.

Nothing unlinted can be signed: `add_proof` takes a `Linted`, and only `lint` makes one.

Source: VC-DATA-INTEGRITY#add-proof, VC-DATA-INTEGRITY#verify-proof, VC-DATA-INTEGRITY#proof-sets, VC-DATA-INTEGRITY#proof-chains.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, cryptosuites, effort, instant, multikey, template
from badgeissuer.vc.document import JsonObject

if TYPE_CHECKING:
    from datetime import datetime

GENERATION_ERROR = problem.SECURITY + "PROOF_GENERATION_ERROR"
TRANSFORMATION_ERROR = problem.SECURITY + "PROOF_TRANSFORMATION_ERROR"
VERIFICATION_ERROR = problem.SECURITY + "PROOF_VERIFICATION_ERROR"
UNKNOWN_SUITE = problem.OURS + "unknown-cryptosuite"

_MEMBERS = {
    "@context", "id", "type", "cryptosuite", "created", "expires", "verificationMethod",
    "proofPurpose", "proofValue", "domain", "challenge", "nonce", "previousProof",
}  # fmt: skip
PLAIN = {
    "type": re.compile(cryptosuites.DATA_INTEGRITY),
    "cryptosuite": re.compile("eddsa-rdfc-2022"),
    "created": instant.PLAIN,
    "verificationMethod": template.PLAIN_IRI,
    "proofPurpose": re.compile("assertionMethod"),
    "proofValue": re.compile("z[1-9A-HJ-NP-Za-km-z]{1,200}"),
}
"""The members of a proof that we write ourselves, and their form."""
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


def add_proof(
    linted: Linted,
    signer: multikey.Signer,
    *,
    created: datetime,
    suite: cryptosuites.Cryptosuite = cryptosuites.EDDSA_RDFC_2022,
    earlier: Sequence[JsonObject] = (),
    follows: Sequence[str] = (),
    name: str | None = None,
) -> JsonObject:
    """Return the document with a proof: one object, or an array where there are earlier ones.

    Ed25519 is deterministic: the same arguments give the same bytes.

    Args:
        linted: The document.
        signer: Who signs.
        created: The moment that the proof says it was made at.
        suite: What is signed.
        earlier: Proofs that the document already has.
        follows: The ids of those of them that this one signs too (a chain).
        name: The proof's own `id`, for later ones to name it by.

    Raises:
        problem.Invalid: `follows` names no earlier proof, or the suite's own terms are not in the document's contexts.

    Source: VC-DI-EDDSA#create-proof-eddsa-rdfc-2022, VC-DI-EDDSA#create-proof-eddsa-jcs-2022.
    """
    context = {"@context": linted.content["@context"]} if "@context" in linted.content else {}
    options: JsonObject = ({"id": name} if name else {}) | {
        **suite.options,
        "created": instant.write(created),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
        **({"previousProof": follows[0] if len(follows) == 1 else list(follows)} if follows else {}),
        **(context if suite.keeps_context else {}),
    }
    if suite.canonicalize is cryptosuites.rdfc and not follows:
        canonical = linted.canonical
    else:
        canonical = suite.canonicalize(bound(linted.content | {"proof": list(earlier)}, options), linted.known)
    made = _prove(canonical, options, context, suite, signer, linted.known)
    return linted.content | {"proof": [*earlier, made] if earlier else made}


def prove(
    canonical: bytes,
    signer: multikey.Signer,
    *,
    context: list[str],
    created: datetime,
    known: Mapping[str, contexts.Context] = contexts.PINNED,
) -> JsonObject:
    """Return the proof (eddsa-rdfc-2022) of a document whose canonical form was made from a plan that was linted: see `press`.

    Args:
        canonical: The canonical N-Quads, UTF-8.
        signer: Who signs.
        context: The document's `@context`.
        created: The moment that the proof says it was made at.
        known: The contexts that it may name.
    """
    suite = cryptosuites.EDDSA_RDFC_2022
    options: JsonObject = {
        **suite.options,
        "created": instant.write(created),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
    }
    return _prove(canonical, options, {"@context": context}, suite, signer, known)


def _prove(
    canonical: bytes,
    options: JsonObject,
    context: JsonObject,
    suite: cryptosuites.Cryptosuite,
    signer: multikey.Signer,
    known: Mapping[str, contexts.Context],
) -> JsonObject:
    message = cryptosuites.hash_data(cryptosuites.options_digest(suite, options | context, known), canonical)
    return options | {"proofValue": multikey.multibase(signer.sign(message))}


def proofs(source: JsonObject) -> list[Any]:
    """Return the proofs of a document, whether it has one object or a set of them."""
    value = source.get("proof")
    return value if isinstance(value, list) else [] if value is None else [value]


def is_plain(value: object) -> bool:
    """Return whether a proof is one of eddsa-rdfc-2022 with the members that we write ourselves, each of the plainest form."""
    return (
        isinstance(value, dict)
        and value.keys() == PLAIN.keys()
        and all(isinstance(text := value[name], str) and form.fullmatch(text) for name, form in PLAIN.items())
    )


def without_proof(source: JsonObject) -> JsonObject:
    """Return the document as it was before it was signed."""
    return {name: value for name, value in source.items() if name != "proof"}


def previous(proof: JsonObject) -> tuple[str, ...]:
    """Return the ids of the proofs that a proof says it signs too.

    Raises:
        problem.Invalid: `previousProof` is neither a text nor an array of texts.
    """
    value = proof.get("previousProof", [])
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise problem.Invalid("previousProof must be the id of another proof, or several such.", kind=VERIFICATION_ERROR)
    return tuple(names)


def bound(source: JsonObject, proof: JsonObject) -> JsonObject:
    """Return what `proof` signs of `source`: the document, with those of its proofs that this one is chained to.

    Raises:
        problem.Invalid: It names a proof that the document does not have exactly once.

    Source: VC-DATA-INTEGRITY#verify-proof-sets-and-chains.
    """
    names = previous(proof)
    matching = [item for item in proofs(source) if isinstance(item, dict) and item.get("id") in names]
    if len(matching) != len(set(names)) or {item["id"] for item in matching} != set(names):
        raise problem.Invalid("The proof builds upon another one that is not there exactly once.", kind=VERIFICATION_ERROR)
    unsecured = without_proof(source)
    return unsecured | {"proof": matching} if names else unsecured


def check_options(proof: object, *, purpose: str = "assertionMethod") -> cryptosuites.Cryptosuite:
    """Return the suite of a proof after looking at its members, without any key.

    Raises:
        problem.Invalid: A member is missing, unknown or of the wrong form. An unknown cryptosuite has the kind `UNKNOWN_SUITE`.

    Source: VC-DATA-INTEGRITY#proofs.
    """
    if not isinstance(proof, dict):
        raise problem.Invalid("A proof must be an object.", kind=problem.PARSING_ERROR)
    if not isinstance(proof.get("type"), str):
        raise problem.Invalid("The proof must have type, a text.", kind=VERIFICATION_ERROR)
    if proof["type"] == cryptosuites.DATA_INTEGRITY and not isinstance(proof.get("cryptosuite"), str):
        raise problem.Invalid("The proof must have cryptosuite, a text.", kind=VERIFICATION_ERROR)
    suite = cryptosuites.find(proof)
    if suite is None:
        named = f"{proof['type']} {proof.get('cryptosuite', '')}".strip()
        raise problem.Invalid(f"This verifier does not know proofs of the kind {named[:80]!r}.", kind=UNKNOWN_SUITE)
    unknown = sorted(set(proof) - _MEMBERS)
    if unknown:
        raise problem.Invalid(f"The proof has a member {unknown[0][:80]!r} that no signature covers.", kind=VERIFICATION_ERROR)
    _check_members(proof, suite, purpose=purpose)
    return suite


def _check_members(proof: JsonObject, suite: cryptosuites.Cryptosuite, *, purpose: str) -> None:
    # The older suite has always asked for the date (VC-DI-EDDSA, section on Ed25519Signature2020); Data Integrity leaves it open.
    dated = ("created",) if suite is cryptosuites.ED25519_SIGNATURE_2020 else ()
    for name in ("verificationMethod", "proofPurpose", "proofValue", *dated):
        if not isinstance(proof.get(name), str):
            raise problem.Invalid(f"The proof must have {name}, a text.", kind=VERIFICATION_ERROR)
    if proof["proofPurpose"] != purpose:
        raise problem.Invalid(f"The proof was made for another purpose than {purpose}.", kind=VERIFICATION_ERROR)
    previous(proof)
    for name in ("created", "expires"):
        if name in proof:
            instant.read(proof[name])


def verify_proof(
    source: JsonObject,
    proof: JsonObject,
    *,
    method: controller.VerificationMethod,
    known: Mapping[str, contexts.Context] = contexts.PINNED,
    canonical: bytes | None = None,
    suite: cryptosuites.Cryptosuite | None = None,
    spend: effort.Spend = effort.free,
) -> None:
    """Return if `proof` is the signature of `method` over the document; else raise.

    Args:
        source: The document with its proofs: those that `proof` is chained to are part of what it signs.
        proof: The proof, whose members `check_options` found in order.
        method: The key that the proof names.
        known: The contexts that document and proof may name.
        canonical: The canonical bytes of `bound(source, proof)`, where the caller has them: several proofs need them once.
        suite: What `check_options` returned, where the caller has asked it.
        spend: Pays for the work out of what the whole verification may cost.

    Raises:
        problem.Invalid: It is not, or the signature would not cover all of the document.

    Source: VC-DI-EDDSA#verify-proof-eddsa-rdfc-2022, VC-DI-EDDSA#verify-proof-eddsa-jcs-2022, VC-DATA-INTEGRITY#verify-proof.
    """
    suite = suite or check_options(proof, purpose=proof.get("proofPurpose", ""))
    if not isinstance(method.public_key, multikey.PublicKey):
        raise problem.Invalid("The key that the proof names is no Ed25519 key.", kind=controller.INVALID_METHOD)
    signature = multikey.from_multibase(proof["proofValue"])
    if len(signature) != multikey.SIGNATURE_BYTES:
        detail = f"The proofValue is not the {multikey.SIGNATURE_BYTES} bytes of an Ed25519 signature."
        raise problem.Invalid(detail, kind=VERIFICATION_ERROR)
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    # JCS would let the document go on with further contexts than the proof's, which could give its words other meanings.
    if options.get("@context", source.get("@context")) != source.get("@context"):
        raise problem.Invalid("The proof has another @context than the document.", kind=VERIFICATION_ERROR)
    configuration = options if suite.keeps_context else options | {"@context": source.get("@context")}
    if canonical is None:
        canonical = suite.canonicalize(bound(source, proof), known, spend)
    message = cryptosuites.hash_data(cryptosuites.options_digest(suite, configuration, known, spend), canonical)
    if not method.public_key.verifies(signature, message):
        raise problem.Invalid("The signature does not fit the document: it was changed, or another key signed it.", kind=VERIFICATION_ERROR)
