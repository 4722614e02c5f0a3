"""Status lists that were found good before: thousands of badges name the same list, and verifying it costs as much as verifying the badge.

What is remembered is less than a verdict: that the bytes of a list, under these contexts and with these documents of its issuer, have a
context, members, proofs and schemas without fault, signed by a key that its issuer's own document lists. Nothing of that depends on
anything else, so it is true for ever. It is found again only

- by the SHA-256 of the list's bytes and the digests of the contexts that the verifier holds;
- where every document that one of its steps relied on (the evidence) stands at its URL now, with the SHA-256 that it had;
- at a moment at which its dates, those of its proofs and those of the keys that made them hold, each by the rule of the step `validity`;
- where the operator does not know any of these keys to be in wrong hands, by the rule of the step `trust`.

Everything else is not remembered but looked at each time: whether the list is by who may make it, and whether it is for this entry. A list
that is not good, that is in a token, or of which anything above is otherwise is verified in full. What the first verification drew on the
budget is drawn again, so that a document comes to the same end whether its lists are remembered or not.

Source: VC-BITSTRING-STATUS-LIST#validate-algorithm.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from badgeissuer import problem
from badgeissuer.vc import contexts, credential, instant, proof, statuslist
from badgeissuer.vc.gathering import Resource
from badgeissuer.vc.policy import SKEW

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from badgeissuer.vc.controller import VerificationMethod
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.examination import Examination
    from badgeissuer.vc.report import Evidence

MAX_BYTES = 32 * 1024 * 1024
"""Bytes that all lists together may take that are remembered; those longest not asked for make room."""
_BESIDES = 4096
"""Bytes that a list takes besides its bits, about."""
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A list that was verified.

    Attributes:
        source: Its document; what else it says than which list it is may be missing.
        issuer: By whom it is.
        bits: The bitstring; None where it was not unpacked yet.
    """

    source: JsonObject
    issuer: str
    bits: bytes | None = None

    def unpacked(self, encoded: object) -> bytes:
        """Return the bitstring, `encoded` being as `source` has it; raises as `statuslist.unpack`."""
        return statuslist.unpack(encoded) if self.bits is None else self.bits


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is kept of a list.

    Attributes:
        found: What is given to who asks.
        evidence: The documents that were relied on: URL and SHA-256.
        methods: The keys that made its proofs.
        cost: What verifying it drew on the budget.
        begins: The latest of the moments from which list and proofs count.
        ends: The earliest of those until which they count.
        keys_end: The earliest from which a key does not count any more.
    """

    found: VerifiedList
    evidence: tuple[tuple[str, str], ...]
    methods: tuple[VerificationMethod, ...]
    cost: float
    begins: datetime | None
    ends: datetime | None
    keys_end: datetime | None


_KEPT: LRUCache[Hashable, _Memory] = LRUCache(MAX_BYTES, getsizeof=lambda kept: len(kept.found.bits or b"") + _BESIDES)


def is_known(resource: Resource, examined: Examination) -> bool:
    """Return whether all that verifying a list takes is at hand, because that list was found good with the same before."""
    return _memory(resource, examined) is not None


def recall(resource: Resource, examined: Examination) -> VerifiedList | None:
    """Return a list that was found good before and still is; None where it has to be verified.

    Args:
        resource: What stands at the URL of the list.
        examined: The examination of the document that names it.

    Raises:
        report.Undecided: Verifying it would cost more than may be spent.
    """
    memory = _memory(resource, examined)
    if memory is None or not _holds(memory, examined):
        return None
    examined.sources.effort.spend(memory.cost)
    return memory.found


def remember(resource: Resource, of_list: Examination, *, evidence: Iterable[Evidence], cost: float) -> VerifiedList:
    """Return a list that was just found good, and keep it; but not one in a token, or one whose bits cannot be unpacked.

    Args:
        resource: What stands at the URL of the list.
        of_list: Its examination, every step of which was VALID or did not apply.
        evidence: What those steps relied on.
        cost: What they drew on the budget.
    """
    source = of_list.source
    try:
        bits = None if of_list.token else statuslist.unpack(_subject(source).get("encodedList"))
    except problem.Invalid:
        bits = None
    if bits is None:
        return VerifiedList(source, of_list.issuer)
    found = VerifiedList(_without_bits(source), of_list.issuer, bits)
    relied_on = tuple({(item.url, item.sha256) for item in evidence})
    memory = _Memory(found, relied_on, tuple(of_list.methods), cost, *_period(of_list))
    with _LOCK:
        _KEPT[_key(resource, of_list)] = memory
    return found


def forget() -> None:
    """Remember no list any more."""
    with _LOCK:
        _KEPT.clear()


def _key(resource: Resource, examined: Examination) -> Hashable:
    return resource.evidence.sha256, _digests(examined.policy.known)


def _digests(known: Mapping[str, contexts.Context]) -> Hashable:
    """Return what stands for a set of contexts; those that this package carries are always the same."""
    return None if known is contexts.PINNED else frozenset((url, context.sha256) for url, context in known.items())


def _memory(resource: Resource, examined: Examination) -> _Memory | None:
    with _LOCK:
        memory = _KEPT.get(_key(resource, examined))
    if memory is None or not all(_is_there(examined.sources.gathered.get(url), sha256) for url, sha256 in memory.evidence):
        return None
    return memory


def _is_there(found: object, sha256: str) -> bool:
    return isinstance(found, Resource) and found.evidence.sha256 == sha256


def _holds(memory: _Memory, examined: Examination) -> bool:
    """Return whether a list that is in order counts at this moment, and by keys that nobody else is known to have."""
    now = examined.now
    in_time = (
        (memory.begins is None or memory.begins <= now + SKEW)
        and (memory.ends is None or now <= memory.ends)
        and (memory.keys_end is None or now < memory.keys_end)
    )
    stolen = (examined.policy.compromised_since(method) for method in memory.methods)
    return in_time and not any(since and since <= now for since in stolen)


def _period(of_list: Examination) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Return `begins`, `ends` and `keys_end` of what is kept."""
    begins, ends = credential.period(of_list.source)
    proofs = proof.proofs(of_list.source)
    made, expiring = ([instant.read(item[name]) for item in proofs if name in item] for name in ("created", "expires"))
    key_ends = [moment for method in of_list.methods for moment in (method.expires, method.revoked) if moment]
    return (
        max([*made, *([begins] if begins else [])], default=None),
        min([*expiring, *([ends] if ends else [])], default=None),
        min(key_ends, default=None),
    )


def _without_bits(source: JsonObject) -> JsonObject:
    subject = {name: value for name, value in _subject(source).items() if name != "encodedList"}
    return {"id": source.get("id"), "type": source.get("type"), "credentialSubject": subject}


def _subject(source: JsonObject) -> dict[str, Any]:
    subject = source.get("credentialSubject")
    return subject if isinstance(subject, dict) else {}
