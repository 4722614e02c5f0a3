"""Connecting a system, for staff: choose it, make the source, see its address and its secret once, and what to do in the system."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, connecting, overseeing, problem, ruling
from badgeissuer.awarding import platform, rule
from badgeissuer.store import tables
from badgeissuer.vc import document
from badgeissuer.web import guides, pages
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Acting, Fields, Known, Staff, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
CONNECT = "/staff/connect"
SECRET_BYTES = 32
MAX_NAME = 300
Slug = Annotated[str, Path(max_length=64)]
_SAMPLE = {
    "events": "@",
    "type": "type",
    "course": "to_string(course.id)",
    "learner": {"source_id": "to_string(user.id)", "email": "user.email", "name": "user.name"},
}
"""A mapping to begin with."""


@ROUTER.get(CONNECT, response_class=HTMLResponse)
def choose(known: Known) -> HTMLResponse:
    """Ask which system is to be connected."""
    access.require(known.actor, access.CONNECT)
    return staff_page(pages.staff_page("connect", known, platforms=platform.PLATFORMS, may_accept=_may_accept(known.actor)))


@ROUTER.get(f"{CONNECT}/{{key}}", response_class=HTMLResponse)
def ask(key: Slug, using: Using, known: Known) -> HTMLResponse:
    """Ask what has to be known of a system."""
    access.require(known.actor, access.CONNECT)
    return _form(using, known, key, {"name": _platform(key).name, "slug": key.split("-")[0], "username": "badges"})


def _form(using: Service, known: Staff, key: str, given: dict[str, str], *, fault: problem.Problem | None = None) -> HTMLResponse:
    one = _platform(key)
    if one.scheme == platform.UNSIGNED:
        access.require_everywhere(known.actor, access.MANAGE)
    with using.reading() as session:
        units = session.scalars(
            access.visible(select(tables.Issuer), known.actor, column=tables.Issuer.id).order_by(tables.Issuer.name)
        ).all()
    mapping = given.get("mapping") or json.dumps(_SAMPLE, indent=1)
    values = {"units": units, "given": given, "fault": fault, "choices": platform.CHOICES, "mapping": mapping}
    return staff_page(pages.staff_page("connect_form", known, key=key, platform=one, **values), status=422 if fault else 200)


def _platform(key: str) -> platform.Platform:
    if key not in platform.PLATFORMS:
        raise problem.NotFound(problem.NOTHING)
    return platform.PLATFORMS[key]


def _may_accept(actor: access.Actor) -> bool:
    try:
        access.require_everywhere(actor, access.MANAGE)
    except problem.Forbidden:
        return False
    return True


@ROUTER.post(f"{CONNECT}/{{key}}", response_class=HTMLResponse)
def connect(key: Slug, using: Using, acting: Acting, sent: Fields) -> HTMLResponse:
    """Make the source, and show its address, its secret once, and the steps in the system."""
    access.require(acting.actor, access.CONNECT)
    one = _platform(key)
    try:
        configured, secret = _signature(one, sent, acting.actor)
        values = _values(one, sent) | {"signature": configured}
        with using.writing() as session:
            issuer = authoring.issuer(session, sent.get("unit", ""))
            access.require(acting.actor, access.CONNECT, issuer_id=issuer.id)
            row = connecting.connect(session, issuer, values, token=secrets.token_urlsafe, now=using.now())
    except (problem.Invalid, problem.Malformed, problem.Conflict) as fault:
        return _form(using, acting, key, sent, fault=fault)
    return _connected(using, acting, row, key=key, secret=secret)


def _signature(one: platform.Platform, sent: dict[str, str], actor: access.Actor) -> tuple[dict[str, Any], str]:
    """Return how the source will sign, and the secret to show once: ours, or the one that the system gave; empty where there is none."""
    scheme = one.scheme or sent.get("scheme", "")
    if one.scheme == platform.UNSIGNED:
        access.require_everywhere(actor, access.MANAGE)
        if sent.get("accept_unsigned") != "yes":
            raise problem.Invalid("Say that you accept deliveries that prove nothing.")
    elif not one.scheme and scheme not in platform.CHOICES:
        raise problem.Invalid("Choose how the system proves itself.")
    secret = "" if scheme in platform.SECRET_FREE else sent.get("secret", "").strip() or new_secret(scheme)
    given = {name: value.strip() for name, value in sent.items()}
    return platform.signature(scheme, secrets=[secret], given=given), secret


def new_secret(scheme: str) -> str:
    """Return a secret that nobody can guess, in the form that the scheme has for it."""
    made = secrets.token_bytes(SECRET_BYTES)
    return (
        f"whsec_{base64.b64encode(made).decode()}" if scheme == "standard_webhooks" else base64.urlsafe_b64encode(made).decode().rstrip("=")
    )


def _values(one: platform.Platform, sent: dict[str, str]) -> dict[str, Any]:
    name, zone = sent.get("name", "").strip(), sent.get("zone", "").strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise problem.Invalid(f"The source needs a name of at most {MAX_NAME} characters.")
    values: dict[str, Any] = {"slug": sent.get("slug", "").strip(), "name": name, "adapter": one.adapter, "zone": zone or None}
    if "mapping" in one.asks:
        values["mapping"] = document.parse(sent.get("mapping", "").encode())
    return values


def _connected(using: Service, acting: Staff, row: tables.Source, *, key: str | None, secret: str, again: bool = False) -> HTMLResponse:
    """Return the page that shows the address and the secret, which is never shown again."""
    hook_url = using.site.hook(row.hook_key)
    username = str(row.signature.get("username", ""))
    steps = guides.steps(key) if key else ""
    for name, value in (("HOOK_URL", hook_url), ("SECRET", secret), ("USERNAME", username)):
        steps = steps.replace(name, value)
    values = {"source": row, "hook_url": hook_url, "secret": secret, "username": username, "steps": steps, "again": again}
    sends_once = key is not None and _platform(key).sends_once
    return staff_page(pages.staff_page("connected", acting, sends_once=sends_once, **values))


def _mine(session: Session, slug: str, acting: Staff) -> tables.Source:
    """Return a source that the actor may change, locked."""
    access.require(acting.actor, access.CONNECT)
    row = connecting.source(session, slug)
    access.require(acting.actor, access.CONNECT, issuer_id=row.issuer_id)
    session.refresh(row, with_for_update=True)
    connecting.require_outside(row)
    return row


@ROUTER.post("/staff/sources/{slug}/secrets", response_class=HTMLResponse)
def add_secret(slug: Slug, using: Using, acting: Acting, _sent: Fields) -> HTMLResponse:
    """Make another secret beside the one that counts, and show it once."""
    with using.writing() as session:
        row = _mine(session, slug, acting)
        scheme = str(row.signature["scheme"])
        if scheme in platform.SECRET_FREE:
            raise problem.Conflict("This source has no secret.")
        secret = new_secret(scheme)
        connecting.change_source(session, row, {"signature": platform.with_another(row.signature, secret)})
    return _connected(using, acting, row, key=platform.of(row.adapter, scheme), secret=secret, again=True)


@ROUTER.post("/staff/sources/{slug}/secrets/drop")
def drop_secrets(slug: Slug, using: Using, acting: Acting, _sent: Fields) -> Response:
    """Let the newest secret alone count."""
    with using.writing() as session:
        row = _mine(session, slug, acting)
        if str(row.signature["scheme"]) in platform.SECRET_FREE:
            raise problem.Conflict("This source has no secret.")
        connecting.change_source(session, row, {"signature": platform.with_the_newest(row.signature)})
    return _to(slug)


@ROUTER.post("/staff/sources/{slug}/state/{state}")
def change_state(slug: Slug, state: Literal["active", "disabled"], using: Using, acting: Acting, _sent: Fields) -> Response:
    """Listen to a source, or not any more."""
    with using.writing() as session:
        connecting.change_source(session, _mine(session, slug, acting), {"state": state})
    return _to(slug)


@ROUTER.post("/staff/sources/{slug}/rules")
def add_rule(slug: Slug, using: Using, acting: Acting, sent: Fields) -> Response:
    """Make a rule out of an event that came: others of its type and course earn the achievement too."""
    number = sent.get("event", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 - digits of what a row can have
        raise problem.NotFound(problem.NOTHING)
    with using.writing() as session:
        row = _mine(session, slug, acting)
        happened = session.get(tables.LearningEvent, int(number))
        if happened is None or happened.source_id != row.id:
            raise problem.NotFound(problem.NOTHING)
        achievement = authoring.achievement(session, sent.get("achievement", ""))
        access.require(acting.actor, access.CONNECT, issuer_id=achievement.issuer_id)
        said = rule.parse({"when": {"all": overseeing.like(happened)}})
        ruling.add(session, achievement, said=said, source=row, token=secrets.token_urlsafe, now=using.now())
    return _to(slug)


def _to(slug: str) -> Response:
    return lead_to(f"/staff/sources/{slug}")
