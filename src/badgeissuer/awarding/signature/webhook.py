"""HMAC-SHA256 with the headers of Standard Webhooks 1.0."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic
import standardwebhooks

from badgeissuer import problem
from badgeissuer.awarding.signature import model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WINDOW = timedelta(seconds=300)
"""How far the time of a Standard Webhooks delivery may lie from ours, either way."""
MAX_DELIVERY_ID = 256
"""Characters of a `webhook-id`."""
MAX_SIGNATURES = 16
"""Signatures in one `webhook-signature`."""

_DELIVERY_ID = re.compile(rf"[!-\-/-~]{{1,{MAX_DELIVERY_ID}}}")  # printable ASCII without the dot, which separates what is signed
_SECONDS = re.compile(r"[1-9][0-9]{0,10}")
_SECRET_BYTES = range(24, 65)


class StandardWebhooks(model.Model):
    """HMAC-SHA256 with the headers of Standard Webhooks 1.0; several secrets while one replaces another."""

    scheme: Literal["standard_webhooks"]
    secrets: Annotated[tuple[str, ...], pydantic.Field(min_length=1, max_length=8, repr=False)]

    @pydantic.field_validator("secrets")
    @classmethod
    def _are_secrets(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_is_secret(secret) for secret in secrets):
            raise ValueError("each secret must be whsec_ and then 24 to 64 random bytes in base64")
        return secrets


def verify(signature: StandardWebhooks, headers: Mapping[str, str], *, body: bytes, now: datetime) -> model.Verified:
    """Check the signatures over `id.timestamp.body`; one good signature by one of the secrets is enough.

    Source: Standard Webhooks 1.0, "Verifying webhook authenticity".
    """
    delivery, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _DELIVERY_ID.fullmatch(delivery) or not _SECONDS.fullmatch(seconds):
        raise problem.Unauthenticated(model.DETAIL)
    sent = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))
    given = headers.get("webhook-signature", "").split(" ")
    if abs(now - sent) > WINDOW or len(given) > MAX_SIGNATURES:
        raise problem.Unauthenticated(model.DETAIL)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise problem.Unauthenticated(model.DETAIL) from error
    expected = [standardwebhooks.Webhook(secret).sign(delivery, sent, text).encode() for secret in signature.secrets]
    # Every pair is compared, so that the time taken does not tell which secret or signature was near.
    matches = [hmac.compare_digest(one, other.encode("utf-8", "replace")) for one in expected for other in given]
    if not any(matches):
        raise problem.Unauthenticated(model.DETAIL)
    return model.Verified(body, delivery)


def _is_secret(secret: str) -> bool:
    encoded = secret.removeprefix("whsec_")
    try:
        length = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except ValueError:
        return False
    return secret.startswith("whsec_") and length in _SECRET_BYTES


def new_secret(random: bytes) -> str:
    """Return a secret made of random bytes, 24 to 64 of them."""
    return "whsec_" + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], body: bytes, *, delivery: str, now: datetime) -> dict[str, str]:
    """Return the headers of a delivery that we send: one signature for each secret, so that the receiver may know any of them.

    Args:
        secrets: As `new_secret` makes them.
        body: What is sent, exactly.
        delivery: Its id, the same over all retries; printable ASCII without a dot.
        now: The moment of this attempt, in whole seconds.

    Source: Standard Webhooks 1.0, "Webhook headers" and "Signature scheme".
    """
    seconds = str(int(now.timestamp()))
    signed = f"{delivery}.{seconds}.".encode() + body
    digests = [hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256") for secret in secrets]
    signatures = " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)
    return {"webhook-id": delivery, "webhook-timestamp": seconds, "webhook-signature": signatures}
