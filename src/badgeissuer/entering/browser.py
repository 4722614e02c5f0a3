"""The browser in which somebody began to sign in, by the secret in its cookie; and what only it can have been given."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from badgeissuer import problem

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_SECRET = re.compile(r"[A-Za-z0-9]{43}", re.ASCII)
_STATE = re.compile(r"([0-9]{10})\.([A-Za-z0-9]{43})\.([A-Za-z0-9_-]*)\.([0-9a-f]{64})", re.ASCII)
OF_ANOTHER = "This sign-in was begun in another browser, or too long ago. Begin again here."


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the provider and back.

    Attributes:
        state: What the provider gives back as it is.
        nonce: What must stand in its ID token.
        verifier: What proves to it that who redeems the code is who asked for it (RFC 7636).
        wanted: The page to go on to.
    """

    state: str
    nonce: str
    verifier: str
    wanted: str


def is_secret(text: str) -> bool:
    """Return whether a cookie holds what one of ours holds."""
    return bool(_SECRET.fullmatch(text))


def set_out(secret: str, *, unique: str, wanted: str, now: datetime) -> Way:
    """Begin a way.

    Nothing is stored: what strangers begin costs no writer. `state` carries when it began and where it goes, under a MAC that only this
    browser's secret makes.

    Args:
        secret: That of the browser.
        unique: 43 letters and digits, of this way alone.
        wanted: The page to go on to.
        now: The moment.
    """
    place = base64.urlsafe_b64encode(wanted.encode()).rstrip(b"=").decode()
    head = f"{int(now.timestamp())}.{unique}.{place}"
    return _way(secret, f"{head}.{_mac(secret, 'state', head)}", wanted)


def come_back(secret: str, state: str, *, now: datetime) -> Way:
    """Return the way that ends here.

    Raises:
        problem.Forbidden: `state` is none of this browser, or too old.
    """
    found = _STATE.fullmatch(state) if is_secret(secret) else None
    if found is None or not hmac.compare_digest(found[4], _mac(secret, "state", state.rpartition(".")[0])):
        raise problem.Forbidden(OF_ANOTHER)
    began = datetime.fromtimestamp(int(found[1]), UTC)
    if not began - LASTS < now < began + LASTS:
        raise problem.Forbidden(OF_ANOTHER)
    place = found[3] + "=" * (-len(found[3]) % 4)
    return _way(secret, state, base64.urlsafe_b64decode(place).decode())


def _way(secret: str, state: str, wanted: str) -> Way:
    """Return a way; only this browser's secret makes nonce and verifier of its state, so that neither travels before it must."""
    return Way(state, _mac(secret, "nonce", state), _mac(secret, "verifier", state), wanted)


def _mac(secret: str, purpose: str, text: str) -> str:
    return hmac.new(secret.encode(), f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()
