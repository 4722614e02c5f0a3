"""Who stands behind the DID: names are no proof (J20, J21), and a key in wrong hands proves nothing."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, SCHOOL, Json, badge, changed, sign, text

GROUP = kit.Group("trust")
GROUP.trusted[SCHOOL.did] = {"name": "Örtliche Schule"}

STRANGER = kit.Key("stranger")
STOLEN = GROUP.issuer("stolen")
STOLEN_LATER = GROUP.issuer("stolen-later")
OLD = GROUP.issuer("old-key")
GROUP.keys = {
    STOLEN.method: {"state": "compromised", "compromised_since": "2026-05-01T00:00:00Z"},
    STOLEN_LATER.method: {"state": "compromised", "compromised_since": "2026-05-28T00:00:00Z"},
    OLD.method: {"state": "active"},
}


def _called(name: str, key: kit.Key) -> Json:
    return sign(changed(badge(key), {"/issuer/name": name}), key)


for case, name in (
    ("the-colleges-name", "Northfield College"),
    ("a-cyrillic-o", "N\u043erthfield College"),
    ("a-zero-width-space", "North\u200bfield College"),
    ("a-bidi-override", "Northfield \u202eegelloC"),
    ("full-width-letters", "\uff2eorthfield College"),
    ("a-space-at-the-end", "Northfield College "),
    ("a-name-that-claims-to-be-verified", "Northfield College \u2714 verified issuer"),
):
    GROUP.valid(
        f"stranger-with-{case}.json",
        "J20",
        "The badge is what it claims to be, by a stranger: the name is only what they call themselves.",
        lambda name=name: text(_called(name, STRANGER)),
        identity="unverified",
    )
for case, key, name in (
    ("another-name", COLLEGE, "Southfield University"),
    ("a-cyrillic-o", COLLEGE, "N\u043erthfield College"),
    ("a-zero-width-space", COLLEGE, "North\u200bfield College"),
    ("the-name-of-another-known-issuer", COLLEGE, "Örtliche Schule"),
):
    GROUP.valid(
        f"known-issuer-with-{case}.json",
        "J20",
        "The DID is known, and under another name: the badge is good, and the reader is told.",
        lambda key=key, name=name: text(_called(name, key)),
        identity="name_mismatch",
    )
GROUP.valid(
    "known-issuer.json",
    "J20",
    "The DID is known, and so is the name.",
    lambda: text(_called("Northfield College", COLLEGE)),
    identity="known",
)
GROUP.valid(
    "known-issuer-with-an-umlaut.json",
    "J20",
    "The DID is known, and so is the name.",
    lambda: text(_called("Örtliche Schule", SCHOOL)),
    identity="known",
)

for name, key, why in (
    ("compromised", STOLEN, "The key was in wrong hands before it signed this."),
    (
        "compromised-later",
        STOLEN_LATER,
        "The time of signing is what the signer says it is: since the key was stolen, no proof by it counts.",
    ),
):
    GROUP.invalid(f"key-{name}.json", "J17", why, "trust", lambda key=key: text(sign(badge(key), key)), signature="holds")
GROUP.invalid(
    "key-compromised-backdated.json",
    "J17",
    "Who has a stolen key writes any time into the proof.",
    "trust",
    lambda: text(sign(badge(STOLEN), STOLEN, created="2020-01-01T00:00:00Z")),
    signature="holds",
)
GROUP.valid(
    "key-compromised-after-the-moment.json",
    "J17",
    "Judged at a time before the key was stolen.",
    lambda: text(sign(badge(STOLEN_LATER), STOLEN_LATER)),
    at="2026-05-27T00:00:00Z",
)
GROUP.valid("key-known-and-active.json", "J17", "The operator knows the key, and it is in good hands.", lambda: text(sign(badge(OLD), OLD)))
GROUP.valid(
    "issued-again-under-its-id.json",
    "J21",
    "A badge replaces another of the same id by a later beginning; each is good by itself, and the report names what to compare.",
    lambda: text(
        sign(changed(badge(), {"/validFrom": "2026-05-25T00:00:00Z", "/credentialSubject/achievement/description": "Works very well."}))
    ),
)
