"""Signatures: documents changed after they were signed, other hashes than the suite says, forms that no signature has (J18)."""

from __future__ import annotations

import base64
import hashlib

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, DROP, JCS, PROOF_ERROR, Json, badge, changed, graded, sign, text

value: kit.Value
GROUP = kit.Group("proof")
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the base point of Ed25519."""

# --- changed after signing: the plain forgery -----------------------------------------------------------------------

for name, change in (
    ("name", {"/name": "Leadership"}),
    ("id", {"/id": "https://issuer.example/c/2"}),
    ("learner", {f"{SUBJECT}/id": "did:example:somebody-else"}),
    ("achievement-name", {f"{ACHIEVEMENT}/name": "Leadership"}),
    ("achievement-id", {f"{ACHIEVEMENT}/id": "https://issuer.example/a/leadership/1"}),
    ("criteria", {f"{ACHIEVEMENT}/criteria/narrative": "Lead three projects."}),
    ("description", {f"{ACHIEVEMENT}/description": "Leads others well."}),
    ("one-letter", {f"{ACHIEVEMENT}/description": "Works well with Others."}),
    ("tag-added", {f"{ACHIEVEMENT}/tag/-": "leadership"}),
    ("credits-added", {f"{SUBJECT}/creditsEarned": 60}),
    ("evidence-added", {"/evidence": [{"id": "https://forger.example/thesis", "type": ["Evidence"], "name": "Thesis"}]}),
    ("image-added", {f"{ACHIEVEMENT}/image": {"id": "https://forger.example/crest.png", "type": "Image"}}),
    ("validFrom", {"/validFrom": "2020-05-20T14:05:00Z"}),
    ("expiry-put-off", {"/validUntil": "2099-05-20T14:05:00Z"}),
    ("expiry-removed", {"/validUntil": DROP}),
    ("status-removed", {"/credentialStatus": DROP}),
    ("status-index", {"/credentialStatus/statusListIndex": "8"}),
    ("issuer-name", {"/issuer/name": "Southfield University"}),
):
    GROUP.after(f"tampered-{name}", "J18", "It was changed after it was signed.", change, "proof", signature="broken", type=PROOF_ERROR)
for name, change in (
    ("result", {f"{SUBJECT}/result/0/value": "99"}),
    ("level", {f"{SUBJECT}/result/1/achievedLevel": f"{kit.RUBRIC}-1"}),
    ("scale", {f"{ACHIEVEMENT}/resultDescription/0/valueMax": "90"}),
    ("name-of-a-level", {f"{ACHIEVEMENT}/resultDescription/1/rubricCriterionLevel/1/name": "Genius"}),
):
    GROUP.after(
        f"tampered-{name}", "J18", "It was changed after it was signed.", change, "proof", base=graded, signature="broken", type=PROOF_ERROR
    )


def _ordered(key: kit.Key) -> Json:
    return changed(
        graded(key),
        {
            f"{ACHIEVEMENT}/resultDescription/0": {
                "id": kit.SCALE,
                "type": ["ResultDescription"],
                "name": "Quiz",
                "resultType": "LetterGrade",
                "allowedValue": ["C", "B", "A"],
            },
            f"{SUBJECT}/result/0/value": "A",
        },
    )


GROUP.after(
    "tampered-order-of-a-scale",
    "J18",
    "Allowed values go from low to high: in another order the same words say something else.",
    lambda document: document["credentialSubject"]["achievement"]["resultDescription"][0]["allowedValue"].reverse(),
    "proof",
    base=_ordered,
    signature="broken",
    type=PROOF_ERROR,
)
GROUP.after(
    "tampered-jcs-undefined-member-added",
    "J1 J18",
    "A JCS signature covers the JSON itself: what no context defines is covered too, and was added later.",
    {"/level": "Doctorate"},
    "proof|data_model",
    suite=JCS,
    signature="broken",
)
GROUP.after(
    "tampered-jcs-name",
    "J18",
    "It was changed after it was signed.",
    {"/name": "Leadership"},
    "proof",
    suite=JCS,
    signature="broken",
    type=PROOF_ERROR,
)
for name, change in (
    ("created", {"/proof/created": "2026-05-21T14:05:00Z"}),
    ("created-removed", {"/proof/created": DROP}),
    ("created-zone", {"/proof/created": "2026-05-20T14:05:00+00:00"}),
    ("domain-added", {"/proof/domain": "https://issuer.example"}),
    ("nonce-added", {"/proof/nonce": "8"}),
    ("expires-added", {"/proof/expires": "2030-01-01T00:00:00Z"}),
    ("id-added", {"/proof/id": "urn:uuid:6c2f0f6e-6e5c-4b3f-8d2b-0f7a4b1c9d01"}),
):
    GROUP.after(
        f"tampered-proof-{name}",
        "J18",
        "The members of the proof are signed too: this one was changed afterwards.",
        change,
        "proof",
        signature="broken",
        type=PROOF_ERROR,
    )

# --- signed in another way than said ----------------------------------------------------------------------------------


def _reversed(options: bytes, document: bytes) -> bytes:
    return hashlib.sha256(document).digest() + hashlib.sha256(options).digest()


def _sha384(options: bytes, document: bytes) -> bytes:
    return hashlib.sha384(options).digest() + hashlib.sha384(document).digest()


def _sha3(options: bytes, document: bytes) -> bytes:
    return hashlib.sha3_256(options).digest() + hashlib.sha3_256(document).digest()


def _unhashed(options: bytes, document: bytes) -> bytes:
    return options + document


def _of_the_document(_options: bytes, document: bytes) -> bytes:
    return hashlib.sha256(document).digest()


def _hashed_again(options: bytes, document: bytes) -> bytes:
    return hashlib.sha256(kit.concatenated(options, document)).digest()


for name, hashing in (
    ("in-another-order", _reversed),
    ("with-sha-384", _sha384),
    ("with-sha-3", _sha3),
    ("not-hashed", _unhashed),
    ("without-the-proof", _of_the_document),
    ("hashed-once-more", _hashed_again),
):
    GROUP.invalid(
        f"hashed-{name}.json" if name != "not-hashed" else "not-hashed.json",
        "J18",
        "The issuer's key signed, but not what the suite says.",
        "proof",
        lambda hashing=hashing: text(sign(badge(), hashing=hashing)),
        signature="broken",
        type=PROOF_ERROR,
    )
GROUP.invalid(
    "signed-the-json-itself.json",
    "J18",
    "The issuer's key signed the bytes of the JSON, and calls that eddsa-rdfc-2022.",
    "proof",
    lambda: text(sign(badge(), proofValue="z" + kit.base58(COLLEGE.sign(text(badge()))))),
    signature="broken",
    type=PROOF_ERROR,
)

# --- the signature's own form ---------------------------------------------------------------------------------------


def _value(name: str, value: kit.Value, why: str, **more: kit.Value) -> None:
    """Add a badge whose proofValue is made from the right one."""

    def body() -> bytes:
        document = sign(badge())
        document["proof"]["proofValue"] = value(document["proof"]["proofValue"])
        return text(document)

    GROUP.invalid(f"value-{name}.json", "J18", why, more.pop("step", "proof"), body, **more)


def _broken(value: str) -> str:
    """Return a proofValue of the same length with another digit in the middle."""
    return value[:40] + ("a" if value[40] != "a" else "b") + value[41:]


def _raw(value: str) -> bytes:
    return kit.from_base58(value[1:], 64)


def _plus_order(value: str) -> str:
    raw = _raw(value)
    return "z" + kit.base58(raw[:32] + (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little"))


_value("one-digit-changed", _broken, "Not the signature.", type=PROOF_ERROR)
_value(
    "one-bit-changed", lambda value: "z" + kit.base58(bytes([_raw(value)[0] ^ 1]) + _raw(value)[1:]), "Not the signature.", type=PROOF_ERROR
)
_value(
    "plus-the-order", _plus_order, "S + L also satisfies the equation: a second signature that nobody with the key made.", type=PROOF_ERROR
)
_value(
    "with-a-line-feed",
    lambda value: value + "\n",
    "Some readers of base 58 strip white space; then two texts are one signature.",
    signature="holds",
)
_value(
    "with-a-space-before",
    lambda value: "z " + value[1:],
    "Some readers of base 58 strip white space; then two texts are one signature.",
    signature="holds",
)
_value(
    "with-a-tab-after",
    lambda value: value + "\t",
    "Some readers of base 58 strip white space; then two texts are one signature.",
    signature="holds",
)
_value("without-z", lambda value: value[1:], "Multibase says first in which base it is.")
_value(
    "in-base64url",
    lambda value: "u" + base64.urlsafe_b64encode(_raw(value)).rstrip(b"=").decode(),
    "VC-DI-EDDSA writes it in base 58, and in nothing else.",
)
_value("in-base64", lambda value: base64.b64encode(_raw(value)).decode(), "VC-DI-EDDSA writes it in base 58, and in nothing else.")
_value("in-hex", lambda value: "f" + _raw(value).hex(), "VC-DI-EDDSA writes it in base 58, and in nothing else.")
_value("as-the-flickr-alphabet", lambda value: "Z" + value[1:].swapcase(), "VC-DI-EDDSA writes it in base58btc, and in no other base 58.")
_value("of-63-bytes", lambda value: "z" + kit.base58(_raw(value)[:63]), "An Ed25519 signature has 64 bytes.")
_value("of-65-bytes", lambda value: "z" + kit.base58(_raw(value) + b"\0"), "An Ed25519 signature has 64 bytes.")
_value("with-a-zero-byte-before", lambda value: "z1" + value[1:], "An Ed25519 signature has 64 bytes.")
_value("with-its-message", lambda value: "z" + kit.base58(_raw(value) + bytes(64)), "An Ed25519 signature has 64 bytes.")
_value("of-zeros", lambda _value: "z" + "1" * 64, "Not the signature.", type=PROOF_ERROR)
_value("with-a-zero-and-an-o", lambda value: value[:-2] + "0O", "0 and O are no digits of base 58.")
_value("with-a-look-alike", lambda value: value[:-1] + "\u0430", "A Cyrillic letter is no digit of base 58.")
_value("empty", lambda _value: "", "There is no signature.")
_value("only-z", lambda _value: "z", "There is no signature.")
_value("very-long", lambda value: value * 30, "An Ed25519 signature has 64 bytes.")
_value("as-a-number", lambda _value: 64, "A signature is a text.")
_value("as-null", lambda _value: None, "A signature is a text.", step="proof|data_model")
_value("in-an-array", lambda value: [value], "A signature is a text.", step="proof|data_model")
GROUP.invalid("value-missing.json", "J18", "There is no signature.", "proof", lambda: text(sign(badge(), proofValue=DROP)))
