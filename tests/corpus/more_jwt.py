"""Tokens: by which algorithm, and whether the key that they bring is the issuer's (T1, T2)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from tests.corpus import kit
from tests.corpus.kit import (
    COLLEGE,
    DROP,
    FORGER,
    METHOD_ERROR,
    NOTARY,
    PROOF_ERROR,
    SCHOOL,
    Json,
    Value,
    brief,
    changed,
    text,
)
from tests.corpus.wrapping import EcKey, RsaKey, base64url, claims, compact, header, jws, sign_jwt

GROUP = kit.Group("jwt")
HOST = "https://issuer.example/jwt"


def badge_of(issuer: str) -> Json:
    """Return a fresh unsigned badge without a status, by whoever that is."""
    return changed(brief(SCHOOL), {"/issuer/id": issuer})


def unsigned(token: bytes) -> bytes:
    """Return a token with nothing behind its second dot."""
    return token.rpartition(b".")[0] + b"."


def jwk_method(key: Value, **members: Value) -> Json:
    """Return a key as a controller document describes it with `publicKeyJwk`."""
    return {"id": key.method, "type": "JsonWebKey", "controller": key.did, "publicKeyJwk": key.jwk} | members


def serve_document(key: Value, *methods: Json, **members: Value) -> None:
    """Let the document of a key's controller stand where did:web looks for it."""
    path = key.did.removeprefix("did:web:issuer.example:").replace(":", "/")
    document = kit.controller_document(key.did, *(methods or (jwk_method(key),)), **members)
    GROUP.serve(f"https://issuer.example/{path}/did.json", lambda: text(document))


EC = EcKey("jwt", "did:web:issuer.example:jwt:es256#key-1")
RSA = RsaKey("did:web:issuer.example:jwt:rs256#key-1")
serve_document(EC)
serve_document(RSA)

# --- as it should be ------------------------------------------------------------------------------------------------

GROUP.valid("eddsa.jwt", "T1", "VC-JWT by the Ed25519 key that the issuer's did:web document lists.", lambda: sign_jwt(brief()))
GROUP.valid("es256.jwt", "T1", "VC-JWT by a P-256 key.", lambda: sign_jwt(badge_of(EC.did), EC))
GROUP.valid("rs256.jwt", "T1", "VC-JWT by an RSA key, which every reader of Open Badges knows.", lambda: sign_jwt(badge_of(RSA.did), RSA))
GROUP.valid("did-key.jwt", "T3", "The issuer is its own key.", lambda: sign_jwt(brief(SCHOOL), SCHOOL))


def _by_did_jwk(key: Value, fragment: str = "#0") -> bytes:
    did = f"did:jwk:{base64url(compact(key.jwk))}"
    return jws(header(key, kid=f"{did}{fragment}"), claims(badge_of(did)), key)


for name, own in (("an-ed25519-key", NOTARY), ("a-p-256-key", EC), ("an-rsa-key", RSA)):
    GROUP.valid(f"did-jwk-of-{name}.jwt", "T3", "A did:jwk is its own document, and its one key is #0.", lambda own=own: _by_did_jwk(own))
GROUP.invalid(
    "did-jwk-with-another-fragment.jwt",
    "T3",
    "The one key of a did:jwk is #0: there is no #1.",
    "proof|issuer",
    lambda: _by_did_jwk(NOTARY, "#1"),
)
GROUP.valid(
    "brings-the-key-that-its-issuer-lists.jwt",
    "T2",
    "The header brings the key itself, and the issuer's own document lists that key.",
    lambda: sign_jwt(brief(), headers={"kid": DROP, "jwk": COLLEGE.jwk}),
)
GROUP.valid(
    "brings-the-key-that-its-issuer-is.jwt",
    "T2",
    "The header brings the key that the issuer's did:key consists of.",
    lambda: sign_jwt(brief(SCHOOL), SCHOOL, headers={"kid": DROP, "jwk": SCHOOL.jwk}),
)
GROUP.valid(
    "names-and-brings-one-key.jwt", "T2", "Name and key in the header agree.", lambda: sign_jwt(brief(), headers={"jwk": COLLEGE.jwk})
)

# --- T1: the algorithm is the key's, never the header's -------------------------------------------------------------


def _fault(name: str, rows: str, why: str, make: kit.Bytes, step: str = "proof|issuer", *, outcome: str = "invalid", **more: Value) -> None:
    getattr(GROUP, outcome)(f"{name}.jwt", rows, why, step, make, **more)


HEADER = "syntax|proof"

for name, alg in (("none", "none"), ("none-in-mixed-case", "nOnE"), ("none-in-capitals", "NONE"), ("none-with-a-capital", "None")):
    _fault(
        f"alg-{name}",
        "T1",
        "Nobody signed it, and the header says that this is all right.",
        lambda alg=alg: unsigned(sign_jwt(brief(), headers={"alg": alg})),
        HEADER,
    )
    _fault(
        f"alg-{name}-beside-a-signature",
        "T1",
        "Who follows the header looks at no signature.",
        lambda alg=alg: sign_jwt(brief(), headers={"alg": alg}),
        HEADER,
    )
_fault(
    "alg-none-beside-a-signature-of-something-else",
    "T1",
    "Who follows the header looks at no signature, and this one is of another badge.",
    lambda: unsigned(sign_jwt(brief(), headers={"alg": "none"})) + sign_jwt(badge_of(COLLEGE.did)).rpartition(b".")[2],
    HEADER,
)
for name, value in (
    ("missing", DROP),
    ("null", None),
    ("empty", ""),
    ("a-number", 1),
    ("an-array", ["EdDSA"]),
    ("in-lower-case", "eddsa"),
    ("unknown", "XYZ"),
):
    _fault(
        f"alg-{name}",
        "T1",
        "A header names its algorithm, as the registry spells it.",
        lambda value=value: sign_jwt(brief(), headers={"alg": value}),
        HEADER,
    )


@dataclass(frozen=True, slots=True)
class _Secret:
    """What somebody takes for a shared secret."""

    secret: bytes

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self.secret, message, hashlib.sha256)


def _pem() -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return RSA.secret.public_key().public_bytes(serialization.Encoding.PEM, kind)


def _with_secret(secret: bytes, key: Value = COLLEGE) -> bytes:
    return jws(header(key, alg="HS256"), claims(badge_of(key.did)), _Secret(secret))


for name, secret in (
    ("the-public-key", COLLEGE.public),
    ("the-public-key-as-multibase", COLLEGE.multikey.encode()),
    ("the-public-key-as-base64url", COLLEGE.jwk["x"].encode()),
    ("the-public-key-as-jwk", compact(COLLEGE.jwk)),
    ("nothing", b""),
):
    _fault(
        f"alg-hs256-with-{name}-as-secret",
        "T1",
        "Everybody knows the public key, so everybody can make this.",
        lambda secret=secret: _with_secret(secret),
        HEADER,
    )
_fault(
    "alg-hs256-with-the-public-rsa-key-as-secret",
    "T1",
    "The classic confusion: the PEM file of the RSA key, taken for a secret.",
    lambda: _with_secret(_pem(), RSA),
    HEADER,
)
for name, alg, key in (
    ("es256-for-an-ed25519-key", "ES256", COLLEGE),
    ("rs256-for-an-ed25519-key", "RS256", COLLEGE),
    ("eddsa-for-a-p-256-key", "EdDSA", EC),
    ("rs256-for-a-p-256-key", "RS256", EC),
    ("eddsa-for-an-rsa-key", "EdDSA", RSA),
    ("es256-for-an-rsa-key", "ES256", RSA),
):
    _fault(
        f"alg-{name}",
        "T1",
        "The key is not one for the algorithm that the header names.",
        lambda alg=alg, key=key: sign_jwt(badge_of(key.did), key, headers={"alg": alg}),
        "proof",
        type=PROOF_ERROR,
    )
for name, alg, key in (("es384", "ES384", EC), ("es256k", "ES256K", EC), ("rs512", "RS512", RSA), ("ps256", "PS256", RSA)):
    _fault(
        f"alg-{name}-over-another",
        "T1",
        "It is signed by another algorithm than its header says.",
        lambda alg=alg, key=key: sign_jwt(badge_of(key.did), key, headers={"alg": alg}),
        HEADER,
        outcome="refused",
    )


class _Pss:
    """The RSA key with the newer padding, without salt so that it is reproducible."""

    def sign(self, message: bytes) -> bytes:
        return RSA.secret.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 0), hashes.SHA256())


_fault(
    "alg-rs256-over-ps256",
    "T1",
    "RS256 is the older padding of RSA, and this is the newer.",
    lambda: jws(header(RSA), claims(badge_of(RSA.did)), _Pss()),
    "proof",
    type=PROOF_ERROR,
)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Signs nothing, and says so with these bytes."""

    signature: bytes

    def sign(self, _message: bytes) -> bytes:
        return self.signature


for name, signature, key, why in (
    ("of-zeros", bytes(64), COLLEGE, "A signature of zeros is nobody's."),
    ("of-the-neutral-point", b"\1" + bytes(63), COLLEGE, "R is the neutral point and s is zero: it fits every message for a weak key."),
    ("es256-of-zeros", bytes(64), EC, "Both numbers are zero: a reader that forgot to look took this for good under every key."),
    ("rs256-of-zeros", bytes(256), RSA, "Zero is no signature."),
    ("rs256-of-one", bytes(255) + b"\1", RSA, "One stays one, whatever the exponent."),
):
    _fault(
        f"signature-{name}",
        "T1",
        why,
        lambda signature=signature, key=key: jws(header(key), claims(badge_of(key.did)), _Fixed(signature)),
        "proof",
        type=PROOF_ERROR,
    )


class _Der:
    """The P-256 key, its signatures written as in a certificate."""

    def sign(self, message: bytes) -> bytes:
        raw = EC.sign(message)
        numbers = [b"\0" * (part[0] > 127) + part for part in (raw[:32].lstrip(b"\0"), raw[32:].lstrip(b"\0"))]
        inside = b"".join(b"\x02" + bytes([len(number)]) + number for number in numbers)
        return b"\x30" + bytes([len(inside)]) + inside


_fault(
    "signature-es256-in-der",
    "T1 T4",
    "JWS has the two numbers side by side, 32 bytes each: another form is another signature for the same token.",
    lambda: jws(header(EC), claims(badge_of(EC.did)), _Der()),
    "proof",
    type=PROOF_ERROR,
)


class _ShortRsa:
    """An RSA key of 1,024 bits: its modulus can be factored by who pays for it."""

    method, did = "did:web:issuer.example:jwt:rsa-of-1024-bits#key-1", "did:web:issuer.example:jwt:rsa-of-1024-bits"
    algorithm = "RS256"

    def __init__(self) -> None:
        self.p, self.q = self._prime("p", 234), self._prime("q", 138)  # how far the next prime is

    @staticmethod
    def _prime(name: str, distance: int) -> int:
        start = b"".join(hashlib.sha256(f"badgeissuer corpus rsa short {name} {number}".encode()).digest() for number in range(2))
        return (int.from_bytes(start) | 3 << 510 | 1) + distance

    @property
    def jwk(self) -> dict[str, str]:
        return {"kty": "RSA", "n": base64url((self.p * self.q).to_bytes(128)), "e": "AQAB"}

    def sign(self, message: bytes) -> bytes:
        named = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
        padded = b"\0\1" + b"\xff" * (125 - len(named)) + b"\0" + named
        private = pow(65537, -1, (self.p - 1) * (self.q - 1))
        return pow(int.from_bytes(padded), private, self.p * self.q).to_bytes(128)


SHORT = _ShortRsa()
serve_document(SHORT)
_fault(
    "rsa-key-of-1024-bits",
    "T1",
    "RFC 7518 asks for 2,048 bits: shorter ones can be broken, and then anybody signs.",
    lambda: sign_jwt(badge_of(SHORT.did), SHORT),
)

# --- T2: what the sender says of the key proves nothing -------------------------------------------------------------

for name, members in (
    ("jku", {"jku": "https://forger.example/jwks.json"}),
    ("jku-at-the-issuer", {"jku": f"{HOST}/jwks.json"}),
    ("x5u", {"x5u": "https://forger.example/certificate.pem"}),
    ("x5c", {"x5c": ["MIIB"]}),
    ("x5t", {"x5t": "dGhpcyBpcyBubyBkaWdlc3Q"}),
    ("crit", {"crit": ["exp"], "exp": 2_000_000_000}),
    ("crit-empty", {"crit": []}),
    ("crit-that-names-a-known-member", {"crit": ["kid"]}),
    ("b64-true", {"b64": True, "crit": ["b64"]}),
    ("b64-false", {"b64": False, "crit": ["b64"]}),
    ("b64-false-without-crit", {"b64": False}),
    ("zip", {"zip": "DEF"}),
    ("claim-in-the-header", {"iss": COLLEGE.did}),
    ("nonce", {"nonce": "8"}),
    ("unknown-member", {"verified": True}),
):
    rows = "T2" if name[0] in "jx" else "T4"
    why = "The header has a member that is not read: what it would change is not known, and the set of those that are is closed."
    _fault(f"header-with-{name}", rows, why, lambda members=members: sign_jwt(brief(), headers=members), HEADER)
_fault(
    "jku-of-the-forger",
    "T2",
    "The header says where the keys are, and there the forger's key stands.",
    lambda: sign_jwt(brief(), FORGER, headers={"jku": "https://forger.example/jwks.json", "kid": "key-1"}),
    "syntax|proof|issuer",
)
_fault(
    "brings-a-strangers-key",
    "T2",
    "The header brings the forger's own key: followed to the letter, anybody signs as anybody.",
    lambda: sign_jwt(brief(), FORGER, headers={"kid": DROP, "jwk": FORGER.jwk}),
    type=METHOD_ERROR,
)
_fault(
    "brings-a-strangers-key-to-a-did-key",
    "T2",
    "The issuer is a key, and the header brings another.",
    lambda: sign_jwt(brief(SCHOOL), FORGER, headers={"kid": DROP, "jwk": FORGER.jwk}),
    type=METHOD_ERROR,
)
_fault(
    "brings-the-issuers-key-and-is-signed-by-another",
    "T2",
    "Whoever brings a key has not signed with it yet.",
    lambda: sign_jwt(brief(), FORGER, headers={"kid": DROP, "jwk": COLLEGE.jwk}),
    type=PROOF_ERROR,
)
for name, kid, brought, signer in (
    ("the-issuers-and-brings-the-forgers", COLLEGE.method, FORGER, FORGER),
    ("the-issuers-and-brings-the-forgers-unused", COLLEGE.method, FORGER, COLLEGE),
    ("the-forgers-and-brings-the-issuers", FORGER.method, COLLEGE, FORGER),
):
    _fault(
        f"names-{name}",
        "T2",
        "Name and key in the header are two: one reader would take the one, another the other.",
        lambda kid=kid, brought=brought, signer=signer: sign_jwt(brief(), signer, headers={"kid": kid, "jwk": brought.jwk}),
    )
_fault(
    "names-no-key", "T2 T3", "Without kid or jwk there is no key to verify with.", lambda: sign_jwt(brief(), headers={"kid": DROP}), HEADER
)
PRIVATE = COLLEGE.jwk | {"d": base64url(bytes(COLLEGE.secret))}
for name, value in (
    ("as-text", "key-1"),
    ("as-array", [COLLEGE.jwk]),
    ("without-x", {"kty": "OKP", "crv": "Ed25519"}),
    ("with-its-private-half", PRIVATE),
    ("of-another-curve", COLLEGE.jwk | {"crv": "X25519"}),
    ("for-encryption", COLLEGE.jwk | {"use": "enc"}),
):
    _fault(
        f"brings-a-key-{name}",
        "T2",
        "What it brings is no public key for signatures.",
        lambda value=value: sign_jwt(brief(), headers={"kid": DROP, "jwk": value}),
        "syntax|proof|issuer",
    )
LISTED_ELSEWHERE = NOTARY.named("did:web:issuer.example:jwt:not-for-assertions#key-1")
serve_document(LISTED_ELSEWHERE, kit.method(LISTED_ELSEWHERE), assertionMethod=[], authentication=[LISTED_ELSEWHERE.method])
_fault(
    "brings-a-key-that-its-issuer-lists-for-authentication-only",
    "T2 J17",
    "The issuer's key for logging in is none for credentials.",
    lambda: sign_jwt(badge_of(LISTED_ELSEWHERE.did), LISTED_ELSEWHERE, headers={"kid": DROP, "jwk": LISTED_ELSEWHERE.jwk}),
)
