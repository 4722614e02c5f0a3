"""The door for staff: sign in with an API token or as a person (`entrance`), and be known by a cookie until the day is over.

Three things keep another site from acting in the name of who is signed in: the cookie is not sent along with its requests (SameSite), a
form from it has another Origin, and it does not know the key that each of our forms carries.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from badgeissuer import access, problem
from badgeissuer.store import uploads
from badgeissuer.web import pages
from badgeissuer.web.public import DRAWING_POLICY, page
from badgeissuer.web.service import Service, Using

ROUTER = APIRouter(include_in_schema=False)
SIGN_IN = "/staff/sign-in"
HOME = "/staff"
LONG = "/staff/write/"
"""Below it, forms are so long that nobody should lose one by being signed out."""
MAX_FIELDS = 10_000
MAX_FIELD = 262_144
"""Fields of a form, and bytes of each."""
SEE_OTHER = 303
MAX_REASON = 1000
"""Characters of why somebody did something."""
_FORM = "application/x-www-form-urlencoded"


class SignInFirst(Exception):  # noqa: N818 - nothing is wrong
    """A page was asked for by somebody who is not signed in."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is signed in.

    Attributes:
        actor: What they may do.
        form_key: What their forms send along.
    """

    actor: access.Actor
    form_key: str

    @property
    def owner(self) -> uploads.Owner:
        """Whose the files are that they bring."""
        return uploads.Owner(self.actor.token_id, self.actor.account_id)


class SendAgain(Exception):  # noqa: N818 - nothing is wrong
    """A long form came from somebody who is signed in, out of a session before this one."""

    def __init__(self, sent: dict[str, str], known: Staff) -> None:
        super().__init__()
        self.sent, self.known = sent, known


@dataclass(frozen=True, slots=True)
class Ways:
    """How people can sign in besides with a token.

    Attributes:
        provider: What to call the OpenID provider; empty where there is none.
        links: Whether links are sent.
    """

    provider: str = ""
    links: bool = False


def staff(request: Request, using: Using) -> Staff:
    """Return who is signed in.

    Raises:
        SignInFirst: Nobody is.
    """
    secret = request.cookies.get(cookie_name(using), "")
    try:
        with using.reading() as session:
            actor = access.signed_in(session, secret, now=using.now())
    except problem.Unauthenticated:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise SignInFirst(wanted if request.method in {"GET", "HEAD"} else HOME) from None
    return Staff(actor, access.form_key(secret))


async def fields(request: Request) -> dict[str, str]:
    """Return the fields of a form that a browser sent.

    Raises:
        problem.Malformed: The body is no such form, or a field stands twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise problem.Malformed("This address takes a form that was sent from its page.")
    async with request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD) as form:
        found = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        if len(found) < len(form.multi_items()):
            raise problem.Malformed("A field stands twice in the form.")
    return found


def staff_page(text: str, *, status: int = 200, scripted: bool = False) -> HTMLResponse:
    """Return a page for staff. Its forms say where they are from, which no browser does of pages that let no referrer out.

    Args:
        text: The page.
        status: The HTTP status.
        scripted: Whether it has a script of ours.
    """
    return page(text, private=True, status=status, referrer="same-origin", scripted=scripted)


def drawing(text: str) -> Response:
    """Return a drawing for staff, which no cache keeps: it shows what is not published."""
    sent = {"Content-Security-Policy": DRAWING_POLICY, "Cache-Control": "private, no-store"}
    return Response(text, media_type="image/svg+xml", headers=sent)


def lead_to(path: str) -> RedirectResponse:
    """Lead on to another page, with GET; no cache keeps where to."""
    return RedirectResponse(path, SEE_OTHER, headers={"Cache-Control": "no-store"})


def why(sent: dict[str, str], name: str, *, hint: str = "") -> str:
    """Return why somebody does something, out of the field `name`; `hint` says what becomes of it.

    Raises:
        problem.Invalid: Nothing is said, or too much.
    """
    said = sent.get(name, "").strip()
    if not 1 <= len(said) <= MAX_REASON:
        raise problem.Invalid(f"Say why, in at most {MAX_REASON:,} characters.{hint}")
    return said


Fields = Annotated[dict[str, str], Depends(fields)]


@dataclass(frozen=True, slots=True)
class Sent:
    """A form with a file in it.

    Attributes:
        fields: Its fields.
        name: What the sender calls the file; empty where none was chosen.
        file: The file.
    """

    fields: dict[str, str]
    name: str
    file: UploadFile | None


def acting(request: Request, using: Using, known: Annotated[Staff, Depends(staff)], sent: Fields) -> Staff:
    """Return who is signed in and sent a form of ours.

    Raises:
        SignInFirst: Nobody is.
        SendAgain: The form is of a session before this one, and too long to be written again.
        problem.Forbidden: The form is none of ours, or of a session before this one.
    """
    refuse_strangers(request, using)
    if request.url.path.startswith(LONG) and not _has_key(known, sent):
        raise SendAgain(sent, known)
    _require_key(known, sent)
    return known


def _has_key(known: Staff, sent: dict[str, str]) -> bool:
    return hmac.compare_digest(sent.get("key", "").encode(), known.form_key.encode())


def _require_key(known: Staff, sent: dict[str, str]) -> None:
    if not _has_key(known, sent):
        raise problem.Forbidden("This form is of an earlier session or of another site. Load its page again, and send it from there.")


Known = Annotated[Staff, Depends(staff)]
"""Who reads a page."""
Acting = Annotated[Staff, Depends(acting)]
"""Who changes something."""


async def sent(request: Request, using: Using, known: Known) -> AsyncIterator[Sent]:
    """Give a form with one file that who is signed in sent; nobody else's is read. The file lies in a temporary one, not in memory.

    Raises:
        SignInFirst: Nobody is.
        problem.Forbidden: See `acting`.
        problem.Malformed: The body is no such form, or a field stands twice.
    """
    refuse_strangers(request, using)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise problem.Malformed("This address takes a form that was sent from its page.")
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD) as form:
        items = form.multi_items()
        found = {name: value for name, value in items if isinstance(value, str)}
        files = [value for _, value in items if isinstance(value, UploadFile)]
        if len(found) + len(files) < len(items):
            raise problem.Malformed("A field stands twice in the form.")
        _require_key(known, found)
        file = files[0] if files and files[0].filename else None
        yield Sent(found, (file.filename or "")[-200:] if file else "", file)


Sending = Annotated[Sent, Depends(sent)]
"""A form with a file, of who is signed in."""


@ROUTER.get(SIGN_IN, response_class=HTMLResponse)
def ask(using: Using, wanted: Annotated[str, Query(alias="next", max_length=2048)] = HOME) -> HTMLResponse:
    """Ask how somebody wants to sign in."""
    return staff_page(pages.sign_in_page(wanted=inside(wanted), ways=ways(using)))


@ROUTER.post(SIGN_IN)
def sign_in(request: Request, using: Using, sent: Fields) -> Response:
    """Open a session for who has a token, and lead on to what they wanted to see."""
    refuse_strangers(request, using)
    wanted, now = inside(sent.get("next", HOME)), using.now()
    token = sent.get("token", "").strip()
    try:
        with using.reading() as session:  # nothing that anybody sends takes the place of a writer
            actor = access.authenticate(session, token, now=now)
    except problem.Unauthenticated:
        fault = "This is no token that counts. It may be mistyped, revoked or expired; an administrator can make you another."
        return staff_page(pages.sign_in_page(wanted=wanted, ways=ways(using), fault=fault), status=401)
    with using.writing() as session:
        secret = begin(session, request, using, actor)
    answer = lead_to(wanted)
    keep(answer, using, secret)
    return answer


@ROUTER.post("/staff/sign-out")
def sign_out(request: Request, using: Using, _known: Acting) -> Response:
    """End the session."""
    with using.writing() as session:
        access.sign_out(session, request.cookies.get(cookie_name(using), ""))
    answer = lead_to(SIGN_IN)
    answer.delete_cookie(cookie_name(using), secure=using.site.is_secure, httponly=True, samesite="strict")
    return answer


def ways(using: Service) -> Ways:
    """Return how people can sign in besides with a token."""
    registered = using.provider.registration if using.provider else None
    name = registered.name or urlsplit(registered.issuer).hostname or "" if registered else ""
    return Ways(name, using.settings.offers_links)


def begin(session: Session, request: Request, using: Service, actor: access.Actor) -> str:
    """Open a session and return its secret; the one that the browser had until now ends."""
    now = using.now()
    access.sign_out(session, request.cookies.get(cookie_name(using), ""))
    access.touch(session, actor, now=now)
    return access.sign_in(session, actor, now=now)


def keep(answer: Response, using: Service, secret: str) -> None:
    """Have the browser keep the secret of a session."""
    lasts = int(access.SESSION.total_seconds())
    answer.set_cookie(cookie_name(using), secret, max_age=lasts, secure=using.site.is_secure, httponly=True, samesite="strict")


async def on_sign_in_first(request: Request, fault: Exception) -> Response:
    """Lead to the door, and from there to what was wanted; but give back a long form that was sent, so that it can be sent again."""
    wanted = fault.wanted if isinstance(fault, SignInFirst) else HOME
    if request.method == "POST" and request.url.path.startswith(LONG):
        with contextlib.suppress(problem.Problem):
            refuse_strangers(request, request.app.state.service)
            return staff_page(pages.again_page(None, path=request.url.path, fields=await fields(request)), status=401)
    return lead_to(f"{SIGN_IN}?next={quote(wanted, safe='')}")


async def on_send_again(request: Request, fault: Exception) -> Response:
    """Give back a long form with the key of this session."""
    again = cast("SendAgain", fault)
    found = again.sent | {"key": again.known.form_key}
    return staff_page(pages.again_page(again.known, path=request.url.path, fields=found), status=403)


def cookie_name(using: Service) -> str:
    """Return the name of the cookie; with its prefix, browsers take it from this host and over https only."""
    return "__Host-staff" if using.site.is_secure else "staff"


def inside(wanted: str) -> str:
    """Return where to go on to: a page for staff, and never another site."""
    is_ours = wanted == HOME or wanted.startswith((f"{HOME}/", f"{HOME}?"))
    return wanted if is_ours and wanted.isprintable() and wanted.isascii() and "\\" not in wanted else HOME


def refuse_strangers(request: Request, using: Service) -> None:
    """Refuse a form that a page of another site sent; old browsers do not say where one is from."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    is_elsewhere = origin is not None and using.site.path_of(f"{origin}/") != "/" and origin != str(request.base_url).rstrip("/")
    if is_elsewhere or site not in {"same-origin", "none"}:
        raise problem.Forbidden("This form was sent from a page of another site, and is not read.")
