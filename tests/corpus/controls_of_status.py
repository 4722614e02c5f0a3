"""What else must be accepted: results on their scales, every good status list, VCDM 1.1."""

from __future__ import annotations

from tests.corpus import kit, wrapping
from tests.corpus.controls import GROUP, accept, accept_changed
from tests.corpus.kit import (
    COLLEGE,
    DATA_INTEGRITY,
    DROP,
    ED25519_2020,
    EXTENSIONS,
    JCS,
    LEGACY,
    SCHOOL,
    Json,
    Key,
    badge,
    entry,
    graded,
    old_badge,
    sign,
    text,
)

SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"

# --- results --------------------------------------------------------------------------------------------------------

accept_changed("graded", "J14", "A percentage on its scale and a level of its rubric.", {}, base=graded)
accept_changed(
    "graded-at-the-end-of-the-scale", "J14", "The largest value that the scale has.", {f"{SUBJECT}/result/0/value": "100"}, base=graded
)
accept_changed("graded-with-a-fraction", "J14", "A percentage may have a fraction.", {f"{SUBJECT}/result/0/value": "99.5"}, base=graded)
accept_changed("graded-with-status", "J14", "A result may be provisional.", {f"{SUBJECT}/result/0/status": "Provisional"}, base=graded)
accept_changed(
    "graded-with-a-required-level",
    "J14",
    "The level that is required was reached.",
    {f"{ACHIEVEMENT}/resultDescription/1/requiredLevel": f"{kit.RUBRIC}-1"},
    base=graded,
)

# --- status ---------------------------------------------------------------------------------------------------------

LIST = "https://issuer.example/controls/status"


def _list(
    name: str,
    *positions: int,
    purpose: kit.Value = "revocation",
    change: kit.Change | None = None,
    key: Key = COLLEGE,
    **signing: kit.Value,
) -> str:
    url = f"{LIST}/{name}"
    return GROUP.serve(
        url, lambda: text(sign(wrapping.status_list(url, *positions, purpose=purpose, change=change, key=key), key, **signing))
    )


NEIGHBOURS = _list("neighbours", 0, 6, 8, 15, 131_071)
accept_changed(
    "status-between-revoked-ones",
    "1.5",
    "All around it are revoked, and it is not: the first bit is the highest of its byte.",
    {"/credentialStatus": entry(NEIGHBOURS)},
    base=badge,
    key=COLLEGE,
)
accept_changed(
    "status-at-the-end", "1.5", "The last but one entry of the list.", {"/credentialStatus": entry(NEIGHBOURS, "131070")}, key=COLLEGE
)
accept_changed(
    "status-index-as-a-number", "1.5", "Some write the index as a number.", {"/credentialStatus": entry(NEIGHBOURS, 7)}, key=COLLEGE
)
accept_changed("status-in-an-array", "1.5", "One entry in an array.", {"/credentialStatus": [entry(NEIGHBOURS)]}, key=COLLEGE)
accept_changed("status-without-id", "1.5", "An entry's id is optional.", {"/credentialStatus": entry(NEIGHBOURS, id=DROP)}, key=COLLEGE)
accept_changed(
    "status-of-two-kinds",
    "1.5",
    "Neither revoked nor suspended.",
    {"/credentialStatus": [entry(NEIGHBOURS), entry(_list("suspension", 6, purpose="suspension"), "7", "suspension")]},
    key=COLLEGE,
)
accept_changed(
    "status-list-for-both",
    "1.5",
    "One list for revocation and suspension.",
    {"/credentialStatus": entry(_list("both", 6, purpose=["revocation", "suspension"]))},
    key=COLLEGE,
)
accept_changed(
    "status-list-longer",
    "1.5",
    "A list of twice the least length.",
    {
        "/credentialStatus": entry(
            _list("longer", change={"/credentialSubject/encodedList": wrapping.encoded(wrapping.bits(7, length=262_144))}), "262143"
        )
    },
    key=COLLEGE,
)
accept_changed(
    "status-list-without-end",
    "1.5",
    "The list has no end of its own.",
    {"/credentialStatus": entry(_list("without-end", change={"/validUntil": DROP}))},
    key=COLLEGE,
)
accept_changed(
    "status-list-with-a-status",
    "1.5",
    "A list's own status is not followed: there would be no end to it.",
    {"/credentialStatus": entry(_list("with-a-status", change={"/credentialStatus": entry(f"{LIST}/of-lists")}))},
    key=COLLEGE,
)
accept_changed(
    "status-list-signed-with-jcs",
    "1.5 J18",
    "The list is signed in the other way.",
    {"/credentialStatus": entry(_list("jcs", suite=JCS))},
    key=COLLEGE,
)
accept_changed(
    "status-list-by-a-did-key",
    "1.5",
    "The list is by the same issuer, a did:key.",
    {"/credentialStatus": entry(_list("did-key", key=SCHOOL))},
)
REVOCATIONS = GROUP.serve(
    "https://issuer.example/controls/revocations",
    lambda: text(
        {
            "id": "https://issuer.example/controls/revocations",
            "issuer": SCHOOL.did,
            "revokedCredential": [
                {"id": "https://issuer.example/c/9", "revoked": True},
                {"id": "https://issuer.example/c/1", "revoked": False},
            ],
        }
    ),
)
accept_changed(
    "revocation-list",
    "1.5",
    "The old kind of list: another badge is on it, and this one only as not revoked.",
    {"/@context/-": EXTENSIONS, "/credentialStatus": {"id": REVOCATIONS, "type": "1EdTechRevocationList"}},
)

# --- VCDM 1.1 -------------------------------------------------------------------------------------------------------

accept_changed("vcdm-1.1", "J9", "A badge on VCDM 1.1 with Ed25519Signature2020.", {}, base=old_badge, suite=LEGACY)
accept_changed(
    "vcdm-1.1-without-end", "J9", "A badge on VCDM 1.1 that never ends.", {"/expirationDate": DROP}, base=old_badge, suite=LEGACY
)
accept_changed(
    "vcdm-1.1-data-integrity", "J9", "A badge on VCDM 1.1 with a Data Integrity proof.", {}, base=lambda key: old_badge(key, DATA_INTEGRITY)
)
accept_changed(
    "vcdm-1.1-revocation-list",
    "J9 1.5",
    "A badge on VCDM 1.1 with the status of its time.",
    {"/credentialStatus": {"id": REVOCATIONS, "type": "1EdTechRevocationList"}},
    base=lambda key: old_badge(key, EXTENSIONS, ED25519_2020),
    suite=LEGACY,
)
accept("vcdm-1.1-graded", "J9", "A badge on VCDM 1.1 with results.", lambda: sign(_old_graded(), SCHOOL, LEGACY))


def _old_graded() -> Json:
    document = graded(SCHOOL)
    document["@context"] = old_badge()["@context"]
    document["issuanceDate"], document["expirationDate"] = document.pop("validFrom"), document.pop("validUntil")
    return document


# --- judged at another time -----------------------------------------------------------------------------------------

accept(
    "judged-at-its-last-second",
    "J7",
    "Judged in its last second it still counts.",
    lambda: sign(badge(SCHOOL), SCHOOL),
    at="2028-05-20T14:05:00Z",
)
accept(
    "judged-at-its-first-second",
    "J7",
    "Judged in its first second it counts.",
    lambda: sign(badge(SCHOOL), SCHOOL),
    at="2026-05-20T14:05:00Z",
)
