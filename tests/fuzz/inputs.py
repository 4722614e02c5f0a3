"""What a hostile input is made of, and the badges and keys that hostile inputs begin with."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.corpus import kit, wrapping
from tests.corpus.kit import SCHOOL, V2, Json, Key

from badgeissuer import problem
from badgeissuer.vc import contexts, cryptosuites
from badgeissuer.vc import proof as proofs

Served: TypeAlias = bytes | tuple[bytes, str]
"""What stands at a URL: bytes, and their `Content-Encoding` where they are packed."""

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """What is handed in, and what the web says when it is asked.

    Attributes:
        body: The bytes.
        web: URL → what stands there.
        profile: `badge` or `vc`.
        recipient: Whom an employer asks about.
        outcome: What the verdict must be, where it is one that must not be refused.
    """

    body: bytes
    web: Mapping[str, Served] = ()  # type: ignore[assignment]  # an empty mapping of any kind
    profile: str = "badge"
    recipient: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Worst:
    """One way to cost as much as possible.

    Attributes:
        group: The class of input, as the table has it.
        name: What it is, as the table has it.
        make: Makes it; that may take its time.
    """

    group: str
    name: str
    make: Callable[[], Given]


EVERY: list[Worst] = []


def worst(group: str, name: str) -> Callable[[Callable[[], Given]], Callable[[], Given]]:
    """Note a function as one that makes a worst input."""

    def note(make: Callable[[], Given]) -> Callable[[], Given]:
        EVERY.append(Worst(group, name, make))
        return make

    return note


def text(document: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a document as few bytes as possible."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def filled(begin: bytes, piece: bytes, end: bytes, *, size: int = MEBIBYTE) -> bytes:
    """Return a text of at most `size` bytes that repeats one piece as often as it fits, without what it ends with the last time."""
    count = (size - len(begin) - len(end)) // len(piece)
    return begin + (piece * count)[:-1] + end


def badge(key: Key = SCHOOL, number: int = 0) -> Json:
    """Return a fresh badge without any status."""
    return kit.badge(key, status=False) | {"id": f"https://issuer.example/c/{number}"}


def proof(number: int = 0, key: Key = SCHOOL, **members: Any) -> Json:  # noqa: ANN401 - any JSON value
    """Return a proof that is of the right form; its signature fits nothing."""
    usual = {
        "id": f"urn:example:proof-{number}",
        "type": "DataIntegrityProof",
        "cryptosuite": kit.RDFC,
        "created": f"2026-05-20T14:05:{number % 60:02}Z",
        "verificationMethod": key.method,
        "proofPurpose": "assertionMethod",
        "proofValue": "z" + kit.base58(random.Random(number).randbytes(64)),  # noqa: S311 - any bytes will do
    }
    return {name: value for name, value in (usual | members).items() if value is not None}


_EARLIER: tuple[list[str], ...] = ([], ["urn:example:proof-0"], ["urn:example:proof-1"], ["urn:example:proof-0", "urn:example:proof-1"])


def chained(document: Json, key: Key = SCHOOL, *, count: int = 4, alike: bool = False) -> Json:
    """Return a document with proofs of which each signs others than all others do: nothing that one costs is of use for the next.

    The signatures hold, for a verifier looks no further than the first that does not; where the document costs so much that we do not
    canonicalise it, they fit nothing. With `alike` all sign the same.
    """
    document = dict(document) | {"proof": []}
    for number in range(count):
        options = proof(number, key, previousProof=None if alike else (_EARLIER[number] or None))
        value = options.pop("proofValue")
        try:
            message = cryptosuites.hash_data(
                hashlib.sha256(cryptosuites.rdfc({"@context": document["@context"]} | options, contexts.PINNED)).digest(),
                cryptosuites.rdfc(proofs.bound(document, options), contexts.PINNED),
            )
            value = "z" + kit.base58(key.sign(message))
        except problem.Problem:
            pass
        document["proof"] = [*document["proof"], options | {"proofValue": value}]
    return document


def large(key: Key = SCHOOL, number: int = 0, *, parts: int = 1900) -> Json:
    """Return a badge of about so many parts, in the shapes that cost JSON-LD processors most: long arrays of objects without an id."""
    document = badge(key, number)
    achievement = document["credentialSubject"]["achievement"]
    achievement["tag"] = [f"tag {index}" for index in range(min(250, parts // 8))]
    left = (parts - len(achievement["tag"]) - 60) // 5
    achievement["alignment"] = [
        {"type": ["Alignment"], "targetName": f"name {index}", "targetUrl": f"https://example.org/{number}/{index}"}
        for index in range(min(250, left))
    ]
    more = max(0, left - 250)
    document["evidence"] = [{"type": ["Evidence"], "name": f"name {index}", "genre": "essay"} for index in range(more)]
    return {name: value for name, value in document.items() if value != []}


def record(credentials: list[Any], key: Key = SCHOOL) -> Json:
    """Return an unsigned learner record (CLR) with credentials in it."""
    document = badge(key) | {"id": "https://issuer.example/record"}
    document["@context"] = [V2, kit.CLR, kit.OB]
    document["type"] = ["VerifiableCredential", "ClrCredential"]
    document["credentialSubject"] = {"id": "did:example:learner", "type": ["ClrSubject"], "verifiableCredential": credentials}
    return document


def presentation(credentials: list[Any]) -> Json:
    """Return a presentation that nobody signed."""
    return {"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": credentials}


def token(document: Json, key: Key = SCHOOL) -> str:
    """Return a credential as a token that its issuer signed."""
    return wrapping.jws(wrapping.header(key), document | {"iss": key.did}, key).decode()
