"""CloudEvents 1.0 over HTTP: structured (the event is the body), batch (an array of them) and binary (`ce-` headers, the data is the body).

What happened stands in `data`, best in the words of our native shape: its `data` (`{"learner", "course", "result", …}`), or the whole of
it. Of anything else only the attributes are known, and nobody is named.

Source: CloudEvents 1.0.2, JSON event format and HTTP protocol binding.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from urllib.parse import unquote

from badgeissuer import problem
from badgeissuer.awarding import bundle, event, incoming, members, native

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from badgeissuer.awarding.members import Members

_STRUCTURED = "application/cloudevents"
_PREFIX = "ce-"


def read(given: incoming.Incoming, reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the events of a body in any of the three modes.

    The key is the hash of `source` and `id`, which together name an event, or of the whole event where one is missing. The item is the
    subject. The headers of the binary mode are not part of what a signature over the body vouches for.

    Raises:
        problem.Malformed: when an event has no type, its data is half in our shape, or a member that we read has a wrong type.
        problem.TooLarge: for too many events.
    """
    is_structured = given.headers.get("content-type", "").startswith(_STRUCTURED)
    if f"{_PREFIX}id" in given.headers and not is_structured:
        return (_read(_attributes(given.headers) | {"data": given.value}, reading),)
    if isinstance(given.value, list):
        return bundle.read(given.value, lambda item: _read(item, reading))
    return (_read(given.object, reading),)


def _attributes(headers: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the attributes in the headers; what ASCII cannot say is percent-encoded in them."""
    try:
        return {name.removeprefix(_PREFIX): unquote(value, errors="strict") for name, value in headers.items() if name.startswith(_PREFIX)}
    except UnicodeDecodeError:
        raise problem.Malformed("A `ce-` header is not percent-encoded UTF-8. Encode it as CloudEvents describes.") from None


def _read(given: Members, reading: incoming.Reading) -> event.LearningEvent:
    kind = members.text(given, "type")
    if kind is None:
        raise problem.Malformed("This is no CloudEvent: `type` is missing. Send specversion, id, source and type.")
    found = _happened(given, kind, reading)
    source, identifier = members.text(given, "source"), members.text(given, "id")
    named: Members = {"source": source, "id": identifier} if source and identifier else given
    return dataclasses.replace(
        found,
        key=event.content_key(named),
        occurred_at=found.occurred_at or members.moment(given, "time", zone=reading.zone),
        item=members.text(given, "subject"),
    )


def _happened(given: Members, kind: str, reading: incoming.Reading) -> event.LearningEvent:
    data = given.get("data")
    inner = data.get("data") if isinstance(data, dict) else None
    for body in (data, inner):
        if isinstance(body, dict) and isinstance(body.get("learner"), dict):
            (found,) = native.read(incoming.Incoming({"type": kind, "data": body}), reading)
            return found
    return event.LearningEvent(
        key="",
        type=kind,
        occurred_at=None,
        course=None,
        courses=(),
        run=None,
        learner=event.LearnerClaim(None, None, None, None),
        result=event.ResultClaim(None, None, None, None, None),
        credits=None,
        evidence=(),
    )
