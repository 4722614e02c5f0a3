"""The door for people with accounts, by way of an OpenID provider.

The browser comes back from another site, and a cookie with SameSite=Strict does not go along with what another site leads to: the page that
sets it leads on by itself, and what a page of ours leads to is ours. What binds the way out to the way back is a cookie of its own, with
SameSite=Lax.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from badgeissuer import access, problem
from badgeissuer.entering import browser, oidc
from badgeissuer.net import provider as providers
from badgeissuer.web import pages
from badgeissuer.web.problems import status_of
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff import door

ROUTER = APIRouter(include_in_schema=False)
BACK = f"{door.SIGN_IN}/oidc/back"
_REMEMBERED = 900
"""Seconds."""


@ROUTER.get(f"{door.SIGN_IN}/oidc")
def set_out(request: Request, using: Using, wanted: Annotated[str, Query(alias="next", max_length=2048)] = door.HOME) -> Response:
    """Send the browser to the provider."""
    provider = _provider(using)
    secret = remembered(request, using)
    way = browser.set_out(secret, unique=access.new_secret(), wanted=door.inside(wanted), now=using.now())
    try:
        url = provider.way_in(state=way.state, nonce=way.nonce, verifier=way.verifier, back=f"{using.site.base}{BACK}")
    except problem.Unavailable as fault:
        return refused(using, fault, wanted=way.wanted)
    answer = door.lead_to(url)
    remember(answer, using, secret)
    return answer


@ROUTER.get(BACK)
def come_back(request: Request, using: Using) -> Response:
    """Let in whom the provider has signed in, and lead on to what they wanted."""
    provider, now, wanted = _provider(using), using.now(), door.HOME
    given = request.query_params.multi_items()
    answer = dict(given)
    try:
        if len(answer) < len(given):
            raise problem.Forbidden(oidc.EMPTY)
        way = browser.come_back(held(request, using), answer.get("state", ""), now=now)
        wanted = door.inside(way.wanted)
        found = oidc.identify(provider, way, answer, back=f"{using.site.base}{BACK}", now=now)
        with using.writing() as session:
            account = oidc.admit(session, found, state=way.state, now=now)
            actor = access.person(account)
            secret = door.begin(session, request, using, actor)
    except problem.Problem as fault:
        return refused(using, fault, wanted=wanted)
    return let_in(using, actor, secret, wanted=wanted)


def let_in(using: Service, actor: access.Actor, secret: str, *, wanted: str) -> HTMLResponse:
    """Return the page that tells somebody that they are in, with their session's cookie, and leads on."""
    answer = door.staff_page(pages.entered_page(name=actor.called, wanted=wanted))
    door.keep(answer, using, secret)
    return answer


def refused(using: Service, fault: problem.Problem, *, wanted: str) -> HTMLResponse:
    """Return the page that asks how to sign in, with why the last way did not lead in."""
    page = pages.sign_in_page(wanted=wanted, ways=door.ways(using), stopped=fault.detail)
    return door.staff_page(page, status=status_of(fault))


def remembered(request: Request, using: Service) -> str:
    """Return the secret of a browser: the one that it has, so that what it began before can still end, or a new one."""
    return held(request, using) or access.new_secret()


def held(request: Request, using: Service) -> str:
    """Return the secret that a browser has; nothing where it has none."""
    found = request.cookies.get(_name(using), "")
    return found if browser.is_secret(found) else ""


def remember(answer: Response, using: Service, secret: str) -> None:
    """Have a browser keep its secret for a while."""
    answer.set_cookie(_name(using), secret, max_age=_REMEMBERED, secure=using.site.is_secure, httponly=True, samesite="lax")


def _name(using: Service) -> str:
    return "__Host-sign-in" if using.site.is_secure else "sign-in"


def _provider(using: Service) -> providers.Provider:
    if using.provider is None:
        raise problem.NotFound(problem.NOTHING)
    return using.provider
