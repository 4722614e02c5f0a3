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
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from cachetools import LRUCache

from badgeissuer.vc import alarm, skeleton, templates

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from badgeissuer.vc.contexts import Context
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.report import Step
    from badgeissuer.vc.skeleton import Leaf
    from badgeissuer.vc.template import Template

Path: TypeAlias = tuple[str, ...]
"""Names of members, from the top; `*` stands for an item of an array."""

MAX_FAMILIES = 65_536
"""Kilobytes of all families, about."""
MAX_CONSTANTS, MAX_VERDICT, MAX_VERDICTS = 500_000, 10_000, 200_000
"""Characters of what the documents of a family share, of one thing that was found, and of all that was."""


@dataclass(slots=True)
class Way:
    """What lies under one name on the way to the places of a `Neutral`.

    Attributes:
        form: Returns whether a text may stand here; None where it is no neutral place.
        is_name: Whether that text is an identifier.
        is_judged: Whether this is a judged place.
        ways: What lies below, by name; `*` for the one item of an array.
    """

    form: Callable[[str], object] | None = None
    is_name: bool = False
    is_judged: bool = False
    ways: dict[str, Way] = field(default_factory=dict)


class Neutral:
    """The places of a kind of documents that may differ within a family.

    Args:
        texts: Place → the form that its text must have there.
        names: Those of these places that hold identifiers: each must be another one, and none that stands in the document elsewhere.
        judged: Places that the rules do look at, with everything below them: what the rules found is remembered for each of their values.
        ordered: Pairs of members at the top; the text of the first must not sort after that of the second.
    """

    def __init__(
        self,
        texts: Mapping[Path, re.Pattern[str]],
        *,
        names: frozenset[Path],
        judged: frozenset[Path],
        ordered: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.ways: dict[str, Way] = {}
        self.ordered = ordered
        for path, pattern in texts.items():
            way = self._way(path)
            way.form, way.is_name = pattern.fullmatch, path in names
        for path in judged:
            self._way(path).is_judged = True

    def _way(self, path: Path) -> Way:
        ways = self.ways
        for step in path[:-1]:
            ways = ways.setdefault(step, Way()).ways
        return ways.setdefault(path[-1], Way())

    def way(self, source: Any, path: Path) -> Way | None:  # noqa: ANN401 - any JSON value
        """Return what is known of the leaf at a path: a neutral or judged place, or None."""
        value, way = source, Way(ways=self.ways)
        for step in path:
            if way.is_judged:
                return way
            is_array = isinstance(value, list)
            if is_array and len(value) != 1:
                return None
            found = way.ways.get("*" if is_array else step)
            if found is None:
                return None
            way, value = found, value[int(step)] if is_array else value[step]
        return way if way.is_judged or (way.form is not None and isinstance(value, str)) else None

    def is_ordered(self, source: JsonObject) -> bool:
        """Return whether those texts at the top that have an order are in it."""
        pairs = ((source.get(first), source.get(second)) for first, second in self.ordered)
        return all(first <= second for first, second in pairs if isinstance(first, str) and isinstance(second, str))


@dataclass(slots=True)
class Family:
    """What is known of a family.

    Attributes:
        contexts: The contexts that its documents name: URL, digest, and whether badges may name it.
        constants: The texts and numbers that its documents share.
        varying: The places that differ, in the order in which the skeleton has them.
        verdicts: The judged values → what the rules found: the steps by name.
        template: Makes the canonical form from the values that differ, once a second document was seen.
        weight: Kilobytes that it may take, about.
        found: Characters of the verdicts.
        tries: How often there was a reason to keep its text (`imprint`).
    """

    contexts: tuple[tuple[str, str, bool], ...]
    constants: frozenset[Leaf]
    varying: frozenset[Path]
    verdicts: dict[Hashable, Mapping[str, Step]] = field(default_factory=dict)
    template: Template | None = None
    weight: int = 0
    found: int = 0
    tries: int = 0

    def is_under(self, known: Mapping[str, Context]) -> bool:
        """Return whether its contexts are known, and are still those that they were."""
        return all(url in known and (known[url].sha256, known[url].extends_badges) == (sha, extends) for url, sha, extends in self.contexts)

    def are_new(self, names: Sequence[Leaf], judged: Sequence[Leaf]) -> bool:
        """Return whether identifiers are all different, and stand nowhere else in the document."""
        own = set(names)
        return len(own) == len(names) and own.isdisjoint(self.constants) and own.isdisjoint(judged)

    def concerns(self, pointer: str) -> bool:
        """Return whether a JSON Pointer leads to a place that differs, or to what one is a part of."""
        own = ["/" + "/".join(path) for path in self.varying]
        return any(place == pointer or place.startswith(f"{pointer}/") for place in own)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A document as a member of its family.

    Attributes:
        family: The family; a new one where nothing like the document was seen.
        judged: The values that the rules look at.
        free: The leaves in the places that differ, in order.
        source: The document.
    """

    family: Family
    judged: Hashable
    free: list[Leaf]
    source: JsonObject

    @property
    def verdict(self) -> Mapping[str, Step] | None:
        """What the rules found of another document like this one: the steps by name."""
        return self.family.verdicts.get(self.judged)

    def remember(self, steps: Mapping[str, Step]) -> None:
        """Keep what the rules found of this document, unless it is about a place that differs from document to document."""
        kept = self.family
        told = next((other for other in kept.verdicts.values() if other == steps), None)  # mostly the same for all
        weight = 100 + len(repr(self.judged)) + (0 if told else len(repr(steps)))
        if weight > MAX_VERDICT or any(kept.concerns(finding.pointer) for step in steps.values() for finding in step.findings):
            return
        if kept.found + weight > MAX_VERDICTS:
            kept.verdicts.clear()
            kept.found = 0
        kept.found += weight
        kept.verdicts[self.judged] = told or steps

    def canonical(self, known: Mapping[str, Context]) -> bytes | None:
        """Return the canonical N-Quads of the document; None where no template makes them."""
        if self.family.template is None:
            self.family.template = self._template(known)
        return self.family.template.fill(self.free) if self.family.template else None

    def _template(self, known: Mapping[str, Context]) -> Template | None:
        bones = skeleton.of(self.source)
        if bones is None:
            return None
        free = [number for number, path in enumerate(skeleton.paths(self.source)) if path in self.family.varying]
        variants = templates.TEMPLATES.variants(bones, known).templates
        fitting = next((template for template in variants if template.fill(bones.leaves) is not None), None)
        return fitting.bind(bones.leaves, free=free) if fitting else None


class Families:
    """A bounded memory of families."""

    def __init__(self) -> None:
        self._families: LRUCache[Hashable, Family] = LRUCache(MAX_FAMILIES, lambda family: family.weight)
        self._lock = threading.Lock()
        self._turn = itertools.count(1)

    def is_checked(self) -> bool:
        """Return whether it is time to look at a document as if nothing was remembered, and to compare."""
        return next(self._turn) % templates.CHECKED == 0

    def likeness(self, source: JsonObject, kind: Hashable, neutral: Neutral, known: Mapping[str, Context]) -> Likeness | None:
        """Return what family a document without its proof is of; None where it is of none that is remembered.

        Args:
            source: The document.
            kind: What rules it is under.
            neutral: The places that may differ.
            known: The contexts that it may name.
        """
        taken = _Taken()
        if alarm.ALARM.reason or not taken.object(source, neutral.ways) or not neutral.is_ordered(source):
            return None
        shared = orjson.dumps(taken.rest)
        key = (kind, tuple(taken.shape), shared)
        with self._lock:
            family = self._families.get(key)
        if family is None:
            size = len(shared) + len(repr(taken.shape))
            family = _family(source, taken, neutral, known) if size <= MAX_CONSTANTS else None
            if family is None:
                return None
            family.weight = (MAX_VERDICTS + 4 * size) // 1000
            with self._lock:
                family = self._families.setdefault(key, family)
        if not family.is_under(known) or not family.are_new(taken.names, taken.judged):
            return None
        return Likeness(family, tuple(taken.judged), taken.free, source)


class _Taken:
    """A document taken apart along the ways to its neutral and judged places."""

    __slots__ = ("free", "judged", "names", "rest", "shape")

    def __init__(self) -> None:
        self.shape: list[Hashable] = []
        self.rest: list[Any] = []
        self.free: list[Leaf] = []
        self.judged: list[Leaf] = []
        self.names: list[Leaf] = []

    def object(self, node: dict[str, Any], ways: dict[str, Way]) -> bool:
        """Take an object apart; return whether its neutral places hold what the rules do not tell apart."""
        self.shape.append(tuple(node))
        for name, value in node.items():
            way = ways.get(name)
            if way is None:
                self.rest.append(value)
            elif way.form is not None and value.__class__ is str:
                if not way.form(value):
                    return False
                self.shape.append("s")
                self.free.append(value)
                if way.is_name:
                    self.names.append(value)
            elif way.is_judged:
                self._judge(value)
            elif not self._follow(value, way):
                return False
        return True

    def _judge(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        bones = skeleton.of({"": value})
        self.shape.append(bones.key if bones else None)
        if bones is None:
            self.rest.append(value)
        else:
            self.judged += bones.leaves
            self.free += bones.leaves

    def _follow(self, value: Any, way: Way) -> bool:  # noqa: ANN401 - as above
        item, more = value, way.ways
        if "*" in more and value.__class__ is list and len(value) == 1:  # of several items, two must not become the same
            self.shape.append(1)
            item, more = value[0], more["*"].ways
        if more and "*" not in more and item.__class__ is dict:
            return self.object(item, more)
        self.shape.append("r")
        self.rest.append(item)
        return True


def _family(source: JsonObject, taken: _Taken, neutral: Neutral, known: Mapping[str, Context]) -> Family | None:
    """Return a new family; None for documents that are not remembered: large ones, and those with contexts of their own."""
    bones = skeleton.of(source)
    if bones is None or len(bones.leaves) > skeleton.MAX_LEAVES or not all(url in known for url in bones.contexts):
        return None
    paths = skeleton.paths(source)
    varying = frozenset(path for path in paths if neutral.way(source, path) is not None)
    if [leaf for leaf, path in zip(bones.leaves, paths, strict=True) if path in varying] != taken.free:
        return None  # such a place holds what the skeleton does not take for a leaf
    constants = frozenset(leaf for leaf, path in zip(bones.leaves, paths, strict=True) if path not in varying)
    return Family(tuple((url, known[url].sha256, known[url].extends_badges) for url in bones.contexts), constants, varying)


FAMILIES = Families()
"""The memory of this process."""
