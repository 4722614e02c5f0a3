"""Endorsements inside badges: each is somebody else's credential, with a signature, dates and a status of its own (J23)."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, DROP, FORGER, JCS, NOTARY, OB, SCHOOL, V2, Json, Value, brief, changed, sign, text
from tests.corpus.wrapping import claims, header, jws, sign_jwt

GROUP = kit.Group("endorsement")
make: Callable[..., Value]
value: Value
BADGE = "https://issuer.example/c/1"
ACHIEVEMENT = "https://issuer.example/a/teamwork/1"
OTHER = "https://school.example/endorsements/1"
IN_ACHIEVEMENT, IN_ISSUER = "/credentialSubject/achievement", "/issuer"


def endorsement(about: str = BADGE, key: Value = NOTARY, change: kit.Change | None = None) -> Json:
    """Return an unsigned endorsement; `change` is made last."""
    document = {
        "@context": [V2, OB],
        "id": "https://notary.example/endorsements/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Endorsement of Teamwork",
        "issuer": {"id": key.did, "type": ["Profile"], "name": "The Notary"},
        "validFrom": "2026-05-20T14:05:00Z",
        "validUntil": "2027-05-20T14:05:00Z",
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": "Well deserved."},
    }
    return changed(document, change or {})


def endorsed(value: Value, where: str = "", member: str = "endorsement") -> Json:
    """Return an unsigned badge with an endorsement of itself, of its achievement or of its issuer."""
    return changed(brief(), {f"{where}/{member}": [value]})


def _fault(name: str, why: str, make: kit.Bytes, step: str = "endorsement", *, rows: str = "J23", **more: Value) -> None:
    GROUP.invalid(f"{name}.json", rows, why, step, make, **more)


def _inside(value: Value, where: str = "", **more: Value) -> bytes:
    return text(sign(endorsed(value, where, **more)))


_revoking = GROUP.serve(
    "https://issuer.example/endorsement/status",
    lambda: text(sign(wrapping.status_list("https://issuer.example/endorsement/status", 7, key=NOTARY), NOTARY)),
)

# --- as it should be ------------------------------------------------------------------------------------------------

GROUP.valid(
    "by-itself.json", "J23", "An endorsement is a credential that can be verified by itself.", lambda: text(sign(endorsement(), NOTARY))
)
GROUP.valid("by-itself.jwt", "J23", "An endorsement may be a token.", lambda: sign_jwt(endorsement(), NOTARY))
for name, where, about in (
    ("of-the-badge", "", BADGE),
    ("of-the-achievement", IN_ACHIEVEMENT, ACHIEVEMENT),
    ("of-the-issuer", IN_ISSUER, COLLEGE.did),
    ("of-the-learner", "", "did:example:learner"),
):
    GROUP.valid(
        f"{name}.json",
        "J23",
        "It is signed by itself, and says something of what the badge is about.",
        lambda where=where, about=about: _inside(sign(endorsement(about), NOTARY), where),
        signature="holds",
    )
GROUP.valid(
    "as-a-token.json",
    "J23",
    "Endorsements that are tokens have a member of their own.",
    lambda: _inside(sign_jwt(endorsement(), NOTARY).decode(), member="endorsementJwt"),
    signature="holds",
)
GROUP.valid(
    "by-the-issuer-itself.json",
    "J23",
    "Nobody forbids an issuer to endorse what it issues; the report says who it is.",
    lambda: _inside(sign(endorsement(key=COLLEGE))),
    signature="holds",
)
GROUP.valid(
    "two.json",
    "J23",
    "Two strangers endorse, one with JSON, one with a token.",
    lambda: text(
        sign(
            endorsed(sign(endorsement(), NOTARY))
            | {"endorsementJwt": [sign_jwt(endorsement(key=SCHOOL, change={"/id": OTHER}), SCHOOL).decode()]}
        )
    ),
    signature="holds",
)

# --- whose, and what it says ----------------------------------------------------------------------------------------


def _presentation() -> Json:
    document = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": NOTARY.did}
    return sign(document, NOTARY, proofPurpose="authentication")


for name, make, why in (
    ("unsigned", endorsement, "Nobody signed the endorsement; the issuer's signature is not the endorser's."),
    (
        "changed",
        lambda: changed(sign(endorsement(), NOTARY), {"/credentialSubject/endorsementComment": "The best there is."}),
        "It was changed after the endorser signed it, before the issuer did.",
    ),
    ("forged", lambda: sign(endorsement(), NOTARY, by=FORGER), "Somebody else signed, and named the endorser's key."),
    ("of-a-stranger", lambda: sign(endorsement(), FORGER), "The signature is good, and the key is not the endorser's."),
    ("by-the-badges-issuer-in-anothers-name", lambda: sign(endorsement(), COLLEGE), "The issuer of the badge signed for its endorser."),
    (
        "expired",
        lambda: sign(endorsement(change={"/validUntil": "2026-05-25T00:00:00Z"}), NOTARY),
        "The endorsement's time is over.",
    ),
    (
        "not-yet",
        lambda: sign(endorsement(change={"/validFrom": "2026-06-02T00:00:00Z"}), NOTARY),
        "The endorsement counts only from tomorrow.",
    ),
    (
        "revoked",
        lambda: sign(endorsement(change={"/credentialStatus": kit.entry(_revoking)}), NOTARY),
        "The endorser took it back.",
    ),
    ("of-another-badge", lambda: sign(endorsement("https://issuer.example/c/2"), NOTARY), "It endorses something that is not here."),
    ("of-another-issuer", lambda: sign(endorsement("did:web:other.example"), NOTARY), "It endorses somebody who is not here."),
    (
        "of-the-endorser",
        lambda: sign(endorsement(NOTARY.did), NOTARY),
        "It endorses its own author, whom the badge is not about.",
    ),
    (
        "of-nothing",
        lambda: sign(endorsement(change={"/credentialSubject/id": DROP}), NOTARY),
        "It does not say what it endorses.",
    ),
    ("without-a-name", lambda: sign(endorsement(change={"/name": DROP}), NOTARY), "An endorsement has a name."),
    (
        "without-a-type",
        lambda: sign(endorsement(change={"/type": ["VerifiableCredential"]}), NOTARY),
        "It does not say that it is an endorsement.",
    ),
    (
        "whose-subject-has-no-type",
        lambda: sign(endorsement(change={"/credentialSubject/type": DROP}), NOTARY),
        "Without the type the comment means nothing, and is not signed.",
    ),
    ("with-a-member-of-no-vocabulary", lambda: changed(sign(endorsement(), NOTARY), {"/level": "Gold"}), "No signature covers it."),
    (
        "with-a-context-of-its-own",
        lambda: sign(endorsement(change={"/@context": [V2, OB, {"comment": "https://schema.org/comment"}]}), NOTARY),
        "Definitions of the endorsement's own could give its words any meaning.",
    ),
    ("that-is-a-badge", lambda: sign(changed(brief(SCHOOL), {"/id": OTHER}), SCHOOL), "A badge endorses nothing."),
    ("that-is-a-presentation", _presentation, "A presentation endorses nothing."),
):
    _fault(name, why, lambda make=make: _inside(make()), "endorsement|data_model|proof", signature="holds")

for name, where, about in (("achievement", IN_ACHIEVEMENT, ACHIEVEMENT), ("issuer", IN_ISSUER, COLLEGE.did)):
    _fault(
        f"unsigned-in-the-{name}",
        "Nobody signed the endorsement; the issuer's signature is not the endorser's.",
        lambda where=where, about=about: _inside(endorsement(about), where),
        signature="holds",
    )
    _fault(
        f"forged-in-the-{name}",
        "Somebody else signed, and named the endorser's key.",
        lambda where=where, about=about: _inside(sign(endorsement(about), NOTARY, by=FORGER), where),
        signature="holds",
    )
_fault(
    "one-of-two-forged",
    "One is good and one is not: what is shown must be true.",
    lambda: text(
        sign(
            changed(
                brief(),
                {"/endorsement": [sign(endorsement(), NOTARY), sign(endorsement(key=SCHOOL, change={"/id": OTHER}), SCHOOL, by=FORGER)]},
            )
        )
    ),
    "endorsement|data_model",
    signature="holds",
)

# --- tokens ---------------------------------------------------------------------------------------------------------


def _other_payload() -> str:
    head, _, signature = sign_jwt(endorsement(), NOTARY).split(b".")
    _, payload, _ = sign_jwt(endorsement(change={"/name": "High praise"}), NOTARY).split(b".")
    return b".".join([head, payload, signature]).decode()


for name, make, why in (
    ("changed", _other_payload, "The payload is of another endorsement than the signature."),
    ("unsigned", lambda: sign_jwt(endorsement(), NOTARY).decode().rpartition(".")[0] + ".", "Nobody signed it."),
    ("of-a-stranger", lambda: sign_jwt(endorsement(), FORGER).decode(), "The key is not the endorser's."),
    (
        "of-another-badge",
        lambda: sign_jwt(endorsement("https://issuer.example/c/2"), NOTARY).decode(),
        "It endorses something that is not here.",
    ),
    ("contradicting-itself", lambda: sign_jwt(endorsement(), NOTARY, iss=FORGER.did).decode(), "The claim iss is somebody else."),
    ("that-is-a-badge", lambda: sign_jwt(brief(SCHOOL), SCHOOL).decode(), "A badge endorses nothing."),
    ("that-is-text", lambda: "Well deserved.", "That is no token."),
):
    _fault(
        f"token-{name}",
        why,
        lambda make=make: _inside(make(), member="endorsementJwt"),
        "endorsement|data_model",
        signature="holds",
    )

# --- what is no endorsement at all ----------------------------------------------------------------------------------

for name, member, value in (
    ("text", "endorsement", "Well deserved."),
    ("an-address", "endorsement", "https://notary.example/endorsements/1"),
    ("a-number", "endorsement", 5),
    ("true", "endorsement", True),
    ("an-array", "endorsement", [[]]),
    ("an-object-of-nothing", "endorsement", {}),
    ("a-token-for-an-object", "endorsement", lambda: sign_jwt(endorsement(), NOTARY).decode()),
    ("an-object-for-a-token", "endorsementJwt", lambda: sign(endorsement(), NOTARY)),
    ("a-number-for-a-token", "endorsementJwt", 5),
):
    _fault(
        f"that-is-{name}",
        "Where an endorsement belongs stands something else.",
        lambda member=member, value=value: text(sign(endorsed(value() if callable(value) else value, member=member), suite=JCS)),
        "endorsement|data_model|proof",
        rows="J23 J14",
        signature="holds",
    )

# --- what cannot be learnt ------------------------------------------------------------------------------------------

for name, make, why in (
    (
        "status-unreachable",
        lambda: sign(endorsement(change={"/credentialStatus": kit.entry("https://issuer.example/endorsement/gone")}), NOTARY),
        "Whether the endorser took it back cannot be learnt.",
    ),
    (
        "endorser-unreachable",
        lambda: sign(endorsement(key=NOTARY.named("did:web:gone.example#key-1")), NOTARY.named("did:web:gone.example#key-1")),
        "The endorser's document cannot be had.",
    ),
    (
        "suite-unknown",
        lambda: sign(endorsement(), NOTARY, cryptosuite="ecdsa-sd-2023"),
        "The endorsement is signed in a way not known here.",
    ),
):
    GROUP.undecided(f"{name}.json", "J23", why, "endorsement", lambda make=make: _inside(make()), signature="holds")
GROUP.undecided(
    "context-unpinned.json",
    "J23 J9",
    "It uses a vocabulary of which no pinned copy is held: nothing false was seen, and nothing could be.",
    "endorsement|proof|context",
    lambda: _inside(sign(endorsement(change={"/@context": [V2, OB, kit.UNPINNED]}), NOTARY)),
    signature="holds",
)

# --- the badge around it --------------------------------------------------------------------------------------------

_fault(
    "added-after-signing",
    "A good endorsement was put into a badge that was signed without it.",
    lambda: text(changed(sign(brief()), {"/endorsement": [sign(endorsement(), NOTARY)]})),
    "proof",
    signature="broken",
)
_fault(
    "token-added-after-signing",
    "A good endorsement was put into a badge that was signed without it.",
    lambda: text(changed(sign(brief()), {"/endorsementJwt": [sign_jwt(endorsement(), NOTARY).decode()]})),
    "proof",
    signature="broken",
)
_fault(
    "removed-after-signing",
    "The badge was signed with an endorsement that is not there any more.",
    lambda: text(changed(sign(endorsed(sign(endorsement(), NOTARY))), {"/endorsement": DROP})),
    "proof",
    signature="broken",
)
_fault(
    "status-of-the-badge-moved-into-it",
    "The endorsement speaks of the badge, so its status could stand there: the graph is the same, and a reader finds no status.",
    lambda: text(
        changed(
            sign(changed(endorsed(sign(endorsement(), NOTARY)), {"/credentialStatus": kit.entry()})),
            _moved("credentialStatus"),
        )
    ),
    "endorsement|data_model|proof",
    rows="J23 J7 J8",
    signature="holds",
)
_fault(
    "end-of-the-badge-moved-into-it",
    "The endorsement speaks of the badge, so its end could stand there: the graph is the same, and a reader finds no end.",
    lambda: text(
        changed(
            sign(changed(endorsed(sign(endorsement(), NOTARY)), {"/validUntil": "2026-05-25T00:00:00Z"})),
            _moved("validUntil"),
        )
    ),
    "endorsement|data_model|proof",
    rows="J23 J7 J8",
    signature="holds",
)


def _moved(member: str) -> Callable[[Json], None]:
    def move(document: Json) -> None:
        subject = document["endorsement"][0]["credentialSubject"]
        subject["type"] = ["EndorsementSubject", "VerifiableCredential"]
        subject[member] = document.pop(member)

    return move


for name, make, step, why in (
    ("by-itself-changed", lambda: changed(sign(endorsement(), NOTARY), {"/name": "High praise"}), "proof", "It was changed afterwards."),
    ("by-itself-of-a-stranger", lambda: sign(endorsement(), FORGER), "issuer", "The key is not the endorser's."),
    ("by-itself-without-a-name", lambda: sign(endorsement(change={"/name": DROP}), NOTARY), "data_model", "An endorsement has a name."),
    (
        "by-itself-revoked",
        lambda: sign(endorsement(change={"/credentialStatus": kit.entry(_revoking)}), NOTARY),
        "status",
        "The endorser took it back.",
    ),
):
    _fault(name, why, lambda make=make: text(make()), step)
_fault(
    "around-a-token-of-a-stranger",
    "The badge is a token of a stranger, and the endorsement in it is good.",
    lambda: jws(header(FORGER), claims(endorsed(sign(endorsement(), NOTARY))), FORGER),
    "issuer|proof",
)
