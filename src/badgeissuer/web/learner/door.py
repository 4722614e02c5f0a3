"""The door for learners: whose a browser is, by the secret in its cookie.

Links to learners' pages stand in letters, so the cookie goes along with what another site leads to (SameSite=Lax), and with nothing that it
sends. Forms are guarded as those of staff are: by where they come from, and by a key that only pages of the session know.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Response

from badgeissuer import access, problem
from badgeissuer.claiming import holders
from badgeissuer.store import tables
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Fields, lead_to, refuse_strangers

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

HOME = "/me"


class SignInFirst(Exception):  # noqa: N818 - nothing is wrong
    """A form came from somebody who is not signed in, or no longer."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who is signed in.

    Attributes:
        holder_id: The holder.
        form_key: What their forms send along.
    """

    holder_id: int
    form_key: str


def known(request: Request, using: Using) -> Known | None:
    """Return who is signed in; None where nobody is."""
    secret, now = request.cookies.get(cookie_name(using), ""), using.now()
    if not secret:
        return None
    with using.reading() as session:
        row = holders.signed_in(session, secret, now=now)
    if row is None:
        return None
    if holders.is_stale(row, now=now):
        with using.writing() as session:
            holders.touch(session, row.id, now=now)
    return Known(row.holder_id, access.form_key(secret))


def acting(request: Request, using: Using, found: Annotated[Known | None, Depends(known)], sent: Fields) -> Known:
    """Return who is signed in and sent a form of ours.

    Raises:
        SignInFirst: Nobody is.
        problem.Forbidden: The form is none of ours, or of a session before this one.
    """
    refuse_strangers(request, using)
    if found is None:
        raise SignInFirst
    if not hmac.compare_digest(sent.get("key", "").encode(), found.form_key.encode()):
        raise problem.Forbidden("This form is of an earlier session or of another site. Load your page again, and send it from there.")
    return found


Reading = Annotated[Known | None, Depends(known)]
"""Who reads a page; None where nobody is signed in."""
Acting = Annotated[Known, Depends(acting)]
"""Who changes something."""


def owns(session: Session, request: Request, using: Service, award: tables.Award) -> bool:
    """Return whether who asks is signed in as the holder of an award."""
    secret = request.cookies.get(cookie_name(using), "")
    row = holders.signed_in(session, secret, now=using.now()) if secret else None
    return row is not None and holders.owns(session, row.holder_id, award)


def let_in(session: Session, request: Request, using: Service, holder_id: int) -> str:
    """Open a session and return its secret; the one that the browser had until now ends."""
    holders.sign_out(session, request.cookies.get(cookie_name(using), ""))
    return holders.sign_in(session, holder_id, now=using.now())


def keep(answer: Response, using: Service, secret: str) -> None:
    """Have the browser keep the secret of a session."""
    lasts = int(holders.SESSION.total_seconds())
    answer.set_cookie(cookie_name(using), secret, max_age=lasts, secure=using.site.is_secure, httponly=True, samesite="lax")


def forget(answer: Response, using: Service) -> None:
    """Have the browser forget it."""
    answer.delete_cookie(cookie_name(using), secure=using.site.is_secure, httponly=True, samesite="lax")


def cookie_name(using: Service) -> str:
    """Return the name of the cookie; with its prefix, browsers take it from this host and over https only."""
    return "__Host-holder" if using.site.is_secure else "holder"


async def on_sign_in_first(_request: Request, _fault: Exception) -> Response:
    """Lead to the page that asks who somebody is."""
    return lead_to(HOME)
