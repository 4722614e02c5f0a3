"""Compose a badge, and lint it before it is signed.

What we write is stricter than what we read: arrays wherever the standard has one, OB 3.0.3 contexts only, no language maps, numbers that
every JSON-LD processor writes alike, and everything the reader checks.

Source: OB-3.0 AchievementCredential, "Serialization/JSON".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from badgeissuer.openbadges import identity, microcredential, model, results
from badgeissuer.problem import Finding
from badgeissuer.vc import contexts, document, instant, proof, shape, statuslist
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

CONTEXT = [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES]


class Recipient(NamedTuple):
    """Who earned it: by e-mail address, by DID, or both."""

    email: str | None = None
    did: str | None = None
    salt: str = ""


class Claims(NamedTuple):
    """What is said of one learner besides that they achieved it; members in Open Badges form."""

    results: Sequence[JsonObject] = ()
    evidence: Sequence[JsonObject] = ()
    credits_earned: float | None = None
    narrative: str | None = None
    license_number: str | None = None
    term: str | None = None
    activity_start: datetime | None = None
    activity_end: datetime | None = None


class Dates(NamedTuple):
    """When it was earned, and from when until when the badge counts."""

    awarded: datetime
    valid_from: datetime
    valid_until: datetime | None = None


class Particulars(NamedTuple):
    """What differs between the badges of one achievement: the arguments of `compose` but for the achievement and the issuer."""

    url: str
    recipient: Recipient
    claims: Claims
    dates: Dates
    status: statuslist.Entry

    def badge(self, achievement: JsonObject, issuer: JsonObject) -> JsonObject:
        """Return the unsigned badge."""
        return compose(
            self.url, achievement, issuer=issuer, recipient=self.recipient, claims=self.claims, dates=self.dates, status=self.status
        )


def context(achievement: JsonObject) -> list[str]:
    """Return the `@context` of badges of an Achievement: that of the standard, and where it says more than that, our extension's."""
    base = microcredential.site(achievement)
    return CONTEXT if base is None else [*CONTEXT, base + microcredential.PATH]


def compose(
    url: str, achievement: JsonObject, *, issuer: JsonObject, recipient: Recipient, claims: Claims, dates: Dates, status: statuslist.Entry
) -> JsonObject:
    """Return an unsigned badge.

    Args:
        url: Its `id`.
        achievement: The published Achievement.
        issuer: The Profile of the issuing unit.
        recipient: Who earned it.
        claims: What else is said of them.
        dates: When.
        status: Where its status will be found.
    """
    badge: JsonObject = {
        "@context": list(context(achievement)),
        "id": url,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": achievement["name"],
        "issuer": issuer,
        "validFrom": instant.write(dates.valid_from),
        "awardedDate": instant.write(dates.awarded),
    }
    if dates.valid_until:
        badge["validUntil"] = instant.write(dates.valid_until)
    badge["credentialSubject"] = _subject(achievement, recipient, claims)
    if claims.evidence:
        badge["evidence"] = list(claims.evidence)
    base = microcredential.site(achievement)
    if base is not None:
        badge["credentialSchema"] = [{"id": base + microcredential.SCHEMA_PATH, "type": microcredential.SCHEMA_TYPE}]
    return badge | {"credentialStatus": status.to_json()}


def _subject(achievement: JsonObject, recipient: Recipient, claims: Claims) -> JsonObject:
    optional = {
        "id": recipient.did,
        "identifier": [identity.hashed_email(recipient.email, salt=recipient.salt)] if recipient.email else None,
        "activityStartDate": claims.activity_start and instant.write(claims.activity_start),
        "activityEndDate": claims.activity_end and instant.write(claims.activity_end),
        "creditsEarned": plain_number(claims.credits_earned),
        "licenseNumber": claims.license_number,
        "narrative": claims.narrative,
        "term": claims.term,
        "achievement": achievement,
        "result": list(claims.results) or None,
    }
    return {"type": ["AchievementSubject"]} | {name: value for name, value in optional.items() if value is not None}


def plain_number(value: float | None) -> float | int | None:
    """Return a whole number as an integer: JSON readers differ in how they write 2.0 back. What no number can be is left to the lint."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= document.MAX_INTEGER else value


def lint(badge: JsonObject) -> proof.Linted:
    """Return the badge as one that may be signed.

    Raises:
        problem.Invalid: It is no good badge, or a signature would not cover all of it.
    """
    return proof.lint(badge, _context, shape.gate, _members, _style, known=microcredential.known(microcredential.asserted(badge)))


def _context(badge: JsonObject) -> tuple[Finding, ...]:
    if badge.get("@context") == context(microcredential.asserted(badge)):
        return ()
    return (Finding("The @context must be the one of Open Badges 3.0.3, and the extension's where its terms are used.", "/@context"),)


def _members(badge: JsonObject) -> tuple[Finding, ...]:
    findings = model.check(badge) + microcredential.rule(badge)
    if findings:
        return findings
    if badge.get("validUntil") and instant.read(badge["validUntil"]) < instant.read(badge["validFrom"]):
        return (Finding("validUntil lies before validFrom.", "/validUntil"),)
    subject = badge["credentialSubject"]
    return results.check(as_list(subject.get("result")), subject["achievement"], prefix="/credentialSubject/result")


def _style(badge: JsonObject) -> tuple[Finding, ...]:
    """Find what is legal to read but not how we write: single values for arrays, and what our own verifier could not answer for.

    Source: OB-3.0 "Serialization/JSON".
    """
    return tuple(_styled(badge, ""))


_PLURAL = {
    "alignment", "allowedValue", "evidence", "identifier", "otherIdentifier", "related", "result", "resultDescription",
    "rubricCriterionLevel", "tag", *microcredential.PLURAL,
}  # fmt: skip
_PLAIN = ("GeoCoordinates", "IdentifierEntry", "IdentityObject", "Image", microcredential.SCHEMA_TYPE, statuslist.ENTRY_TYPE)
"""Types of objects that have that one only, and have it as a text."""


def _styled(node: object, pointer: str) -> Iterator[Finding]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _styled(item, f"{pointer}/{index}")
    elif isinstance(node, dict):
        for key, value in node.items():
            fault = _fault(key, value)
            if fault:
                yield Finding(fault, f"{pointer}/{key}")
            yield from _styled(value, f"{pointer}/{key}")


def _fault(key: str, value: object) -> str | None:
    if key in {"endorsement", "endorsementJwt"}:
        return "An endorsement inside a badge could not be verified here; leave it out."
    kinds, is_array = as_list(value), isinstance(value, list)
    if key == "type" and is_array == (len(kinds) == 1 and kinds[0] in _PLAIN):
        return "type must be a text here." if is_array else "type must be an array, even of one."
    is_a_name = key == "identifier" and isinstance(value, str)
    is_a_reference = key == "resultDescription" and isinstance(value, str)
    return f"{key} must be an array, even of one." if key in _PLURAL and not (is_array or is_a_name or is_a_reference) else None
