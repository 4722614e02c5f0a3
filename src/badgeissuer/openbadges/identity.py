"""Who a badge is for: identity hashes.

Source: OB-3.0 IdentityObject, IdentityHash.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

SALT_BYTES = 16
"""Random bytes in a salt. A salted hash hides an e-mail address from the curious, not from somebody who already knows the address."""


def identity_hash(identifier: str, *, salt: str = "") -> str:
    """Return `sha256$` and the hex SHA-256 of the identifier with the salt appended, both UTF-8."""
    return "sha256$" + hashlib.sha256((identifier + salt).encode()).hexdigest()


def normal_email(address: str) -> str:
    """Return the form in which an address is hashed and compared here: trimmed and lower case, nothing else."""
    return address.strip().lower()


def hashed_email(address: str, *, salt: str) -> JsonObject:
    """Return the IdentityObject of an e-mail address."""
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": identity_hash(normal_email(address), salt=salt),
        "identityType": "emailAddress",
        "salt": salt,
    }


def matches(identity: JsonObject, identifier: str) -> bool:
    """Return whether an IdentityObject, hashed with SHA-256 or plain, is about `identifier`; the hex may be of any case."""
    expected, salt = identity.get("identityHash"), identity.get("salt", "")
    if not isinstance(expected, str) or not isinstance(salt, str):
        return False
    actual = identity_hash(identifier, salt=salt) if identity.get("hashed") else identifier
    return hmac.compare_digest(expected.lower().encode() if identity.get("hashed") else expected.encode(), actual.encode())
