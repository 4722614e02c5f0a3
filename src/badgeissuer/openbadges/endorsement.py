"""Endorsements: what somebody else says of a badge, an achievement or an organisation, as a credential of its own.

They stand in a badge as objects (`endorsement`) or as compact JWS (`endorsementJwt`): on the credential, on its achievement and on every
profile. Each has a signature of its own and is verified by itself; the signature over the badge covers them only as part of its text.

Source: OB-3.0 EndorsementCredential, EndorsementSubject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
import pydantic
from pydantic import AfterValidator

from badgeissuer.openbadges import model, values
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.problem import Finding
    from badgeissuer.vc.document import JsonObject

TYPE = "EndorsementCredential"
MEMBERS = ("endorsement", "endorsementJwt")
"""Where endorsements stand, in whatever object."""
_WRITTEN = b'"endorsement'


class EndorsementSubject(model.View):
    """What is endorsed, and with which words."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("EndorsementSubject"))]
    endorsement_comment: str | None = None


class Endorsement(model.Credential):
    """What an endorsement holds, in both versions of the W3C data model."""

    credential_subject: EndorsementSubject

    @pydantic.field_validator("type")
    @classmethod
    def _is_an_endorsement(cls, types: list[str]) -> list[str]:
        return values.contains(TYPE)(types)


class EndorsementCredential(Endorsement, model.Validity):
    """An endorsement; unlike a badge it must have a name."""

    name: values.Text


def is_endorsement(source: JsonObject) -> bool:
    """Return whether a document says that it is an endorsement."""
    return TYPE in as_list(source.get("type"))


def check(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a document from being an EndorsementCredential; nothing when it is one."""
    return model.findings_of(EndorsementCredential, source)


def embedded(source: JsonObject) -> list[tuple[str, Any]]:
    """Return the endorsements in a badge, at any depth and in the order of the document; those inside an endorsement are its own.

    Returns:
        The JSON Pointer of each, and the value as it stands there: an object or the text of a compact JWS. Anything else is no
        endorsement, and for the caller to refuse.
    """
    return list(_embedded(source, "")) if _may_hold_any(source) else []


def without(source: JsonObject) -> JsonObject:
    """Return a copy of a document without the endorsements that `embedded` finds in it."""
    return {name: _without(value) for name, value in source.items() if name not in MEMBERS}


def _may_hold_any(source: JsonObject) -> bool:
    """Return whether a member's name begins as those of `MEMBERS` do, or a text does: most badges have none, and so it is quickly told."""
    try:
        return _WRITTEN in orjson.dumps(source, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except orjson.JSONEncodeError:
        return True


def _embedded(value: object, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            place = model.below(pointer, name)
            yield from model.items(member, place) if name in MEMBERS else _embedded(member, place)
    elif isinstance(value, list):
        for place, item in model.items(value, pointer):
            yield from _embedded(item, place)


def _without(value: object) -> object:
    if isinstance(value, dict):
        return without(value)
    return [_without(item) for item in value] if isinstance(value, list) else value
