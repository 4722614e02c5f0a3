"""Did the source send these bytes? One configuration model for each signature scheme, and `verify`.

A new scheme is a model in `Scheme` and a case in `verify`. What was proven is what comes back in `Verified`: nothing that was not
covered by the signature may be read afterwards. `jwt`, `webhook` and `mac` hold the schemes that prove the body; those in `token` prove
only that the sender knows a secret, and so need TLS all the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import pydantic

from badgeissuer import problem
from badgeissuer.awarding.signature import jwt, mac, model, token, webhook
from badgeissuer.awarding.signature.jwt import SKEW, CanvasJwt, Jwks, RsaKey, UnknownKey, with_keys
from badgeissuer.awarding.signature.mac import Hmac
from badgeissuer.awarding.signature.model import DETAIL, Verified
from badgeissuer.awarding.signature.token import Basic, Bearer, BodyToken, StaticHeader
from badgeissuer.awarding.signature.webhook import MAX_DELIVERY_ID, MAX_SIGNATURES, WINDOW, StandardWebhooks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue

__all__ = [
    "DETAIL",
    "MAX_DELIVERY_ID",
    "MAX_SIGNATURES",
    "SKEW",
    "WINDOW",
    "Basic",
    "Bearer",
    "BodyToken",
    "CanvasJwt",
    "Hmac",
    "Jwks",
    "RsaKey",
    "Scheme",
    "Signature",
    "StandardWebhooks",
    "StaticHeader",
    "UnknownKey",
    "Unsigned",
    "Verified",
    "parse",
    "verify",
    "with_keys",
]


class Unsigned(model.Model):
    """Nothing is proven; an administrator has said so explicitly."""

    scheme: Literal["none"]
    accept_unsigned: Literal[True]

    @pydantic.field_validator("accept_unsigned", mode="before")
    @classmethod
    def _is_explicit(cls, value: object) -> object:
        if value is not True:  # 1 would pass for a literal true
            raise ValueError("unsigned deliveries are taken only with accept_unsigned true")
        return value


Scheme: TypeAlias = CanvasJwt | StandardWebhooks | Hmac | StaticHeader | BodyToken | Bearer | Basic | Unsigned
"""The configuration of any scheme."""
Signature = Annotated[Scheme, pydantic.Field(discriminator="scheme")]
_SIGNATURE: pydantic.TypeAdapter[Scheme] = pydantic.TypeAdapter(Signature)


def parse(value: JsonValue, *, pointer: str = "") -> Scheme:
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
        scheme = value.get("scheme") if isinstance(value, dict) else None
        raise problem.Invalid.of(model.findings(error, pointer=pointer, scheme=scheme)) from None


def verify(signature: Scheme, headers: Mapping[str, str], *, body: bytes, now: datetime) -> Verified:
    """Return what the delivery proves.

    Args:
        signature: The source's configuration.
        headers: The request's headers, names in lower case; the values of one that came twice joined by a comma.
        body: The raw body.
        now: The time of the check, aware.

    Raises:
        UnknownKey: when a JWT names a key that is not in the set.
        problem.Unauthenticated: for every other failure, always with the same detail.
    """
    match signature:
        case Unsigned():
            return Verified(body, None)
        case CanvasJwt():
            return jwt.verify(signature, body, now=now)
        case StandardWebhooks():
            return webhook.verify(signature, headers, body=body, now=now)
        case Hmac():
            return mac.verify(signature, headers, body=body)
    return token.verify(signature, headers, body=body)
