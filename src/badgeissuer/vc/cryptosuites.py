"""The cryptosuites: what of a document and a proof is signed.

Source: VC-DI-EDDSA#eddsa-rdfc-2022.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer.vc import canonical, contexts, jsonld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from badgeissuer.vc.document import JsonObject


@dataclass(frozen=True, slots=True)
class Cryptosuite:
    """A way to turn a document into the bytes that Ed25519 signs.

    Attributes:
        name: The value of `cryptosuite`.
        canonicalize: A document, and the contexts that it may name, to canonical bytes; refuses what would not be signed.
    """

    name: str
    canonicalize: Callable[[JsonObject, Mapping[str, contexts.Context]], bytes]


def rdfc(source: JsonObject, known: Mapping[str, contexts.Context]) -> bytes:
    """Return the canonical N-Quads, UTF-8, of a JSON-LD document (VC-DI-EDDSA#transformation-eddsa-rdfc-2022)."""
    return canonical.canonicalize(jsonld.to_quads(source, known=known)).encode()


EDDSA_RDFC_2022 = Cryptosuite("eddsa-rdfc-2022", rdfc)
SUITES: Mapping[str, Cryptosuite] = {suite.name: suite for suite in (EDDSA_RDFC_2022,)}


def hash_data(canonical_options: bytes, canonical_document: bytes) -> bytes:
    """Return the 64 bytes to sign: SHA-256 of the proof options, then of the document (VC-DI-EDDSA#hashing-eddsa-rdfc-2022)."""
    return hashlib.sha256(canonical_options).digest() + hashlib.sha256(canonical_document).digest()
