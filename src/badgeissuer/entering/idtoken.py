"""ID tokens of an OpenID provider: whom it has signed in, if all of it holds.

Source: OpenID Connect Core 1.0 sections 2 and 3.1.3.7, RFC 8725 (JWT best practices). The algorithm is one of a closed list of signatures
with public keys, the key is one that the pinned provider publishes, and it is found by its `kid`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from authlib.oidc.core import CodeIDToken
from joserfc import errors, jwk, jws

from badgeissuer import enrolling, problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""No `none`, and nothing with a shared secret."""
SKEW = timedelta(minutes=2)
"""How far the provider's clock may be from ours."""
LONGEST = 32 * 1024
"""Characters of a token."""
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MOST_SUBJECT = 255


class UnknownKeyError(problem.Unauthenticated):
    """The token names a key that was not among the provider's when they were last fetched."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must stand in a token.

    Attributes:
        issuer: The provider.
        client_id: Us, as it knows us.
        nonce: What we sent along when this browser set out.
    """

    issuer: str
    client_id: str
    nonce: str


def read(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, *, now: datetime) -> tuple[enrolling.Identity, bool]:
    """Return whom a token names, and whether it says anything of their address.

    Args:
        token: As it came from the token endpoint.
        keys: The JWKs that the provider publishes.
        expected: What must stand in it.
        now: The moment.

    Raises:
        UnknownKeyError: None of the keys is the one that it names.
        problem.Unauthenticated: Something of it does not hold.
    """
    header = _header(token)
    claims = _signed(token, _key(keys, header))
    _check(claims, header, expected, now=now)
    return _identity(expected.issuer, claims), "email" in claims


def with_address(found: enrolling.Identity, told: Mapping[str, Any]) -> enrolling.Identity:
    """Return an identity with the address that the provider's UserInfo tells.

    Raises:
        problem.Unauthenticated: It is about somebody else (OpenID Connect Core section 5.3.2).
    """
    if told.get("sub") != found.subject:
        raise _refused("it is about somebody else")
    return _identity(found.issuer, told)


def _identity(issuer: str, claims: Mapping[str, Any]) -> enrolling.Identity:
    email = claims.get("email")
    is_verified = claims.get("email_verified") is True  # a text is no yes
    return enrolling.Identity(issuer, claims["sub"], email if isinstance(email, str) else None, is_verified)


def _header(token: str) -> dict[str, Any]:
    if len(token) > LONGEST:
        raise _refused("it is no signed token")
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (errors.JoseError, ValueError):
        raise _refused("it is no signed token") from None
    if header.get("alg") not in ALGORITHMS:
        raise _refused("it is not signed with an algorithm that is taken here")
    if "crit" in header or "b64" in header:
        raise _refused("it asks for something that is not known here")
    return header


def _key(keys: Sequence[Mapping[str, Any]], header: Mapping[str, Any]) -> jwk.Key:
    """Return the key of that `kid`; without one, the only key that there is for the algorithm."""
    algorithm, kid = header["alg"], header.get("kid")
    usable = [key for key in keys if _is_for(key, algorithm)]
    named = usable if kid is None else [key for key in usable if key.get("kid") == kid]
    if len(named) != 1:
        raise UnknownKeyError(_refused("it names no key that the provider publishes").detail)
    try:
        return jwk.import_key({name: value for name, value in named[0].items() if name in {"kty", "crv", "x", "y", "n", "e"}})
    except (errors.JoseError, ValueError, TypeError):
        raise _refused("its key is unsound") from None


def _is_for(key: Mapping[str, Any], algorithm: str) -> bool:
    """Return whether a key is a public one for signatures of that algorithm."""
    fits = key.get("kty") == _KINDS[algorithm[:2]] and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    return fits and _PRIVATE.isdisjoint(key)


def _signed(token: str, key: jwk.Key) -> dict[str, Any]:
    try:
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS))
        registry.max_payload_length = LONGEST
        payload = jws.deserialize_compact(token, key, registry=registry).payload
        claims = json.loads(payload.decode("utf-8"))
    except (errors.JoseError, ValueError, RecursionError):
        raise _refused("its signature does not hold") from None
    if not isinstance(claims, dict):
        raise _refused("it says nothing")
    return claims


def _check(claims: dict[str, Any], header: Mapping[str, Any], expected: Expected, *, now: datetime) -> None:
    """Refuse what OpenID Connect Core section 3.1.3.7 has a client refuse."""
    moment, skew = int(now.timestamp()), int(SKEW.total_seconds())
    for name in ("exp", "iat"):
        if isinstance(claims.get(name), bool) or not isinstance(claims.get(name), int | float):
            raise _refused(f"it does not say {name}")
    if any(not isinstance(claims.get(name), str) for name in ("sub", "iss", "nonce")) or not 0 < len(claims["sub"]) <= _MOST_SUBJECT:
        raise _refused("it does not say for whom, by whom, or for which request it is")
    options = {"iss": {"essential": True, "value": expected.issuer}, "aud": {"essential": True, "value": expected.client_id}}
    params = {"nonce": expected.nonce, "client_id": expected.client_id}
    try:
        CodeIDToken(claims, dict(header), options, params).validate(now=moment, leeway=skew)
    except errors.JoseError as error:
        raise _refused(_WORDS.get(str(getattr(error, "claim", "")), "it is over, or not for this service")) from None
    others = [one for one in _many(claims["aud"]) if one != expected.client_id]
    if others and claims.get("azp") != expected.client_id:
        raise _refused(_WORDS["azp"])
    if claims["iat"] > moment + skew or claims["iat"] < moment - _OLDEST:
        raise _refused("it was not made just now")


def _many(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _refused(why: str) -> problem.Unauthenticated:
    detail = f"What the provider says of you cannot be taken: {why}. Try again; if that does not help, tell an administrator."
    return problem.Unauthenticated(detail)


_OLDEST = 15 * 60
"""Seconds since a token was made: longer than anybody may be on the way."""
_WORDS = {
    "iss": "it is of another provider",
    "aud": "it is for another service",
    "azp": "it is for another service",
    "nonce": "it belongs to another sign-in",
}
