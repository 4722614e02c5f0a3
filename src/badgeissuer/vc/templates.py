"""The templates that were compiled so far, and the canonical form of a document by one of them, or by the full algorithm.

The first document of a skeleton goes through the full algorithm, and a template is compiled beside it; it is kept only if it makes the same
bytes of that document. Later ones are filled in. One in `CHECKED` of those is still sent through the full algorithm: where that makes
anything else, templates are used no more by this process, and `alarm` says so.

Source: RDF-CANON#canonicalization.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cachetools import LRUCache

from badgeissuer.vc import canonical, compiler, contexts, effort, jsonld, skeleton

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.skeleton import Skeleton
    from badgeissuer.vc.template import Template

MAX_LEAVES = 20_000
"""Leaves of all the skeletons that are remembered, together; a template takes about a kilobyte for each."""
MAX_VARIANTS = 4
"""Templates of one skeleton: for names that are terms, and for nodes of one name."""
CHECKED = 1000
COST = 4
"""What filling a template costs, in the units of `effort`."""


@dataclass(slots=True)
class Variants:
    """The templates of one skeleton; None stands for a document that had none."""

    leaves: int
    templates: list[Template | None] = field(default_factory=list)


class Templates:
    """A bounded memory of templates."""

    def __init__(self) -> None:
        self._variants: LRUCache[Hashable, Variants] = LRUCache(MAX_LEAVES, lambda variants: variants.leaves)
        self._lock = threading.Lock()
        self._turn = itertools.count(1)
        self.alarm: str | None = None
        self.filled = 0

    def canonicalize(self, source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free) -> bytes:
        """Return the canonical N-Quads, UTF-8, of a JSON-LD document; raises as `jsonld.to_quads` and `canonical.canonicalize`."""
        bones = None if self.alarm else skeleton.of(source)
        if bones is None or len(bones.leaves) > skeleton.MAX_LEAVES or not all(url in known for url in bones.contexts):
            return full(source, known, spend)
        variants = self.variants(bones, known)
        for template in variants.templates:
            text = template.fill(bones.leaves) if template else None
            if text is not None:
                spend(COST)
                return self.checked(text, source, known, spend)
        made = full(source, known, spend)
        if len(variants.templates) < MAX_VARIANTS and None not in variants.templates:
            template = compiler.compile_document(source, bones, known=known, spend=spend)
            fits = template is not None and template.fill(bones.leaves) == made
            variants.templates.append(template if fits else None)
        return made

    def variants(self, bones: Skeleton, known: Mapping[str, contexts.Context]) -> Variants:
        """Return the templates of a skeleton, to which more may be added."""
        # By digest: two sets of contexts never share what was made of them.
        key = (bones.key, tuple(known[url].sha256 for url in bones.contexts))
        with self._lock:
            return self._variants.setdefault(key, Variants(len(bones.leaves) + 1))

    def checked(self, made: bytes, source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend) -> bytes:
        """Return what a template made, or now and then what the full algorithm makes."""
        if next(self._turn) % CHECKED:
            return made
        expected = full(source, known, spend)
        if expected != made:
            self.alarm = f"A template made other RDF of a document than the full algorithm: {source.get('id')!r:.200}"
        return expected


def full(source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free) -> bytes:
    """Return the canonical N-Quads by the full algorithm."""
    return canonical.canonicalize(jsonld.to_quads(source, known=known, spend=spend), spend=spend).encode()


TEMPLATES = Templates()
"""The memory of this process."""
