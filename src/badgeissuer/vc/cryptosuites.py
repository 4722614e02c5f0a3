"""The cryptosuites: what of a document and a proof is signed.

    eddsa-rdfc-2022         JSON-LD → RDF → RDFC-1.0: the graph is signed, not the text
    eddsa-jcs-2022          RFC 8785: the text is signed, members in order
    Ed25519Signature2020    as eddsa-rdfc-2022, from before Data Integrity; badges on VCDM 1.1 have it

Source: VC-DI-EDDSA.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import orjson
import rfc8785

from badgeissuer import problem
from badgeissuer.vc import contexts, document, effort, templates

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from badgeissuer.vc.document import JsonObject

DATA_INTEGRITY = "DataIntegrityProof"
_DIGESTS: dict[Hashable, bytes] = {}
MAX_DIGESTS = 4096
"""Digests that are remembered; when there are more, all are forgotten: what is needed comes again at once."""
MAX_REMEMBERED = 1000
"""Bytes of proof options whose digest is remembered."""

JCS_COST, JCS_SLOW_COST = 5, 95
"""What the canonical form of a large document costs, at most, in the units of `effort`; and what it costs more in the slow way."""
_SCALARS = frozenset({str, int, bool, type(None)})


class Canonicalize(Protocol):
    """Turns a document into canonical bytes, and pays for it."""

    def __call__(self, source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = ...) -> bytes:
        """Return the canonical bytes."""


@dataclass(frozen=True, slots=True)
class Cryptosuite:
    """A way to turn a document into the bytes that Ed25519 signs.

    Attributes:
        name: The name in reports: of `cryptosuite`, or of the proof's type where that is the suite.
        options: What a proof of this suite says of itself.
        canonicalize: A document, and the contexts that it may name, to canonical bytes; refuses what would not be signed.
        keeps_context: Whether the proof carries the `@context` itself, and it is signed with the proof's own members.
        orders_arrays: Whether the order of arrays is signed, as it is where the text is; in RDF most of them are sets.
    """

    name: str
    options: Mapping[str, str]
    canonicalize: Canonicalize
    keeps_context: bool = False
    orders_arrays: bool = False


def rdfc(source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free) -> bytes:
    """Return the canonical N-Quads, UTF-8, of a JSON-LD document (VC-DI-EDDSA#transformation-eddsa-rdfc-2022)."""
    return templates.TEMPLATES.canonicalize(source, known, spend)


def jcs(
    source: JsonObject,
    known: Mapping[str, contexts.Context],  # noqa: ARG001 - one signature for all suites
    spend: effort.Spend = effort.free,
) -> bytes:
    """Return the RFC 8785 form of a document (VC-DI-EDDSA#transformation-eddsa-jcs-2022)."""
    spend(JCS_COST)
    if _is_plain(source):
        with contextlib.suppress(orjson.JSONEncodeError):  # half of a surrogate pair, or an integer that readers round
            return orjson.dumps(source, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    spend(JCS_SLOW_COST)
    try:
        return rfc8785.dumps(source)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError):
        raise problem.Invalid("The document holds a value that has no canonical JSON form.") from None


def _is_plain(value: object) -> bool:
    """Return whether orjson writes a value as RFC 8785 does.

    It does for texts, integers, true, false and null. It writes `1.0` and `1e16` where JCS has `1` and `10000000000000000`, puts names in
    the order of their UTF-8, which is that of UTF-16 only for some (for ASCII surely), and writes dates and the like too.
    """
    level = [value]
    for _ in range(document.MAX_DEPTH):
        below: list[object] = []
        for node in level:
            if type(node) is dict:
                if not all(map(str.isascii, node)):
                    return False
                below += node.values()
            elif type(node) is list:
                below += node
            elif type(node) not in _SCALARS and not (type(node) is float and _is_written_alike(node)):
                return False
        level = [item for item in below if type(item) is not str]
        if not level:
            return True
    return False


def _is_written_alike(number: float) -> bool:
    return math.isfinite(number) and orjson.dumps(number) == rfc8785.dumps(number)


EDDSA_RDFC_2022 = Cryptosuite("eddsa-rdfc-2022", {"type": DATA_INTEGRITY, "cryptosuite": "eddsa-rdfc-2022"}, rdfc)
EDDSA_JCS_2022 = Cryptosuite(
    "eddsa-jcs-2022", {"type": DATA_INTEGRITY, "cryptosuite": "eddsa-jcs-2022"}, jcs, keeps_context=True, orders_arrays=True
)
ED25519_SIGNATURE_2020 = Cryptosuite("Ed25519Signature2020", {"type": "Ed25519Signature2020"}, rdfc)
SUITES: Mapping[str, Cryptosuite] = {suite.name: suite for suite in (EDDSA_RDFC_2022, EDDSA_JCS_2022, ED25519_SIGNATURE_2020)}

_ALIASES = {"eddsa-rdf-2022": EDDSA_RDFC_2022}
"""A spelling that 1EdTech's data model and implementation guide have."""


def find(proof: JsonObject) -> Cryptosuite | None:
    """Return the suite of a proof; None where it is of none of ours."""
    kind, name = proof.get("type"), proof.get("cryptosuite")
    if kind == DATA_INTEGRITY:
        suite = SUITES.get(name) or _ALIASES.get(name) if isinstance(name, str) else None
        return suite if suite and suite.options["type"] == DATA_INTEGRITY else None
    return ED25519_SIGNATURE_2020 if kind == ED25519_SIGNATURE_2020.name and name is None else None


def options_digest(
    suite: Cryptosuite, options: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free
) -> bytes:
    """Return the SHA-256 of the canonical form of proof options, `@context` among them (VC-DI-EDDSA#hashing-eddsa-rdfc-2022).

    Those of badges that were signed in one second are the same, so the last ones are remembered.
    """
    key = _key(suite, options, known)
    found = _DIGESTS.get(key)
    if found is None:
        found = hashlib.sha256(suite.canonicalize(options, known, spend)).digest()
        if key is not None and not suite.keeps_context and _are_texts(options, known):
            if len(_DIGESTS) >= MAX_DIGESTS:
                _DIGESTS.clear()
            _DIGESTS[key] = found
    return found


def _key(suite: Cryptosuite, options: JsonObject, known: Mapping[str, contexts.Context]) -> Hashable:
    """Return what decides the canonical form of proof options: their JSON, and the contexts; None where they are too long."""
    try:
        said = orjson.dumps(options)
    except orjson.JSONEncodeError:
        return None
    # All contexts that are known, for one of them may name another.
    names = None if known is contexts.PINNED else (*known, *[context.sha256 for context in known.values()])
    return (suite.name, said, names) if len(said) <= MAX_REMEMBERED else None


def _are_texts(options: JsonObject, known: Mapping[str, contexts.Context]) -> bool:
    """Return whether proof options hold texts alone, under contexts that are known."""
    urls = options.get("@context")
    is_named = isinstance(urls, list) and bool(urls) and all(isinstance(url, str) and url in known for url in urls)
    return is_named and all(isinstance(value, str) for name, value in options.items() if name != "@context")


def hash_data(digest: bytes, canonical_document: bytes) -> bytes:
    """Return the 64 bytes to sign: the SHA-256 of the proof options, then that of the document (VC-DI-EDDSA#hashing-eddsa-rdfc-2022)."""
    return digest + hashlib.sha256(canonical_document).digest()
