"""Links in letters: a page that says what a link is for, and a form on it that uses it. Opening it uses nothing up."""

from __future__ import annotations

import functools
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from badgeissuer import claiming, problem
from badgeissuer.awarding import adapter
from badgeissuer.claiming import consents, holders
from badgeissuer.web import learner_pages as pages
from badgeissuer.web import rates
from badgeissuer.web.learner import door
from badgeissuer.web.problems import status_of
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Fields, lead_to, refuse_strangers, staff_page

ROUTER = APIRouter(include_in_schema=False)
Secret = Annotated[str, Path(max_length=100)]


@ROUTER.get(f"{claiming.PATH}/{{secret}}", response_class=HTMLResponse)
def confirm(secret: Secret, using: Using) -> HTMLResponse:
    """Say what a link is for, and ask whether to use it."""
    try:
        with using.reading() as session:
            waiting = claiming.look(session, secret, now=using.now())
            holds = consents.choice(session, waiting.award_id) if waiting.award_id is not None else None
    except problem.Forbidden as fault:
        return _over(using, fault)
    return staff_page(pages.claim_page(waiting, holds, secret=secret))


@ROUTER.post(f"{claiming.PATH}/{{secret}}")
def use(secret: Secret, request: Request, using: Using, sent: Fields) -> Response:
    """Use a link: its address is proven, the browser is its holder's, and what was ticked holds for the badge."""
    refuse_strangers(request, using)
    now = using.now()
    try:
        with using.writing() as session:
            waiting = claiming.use(session, secret, now=now)
            holder = holders.prove(session, waiting.email, now=now)
            if waiting.award_id is not None:
                holds = consents.choice(session, waiting.award_id)
                chosen = consents.Choice(sent.get("visibility", holds.visibility), "results" in sent, "list" in sent)
                consents.accept(session, holder, waiting.award_id, now=now)
                consents.choose(session, holder, waiting.award_id, chosen, now=now)
            kept = door.let_in(session, request, using, holder)
    except problem.Forbidden as fault:
        return _over(using, fault)
    answer = lead_to(door.HOME)
    door.keep(answer, using, kept)
    return answer


@ROUTER.post(f"{door.HOME}/sign-in", dependencies=[rates.LETTERS_COUNTED])
def ask(request: Request, using: Using, sent: Fields) -> Response:
    """Take an address, and have a link sent to it if there are badges behind it; the answer is the same whoever asks, and comes first."""
    refuse_strangers(request, using)
    given = sent.get("email", "").strip()
    email = address(given)
    if email is None or not using.site.tells_learners:
        return staff_page(pages.sign_in_page(sends=using.site.tells_learners, email=given, no_address=True), status=422)
    using.notes.add(functools.partial(_order, using, email))
    minutes = int(claiming.SIGN_IN_LASTS.total_seconds() // 60)
    return staff_page(pages.mailed_page(minutes=minutes, most=claiming.MOST))


def address(given: str) -> str | None:
    """Return an address in the form in which it is compared and written to; None where it is none."""
    try:
        email = adapter.email_address(given)
    except problem.Malformed:
        return None
    return claiming.provable(email) if email else None


def _order(using: Service, email: str) -> None:
    with using.reading() as session:  # what strangers send takes the place of no writer
        if not claiming.is_known(session, email):
            return
    with using.writing() as session:
        claiming.ask(session, email, now=using.now())


def _over(using: Service, fault: problem.Problem) -> HTMLResponse:
    page = pages.sign_in_page(sends=using.site.tells_learners, stopped=fault.detail)
    return staff_page(page, status=status_of(fault))
