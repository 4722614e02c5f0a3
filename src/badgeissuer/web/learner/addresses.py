"""The addresses of a learner: added by a link that is sent to them, one of them preferred for letters, and taken away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from badgeissuer import claiming, problem
from badgeissuer.claiming import addresses, holders
from badgeissuer.web import learner_pages as pages
from badgeissuer.web.learner import badges, claims, door
from badgeissuer.web.service import Using
from badgeissuer.web.staff.door import Fields, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, lt=2**62)]


@ROUTER.post(f"{door.HOME}/addresses", response_class=HTMLResponse)
def ask(using: Using, known: door.Acting, sent: Fields) -> HTMLResponse:
    """Have a link sent to an address that is to be added; whose it is now is not said."""
    email = claims.address(sent.get("email", "").strip())
    if email is None or not using.site.tells_learners:
        raise problem.Invalid("This is no e-mail address that a letter can be sent to.")
    with using.writing() as session:
        claiming.ask(session, email, holder_id=known.holder_id, now=using.now())
    text = f"A link is on its way to {email}, unless {claiming.MOST} are already. Open it in this browser, within half an hour."
    return badges.page(using, known, pages.Done(None, text))


@ROUTER.get(f"{claiming.ADDED}/{{secret}}", response_class=HTMLResponse)
def confirm(secret: claims.Secret, using: Using, known: door.Reading) -> Response:
    """Ask whether to add an address."""
    if known is None:
        return staff_page(pages.sign_in_page(sends=using.site.tells_learners, stopped=_ELSEWHERE), status=403)
    with using.reading() as session:
        waiting = claiming.look(session, secret, holder_id=known.holder_id, now=using.now())
    return staff_page(pages.address_page(waiting.email, secret=secret, key=known.form_key))


@ROUTER.post(f"{claiming.ADDED}/{{secret}}")
def add(secret: claims.Secret, using: Using, known: door.Acting) -> Response:
    """Add an address."""
    with using.writing() as session:
        waiting = claiming.use(session, secret, holder_id=known.holder_id, now=using.now())
        addresses.add(session, known.holder_id, waiting.email, now=using.now())
    return lead_to(door.HOME)


@ROUTER.post(f"{door.HOME}/addresses/{{address_id}}/{{change}}", response_class=HTMLResponse)
def change(address_id: Id, change: str, using: Using, known: door.Acting) -> HTMLResponse:
    """Have letters go to an address from now on, or take it away."""
    with using.writing() as session:
        held = {row.id: (row.email, row.is_preferred) for row in holders.addresses(session, known.holder_id)}
        email = held.get(address_id, (None, False))[0]
        if email is None or change not in {"prefer", "remove"}:
            raise problem.NotFound(problem.NOTHING)
        if change == "prefer":
            addresses.prefer(session, known.holder_id, email, now=using.now())
        else:
            addresses.remove(session, known.holder_id, email, now=using.now())
    if change == "remove":
        text = f"{email} is not among your addresses any more, and its badges are not in your list. Add it again to have them back."
        return badges.page(using, known, pages.Done(None, text))
    before = (number for number, (_, was_preferred) in held.items() if was_preferred and number != address_id)
    undo = next((pages.Undo(f"{door.HOME}/addresses/{number}/prefer", {}) for number in before), None)
    text = f"Letters go to {email} from now on. What was signed stays as it is: a badge names the address that it was issued to."
    return badges.page(using, known, pages.Done(None, text, undo=undo))


_ELSEWHERE = "This link adds an address to the badges of who is signed in. Sign in here with your other address first, then open it again."
