"""How the corpus is signed: keys from fixed seeds, PyLD over pinned context files, hashlib and PyNaCl; nothing of the verifier's own."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import nacl.exceptions
import nacl.signing
from cachetools import LRUCache
from pyld import jsonld
from pyld.context_resolver import ContextResolver

Value: TypeAlias = Any
"""Any JSON value, or DROP."""
Json: TypeAlias = dict[str, Any]

CREATED = "2026-05-20T14:05:00Z"

V2 = "https://www.w3.org/ns/credentials/v2"
V1 = "https://www.w3.org/2018/credentials/v1"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OB_302 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"
OB_301 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
ED25519_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"
UNPINNED = "https://vocabulary.example/terms/v1"
"""A context that only this kit knows."""

RDFC, JCS, LEGACY = "eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020"

_CONTEXT_FILES = {
    V2: "credentials-v2",
    V1: "credentials-v1",
    OB: "ob-3.0.3",
    OB_302: "ob-3.0.2",
    OB_301: "ob-3.0.1",
    EXTENSIONS: "ob-extensions",
    CLR: "clr-2.0.1",
    DATA_INTEGRITY: "data-integrity-v2",
    "https://w3id.org/security/data-integrity/v1": "data-integrity-v1",
    "https://w3id.org/security/multikey/v1": "multikey-v1",
    ED25519_2020: "ed25519-2020-v1",
}
_FOLDER = Path(__file__).parents[2] / "src" / "badgeissuer" / "vc" / "contexts"
MORE_CONTEXTS: dict[str, Json] = {UNPINNED: {"@context": {"level": "https://vocabulary.example/terms#level"}}}
"""What contexts say that no verifier pins: enough to sign under them."""


class _Drop:
    def __repr__(self) -> str:
        return "DROP"


DROP: Any = _Drop()
"""As a new value: remove the member."""


# --- keys -----------------------------------------------------------------------------------------------------------

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data: bytes) -> str:
    number, digits = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def from_base58(digits: str, length: int) -> bytes:
    number = 0
    for digit in digits:
        number = number * 58 + _ALPHABET.index(digit)
    return number.to_bytes(length)


def multikey(public: bytes, prefix: bytes = b"\xed\x01") -> str:
    return "z" + base58(prefix + public)


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key from a fixed seed; a did:key unless it is named otherwise.

    Attributes:
        name: What the seed is made of.
        method: The URL of its verification method.
    """

    name: str
    method: str = ""

    def __post_init__(self) -> None:
        if not self.method:
            object.__setattr__(self, "method", f"did:key:{self.multikey}#{self.multikey}")

    @property
    def secret(self) -> nacl.signing.SigningKey:
        return nacl.signing.SigningKey(hashlib.sha256(f"badgeissuer corpus {self.name}".encode()).digest())

    @property
    def public(self) -> bytes:
        return bytes(self.secret.verify_key)

    @property
    def multikey(self) -> str:
        return multikey(self.public)

    @property
    def did(self) -> str:
        return self.method.partition("#")[0]

    @property
    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(self.public).rstrip(b"=").decode()}

    def sign(self, message: bytes) -> bytes:
        return bytes(self.secret.sign(message).signature)

    def named(self, method: str) -> Key:
        """Return the same key under another verification method."""
        return replace(self, method=method)


COLLEGE = Key("college", "did:web:issuer.example#key-1")
"""The issuer of most cases: did:web, its document at https://issuer.example/.well-known/did.json."""
SCHOOL = Key("school")
"""An issuer with a did:key."""
NOTARY = Key("notary")
"""An honest stranger who adds a proof of their own."""
FORGER = Key("forger")
KEYS = (COLLEGE, SCHOOL, NOTARY, FORGER)


# --- signing --------------------------------------------------------------------------------------------------------


def _load(url: str, _options: object = None) -> Json:
    content = MORE_CONTEXTS.get(url) or json.loads((_FOLDER / f"{_CONTEXT_FILES[url]}.jsonld").read_text("utf-8"))
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": content, "tag": "static"}


_RESOLVER = ContextResolver(LRUCache(maxsize=64), _load)


def rdfc(document: Json) -> bytes:
    """Return the canonical N-Quads as a signer without any safe mode makes them."""
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "base": None, "documentLoader": _load}
    # PyLD writes an imported context into its cache: what one document imports would change the next one.
    resolver = ContextResolver(LRUCache(maxsize=64), _load) if '"@import"' in json.dumps(document) else _RESOLVER
    return str(jsonld.normalize(copy.deepcopy(document), options | {"contextResolver": resolver})).encode()


def jcs(document: Json) -> bytes:
    """Return the RFC 8785 form; the corpus has no numbers whose writing differs between languages."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def concatenated(options: bytes, document: bytes) -> bytes:
    """Return what Ed25519 signs: the SHA-256 of the proof options, then that of the document."""
    return hashlib.sha256(options).digest() + hashlib.sha256(document).digest()


def proofs(document: Json) -> list[Any]:
    value = document.get("proof", [])
    return value if isinstance(value, list) else [value]


def unsecured(document: Json) -> Json:
    return {name: value for name, value in document.items() if name != "proof"}


def to_sign(document: Json, options: Json, *, hashing: Callable[[bytes, bytes], bytes] = concatenated) -> bytes:
    """Return the bytes that a proof with these options signs.

    Source: VC-DI-EDDSA, "Hashing"; VC-DATA-INTEGRITY#verify-proof-sets-and-chains for `previousProof`.
    """
    canonicalize = jcs if options.get("cryptosuite") == JCS else rdfc
    previous = options.get("previousProof", [])
    previous = previous if isinstance(previous, list) else [previous]
    before = [proof for proof in proofs(document) if proof.get("id") in previous]
    content = unsecured(document) | ({"proof": before} if before else {})
    return hashing(canonicalize({"@context": document.get("@context")} | options), canonicalize(content))


def sign(
    document: Json,
    key: Key = COLLEGE,
    suite: str = RDFC,
    *,
    by: Key | None = None,
    hashing: Callable[[bytes, bytes], bytes] = concatenated,
    **members: Value,
) -> Json:
    """Return the document with one proof more.

    Args:
        document: With or without proofs.
        key: Whose verification method the proof names.
        suite: RDFC, JCS or LEGACY.
        by: Who really signs, where that is somebody else.
        hashing: How the two canonical forms become the bytes to sign.
        members: Of the proof, instead of the usual ones; DROP leaves one out, `proofValue` replaces the signature.
    """
    named = {"type": LEGACY} if suite == LEGACY else {"type": "DataIntegrityProof", "cryptosuite": suite}
    usual: Json = named | {"created": CREATED, "verificationMethod": key.method, "proofPurpose": "assertionMethod"}
    if suite == JCS:
        usual["@context"] = document.get("@context")
    proof: Json = {name: value for name, value in (usual | members).items() if value is not DROP and name != "proofValue"}
    value = members.get("proofValue") or "z" + base58((by or key).sign(to_sign(document, proof, hashing=hashing)))
    proof |= {} if value is DROP else {"proofValue": value}
    all_of_them = [*proofs(document), proof]
    return unsecured(document) | {"proof": all_of_them if len(all_of_them) > 1 else proof}


def holds(document: Json) -> bool:
    """Return whether all proofs verify for somebody who checks them the obvious way, with the right keys at hand."""
    return bool(proofs(document)) and all(_holds(document, proof) for proof in proofs(document))


def _holds(document: Json, proof: Json) -> bool:
    try:
        signature = from_base58(proof["proofValue"][1:].strip(), 64)  # stripped, as the package `base58` does
        message = to_sign(document, {name: value for name, value in proof.items() if name != "proofValue"})
    except (KeyError, ValueError, TypeError, AttributeError, jsonld.JsonLdError):
        return False
    return any(_verifies(key, message, signature) for key in KEYS)


def _verifies(key: Key, message: bytes, signature: bytes) -> bool:
    try:
        key.secret.verify_key.verify(message, signature)
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False
    return True
