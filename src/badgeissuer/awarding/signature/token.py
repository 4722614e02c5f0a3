"""A secret that the sender sends along: in a header, or in the body. It proves who sent, but not that nobody changed what was sent."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

import pydantic

from badgeissuer import problem
from badgeissuer.awarding import incoming
from badgeissuer.awarding.signature import model
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_USERNAME = 255
"""Characters of the name of a sender."""

_AUTHORIZATION = "authorization"


class StaticHeader(model.Model):
    """A header holds one of the secrets, after an optional prefix."""

    scheme: Literal["static_header"]
    header: model.HeaderName
    prefix: model.Prefix = ""
    secrets: model.HeaderSecrets


class Bearer(model.Model):
    """`Authorization: Bearer` and one of the secrets (RFC 6750 section 2.1)."""

    scheme: Literal["bearer"]
    secrets: model.HeaderSecrets


class Basic(model.Model):
    """`Authorization: Basic` with the user's name and one of the secrets as the password, in UTF-8 (RFC 7617)."""

    scheme: Literal["basic"]
    username: str
    secrets: model.Secrets

    @pydantic.field_validator("username")
    @classmethod
    def _has_no_colon(cls, name: str) -> str:
        if not 1 <= len(name) <= MAX_USERNAME or ":" in name or model.UNWRITABLE.search(name):
            raise ValueError(f"the name has 1 to {MAX_USERNAME} characters, but no colon and no control characters")
        return name


class BodyToken(model.Model):
    """One of the secrets stands in the body: in a member at the top of a JSON object, or in a field of a form."""

    scheme: Literal["body_token"]
    field: Annotated[str, pydantic.Field(min_length=1, max_length=255)] = "token"
    secrets: model.Secrets


def verify(signature: StaticHeader | Bearer | Basic | BodyToken, headers: Mapping[str, str], *, body: bytes) -> model.Verified:
    """Compare what was sent with the secrets."""
    if isinstance(signature, BodyToken):
        return _verify_body(signature, headers, body=body)
    if isinstance(signature, Basic):
        # Name and password are compared as one, so that it does not show which of them was wrong.
        model.require(_user_pass(headers), [f"{signature.username}:{secret}".encode() for secret in signature.secrets])
        return model.Verified(body, None)
    if isinstance(signature, Bearer):
        given = _credentials(headers, "bearer")
    else:
        given = model.header(headers, signature.header, prefix=signature.prefix)
    model.require(model.bytes_of(given), [secret.encode() for secret in signature.secrets])
    return model.Verified(body, None)


def _verify_body(signature: BodyToken, headers: Mapping[str, str], *, body: bytes) -> model.Verified:
    """Compare the member of the body with the secrets, and take it out.

    What is proven is not the body as it came, but the body written again without that member: nothing that is kept may hold the secret.
    A body that holds a secret in a second place is refused for the same reason.
    """
    try:
        members = dict(incoming.read(body, headers).object)
    except problem.Problem as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    given = members.pop(signature.field, None)
    model.require(model.bytes_of(given) if isinstance(given, str) else b"", [secret.encode() for secret in signature.secrets])
    told = json.dumps(members)
    if any(json.dumps(secret)[1:-1] in told for secret in signature.secrets):
        raise problem.Unauthenticated(model.DETAIL)
    return model.Verified(urlencode(members).encode() if incoming.is_form(body, headers) else document.write(members), None)


def _user_pass(headers: Mapping[str, str]) -> bytes:
    """Return the name and the password, joined by a colon (RFC 7617 section 2)."""
    text = _credentials(headers, "basic")
    try:
        given = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    if binascii.b2a_base64(given, newline=False).decode() != text:  # the decoder drops bits
        raise problem.Unauthenticated(model.DETAIL)
    return given


def _credentials(headers: Mapping[str, str], scheme: str) -> str:
    """Return the credentials of `Authorization`; the name of the scheme counts in any case. Source: RFC 9110 section 11.4."""
    name, _, credentials = model.header(headers, _AUTHORIZATION).partition(" ")
    if name.lower() != scheme:
        raise problem.Unauthenticated(model.DETAIL)
    return credentials.lstrip(" ")
