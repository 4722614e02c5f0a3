"""Proofs: who signed, over what, in which way, for what purpose (J15 to J18)."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, DROP, FORGER, JCS, NOTARY, PROOF_ERROR, RDFC, Json, badge, changed, sign, text

value: kit.Value
GROUP = kit.Group("proof")
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"


def _proof(name: str, rows: str, why: str, *, outcome: str = "invalid", step: str = "proof", suite: str = RDFC, **more: kit.Value) -> None:
    """Add a badge whose proof has other members than usual; `by`, `hashing` and `key` are as `kit.sign` takes them."""
    case = {named: more.pop(named) for named in ("at", "signature", "type", "stored") if named in more}
    key = more.pop("key", COLLEGE)
    getattr(GROUP, outcome)(f"{name}.json", rows, why, step, lambda: text(sign(badge(), key, suite, **more)), **case)


# --- whose key ------------------------------------------------------------------------------------------------------

GROUP.invalid("none.json", "J15", "Nobody signed it.", "proof", lambda: text(badge()), signature="broken")
_proof("forged", "J17", "Somebody else signed, and named the issuer's key.", by=FORGER, signature="holds", type=PROOF_ERROR)
_proof("of-a-stranger", "J15 J17", "The signature is good and the key is not the issuer's.", step="issuer", key=FORGER, signature="holds")
GROUP.invalid(
    "of-another-badge.json",
    "J18",
    "A good proof of another badge by the same issuer was put here.",
    "proof",
    lambda: text(badge() | {"proof": sign(changed(badge(), {"/name": "Leadership"}))["proof"]}),
    type=PROOF_ERROR,
    signature="broken",
)

# --- sets and chains ------------------------------------------------------------------------------------------------

FIRST, SECOND = "urn:uuid:11111111-1111-4111-8111-111111111111", "urn:uuid:22222222-2222-4222-8222-222222222222"


def _set(*more: kit.Change) -> Json:
    """Return a badge that its issuer and a stranger signed, then changed."""
    document = sign(sign(badge()), NOTARY)
    for change in more:
        document = changed(document, change)
    return document


def _chain(change: kit.Change | None = None, **second: kit.Value) -> Json:
    """Return a badge that its issuer signed, and then a notary together with the issuer's proof."""
    members: Json = {"id": SECOND, "previousProof": FIRST} | second
    document = sign(sign(badge(), id=FIRST), NOTARY, **members)
    return changed(document, change or {})


def _broken(value: str) -> str:
    """Return a proofValue of the same length with another digit in the middle."""
    return value[:40] + ("a" if value[40] != "a" else "b") + value[41:]


def _break(number: int) -> kit.Change:
    def change(document: Json) -> None:
        proof = document["proof"][number]
        proof["proofValue"] = _broken(proof["proofValue"])

    return change


GROUP.invalid(
    "set-issuers-broken.json",
    "J15",
    "The issuer's proof is broken; a stranger's good one does not make up for it.",
    "proof",
    lambda: text(_set(_break(0))),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "set-strangers-broken.json",
    "J15",
    "Every proof must verify, a stranger's too.",
    "proof",
    lambda: text(_set(_break(1))),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "set-of-strangers.json",
    "J15",
    "All proofs are good and none is the issuer's.",
    "issuer",
    lambda: text(sign(sign(badge(), NOTARY), FORGER)),
    signature="holds",
)
GROUP.invalid(
    "set-empty.json",
    "J15 J6",
    "All of no proofs verify; a badge needs one.",
    "proof|data_model",
    lambda: text(badge() | {"proof": []}),
    signature="broken",
)
GROUP.invalid(
    "set-of-twenty.json",
    "J15",
    "Each proof costs work: no more than a few are read.",
    "proof|data_model",
    lambda: text(badge() | {"proof": [sign(badge(), nonce=str(number))["proof"] for number in range(20)]}),
    signature="holds",
)
GROUP.invalid(
    "set-with-null.json",
    "J15 J14",
    "A proof is an object.",
    "proof|data_model",
    lambda: text(badge() | {"proof": [sign(badge())["proof"], None]}),
)
GROUP.undecided(
    "set-with-an-unknown-suite.json",
    "J15 J18",
    "The issuer's proof is good; what the other one says cannot be known.",
    "proof",
    lambda: text(sign(sign(badge()), NOTARY, "future-rdfc-2040")),
    signature="holds",
)
GROUP.invalid(
    "chain-to-nothing.json",
    "J16",
    "The proof is said to follow one that is not there.",
    "proof",
    lambda: text(sign(badge(), previousProof=FIRST)),
    signature="holds",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "chain-to-itself.json",
    "J16",
    "A proof cannot follow itself.",
    "proof",
    lambda: text(sign(badge(), id=FIRST, previousProof=FIRST)),
    signature="",
)
GROUP.invalid(
    "chain-first-removed.json",
    "J16",
    "The proof that this one followed was taken away.",
    "proof",
    lambda: text(_chain(lambda document: document.update(proof=document["proof"][1]))),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "chain-first-broken.json",
    "J16",
    "The proof that the second one confirms does not verify.",
    "proof",
    lambda: text(_chain(_break(0))),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "chain-second-broken.json",
    "J16",
    "The second proof does not verify.",
    "proof",
    lambda: text(_chain(_break(1))),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "chain-not-signed-together.json",
    "J16",
    "The second proof says that it follows the first, and did not sign it.",
    "proof",
    lambda: text(
        changed(_chain(), lambda document: document["proof"].__setitem__(1, sign(badge(), NOTARY, id=SECOND, previousProof=FIRST)["proof"]))
    ),
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.invalid(
    "chain-to-one-there-and-one-not.json",
    "J16",
    "Of the two proofs that this one follows, one is not there.",
    "proof",
    lambda: text(_chain(previousProof=[FIRST, "urn:uuid:33333333-3333-4333-8333-333333333333"])),
    signature="holds",
    type=PROOF_ERROR,
)
GROUP.invalid("chain-by-a-number.json", "J16 J14", "A proof is named by its id.", "proof", lambda: text(_chain(previousProof=1)))
GROUP.invalid(
    "chain-in-a-circle.json",
    "J16",
    "Each of two proofs is said to follow the other: neither can have been first.",
    "proof",
    lambda: text(sign(sign(badge(), id=FIRST, previousProof=SECOND), NOTARY, id=SECOND, previousProof=FIRST)),
)
GROUP.invalid(
    "set-two-proofs-of-one-id.json",
    "J16 J8",
    "Two proofs have one id, so that nobody can say which one a third follows.",
    "proof|data_model",
    lambda: text(sign(sign(sign(badge(), id=FIRST), NOTARY, id=FIRST), NOTARY, previousProof=FIRST)),
)

# --- purpose and verification method --------------------------------------------------------------------------------

_proof(
    "purpose-authentication",
    "J17",
    "Made to log in, not to vouch for a badge.",
    proofPurpose="authentication",
    signature="holds",
    type=PROOF_ERROR,
)
_proof(
    "purpose-keyAgreement",
    "J17",
    "Made for something else than to vouch for a badge.",
    proofPurpose="keyAgreement",
    signature="holds",
    type=PROOF_ERROR,
)
_proof(
    "purpose-unknown",
    "J17",
    "Made for a purpose that nobody knows.",
    proofPurpose="https://vocabulary.example/#boasting",
    signature="holds",
    type=PROOF_ERROR,
)
_proof("purpose-missing", "J17", "A proof says what it was made for.", proofPurpose=DROP, signature="holds")
_proof("method-missing", "J17", "Nobody can say whose proof it is.", verificationMethod=DROP, signature="holds")
for name, pointer, value in (
    ("purpose-in-an-array", "/proof/proofPurpose", ["assertionMethod"]),
    ("purpose-as-full-iri", "/proof/proofPurpose", "https://w3id.org/security#assertionMethod"),
    ("purpose-as-an-object", "/proof/proofPurpose", {"id": "https://w3id.org/security#assertionMethod"}),
    ("method-in-an-array", "/proof/verificationMethod", [COLLEGE.method]),
    ("method-as-an-object", "/proof/verificationMethod", {"id": COLLEGE.method}),
    ("type-in-an-array", "/proof/type", ["DataIntegrityProof"]),
    ("suite-in-an-array", "/proof/cryptosuite", [RDFC]),
    ("null-in-the-proof", "/proof/domain", None),
):
    GROUP.after(
        f"{name}",
        "J17 J14",
        "The graph, and so the signature, is the same; who compares texts is led past the check.",
        {pointer: value},
        "proof|data_model",
    )
_proof(
    "method-that-brings-its-own-key",
    "J17",
    "The proof holds the key that it is to be checked with, and says that it is the issuer's.",
    step="proof|data_model",
    verificationMethod=kit.method(COLLEGE, publicKeyMultibase=FORGER.multikey, id="https://issuer.example/#key-9"),
    by=FORGER,
)

# --- suites ---------------------------------------------------------------------------------------------------------

_proof("suite-missing", "J18", "A DataIntegrityProof names its suite.", cryptosuite=DROP, signature="holds")
_proof("suite-as-a-number", "J18 J14", "A suite is named by a text.", cryptosuite=2022)
_proof(
    "suite-unknown",
    "J18",
    "A suite that this verifier does not know: good or bad cannot be told.",
    outcome="undecided",
    suite="future-rdfc-2040",
    signature="holds",
)
_proof(
    "suite-ecdsa-sd-2023",
    "J18",
    "Selective disclosure is not read yet, and that is what the report says.",
    outcome="undecided",
    suite="ecdsa-sd-2023",
    signature="holds",
)
_proof(
    "suite-eddsa-2022",
    "J18",
    "The name of a draft, under which another thing was signed.",
    outcome="undecided",
    suite="eddsa-2022",
    signature="holds",
)
GROUP.after(
    "suite-rdfc-labelled-jcs",
    "J18",
    "Signed in one way, said to be signed in another.",
    {"/proof/cryptosuite": JCS},
    "proof",
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.after(
    "suite-jcs-labelled-rdfc",
    "J18",
    "Signed in one way, said to be signed in another.",
    {"/proof/cryptosuite": RDFC},
    "proof|data_model",
    suite=JCS,
    signature="broken",
)
_proof(
    "suite-in-capitals",
    "J18",
    "The name of a suite has one spelling; under another it is none that is known.",
    outcome="refused",
    cryptosuite="EdDSA-RDFC-2022",
    signature="holds",
)
_proof(
    "suite-with-a-space",
    "J18",
    "The name of a suite has one spelling; under another it is none that is known.",
    outcome="refused",
    cryptosuite=f"{RDFC} ",
    signature="holds",
)


# --- members of the proof -------------------------------------------------------------------------------------------

GROUP.after("type-missing", "J18", "Nobody can say what kind of proof it is.", {"/proof/type": DROP}, "proof|data_model", signature="")
GROUP.refused(
    "type-of-2018.json",
    "J18",
    "A kind of proof that this verifier does not know, and that the contexts do not define.",
    "proof|data_model",
    lambda: text(changed(sign(badge()), {"/proof/type": "Ed25519Signature2018"})),
)
for name, context in (("other", [kit.V2]), ("reordered", [kit.OB, kit.V2]), ("longer", [kit.V2, kit.OB, kit.EXTENSIONS])):
    GROUP.after(
        f"context-{name}-than-the-documents",
        "J19 J9",
        "The proof was made under other contexts than the document has.",
        {"/proof/@context": context},
        "proof|data_model|context",
        suite=JCS,
        signature="",
    )
for name, value in (
    ("not-a-date", "yesterday"),
    ("without-a-zone", "2026-05-20T14:05:00"),
    ("a-number", 1779285900),
    ("no-real-day", "2026-02-30T14:05:00Z"),
):
    _proof(
        f"created-{name}",
        "J18",
        "The time of signing is a date-time with a zone.",
        step="proof|validity|data_model",
        created=value,
        suite=JCS,
    )
_proof(
    "jwk-in-the-proof",
    "J1 J17",
    "A key inside the proof proves nothing; no context defines the member, so no signature covers it.",
    step="proof|data_model",
    jwk=FORGER.jwk,
    signature="holds",
)
GROUP.invalid(
    "proof-of-a-proof.json",
    "J14",
    "A proof has no proof of its own.",
    "proof|data_model",
    lambda: text(changed(sign(badge()), {"/proof/proof": sign(badge())["proof"]})),
)
