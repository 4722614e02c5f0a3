"""Credentials as compact JSON Web Signatures: VC-JWT, read strictly, compared with their claims, and made.

Whose key signs is not decided here: `read` only takes a token apart, and what its header says of the key counts for nothing until the
issuer's own document confirms it. Token and credential say some things twice (`iss` and `issuer`, `nbf` and `validFrom`): they must agree.

Source: RFC 7515, RFC 7519, VC-JOSE-COSE, OB-3.0 "JSON Web Token Proof Format", VCDM-1.1 section 6.3.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts, document, instant, jwk
from badgeissuer.vc import credential as credentials

if TYPE_CHECKING:
    from badgeissuer.vc import multikey
    from badgeissuer.vc.document import JsonObject

VERIFICATION_ERROR = problem.SECURITY + "PROOF_VERIFICATION_ERROR"
GENERATION_ERROR = problem.SECURITY + "PROOF_GENERATION_ERROR"
CLAIM_MISMATCH = problem.OURS + "claim-mismatch"
CLAIM_MISSING = problem.OURS + "claim-missing"

MAX_CHARACTERS = 2 * document.MAX_BYTES
"""The length of a token that is still read: its payload may be as large as any document, and base64url makes it a third longer."""
MAX_HEADER_BYTES = 16 * 1024

_PARTS = 3
_LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")  # an unsigned token has an empty third part
_ALGORITHMS = {"EdDSA": "EdDSA", "Ed25519": "EdDSA", "ES256": "ES256", "RS256": "RS256"}  # RFC 9864 names Ed25519 apart
_TYPES = ("jwt", "vc+jwt", "vc+ld+jwt", "vc-ld+jwt")  # the last two stood in drafts of VC-JOSE-COSE
_CONTENTS = ("vc", "vc+ld+json", "vc-ld", "ld+json", "json")
_HEADER = ("alg", "kid", "jwk", "typ", "cty")
_OTHER_HEADER = {
    "crit": "it asks for extensions, and none are known here",
    "b64": "it says that the payload is not encoded",
    "zip": "it says that the payload is compressed",
    "jku": "it lets the sender say where the keys are found",
    "x5u": "it lets the sender say where a certificate is found",
    "x5c": "it lets the sender bring a certificate along",
    "x5t": "certificates are not read",
    "x5t#S256": "certificates are not read",
}
_CLAIMS = ("iss", "sub", "aud", "jti", "nbf", "exp", "iat")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing of it is verified.

    Attributes:
        text: The compact form, without white space around it.
        header: The JOSE header, of members that are read here.
        payload: The claims.
        signature: The bytes of the third part.
    """

    text: str
    header: JsonObject
    payload: JsonObject
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The bytes that the signature covers (RFC 7515 section 5.1)."""
        return self.text.rpartition(".")[0].encode()

    @property
    def algorithm(self) -> str:
        """The algorithm that the header names: `EdDSA`, `ES256` or `RS256`."""
        return _ALGORITHMS[self.header["alg"]]

    def is_signed_by(self, key: jwk.Key) -> bool:
        """Return whether the signature is this key's; the key says by which algorithm, and the header must say the same."""
        return self.algorithm == key.algorithm and key.verifies(self.signature, self.signing_input)


def looks_like_token(text: str) -> bool:
    """Return whether a text has the outer form of a compact JWS; so has `www.example.org`."""
    return bool(_LIKE_A_TOKEN.fullmatch(text.strip()))


def read(text: str) -> Token:
    """Return the token that a text is, with white space around it or none.

    Raises:
        problem.TooLarge: It is longer than `MAX_CHARACTERS`, or its header or payload over their limits.
        problem.Malformed: It does not have three parts in canonical base64url, of which the first two are JSON objects.
        problem.Invalid: Its header says something that is not read here.

    Source: RFC 7515 section 5.2.
    """
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        raise problem.TooLarge(f"The token has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.")
    parts = text.split(".", 3)
    if len(parts) != _PARTS:
        raise problem.Malformed("The text is no signed token: that has three parts with a dot between them.")
    if not parts[2]:
        raise problem.Malformed("The token is not signed: its third part is empty.")
    header = _read_object(_decode(parts[0], "header"), "header", max_bytes=MAX_HEADER_BYTES)
    _check_header(header)
    payload = _read_object(_decode(parts[1], "payload"), "payload", max_bytes=document.MAX_BYTES)
    return Token(text, header, payload, _decode(parts[2], "signature"))


def credential(token: Token) -> JsonObject:
    """Return the credential that a token carries, as it would stand without the token.

    That is the payload without its registered claims, or for VCDM 1.1 the `vc` claim, completed from the registered claims where those
    carry what it leaves out. What stands twice is not compared here; see `disagreements`.

    Raises:
        problem.Invalid: The token carries a presentation, a credential in two places at once, or none.

    Source: VC-JOSE-COSE#securing-with-jose, VCDM-1.1 section 6.3.1 "JWT Decoding".
    """
    payload = token.payload
    if "vp" in payload:
        raise problem.Invalid("The token carries a presentation. Presentations are read as JSON, not as tokens.")
    if "vc" not in payload:
        if "@context" not in payload:
            raise problem.Invalid("The token carries no credential: its payload has neither @context nor the claim vc.")
        return {name: value for name, value in payload.items() if name not in _CLAIMS}
    inner = payload["vc"]
    if not isinstance(inner, dict):
        raise problem.Invalid("The claim vc of the token must be an object, the credential.")
    if "@context" in payload:
        raise problem.Invalid("The token carries two credentials: one is its payload, the other its claim vc.")
    if contexts.CREDENTIALS_V2 in credentials.as_list(inner.get("@context")):
        raise problem.Invalid("The claim vc is for credentials of version 1.1 of the data model; one of version 2.0 is the payload itself.")
    return _completed(inner, payload)


def begins(token: Token) -> datetime | None:
    """Return the moment that `nbf` names; None where it is absent, or names none, which `disagreements` finds."""
    return _moment(token.payload.get("nbf"))


def expiry(token: Token) -> datetime | None:
    """Return the moment that `exp` names, which counts where the credential has no end of its own; None as for `begins`."""
    return _moment(token.payload.get("exp"))


def disagreements(token: Token, source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what the registered claims of a token say otherwise than its credential, or in a form that says nothing.

    Absent claims are no finding, and neither are `nbf` and `exp` beside a credential without these dates: then they set them (`begins`,
    `expiry`). The pointers lead into the payload.

    Args:
        token: The token.
        source: Its credential, as `credential` returned it.

    Source: OB-3.0 "JWT Proof", RFC 7519 section 4.1.
    """
    found = ((name, _fault(name, token.payload[name], source)) for name in _CLAIMS if name in token.payload)
    return tuple(problem.Finding(f"The claim {name} of the token {what}.", f"/{name}", CLAIM_MISMATCH) for name, what in found if what)


def missing(token: Token, source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return, as warnings, the registered claims that Open Badges asks for and that a token does not have.

    Source: OB-3.0 "JWT Proof": `iss`, `jti`, `nbf`, `sub`, and `exp` where the credential ends.
    """
    begin, end = _dates(source)
    doubled = {"iss": "issuer", "jti": "id", "nbf": begin, "sub": "credentialSubject.id"} | ({"exp": end} if end in source else {})
    return tuple(
        problem.Finding(f"The token has no claim {name}, which should repeat {member}.", f"/{name}", CLAIM_MISSING)
        for name, member in doubled.items()
        if name not in token.payload
    )


def sign(source: JsonObject, signer: multikey.Signer, *, kind: str = "JWT") -> str:
    """Return a credential as a token; the same credential and key give the same token.

    Args:
        source: The credential, linted; a proof that it already has stays in it.
        signer: The issuer's key.
        kind: The `typ` of the header: `JWT` for badges, which need the id of a subject, or `vc+jwt` for any credential.

    Raises:
        problem.Invalid: The issuer has no id, a date is none, a member has the name of a claim, or a badge has no subject id.

    Source: VC-JOSE-COSE#securing-with-jose, OB-3.0 "Create the JWT"; VCDM-1.1 section 6.3.1 "JWT Encoding" for its credentials.
    """
    claims = _claims(source)
    if "iss" not in claims:
        raise problem.Invalid("A credential whose issuer has no id cannot be a token.", kind=GENERATION_ERROR)
    if kind == "JWT" and "sub" not in claims:
        raise problem.Invalid(
            "The badge names its learner only by an identifier, so it cannot be a token: the claim sub needs credentialSubject.id.",
            kind=GENERATION_ERROR,
        )
    taken = next((name for name in (*_CLAIMS, "vc", "vp") if name in source), None)
    if taken:
        raise problem.Invalid(f"The credential has a member {taken}, which a token keeps for its claim.", kind=GENERATION_ERROR)
    header = {"alg": signer.public_key.algorithm, "kid": signer.verification_method, "typ": kind}
    payload = ({"vc": source} if _is_v1(source) else source) | claims
    text = ".".join(jwk.to_base64url(document.write(part)) for part in (header, payload))
    return f"{text}.{jwk.to_base64url(signer.sign(text.encode()))}"


def _decode(part: str, name: str) -> bytes:
    try:
        return jwk.from_base64url(part)
    except problem.Invalid:
        raise problem.Malformed(f"The {name} of the token is not base64url without padding, in its one canonical form.") from None


def _read_object(body: bytes, name: str, *, max_bytes: int) -> JsonObject:
    try:
        return document.parse(body, max_bytes=max_bytes)
    except (problem.Malformed, problem.TooLarge) as error:
        raise type(error)(f"In the {name} of the token: {error.detail}") from None


def _check_header(header: JsonObject) -> None:
    other = next((name for name in header if name not in _HEADER), None)
    if other is not None:
        reason = _OTHER_HEADER.get(other, f"only {', '.join(_HEADER)} are read")
        raise _refused(f"has a member {other[:40]!r}: {reason}")
    if not isinstance(header.get("alg"), str) or header["alg"] not in _ALGORITHMS:
        raise _refused(f"must have an alg of {', '.join(_ALGORITHMS)}, not {str(header.get('alg'))[:40]!r}")
    if not isinstance(header.get("kid", ""), str):
        raise _refused("has a kid that is no text")
    if not isinstance(header.get("jwk", {}), dict):
        raise _refused("has a jwk that is no object")
    for name, known in (("typ", _TYPES), ("cty", _CONTENTS)):
        if name in header and _media_type(header[name]) not in known:
            raise _refused(f"has a {name} that is not that of a credential: {str(header[name])[:40]!r}")


def _refused(what: str) -> problem.Invalid:
    return problem.Invalid(f"The header of the token {what}.", kind=VERIFICATION_ERROR)


def _media_type(value: object) -> str:
    """Return a media type for comparison (RFC 7515 section 4.1.9: any case, `application/` or not); empty where it is no text."""
    return value.lower().removeprefix("application/") if isinstance(value, str) else ""


def _is_v1(source: JsonObject) -> bool:
    return credentials.as_list(source.get("@context"))[:1] == [contexts.CREDENTIALS_V1]


def _dates(source: JsonObject) -> tuple[str, str]:
    return ("issuanceDate", "expirationDate") if _is_v1(source) else ("validFrom", "validUntil")


def _subject_id(source: JsonObject) -> object:
    subjects = credentials.as_list(source.get("credentialSubject"))
    return subjects[0].get("id") if len(subjects) == 1 and isinstance(subjects[0], dict) else None


def _moment(value: object) -> datetime | None:
    """Return the moment of a NumericDate, whole seconds or not (RFC 7519 section 2); None where it is none or out of all calendars."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return _EPOCH + timedelta(seconds=value)
    except OverflowError:
        return None


def _fault(name: str, value: object, source: JsonObject) -> str:
    """Return what is wrong with the value of a claim; empty where nothing is."""
    match name:
        case "iss":
            return "" if isinstance(value, str) and value == credentials.issuer_id(source) else "is not the id of the issuer"
        case "jti":
            return "" if isinstance(value, str) and value == source.get("id") else "is not the id of the credential"
        case "sub":
            return "" if isinstance(value, str) and value == _subject_id(source) else "is not the id of the one credentialSubject"
        case "aud":  # whom the token is for says nothing of the credential
            texts = isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
            return "" if texts else "is neither a text nor an array of texts"
    begin, end = _dates(source)
    return _fault_of_moment(value, source, name={"nbf": begin, "exp": end}.get(name))


def _fault_of_moment(value: object, source: JsonObject, *, name: str | None) -> str:
    """Return what is wrong with a claim that names a moment; `name` is the member that must name the same, where there is one."""
    moment = _moment(value)
    if moment is None:
        return "is no number of seconds that names a moment"
    if name is None or name not in source:
        return ""
    try:
        agrees = abs(moment - instant.read(source[name])) < _SECOND
    except problem.Invalid:
        agrees = False
    return "" if agrees else f"is not the moment of {name}"


def _completed(inner: JsonObject, claims: JsonObject) -> JsonObject:
    begin, end = _moment(claims.get("nbf")), _moment(claims.get("exp"))
    carried = {
        "id": claims.get("jti"),
        "issuer": claims.get("iss"),
        "issuanceDate": instant.write(begin) if begin else None,
        "expirationDate": instant.write(end) if end else None,
    }
    result = {name: value for name, value in carried.items() if value is not None} | inner
    for name, claim in (("issuer", "iss"), ("credentialSubject", "sub")):
        if claim in claims and name in inner:
            result[name] = _identified(inner[name], claims[claim])
    return result


def _identified(value: Any, identifier: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return an object, alone or in an array by itself, with an id if it has none; anything else as it is."""
    if isinstance(value, list):
        return [_identified(value[0], identifier)] if len(value) == 1 else value
    return {"id": identifier} | value if isinstance(value, dict) else value


def _claims(source: JsonObject) -> JsonObject:
    begin, end = _dates(source)
    texts = {"iss": credentials.issuer_id(source), "jti": source.get("id"), "sub": _subject_id(source)}
    moments = {"nbf": _seconds(source, begin), "exp": _seconds(source, end)}
    named = {name: value for name, value in texts.items() if isinstance(value, str) and value}
    return named | {name: value for name, value in moments.items() if value is not None}


def _seconds(source: JsonObject, name: str) -> int | None:
    return (instant.read(source[name]) - _EPOCH) // _SECOND if name in source else None
