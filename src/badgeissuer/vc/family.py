"""Documents that differ in a few places only: what the rules found of one of them is true of all.

Badges of one achievement say the same but for who earned it, when, and where the status stands. A kind of documents names the places whose
values its rules do not tell apart, as long as they are of a form (`Neutral`). Documents that are equal everywhere else are one family. The
first one is looked at by every rule; of the next ones the neutral places only are, and the outcome of the rules is that of the first.

What is remembered depends on nothing but the document: never the moment, a key, a list, or whom somebody trusts.

Source: VC-DATA-MODEL-2.0#verification, of which this is no part: a report is the same with and without it, as tests and a sample in
production make sure.
"""

from __future__ import annotations

import itertools
import operator
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from cachetools import LRUCache

from badgeissuer.vc import alarm, skeleton, templates

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from badgeissuer.vc import contexts
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.report import Step
    from badgeissuer.vc.skeleton import Leaf, Skeleton
    from badgeissuer.vc.template import Template

Path: TypeAlias = tuple[str, ...]
"""Names of members, from the top; `*` stands for an item of an array."""

MAX_FAMILIES, MAX_LAYOUTS = 65_536, 16_384
"""Kilobytes of all families, and of all layouts, about."""
MAX_KEY, MAX_CONSTANTS, MAX_VERDICT, MAX_VERDICTS = 100_000, 500_000, 10_000, 100_000
"""Characters of the skeleton of a family, of what its documents share, of one thing that was found, and of all that was."""


@dataclass(frozen=True, slots=True)
class Neutral:
    """The places of a kind of documents that may differ within a family.

    Attributes:
        texts: Place → the form that its text must have there.
        names: Those of these places that hold identifiers: each must be another one, and none that stands in the document elsewhere.
        judged: Places that the rules do look at, with everything below them: what the rules found is remembered for each of their values.
        ordered: Pairs of places; the text of the first must not sort after that of the second.
    """

    texts: Mapping[Path, re.Pattern[str]]
    names: frozenset[Path]
    judged: frozenset[Path]
    ordered: tuple[tuple[Path, Path], ...] = ()


@dataclass(slots=True)
class Family:
    """What is known of a family.

    Attributes:
        constants: The texts and numbers that its documents share.
        verdicts: The judged values → what the rules found: the steps by name.
        template: Makes the canonical form from the values that differ, once a second document was seen.
        weight: Kilobytes that it may take, about.
        found: Characters of the verdicts.
    """

    constants: frozenset[Leaf]
    verdicts: dict[Hashable, Mapping[str, Step]] = field(default_factory=dict)
    template: Template | None = None
    weight: int = 0
    found: int = 0


class Layout:
    """Where in the leaves of a skeleton the neutral and the judged places are."""

    def __init__(self, bones: Skeleton, paths: Sequence[Path], neutral: Neutral) -> None:
        place = {path: number for number, path in enumerate(paths)}
        patterns = {number: neutral.texts[general] for number, path in enumerate(paths) if (general := _general(path)) in neutral.texts}
        # Of several items of an array, two must not become the same.
        texts = {
            number: pattern
            for number, pattern in patterns.items()
            if isinstance(bones.leaves[number], str) and _is_alone(paths[number], paths)
        }
        judged = [number for number, path in enumerate(paths) if any(path[: len(start)] == start for start in neutral.judged)]
        self.texts: tuple[tuple[int, Callable[[str], object]], ...] = tuple(
            (number, pattern.fullmatch) for number, pattern in texts.items()
        )
        self.names = tuple(number for number in texts if _general(paths[number]) in neutral.names)
        self.ordered = tuple(
            (place[one], place[two]) for one, two in neutral.ordered if place.get(one) in texts and place.get(two) in texts
        )
        self.free = tuple(sorted({*texts, *judged}))
        self.weight = 1 + len(paths) // 4 + bones.weight() // 1000
        self._pointers = tuple("/" + "/".join(paths[number]) for number in texts)
        self.get_free, self.get_judged = _getter(self.free), _getter(judged)
        self.get_rest = _getter([number for number in range(len(paths)) if number not in set(self.free)])

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Return whether the neutral places hold what the rules do not tell apart."""
        return all(match(leaves[number]) for number, match in self.texts) and all(leaves[one] <= leaves[two] for one, two in self.ordered)

    def concerns(self, pointer: str) -> bool:
        """Return whether a JSON Pointer leads to a neutral place, or to what one is a part of."""
        return any(own == pointer or own.startswith(f"{pointer}/") for own in self._pointers)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A document as a member of its family.

    Attributes:
        family: The family; a new one where nothing like the document was seen.
        judged: The values that the rules look at.
        free: The leaves in the places that differ, in order.
        layout: Where they stand.
        bones: The document taken apart.
    """

    family: Family
    judged: Hashable
    free: tuple[Leaf, ...]
    layout: Layout
    bones: Skeleton

    @property
    def verdict(self) -> Mapping[str, Step] | None:
        """What the rules found of another document like this one: the steps by name."""
        return self.family.verdicts.get(self.judged)

    def remember(self, steps: Mapping[str, Step]) -> None:
        """Keep what the rules found of this document, unless it is about a place that differs from document to document."""
        weight = len(repr((self.judged, steps)))
        if weight > MAX_VERDICT or any(self.layout.concerns(finding.pointer) for step in steps.values() for finding in step.findings):
            return
        if self.family.found + weight > MAX_VERDICTS:
            self.family.verdicts.clear()
            self.family.found = 0
        self.family.found += weight
        self.family.verdicts[self.judged] = steps

    def canonical(self, known: Mapping[str, contexts.Context]) -> bytes | None:
        """Return the canonical N-Quads of the document; None where no template makes them."""
        if self.family.template is None:
            variants = templates.TEMPLATES.variants(self.bones, known).templates
            fitting = (template for template in variants if template.fill(self.bones.leaves) is not None)
            template = next(fitting, None)
            self.family.template = template.bind(self.bones.leaves, free=self.layout.free) if template else None
        return self.family.template.fill(self.free) if self.family.template else None


class Families:
    """A bounded memory of families."""

    def __init__(self) -> None:
        self._layouts: LRUCache[Hashable, Layout] = LRUCache(MAX_LAYOUTS, lambda layout: layout.weight)
        self._families: LRUCache[Hashable, Family] = LRUCache(MAX_FAMILIES, lambda family: family.weight)
        self._lock = threading.Lock()
        self._turn = itertools.count(1)

    def is_checked(self) -> bool:
        """Return whether it is time to look at a document as if nothing was remembered, and to compare."""
        return next(self._turn) % templates.CHECKED == 0

    def likeness(self, source: JsonObject, kind: Hashable, neutral: Neutral, known: Mapping[str, contexts.Context]) -> Likeness | None:
        """Return what family a document without its proof is of; None where it is of none that is remembered.

        Args:
            source: The document.
            kind: What rules it is under.
            neutral: The places that may differ.
            known: The contexts that it may name.
        """
        bones = None if alarm.ALARM.reason else skeleton.of(source)
        if bones is None or len(bones.leaves) > skeleton.MAX_LEAVES or not all(url in known for url in bones.contexts):
            return None
        key = (kind, bones.key, tuple([(known[url].sha256, known[url].extends_badges) for url in bones.contexts]))
        with self._lock:
            layout = self._layouts.get(key)
        if layout is None:
            if bones.weight() > MAX_KEY:
                return None
            layout = Layout(bones, skeleton.paths(source), neutral)
            with self._lock:
                layout = self._layouts.setdefault(key, layout)
        if not layout.fits(bones.leaves):
            return None
        return self._member(bones, layout)

    def _member(self, bones: Skeleton, layout: Layout) -> Likeness | None:
        rest = layout.get_rest(bones.leaves)
        with self._lock:
            family = self._families.get((layout, rest))
        if family is None:
            size = len(repr(rest))
            if size > MAX_CONSTANTS:
                return None
            family = Family(frozenset(rest), weight=(MAX_VERDICTS + 4 * size) // 1000)
            with self._lock:
                family = self._families.setdefault((layout, rest), family)
        names = {bones.leaves[number] for number in layout.names}
        judged = layout.get_judged(bones.leaves)
        if len(names) < len(layout.names) or not names.isdisjoint(family.constants) or not names.isdisjoint(judged):
            return None
        return Likeness(family, judged, layout.get_free(bones.leaves), layout, bones)


def _general(path: Path) -> Path:
    return tuple("*" if step.isdigit() else step for step in path)


def _is_alone(path: Path, paths: Sequence[Path]) -> bool:
    """Return whether no array on the way to a leaf has more than one item with leaves."""
    depths = [depth for depth, step in enumerate(path) if step.isdigit()]
    return not any(
        other[:depth] == path[:depth] and other[depth] != path[depth] for depth in depths for other in paths if len(other) > depth
    )


def _getter(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda leaves: tuple(leaves[place] for place in places)


FAMILIES = Families()
"""The memory of this process."""
