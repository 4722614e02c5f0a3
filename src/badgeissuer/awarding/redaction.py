"""What may hold a secret and so is not shown: bodies of deliveries that were not taken, which nobody has proven to come from anywhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = re.compile(
    rb"(?i)(?:secret|password|passwd|passphrase|token|api[_-]?key|apikey|authorization|access[_-]?key|private[_-]?key|credentials?)"
    rb"[\w.-]{0,40}(?:\\?[\"']\s*:|%5D=|\]=|=|\s*>)"
)
"""A member, a field or an element that is called as secrets are."""
_SHAPED = re.compile(rb"whsec_[A-Za-z0-9+/=_-]{8}|(?i:bearer|basic)(?:\s|\+|%20)+[A-Za-z0-9._~+/=-]{8}|-----BEGIN [A-Z ]*PRIVATE KEY")
"""What looks like a secret, wherever it stands."""


def may_hold_secret(body: bytes, secrets: Iterable[str]) -> bool:
    """Return whether a body holds one of the secrets, in any spelling that JSON and forms have for it, or something that looks like one.

    Args:
        body: The whole body: what is cut off can no longer be recognised.
        secrets: Those that count for its source.
    """
    return bool(_NAMED.search(body) or _SHAPED.search(body)) or any(form in body for secret in secrets for form in _spellings(secret))


def _spellings(secret: str) -> set[bytes]:
    plain = secret.removeprefix("whsec_")
    texts = {secret, plain, quote(plain, safe=""), quote_plus(plain), json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]}
    return {text.encode("utf-8", "surrogatepass") for text in texts if text}
