"""The body is a compact JWT, signed RS256, as Canvas Live Events send it.

Source: RFC 7515, RFC 7517, RFC 7518 section 6.3, RFC 7519, RFC 8725.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import pydantic
from joserfc import errors, jwk, jws

from badgeissuer import problem
from badgeissuer.awarding.signature import model

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import JsonValue

SKEW = timedelta(minutes=5)
"""How far `exp` and `nbf` of a JWT may lie from ours."""

_ALGORITHM = "RS256"
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ", "cty"})
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_RSA_BITS = range(2048, 8193)
_RSA_EXPONENTS = range(65537, 2**32, 2)


class UnknownKey(problem.Unauthenticated):
    """The JWT names a key that is not in the key set; it may be there after the set was fetched again.

    Outside it looks like every other failure.
    """


class RsaKey(model.Model):
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


class Jwks(model.Model):
    """A JWK Set (RFC 7517 section 5) of public RSA keys with distinct `kid`s."""

    keys: Annotated[tuple[RsaKey, ...], pydantic.Field(max_length=32)]

    @pydantic.field_validator("keys")
    @classmethod
    def _are_distinct(cls, keys: tuple[RsaKey, ...]) -> tuple[RsaKey, ...]:
        if not keys or len({key.kid for key in keys}) < len(keys):
            raise ValueError("give at least one key, each with a kid of its own")
        return keys


class CanvasJwt(model.Model):
    """The body is a compact JWT, signed RS256, as Canvas Live Events send it; keys are given, found by URL, or both."""

    scheme: Literal["canvas_jwt"]
    jwks: Jwks | None = None
    jwks_url: Annotated[str, pydantic.Field(pattern=r"^https?://[!-~]+$", max_length=2048)] | None = None

    @pydantic.model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.jwks is None and self.jwks_url is None:
            raise ValueError("give jwks, jwks_url or both")
        return self


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
        raise problem.Invalid.of(model.findings(error, pointer="")) from None
    known = {key.kid: key for key in (*fetched.keys, *(signature.jwks.keys if signature.jwks else ()))}
    return signature.model_copy(update={"jwks": Jwks.model_construct(keys=tuple(known.values()))})


def verify(signature: CanvasJwt, body: bytes, *, now: datetime) -> model.Verified:
    """Check a compact JWT; the algorithm is ours, the key is the configured one of that `kid`, and no header can change either.

    Source: RFC 7515 section 5.2, RFC 8725 section 3.
    """
    if not _COMPACT.fullmatch(body):
        raise problem.Unauthenticated(model.DETAIL)
    token = body.decode("ascii")
    kid = _kid(token.partition(".")[0])
    keys = signature.jwks.keys if signature.jwks else ()
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        raise UnknownKey(model.DETAIL)
    try:
        public = jwk.RSAKey.import_key({"kty": key.kty, "n": key.n, "e": key.e})
        payload = jws.deserialize_compact(token, public, registry=_Registry(algorithms=[_ALGORITHM])).payload
    except (errors.JoseError, ValueError) as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    _check_times(_json_object(payload), now=now)
    return model.Verified(payload, None)


class _Registry(jws.JWSRegistry):
    """The limits of the library are for tokens in headers; this token is a body, which the edge has limited."""

    max_payload_length = 8 * 1024 * 1024


def _kid(segment: str) -> str:
    """Return the key id of a JWS header; only the members we know may stand there, so `jku`, `jwk`, `x5c`, `crit` and `b64` refuse it."""
    try:
        header = _json_object(_base64url(segment))
    except ValueError as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    kid = header.get("kid")
    if (
        not header.keys() <= _HEADER_MEMBERS
        or header.get("alg") != _ALGORITHM
        or header.get("typ", "JWT") != "JWT"
        or not isinstance(kid, str)
    ):
        raise problem.Unauthenticated(model.DETAIL)
    return kid


def _check_times(claims: Mapping[str, Any], *, now: datetime) -> None:
    """Refuse a JWT that is over or not yet valid. Source: RFC 7519 sections 4.1.4 and 4.1.5."""
    moment, skew = now.timestamp(), SKEW.total_seconds()
    for name in {"exp", "nbf"} & claims.keys():
        value = claims[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise problem.Unauthenticated(model.DETAIL)
        if value <= moment - skew if name == "exp" else value > moment + skew:
            raise problem.Unauthenticated(model.DETAIL)


def _is_for_us(key: JsonValue) -> bool:
    return isinstance(key, dict) and (key.get("kty"), key.get("use", "sig"), key.get("alg", _ALGORITHM)) == ("RSA", "sig", _ALGORITHM)


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
        raise problem.Unauthenticated(model.DETAIL) from error
    if not isinstance(value, dict):
        raise problem.Unauthenticated(model.DETAIL)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse(constant: str) -> Any:  # noqa: ANN401 - the hook's type
    raise ValueError(constant)
