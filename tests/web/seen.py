"""The pages of real documents: those of the corpus, and others that are signed like them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tests.corpus import kit

from badgeissuer import trusting, verifying
from badgeissuer.vc import verification
from badgeissuer.web import pages

CORPUS = Path(__file__).parents[1] / "corpus"
RESOURCES = {
    url: CORPUS / "resources" / name for url, name in json.loads((CORPUS / "resources" / "resources.json").read_text("utf-8")).items()
}


def look(url: str) -> verification.Resource | verification.Unreachable:
    """Return what stands at a URL of the corpus."""
    if url in RESOURCES:
        return verification.Resource(url, RESOURCES[url].read_bytes(), datetime.fromisoformat(kit.NOW))
    return verification.Unreachable(url, "nothing stands there")


def verified(body: bytes | str, *, recipient: str | None = None, at: str = kit.NOW) -> verifying.Verified:
    """Return what the verifier says of a document, or of a case of the corpus."""
    content = body if isinstance(body, bytes) else (CORPUS / "cases" / body).read_bytes()
    policy = replace(trusting.read(CORPUS / "trust.json").policy(verifying.BADGE), recipient=recipient)
    return verifying.verify(content, look=look, now=datetime.fromisoformat(at), policy=policy)


def page(body: bytes | str, *, recipient: str | None = None, at: str = kit.NOW) -> str:
    """Return the page on a document, or on a case of the corpus."""
    found = verified(body, recipient=recipient, at=at)
    return pages.verify_page(recipient=recipient or "", report=found.report.to_json(), document=found.document)


def signed(document: kit.Json, key: kit.Key = kit.SCHOOL) -> bytes:
    """Return a document with the signature of a key."""
    return kit.text(kit.sign(document, key))


def endorsement(about: str = "https://issuer.example/c/1", comment: str = "Well *deserved*.") -> kit.Json:
    """Return an unsigned endorsement by the notary."""
    return {
        "@context": [kit.V2, kit.OB],
        "id": "https://notary.example/endorsements/9",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Endorsement",
        "issuer": {"id": kit.NOTARY.did, "type": ["Profile"], "name": "The Notary"},
        "validFrom": "2026-05-20T14:05:00Z",
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": comment},
    }


def record(*credentials: object, **members: object) -> kit.Json:
    """Return an unsigned learner record by the college."""
    return {
        "@context": [kit.V2, kit.CLR, kit.OB],
        "id": "https://issuer.example/records/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record of a learner",
        "issuer": {"id": kit.COLLEGE.did, "type": ["Profile"], "name": "Northfield College"},
        "validFrom": "2026-05-21T14:05:00Z",
        "credentialSubject": {"id": "did:example:learner", "type": ["ClrSubject"], "verifiableCredential": list(credentials)},
    } | members
