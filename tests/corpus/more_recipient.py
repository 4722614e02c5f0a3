"""Whom a badge was issued to: compared with what an employer knows of the learner, as a step of its own."""

from __future__ import annotations

import hashlib

from tests.corpus import kit
from tests.corpus.kit import DROP, FORGER, Json, Value, brief, changed, sign, text

GROUP = kit.Group("recipient")
ADDRESS, NAME, DID = "learner@example.org", "Ada Lovelace", "did:example:learner"
SALT = "FleurDeSel"


def digest(identifier: str, salt: str = "", algorithm: str = "sha256") -> str:
    """Return an identity hash: the identifier first, the salt behind it."""
    return f"{algorithm}${hashlib.new(algorithm, (identifier + salt).encode()).hexdigest()}"


def identity(value: str, kind: str = "emailAddress", **members: Value) -> Json:
    """Return an IdentityObject; it is hashed where it looks like it."""
    usual = {"type": "IdentityObject", "hashed": "$" in value, "identityHash": value, "identityType": kind}
    return {name: item for name, item in (usual | members).items() if item is not DROP}


def issued_to(*identities: Json, id: str | None = None) -> bytes:  # noqa: A002 - as the member is called
    """Return a signed badge whose learner is identified so."""
    change: Value = {"/credentialSubject/id": id or DROP} | ({"/credentialSubject/identifier": list(identities)} if identities else {})
    return text(sign(changed(brief(), change)))


SALTED = digest(ADDRESS, SALT)

# --- it is they -----------------------------------------------------------------------------------------------------

for name, asked, make, why in (
    ("address-hashed", ADDRESS, lambda: issued_to(identity(digest(ADDRESS))), "The hash is that of the address."),
    ("address-hashed-with-salt", ADDRESS, lambda: issued_to(identity(SALTED, salt=SALT)), "The hash is that of the address and the salt."),
    (
        "address-hashed-in-capitals",
        ADDRESS,
        lambda: issued_to(identity("sha256$" + SALTED[7:].upper(), salt=SALT)),
        "A hash may be written in capitals.",
    ),
    (
        "address-hashed-by-md5",
        ADDRESS,
        lambda: issued_to(identity(digest(ADDRESS, SALT, "md5"), salt=SALT)),
        "The standard has this algorithm too.",
    ),
    ("address-plain", ADDRESS, lambda: issued_to(identity(ADDRESS)), "The address stands there."),
    ("name-plain", NAME, lambda: issued_to(identity(NAME, "name")), "The name stands there."),
    ("name-hashed", NAME, lambda: issued_to(identity(digest(NAME, SALT), "name", salt=SALT)), "The hash is that of the name and the salt."),
    ("did", DID, lambda: issued_to(id=DID), "The learner is that DID."),
    ("number-in-a-system", "A-1815", lambda: issued_to(identity("A-1815", "sourcedId")), "The number stands there."),
    ("second-of-two", NAME, lambda: issued_to(identity(SALTED, salt=SALT), identity(NAME, "name")), "One of the identifiers fits."),
    ("address-beside-a-did", ADDRESS, lambda: issued_to(identity(SALTED, salt=SALT), id=DID), "One of the identifiers fits."),
):
    GROUP.valid(f"{name}.json", "J20", why, make, recipient=asked)

# --- it is somebody else --------------------------------------------------------------------------------------------

for name, asked, make, why in (
    ("another-address-hashed", "eve@example.org", lambda: issued_to(identity(digest(ADDRESS))), "The hash is of another address."),
    (
        "another-address-hashed-with-salt",
        "eve@example.org",
        lambda: issued_to(identity(SALTED, salt=SALT)),
        "The hash is of another address.",
    ),
    ("another-address-plain", "eve@example.org", lambda: issued_to(identity(ADDRESS)), "Another address stands there."),
    ("another-name", "Eve Lovelace", lambda: issued_to(identity(NAME, "name")), "Another name stands there."),
    ("another-did", "did:example:eve", lambda: issued_to(id=DID), "The learner is another DID."),
    ("did-that-begins-alike", "did:example:learner2", lambda: issued_to(id=DID), "The learner is another DID."),
    ("salt-of-another", ADDRESS, lambda: issued_to(identity(SALTED, salt="Kosher")), "With that salt the address has another hash."),
    ("salt-left-out", ADDRESS, lambda: issued_to(identity(SALTED)), "Without the salt the address has another hash."),
    (
        "salt-in-front",
        ADDRESS,
        lambda: issued_to(identity(digest(SALT, ADDRESS), salt=SALT)),
        "The salt stands behind the identifier, so this is the hash of something else.",
    ),
    (
        "neither-of-two",
        "eve@example.org",
        lambda: issued_to(identity(SALTED, salt=SALT), identity("ada@example.org")),
        "Two other addresses stand there.",
    ),
):
    GROUP.invalid(f"{name}.json", "J20", why, "recipient", make, recipient=asked)
GROUP.invalid(
    "forged-and-fitting.json",
    "J20 J17",
    "The forger wrote the employer's learner into a badge: that it fits says nothing.",
    "issuer",
    lambda: text(sign(changed(brief(), {"/credentialSubject/id": "did:example:eve"}), FORGER)),
    recipient="did:example:eve",
)
GROUP.invalid(
    "changed-and-fitting.json",
    "J20 J18",
    "The learner was exchanged after the badge was signed.",
    "proof",
    lambda: text(changed(sign(brief()), {"/credentialSubject/id": "did:example:eve"})),
    recipient="did:example:eve",
)

# --- nobody can tell ------------------------------------------------------------------------------------------------

for name, asked, make, why in (
    ("address-asked-and-a-did-given", ADDRESS, lambda: issued_to(id=DID), "A DID says nothing of an address."),
    ("did-asked-and-an-address-given", DID, lambda: issued_to(identity(SALTED, salt=SALT)), "An address says nothing of a DID."),
    ("name-asked-and-an-address-given", NAME, lambda: issued_to(identity(SALTED, salt=SALT)), "An address says nothing of a name."),
    ("address-asked-and-a-name-given", ADDRESS, lambda: issued_to(identity(NAME, "name")), "A name says nothing of an address."),
    (
        "hash-of-an-unknown-kind",
        ADDRESS,
        lambda: issued_to(identity("sha3$" + hashlib.sha3_256(ADDRESS.encode()).hexdigest())),
        "The standard has two algorithms, and this is neither.",
    ),
    ("hashed-and-is-not", ADDRESS, lambda: issued_to(identity(ADDRESS, hashed=True)), "It says that it is a hash, and is none."),
):
    GROUP.undecided(f"{name}.json", "J20", why, "recipient", make, recipient=asked)
GROUP.refused(
    "plain-and-is-a-hash.json",
    "J20",
    "It says that it is an address, and is a hash: nothing in it is the address.",
    "recipient",
    lambda: issued_to(identity(SALTED, hashed=False, salt=SALT)),
    recipient=ADDRESS,
)
