"""An HMAC of the raw body in a header, in the many ways in which senders write it.

A time in a header of its own is not looked at: no signature would cover it, so whoever repeats a delivery could write another one.

Source: RFC 2104; RFC 4648 sections 4 and 8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Literal

from badgeissuer import problem
from badgeissuer.awarding.signature import model

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGESTS = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


class Hmac(model.Model):
    """A header holds the HMAC of the raw body, keyed by one of the secrets (their UTF-8 form), after an optional prefix."""

    scheme: Literal["hmac"]
    header: model.HeaderName
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: model.Prefix = ""
    secrets: model.Secrets


def verify(signature: Hmac, headers: Mapping[str, str], *, body: bytes) -> model.Verified:
    """Check the HMAC; hexadecimal digits count in either case, base64 only in its canonical form with padding."""
    text = model.header(headers, signature.header, prefix=signature.prefix)
    try:
        given = bytes.fromhex(text) if signature.encoding == "hex" else base64.b64decode(text, validate=True)
    except ValueError as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    # Both decoders are lenient: one skips spaces, the other drops bits.
    again = given.hex() if signature.encoding == "hex" else binascii.b2a_base64(given, newline=False).decode()
    if again != (text.lower() if signature.encoding == "hex" else text):
        raise problem.Unauthenticated(model.DETAIL)
    digest = _DIGESTS[signature.algorithm]
    model.require(given, [hmac.digest(secret.encode(), body, digest) for secret in signature.secrets])
    return model.Verified(body, None)
