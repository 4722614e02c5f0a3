"""Tokens: what their claims say, proofs inside, and tokens inside of something else (T5, T7)."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, DROP, FORGER, NOTARY, OB_301, SCHOOL, V1, V2, Json, Value, brief, changed, sign, text
from tests.corpus.more_jwt_form import NOW, PAYLOAD, STATUS, tampered, twice
from tests.corpus.wrapping import claims, compact, header, jws, seconds, sign_jwt

GROUP = kit.Group("jwt")
make: Callable[..., Value]
change: Value
payload: Value
members: Value


def _fault(name: str, rows: str, why: str, make: kit.Bytes, step: str, **more: Value) -> None:
    GROUP.invalid(f"{name}.jwt", rows, why, step, make, **more)


# --- T5: what stands twice says the same twice ----------------------------------------------------------------------

MISMATCH = "data_model|proof|syntax|issuer"
_begins, _ends = seconds("2026-05-20T14:05:00Z"), seconds("2028-05-20T14:05:00Z")
for name, members in (
    ("iss-another", {"iss": "did:web:other.example"}),
    ("iss-the-forgers", {"iss": FORGER.did}),
    ("iss-the-method", {"iss": COLLEGE.method}),
    ("iss-in-capitals", {"iss": "did:web:ISSUER.example"}),
    ("iss-a-name", {"iss": "Northfield College"}),
    ("iss-empty", {"iss": ""}),
    ("iss-null", {"iss": None}),
    ("iss-an-array", {"iss": [COLLEGE.did]}),
    ("iss-an-object", {"iss": {"id": COLLEGE.did}}),
    ("sub-another", {"sub": "did:example:somebody-else"}),
    ("sub-empty", {"sub": ""}),
    ("sub-a-number", {"sub": 7}),
    ("sub-an-array", {"sub": ["did:example:learner"]}),
    ("jti-another", {"jti": "https://issuer.example/c/2"}),
    ("jti-the-end-of-the-id", {"jti": "1"}),
    ("jti-null", {"jti": None}),
    ("jti-a-number", {"jti": 1}),
    ("nbf-a-day-earlier", {"nbf": _begins - 86400}),
    ("nbf-a-day-later", {"nbf": _begins + 86400}),
    ("nbf-as-text", {"nbf": str(_begins)}),
    ("nbf-as-a-date", {"nbf": "2026-05-20T14:05:00Z"}),
    ("nbf-true", {"nbf": True}),
    ("nbf-null", {"nbf": None}),
    ("nbf-in-milliseconds", {"nbf": _begins * 1000}),
    ("nbf-of-another-calendar", {"nbf": 99_999_999_999_999}),
    ("nbf-negative", {"nbf": -1}),
    ("exp-a-year-later", {"exp": _ends + 31_536_000}),
    ("exp-a-year-earlier", {"exp": _ends - 31_536_000}),
    ("exp-as-text", {"exp": str(_ends)}),
    ("exp-as-a-date", {"exp": "2028-05-20T14:05:00Z"}),
    ("exp-false", {"exp": False}),
    ("exp-zero", {"exp": 0}),
    ("exp-of-another-calendar", {"exp": 9_007_199_254_740_991}),
    ("iat-as-text", {"iat": "yesterday"}),
    ("aud-a-number", {"aud": 7}),
):
    _fault(
        f"claim-{name}",
        "T5",
        "A claim of the token says otherwise than the credential, or nothing that can be compared.",
        lambda members=members: sign_jwt(brief(), **members),
        MISMATCH + "|validity" * name.startswith(("exp", "nbf")),
    )
for name, literal in (("huge", b"1e400"), ("too-long-for-an-integer", b"9" * 400), ("huge-but-finite", b"1e308")):
    _fault(
        f"claim-exp-{name}",
        "T5 D4",
        "No calendar knows the moment: it is a finding, and never a failure of the verifier.",
        lambda literal=literal: jws(header(COLLEGE), twice(compact(claims(brief(), exp=DROP)), b'"exp":' + literal), COLLEGE),
        MISMATCH + "|validity",
    )


def _nobody() -> Json:
    """Return a badge whose learner has no id, only an address."""
    identity = {"type": "IdentityObject", "hashed": False, "identityHash": "learner@example.org", "identityType": "emailAddress"}
    return changed(brief(), {"/credentialSubject/id": DROP, "/credentialSubject/identifier": [identity]})


_fault(
    "claim-sub-of-a-learner-without-an-id",
    "T5",
    "The badge names its learner by an address only: nothing confirms who sub is.",
    lambda: sign_jwt(_nobody(), sub="did:example:learner"),
    MISMATCH,
)
_endless = {"/validUntil": DROP}
_fault(
    "exp-past-without-validUntil",
    "T5",
    "Where the credential has no end of its own, exp sets it.",
    lambda: sign_jwt(changed(brief(), _endless), exp=NOW - 60),
    "validity",
)
_fault(
    "validUntil-past-without-exp",
    "T5",
    "The end of the credential counts without the claim too.",
    lambda: sign_jwt(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"}), exp=DROP),
    "validity",
)
_fault(
    "nbf-in-the-future",
    "T5",
    "Claim and credential agree: it counts only from tomorrow.",
    lambda: sign_jwt(changed(brief(), {"/validFrom": "2026-06-02T12:00:00Z"})),
    "validity",
)
_fault(
    "nbf-without-validFrom",
    "T5",
    "A badge has a validFrom of its own; a claim is none.",
    lambda: sign_jwt(changed(brief(), {"/validFrom": DROP}), nbf=_begins),
    "data_model",
)
for name, make, why in (
    (
        "exp-to-come-without-validUntil",
        lambda: sign_jwt(changed(brief(), _endless), exp=NOW + 86400),
        "exp sets the end, and it is to come.",
    ),
    ("claims-absent", lambda: jws(header(COLLEGE), brief(), COLLEGE), "Absent claims are worth a warning, no more."),
    ("sub-absent", lambda: sign_jwt(_nobody()), "A learner without an id cannot be a sub."),
    ("audience-and-time-of-issue", lambda: sign_jwt(brief(), aud=["https://x.example"], iat=_begins), "These say nothing of the badge."),
    ("nbf-with-a-fraction", lambda: sign_jwt(brief(), nbf=_begins + 0.0), "A NumericDate may have a fraction."),
):
    GROUP.valid(f"{name}.jwt", "T5", why, make)

# --- T5: VCDM 1.1 has the credential in a claim, VCDM 2.0 has not ---------------------------------------------------


def _old(change: kit.Change | None = None, **members: Value) -> bytes:
    """Return a badge on VCDM 1.1 as a token, its `vc` changed before it is signed; members replace claims."""
    inner = kit.old_badge(SCHOOL)
    inner["@context"] = [V1, OB_301]
    named = {"iss": SCHOOL.did, "jti": inner["id"], "sub": "did:example:learner", "nbf": _begins, "exp": _ends}
    payload = {"vc": kit.changed(inner, change or {})} | named | members
    return jws(header(SCHOOL), {name: value for name, value in payload.items() if value is not DROP}, SCHOOL)


GROUP.valid("vcdm-1.1.jwt", "T5", "On VCDM 1.1 the credential stands in the claim vc.", _old)
GROUP.valid(
    "vcdm-1.1-without-an-end.jwt", "T5", "A badge on VCDM 1.1 may count for ever.", lambda: _old({"/expirationDate": DROP}, exp=DROP)
)
for name, change, members, step in (
    ("iss-another", {}, {"iss": FORGER.did}, MISMATCH),
    ("sub-another", {}, {"sub": "did:example:somebody-else"}, MISMATCH),
    ("jti-another", {}, {"jti": "https://issuer.example/c/2"}, MISMATCH),
    ("nbf-another", {}, {"nbf": _begins - 86400}, MISMATCH),
    ("exp-another", {}, {"exp": _ends + 86400}, MISMATCH),
    ("issuer-another-inside", {"/issuer/id": COLLEGE.did}, {}, MISMATCH),
    ("expired-inside", {"/expirationDate": "2026-05-25T00:00:00Z"}, {"exp": DROP}, "validity"),
    ("expired-by-exp-alone", {"/expirationDate": DROP}, {"exp": NOW - 60}, "validity"),
    ("undefined-member-inside", {"/level": "Doctorate"}, {}, "data_model|proof"),
    ("vc-an-array", lambda inner: inner.clear(), {"vc": [kit.old_badge(SCHOOL)]}, "syntax|context|data_model"),
):
    _fault(
        f"vcdm-1.1-{name}",
        "T5",
        "What claim and credential say differs, or what is inside is no good.",
        lambda change=change, members=members: _old(change, **members),
        step,
    )
for name, payload, why in (
    (
        "beside-a-badge",
        lambda: claims(brief()) | {"vc": changed(brief(), {"/name": "Leadership"})},
        "Two credentials: readers take one each.",
    ),
    ("beside-a-badge-that-says-the-same", lambda: claims(brief()) | {"vc": brief()}, "On VCDM 2.0 there must be no claim vc."),
    ("of-vcdm-2", lambda: {"iss": COLLEGE.did, "vc": brief()}, "On VCDM 2.0 the credential is the payload itself."),
    ("beside-a-badge-and-empty", lambda: claims(brief()) | {"vc": {}}, "On VCDM 2.0 there must be no claim vc."),
    ("vp-beside-a-badge", lambda: claims(brief()) | {"vp": {"type": ["VerifiablePresentation"]}}, "There must be no claim vp."),
):
    _fault(
        f"vc-claim-{name}",
        "T5",
        why,
        lambda payload=payload: jws(header(COLLEGE), payload(), COLLEGE),
        "syntax|context|data_model|proof",
    )

# --- T7: proofs inside ----------------------------------------------------------------------------------------------

GROUP.valid("proof-inside.jwt", "T7", "It is signed twice, both times by its issuer.", lambda: sign_jwt(sign(brief())))
GROUP.valid(
    "proof-of-a-notary-inside.jwt",
    "T7 J15",
    "Its issuer signed the token, an honest stranger put a proof inside.",
    lambda: sign_jwt(sign(brief(), NOTARY)),
)
for name, make in (
    ("broken", lambda: changed(sign(brief()), {"/name": "Leadership"})),
    ("forged", lambda: sign(brief(), by=FORGER)),
    ("of-a-notary-broken", lambda: changed(sign(brief(), NOTARY), {"/name": "Leadership"})),
    ("empty", lambda: brief() | {"proof": {}}),
    ("as-text", lambda: brief() | {"proof": "z3FXQjecWufY46"}),
    ("for-logging-in", lambda: sign(brief(), proofPurpose="authentication")),
):
    _fault(
        f"proof-inside-{name}",
        "T7",
        "The token is good, the proof inside is not: every signature that is there must hold.",
        lambda make=make: sign_jwt(make()),
        "proof|data_model",
    )
_fault(
    "proof-inside-good-and-token-of-a-stranger",
    "T7 T3",
    "The token is what is handed in, and no key of its issuer signed it.",
    lambda: sign_jwt(sign(brief()), FORGER),
    "proof|issuer",
)
_fault(
    "proof-inside-good-and-token-broken",
    "T7",
    "Every signature that is there must hold.",
    lambda: jws(header(COLLEGE), claims(sign(brief())), FORGER),
    "proof",
)
_fault(
    "undefined-member",
    "J1 T7",
    "A token covers every member, but no vocabulary says what this one means.",
    lambda: sign_jwt(brief() | {"level": "Doctorate"}),
    "data_model|proof",
)
_fault("expired", "T5", "Two years have gone by.", lambda: sign_jwt(brief(SCHOOL), SCHOOL), "validity", at="2028-06-01T00:00:00Z")

# --- status lists as tokens -----------------------------------------------------------------------------------------


def _list(name: str, *positions: int, key: Value = COLLEGE, **members: Value) -> str:
    url = f"{STATUS}/{name}"
    document = wrapping.status_list(url, *positions)
    payload = document | {"iss": COLLEGE.did, "jti": url, "sub": f"{url}#list"} | members
    GROUP.serve(url, lambda: jws(header(COLLEGE, typ="vc+jwt"), payload, key))
    return url


def _listed(url: str) -> bytes:
    """Return a badge as a token, its status in the list at `url`."""
    return sign_jwt(changed(brief(), {"/credentialStatus": kit.entry(url)}))


_good, _revoking, _forged, _foreign = (
    _list("good"),
    _list("revoking", 7),
    _list("forged", key=FORGER),
    _list("contradicting", iss=FORGER.did),
)
GROUP.valid("status-list-as-a-token.jwt", "1.5", "A status list may be a token as well.", lambda: _listed(_good))
_fault("status-list-as-a-token-revokes", "1.5", "Its issuer revoked it, in a list that is a token.", lambda: _listed(_revoking), "status")
for name, url in (("is-forged", _forged), ("contradicts-itself", _foreign)):
    GROUP.undecided(
        f"status-list-as-a-token-{name}.jwt",
        "1.5 T5",
        "A list that is not good answers nothing.",
        "status",
        lambda url=url: _listed(url),
    )

# --- envelopes ------------------------------------------------------------------------------------------------------


def envelope(token: bytes, kind: str = "data:application/vc+jwt,", **members: Value) -> bytes:
    """Return a token as an `EnvelopedVerifiableCredential`; members replace the usual ones or stand beside them."""
    usual = {"@context": [V2], "id": kind + token.decode(), "type": "EnvelopedVerifiableCredential"}
    return text({name: value for name, value in (usual | members).items() if value is not DROP})


GROUP.valid("enveloped.json", "T4", "VCDM 2.0 has envelopes for tokens.", lambda: envelope(sign_jwt(brief())))
GROUP.valid(
    "enveloped-by-a-stranger-who-claims-another-outside.json",
    "T5 J20",
    "What stands on an envelope nobody signed: it says the college, and inside the forger speaks for themselves.",
    lambda: envelope(sign_jwt(brief(FORGER), FORGER), issuer=COLLEGE.did),
    identity="unverified",
)
for name, make, step, why in (
    (
        "expired-though-not-outside",
        lambda: envelope(sign_jwt(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"})), validUntil="2099-01-01T00:00:00Z"),
        "validity",
        "What stands on an envelope nobody signed: the end inside counts.",
    ),
    (
        "revoked-though-not-outside",
        lambda: envelope(_listed(_revoking), credentialStatus=kit.entry()),
        "status",
        "What stands on an envelope nobody signed: the status inside counts.",
    ),
    ("of-a-stranger", lambda: envelope(sign_jwt(brief(), FORGER)), "proof|issuer", "The key is a stranger's."),
    ("broken", lambda: envelope(tampered(PAYLOAD, b"Works well", b"Works Well")), "proof", "It was changed after it was signed."),
    ("unsigned", lambda: envelope(sign_jwt(brief()).rpartition(b".")[0] + b"."), "syntax", "Nobody signed it."),
    ("nothing", lambda: envelope(b""), "syntax", "The envelope is empty."),
    ("no-token", lambda: envelope(b"hello"), "syntax", "There is no token in the envelope."),
    ("json", lambda: envelope(json.dumps(sign(brief())).encode()), "syntax", "There is no token in the envelope."),
    (
        "without-a-context",
        lambda: envelope(sign_jwt(brief()), **{"@context": DROP}),
        "syntax|context|data_model",
        "VCDM 2.0 has a context on every envelope: without one its type means nothing.",
    ),
    ("id-missing", lambda: envelope(b"", id=DROP), "syntax", "The envelope has no content."),
    (
        "id-an-address",
        lambda: envelope(b"", id="https://issuer.example/jwt/c/1"),
        "syntax",
        "An envelope holds what it holds: it is no pointer.",
    ),
    ("id-an-array", lambda: envelope(b"", id=["data:application/vc+jwt," + sign_jwt(brief()).decode()]), "syntax", "An id is a text."),
    (
        "and-a-proof-outside",
        lambda: envelope(sign_jwt(brief(), FORGER), proof=sign(brief())["proof"]),
        "proof|issuer|syntax",
        "A proof outside is of nothing.",
    ),
):
    GROUP.invalid(f"enveloped-{name}.json", "T4 T5", why, step, make)
for name, kind in (
    ("sd-jwt", "data:application/vc+sd-jwt,"),
    ("cose", "data:application/vc+cose;base64,"),
    ("text", "data:text/plain,"),
    ("of-no-kind", "data:,"),
    ("base64", "data:application/vc+jwt;base64,"),
):
    GROUP.undecided(
        f"enveloped-as-{name}.json",
        "T4",
        "Envelopes of this kind are not read here: what is inside cannot be known.",
        "syntax",
        lambda kind=kind: envelope(sign_jwt(brief()), kind),
    )
GROUP.undecided(
    "enveloped-presentation.json",
    "T4",
    "Presentations are read as JSON; in an envelope they are not.",
    "syntax",
    lambda: envelope(sign_jwt(brief()), "data:application/vp+jwt,", type="EnvelopedVerifiablePresentation"),
)
