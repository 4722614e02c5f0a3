"""What the schemes share: the base of their models, what a proof gives, and how a secret is compared."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import pydantic

from badgeissuer import problem
from badgeissuer.awarding import incoming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DETAIL = "The delivery could not be authenticated. Check the signature, the key or secret, and the sender's clock."
"""What every failure says: which part was wrong would help a forger."""
MAX_HEADER = 8192
"""Characters of a header that is looked at."""
MIN_SECRET = 16
"""Characters of a secret that a person may choose; Standard Webhooks asks for more."""
MAX_SECRET = 512
"""Characters of a secret."""
MAX_SECRETS = 8
"""Secrets of a source, which overlap while one replaces another."""
UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""What no name and no secret may hold: control characters, and half of a surrogate pair."""

_MAX_FINDINGS = 20
_NO_OBJECT = {"model_type", "model_attributes_type"}
_VISIBLE = re.compile(r"[!-+\--~]+")  # ASCII without space, which ends a credential, and without comma, which joins two
_PREFIX = re.compile(r"[ -+\--~]{0,64}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a delivery proved.

    Attributes:
        payload: The bytes that the source vouches for: the payload of a JWT, the body without the token it carries, else the body.
        key: The sender's id of the delivery, the same when it is repeated; None where the scheme has none.
    """

    payload: bytes
    key: str | None


class Model(pydantic.BaseModel):
    """The base of what configures a scheme."""

    # The input of an error can hold a secret.
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _is_header(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError("the name of a header has 1 to 64 letters, digits and hyphens")
    if incoming.kept({name.lower(): ""}):
        raise ValueError("headers of this name are stored with every delivery, so they must carry no secret; use another name")
    return name


def _is_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("the prefix has at most 64 visible ASCII characters and spaces, and no comma")
    return prefix


def _are_texts(secrets: tuple[str, ...]) -> tuple[str, ...]:
    if not all(MIN_SECRET <= len(secret) <= MAX_SECRET and not UNWRITABLE.search(secret) for secret in secrets):
        raise ValueError(f"each secret must be a text of {MIN_SECRET} to {MAX_SECRET} characters without control characters")
    return secrets


def _are_visible(secrets: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_VISIBLE.fullmatch(secret) for secret in _are_texts(secrets)):
        raise ValueError("each secret travels in a header, so it must be of visible ASCII characters, without space and comma")
    return secrets


HeaderName = Annotated[str, pydantic.AfterValidator(_is_header)]
"""The name of a header (RFC 9110 section 5.1) that is not among those which are stored."""
Prefix = Annotated[str, pydantic.AfterValidator(_is_prefix)]
"""What stands before the value in a header; visible ASCII characters and spaces, but no comma."""
_Several = pydantic.Field(min_length=1, max_length=MAX_SECRETS, repr=False)
Secrets = Annotated[tuple[str, ...], _Several, pydantic.AfterValidator(_are_texts)]
"""One to eight secrets of any text."""
HeaderSecrets = Annotated[tuple[str, ...], _Several, pydantic.AfterValidator(_are_visible)]
"""One to eight secrets that can stand in a header as they are."""


def header(headers: Mapping[str, str], name: str, *, prefix: str = "") -> str:
    """Return what stands in a header after its prefix.

    Args:
        headers: The request's headers, names in lower case.
        name: The header's name in any case.
        prefix: What the value must begin with, in this case.

    Raises:
        problem.Unauthenticated: when it is missing, huge, or without the prefix, or came twice, so that a comma joins two values.
    """
    value = headers.get(name.lower(), "")
    if len(value) > MAX_HEADER or "," in value or not value.startswith(prefix):
        raise problem.Unauthenticated(DETAIL)
    return value[len(prefix) :]


def require(given: bytes, expected: Iterable[bytes]) -> None:
    """Compare with every value in constant time; that all are compared hides which of them was near.

    Raises:
        problem.Unauthenticated: when none is equal.
    """
    matches = [hmac.compare_digest(given, one) for one in expected]
    if not any(matches):
        raise problem.Unauthenticated(DETAIL)


def bytes_of(text: str) -> bytes:
    """Return a text from outside as bytes; half a surrogate pair, which no secret has, becomes what no secret has either."""
    return text.encode("utf-8", "surrogatepass")


def findings(error: pydantic.ValidationError, *, pointer: str, scheme: object = None) -> tuple[problem.Finding, ...]:
    """Return the faults with their places; the name of the scheme, which pydantic puts first, is no place in the document."""
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_FINDINGS]:
        path = item["loc"][1:] if item["loc"][:1] == (scheme,) else item["loc"]
        path = ("scheme",) if item["type"].startswith("union_tag_") else path
        where = pointer + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        said = "an object is needed" if item["type"] in _NO_OBJECT else item["msg"].removeprefix("Value error, ")
        found.append(problem.Finding(f"{where or 'The signature'}: {said}.", where))
    return tuple(found)
