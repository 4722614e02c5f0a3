"""Learner records: the publisher signs the whole, and every credential inside is verified on its own."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import CLR, COLLEGE, DROP, EXTENSIONS, FORGER, JCS, NOTARY, OB, SCHOOL, V2, Json, Value, brief, changed, sign, text
from tests.corpus.wrapping import sign_jwt

GROUP = kit.Group("clr")
make: Callable[..., Value]
SUBJECT, INNER = "/credentialSubject", "/credentialSubject/verifiableCredential"
TEAMWORK, PATHWAY = "https://issuer.example/a/teamwork/1", "https://school.example/a/pathway/1"
OTHER = "https://school.example/a/first-aid/1"


def pathway_badge() -> Json:
    """Return the unsigned badge of another issuer, for another achievement."""
    return changed(
        brief(SCHOOL),
        {
            "/id": "https://school.example/c/1",
            "/name": "Pathway",
            f"{SUBJECT}/achievement/id": PATHWAY,
            f"{SUBJECT}/achievement/name": "Pathway",
        },
    )


def record(*credentials: Value, change: kit.Change | None = None) -> Json:
    """Return an unsigned learner record of COLLEGE with credentials, or with two badges of two issuers; `change` is made last."""
    document = {
        "@context": [V2, CLR, OB],
        "id": "https://issuer.example/clr/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record of Ada",
        "issuer": {"id": COLLEGE.did, "type": ["Profile"], "name": "Northfield College"},
        "validFrom": "2026-05-21T00:00:00Z",
        "validUntil": "2028-05-21T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["ClrSubject"],
            "verifiableCredential": list(credentials) or [sign(brief()), sign(pathway_badge(), SCHOOL)],
            "association": [{"type": ["Association"], "associationType": "isPartOf", "sourceId": TEAMWORK, "targetId": PATHWAY}],
        },
    }
    return changed(document, change or ({} if not credentials else {f"{SUBJECT}/association": DROP}))


def _fault(name: str, why: str, make: kit.Bytes, step: str, *, rows: str = "J23", **more: Value) -> None:
    GROUP.invalid(f"{name}.json", rows, why, step, make, **more)


def _signed(*credentials: Value, change: kit.Change | None = None) -> bytes:
    return text(sign(record(*credentials, change=change)))


def _enveloped(token: bytes) -> Json:
    return {"@context": [V2], "id": "data:application/vc+jwt," + token.decode(), "type": "EnvelopedVerifiableCredential"}


# --- as it should be ------------------------------------------------------------------------------------------------

GROUP.valid("two-badges-of-two-issuers.json", "J23", "Each badge keeps the signature of its own issuer.", _signed, signature="holds")
GROUP.valid("record.jwt", "T5", "A learner record may be a token.", lambda: sign_jwt(record()))
GROUP.valid("token-inside.json", "J23 T4", "One of the badges is a token.", lambda: _signed(sign_jwt(brief()).decode()), signature="holds")
GROUP.valid(
    "envelope-inside.json", "J23 T4", "One of the badges is a token in an envelope.", lambda: _signed(_enveloped(sign_jwt(brief())))
)
GROUP.valid("one-badge.json", "J23", "A record may hold one badge, and no associations.", lambda: _signed(sign(brief())), signature="holds")
GROUP.valid(
    "achievement-that-was-not-earned.json",
    "J23",
    "An association leads to an achievement that the record describes and does not assert.",
    lambda: _signed(change=_described),
    signature="holds",
)
GROUP.valid(
    "with-extensions.json", "J9", "The extensions are the fourth context.", lambda: _signed(change={"/@context": [V2, CLR, OB, EXTENSIONS]})
)
GROUP.valid("partial.json", "J23", "A record that is not complete says so.", lambda: _signed(change={"/partial": True}))


def _described(document: Json) -> None:
    achievement = {"id": OTHER, "type": ["Achievement"], "name": "First aid", "description": "Helps.", "criteria": {"narrative": "Help."}}
    document["credentialSubject"]["achievement"] = [achievement]
    document["credentialSubject"]["association"][0]["targetId"] = OTHER


# --- the badges inside ----------------------------------------------------------------------------------------------

_revoking = GROUP.serve(
    "https://issuer.example/clr/status", lambda: text(sign(wrapping.status_list("https://issuer.example/clr/status", 7)))
)


def _good() -> Json:
    """Return the badge beside the one that is not."""
    return sign(pathway_badge(), SCHOOL)


def _endorsement() -> Json:
    from tests.corpus import more_endorsement  # noqa: PLC0415 - only when it is made

    return sign(more_endorsement.endorsement(), NOTARY)


def _presentation() -> Json:
    document = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": NOTARY.did}
    return sign(document, NOTARY, proofPurpose="authentication")


for name, make, why in (
    ("unsigned", brief, "Nobody signed the badge inside; the publisher's signature is not its issuer's."),
    ("changed", lambda: changed(sign(brief()), {"/name": "Leadership"}), "The publisher changed a badge and signed the whole."),
    ("forged", lambda: sign(brief(), by=FORGER), "Somebody else signed, and named the issuer's key."),
    ("of-a-stranger", lambda: sign(brief(), FORGER), "The key is not its issuer's."),
    ("signed-by-the-publisher", lambda: sign(pathway_badge(), COLLEGE), "The publisher signed the badge of another issuer."),
    ("expired", lambda: sign(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"})), "The badge's time is over."),
    ("not-yet", lambda: sign(changed(brief(), {"/validFrom": "2026-06-02T00:00:00Z"})), "The badge counts only from tomorrow."),
    ("revoked", lambda: sign(changed(brief(), {"/credentialStatus": kit.entry(_revoking)})), "Its issuer took it back."),
    ("without-criteria", lambda: sign(changed(brief(), {f"{SUBJECT}/achievement/criteria": DROP})), "An achievement has criteria."),
    ("with-swapped-contexts", lambda: sign(changed(brief(), {"/@context": [OB, V2]})), "The order decides about meaning."),
    ("with-an-undefined-member", lambda: changed(sign(brief()), {"/level": "Doctorate"}), "No signature of its issuer covers it."),
    ("that-is-an-endorsement", _endorsement, "An endorsement is no badge."),
    ("that-is-a-presentation", _presentation, "A presentation is no badge."),
):
    _fault(
        f"badge-inside-{name}",
        why,
        lambda make=make: _signed(make()),
        "credentials|data_model",
        signature="" if name.startswith(("with-swapped", "that-is", "signed-by")) else "holds",
    )


def _third() -> Json:
    """Return one more good badge."""
    return sign(changed(pathway_badge(), {"/id": "https://school.example/c/2"}), SCHOOL)


_fault(
    "badge-inside-forged-beside-a-good-one",
    "One is good and one is not: every badge of a record must be what it says.",
    lambda: _signed(sign(brief(), by=FORGER), _good()),
    "credentials|data_model",
    signature="holds",
)
for name, make, why in (
    ("changed", lambda: sign_jwt(brief()).replace(b".", b".e", 1).decode(), "The token was changed after it was signed."),
    ("unsigned", lambda: sign_jwt(brief()).rpartition(b".")[0].decode() + ".", "Nobody signed the token."),
    ("of-a-stranger", lambda: sign_jwt(brief(), FORGER).decode(), "The key is not its issuer's."),
    ("expired", lambda: sign_jwt(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"})).decode(), "The badge's time is over."),
    ("contradicting-itself", lambda: sign_jwt(brief(), sub="did:example:somebody").decode(), "Claim and credential differ."),
):
    _fault(f"token-inside-{name}", why, lambda make=make: _signed(make()), "credentials|data_model", signature="holds")
_fault(
    "envelope-inside-of-a-stranger",
    "The key is not its issuer's.",
    lambda: _signed(_enveloped(sign_jwt(brief(), FORGER))),
    "credentials",
)
for name, value in (
    ("text", "Teamwork"),
    ("an-address", "https://issuer.example/c/1"),
    ("a-number", 7),
    ("an-object-of-nothing", {}),
    ("an-array", []),
):
    _fault(
        f"badge-inside-that-is-{name}",
        "Where a credential belongs stands something else.",
        lambda value=value: text(sign(record(value), suite=JCS)),
        "credentials|data_model|proof",
        rows="J14",
    )
for name, make, why in (
    (
        "status-unreachable",
        lambda: sign(changed(brief(), {"/credentialStatus": kit.entry("https://issuer.example/clr/gone")})),
        "Whether its issuer took it back cannot be learnt.",
    ),
    ("suite-unknown", lambda: sign(brief(), cryptosuite="ecdsa-sd-2023"), "It is signed in a way not known here."),
):
    GROUP.undecided(f"badge-inside-{name}.json", "J23", why, "credentials", lambda make=make: _signed(make()), signature="holds")
GROUP.undecided(
    "badge-inside-context-unpinned.json",
    "J23 J9",
    "It uses a vocabulary of which no pinned copy is held: nothing false was seen, and nothing could be.",
    "credentials|proof|context",
    lambda: _signed(sign(changed(brief(), {"/@context/-": kit.UNPINNED}))),
    signature="holds",
)

# --- the record itself ----------------------------------------------------------------------------------------------

for name, change, step, why in (
    (
        "association-to-an-unknown-achievement",
        {f"{SUBJECT}/association/0/targetId": OTHER},
        "data_model",
        "No achievement of the record has that id.",
    ),
    (
        "association-from-an-unknown-achievement",
        {f"{SUBJECT}/association/0/sourceId": OTHER},
        "data_model",
        "No achievement of the record has that id.",
    ),
    (
        "association-to-a-credential",
        {f"{SUBJECT}/association/0/targetId": "https://issuer.example/c/1"},
        "data_model",
        "Associations are between achievements.",
    ),
    ("association-of-an-unknown-kind", {f"{SUBJECT}/association/0/associationType": "isBetterThan"}, "data_model", "CLR has eight kinds."),
    ("association-without-a-type", {f"{SUBJECT}/association/0/type": DROP}, "data_model|proof", "Without it the words mean nothing."),
    ("no-badges", {INNER: DROP}, "data_model", "A record holds one credential at least."),
    ("empty-badges", {INNER: []}, "data_model", "A record holds one credential at least."),
    ("no-name", {"/name": DROP}, "data_model", "A record has a name."),
    ("nobodys", {f"{SUBJECT}/id": DROP}, "data_model", "It does not say whose record it is."),
    ("subject-without-its-type", {f"{SUBJECT}/type": DROP}, "data_model|proof", "Without it the words mean nothing, and are not signed."),
    ("partial-as-text", {"/partial": "yes"}, "data_model|proof", "It is true or false."),
    ("contexts-swapped", {"/@context": [V2, OB, CLR]}, "context", "The order of the contexts is fixed."),
    ("contexts-without-clr", {"/@context": [V2, OB]}, "context", "Without their context the words of a record mean nothing."),
    ("contexts-without-open-badges", {"/@context": [V2, CLR]}, "context", "Without their context the words of a badge mean nothing."),
    ("contexts-with-one-of-its-own", {"/@context": [V2, CLR, OB, {}]}, "context", "A record brings no definitions of its own."),
    ("expired", {"/validUntil": "2026-05-25T00:00:00Z"}, "validity", "The record's time is over."),
    ("revoked", {"/credentialStatus": kit.entry(_revoking)}, "status", "The publisher took the record back."),
):
    suite = JCS if step.startswith("context") or name in {"empty-badges", "association-without-a-type"} else kit.RDFC
    _fault(
        name,
        why,
        lambda change=change, suite=suite: text(sign(record(change=change), suite=suite)),
        step,
        rows="J9" if step == "context" else "J14",
    )
for name, make, step, why in (
    ("unsigned", record, "proof", "The publisher did not sign; good badges inside do not make a record."),
    ("of-a-stranger", lambda: sign(record(), FORGER), "issuer", "The key is not the publisher's."),
    ("forged", lambda: sign(record(), by=FORGER), "proof", "Somebody else signed, and named the publisher's key."),
    ("name-changed", lambda: changed(sign(record()), {"/name": "Record of Eve"}), "proof", "It was changed after it was signed."),
    ("badge-added", lambda: changed(sign(record()), {f"{INNER}/-": _third()}), "proof|data_model", "A good badge was added afterwards."),
    ("badge-removed", lambda: changed(sign(record()), {f"{INNER}/0": DROP}), "proof|data_model", "A badge was taken out afterwards."),
    (
        "badge-exchanged",
        lambda: changed(sign(record()), {f"{INNER}/0": sign(changed(brief(), {"/name": "Leadership"}))}),
        "proof|data_model",
        "Another good badge of the same issuer was put in its place.",
    ),
    (
        "association-turned-round",
        lambda: changed(sign(record()), {f"{SUBJECT}/association/0/sourceId": PATHWAY, f"{SUBJECT}/association/0/targetId": TEAMWORK}),
        "proof",
        "What was part of the other is now its whole.",
    ),
    (
        "undefined-member",
        lambda: changed(sign(record()), {f"{SUBJECT}/grade": "A"}),
        "data_model|proof",
        "No context defines it, so no signature covers it.",
    ),
):
    _fault(name, why, lambda make=make: text(make()), step, rows="J18")
