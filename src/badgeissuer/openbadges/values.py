"""The kinds of values that members of Open Badges 3.0 hold: what the model's views are made of.

Source: OB-3.0 data model, as of document version 1.4.5.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat
from pydantic_core import CoreSchema, core_schema

from badgeissuer import problem
from badgeissuer.openbadges import fit, terms
from badgeissuer.vc import credential, instant, jsonld

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


def only(name: str) -> fit.Check[list[str]]:
    """Return a validator of the types of a node: `name` must be the only one."""

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
Language = Annotated[str, AfterValidator(_language)]
Text = Annotated[str, Field(min_length=1)]
AchievementType = Annotated[str, AfterValidator(one_of(terms.ACHIEVEMENT_TYPES))]
ResultType = Annotated[str, AfterValidator(one_of(terms.RESULT_TYPES))]
TargetType = Annotated[str, AfterValidator(one_of(terms.TARGET_TYPES))]
IdentifierType = Annotated[str, AfterValidator(one_of(terms.IDENTIFIER_TYPES))]
ResultStatus = Literal["Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"]
Number = FiniteFloat
