"""Refreshing: once, after the proof, and only by a newer version of the same badge by the same issuer (J21, J22)."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import DROP, EXTENSIONS, FORGER, JCS, SCHOOL, Json, Value, brief, changed, sign, text
from tests.corpus.wrapping import bake_png, sign_jwt

GROUP = kit.Group("refresh")
change: kit.Change | None
HOST = "https://issuer.example/refresh"
KIND = "1EdTechCredentialRefresh"
EXPIRED: Json = {"/validUntil": "2026-05-25T00:00:00Z"}

_revoking = GROUP.serve(f"{HOST}/status", lambda: text(sign(wrapping.status_list(f"{HOST}/status", 7))))
REVOKED: Json = {"/credentialStatus": kit.entry(_revoking)}


def refreshing(name: str, change: kit.Change | None = None) -> Json:
    """Return an unsigned badge that says where a newer version of it stands; `change` is made last."""
    service = {"id": f"{HOST}/{name}.json", "type": KIND}
    return changed(changed(brief(), {"/@context/-": EXTENSIONS, "/refreshService": service}), change or {})


def newer(change: kit.Change | None = None, *, name: str = "") -> Json:
    """Return the unsigned newer version, which refreshes itself from `name` if that is given."""
    document = refreshing(name) if name else brief()
    return changed(changed(document, {"/validFrom": "2026-05-28T00:00:00Z"}), change or {})


def _serve(name: str, make: Callable[..., Value]) -> None:
    def body() -> bytes:
        made = make()
        return made if isinstance(made, bytes) else text(made)

    GROUP.serve(f"{HOST}/{name}.json", body)


# --- a newer version ------------------------------------------------------------------------------------------------

for name, change, answer, why in (
    ("newer", None, lambda: sign(newer()), "The newer version is good."),
    ("expired-and-renewed", EXPIRED, lambda: sign(newer()), "Its time is over, and its issuer has renewed it."),
    ("revoked-and-replaced", REVOKED, lambda: sign(newer()), "It was taken back, and its issuer has replaced it."),
    ("expired-and-renewed-by-a-token", EXPIRED, lambda: sign_jwt(newer()), "The newer version is a token."),
    ("expired-and-renewed-in-a-picture", EXPIRED, lambda: bake_png(text(sign(newer()))), "The newer version is baked into a picture."),
):
    _serve(name, answer)
    GROUP.valid(f"{name}.json", "J21 J22", why, lambda name=name, change=change: text(sign(refreshing(name, change))), signature="holds")
for name, change, step, why in (
    ("newer-is-revoked", REVOKED, "status", "Its issuer has a newer version, and took that back."),
    ("newer-is-expired", EXPIRED, "validity", "Its issuer has a newer version, whose time is over."),
):
    _serve(name, lambda change=change: sign(newer(change if change is REVOKED else {"/validUntil": "2026-05-30T00:00:00Z"})))
    GROUP.invalid(f"{name}.json", "J21 J22", why, f"{step}|refresh", lambda name=name: text(sign(refreshing(name))), signature="holds")
_serve("newer-has-an-unreachable-status", lambda: sign(newer({"/credentialStatus": kit.entry(f"{HOST}/gone")})))
GROUP.undecided(
    "newer-has-an-unreachable-status.json",
    "J21 J22 1.5",
    "Its issuer has a newer version, and whether that was taken back cannot be learnt.",
    "status|refresh",
    lambda: text(sign(refreshing("newer-has-an-unreachable-status"))),
    signature="holds",
)

# --- what is no newer version: the original stands ------------------------------------------------------------------
# Each answer is one that would not pass, so that who relies on it is found out; and none helps a badge whose time is over.

_other_id = {"/id": "https://issuer.example/c/2"} | REVOKED
_older = {"/validFrom": "2026-05-10T00:00:00Z"} | REVOKED
_same = {"/validFrom": "2026-05-20T14:05:00Z"} | REVOKED
ANSWERS: dict[str, Callable[[], Value]] = {
    "unreachable": lambda: None,
    "page": lambda: b"<!DOCTYPE html><title>Gone</title>\n",
    "nothing": lambda: b"",
    "unsigned": lambda: newer(REVOKED),
    "changed": lambda: changed(sign(newer()), REVOKED),
    "forged": lambda: sign(newer(REVOKED), by=FORGER),
    "of-a-stranger": lambda: sign(newer(REVOKED), FORGER),
    "of-another-issuer": lambda: sign(changed(newer({"/validUntil": "2026-05-30T00:00:00Z"}), {"/issuer/id": SCHOOL.did}), SCHOOL),
    "of-another-badge": lambda: sign(newer(_other_id)),
    "older": lambda: sign(newer(_older)),
    "of-the-same-moment": lambda: sign(newer(_same)),
    "under-other-contexts": lambda: sign(newer({"/@context": [kit.OB, kit.V2], **REVOKED})),
    "without-criteria": lambda: sign(newer({"/credentialSubject/achievement/criteria": DROP, **REVOKED})),
}
GOOD: dict[str, Callable[[], Value]] = {
    "unsigned": newer,
    "changed": lambda: changed(sign(newer()), {"/name": "Leadership"}),
    "of-a-stranger": lambda: sign(newer(), FORGER),
    "of-another-issuer": lambda: sign(changed(newer(), {"/issuer/id": SCHOOL.did}), SCHOOL),
    "of-another-badge": lambda: sign(newer({"/id": "https://issuer.example/c/2"})),
    "older": lambda: sign(newer({"/validFrom": "2026-05-10T00:00:00Z"})),
}
for name, answer in ANSWERS.items():
    if name != "unreachable":
        _serve(f"answer-{name}", answer)
    GROUP.valid(
        f"answer-{name}.json",
        "J21 J22",
        "What the service gives is no newer version of this badge by its issuer: the original stands.",
        lambda name=name: text(sign(refreshing(f"answer-{name}"))),
        signature="holds",
    )
for name, answer in GOOD.items():
    _serve(f"expired-and-answer-{name}", answer)
    GROUP.invalid(
        f"expired-and-answer-{name}.json",
        "J21 J22",
        "Its time is over, and what the service gives is no newer version of it.",
        "validity",
        lambda name=name: text(sign(refreshing(f"expired-and-answer-{name}", EXPIRED))),
        signature="holds",
    )

# --- once -----------------------------------------------------------------------------------------------------------

_serve("chain", lambda: sign(newer(name="chain-2")))
_serve("chain-2", lambda: sign(newer({"/validFrom": "2026-05-29T00:00:00Z", **REVOKED})))
GROUP.valid(
    "chain-is-followed-once.json",
    "J22",
    "The newer version names a third: services are asked once, or there would be no end to it.",
    lambda: text(sign(refreshing("chain"))),
    signature="holds",
)
_serve("circle", lambda: sign(newer(name="circle")))
GROUP.valid(
    "circle.json",
    "J22",
    "The newer version refreshes itself from where it stands.",
    lambda: text(sign(refreshing("circle"))),
    signature="holds",
)

# --- after the proof ------------------------------------------------------------------------------------------------

_serve("unproven", lambda: sign(newer()))
for name, make, step, why in (
    ("changed", lambda: changed(sign(refreshing("unproven")), {"/name": "Leadership"}), "proof", "It was changed after it was signed."),
    ("unsigned", lambda: refreshing("unproven"), "proof", "Nobody signed it."),
    ("of-a-stranger", lambda: sign(refreshing("unproven"), FORGER), "issuer", "The key is not the issuer's."),
):
    GROUP.invalid(
        f"unproven-{name}.json",
        "J22",
        f"{why} A good newer version does not help, and nobody asks for it.",
        step,
        lambda make=make: text(make()),
    )
for name, value in (
    ("without-an-id", {"type": KIND}),
    ("without-a-type", {"id": f"{HOST}/newer.json"}),
    ("text", f"{HOST}/newer.json"),
    ("number", 7),
    ("id-as-a-number", {"id": 7, "type": KIND}),
    ("id-relative", {"id": "newer.json", "type": KIND}),
):
    GROUP.invalid(
        f"service-{name}.json",
        "J14",
        "A service has an address and a type.",
        "data_model|refresh|proof",
        lambda value=value: text(sign(refreshing("newer", {"/refreshService": value}), suite=JCS)),
        signature="holds",
    )
