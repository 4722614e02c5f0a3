"""Ed25519 keys as Multikey, and the port through which something signs.

Source: CID-1.0#Multikey, VC-DI-EDDSA#multikey.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import ClassVar, Protocol

import nacl.bindings
import nacl.exceptions

from badgeissuer import problem

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(58)))
_PAIRS = [one + two for one in _ALPHABET for two in _ALPHABET]
_PAIR = 58**2
_WORD_DIGITS = 5
_WORD = 58**_WORD_DIGITS  # below 2³⁰: one digit of Python's own
_MULTIBASE = re.compile(rf"z[{_ALPHABET}]{{1,200}}")
_ED25519_PUBLIC = b"\xed\x01"
_ED25519_SECRET = b"\x80\x26"
_KEY_BYTES = 32
SIGNATURE_BYTES = 64


def base58(data: bytes) -> str:
    """Return `data` in the Bitcoin base 58 alphabet."""
    number, texts = int.from_bytes(data), []
    while number:  # by words of ten digits: dividing the whole number is what takes the time
        number, word = divmod(number, _WORD * _WORD)
        high, low = divmod(word, _PAIR * _PAIR)
        texts += [_PAIRS[low % _PAIR], _PAIRS[low // _PAIR], _PAIRS[high % _PAIR], _PAIRS[high // _PAIR % _PAIR]]
        texts.append(_PAIRS[high // (_PAIR * _PAIR)])
    texts.reverse()
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + "".join(texts).lstrip("1")


def multibase(data: bytes) -> str:
    """Return `data` as base58btc multibase, `z…` (CID-1.0#multibase-0)."""
    return "z" + base58(data)


def from_multibase(text: object) -> bytes:
    """Return the bytes of a base58btc multibase value.

    Raises:
        problem.Invalid: It does not begin with `z`, or holds a character outside the alphabet, white space included.
    """
    if not isinstance(text, str) or not _MULTIBASE.fullmatch(text):
        raise problem.Invalid(
            "The value is not multibase in base58btc: it must be `z` and then letters and digits of the base 58 alphabet."
        )
    number, digits = 0, ("1" * ((1 - len(text)) % _WORD_DIGITS) + text[1:]).encode().translate(_VALUES)
    for one, two, three, four, five in zip(*[iter(digits)] * _WORD_DIGITS, strict=True):
        number = number * _WORD + ((((one * 58 + two) * 58 + three) * 58 + four) * 58 + five)
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key, 32 bytes."""

    algorithm: ClassVar[str] = "EdDSA"

    raw: bytes

    @classmethod
    def read(cls, multikey: object) -> PublicKey:
        """Return the key of a `publicKeyMultibase` value.

        Raises:
            problem.Invalid: It is no Ed25519 Multikey; only the prefix 0xed01 with 32 bytes is one (VC-DI-EDDSA#multikey).
        """
        data = from_multibase(multikey)
        if data[:2] != _ED25519_PUBLIC or len(data) != len(_ED25519_PUBLIC) + _KEY_BYTES:
            raise problem.Invalid("The key is not an Ed25519 Multikey (prefix 0xed01 and 32 bytes, `z6Mk…`).")
        return cls(data[2:])

    @property
    def multikey(self) -> str:
        """The `publicKeyMultibase` of this key, `z6Mk…`."""
        return multibase(_ED25519_PUBLIC + self.raw)

    @property
    def jwk(self) -> dict[str, str]:
        """This key as a JWK (RFC 8037 section 2)."""
        return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(self.raw).rstrip(b"=").decode()}

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature`, 64 bytes, is this key's over `message` (RFC 8032; small-order keys and S ≥ L are refused)."""
        if len(signature) != SIGNATURE_BYTES:  # else the rest would be taken for the beginning of the message
            return False
        try:
            nacl.bindings.crypto_sign_open(signature + message, self.raw)
        except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
            return False
        return True


def read_seed(multikey: str) -> bytes:
    """Return the 32 bytes of a secret Ed25519 Multikey, `z3u2…` (CID-1.0#Multikey).

    Raises:
        problem.Invalid: It is none.
    """
    data = from_multibase(multikey)
    if data[:2] != _ED25519_SECRET or len(data) != len(_ED25519_SECRET) + _KEY_BYTES:
        raise problem.Invalid("The key is not a secret Ed25519 Multikey (prefix 0x8026 and 32 bytes, `z3u2…`).")
    return data[2:]


class Signer(Protocol):
    """Something that can sign with one key, wherever that key is kept."""

    @property
    def verification_method(self) -> str:
        """The URL under which verifiers find the public key."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature, 64 bytes, over `message`."""
