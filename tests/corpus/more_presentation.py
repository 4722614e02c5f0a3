"""Presentations: a holder shows credentials and signs that they do; every credential inside is verified on its own."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, DROP, FORGER, JCS, METHOD_ERROR, PROOF_ERROR, SCHOOL, V2, Json, Key, Value, brief, changed, sign, text
from tests.corpus.wrapping import header, jws, sign_jwt

GROUP = kit.Group("presentation")
make: Callable[..., Value]
LEARNER = Key("learner")


def presentation(*credentials: Value, holder: Value = LEARNER.did, **members: Value) -> Json:
    """Return an unsigned presentation of credentials, or of one good badge."""
    usual = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": list(credentials) or [sign(brief())],
    }
    return {name: value for name, value in (usual | members).items() if value is not DROP}


def _show(document: Json | None = None, key: Key = LEARNER, **members: Value) -> Json:
    """Return a presentation with the proof of its holder; members as for `kit.sign`."""
    usual: Json = {"proofPurpose": "authentication"}
    return sign(presentation() if document is None else document, key, **(usual | members))


def _enveloped(token: bytes) -> Json:
    return {"@context": [V2], "id": "data:application/vc+jwt," + token.decode(), "type": "EnvelopedVerifiableCredential"}


def _fault(name: str, why: str, make: Callable[..., Json], step: str, *, rows: str = "J17", **more: Value) -> None:
    GROUP.invalid(f"{name}.json", rows, why, step, lambda: text(make()), **more)


HOLDER = SCHOOL.named("did:web:issuer.example:presentation:holder#key-1")
GROUP.serve(
    "https://issuer.example/presentation/holder/did.json",
    lambda: text(kit.controller_document(HOLDER.did, kit.method(HOLDER), authentication=[HOLDER.method], assertionMethod=[])),
)
ASSERTING = SCHOOL.named("did:web:issuer.example:presentation:asserting#key-1")
GROUP.serve(
    "https://issuer.example/presentation/asserting/did.json",
    lambda: text(kit.controller_document(ASSERTING.did, kit.method(ASSERTING))),
)
_revoking = GROUP.serve(
    "https://issuer.example/presentation/status",
    lambda: text(sign(wrapping.status_list("https://issuer.example/presentation/status", 7))),
)

# --- as it should be ------------------------------------------------------------------------------------------------

for name, make, why in (
    ("by-a-did-key", _show, "Its holder shows one badge."),
    ("by-a-did-web", lambda: _show(presentation(holder=HOLDER.did), HOLDER), "The holder's document lists the key for authentication."),
    ("holder-as-an-object", lambda: _show(presentation(holder={"id": LEARNER.did})), "A holder may be an object with an id."),
    (
        "without-a-holder",
        lambda: _show(presentation(holder=DROP)),
        "A presentation need not say who shows it; the badges stand for themselves.",
    ),
    ("of-two-badges", lambda: _show(presentation(sign(brief()), sign(brief(SCHOOL), SCHOOL))), "It shows badges of two issuers."),
    (
        "of-one-badge-without-an-array",
        lambda: _show(presentation(verifiableCredential=sign(brief()))),
        "One value need not be in an array.",
    ),
    ("of-an-envelope", lambda: _show(presentation(_enveloped(sign_jwt(brief())))), "It shows a token in an envelope."),
    ("by-jcs", lambda: _show(suite=JCS), "It is signed as JSON."),
    (
        "for-somebody",
        lambda: _show(challenge="8", domain="https://employer.example"),
        "It was made for an occasion; nobody here asked for another.",
    ),
):
    GROUP.valid(f"{name}.json", "J17", why, lambda make=make: text(make()))

# --- who shows it ---------------------------------------------------------------------------------------------------

for name, make, step, why, kind in (
    ("unsigned", presentation, "proof", "Nobody shows it: a good badge can be taken from anywhere.", PROOF_ERROR),
    ("for-assertions", lambda: _show(proofPurpose="assertionMethod"), "proof", "That is how issuers sign, not holders.", ""),
    ("without-a-purpose", lambda: _show(proofPurpose=DROP), "proof", "A proof says what it is for.", ""),
    ("of-a-stranger", lambda: _show(key=FORGER), "issuer", "The key is not the holder's.", METHOD_ERROR),
    ("forged", lambda: _show(by=FORGER), "proof", "Somebody else signed, and named the holder's key.", PROOF_ERROR),
    ("by-the-issuer", lambda: _show(key=COLLEGE), "issuer|proof", "The key is the issuer's, not the holder's.", ""),
    (
        "by-a-key-for-assertions-only",
        lambda: _show(presentation(holder=ASSERTING.did), ASSERTING),
        "proof",
        "The holder's document does not list the key for authentication.",
        kit.RELATIONSHIP_ERROR,
    ),
    (
        "holder-changed",
        lambda: changed(_show(), {"/holder": "did:example:somebody-else"}),
        "proof|issuer",
        "It was changed afterwards.",
        "",
    ),
    ("holder-removed", lambda: changed(_show(), {"/holder": DROP}), "proof", "It was changed afterwards.", PROOF_ERROR),
    (
        "badge-added",
        lambda: changed(_show(), {"/verifiableCredential/-": sign(brief(SCHOOL), SCHOOL)}),
        "proof",
        "A good badge was added afterwards.",
        PROOF_ERROR,
    ),
    (
        "badge-exchanged",
        lambda: changed(_show(), {"/verifiableCredential/0": sign(brief(SCHOOL), SCHOOL)}),
        "proof",
        "Another good badge was put in.",
        PROOF_ERROR,
    ),
    (
        "undefined-member",
        lambda: changed(_show(), {"/level": "Doctorate"}),
        "data_model|proof",
        "No context defines it, so no signature covers it.",
        "",
    ),
    (
        "holder-as-a-number",
        lambda: _show(presentation(holder=7), suite=JCS),
        "data_model|issuer|proof",
        "A holder is a URL or an object.",
        "",
    ),
    (
        "context-of-its-own",
        lambda: _show(presentation(**{"@context": [V2, {"level": "https://x.example/#level"}]})),
        "context",
        "A presentation brings no definitions of its own.",
        "",
    ),
    (
        "context-missing",
        lambda: _show(presentation(**{"@context": DROP}), suite=JCS),
        "context",
        "Without a context the words mean nothing.",
        "",
    ),
):
    _fault(name, why, make, step, type=kind)
GROUP.undecided(
    "holder-unreachable.json",
    "J17",
    "The holder's document cannot be had.",
    "proof",
    lambda: text(_show(presentation(holder="did:web:gone.example"), LEARNER.named("did:web:gone.example#key-1"))),
)

# --- what it shows --------------------------------------------------------------------------------------------------

for name, make, why in (
    ("unsigned", brief, "Nobody signed the badge; who shows it is not who issued it."),
    ("changed", lambda: changed(sign(brief()), {"/name": "Leadership"}), "The holder changed the badge and signed the whole."),
    ("forged", lambda: sign(brief(), by=FORGER), "Somebody else signed, and named the issuer's key."),
    ("of-a-stranger", lambda: sign(brief(), LEARNER), "The holder signed their own badge in the name of the college."),
    ("expired", lambda: sign(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"})), "The badge's time is over."),
    ("revoked", lambda: sign(changed(brief(), {"/credentialStatus": kit.entry(_revoking)})), "Its issuer took it back."),
    ("for-logging-in", lambda: sign(brief(), proofPurpose="authentication"), "The issuer's proof was made for something else."),
    ("token-of-a-stranger", lambda: _enveloped(sign_jwt(brief(), FORGER)), "The key is not the issuer's."),
    ("token-changed", lambda: _enveloped(sign_jwt(brief())[:-20] + b"AAAAAAAAAAAAAAAAAAAw"), "The token was changed."),
    ("that-is-a-presentation", _show, "A presentation in a presentation is no credential."),
    ("that-is-an-object-of-nothing", dict, "Where a credential belongs stands something else."),
):
    suite = JCS if name.startswith("that-is") else kit.RDFC
    _fault(
        f"badge-{name}",
        why,
        lambda make=make, suite=suite: _show(presentation(make()), suite=suite),
        "credentials|data_model" + "|proof" * name.startswith("that-is"),
        rows="J23",
    )
_fault(
    "badge-forged-beside-a-good-one",
    "One is good and one is not: every badge that is shown must be what it says.",
    lambda: _show(presentation(sign(brief(SCHOOL), SCHOOL), sign(brief(), by=FORGER))),
    "credentials",
    rows="J23",
)
for name, value in (("text", "Teamwork"), ("an-address", "https://issuer.example/c/1"), ("a-number", 7)):
    _fault(
        f"badge-that-is-{name}",
        "Where a credential belongs stands something else.",
        lambda value=value: _show(presentation(value), suite=JCS),
        "credentials|data_model|proof",
        rows="J14",
    )
GROUP.undecided(
    "badge-status-unreachable.json",
    "J23 1.5",
    "Whether its issuer took it back cannot be learnt.",
    "credentials",
    lambda: text(_show(presentation(sign(changed(brief(), {"/credentialStatus": kit.entry("https://issuer.example/presentation/gone")}))))),
)
GROUP.refused(
    "token.jwt",
    "T6",
    "Presentations are read as JSON; as tokens they are not.",
    "syntax|context|data_model",
    lambda: jws(header(LEARNER), {"iss": LEARNER.did, "vp": presentation()}, LEARNER),
)
