"""Sources of events."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, connecting
from badgeissuer.awarding import signature
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Document, Name, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["sources and rules"], route_class=StrictRoute, responses=PROBLEMS)


class NewSource(Shape):
    """A source of events: an LMS, or anything that sends Standard Webhooks.

    `signature` is `{"scheme": "canvas_jwt", "jwks": {"keys": […]}}`, `{"scheme": "standard_webhooks", "secrets": ["whsec_…"]}`, or
    `{"scheme": "none"}` for a sender that cannot sign, which an administrator must accept with `accept_unsigned`; further schemes are
    `hmac`, `static_header`, `body_token`, `bearer` and `basic`. `mapping` says where the adapter `generic` finds what, in JMESPath. `zone`
    is the time zone of times that are sent without one.
    """

    slug: Slug
    name: Name
    adapter: Annotated[str, Field(examples=["canvas", "native"])]
    issuer: Slug
    signature: Annotated[dict[str, JsonValue], Field(examples=[{"scheme": "standard_webhooks", "secrets": ["whsec_…"]}])]
    mapping: Annotated[
        dict[str, JsonValue] | None, Field(examples=[{"events": "@", "type": "kind", "learner": {"email": "user.mail"}}])
    ] = None
    zone: Annotated[str | None, Field(max_length=64, examples=["Europe/Berlin"])] = None
    success_status: Annotated[int, Field(ge=200, le=299)] = 200
    accept_unsigned: bool = False


class Source(Shape):
    """A source of events. Its secrets are not shown again; where it delivers to is told to those only who may connect sources."""

    slug: str
    name: str
    adapter: str
    issuer: str
    hook_url: str | None
    signature_scheme: str
    signed: bool
    mapping: Document | None
    zone: str | None
    success_status: int
    state: str


class SourceChange(Shape):
    """What is to change; what is left out stays. A new `signature` replaces the old one whole, so give all secrets that still count."""

    name: Name | None = None
    signature: dict[str, JsonValue] | None = None
    mapping: dict[str, JsonValue] | None = None
    zone: Annotated[str, Field(max_length=64)] | None = None
    success_status: Annotated[int, Field(ge=200, le=299)] | None = None
    state: Literal["active", "disabled"] | None = None
    accept_unsigned: bool = False


@ROUTER.post("/sources", status_code=201, summary="Connect a source of events")
def connect(body: NewSource, using: Using, acting: Acting, once: Repeatable) -> Source:
    """Connect a source and answer with the address that it must deliver to."""
    access.require(acting, access.CONNECT)
    configuration = _configuration(body.signature, acting, accept_unsigned=body.accept_unsigned)
    values = body.model_dump(include={"slug", "name", "adapter", "mapping", "zone", "success_status"})
    now = using.now()

    def work() -> str:
        issuer = authoring.issuer(session, body.issuer)
        access.require(acting, access.CONNECT, issuer_id=issuer.id)
        return connecting.connect(session, issuer, values | {"signature": configuration}, token=secrets.token_urlsafe, now=now).slug

    with using.writing() as session:
        slug = once.do(session, acting, body=body, now=now, work=work)
        return _shown(session, connecting.source(session, slug), acting=acting, site=using.site)


@ROUTER.get("/sources", summary="List sources")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Source]:
    """List the sources of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Source), acting, column=tables.Source.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Source.id)
        return Page(items=[_shown(session, row, acting=acting, site=using.site) for row in rows], next=after)


@ROUTER.get("/sources/{slug}", summary="Show a source")
def show(slug: str, using: Using, acting: Acting) -> Source:
    """Show one source."""
    with using.reading() as session:
        row = connecting.source(session, slug)
        access.require(acting, access.READ, issuer_id=row.issuer_id)
        return _shown(session, row, acting=acting, site=using.site)


@ROUTER.patch("/sources/{slug}", summary="Change a source")
def change(slug: str, body: SourceChange, using: Using, acting: Acting) -> Source:
    """Rename a source, replace how it signs (to rotate a secret or a key), or disable it; the address stays."""
    access.require(acting, access.CONNECT)
    changes = body.model_dump(exclude_none=True, exclude={"accept_unsigned"})
    if body.signature is not None:
        changes["signature"] = _configuration(body.signature, acting, accept_unsigned=body.accept_unsigned)
    with using.writing() as session:
        row = connecting.source(session, slug)
        access.require(acting, access.CONNECT, issuer_id=row.issuer_id)
        return _shown(session, connecting.change_source(session, row, changes), acting=acting, site=using.site)


def _configuration(given: dict[str, JsonValue], acting: access.Actor, *, accept_unsigned: bool) -> dict[str, JsonValue]:
    """Return how a source signs, as it is kept; that it does not sign at all only an administrator may accept."""
    configuration = dict(given)
    if configuration.get("scheme") == "none":
        access.require_everywhere(acting, access.MANAGE)
        configuration.setdefault("accept_unsigned", accept_unsigned)
    signature.parse(configuration, pointer="/signature")
    return configuration


def _shown(session: Session, row: tables.Source, *, acting: access.Actor, site: Site) -> Source:
    scheme, has_address = str(row.signature["scheme"]), row.adapter in connecting.ADAPTERS
    return Source(
        slug=row.slug,
        name=row.name,
        adapter=row.adapter,
        issuer=session.get_one(tables.Issuer, row.issuer_id).slug,
        hook_url=site.hook(row.hook_key) if has_address and access.may(acting, access.CONNECT, issuer_id=row.issuer_id) else None,
        signature_scheme=scheme,
        signed=scheme != "none",
        mapping=row.mapping,
        zone=row.zone,
        success_status=row.success_status,
        state=row.state,
    )
