"""What a badge can be wrapped in: compact JWS, PNG, SVG; and GZIP for status lists.

Deflate is written out here, since the output of zlib differs between its versions and the corpus is compared byte for byte.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from tests.corpus import kit
from tests.corpus.kit import DROP, Json, Key

# --- deflate --------------------------------------------------------------------------------------------------------


def deflate(data: bytes) -> bytes:
    """Return a raw DEFLATE stream of one block with the fixed codes; runs of one byte become short (RFC 1951)."""
    bits, position = ["110"], 0  # the last block; fixed codes, least significant bit first
    while position < len(data):
        byte, end = data[position], position + 1
        while end < len(data) and data[end] == byte:
            end += 1
        matches, rest = divmod(end - position - 1, 258)
        bits += [_literal(byte), ("11000101" + "00000") * matches, _literal(byte) * rest]  # 258 bytes from distance 1
        position = end
    stream = "".join(bits) + "0000000"  # the end of the block
    stream += "0" * (-len(stream) % 8)
    return int(stream[::-1], 2).to_bytes(len(stream) // 8, "little")


def _literal(byte: int) -> str:
    return f"{0x30 + byte:08b}" if byte < 144 else f"{0x190 + byte - 144:09b}"


def gzip(data: bytes) -> bytes:
    """Return one GZIP member without name or time (RFC 1952)."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data) % 2**32)


def zlib_stream(data: bytes) -> bytes:
    return b"\x78\x01" + deflate(data) + struct.pack(">I", zlib.adler32(data))


# --- status lists ---------------------------------------------------------------------------------------------------


def bits(*positions: int, length: int = 131_072) -> bytes:
    """Return a bitstring with the bits at `positions` set, position 0 leftmost."""
    string = bytearray(length // 8)
    for position in positions:
        string[position // 8] |= 0x80 >> position % 8
    return bytes(string)


def encoded(string: bytes) -> str:
    """Return a bitstring as `encodedList`."""
    return "u" + base64url(gzip(string))


def status_list(
    url: str, *positions: int, key: Key = kit.COLLEGE, purpose: kit.Value = "revocation", change: kit.Change | None = None
) -> Json:
    """Return an unsigned list credential with bits set; `change` is made last."""
    document = {
        "@context": [kit.V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": key.did,
        "validFrom": "2026-05-01T00:00:00Z",
        "validUntil": "2027-05-01T00:00:00Z",
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encoded(bits(*positions)),
        },
    }
    return kit.changed(document, change or {})


# --- compact JWS ----------------------------------------------------------------------------------------------------


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(content: kit.Value) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def seconds(stamp: str) -> int:
    """Return a date-time as a NumericDate."""
    return int(datetime.fromisoformat(stamp).timestamp())


@dataclass(frozen=True, slots=True)
class EcKey:
    """A P-256 key from a fixed seed, for ES256; it signs deterministically (RFC 6979)."""

    name: str
    method: str
    algorithm: str = "ES256"

    @property
    def secret(self) -> ec.EllipticCurvePrivateKey:
        seed = hashlib.sha256(f"badgeissuer corpus {self.name}".encode()).digest()
        return ec.derive_private_key(int.from_bytes(seed) >> 1, ec.SECP256R1())

    @property
    def did(self) -> str:
        return self.method.partition("#")[0]

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.secret.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": base64url(numbers.x.to_bytes(32)), "y": base64url(numbers.y.to_bytes(32))}

    def sign(self, message: bytes) -> bytes:
        der = self.secret.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32) + s.to_bytes(32)


@dataclass(frozen=True, slots=True)
class RsaKey:
    """The RSA key of the corpus, 2,048 bits, for RS256."""

    method: str
    algorithm: str = "RS256"

    @property
    def secret(self) -> rsa.RSAPrivateKey:
        return _rsa()

    @property
    def did(self) -> str:
        return self.method.partition("#")[0]

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.secret.public_key().public_numbers()
        return {"kty": "RSA", "n": base64url(numbers.n.to_bytes(256)), "e": "AQAB"}

    def sign(self, message: bytes) -> bytes:
        return self.secret.sign(message, padding.PKCS1v15(), hashes.SHA256())


@cache
def _rsa() -> rsa.RSAPrivateKey:
    p, q = _prime("p", 814), _prime("q", 18)  # how far the next prime is
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, n)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public)
    return numbers.private_key()


def _prime(name: str, distance: int) -> int:
    start = b"".join(hashlib.sha256(f"badgeissuer corpus rsa {name} {number}".encode()).digest() for number in range(4))
    return (int.from_bytes(start) | 3 << 1022 | 1) + distance


def jws(header: kit.Value, payload: kit.Value, key: kit.Value) -> bytes:
    """Return a compact JWS; header and payload are objects, or the bytes that stand for them."""
    parts = [base64url(part if isinstance(part, bytes) else compact(part)) for part in (header, payload)]
    signed = ".".join(parts).encode()
    return signed + b"." + base64url(key.sign(signed)).encode()


def header(key: kit.Value, **members: kit.Value) -> Json:
    """Return the JOSE header that `key` signs under; DROP leaves a member out."""
    usual = {"alg": getattr(key, "algorithm", "EdDSA"), "typ": "JWT", "kid": key.method}
    return {name: value for name, value in (usual | members).items() if value is not DROP}


def claims(document: Json, **members: kit.Value) -> Json:
    """Return a badge with the registered claims that say the same; DROP leaves one out."""
    named = {"iss": document["issuer"]["id"], "jti": document["id"], "sub": document["credentialSubject"].get("id", DROP)}
    times = {claim: seconds(document[name]) for claim, name in (("nbf", "validFrom"), ("exp", "validUntil")) if name in document}
    return {name: value for name, value in (document | named | times | members).items() if value is not DROP}


def sign_jwt(document: Json, key: kit.Value = kit.COLLEGE, *, headers: Json | None = None, **members: kit.Value) -> bytes:
    """Return a badge as VC-JWT; `headers` and `members` replace what header and claims usually say."""
    return jws(header(key, **(headers or {})), claims(document, **members), key)


# --- pictures -------------------------------------------------------------------------------------------------------

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def itxt(content: bytes, keyword: bytes = b"openbadgecredential", *, compressed: bool = False) -> bytes:
    """Return an iTXt chunk, its language and translated keyword empty."""
    packed = zlib_stream(content) if compressed else content
    return chunk(b"iTXt", keyword + b"\0" + bytes([compressed]) + b"\0\0\0" + packed)


def png(*extra: bytes) -> bytes:
    """Return a picture of one grey pixel with further chunks before its end."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return PNG_SIGNATURE + head + chunk(b"IDAT", zlib_stream(b"\0\x80")) + b"".join(extra) + chunk(b"IEND", b"")


def bake_png(content: bytes) -> bytes:
    """Return a picture that a credential, JSON or compact JWS, is baked into."""
    return png(itxt(content))


def svg(*elements: str, head: str = "", attributes: str = "") -> bytes:
    """Return a picture with elements inside its root."""
    inside = "".join(elements)
    root = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"{attributes} viewBox="0 0 9 9">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{root}{inside}<circle cx="4" cy="4" r="3"/></svg>\n'.encode()


def bake_svg(content: bytes) -> bytes:
    """Return a picture that a credential, JSON or compact JWS, is baked into."""
    text = content.decode()
    if text.lstrip().startswith("{"):
        return svg(f"<openbadges:credential><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></openbadges:credential>")
    return svg(f'<openbadges:credential verify="{text.strip()}"/>')
