"""Which adapter reads which platform, and what every event must satisfy whoever sent it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from badgeissuer import problem
from badgeissuer.awarding import badges, caliper, canvas, cloudevents, cmi5, event, faults, generic, incoming, moodle, native, openedx, xapi

Adapter = Callable[[incoming.Incoming, incoming.Reading], tuple[event.LearningEvent, ...]]

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        "badges": badges.read,
        "caliper": caliper.read,
        "canvas": canvas.read,
        "cloudevents": cloudevents.read,
        "cmi5": cmi5.read,
        "generic": generic.read,
        "moodle": moodle.read,
        "native": native.read,
        "openedx": openedx.read,
        "xapi": xapi.read,
    },
)
"""The adapters by the name that a source gives; a new platform is a module with `read` and a line here."""

MAX_NAME = 300
"""Code points of a display name; a longer one is cut."""
MAX_ID = 255
"""Code points of an id, a type, a grade and the like; a longer one is refused, for a cut id would be another's."""
MAX_URL = 2048
"""Code points of an evidence URL; a longer one is refused."""
MAX_EMAIL = 254
"""Octets of an e-mail address. Source: RFC 5321 section 4.5.3.1.3, without the angle brackets."""
MAX_CREDITS = 10_000
"""Credits that an event may claim to have been earned."""
MAX_EVIDENCE = 100
"""Pieces of evidence in one event."""

_PLAIN = incoming.Reading()
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?")
_ORCID = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]")


def read(adapter: str, given: incoming.Incoming, reading: incoming.Reading = _PLAIN) -> tuple[event.LearningEvent, ...]:
    """Return the events of a delivery, checked and cut so that every one can be stored.

    An e-mail address whose form is wrong becomes None instead of refusing the event: the learner then goes to the identity queue, where a
    person can correct it, and no mail goes to a guess.

    Args:
        adapter: A name in `ADAPTERS`.
        given: The delivery; of a JWT its payload.
        reading: How the source wants it read.

    Raises:
        problem.Invalid: for an adapter that does not exist, or a mapping that is none.
        problem.Malformed: when the adapter cannot read the payload, or a string holds NUL or half a surrogate pair, or is too long.
        problem.TooLarge: when there is more in it than the adapter reads.
    """
    if adapter not in ADAPTERS:
        raise problem.Invalid(f'There is no adapter "{adapter[:64]}". Use one of {", ".join(ADAPTERS)}.')
    return tuple(_checked(found) for found in ADAPTERS[adapter](given, reading))


def _checked(found: event.LearningEvent) -> event.LearningEvent:
    if len(found.evidence) > MAX_EVIDENCE:
        raise problem.Malformed(f"The event has more than {MAX_EVIDENCE} pieces of evidence. Send the ones that matter.")
    if found.credits is not None and not 0 <= found.credits <= MAX_CREDITS:
        raise problem.Malformed(f"credits must be a number from 0 to {MAX_CREDITS:,}.")
    for name, value in (("key", found.key), ("type", found.type), ("course", found.course), ("run", found.run), ("item", found.item)):
        _check(name, value, most=MAX_ID)
    _check("voids", found.voids, most=MAX_ID)
    _check("series", found.series, most=2 * MAX_ID)
    for form in found.courses:
        _check("course", form, most=MAX_ID)
    _check("result.letter", found.result.letter, most=MAX_ID)
    _check("result.status", found.result.status, most=MAX_ID)
    return dataclasses.replace(found, learner=_learner(found.learner), evidence=tuple(_evidence(item) for item in found.evidence))


def _learner(learner: event.LearnerClaim) -> event.LearnerClaim:
    _check("learner.source_id", learner.source_id, most=MAX_ID)
    _check("learner.sis_id", learner.sis_id, most=MAX_ID)
    _check("learner.did", learner.did, most=MAX_URL)
    if learner.did is not None and not _DID.fullmatch(learner.did):
        raise problem.Malformed("The member learner.did is no decentralised identifier. Send one such as did:key:z6Mk…, or leave it out.")
    if learner.orcid is not None and not _ORCID.fullmatch(learner.orcid):
        raise problem.Malformed("The member learner.orcid is no ORCID iD. Send one such as 0000-0002-1825-0097, or leave it out.")
    for alias in learner.aliases:
        _check("learner.source_id", alias, most=MAX_ID)
    return dataclasses.replace(learner, name=_name("learner.name", learner.name), email=email_address(learner.email))


def _evidence(item: event.EvidenceClaim) -> event.EvidenceClaim:
    _check("evidence.url", item.url, most=MAX_URL)
    return dataclasses.replace(item, name=_name("evidence.name", item.name))


def email_address(value: str | None) -> str | None:
    """Return the address without space around it; None where it has not the form of one."""
    _check("learner.email", value, most=None)
    text = (value or "").strip()
    return text if _EMAIL.fullmatch(text) and len(text.encode()) <= MAX_EMAIL else None


def _name(member: str, value: str | None) -> str | None:
    _check(member, value, most=None)
    return (value or "").strip()[:MAX_NAME].rstrip() or None


def _check(member: str, value: str | None, *, most: int | None) -> None:
    """Refuse a string that a database cannot store, or that is longer than `most` code points."""
    if value is None:
        return
    if faults.UNSTORABLE.search(value):
        raise problem.Malformed(f"The member {member} holds NUL or half a surrogate pair. Send well-formed text.")
    if most is not None and len(value) > most:
        raise problem.Malformed(f"The member {member} is longer than {most} characters. Send a shorter one.")
