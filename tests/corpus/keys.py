"""Whose key it is: what the document of a did:web must say (J17)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, DROP, FORGER, SCHOOL, Json, Key, badge, controller_document, method, sign, text

GROUP = kit.Group("keys")


def _web(
    name: str, why: str, document: Callable[[Key], kit.Value], *, outcome: str = "invalid", step: str = "proof|issuer", **more: kit.Value
) -> None:
    """Add a badge by an issuer with a DID document of its own; the badge itself is as it should be."""
    key = GROUP.issuer(name, document)
    getattr(GROUP, outcome)(
        f"did-web-{name}.json", more.pop("rows", "J17"), why, step, lambda: text(sign(badge(key), key)), signature="holds", **more
    )


def _always(body: bytes, _key: Key) -> bytes:
    return body


def _methods(**members: kit.Value) -> Callable[[Key], Json]:
    return lambda key: controller_document(key.did, method(key, **members))


def _document(**members: kit.Value) -> Callable[[Key], Json]:
    return lambda key: controller_document(key.did, method(key), **members)


# --- did:web: what the document says --------------------------------------------------------------------------------

_web(
    "only-for-authentication",
    "The key is for logging in, and not for badges.",
    lambda key: controller_document(key.did, method(key), authentication=[key.method], assertionMethod=DROP),
    type=kit.RELATIONSHIP_ERROR,
)
_web("for-nothing", "The key is described, and listed for no use.", _document(assertionMethod=[]), type=kit.RELATIONSHIP_ERROR)
_web(
    "for-assertions-of-another-key",
    "Another key is listed for assertions.",
    lambda key: controller_document(key.did, method(key), assertionMethod=[f"{key.did}#key-2"]),
    type=kit.RELATIONSHIP_ERROR,
)
_web(
    "listed-under-a-longer-name",
    "The key that is listed only begins like this one.",
    lambda key: controller_document(key.did, method(key), assertionMethod=[f"{key.method}0"]),
    type=kit.RELATIONSHIP_ERROR,
)
_web(
    "listed-as-a-string",
    "assertionMethod is an array; a search in a text would find too much.",
    lambda key: controller_document(key.did, method(key), assertionMethod=f"{key.method}0 {key.method}"),
)
_web(
    "of-somebody-else",
    "The document that stands there says that it is another's.",
    lambda key: controller_document("did:web:forger.example", method(key)),
    type=kit.DOCUMENT_ID_ERROR,
)
_web("without-id", "The document does not say whose it is.", lambda key: controller_document(key.did, method(key), id=DROP))
_web("id-in-an-array", "The document's id is one text.", lambda key: controller_document(key.did, method(key), id=[key.did]))
_web(
    "id-with-a-fragment",
    "The document says that it is about something else.",
    lambda key: controller_document(key.did, method(key), id=key.method),
    type=kit.DOCUMENT_ID_ERROR,
)
_web("controlled-by-another", "The issuer's document says that somebody else controls the key.", _methods(controller=FORGER.did))
_web("without-controller", "Nobody is said to control the key.", _methods(controller=DROP))
_web(
    "controllers-two",
    "A key has one controller here, so that whose signature it is has one answer.",
    _methods(controller=["did:web:forger.example", "did:web:other.example"]),
)
_web(
    "without-the-key",
    "The document holds another key than the proof names.",
    lambda key: controller_document(key.did, method(key, id=f"{key.did}#key-2")),
)
_web(
    "listed-and-not-described",
    "The key is listed and nowhere described.",
    lambda key: controller_document(key.did, assertionMethod=[key.method]),
)
_web(
    "described-twice",
    "Two keys have one name, so that nobody can say which of them is meant.",
    lambda key: controller_document(key.did, method(FORGER, id=key.method, controller=key.did), method(key)),
)
_web(
    "rotated-away",
    "The key was taken out of the document.",
    lambda key: controller_document(key.did, method(key, id=f"{key.did}#key-2", publicKeyMultibase=SCHOOL.multikey)),
)
_web(
    "another-key-under-its-name",
    "The document has another key under this name: the signature is not by it.",
    _methods(publicKeyMultibase=SCHOOL.multikey),
    type=kit.PROOF_ERROR,
)
_web("type-unknown", "A key of a kind that nobody knows.", _methods(type="Ed25519Key2040"))
_web("type-missing", "A key of no kind.", _methods(type=DROP))
_web("key-missing", "The method holds no key.", _methods(publicKeyMultibase=DROP))
_web("key-as-a-number", "The key is a text.", _methods(publicKeyMultibase=1))
_web(
    "key-for-agreement",
    "An X25519 key signs nothing.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(key.public, b"\xec\x01"))),
)
_web(
    "key-of-31-bytes",
    "An Ed25519 key has 32 bytes.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(key.public[:31]))),
)
_web(
    "key-of-33-bytes",
    "An Ed25519 key has 32 bytes.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(key.public + b"\0"))),
)
_web(
    "key-without-prefix",
    "A Multikey says first what kind of key it is.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(key.public, b""))),
)
_web(
    "key-in-base64url",
    "VC-DI-EDDSA writes keys in base 58.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase="u" + wrapping.base64url(b"\xed\x01" + key.public))),
)
_web(
    "key-with-a-line-feed",
    "White space is no digit of base 58.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=f"{key.multikey}\n")),
)
_web(
    "key-of-p-256",
    "The suite takes an Ed25519 key, and this is one of P-256.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(b"\x02" + key.public, b"\x80\x24"))),
)
_web(
    "key-of-small-order",
    "Every second signature fits the point at infinity: it is nobody's key.",
    lambda key: controller_document(key.did, method(key, publicKeyMultibase=kit.multikey(b"\x01" + bytes(31)))),
)
_web("revoked", "The key was revoked before the badge is judged.", _methods(revoked="2026-05-25T00:00:00Z"), step="proof|issuer|validity")
_web(
    "revoked-before-signing",
    "The key was revoked before it signed.",
    _methods(revoked="2026-01-01T00:00:00Z"),
    step="proof|issuer|validity",
)
_web(
    "expired",
    "The key's time had run out before the badge is judged.",
    _methods(expires="2026-05-25T00:00:00Z"),
    step="proof|issuer|validity",
)
_web(
    "revoked-one-second-ago",
    "The key was revoked before the badge is judged.",
    _methods(revoked="2026-06-01T11:59:59Z"),
    step="proof|issuer|validity",
)
_web(
    "revoked-in-another-zone",
    "Read with its zone, the revocation lies before the moment; as a text it sorts after it.",
    _methods(revoked="2026-06-01T13:30:00+05:00"),
    step="proof|issuer|validity",
)
_web(
    "revoked-at-no-moment",
    "When the key was revoked cannot be read: it cannot be relied on.",
    _methods(revoked="some time ago"),
    step="proof|issuer|validity",
)
_web(
    "revoked-true", "When the key was revoked cannot be read: it cannot be relied on.", _methods(revoked=True), step="proof|issuer|validity"
)

for name, body, why in (
    ("html", b"<!doctype html><title>Soon back</title>", "What stands there is a page for people."),
    ("empty", b"", "What stands there is empty."),
    ("an-array", b"[]", "What stands there is no controller document."),
    ("a-string", b'"did:web:issuer.example"', "What stands there is no controller document."),
    ("not-utf-8", b'{"id": "\xff"}', "What stands there cannot be read."),
):
    _web(name, why, partial(_always, body), outcome="refused")


def _twice(key: Key) -> bytes:
    document = text(controller_document(key.did, method(key))).decode()
    return document.replace('"id": ', '"id": "did:web:forger.example",\n "id": ', 1).encode()


_web("a-member-twice", "One member stands twice in the document: readers would take one or the other.", _twice, outcome="refused")

UNREACHABLE = COLLEGE.named("did:web:issuer.example:keys:nobody-there#key-1")
GROUP.undecided(
    "did-web-unreachable.json",
    "J17 1.4",
    "The issuer's document cannot be had: nothing was seen that is false.",
    "proof",
    lambda: text(sign(badge(UNREACHABLE), UNREACHABLE)),
    signature="holds",
)
