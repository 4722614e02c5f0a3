"""Sources of events and the rules on them: connect one, change it, and know how it signs now."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from badgeissuer import authoring, echoing, problem
from badgeissuer.awarding import adapter, generic, incoming, signature
from badgeissuer.store import engine, tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

ADAPTERS = tuple(name for name in adapter.ADAPTERS if name != echoing.ADAPTER)
"""The adapters that a source may name."""
_OK = 200
_SUCCESS = range(200, 300)


def connect(
    session: Session, issuer: tables.Issuer, values: Mapping[str, Any], *, token: Callable[[int], str], now: datetime
) -> tables.Source:
    """Store a source of events.

    Args:
        session: A writing session.
        issuer: Whose achievements its rules may award.
        values: `slug`, `name`, `adapter`, `signature` (as `signature.Signature` writes it), `mapping`, `zone` and `success_status`.
        token: Where the unguessable part of the address comes from.
        now: The moment.

    Raises:
        problem.Invalid: The slug, the adapter, the signature or the status is not possible.
        problem.Conflict: The slug is taken.
    """
    authoring.check_slug(values["slug"])
    if values["adapter"] not in ADAPTERS:
        finding = problem.Finding(f"There is no adapter {values['adapter']!r}; there are {', '.join(ADAPTERS)}.", "/adapter")
        raise problem.Invalid.of((finding,))
    signature.parse(values["signature"], pointer="/signature")
    _check_reading(values["adapter"], values)
    if values.get("success_status", _OK) not in _SUCCESS:
        finding = problem.Finding("What a sender takes for success is an HTTP status from 200 to 299.", "/success_status")
        raise problem.Invalid.of((finding,))
    source = tables.Source(issuer_id=issuer.id, hook_key=f"{values['slug']}-{token(16)}", created_at=now, **values)
    row = engine.add_if_new(session, source)
    if row is None:
        raise problem.Conflict(f"There is already a source by the name {values['slug']!r}. Choose another.")
    return row


def _check_reading(name: str, values: Mapping[str, Any]) -> None:
    """Refuse what a source cannot be read by: a mapping for the generic adapter alone, and a zone that there is."""
    mapping = values.get("mapping")
    if (mapping is not None) != (name == "generic"):
        detail = (
            "The adapter generic needs a mapping that says where it finds what." if name == "generic" else "Only generic takes a mapping."
        )
        raise problem.Invalid.of((problem.Finding(detail, "/mapping"),))
    if mapping is not None:
        generic.parse(mapping, pointer="/mapping")
    if values.get("zone") is not None and values["zone"] not in zoneinfo.available_timezones():
        finding = problem.Finding(f"There is no time zone {values['zone']!r}; name one such as Europe/Berlin.", "/zone")
        raise problem.Invalid.of((finding,))


def source(session: Session, slug: str) -> tables.Source:
    """Return the source of that slug, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Source).where(tables.Source.slug == slug))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def change_source(session: Session, found: tables.Source, changes: Mapping[str, Any]) -> tables.Source:
    """Change what a source is called, how it signs, which status it takes for success, or whether it is heard at all.

    Deliveries that were taken already stay, and are processed.

    Args:
        session: A writing session.
        found: The source.
        changes: Any of `name`, `signature`, `mapping`, `zone`, `success_status` and `state` (`active` or `disabled`).

    Raises:
        problem.Conflict: It stands for badges that are issued here.
        problem.Invalid: The configuration of the signature or of the reading is not possible.
    """
    require_outside(found)
    if {"mapping", "zone"} & changes.keys():
        _check_reading(found.adapter, {"mapping": found.mapping} | dict(changes))
    if "signature" in changes:
        signature.parse(changes["signature"], pointer="/signature")
        found.fetched_keys = None
    for name, value in changes.items():
        setattr(found, name, value)
    session.flush()
    return found


def require_outside(found: tables.Source) -> None:
    """Refuse to set up what is no system outside.

    Raises:
        problem.Conflict: The source stands for badges that are issued here.
    """
    if found.adapter == echoing.ADAPTER:
        raise problem.Conflict(
            "This source stands for the badges that are issued here. There is nothing to set up, and nothing to switch off."
        )


def keys_url(session: Session, hook_key: str) -> str | None:
    """Return where the keys of a source can be fetched; None for a source that has no such place."""
    found = session.scalar(select(tables.Source).where(tables.Source.hook_key == hook_key))
    return found.signature.get("jwks_url") if found else None


def add_keys(session: Session, hook_key: str, key_set: bytes) -> None:
    """Keep a fetched JWK Set beside the configured keys of a source, in the place of the one fetched before: a withdrawn key goes.

    Raises:
        problem.Problem: It is no JWK Set with a key for us; what was fetched before stays.
    """
    found = session.scalars(select(tables.Source).where(tables.Source.hook_key == hook_key).with_for_update()).one()
    fetched = document.parse(key_set)
    configured = signature.parse(found.signature)
    if isinstance(configured, signature.CanvasJwt):
        signature.with_keys(configured, fetched)
        found.fetched_keys = fetched


def reading_of(found: tables.Source) -> incoming.Reading:
    """Return how a source wants its deliveries read."""
    zone = zoneinfo.ZoneInfo(found.zone) if found.zone else None
    return incoming.Reading(zone, found.mapping or {})


def secrets_of(found: tables.Source) -> tuple[str, ...]:
    """Return the secrets that count for a source now; none where it signs with a key, or not at all."""
    return tuple(found.signature.get("secrets", ()))


def signature_of(found: tables.Source) -> signature.Scheme:
    """Return how a source signs, with the keys that were fetched for it."""
    configured = signature.parse(found.signature)
    if found.fetched_keys is not None and isinstance(configured, signature.CanvasJwt):
        return signature.with_keys(configured, found.fetched_keys)
    return configured
