"""The Open Badges 3.0 data model as views: what a document must hold to be read as a badge.

A view is for checking and reading. It never writes a received document back: what was signed is what is kept. Members that the
standard does not name are let through here; JSON-LD in safe mode refuses those that no context defines.

Reading takes one value or an array of values where the standard has an array (compaction, since document version 1.3).

Source: OB-3.0 data model, as of document version 1.4.5.
"""

from __future__ import annotations

import functools
import re
from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, alias_generators
from pydantic_core import CoreSchema, core_schema

from badgeissuer import problem
from badgeissuer.openbadges import fit, terms
from badgeissuer.vc import credential, instant, jsonld
from badgeissuer.vc.document import JsonObject

_EXTENSION = re.compile(r"ext:[A-Za-z0-9._][A-Za-z0-9._-]*")
"""Anchored, unlike the pattern of the schema, which however knows no hyphen: it must not come first."""
_LANGUAGE = re.compile(r"[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")

T = TypeVar("T")


def contains(name: str) -> fit.Check[list[str]]:
    """Return a validator of the types of a node: `name` must be among them."""

    def check(types: list[str]) -> list[str]:
        if name not in types:
            raise ValueError(f"must contain {name}")
        return types

    return fit.Check(check, _only_type(name))


def _only(name: str) -> fit.Check[list[str]]:
    def check(types: list[str]) -> list[str]:
        if types != [name]:
            raise ValueError(f"must be {name}, and nothing else")
        return types

    return fit.Check(check, _only_type(name))


def _only_type(name: str) -> tuple[CoreSchema, ...]:
    literal = core_schema.literal_schema([name])
    return core_schema.list_schema(literal, min_length=1, max_length=1), literal


def one_of(known: frozenset[str]) -> fit.Check[str]:
    """Return a validator of a term: one of those known, or an extension."""

    def check(term: str) -> str:
        if term not in known and not _EXTENSION.fullmatch(term):
            raise ValueError(f"must be a term of the standard ({', '.join(sorted(known))}), or an extension written ext:Name")
        return term

    return fit.Check(check, (core_schema.literal_schema(sorted(known)),))


def _url(value: str) -> str:
    if not jsonld.ABSOLUTE_IRI.fullmatch(value):
        raise ValueError("must be an absolute URL")
    return value


def _moment(value: str) -> str:
    try:
        instant.read(value)
    except problem.Invalid as error:
        raise ValueError(error.detail) from None
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language tag such as en or pt-BR")
    return value


_PLAIN_URL = core_schema.str_schema(pattern=r"\A[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+\z")
"""A URL in ASCII."""
_PLAIN_MOMENT = core_schema.str_schema(
    pattern=r"\A(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z\z"
)
"""A moment of our time and in UTC, on one of the days that all months have."""
_LISTED = fit.Check(credential.as_list, is_shy=True)

Many = Annotated[list[T], BeforeValidator(_LISTED), Field(min_length=1)]
Types = Annotated[list[str], BeforeValidator(_LISTED)]
Url = Annotated[str, AfterValidator(fit.Check(_url, (_PLAIN_URL,)))]
Moment = Annotated[str, AfterValidator(fit.Check(_moment, (_PLAIN_MOMENT,)))]
Text = Annotated[str, Field(min_length=1)]
AchievementType = Annotated[str, AfterValidator(one_of(terms.ACHIEVEMENT_TYPES))]
ResultType = Annotated[str, AfterValidator(one_of(terms.RESULT_TYPES))]
TargetType = Annotated[str, AfterValidator(one_of(terms.TARGET_TYPES))]
IdentifierType = Annotated[str, AfterValidator(one_of(terms.IDENTIFIER_TYPES))]
ResultStatus = Literal["Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"]
Number = FiniteFloat


class View(BaseModel):
    """A JSON object of the standard; its members in their own spelling."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, alias_generator=alias_generators.to_camel, populate_by_name=False)


class Closed(View):
    """One of the few objects to which nobody may add members."""

    model_config = ConfigDict(extra="forbid")


class Image(Closed):
    """A picture by URL or data URI."""

    id: Url
    type: Annotated[Types, AfterValidator(_only("Image"))]
    caption: str | None = None


class IdentityObject(Closed):
    """Who the badge is for, plain or hashed."""

    type: Annotated[Types, AfterValidator(_only("IdentityObject"))]
    hashed: bool
    identity_hash: Text
    identity_type: IdentifierType
    salt: str | None = None


class IdentifierEntry(Closed):
    """A name that some system has for a thing."""

    type: Annotated[Types, AfterValidator(_only("IdentifierEntry"))]
    identifier: Text
    identifier_type: IdentifierType


class Address(View):
    """Where an organisation is."""

    type: Annotated[Types, AfterValidator(contains("Address"))]
    address_country: Text | None = None
    address_country_code: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    address_region: Text | None = None
    address_locality: Text | None = None
    street_address: Text | None = None
    postal_code: Text | None = None


class Profile(View):
    """A person or an organisation."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("Profile"))]
    name: Text | None = None
    url: Url | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    official: str | None = None
    image: Image | None = None
    address: Address | None = None
    parent_org: Profile | None = None
    other_identifier: Many[IdentifierEntry] | None = None


def _profile(value: object) -> object:
    """An issuer may be named by its URL alone."""
    return {"id": value, "type": ["Profile"]} if isinstance(value, str) else value


class Criteria(View):
    """What must be done to earn the achievement."""

    id: Url | None = None
    narrative: Text | None = None

    @pydantic.model_validator(mode="after")
    def _says_something(self) -> Criteria:
        if self.id is None and self.narrative is None:
            raise ValueError("must have a narrative or an id that is the URL of one")
        return self


class Alignment(View):
    """A node of a framework that the achievement is aligned to: a learning outcome, a skill."""

    type: Annotated[Types, AfterValidator(contains("Alignment"))]
    target_name: Text
    target_url: Url
    target_type: TargetType | None = None
    target_code: str | None = None
    target_description: str | None = None
    target_framework: str | None = None


class RubricCriterionLevel(View):
    """A level of a rubric, lowest first in its list."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("RubricCriterionLevel"))]
    name: Text
    description: str | None = None
    level: str | None = None
    points: str | None = None
    alignment: Many[Alignment] | None = None


class ResultDescription(View):
    """What is assessed, and on which scale."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("ResultDescription"))]
    name: Text
    result_type: ResultType
    allowed_value: Many[str] | None = None
    required_level: Url | None = None
    required_value: str | None = None
    rubric_criterion_level: Many[RubricCriterionLevel] | None = None
    value_max: str | None = None
    value_min: str | None = None
    alignment: Many[Alignment] | None = None


class Related(View):
    """The same achievement in another language or version."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("Related"))]
    in_language: Annotated[str, AfterValidator(_language)] | None = None
    version: str | None = None


class Achievement(View):
    """What was achieved: the definition that all its badges share."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("Achievement"))]
    name: Text
    description: Text
    criteria: Criteria
    achievement_type: AchievementType | None = None
    alignment: Many[Alignment] | None = None
    creator: Profile | None = None
    credits_available: Number | None = None
    field_of_study: str | None = None
    human_code: str | None = None
    image: Image | None = None
    in_language: Annotated[str, AfterValidator(_language)] | None = None
    other_identifier: Many[IdentifierEntry] | None = None
    related: Many[Related] | None = None
    result_description: Many[ResultDescription] | None = None
    specialization: str | None = None
    tag: Many[str] | None = None
    version: str | None = None


class Result(View):
    """What one learner achieved on one scale."""

    type: Annotated[Types, AfterValidator(contains("Result"))]
    result_description: Url | None = None
    achieved_level: Url | None = None
    status: ResultStatus | None = None
    value: str | None = None
    alignment: Many[Alignment] | None = None


class Evidence(View):
    """Something that shows the work."""

    id: Url | None = None
    type: Annotated[Types, AfterValidator(contains("Evidence"))]
    name: str | None = None
    narrative: str | None = None
    description: str | None = None
    genre: str | None = None
    audience: str | None = None


class AchievementSubject(View):
    """Who achieved it, and how well."""

    type: Annotated[Types, AfterValidator(contains("AchievementSubject"))]
    achievement: Achievement
    id: Url | None = None
    identifier: Many[IdentityObject] | None = None
    activity_end_date: Moment | None = None
    activity_start_date: Moment | None = None
    credits_earned: Number | None = None
    image: Image | None = None
    license_number: str | None = None
    narrative: str | None = None
    result: Many[Result] | None = None
    role: str | None = None
    source: Profile | None = None
    term: str | None = None

    @pydantic.model_validator(mode="after")
    def _is_somebody(self) -> AchievementSubject:
        if self.id is None and self.identifier is None:
            raise ValueError("must have an id or an identifier of the learner")
        return self


KINDS = (frozenset({"OpenBadgeCredential", "AchievementCredential"}), frozenset({"EndorsementCredential"}), frozenset({"ClrCredential"}))
"""The kinds of credential that 1EdTech has; the first has two names with one meaning."""


class Credential(View):
    """What badges, endorsements and learner records have in common, in both versions of the W3C data model."""

    id: Url
    type: Annotated[Types, AfterValidator(contains("VerifiableCredential"))]
    issuer: Annotated[Profile, BeforeValidator(fit.Check(_profile, is_shy=True))]
    name: str | None = None
    description: str | None = None
    awarded_date: Moment | None = None

    @pydantic.field_validator("type")
    @classmethod
    def _is_of_one_kind(cls, types: list[str]) -> list[str]:
        # Which rules bind the document must not depend on which of its types a reader looks for first.
        if len([kind for kind in KINDS if kind & set(types)]) > 1:
            raise ValueError("names more than one kind of credential; it is a badge, an endorsement or a learner record")
        return types


class Validity(View):
    """From when until when a credential counts, as the data model 2.0 writes it."""

    valid_from: Moment
    valid_until: Moment | None = None


class Badge(Credential):
    """What a badge holds, in both versions of the W3C data model."""

    credential_subject: AchievementSubject
    image: Image | None = None
    evidence: Many[Evidence] | None = None

    @pydantic.field_validator("type")
    @classmethod
    def _is_a_badge(cls, types: list[str]) -> list[str]:
        if not KINDS[0] & set(types):
            raise ValueError("must contain OpenBadgeCredential or AchievementCredential")
        return types


class AchievementCredential(Badge, Validity):
    """A badge (also called OpenBadgeCredential; both names have one meaning)."""


def items(value: Any, pointer: str) -> list[tuple[str, Any]]:  # noqa: ANN401 - any JSON value
    """Return what a member holds that may be one value or an array, each with its JSON Pointer; `pointer` is the member's."""
    return [(problem.below(pointer, index), item) for index, item in enumerate(value)] if isinstance(value, list) else [(pointer, value)]


def below(pointer: str, name: str) -> str:
    """Return the JSON Pointer of the member `name` of the object at `pointer` (RFC 6901 section 3)."""
    return problem.below(pointer, name)


def check(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what keeps a document from being an AchievementCredential; nothing when it is one."""
    return findings_of(AchievementCredential, source)


def findings_of(view: type[View], source: JsonObject, *, prefix: str = "") -> tuple[problem.Finding, ...]:
    """Return what keeps `source` from being read as `view`; pointers begin with `prefix`."""
    if fit.fits(view, source):
        return ()
    found = []
    try:
        view.model_validate(source)
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    return tuple(_finding(item, prefix) for item in found)


def unknown_members(view: type[View], source: JsonObject, *, prefix: str = "") -> tuple[problem.Finding, ...]:
    """Return the members of `source` that the standard does not name for `view`: in what we write they are slips of the pen."""
    known = {field.alias for field in view.model_fields.values()}
    unknown = sorted(set(source) - known)
    return tuple(problem.Finding(f"{name[:80]!r} is no member of {view.__name__}.", problem.below(prefix, name)) for name in unknown)


def _finding(error: Any, prefix: str) -> problem.Finding:  # noqa: ANN401 - pydantic's own dictionary
    reason = error["msg"].removeprefix("Value error, ")
    where = ".".join(str(part) for part in error["loc"]) or "The document"
    detail = f"{where} is missing." if error["type"] == "missing" else f"{where}: {reason[:1].lower()}{reason[1:]}."
    return problem.Finding(detail.replace("..", "."), functools.reduce(problem.below, error["loc"], prefix))
