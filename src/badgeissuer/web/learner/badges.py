"""The page of a learner: all badges that were issued to them, who sees each, and the links that they gave away."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from badgeissuer import problem, sharing
from badgeissuer.claiming import addresses, consents, holders
from badgeissuer.web import learner_pages as pages
from badgeissuer.web.learner import door
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Fields, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
LinkId = Annotated[int, Path(ge=1, lt=2**62)]


@ROUTER.get(door.HOME, response_class=HTMLResponse)
def show(using: Using, known: door.Reading) -> HTMLResponse:
    """List the badges of who is signed in, or ask who somebody is."""
    if known is None:
        return staff_page(pages.sign_in_page(sends=using.site.tells_learners))
    return page(using, known)


@ROUTER.post(f"{door.HOME}/sign-out")
def sign_out(request: Request, using: Using, _known: door.Acting) -> Response:
    """End the session."""
    with using.writing() as session:
        holders.sign_out(session, request.cookies.get(door.cookie_name(using), ""))
    answer = lead_to(door.HOME)
    door.forget(answer, using)
    return answer


@ROUTER.post(f"{door.HOME}/badges/{{uuid}}")
def choose(uuid: UUID, using: Using, known: door.Acting, sent: Fields) -> HTMLResponse:
    """Have a badge shown as its learner chose."""
    chosen = consents.Choice(sent.get("visibility", ""), "results" in sent, "list" in sent)
    with using.writing() as session:
        award = holders.owned(session, known.holder_id, uuid)
        before = consents.choose(session, known.holder_id, award.id, chosen, now=using.now())
    undo = pages.Undo(f"{door.HOME}/badges/{uuid}", pages.fields(before)) if before != chosen else None
    return page(using, known, pages.Done(uuid, pages.said(chosen), undo=undo))


@ROUTER.post(f"{door.HOME}/badges/{{uuid}}/links")
def make_link(uuid: UUID, using: Using, known: door.Acting, sent: Fields) -> HTMLResponse:
    """Make a link to a badge, and show it this once."""
    days = next((some for some in sharing.DAYS if str(some) == sent.get("days")), 0)
    note = " ".join(sent.get("note", "").split())
    with using.writing() as session:
        award = holders.owned(session, known.holder_id, uuid)
        row, secret = sharing.make_link(session, award.id, days=days, note=note, now=using.now())
    made = f"{using.site.credential(uuid)}?share={secret}"
    undo = pages.Undo(f"{door.HOME}/badges/{uuid}/links/{row.id}/end", {}, "Take it back")
    return page(
        using, known, pages.Done(uuid, f"Here is a link that counts for {days} days. It is shown this once: copy it now.", made, undo)
    )


@ROUTER.post(f"{door.HOME}/badges/{{uuid}}/links/{{link_id}}/{{change}}")
def change_link(uuid: UUID, link_id: LinkId, change: str, using: Using, known: door.Acting) -> HTMLResponse:
    """Take a link back, or let it count again."""
    if change not in {"end", "renew"}:
        raise problem.NotFound(problem.NOTHING)
    with using.writing() as session:
        award = holders.owned(session, known.holder_id, uuid)
        if change == "end":
            sharing.take_back(session, award.id, link_id, now=using.now())
        else:
            sharing.give_again(session, award.id, link_id, now=using.now())
    path = f"{door.HOME}/badges/{uuid}/links/{link_id}"
    if change == "renew":
        return page(using, known, pages.Done(uuid, "The link counts again, until the day it did before."))
    return page(using, known, pages.Done(uuid, "The link opens nothing any more.", undo=pages.Undo(f"{path}/renew", {})))


def page(using: Service, known: door.Known, done: pages.Done | None = None) -> HTMLResponse:
    """Return the page of who is signed in, with what was just done above it."""
    now = using.now()
    with using.reading() as session:
        owned = holders.badges(session, known.holder_id, now=now)
        agreed = consents.history(session, [one.award.id for one in owned])
        reached = pages.Reached(holders.addresses(session, known.holder_id), addresses.history(session, known.holder_id))
    return staff_page(pages.badges_page(owned, agreed, reached, key=known.form_key, done=done))
