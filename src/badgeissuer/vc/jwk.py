"""Public keys as JSON Web Keys, and the three kinds of key whose signatures are read.

A key is the raw numbers and nothing else: two keys are the same if they are equal, however each was written.

Source: RFC 7517, RFC 7518 section 6, RFC 8037 section 2, CID-1.0#JsonWebKey, CID-1.0#Multikey.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from badgeissuer import problem
from badgeissuer.vc import multikey

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

INVALID_METHOD = problem.SECURITY + "INVALID_VERIFICATION_METHOD"
RSA_BITS = range(2048, 8193)
"""The sizes of an RSA modulus that are read: smaller ones can be broken, larger ones cost too much to check."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_RSA_EXPONENTS = range(65537, 2**33, 2)
_COORDINATE_BYTES = 32
_P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_MULTICODEC = b"\x80\x24"
_P256_POINT_BYTES = 33
_COMPRESSED = (2, 3)
_NOT_ON_CURVE = "The key is no point on the curve P-256."
_FITTING = {"EdDSA": ("EdDSA", "Ed25519"), "ES256": ("ES256",), "RS256": ("RS256",)}


class Key(Protocol):
    """A public key: which algorithm it is for, and whether a signature is its own."""

    @property
    def algorithm(self) -> str:
        """The one JWS algorithm this key is for: `EdDSA`, `ES256` or `RS256`."""

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`; whatever the bytes are, it does not raise."""


@dataclass(frozen=True, slots=True)
class EcKey:
    """A public key on the curve P-256: the coordinates of its point."""

    algorithm: ClassVar[str] = "ES256"

    x: int
    y: int

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature`, r and s of 32 bytes each, is this key's over `message` (RFC 7518 section 3.4)."""
        if len(signature) != 2 * _COORDINATE_BYTES:
            return False
        r, s = int.from_bytes(signature[:_COORDINATE_BYTES]), int.from_bytes(signature[_COORDINATE_BYTES:])
        try:
            public = ec.EllipticCurvePublicNumbers(self.x, self.y, ec.SECP256R1()).public_key()
            public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A public RSA key: modulus and exponent."""

    algorithm: ClassVar[str] = "RS256"

    n: int
    e: int

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature`, as long as the modulus, is this key's over `message` (RFC 7518 section 3.3)."""
        try:
            rsa.RSAPublicNumbers(self.e, self.n).public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def to_base64url(data: bytes) -> str:
    """Return `data` in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: object) -> bytes:
    """Return the bytes of a text in base64url without padding, at least one byte.

    Raises:
        problem.Invalid: It is none, or not the one text that those bytes have: two texts for the same bytes would be two tokens.
    """
    data = b""
    if isinstance(text, str) and _BASE64URL.fullmatch(text) and len(text) % 4 != 1:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if not data or to_base64url(data) != text:
        raise problem.Invalid("The value is not base64url without padding, written in the one way that its bytes have.")
    return data


def read(value: object) -> multikey.PublicKey | EcKey | RsaKey:
    """Return the key that a public JWK describes; members that say nothing about the key are not looked at.

    Raises:
        problem.Invalid: It is no object, holds private members, is of another kind, meant for another use, or no sound key.

    Source: RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2.
    """
    if not isinstance(value, dict):
        raise _unfit("The key is no JWK: that is a JSON object.")
    private = next((name for name in _PRIVATE if name in value), None)
    if private:
        raise _unfit(f"The JWK has the private member {private!r}: a published key must never hold its private half. Replace the key pair.")
    key = _key(value)
    _check_use(value, key.algorithm)
    return key


def from_multikey(value: object) -> multikey.PublicKey | EcKey:
    """Return the key of a `publicKeyMultibase` value, of Ed25519 or of P-256.

    Raises:
        problem.Invalid: It is no Multikey of these kinds (CID-1.0#Multikey), or its point is not on the curve.
    """
    try:
        data = multikey.from_multibase(value)
        return _p256_point(data[2:]) if data[:2] == _P256_MULTICODEC else multikey.PublicKey.read(value)
    except problem.Invalid as error:
        raise _unfit(error.detail) from None


def _key(value: JsonObject) -> multikey.PublicKey | EcKey | RsaKey:
    match value.get("kty"), value.get("crv"):
        case "OKP", "Ed25519":
            return multikey.PublicKey(_octets(value, "x", size=_COORDINATE_BYTES))
        case "EC", "P-256":
            return _ec_key(value)
        case "RSA", _:
            return _rsa_key(value)
    raise _unfit("The JWK is of a kind that is not read: only kty OKP with crv Ed25519, kty EC with crv P-256, and kty RSA are.")


def _ec_key(value: JsonObject) -> EcKey:
    x, y = (int.from_bytes(_octets(value, name, size=_COORDINATE_BYTES)) for name in ("x", "y"))
    if max(x, y) >= _P256_PRIME:  # OpenSSL would reduce them: the same point under other numbers
        raise _unfit(_NOT_ON_CURVE)
    try:
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise _unfit(_NOT_ON_CURVE) from None
    return EcKey(x, y)


def _p256_point(point: bytes) -> EcKey:
    if len(point) != _P256_POINT_BYTES or point[0] not in _COMPRESSED:
        raise _unfit("The key is not a P-256 Multikey (prefix 0x8024 and a compressed point of 33 bytes, `zDn…`).")
    try:
        numbers = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).public_numbers()
    except ValueError:
        raise _unfit(_NOT_ON_CURVE) from None
    return EcKey(numbers.x, numbers.y)


def _rsa_key(value: JsonObject) -> RsaKey:
    modulus, exponent = _octets(value, "n"), _octets(value, "e")
    if modulus[0] == 0 or exponent[0] == 0:
        raise _unfit("The numbers n and e of the JWK must not begin with a zero byte.")
    key = RsaKey(int.from_bytes(modulus), int.from_bytes(exponent))
    if key.n.bit_length() not in RSA_BITS or key.n % 2 == 0:
        raise _unfit(f"The RSA key has {key.n.bit_length()} bits; an odd modulus of {RSA_BITS[0]} to {RSA_BITS[-1]} bits is needed.")
    if key.e not in _RSA_EXPONENTS:
        raise _unfit("The RSA key has an exponent that is not used for signatures; 65537 is the usual one.")
    return key


def _octets(value: JsonObject, name: str, *, size: int | None = None) -> bytes:
    try:
        data = from_base64url(value.get(name))
    except problem.Invalid:
        raise _unfit(f"The member {name} of the JWK must be base64url without padding, in its one canonical form.") from None
    if size is not None and len(data) != size:
        raise _unfit(f"The member {name} of the JWK must stand for {size} bytes, not {len(data)}.")
    return data


def _check_use(value: JsonObject, algorithm: str) -> None:
    if value.get("use", "sig") != "sig":
        raise _unfit("The JWK is not meant for signatures: its use is not sig.")
    operations = value.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise _unfit("The JWK is not meant for verifying: its key_ops do not hold verify.")
    if value.get("alg", algorithm) not in _FITTING[algorithm]:
        raise _unfit(f"The JWK says another alg than {algorithm}, the one that this kind of key is for.")


def _unfit(detail: str) -> problem.Invalid:
    return problem.Invalid(detail, kind=INVALID_METHOD)
