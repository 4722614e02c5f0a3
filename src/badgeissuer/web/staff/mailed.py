"""The door for people with accounts, by a link that is sent to them.

The page after the form says the same whoever asks, and is answered before anybody has looked whether there is an account: neither words nor
time tell. A link is used by the form of the page that it opens, because programs that scan mail open links too.
"""

from __future__ import annotations

import functools
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from badgeissuer import access, enrolling, problem
from badgeissuer.entering import mailing
from badgeissuer.web import pages, rates
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff import door, entrance

ROUTER = APIRouter(include_in_schema=False)
Secret = Annotated[str, Path(max_length=100)]


@ROUTER.post(mailing.PATH, dependencies=[rates.LETTERS_COUNTED])
def ask(request: Request, using: Using, sent: door.Fields) -> Response:
    """Take an address, and have a link sent to it if it is that of an account."""
    _require(using)
    door.refuse_strangers(request, using)
    wanted, email = door.inside(sent.get("next", door.HOME)), sent.get("email", "").strip()
    if enrolling.address(email) is None:
        page = pages.sign_in_page(wanted=wanted, ways=door.ways(using), email=email, no_address=True)
        return door.staff_page(page, status=422)
    secret = entrance.remembered(request, using)
    using.notes.add(functools.partial(_order, using, email, secret, wanted))
    answer = door.staff_page(pages.mailed_page(minutes=int(mailing.LASTS.total_seconds() // 60), most=mailing.MOST))
    entrance.remember(answer, using, secret)
    return answer


def _order(using: Service, email: str, browser: str, wanted: str) -> None:
    with using.reading() as session:  # what strangers send takes the place of no writer
        if enrolling.by_address(session, email) is None:
            return
    with using.writing() as session:
        row = enrolling.by_address(session, email)
        if row is not None:
            mailing.ask(session, row, browser=browser, wanted=wanted, now=using.now())


@ROUTER.get(f"{mailing.PATH}/{{secret}}")
def confirm(secret: Secret, request: Request, using: Using) -> Response:
    """Ask whether to use a link; opening it uses nothing up."""
    _require(using)
    try:
        with using.reading() as session:
            row = mailing.look(session, secret, browser=entrance.held(request, using), now=using.now())
            page = pages.confirm_page(name=row.name, email=row.email, secret=secret)
    except problem.Forbidden as fault:
        return entrance.refused(using, fault, wanted=door.HOME)
    return door.staff_page(page)


@ROUTER.post(f"{mailing.PATH}/{{secret}}")
def use(secret: Secret, request: Request, using: Using, _sent: door.Fields) -> Response:
    """Use a link: open a session, and lead on."""
    _require(using)
    door.refuse_strangers(request, using)
    try:
        with using.writing() as session:
            row, wanted = mailing.use(session, secret, browser=entrance.held(request, using), now=using.now())
            kept = door.begin(session, request, using, access.person(row))
    except problem.Forbidden as fault:
        return entrance.refused(using, fault, wanted=door.HOME)
    answer = door.lead_to(door.inside(wanted))
    door.keep(answer, using, kept)
    return answer


def _require(using: Service) -> None:
    if not using.settings.offers_links:
        raise problem.NotFound(problem.NOTHING)
