"""Who a badge is for: identity hashes, and whether somebody given is the learner.

Source: OB-3.0 IdentityObject, IdentityHash, "Verify the Recipient Using an Identifier".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import TYPE_CHECKING, Literal

from badgeissuer.vc import jsonld
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

Kind = Literal["address", "name", "did", "url", "other"]
_KINDS: dict[str, Kind] = {"emailAddress": "address", "email": "address", "name": "name"}
"""What an identity type holds; any other may hold anything. `email` is of the guides, not of the standard."""
_HASH = re.compile(r"sha256\$[0-9a-f]{64}|md5\$[0-9a-f]{32}", re.IGNORECASE)

SALT_BYTES = 16
"""Random bytes in a salt. A salted hash hides an e-mail address from the curious, not from somebody who already knows the address."""


def identity_hash(identifier: str, *, salt: str = "") -> str:
    """Return `sha256$` and the hex SHA-256 of the identifier with the salt appended, both UTF-8."""
    return "sha256$" + hashlib.sha256((identifier + salt).encode()).hexdigest()


def _md5_hash(identifier: str, *, salt: str) -> str:
    # The standard has two algorithms. This one is read for its sake, never written; it was never a secret which identifier is meant.
    return "md5$" + hashlib.md5((identifier + salt).encode(), usedforsecurity=False).hexdigest()


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
    """Return whether an IdentityObject, hashed or plain, is about `identifier` as it is spelt; the hex of a hash may be of any case."""
    expected, salt = identity.get("identityHash"), identity.get("salt", "")
    if not isinstance(expected, str) or not isinstance(salt, str):
        return False
    if not identity.get("hashed"):
        return _equal(expected, identifier)
    expected = expected.lower()
    return _equal(expected, (_md5_hash if expected.startswith("md5$") else identity_hash)(identifier, salt=salt))


def answers_to(subject: JsonObject, given: str) -> bool | None:
    """Return whether the learner of a badge is the one whom an employer names; None where the badge has nothing to compare with.

    What is given is compared with the subject's `id`, with its identifiers, and with the name and address of a subject that is a Profile
    too. That the learner is somebody else is said only where the badge has something of the same kind: a badge for an e-mail address
    neither confirms nor denies a name.

    Args:
        subject: The `credentialSubject`, any JSON object.
        given: An e-mail address, a DID or URL, a name, or a number or name in some system; white space around it does not count.

    Source: OB-3.0 "Verify the Recipient Using an Identifier". How a text is normalised before it is hashed is not laid down there.
    """
    text = given.encode(errors="replace").decode().strip().removeprefix("mailto:")
    known = [item for item in _identities(subject) if text]
    if any(_is_same(item, text) for item in known):
        return True
    wanted = _comparable(text)
    return False if any(_kind(item) in wanted for item in known) else None


def _identities(subject: JsonObject) -> Iterator[JsonObject]:
    """Yield what identifies a subject, as IdentityObjects; without those that say they are hashed and are not, or the reverse."""
    given, family = subject.get("givenName"), subject.get("familyName")
    full_name = f"{given} {family}" if isinstance(given, str) and isinstance(family, str) else None  # half a name would deny the whole
    for kind, value in (("name", full_name), ("name", subject.get("name")), ("emailAddress", subject.get("email"))):
        if isinstance(value, str) and value:
            yield {"identityType": kind, "identityHash": value}
    url = subject.get("id")
    if isinstance(url, str):
        yield {"identityType": "emailAddress" if url.startswith("mailto:") else "identifier", "identityHash": url.removeprefix("mailto:")}
    for item in as_list(subject.get("identifier")):
        text, salt = (item.get("identityHash"), item.get("salt", "")) if isinstance(item, dict) else (None, None)
        if isinstance(text, str) and isinstance(salt, str) and bool(_HASH.fullmatch(text)) is (item.get("hashed") is True):
            yield item


def _is_same(identity: JsonObject, text: str) -> bool:
    if identity.get("hashed") is True:
        return any(matches(identity, spelling) for spelling in _spellings(text))
    kind = _kind(identity)
    return _equal(_normal(identity["identityHash"], kind), _normal(text, kind))


def _spellings(text: str) -> set[str]:
    """Return the texts that an issuer may have hashed who was told `text`."""
    composed = unicodedata.normalize("NFC", text)
    spellings = {text, composed, " ".join(composed.split())}
    return spellings | {normal_email(spelling) for spelling in spellings if "@" in spelling}


def _normal(text: str, kind: Kind) -> str:
    """Return the form in which plain texts are compared: addresses and names without regard to case, DIDs and URLs exactly."""
    if kind in {"did", "url"}:
        return text.strip()
    composed = unicodedata.normalize("NFC", text).strip()
    if kind == "name":
        return " ".join(composed.split()).casefold()
    return normal_email(composed) if kind == "address" else composed


def _kind(identity: JsonObject) -> Kind:
    """Return what an IdentityObject holds; the hash of an identifier in some system may be one of anything."""
    kind = _KINDS.get(str(identity.get("identityType")).removeprefix("ext:"))
    return kind or ("other" if identity.get("hashed") is True else _kind_of(identity["identityHash"]))


def _kind_of(text: str) -> Kind:
    if text.startswith("did:"):
        return "did"
    return "url" if jsonld.ABSOLUTE_IRI.fullmatch(text) else "other"


def _comparable(text: str) -> set[Kind]:
    """Return the kinds of identifier that a learner so called would have to have in this form."""
    kind = _kind_of(text)
    if kind != "other":
        return {kind}
    if "@" in text:
        return {"address"}
    if any(character.isspace() for character in text):
        return {"name"}
    return {"other"} if any(character.isdigit() for character in text) else {"other", "name"}


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
