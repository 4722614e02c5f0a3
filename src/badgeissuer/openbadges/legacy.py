"""Badges of Open Badges 3.0.0 and 3.0.1: the same content on the W3C data model 1.1, with `issuanceDate` and `expirationDate`.

They are read, never issued. Looser than today's rules is only what the text of their time, or 1EdTech's own examples of it, had otherwise:
an identity may be of the type `email`, an endorsement needs no name, and the associations of a learner record may name achievements that
are not in it. Stricter is that a badge must have a name.

Source: VC-DATA-MODEL-1.1; OB-3.0 "AnyAchievementCredential", "AnyEndorsementCredential".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from badgeissuer.openbadges import clr, endorsement, model, terms, values
from badgeissuer.problem import Finding
from badgeissuer.vc import contexts
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject


class Validity(model.View):
    """From when until when a credential counts, as the data model 1.1 writes it."""

    issuance_date: values.Moment
    expiration_date: values.Moment | None = None


class IdentityObject(model.IdentityObject):
    """Who the badge is for; the complete example of the time has addresses of the type `email`."""

    identity_type: Annotated[str, AfterValidator(values.one_of(terms.IDENTIFIER_TYPES | {"email"}))]


class AchievementSubject(model.AchievementSubject):
    """Who achieved it, and how well."""

    # A list of narrower items could not take the place of the wider one if anybody wrote to it; nobody writes to a view.
    identifier: values.Many[IdentityObject] | None = None  # type: ignore[assignment]


class AchievementCredential(model.Badge, Validity):
    """A badge; unlike today's it must have a name."""

    name: values.Text
    credential_subject: AchievementSubject


class EndorsementCredential(endorsement.Endorsement, Validity):
    """An endorsement; its name became required only later."""


class ClrCredential(clr.Record, Validity):
    """A learner record."""


def is_legacy(source: JsonObject) -> bool:
    """Return whether a document is one of the W3C data model 1.1, by the first of its contexts."""
    return as_list(source.get("@context"))[:1] == [contexts.CREDENTIALS_V1]


def check(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a document from being a badge of that time; nothing when it is one."""
    return (*_of_another_time(source), *model.findings_of(AchievementCredential, source))


def check_endorsement(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a document from being an endorsement of that time; nothing when it is one."""
    return (*_of_another_time(source), *model.findings_of(EndorsementCredential, source))


def check_clr(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a document from being a learner record of that time; nothing when it is one."""
    return (*_of_another_time(source), *model.findings_of(ClrCredential, source))


def _of_another_time(source: JsonObject) -> tuple[Finding, ...]:
    """Find the dates of the data model 2.0: the context of 1.1 reserves their names, and so there would be two ways to say one thing."""
    names = {"validFrom": "issuanceDate", "validUntil": "expirationDate"}
    return tuple(
        Finding(f"{name} is of the data model 2.0; a document of 1.1 says {older} instead.", f"/{name}")
        for name, older in names.items()
        if name in source
    )
