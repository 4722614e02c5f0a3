"""When a badge counts: its own dates, those of its proof, and zones that a comparison of texts gets wrong."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, SCHOOL, badge, changed, sign, text

GROUP = kit.Group("validity")


def _dated(name: str, why: str, change: kit.Change, step: str = "validity", *, key: kit.Key = SCHOOL, **more: str) -> None:
    GROUP.before(name, more.pop("rows", "J7"), why, change, step, key=key, **more)


for name, value, why in (
    ("long-ago", "2026-05-25T00:00:00Z", "It has expired."),
    ("one-second-ago", "2026-06-01T11:59:59Z", "It has expired: for what ends, clocks are allowed no difference."),
    ("a-fraction-of-a-second-ago", "2026-06-01T11:59:59.999Z", "It has expired: for what ends, clocks are allowed no difference."),
    ("in-a-zone-to-the-east", "2026-06-01T16:59:59+05:00", "It has expired, though as a text its end sorts after the moment."),
    ("in-a-zone-by-the-half-hour", "2026-06-01T17:29:59+05:30", "It has expired, though as a text its end sorts after the moment."),
):
    _dated(f"expired-{name}", why, {"/validUntil": value, "/validFrom": "2026-05-01T00:00:00Z"})
_dated(
    "expired-with-a-status", "It has expired; that its status is good does not help.", {"/validUntil": "2026-05-25T00:00:00Z"}, key=COLLEGE
)
GROUP.invalid(
    "expired-later.json",
    "J7",
    "Judged in the year after its end, it has expired.",
    "validity",
    lambda: text(sign(badge(SCHOOL), SCHOOL)),
    at="2029-01-01T00:00:00Z",
    signature="holds",
)
GROUP.invalid(
    "expired-that-very-second-over.json",
    "J7",
    "Judged one second after its end, it has expired.",
    "validity",
    lambda: text(sign(badge(SCHOOL), SCHOOL)),
    at="2028-05-20T14:05:01Z",
    signature="holds",
)
GROUP.invalid(
    "judged-before-it-was-made.json",
    "J7",
    "Judged before it began, it does not count yet.",
    "validity|proof",
    lambda: text(sign(badge(SCHOOL), SCHOOL)),
    at="2026-05-19T00:00:00Z",
    signature="holds",
)

for name, value, why in (
    ("next-year", "2027-05-20T14:05:00Z", "It does not count yet."),
    ("in-six-minutes", "2026-06-01T12:06:00Z", "It does not count yet; clocks may differ by five minutes and no more."),
    (
        "in-a-zone-to-the-west",
        "2026-06-01T08:00:00-10:00",
        "It does not count yet, though as a text its beginning sorts before the moment.",
    ),
):
    _dated(f"not-yet-{name}", why, {"/validFrom": value})
_dated(
    "ends-before-it-begins",
    "It ends before it begins.",
    {"/validFrom": "2026-05-20T14:05:00Z", "/validUntil": "2026-05-20T14:04:59Z"},
    "validity|data_model",
)
_dated(
    "ends-before-it-begins-in-the-future",
    "It ends before it begins, though neither has come.",
    {"/validFrom": "2029-05-20T14:05:00Z", "/validUntil": "2028-05-20T14:05:00Z"},
    "validity|data_model",
)

for name, members, why in (
    ("made-tomorrow", {"created": "2026-06-02T12:00:00Z"}, "The proof says that it was made after now."),
    ("made-in-six-minutes", {"created": "2026-06-01T12:06:00Z"}, "Clocks may differ by five minutes and no more."),
    (
        "made-in-a-zone-to-the-west",
        {"created": "2026-06-01T08:00:00-10:00"},
        "The proof was made after now, though as a text its time sorts before.",
    ),
    ("expired", {"expires": "2026-05-25T00:00:00Z"}, "The proof was to count until a time that is over."),
    ("expired-one-second-ago", {"expires": "2026-06-01T11:59:59Z"}, "The proof was to count until a time that is over."),
    (
        "expires-before-it-is-made",
        {"created": "2026-05-20T14:05:00Z", "expires": "2026-05-20T14:00:00Z"},
        "The proof ended before it was made.",
    ),
):
    GROUP.invalid(
        f"proof-{name}.json",
        "J18",
        why,
        "validity|proof",
        lambda members=members: text(sign(badge(SCHOOL), SCHOOL, **members)),
        signature="holds",
    )
GROUP.invalid(
    "proof-of-a-chain-expired.json",
    "J16 J18",
    "The second proof still counts, the first does not.",
    "validity|proof",
    lambda: text(
        sign(sign(badge(SCHOOL), SCHOOL, id="urn:uuid:11111111-1111-4111-8111-111111111111", expires="2026-05-25T00:00:00Z"), kit.NOTARY)
    ),
    signature="holds",
)
GROUP.invalid(
    "expiry-of-a-jcs-badge.json",
    "J7 J19",
    "It has expired, in whatever way it was signed.",
    "validity",
    lambda: text(sign(changed(badge(SCHOOL), {"/validUntil": "2026-05-25T00:00:00Z"}), SCHOOL, kit.JCS)),
    signature="holds",
)
