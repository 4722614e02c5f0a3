"""Compile a document to a template: mark every leaf, send it through the full algorithm, and look where the marks come out.

Source: JSON-LD11-API#deserialize-json-ld-to-rdf-algorithm, of which the outcome is looked at and nothing is repeated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import contexts, effort, jsonld, skeleton
from badgeissuer.vc.template import PLAIN_IRI, Quad, Slot, Template, Term, double

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from badgeissuer.vc import canonical
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.skeleton import Leaf, Skeleton

_ROUNDS = 3
_XSD_DOUBLE = "^^<http://www.w3.org/2001/XMLSchema#double>"
_DIRECTION = "^^<https://www.w3.org/ns/i18n#"
_SCHEMES = {"http", "https", "urn", "did", "mailto"}
MAX_FIXED = 10_000
"""Characters of the leaves that a template holds fast."""
_SAFE: dict[str, bool] = {}


def compile_document(
    source: JsonObject, bones: Skeleton, *, known: Mapping[str, contexts.Context] = contexts.PINNED, spend: effort.Spend = effort.free
) -> Template | None:
    """Return the template of the documents like this one; None for one that must always go the long way.

    Args:
        source: A document that the full algorithm accepts.
        bones: Its skeleton.
        known: The contexts that it may name.
        spend: Pays for the work out of what the whole verification may cost.
    """
    leaves = bones.leaves
    stem = _stem(bones)
    if not stem or len(leaves) > skeleton.MAX_LEAVES or not all(is_safe(known[url]) for url in bones.contexts):
        return None
    pinned: set[int] = set()
    for _ in range(_ROUNDS):
        marks = [value if number in pinned else _mark(value, number, stem) for number, value in enumerate(leaves)]
        try:
            found = jsonld.to_quads(skeleton.filled(source, marks), known=known, spend=spend)
        except problem.Invalid:
            return None  # a mark changed what other members mean
        reading = _Reading(marks, leaves, pinned, stem)
        quads = [reading.quad(quad) for quad in found]
        if not reading.names:
            return _merged(quads, reading, leaves, pinned)
        pinned |= reading.names
        if sum(len(str(leaves[number])) for number in pinned) > MAX_FIXED:
            return None
    return None


def is_safe(context: contexts.Context) -> bool:
    """Return whether a plain IRI means itself under a context: no term is one, or begins one, and no other context is named in it."""
    found = _SAFE.get(context.sha256)
    if found is None:
        found = _SAFE[context.sha256] = not any(
            name.split(":")[0] in _SCHEMES or name == "@import" or (name == "@context" and not isinstance(value, dict | None))
            for name, value in _members(context.content)
        )
    return found


def _members(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _members(item)


def _stem(bones: Skeleton) -> str:
    """Return how marks begin: as nothing in the document does, and as an absolute IRI, so that it may stand wherever a leaf may."""
    text = repr((bones.key, bones.leaves))
    return next((stem for stem in (f"urn:slot:{number}:" for number in range(9)) if stem not in text), "")


def _mark(value: Leaf, number: int, stem: str) -> Leaf:
    if isinstance(value, str):
        return f"{stem}{number}:"
    return 7_000_000_000_000_000 + number if isinstance(value, int) else float(f"7.{number:05d}7e+150")


class _Reading:
    """What the marks became."""

    def __init__(self, marks: Sequence[Leaf], leaves: Sequence[Leaf], pinned: set[int], stem: str) -> None:
        self.leaves = leaves
        self.stem = stem
        self.names: set[int] = set()
        self.slots: dict[Slot, int] = {}
        self.seen: set[int] = set()
        self._texts: dict[str, tuple[int, str]] = {}
        for number, mark in enumerate(marks):
            if number not in pinned:
                self._texts |= dict.fromkeys(_written(mark), (number, "")) if isinstance(mark, str) else _numbers(mark, number)

    def quad(self, quad: canonical.Quad) -> Quad:
        """Return a quad with slots in the place of marks."""
        return self._term(quad.subject), quad.predicate, self._term(quad.object), self._term(quad.graph)

    def _term(self, term: str) -> Term:
        text, suffix = (term, "") if term[:1] != '"' else _split(term)
        number, form = self._texts.get(text, (None, ""))
        if number is None:
            if self.stem in term:  # part of something longer, such as a JSON literal
                self._name_all(term)
            return term
        form = form or text[0]
        # Of a text typed as a number, the number is signed; and two texts that differ only in their direction are refused.
        if (form == '"' and suffix == _XSD_DOUBLE) or suffix.startswith(_DIRECTION):
            return term
        self.seen.add(number)
        if form == "<" and not PLAIN_IRI.fullmatch(str(self.leaves[number])):  # it may be a term
            self.names.add(number)
        return self.slots.setdefault(Slot(number, form, suffix), len(self.slots))

    def _name_all(self, term: str) -> None:
        numbers = (rest.split(":")[0] for rest in term.split(self.stem)[1:])
        self.names |= {int(number) for number in numbers if number.isdigit()}


def _written(mark: str) -> tuple[str, str]:
    return f"<{mark}>", f'"{mark}"'


def _numbers(mark: float, number: int) -> dict[str, tuple[int, str]]:
    """Return the forms that a marked number may come out in; an integer may be written as a double, and then as none of our numbers."""
    whole = {f'"{mark}"': (number, "#")} if isinstance(mark, int) else {}
    return whole | {f'"{double(mark)}"': (number, ".")}


def _split(term: str) -> tuple[str, str]:
    """Return a literal's quoted text, and its datatype or language tag."""
    end = term.rindex('"') + 1
    return term[:end], term[end:]


def _merged(quads: list[Quad], reading: _Reading, leaves: Sequence[Leaf], pinned: set[int]) -> Template | None:
    """Return the template, with one slot for the names of one node; None where part of the document is not signed."""
    if len(reading.seen | pinned) < len(leaves):
        return None
    merging = _Merging(list(reading.slots), leaves)
    quads = [(merging.of(quad[0], ()), *quad[1:]) for quad in quads]
    # What two descriptions of one node both say is one quad.
    quads = [(subject, predicate, merging.of(target, (subject, predicate, graph)), graph) for subject, predicate, target, graph in quads]
    return Template(quads, merging.slots, same=merging.same, fixed={leaf: leaves[leaf] for leaf in sorted(pinned)})


class _Merging:
    """Finds slots that hold the same and stand in the same place."""

    def __init__(self, slots: list[Slot], leaves: Sequence[Leaf]) -> None:
        self.slots = slots
        self.same: list[tuple[int, int]] = []
        self._leaves = leaves
        self._first: dict[tuple[object, ...], int] = {}

    def of(self, term: Term, place: tuple[Term, ...]) -> Term:
        """Return the term, or the slot that it is merged with."""
        if isinstance(term, str):
            return term
        slot = self.slots[term]
        kept = self._first.setdefault((place, slot.form, slot.suffix, self._leaves[slot.leaf]), term)
        if kept != term and (pair := (self.slots[kept].leaf, slot.leaf)) not in self.same:
            self.same.append(pair)
        return kept
