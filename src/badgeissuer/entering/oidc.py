"""Signing in at an OpenID provider: where a browser is sent, and who it is that comes back.

    set out    a way that only this browser can end (`browser`) → the provider, with state, nonce and the digest of a verifier
    identify   state, `iss` (RFC 9207) and errors of the answer → code and verifier for an ID token → whom it names (`idtoken`)
    admit      the state, once → the account (`enrolling`)

Source: OpenID Connect Core 1.0 section 3.1, RFC 6749, RFC 7636, RFC 9207, RFC 9700.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import delete

from badgeissuer import access, enrolling, problem
from badgeissuer.entering import browser, idtoken
from badgeissuer.net import provider as providers
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

MIXED_UP = "The answer is not from the provider that was asked. Begin again here."
REPEATED = "This sign-in was used before. Begin again here."
STOPPED = "The sign-in was stopped at the provider. Try again, or come in another way."
EMPTY = "The provider gave no answer that can be read. Begin again here."
_CODE = re.compile(r"[ -~]+")
_ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def identify(provider: providers.Provider, way: browser.Way, answer: Mapping[str, str], *, back: str, now: datetime) -> enrolling.Identity:
    """Return whom the provider has signed in.

    Args:
        provider: The one that was asked; no other is believed.
        way: How this browser set out.
        answer: What it brought back.
        back: Where to, exactly as the provider was told.
        now: The moment.

    Raises:
        problem.Forbidden: The answer is of another provider, or the person or the provider stopped.
        problem.Unauthenticated: What the provider says does not hold.
        problem.Unavailable: It cannot be asked.
    """
    about, known = provider.describe(), provider.registration
    announced = about.get("authorization_response_iss_parameter_supported") is True
    if answer.get("iss", None if announced else known.issuer) != known.issuer:
        raise problem.Forbidden(MIXED_UP)
    if "error" in answer:
        raise problem.Forbidden(_stopped(answer["error"]))
    code = answer.get("code", "")
    if not _CODE.fullmatch(code) or len(code) > providers.LONGEST_CODE:
        raise problem.Forbidden(EMPTY)
    token, opens = provider.redeem(code, verifier=way.verifier, back=back)
    expected = idtoken.Expected(known.issuer, known.client_id, way.nonce)
    try:
        found, has_address = idtoken.read(token, provider.keys(), expected, now=now)
    except idtoken.UnknownKeyError:  # the provider may have begun to use another since its keys were fetched
        found, has_address = idtoken.read(token, provider.keys(fresh=True), expected, now=now)
    if has_address:
        return found
    told = provider.told(opens)
    return idtoken.with_address(found, told) if told else replace(found, email=None)


def admit(session: Session, found: enrolling.Identity, *, state: str, now: datetime) -> tables.Account:
    """Return the account of who was identified; an answer lets in once.

    Raises:
        problem.Forbidden: The answer was used before, or there is no account for them (`enrolling.identified`).
    """
    table = tables.SpentState
    session.execute(delete(table).where(table.created_at < now - 2 * browser.LASTS))
    if engine.add_if_new(session, table(state_sha256=access.digest(state), created_at=now)) is None:
        raise problem.Forbidden(REPEATED)
    return enrolling.identified(session, found, now=now)


def _stopped(error: str) -> str:
    if error == "access_denied" or not _ERROR.fullmatch(error):
        return STOPPED
    return f"The provider did not sign you in ({error}). Try again; if that does not help, tell an administrator what stands in brackets."
