"""Tokens: how they are written, and what is no token of a credential (T4, T6)."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, DROP, FORGER, PROOF_ERROR, V2, Value, brief, changed, text
from tests.corpus.wrapping import base64url, claims, compact, header, jws, seconds, sign_jwt

GROUP = kit.Group("jwt")
make: Callable[..., Value]
change: Value
payload: Value
STATUS = "https://issuer.example/jwt/status"


def _fault(name: str, rows: str, why: str, make: kit.Bytes, step: str = "syntax", **more: Value) -> None:
    GROUP.invalid(f"{name}.jwt", rows, why, step, make, **more)


# --- T4: one way to write a token -----------------------------------------------------------------------------------


def _parts(token: bytes) -> list[bytes]:
    return token.split(b".")


def _signed(*parts: bytes) -> bytes:
    """Return header and payload, in whichever writing, with a signature over just that."""
    signed = b".".join(parts)
    return signed + b"." + base64url(COLLEGE.sign(signed)).encode()


def _written(change: Callable[[bytes], bytes], part: int) -> bytes:
    """Return a token whose header, payload or signature is written in another way; the signature is over what stands there."""
    parts = _parts(sign_jwt(brief()))
    if part == 2:
        return b".".join([*parts[:2], change(parts[2])])
    parts[part] = change(parts[part])
    return _signed(*parts[:2])


def _padded(data: bytes) -> bytes:
    """Return bytes in base64url with a padding that is needed."""
    return base64url(data + b" " * ((1 - len(data)) % 3)).encode() + b"=="


def _loose(data: bytes) -> bytes:
    """Return bytes in base64url whose last digit has bits that mean nothing."""
    encoded = base64url(data + b" " * ((1 - len(data)) % 3))
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return (encoded[:-1] + digits[digits.index(encoded[-1]) + 1]).encode()


HEADER, PAYLOAD, SIGNATURE = range(3)
_json = (lambda: compact(header(COLLEGE)), lambda: compact(claims(brief())))
for name, part in (("header", HEADER), ("payload", PAYLOAD)):
    for how, change, why in (
        ("padded", _padded, "A token has no padding: with it, one token would have two spellings."),
        ("not-canonical", _loose, "Bits of the last digit mean nothing: the same token would have several spellings."),
    ):
        _fault(f"{name}-{how}", "T4", why, lambda part=part, change=change: _written(lambda _: change(_json[part]()), part))
_fault("signature-padded", "T4", "A token has no padding.", lambda: _written(lambda part: part + b"==", SIGNATURE))
_fault(
    "signature-not-canonical",
    "T4",
    "Bits of the last digit mean nothing: the same token would have several spellings.",
    lambda: _written(lambda _: _last_digit(sign_jwt(brief())), SIGNATURE),
)


def _last_digit(token: bytes) -> bytes:
    part = _parts(token)[2]
    return part[:-1] + bytes([part[-1] + 1])  # 64 bytes end in one of A, Q, g and w


for name, change, part, why in (
    ("line-feed-in-the-header", lambda part: part[:9] + b"\n" + part[9:], HEADER, "A token has no line ends."),
    ("line-feed-in-the-payload", lambda part: part[:80] + b"\n" + part[80:], PAYLOAD, "A token has no line ends."),
    ("line-feed-in-the-signature", lambda part: part[:9] + b"\n" + part[9:], SIGNATURE, "A token has no line ends."),
    ("space-in-the-payload", lambda part: part[:80] + b" " + part[80:], PAYLOAD, "A token has no spaces."),
    ("nul-in-the-payload", lambda part: part[:80] + b"\0" + part[80:], PAYLOAD, "A token has no NUL."),
    ("plus-in-the-signature", lambda part: b"+" + part[1:], SIGNATURE, "That is a digit of another alphabet than base64url's."),
    ("percent-in-the-payload", lambda part: part[:80] + b"%41" + part[81:], PAYLOAD, "A token is not percent-encoded."),
    ("letter-beyond-ascii", lambda part: part[:80] + "é".encode() + part[81:], PAYLOAD, "Base64url has no such digit."),
    ("one-digit-over", lambda part: part + b"A" * ((1 - len(part)) % 4), SIGNATURE, "One digit stands for no byte."),
):
    _fault(name, "T4", why, lambda change=change, part=part: _written(change, part))
GROUP.valid(
    "line-feed-at-the-end.jwt", "T4", "A text file ends with a line feed: it is none of the token's.", lambda: sign_jwt(brief()) + b"\n"
)
for name, make, why in (
    ("one-part", lambda parts: parts[1], "A token has three parts."),
    ("two-parts", lambda parts: b".".join(parts[:2]), "A token has three parts: this one is not signed."),
    ("four-parts", lambda parts: b".".join([*parts, b"AA"]), "A token has three parts."),
    ("five-parts", lambda parts: b".".join([*parts, b"AA", b"AA"]), "Five parts has what is encrypted."),
    ("empty-signature", lambda parts: b".".join([*parts[:2], b""]), "Its third part is empty: nobody signed it."),
    ("empty-header", lambda parts: b".".join([b"", *parts[1:]]), "Its first part is empty."),
    ("empty-payload", lambda parts: _signed(parts[0], b""), "Its second part is empty: the payload is thought to come another way."),
    ("nothing-but-dots", lambda _parts: b"..", "There is nothing in it."),
    ("dot-at-the-end", lambda parts: b".".join([*parts, b""]), "A token has three parts, and this one ends with a fourth."),
    ("two-tokens", lambda parts: b".".join(parts) + b"\n" + b".".join(parts), "One document is one token."),
    ("in-quotes", lambda parts: b'"' + b".".join(parts) + b'"', "A text of JSON is no token."),
    ("behind-a-scheme", lambda parts: b"Bearer " + b".".join(parts), "A header of HTTP is no token."),
    ("disclosures-behind-it", lambda parts: b".".join(parts) + b"~WyJzYWx0IiwibmFtZSIsIlgiXQ~", "That is another kind of token."),
):
    _fault(name, "T4", why, lambda make=make: make(_parts(sign_jwt(brief()))))
for name, change, why in (
    ("short", lambda part: base64url(_decoded(part)[:-1]).encode(), "An Ed25519 signature has 64 bytes."),
    ("long", lambda part: base64url(_decoded(part) + b"\0").encode(), "An Ed25519 signature has 64 bytes."),
    ("twice", lambda part: base64url(_decoded(part) * 2).encode(), "An Ed25519 signature has 64 bytes."),
    ("changed", lambda part: part[:40] + (b"B" if part[40:41] != b"B" else b"C") + part[41:], "One digit of the signature was changed."),
    ("of-another-badge", lambda _part: _parts(sign_jwt(brief(), nbf=DROP))[2], "It is the signature over another token."),
):
    _fault(f"signature-{name}", "T4", why, lambda change=change: _written(change, SIGNATURE), "proof", type=PROOF_ERROR)


def _decoded(part: bytes) -> bytes:
    return wrapping.from_base64url(part.decode())


def tampered(part: int, before: bytes, after: bytes) -> bytes:
    """Return a token of which something was changed after it was signed."""
    parts = _parts(sign_jwt(brief()))
    content = _decoded(parts[part])
    if content.count(before) == 0:
        raise ValueError(f"there is no {before!r}")
    parts[part] = base64url(content.replace(before, after, 1)).encode()
    return b".".join(parts)


for name, part, before, after in (
    ("one-letter-of-the-payload", PAYLOAD, b"Works well", b"Works Well"),
    ("name", PAYLOAD, b'"Teamwork"', b'"Leadership"'),
    ("validUntil", PAYLOAD, b"2028-05-20", b"2028-05-21"),
    ("typ-of-the-header", HEADER, b'"JWT"', b'"vc+jwt"'),
    ("space-in-the-header", HEADER, b'{"alg"', b'{ "alg"'),
):
    steps = "proof|data_model" if name == "validUntil" else "proof"
    _fault(
        f"tampered-{name}",
        "T4",
        "It was changed after it was signed.",
        lambda part=part, before=before, after=after: tampered(part, before, after),
        steps,
        type=PROOF_ERROR,
    )


def _raw(head: Value, payload: Value) -> bytes:
    return jws(head, payload, COLLEGE)


def twice(content: bytes, member: bytes) -> bytes:
    """Return a JSON object with one more member at its end."""
    return content[:-1] + b"," + member + b"}"


def _head() -> bytes:
    return compact(header(COLLEGE))


def _claims() -> bytes:
    return compact(claims(brief()))


for name, make, why in (
    ("header-with-alg-twice", lambda: _raw(twice(_head(), b'"alg":"none"'), claims(brief())), "Readers differ about which of two counts."),
    (
        "header-with-kid-twice",
        lambda: _raw(twice(_head(), b'"kid":"' + FORGER.method.encode() + b'"'), claims(brief())),
        "Readers differ about which of two counts.",
    ),
    (
        "payload-with-iss-twice",
        lambda: _raw(header(COLLEGE), twice(_claims(), b'"iss":"' + COLLEGE.did.encode() + b'"')),
        "Readers differ about which of two counts.",
    ),
    (
        "payload-with-name-twice",
        lambda: _raw(header(COLLEGE), twice(_claims(), b'"name":"Leadership"')),
        "Readers differ about which of two counts.",
    ),
    ("header-as-an-array", lambda: _raw(b'["EdDSA"]', claims(brief())), "A header is an object."),
    ("header-as-text", lambda: _raw(b'"EdDSA"', claims(brief())), "A header is an object."),
    ("header-with-more-behind-it", lambda: _raw(_head() + b"{}", claims(brief())), "A header is one object."),
    ("header-in-utf-16", lambda: _raw(_head().decode().encode("utf-16"), claims(brief())), "A header is UTF-8."),
    ("payload-as-an-array", lambda: _raw(header(COLLEGE), [claims(brief())]), "A payload is an object."),
    ("payload-as-text", lambda: _raw(header(COLLEGE), "credential"), "A payload is an object."),
    ("payload-as-number", lambda: _raw(header(COLLEGE), 1), "A payload is an object."),
    ("payload-of-nothing", lambda: _raw(header(COLLEGE), {}), "The payload says nothing."),
    ("payload-in-utf-16", lambda: _raw(header(COLLEGE), _claims().decode().encode("utf-16")), "A payload is UTF-8."),
    (
        "payload-in-latin-1",
        lambda: _raw(header(COLLEGE), compact(claims(changed(brief(), {"/name": "Équipe"}))).decode().encode("latin-1")),
        "A payload is UTF-8.",
    ),
    ("payload-with-nan", lambda: _raw(header(COLLEGE), twice(_claims(), b'"iat":NaN')), "NaN is no JSON number."),
    ("payload-compressed", lambda: _raw(header(COLLEGE, zip="DEF"), wrapping.deflate(_claims())), "What is packed is not unpacked."),
    ("payload-that-is-a-token", lambda: _raw(header(COLLEGE, cty="JWT"), sign_jwt(brief())), "A token in a token is no credential."),
    ("payload-as-xml", lambda: _raw(header(COLLEGE), b"<credential/>"), "A payload is JSON."),
):
    _fault(name, "T4", why, make, "syntax|proof")
_fault(
    "payload-nested-deeply",
    "T4 D3",
    "Depth costs every reader, so there is a limit.",
    lambda: _raw(header(COLLEGE), twice(_claims(), b'"evidence":' + b"[" * 500 + b"]" * 500)),
)


def _unencoded() -> bytes:
    """Return a token whose payload stands there as it is (RFC 7797)."""
    signed = base64url(compact(header(COLLEGE, b64=False, crit=["b64"]))).encode() + b"." + _claims()
    return signed + b"." + base64url(COLLEGE.sign(signed)).encode()


_fault(
    "payload-not-encoded",
    "T4",
    "It is signed as it stands, without base64url.",
    _unencoded,
)


def _json_form(*, general: bool) -> bytes:
    head, payload, signature = (part.decode() for part in _parts(sign_jwt(brief())))
    signed = {"protected": head, "signature": signature}
    return text({"payload": payload} | ({"signatures": [signed]} if general else signed))


for name, general in (("flattened", False), ("general", True)):
    GROUP.invalid(
        f"{name}-json-serialisation.json",
        "T4",
        "JWS in JSON may hold headers that nobody signed, and several signatures: credentials are compact.",
        "syntax|context|data_model|proof",
        lambda general=general: _json_form(general=general),
    )
GROUP.invalid(
    "signature-beside-the-credential.json",
    "T4 J14",
    "The badge is there to be read, and beside it a good token of another badge: nothing signs what is read.",
    "data_model|proof",
    lambda: text(changed(brief(), {"/name": "Leadership"}) | {"jwt": sign_jwt(brief()).decode()}),
)

# --- T4, T6: what kind of token it says it is -----------------------------------------------------------------------

for name, members in (
    ("vc-jwt", {"typ": "vc+jwt"}),
    ("vc-jwt-with-its-content", {"typ": "vc+jwt", "cty": "vc"}),
    ("missing", {"typ": DROP}),
):
    GROUP.valid(f"typ-{name}.jwt", "T4", "So tokens of credentials are marked.", lambda members=members: sign_jwt(brief(), headers=members))
for name, value in (
    ("access-token", "at+jwt"),
    ("dpop", "dpop+jwt"),
    ("log-out", "logout+jwt"),
    ("event", "secevent+jwt"),
    ("presentation", "vp+jwt"),
    ("encrypted", "JWE"),
    ("a-number", 1),
    ("an-array", ["JWT"]),
):
    _fault(
        f"typ-{name}",
        "T6 T4",
        "It is marked as another kind of token than that of a credential.",
        lambda value=value: sign_jwt(brief(), headers={"typ": value}),
        "syntax|proof",
    )
NOW = seconds(kit.NOW)
for name, payload, members in (
    ("id-token", {"aud": "https://client.example", "exp": NOW + 300, "iat": NOW, "nonce": "n-0S6", "name": "Ada"}, {}),
    ("dpop-proof", {"htm": "POST", "htu": "https://issuer.example/token", "iat": NOW, "jti": "8"}, {"typ": "JWT", "jwk": COLLEGE.jwk}),
    ("access-token", {"aud": "https://issuer.example/api", "exp": NOW + 300, "scope": "issue"}, {}),
    ("delivery-of-an-event", {"events": {"https://issuer.example/course_completed": {"user": "ada"}}, "iat": NOW}, {}),
    ("presentation", {"vp": {"@context": [V2], "type": ["VerifiablePresentation"]}}, {}),
    ("vc-claim-as-text", {"vc": "credential"}, {}),
    ("vc-claim-as-null", {"vc": None}, {}),
):
    _fault(
        f"no-credential-{name}",
        "T6",
        "The key signs other things too: what is no credential proves nothing about a learner.",
        lambda payload=payload, members=members: jws(
            header(COLLEGE, **members), {"iss": COLLEGE.did, "sub": "did:example:learner"} | payload, COLLEGE
        ),
        "syntax|context|data_model",
    )
_fault(
    "no-badge-a-status-list",
    "T6",
    "A status list, signed as it should be, is no badge.",
    lambda: sign_jwt(wrapping.status_list(f"{STATUS}/1") | {"issuer": {"id": COLLEGE.did}}, nbf=DROP, exp=DROP, sub=DROP),
    "context|data_model",
)
