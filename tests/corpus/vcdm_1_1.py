"""Badges on VCDM 1.1: other dates, other contexts, and words that nothing protects."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import (
    COLLEGE,
    DATA_INTEGRITY,
    DROP,
    ED25519_2020,
    EXTENSIONS,
    FORGER,
    LEGACY,
    OB,
    OB_301,
    PROOF_ERROR,
    RDFC,
    SCHOOL,
    V1,
    V2,
    Key,
    changed,
    old_badge,
    sign,
    text,
)

GROUP = kit.Group("vcdm-1.1")
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"


def _before(name: str, rows: str, why: str, change: kit.Change, step: str = "data_model", *, key: Key = SCHOOL, **more: str) -> None:
    GROUP.before(name, rows, why, change, step, base=old_badge, key=key, suite=LEGACY, **more)


def _after(name: str, rows: str, why: str, change: kit.Change, step: str = "data_model|proof", **more: str) -> None:
    GROUP.after(name, rows, why, change, step, base=old_badge, key=SCHOOL, suite=LEGACY, **more)


_before("expired", "J7", "It has expired.", {"/expirationDate": "2026-05-25T00:00:00Z"}, "validity")
_before("not-yet", "J7", "It does not count yet.", {"/issuanceDate": "2027-05-20T14:05:00Z"}, "validity")
_before("issuanceDate-missing", "J14", "VCDM 1.1: a credential says when it was issued.", {"/issuanceDate": DROP}, "data_model|validity")
_before(
    "issuanceDate-without-zone",
    "J14",
    "A moment has a zone; without one it is many.",
    {"/issuanceDate": "2026-05-20T14:05:00"},
    "data_model|validity",
)
_before(
    "expires-before-it-is-issued", "J7", "It ends before it begins.", {"/expirationDate": "2026-05-19T14:05:00Z"}, "data_model|validity"
)
_before("name-missing", "J14", "Open Badges 3.0 on VCDM 1.1: a badge has a name.", {"/name": DROP})
_before("subject-nobody", "J14", "The learner has neither an id nor an identifier.", {f"{SUBJECT}/id": DROP})
_before("achievement-without-criteria", "J14", "An achievement says how it is earned.", {f"{ACHIEVEMENT}/criteria": DROP})
_before("of-another-issuer", "J17", "The signature is good and the key is not the issuer's.", {"/issuer/id": COLLEGE.did}, "issuer")
_before("undefined-member-signed", "J2 J1", "The issuer signed a member that vanishes.", {"/level": "2"}, "data_model|proof")
_before(
    "type-of-the-achievement-missing",
    "J2",
    "The terms hang on the type: without it they mean nothing.",
    {f"{ACHIEVEMENT}/type": DROP},
    "data_model|proof",
)
_after("undefined-member", "J1", "A member was added that no context defines.", {"/level": "Doctorate"})
_after(
    "member-of-vcdm-2",
    "J1",
    "A word of VCDM 2.0 means nothing here, and vanishes.",
    {"/relatedResource": [{"id": "https://issuer.example/handbook.pdf", "digestSRI": "sha256-x"}]},
)
_after("blank-predicate", "J3", "A member with a blank name leaves no trace in the graph.", {f"{ACHIEVEMENT}/_:grade": "A+"})
_after(
    "full-iri-instead-of-expiry",
    "J7",
    "The same graph, and nothing where readers look for the expiry.",
    lambda document: document.update(
        {
            "https://www.w3.org/2018/credentials#expirationDate": {
                "@value": document.pop("expirationDate"),
                "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
            }
        }
    ),
)
_after(
    "expiry-moved-to-included",
    "J7",
    "The same graph, and nothing where readers look for the expiry.",
    lambda document: document.update(
        {"@included": [{"id": document["id"], "type": ["VerifiableCredential"], "expirationDate": document.pop("expirationDate")}]}
    ),
)


def _swap_words(document: kit.Json) -> None:
    words = {"name": "description", "description": "name"}
    text_of = {"@type": "https://www.w3.org/2001/XMLSchema#string"}
    document["@context"].append({word: {"@id": f"https://schema.org/{other}"} | text_of for word, other in words.items()})
    for node in (document, document["issuer"], document["credentialSubject"]["achievement"]):
        said = {word: node.pop(word) for word in words if word in node}
        node |= {words[word]: value for word, value in said.items()}


_after(
    "words-swapped-by-an-inline-context",
    "J9",
    "3.0.1 protects no words: under a context of the holder's own, names and descriptions change places.",
    _swap_words,
    "context",
)
_after(
    "tampered",
    "J18",
    "It was changed after it was signed.",
    {f"{ACHIEVEMENT}/name": "Leadership"},
    "proof",
    signature="broken",
    type=PROOF_ERROR,
)
_after("created-removed", "J18", "An Ed25519Signature2020 says when it was made.", {"/proof/created": DROP}, "proof", signature="broken")


def _signed(name: str, rows: str, why: str, step: str = "proof", *, signature: str = "holds", **members: kit.Value) -> None:
    more = {"type": members.pop("type")} if "type" in members else {}
    GROUP.invalid(f"{name}.json", rows, why, step, lambda: text(sign(old_badge(), SCHOOL, LEGACY, **members)), signature=signature, **more)


_signed("forged", "J17", "Somebody else signed, and named the issuer's key.", by=FORGER, type=PROOF_ERROR)
_signed("purpose-authentication", "J17", "Made to log in, not to vouch for a badge.", proofPurpose="authentication", type=PROOF_ERROR)
_signed("signed-without-created", "J18", "An Ed25519Signature2020 says when it was made.", created=DROP)
_signed("made-tomorrow", "J18", "The proof says that it was made after now.", "proof|validity", created="2026-06-02T12:00:00Z")
_after(
    "legacy-labelled-rdfc",
    "J18",
    "Signed in one way, said to be signed in another.",
    {"/proof/type": "DataIntegrityProof", "/proof/cryptosuite": RDFC},
    signature="broken",
)
GROUP.after(
    "rdfc-labelled-legacy",
    "J18",
    "Signed in one way, said to be signed in another.",
    {"/proof/type": LEGACY, "/proof/cryptosuite": DROP},
    base=lambda key: old_badge(key, DATA_INTEGRITY),
    key=SCHOOL,
    signature="broken",
)

for name, contexts, why in (
    ("inline", [V1, OB_301, ED25519_2020, {}], "Definitions of the document's own could give its words any meaning."),
    (
        "vocab",
        [V1, OB_301, ED25519_2020, {"@vocab": "https://vocabulary.example/#"}],
        "A vocabulary for everything makes any word look defined.",
    ),
    ("swapped", [OB_301, V1, ED25519_2020], "The order decides about meaning: W3C's context comes first."),
    ("without-w3c", [OB_301, ED25519_2020], "Without W3C's context the words of a credential mean nothing."),
    ("without-open-badges", [V1, ED25519_2020], "Without their context the words of Open Badges mean nothing."),
):
    _before(f"context-{name}", "J9", why, {"/@context": contexts}, "context", signature="")
for name, contexts, why in (
    ("both-versions", [V1, V2, OB, ED25519_2020], "A credential is of one version of the data model."),
    ("open-badges-3.0.1-under-vcdm-2", [V2, OB_301], "3.0.1 is for VCDM 1.1."),
):
    GROUP.before(
        f"context-{name}", "J9", why, {"/@context": contexts}, "context", base=old_badge, key=SCHOOL, suite=kit.JCS, signature="holds"
    )
GROUP.undecided(
    "context-unpinned.json",
    "J9 J10",
    "A vocabulary of which no pinned copy is held: what its words mean cannot be known.",
    "context",
    lambda: text(sign(changed(old_badge(), {"/@context/-": kit.UNPINNED}), SCHOOL, LEGACY)),
    signature="holds",
)

REVOCATIONS = GROUP.serve(
    "https://issuer.example/vcdm-1.1/revocations",
    lambda: text(
        {
            "id": "https://issuer.example/vcdm-1.1/revocations",
            "issuer": SCHOOL.did,
            "revokedCredential": [{"id": "https://issuer.example/c/1", "revoked": True, "revocationReason": "Issued in error."}],
        }
    ),
)


def _with_list(key: Key) -> kit.Json:
    return old_badge(key, EXTENSIONS, ED25519_2020) | {"credentialStatus": {"id": REVOCATIONS, "type": "1EdTechRevocationList"}}


GROUP.invalid(
    "revoked.json", "1.5", "The issuer has revoked it.", "status", lambda: text(sign(_with_list(SCHOOL), SCHOOL, LEGACY)), signature="holds"
)
