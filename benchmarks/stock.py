"""What our figures stand beside: PyLD as it comes, with the contexts in memory, and PyNaCl. And the floor beneath both.

PyLD is asked for the canonical form and nothing else: no check of members, dates, status or issuer, and no refusal of what a signature
would not cover. What is better in our figures is so in spite of what it leaves out.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import nacl.exceptions
import nacl.signing
from pyld import jsonld

from badgeissuer.vc import contexts, controller, instant, multikey

if TYPE_CHECKING:
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject
    from benchmarks import sample

NAME = "pyld stock"
_LOADED = {
    # The tag has PyLD keep what it made of a context; without it, it would be slower.
    url: {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "tag": "static", "document": context.content}
    for url, context in contexts.PINNED.items()
}


def _load(url: str, _options: object) -> dict[str, Any]:
    return _LOADED[url]


def canonical(source: JsonObject) -> bytes:
    """Return PyLD's canonical N-Quads."""
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _load, "base": None}
    text: str = jsonld.normalize(source, options)
    return text.encode()


def sign(badge: JsonObject, signer: sample.Signer, created: datetime) -> bytes:
    """Return the signed bytes."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": instant.write(created),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
    }
    signature = signer.key.sign(_message(badge, options)).signature
    return json.dumps(badge | {"proof": options | {"proofValue": multikey.multibase(signature)}}, ensure_ascii=False).encode()


def verify(body: bytes) -> bool:
    """Return whether the proof of a document is its issuer's; nothing else of the document is looked at."""
    badge = json.loads(body)
    proof = badge.pop("proof")
    signature = multikey.from_multibase(proof.pop("proofValue"))
    key = multikey.PublicKey.read(badge["issuer"]["id"].removeprefix(controller.DID_KEY))
    try:
        nacl.signing.VerifyKey(key.raw).verify(_message(badge, proof), signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def _message(badge: JsonObject, options: JsonObject) -> bytes:
    configuration = options | {"@context": badge["@context"]}
    return hashlib.sha256(canonical(configuration)).digest() + hashlib.sha256(canonical(badge)).digest()
