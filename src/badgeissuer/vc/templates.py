"""The templates that were compiled so far, and the canonical form of a document by one of them, or by the full algorithm.

The first two documents of a skeleton go through the full algorithm, and a template is compiled beside the second: of most skeletons that
strangers send there is no second document. It is kept only if it makes the same bytes of that document. Later ones are filled in. One in
`CHECKED` of those is still sent through the full algorithm: where that makes anything else, templates are used no more by this process, and
`alarm` says so.

Source: RDF-CANON#canonicalization.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cachetools import LRUCache

from badgeissuer.vc import alarm, canonical, compiler, contexts, effort, jsonld, skeleton

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.skeleton import Leaf, Skeleton
    from badgeissuer.vc.template import Template

MAX_WEIGHT = 20_000
"""Kilobytes of all the skeletons that are remembered, together, about: a template takes one for each leaf."""
MAX_SHARE = 3000
"""Kilobytes of one skeleton."""
MAX_VARIANTS = 4
"""Templates of one skeleton: for names that are terms, and for nodes of one name."""
CHECKED = 1000
COST = 4
"""What filling a template costs, in the units of `effort`."""


@dataclass(slots=True)
class Variants:
    """The templates of one skeleton.

    Attributes:
        weight: Kilobytes that they may take.
        templates: The templates, newest last.
        misses: Documents that none of them fitted.
    """

    weight: int
    templates: tuple[Template, ...] = ()
    misses: int = 0

    def is_tried(self) -> bool:
        """Note that no template fitted, and return whether to compile another; not for the first, and seldom where that never helps."""
        self.misses += 1
        return self.weight <= MAX_SHARE and self.misses > 1 and (self.misses <= 1 + MAX_VARIANTS or self.misses.bit_count() == 1)

    def add(self, template: Template, leaves: Sequence[Leaf]) -> None:
        """Take up a template that fits a document with these leaves, unless another one does by now."""
        if not any(other.fill(leaves) is not None for other in self.templates):
            self.templates = (*self.templates, template)[-MAX_VARIANTS:]  # whoever sends odd documents first keeps no place


class Templates:
    """A bounded memory of templates."""

    def __init__(self) -> None:
        self._variants: LRUCache[Hashable, Variants] = LRUCache(MAX_WEIGHT, lambda variants: variants.weight)
        self._lock = threading.Lock()
        self._turn = itertools.count(1)

    def canonicalize(self, source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free) -> bytes:
        """Return the canonical N-Quads, UTF-8, of a JSON-LD document; raises as `jsonld.to_quads` and `canonical.canonicalize`."""
        # A proof that is chained to others signs them too; no two such documents are alike.
        bones = None if alarm.ALARM.reason or "proof" in source else skeleton.of(source)
        if bones is None or len(bones.leaves) > skeleton.MAX_LEAVES or not all(url in known for url in bones.contexts):
            return full(source, known, spend)
        variants = self.variants(bones, known)
        for template in variants.templates:
            text = template.fill(bones.leaves)
            if text is not None:
                spend(COST)
                return self.checked(text, source, known)
        made = full(source, known, spend)
        if variants.is_tried():
            template_of_this = compiler.compile_document(source, bones, known=known, spend=spend)
            if template_of_this is not None and template_of_this.fill(bones.leaves) == made:
                variants.add(template_of_this, bones.leaves)
        return made

    def variants(self, bones: Skeleton, known: Mapping[str, contexts.Context]) -> Variants:
        """Return the templates of a skeleton, to which more may be added; those of one that is too large are not kept."""
        # By digest: two sets of contexts never share what was made of them.
        key = (bones.key, tuple([known[url].sha256 for url in bones.contexts]))
        with self._lock:
            found = self._variants.get(key)
        if found is None:
            found = Variants(1 + len(bones.leaves) + bones.weight() // 1000)
            if found.weight <= MAX_SHARE:
                with self._lock:
                    found = self._variants.setdefault(key, found)
        return found

    def checked(self, made: bytes, source: JsonObject, known: Mapping[str, contexts.Context]) -> bytes:
        """Return what a template made, or now and then what the full algorithm makes."""
        if next(self._turn) % CHECKED:
            return made
        expected = None
        try:
            expected = full(source, known)
        finally:
            if expected != made:
                alarm.ALARM.sound(f"A template made other RDF of a document than the full algorithm: {source.get('id')!r:.200}")
        return expected


def full(source: JsonObject, known: Mapping[str, contexts.Context], spend: effort.Spend = effort.free) -> bytes:
    """Return the canonical N-Quads by the full algorithm."""
    return canonical.canonicalize(jsonld.to_quads(source, known=known, spend=spend), spend=spend).encode()


TEMPLATES = Templates()
"""The memory of this process."""
