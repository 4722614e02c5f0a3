"""The Open Badges 3.0 data model as views: what a document must hold to be read as a badge.

A view is for checking and reading. It never writes a received document back: what was signed is what is kept. Members that the
standard does not name are let through here; JSON-LD in safe mode refuses those that no context defines.

Reading takes one value or an array of values where the standard has an array (compaction, since document version 1.3).

Source: OB-3.0 data model, as of document version 1.4.5.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, alias_generators

from badgeissuer import problem
from badgeissuer.openbadges import fit, values
from badgeissuer.vc.document import JsonObject


class View(BaseModel):
    """A JSON object of the standard; its members in their own spelling."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, alias_generator=alias_generators.to_camel, populate_by_name=False)


class Closed(View):
    """One of the few objects to which nobody may add members."""

    model_config = ConfigDict(extra="forbid")


class Image(Closed):
    """A picture by URL or data URI."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.only("Image"))]
    caption: str | None = None


class IdentityObject(Closed):
    """Who the badge is for, plain or hashed."""

    type: Annotated[values.Types, AfterValidator(values.only("IdentityObject"))]
    hashed: bool
    identity_hash: values.Text
    identity_type: values.IdentifierType
    salt: str | None = None


class IdentifierEntry(Closed):
    """A name that some system has for a thing."""

    type: Annotated[values.Types, AfterValidator(values.only("IdentifierEntry"))]
    identifier: values.Text
    identifier_type: values.IdentifierType


class Address(View):
    """Where an organisation is."""

    type: Annotated[values.Types, AfterValidator(values.contains("Address"))]
    address_country: values.Text | None = None
    address_country_code: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    address_region: values.Text | None = None
    address_locality: values.Text | None = None
    street_address: values.Text | None = None
    postal_code: values.Text | None = None


class Profile(View):
    """A person or an organisation."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("Profile"))]
    name: values.Text | None = None
    url: values.Url | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    official: str | None = None
    image: Image | None = None
    address: Address | None = None
    parent_org: Profile | None = None
    other_identifier: values.Many[IdentifierEntry] | None = None


def _profile(value: object) -> object:
    """An issuer may be named by its URL alone."""
    return {"id": value, "type": ["Profile"]} if isinstance(value, str) else value


class Criteria(View):
    """What must be done to earn the achievement."""

    id: values.Url | None = None
    narrative: values.Text | None = None

    @pydantic.model_validator(mode="after")
    def _says_something(self) -> Criteria:
        if self.id is None and self.narrative is None:
            raise ValueError("must have a narrative or an id that is the URL of one")
        return self


class Alignment(View):
    """A node of a framework that the achievement is aligned to: a learning outcome, a skill."""

    type: Annotated[values.Types, AfterValidator(values.contains("Alignment"))]
    target_name: values.Text
    target_url: values.Url
    target_type: values.TargetType | None = None
    target_code: str | None = None
    target_description: str | None = None
    target_framework: str | None = None


class RubricCriterionLevel(View):
    """A level of a rubric, lowest first in its list."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("RubricCriterionLevel"))]
    name: values.Text
    description: str | None = None
    level: str | None = None
    points: str | None = None
    alignment: values.Many[Alignment] | None = None


class ResultDescription(View):
    """What is assessed, and on which scale."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("ResultDescription"))]
    name: values.Text
    result_type: values.ResultType
    allowed_value: values.Many[str] | None = None
    required_level: values.Url | None = None
    required_value: str | None = None
    rubric_criterion_level: values.Many[RubricCriterionLevel] | None = None
    value_max: str | None = None
    value_min: str | None = None
    alignment: values.Many[Alignment] | None = None


class Related(View):
    """The same achievement in another language or version."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("Related"))]
    in_language: values.Language | None = None
    version: str | None = None


class Achievement(View):
    """What was achieved: the definition that all its badges share."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("Achievement"))]
    name: values.Text
    description: values.Text
    criteria: Criteria
    achievement_type: values.AchievementType | None = None
    alignment: values.Many[Alignment] | None = None
    creator: Profile | None = None
    credits_available: values.Number | None = None
    field_of_study: str | None = None
    human_code: str | None = None
    image: Image | None = None
    in_language: values.Language | None = None
    other_identifier: values.Many[IdentifierEntry] | None = None
    related: values.Many[Related] | None = None
    result_description: values.Many[ResultDescription] | None = None
    specialization: str | None = None
    tag: values.Many[str] | None = None
    version: str | None = None


class Result(View):
    """What one learner achieved on one scale."""

    type: Annotated[values.Types, AfterValidator(values.contains("Result"))]
    result_description: values.Url | None = None
    achieved_level: values.Url | None = None
    status: values.ResultStatus | None = None
    value: str | None = None
    alignment: values.Many[Alignment] | None = None


class Evidence(View):
    """Something that shows the work."""

    id: values.Url | None = None
    type: Annotated[values.Types, AfterValidator(values.contains("Evidence"))]
    name: str | None = None
    narrative: str | None = None
    description: str | None = None
    genre: str | None = None
    audience: str | None = None


class AchievementSubject(View):
    """Who achieved it, and how well."""

    type: Annotated[values.Types, AfterValidator(values.contains("AchievementSubject"))]
    achievement: Achievement
    id: values.Url | None = None
    identifier: values.Many[IdentityObject] | None = None
    activity_end_date: values.Moment | None = None
    activity_start_date: values.Moment | None = None
    credits_earned: values.Number | None = None
    image: Image | None = None
    license_number: str | None = None
    narrative: str | None = None
    result: values.Many[Result] | None = None
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

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("VerifiableCredential"))]
    issuer: Annotated[Profile, BeforeValidator(fit.Check(_profile, is_shy=True))]
    name: str | None = None
    description: str | None = None
    awarded_date: values.Moment | None = None

    @pydantic.field_validator("type")
    @classmethod
    def _is_of_one_kind(cls, types: list[str]) -> list[str]:
        # Which rules bind the document must not depend on which of its types a reader looks for first.
        if len([kind for kind in KINDS if kind & set(types)]) > 1:
            raise ValueError("names more than one kind of credential; it is a badge, an endorsement or a learner record")
        return types


class Validity(View):
    """From when until when a credential counts, as the data model 2.0 writes it."""

    valid_from: values.Moment
    valid_until: values.Moment | None = None


class Badge(Credential):
    """What a badge holds, in both versions of the W3C data model."""

    credential_subject: AchievementSubject
    image: Image | None = None
    evidence: values.Many[Evidence] | None = None

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
