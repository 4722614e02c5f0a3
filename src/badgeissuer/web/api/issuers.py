"""Issuing units."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, signing
from badgeissuer.store import jobs, tables
from badgeissuer.web.api.shapes import PROBLEMS, Email, Name, Page, Paging, Repeatable, Shape, Slug, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/issuers", tags=["issuers"], route_class=StrictRoute, responses=PROBLEMS)


Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$", examples=["#14578c"]), AfterValidator(str.lower)]


class NewIssuer(Shape):
    """An issuing unit to be made, with its first key."""

    slug: Slug
    name: Name
    url: str | None = None
    description: Text | None = None
    image: str | None = None
    email: Email | None = None
    did_method: Literal["web", "key"] | None = None
    colour: Colour | None = None
    notify: bool = True


class IssuerChange(Shape):
    """What is to change; what is left out stays. `colour` is that of the letters to learners, `notify` whether there are any."""

    colour: Colour | None = None
    notify: bool | None = None


class Key(Shape):
    """A signing key as the world may know it."""

    verification_method: str
    state: str


class Issuer(Shape):
    """An issuing unit."""

    slug: str
    name: str
    did: str | None
    url: str | None = None
    description: str | None = None
    image: str | None = None
    email: str | None = None
    colour: str | None = None
    notify: bool
    keys: list[Key]


@ROUTER.post("", status_code=201, summary="Make an issuing unit, with its first key")
def create(body: NewIssuer, using: Using, acting: Acting, once: Repeatable) -> Issuer:
    """Make an issuing unit. Its key, and with it its DID, is made by a worker; the answer waits for that."""
    access.require_everywhere(acting, access.MANAGE)
    now = using.now()

    def work() -> str:
        row = authoring.create_issuer(session, body.model_dump(), site=using.site, now=now)
        jobs.enqueue(session, signing.GENERATE, {"issuer": row.id}, now=now)
        return row.slug

    with using.writing() as session:
        slug = once.do(session, acting, body=body, now=now, work=work)
    return using.wait_for(lambda session: _with_did(session, slug))


@ROUTER.get("", summary="List issuing units")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Issuer]:
    """List the issuing units that the token may see, oldest first."""
    query = access.visible(select(tables.Issuer), acting, column=tables.Issuer.id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Issuer.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/{slug}", summary="Show an issuing unit")
def show(slug: str, using: Using, acting: Acting) -> Issuer:
    """Show one issuing unit and its keys."""
    with using.reading() as session:
        row = authoring.issuer(session, slug)
        access.require(acting, access.READ, issuer_id=row.id)
        return _shown(session, row)


@ROUTER.patch("/{slug}", summary="Change how an issuing unit writes to learners")
def change(slug: str, body: IssuerChange, using: Using, acting: Acting) -> Issuer:
    """Give the letters of an issuing unit its colour, or have it write to nobody. What stands in badges stays."""
    access.require(acting, access.DEFINE)
    with using.writing() as session:
        row = authoring.issuer(session, slug)
        access.require(acting, access.DEFINE, issuer_id=row.id)
        authoring.change_issuer(row, colour=body.colour, notify=body.notify)
        return _shown(session, row)


def _with_did(session: Session, slug: str) -> Issuer | None:
    row = authoring.issuer(session, slug)
    return _shown(session, row) if row.did else None


def _shown(session: Session, row: tables.Issuer) -> Issuer:
    keys = [Key(verification_method=key.verification_method, state=key.state) for key in signing.keys(session, row)]
    return Issuer(
        slug=row.slug,
        name=row.name,
        did=row.did,
        url=row.url,
        description=row.description,
        image=row.image,
        email=row.email,
        colour=row.colour,
        notify=row.notify,
        keys=keys,
    )
