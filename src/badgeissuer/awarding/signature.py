"""Did the source send these bytes? One configuration model for each signature scheme, and `verify`.

A new scheme is a model in `Signature` and a case in `verify`. What was proven is what comes back in `Verified`: nothing that was not
covered by the signature may be read afterwards.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import pydantic
import standardwebhooks
from joserfc import errors, jwk, jws

from badgeissuer import problem

if TYPE_CHECKING:
    from pydantic import JsonValue

WINDOW = timedelta(seconds=300)
"""How far the time of a Standard Webhooks delivery may lie from ours, either way."""
SKEW = timedelta(minutes=5)
"""How far `exp` and `nbf` of a JWT may lie from ours."""
MAX_DELIVERY_ID = 256
"""Characters of a `webhook-id`."""
MAX_SIGNATURES = 16
"""Signatures in one `webhook-signature`."""

_DETAIL = "The delivery could not be authenticated. Check the signature, the key or secret, and the sender's clock."
_ALGORITHM = "RS256"
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ", "cty"})
_MAX_FINDINGS = 20
_NO_OBJECT = {"model_type", "model_attributes_type"}
_SCHEMES = {("canvas_jwt",), ("standard_webhooks",), ("none",)}
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_DELIVERY_ID = re.compile(rf"[!-\-/-~]{{1,{MAX_DELIVERY_ID}}}")  # printable ASCII without the dot, which separates what is signed
_SECONDS = re.compile(r"[1-9][0-9]{0,10}")
_SECRET_BYTES = range(24, 65)
_RSA_BITS = range(2048, 8193)
_RSA_EXPONENTS = range(65537, 2**32, 2)


class UnknownKey(problem.Unauthenticated):
    """The JWT names a key that is not in the key set; it may be there after the set was fetched again.

    Outside it looks like every other failure.
    """


@dataclass(frozen=True, slots=True)
class Verified:
    """What a delivery proved.

    Attributes:
        payload: The bytes that the source vouches for: the payload of a JWT, else the body.
        key: The sender's id of the delivery, the same when it is repeated; None where the scheme has none.
    """

    payload: bytes
    key: str | None


class _Model(pydantic.BaseModel):
    # The input of an error can hold a secret.
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RsaKey(_Model):
    """A public RSA key of 2048 to 8192 bits for RS256, as in RFC 7517 and RFC 7518 section 6.3; other members are dropped."""

    model_config = pydantic.ConfigDict(extra="ignore")

    kty: Literal["RSA"]
    kid: Annotated[str, pydantic.Field(min_length=1, max_length=255)]
    n: str
    e: str
    use: Literal["sig"] = "sig"
    alg: Literal["RS256"] = "RS256"

    @pydantic.model_validator(mode="before")
    @classmethod
    def _is_public(cls, value: object) -> object:
        if isinstance(value, Mapping) and not _PRIVATE_MEMBERS.isdisjoint(value):
            raise ValueError(
                "it holds private members; give the public key only, and replace this key pair, for its private half has travelled"
            )
        return value

    @pydantic.model_validator(mode="after")
    def _is_sound(self) -> Self:
        try:
            modulus, exponent = (int.from_bytes(_base64url(part)) for part in (self.n, self.e))
        except ValueError:
            raise ValueError("n and e must be base64url without padding") from None
        if modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0 or exponent not in _RSA_EXPONENTS:
            raise ValueError("the key must have 2048 to 8192 bits and an odd exponent of at least 65537")
        return self


class Jwks(_Model):
    """A JWK Set (RFC 7517 section 5) of public RSA keys with distinct `kid`s."""

    keys: Annotated[tuple[RsaKey, ...], pydantic.Field(max_length=32)]

    @pydantic.field_validator("keys")
    @classmethod
    def _are_distinct(cls, keys: tuple[RsaKey, ...]) -> tuple[RsaKey, ...]:
        if not keys or len({key.kid for key in keys}) < len(keys):
            raise ValueError("give at least one key, each with a kid of its own")
        return keys


class CanvasJwt(_Model):
    """The body is a compact JWT, signed RS256, as Canvas Live Events send it; keys are given, found by URL, or both."""

    scheme: Literal["canvas_jwt"]
    jwks: Jwks | None = None
    jwks_url: Annotated[str, pydantic.Field(pattern=r"^https?://[!-~]+$", max_length=2048)] | None = None

    @pydantic.model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.jwks is None and self.jwks_url is None:
            raise ValueError("give jwks, jwks_url or both")
        return self


class StandardWebhooks(_Model):
    """HMAC-SHA256 with the headers of Standard Webhooks 1.0; several secrets while one replaces another."""

    scheme: Literal["standard_webhooks"]
    secrets: Annotated[tuple[str, ...], pydantic.Field(min_length=1, max_length=8, repr=False)]

    @pydantic.field_validator("secrets")
    @classmethod
    def _are_secrets(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_is_secret(secret) for secret in secrets):
            raise ValueError("each secret must be whsec_ and then 24 to 64 random bytes in base64")
        return secrets


class Unsigned(_Model):
    """Nothing is proven; an administrator has said so explicitly."""

    scheme: Literal["none"]
    accept_unsigned: Literal[True]

    @pydantic.field_validator("accept_unsigned", mode="before")
    @classmethod
    def _is_explicit(cls, value: object) -> object:
        if value is not True:  # 1 would pass for a literal true
            raise ValueError("unsigned deliveries are taken only with accept_unsigned true")
        return value


Signature = Annotated[CanvasJwt | StandardWebhooks | Unsigned, pydantic.Field(discriminator="scheme")]
_SIGNATURE: pydantic.TypeAdapter[CanvasJwt | StandardWebhooks | Unsigned] = pydantic.TypeAdapter(Signature)


def parse(value: JsonValue, *, pointer: str = "") -> CanvasJwt | StandardWebhooks | Unsigned:
    """Return the configuration of a source's signature.

    Args:
        value: The JSON object with `scheme`.
        pointer: Where it stands in the request, for the findings.

    Raises:
        problem.Invalid: with a finding for each fault; none of them repeats a secret.
    """
    try:
        return _SIGNATURE.validate_python(value)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(_findings(error, pointer=pointer)) from None


def with_keys(signature: CanvasJwt, keys: JsonValue) -> CanvasJwt:
    """Return the configuration with the keys of a fetched JWK Set added; on the same `kid` the configured key stays.

    Keys of other types and for other uses are passed over. Source: RFC 7517 section 5.

    Raises:
        problem.Invalid: when this is no JWK Set, or has no key for us, or an unsound or private one.
    """
    given = keys.get("keys") if isinstance(keys, dict) else None
    usable = [key for key in given if _is_for_us(key)] if isinstance(given, list) else given
    try:
        fetched = Jwks.model_validate({"keys": usable})
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(_findings(error, pointer="")) from None
    known = {key.kid: key for key in (*fetched.keys, *(signature.jwks.keys if signature.jwks else ()))}
    return signature.model_copy(update={"jwks": Jwks.model_construct(keys=tuple(known.values()))})


def verify(signature: CanvasJwt | StandardWebhooks | Unsigned, headers: Mapping[str, str], *, body: bytes, now: datetime) -> Verified:
    """Return what the delivery proves.

    Args:
        signature: The source's configuration.
        headers: The request's headers, names in lower case.
        body: The raw body.
        now: The time of the check, aware.

    Raises:
        UnknownKey: when a JWT names a key that is not in the set.
        problem.Unauthenticated: for every other failure, always with the same detail.
    """
    if isinstance(signature, Unsigned):
        return Verified(body, None)
    if isinstance(signature, StandardWebhooks):
        return _verify_webhook(signature, headers, body=body, now=now)
    return _verify_jwt(signature, body, now=now)


def _verify_jwt(signature: CanvasJwt, body: bytes, *, now: datetime) -> Verified:
    """Check a compact JWT; the algorithm is ours, the key is the configured one of that `kid`, and no header can change either.

    Source: RFC 7515 section 5.2, RFC 8725 section 3.
    """
    if not _COMPACT.fullmatch(body):
        raise problem.Unauthenticated(_DETAIL)
    token = body.decode("ascii")
    kid = _kid(token.partition(".")[0])
    keys = signature.jwks.keys if signature.jwks else ()
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        raise UnknownKey(_DETAIL)
    try:
        public = jwk.RSAKey.import_key({"kty": key.kty, "n": key.n, "e": key.e})
        payload = jws.deserialize_compact(token, public, registry=_Registry(algorithms=[_ALGORITHM])).payload
    except (errors.JoseError, ValueError) as error:
        raise problem.Unauthenticated(_DETAIL) from error
    _check_times(_json_object(payload), now=now)
    return Verified(payload, None)


class _Registry(jws.JWSRegistry):
    """The limits of the library are for tokens in headers; this token is a body, which the edge has limited."""

    max_payload_length = 8 * 1024 * 1024


def _kid(segment: str) -> str:
    """Return the key id of a JWS header; only the members we know may stand there, so `jku`, `jwk`, `x5c`, `crit` and `b64` refuse it."""
    try:
        header = _json_object(_base64url(segment))
    except ValueError as error:
        raise problem.Unauthenticated(_DETAIL) from error
    kid = header.get("kid")
    if (
        not header.keys() <= _HEADER_MEMBERS
        or header.get("alg") != _ALGORITHM
        or header.get("typ", "JWT") != "JWT"
        or not isinstance(kid, str)
    ):
        raise problem.Unauthenticated(_DETAIL)
    return kid


def _check_times(claims: Mapping[str, Any], *, now: datetime) -> None:
    """Refuse a JWT that is over or not yet valid. Source: RFC 7519 sections 4.1.4 and 4.1.5."""
    moment, skew = now.timestamp(), SKEW.total_seconds()
    for name in {"exp", "nbf"} & claims.keys():
        value = claims[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise problem.Unauthenticated(_DETAIL)
        if value <= moment - skew if name == "exp" else value > moment + skew:
            raise problem.Unauthenticated(_DETAIL)


def _verify_webhook(signature: StandardWebhooks, headers: Mapping[str, str], *, body: bytes, now: datetime) -> Verified:
    """Check the signatures over `id.timestamp.body`; one good signature by one of the secrets is enough.

    Source: Standard Webhooks 1.0, "Verifying webhook authenticity".
    """
    delivery, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _DELIVERY_ID.fullmatch(delivery) or not _SECONDS.fullmatch(seconds):
        raise problem.Unauthenticated(_DETAIL)
    sent = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))
    given = headers.get("webhook-signature", "").split(" ")
    if abs(now - sent) > WINDOW or len(given) > MAX_SIGNATURES:
        raise problem.Unauthenticated(_DETAIL)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise problem.Unauthenticated(_DETAIL) from error
    expected = [standardwebhooks.Webhook(secret).sign(delivery, sent, text).encode() for secret in signature.secrets]
    # Every pair is compared, so that the time taken does not tell which secret or signature was near.
    matches = [hmac.compare_digest(one, other.encode("utf-8", "replace")) for one in expected for other in given]
    if not any(matches):
        raise problem.Unauthenticated(_DETAIL)
    return Verified(body, delivery)


def _is_for_us(key: JsonValue) -> bool:
    return isinstance(key, dict) and (key.get("kty"), key.get("use", "sig"), key.get("alg", _ALGORITHM)) == ("RSA", "sig", _ALGORITHM)


def _is_secret(secret: str) -> bool:
    encoded = secret.removeprefix("whsec_")
    try:
        length = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except ValueError:
        return False
    return secret.startswith("whsec_") and length in _SECRET_BYTES


def _base64url(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2); a form that is not the canonical one is an error."""
    decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != text:
        raise ValueError("not canonical")
    return decoded


def _json_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object of the token; a repeated member refuses it, for two readers may see two tokens."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise problem.Unauthenticated(_DETAIL) from error
    if not isinstance(value, dict):
        raise problem.Unauthenticated(_DETAIL)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse(constant: str) -> Any:  # noqa: ANN401 - the hook's type
    raise ValueError(constant)


def _findings(error: pydantic.ValidationError, *, pointer: str) -> tuple[problem.Finding, ...]:
    """Return the faults with their places; the name of the scheme, which pydantic puts first, is no place in the document."""
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_FINDINGS]:
        path = item["loc"][1:] if item["loc"][:1] in _SCHEMES else item["loc"]
        path = ("scheme",) if item["type"].startswith("union_tag_") else path
        where = pointer + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        said = "an object is needed" if item["type"] in _NO_OBJECT else item["msg"].removeprefix("Value error, ")
        found.append(problem.Finding(f"{where or 'The signature'}: {said}.", where))
    return tuple(found)
