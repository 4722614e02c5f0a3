"""A delivery as the adapters see it: its value, the headers that are kept with it, and how its source wants it read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from badgeissuer import problem
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from pydantic import JsonValue

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 1000
"""Fields of a form."""

_KEPT = re.compile(r"content-type|user-agent|webhook-id|webhook-timestamp|x-experience-api-version|ce-[a-z0-9]{1,40}")
_FIELD = re.compile(rb"[A-Za-z0-9_.%+\[\]-]+=")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source wants its deliveries read.

    Attributes:
        zone: The zone of times that are written without one; None where such a time is an error.
        mapping: Where the generic adapter finds what; for no other.
    """

    zone: tzinfo | None = None
    mapping: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery.

    Attributes:
        value: What its body holds: a JSON object or array, or the fields of a form.
        headers: Those of its headers that are kept, names in lower case.
    """

    value: JsonValue
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def object(self) -> Mapping[str, JsonValue]:
        """The body, where it is one object.

        Raises:
            problem.Malformed: It is an array.
        """
        if isinstance(self.value, dict):
            return self.value
        raise problem.Malformed("The body must be one JSON object, not an array.")


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers, named in lower case, that are stored with a delivery: neither signatures nor credentials are."""
    return {name: value for name, value in headers.items() if _KEPT.fullmatch(name)}


def read(body: bytes, headers: Mapping[str, str]) -> Incoming:
    """Return what a body holds: JSON, or the fields of a form; what it says of itself in Content-Type decides only where it could be both.

    Args:
        body: What the sender vouches for.
        headers: The headers that came with it, names in lower case.

    Raises:
        problem.Problem: It is neither a JSON object or array nor a form.
    """
    if is_form(body, headers):
        return Incoming(_fields(body), kept(headers))
    value = document.parse_any(body)
    if not isinstance(value, dict | list):
        raise problem.Malformed("The body must be a JSON object or array, or the fields of a form.")
    return Incoming(value, kept(headers))


def is_form(body: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether `read` takes a body for a form."""
    start = body.lstrip()[:1]
    return start not in (b"{", b"[") and (headers.get("content-type", "").startswith(FORM) or _FIELD.match(body) is not None)


def _fields(body: bytes) -> dict[str, JsonValue]:
    """Return the fields of a form; one that stands twice refuses it, for two readers may see two forms."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise problem.Malformed("The body is no form in UTF-8, or has too many fields.") from None
    found: dict[str, JsonValue] = dict(pairs)
    if len(found) < len(pairs):
        raise problem.Malformed("A field stands twice in the form.")
    return found
