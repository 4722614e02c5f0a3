"""Comprehensive Learner Records: badges of one learner, gathered and signed by a publisher; each badge keeps its own signature.

Source: CLR-2.0 ClrCredential, ClrSubject, Association.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator

from badgeissuer.openbadges import model, values
from badgeissuer.problem import Finding
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.vc.document import JsonObject

TYPE = "ClrCredential"
_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+")
_ENVELOPED = "EnvelopedVerifiableCredential"


def _credential(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict) and not (isinstance(value, str) and _JWS.fullmatch(value)):
        raise ValueError("must be a credential: an object, or a compact JWS as a text")
    return value


AssociationType = Literal["exactMatchOf", "isChildOf", "isParentOf", "isPartOf", "isPeerOf", "isRelatedTo", "precedes", "replacedBy"]


class Association(model.View):
    """How one achievement of the record stands to another."""

    type: Annotated[values.Types, AfterValidator(values.contains("Association"))]
    association_type: AssociationType
    source_id: values.Url
    target_id: values.Url


class ClrSubject(model.View):
    """Whose record it is, and what it holds."""

    type: Annotated[values.Types, AfterValidator(values.contains("ClrSubject"))]
    verifiable_credential: values.Many[Annotated[Any, AfterValidator(_credential)]]
    id: values.Url | None = None
    identifier: values.Many[model.IdentityObject] | None = None
    achievement: values.Many[model.Achievement] | None = None
    association: values.Many[Association] | None = None

    @pydantic.model_validator(mode="after")
    def _is_somebody(self) -> ClrSubject:
        if self.id is None and self.identifier is None:
            raise ValueError("must have an id or an identifier of the learner")
        return self


class Record(model.Credential):
    """What a learner record holds, in both versions of the W3C data model."""

    name: values.Text
    credential_subject: ClrSubject
    partial: bool | None = None

    @pydantic.field_validator("type")
    @classmethod
    def _is_a_record(cls, types: list[str]) -> list[str]:
        return values.contains(TYPE)(types)


class ClrCredential(Record, model.Validity):
    """A learner record."""


def is_clr(source: JsonObject) -> bool:
    """Return whether a document says that it is a learner record."""
    return TYPE in as_list(source.get("type"))


def check(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a document from being a ClrCredential; nothing when it is one. The credentials in it are not looked at."""
    return model.findings_of(ClrCredential, source) or loose_ends(source)


def loose_ends(source: JsonObject) -> tuple[Finding, ...]:
    """Return the ends of associations that are no achievement of the record, of one whose members are of the right form.

    An achievement is of the record if it is listed in it or asserted by a credential in it. Where a credential is a JWS, what it asserts
    cannot be seen here, and nothing is said.
    """
    credentials = [item for _, item in inner(source)]
    return () if any(_is_sealed(item) for item in credentials) else tuple(_loose_ends(source["credentialSubject"], credentials))


def inner(source: JsonObject) -> list[tuple[str, Any]]:
    """Return the credentials in a learner record, each with its JSON Pointer.

    Returns:
        The values as they stand there: an object or the text of a compact JWS. Anything else is no credential, and for the caller to
        refuse.
    """
    subject = source.get("credentialSubject")
    if not isinstance(subject, dict) or "verifiableCredential" not in subject:
        return []
    return model.items(subject["verifiableCredential"], "/credentialSubject/verifiableCredential")


def without(source: JsonObject) -> JsonObject:
    """Return a copy of a learner record without the credentials that `inner` finds in it."""
    subject = source.get("credentialSubject")
    if not isinstance(subject, dict):
        return dict(source)
    return source | {"credentialSubject": {name: value for name, value in subject.items() if name != "verifiableCredential"}}


def _loose_ends(subject: JsonObject, credentials: list[JsonObject]) -> Iterator[Finding]:
    people = [person for item in credentials for person in as_list(item.get("credentialSubject"))]
    asserted = [person.get("achievement") for person in people if isinstance(person, dict)]
    known = [item.get("id") for item in [*as_list(subject.get("achievement")), *asserted] if isinstance(item, dict)]
    for pointer, association in model.items(subject.get("association") or [], "/credentialSubject/association"):
        for name in ("sourceId", "targetId"):
            if association[name] not in known:
                yield Finding(f"The association names {association[name]}, which is no achievement of this record.", f"{pointer}/{name}")


def _is_sealed(item: object) -> bool:
    return not isinstance(item, dict) or _ENVELOPED in as_list(item.get("type"))
