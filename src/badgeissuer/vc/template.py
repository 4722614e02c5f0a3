"""Compiled canonicalisation: what RDFC-1.0 makes of one document, with slots for its texts and numbers.

No rule of JSON-LD is written down here a second time. A document is compiled by putting a mark of its own in the place of every leaf and
sending it through the full algorithm: where a mark comes out is where the leaf's value goes. Another document of the same skeleton has the
same RDF with other values, as long as its values do not decide anything themselves. Where they could, `fill` says None, and the full
algorithm is asked:

    a name (an IRI) that is not plainly absolute     it could be a term, relative, or refused
    two names that were one, or one that were two    nodes would fall apart, or into one
    one value twice where there were two             a set holds it once
    two blank nodes with the same first hash         the full algorithm tells them apart

A leaf whose mark comes out nowhere is not signed at all, and one whose mark comes out changed is a name: such documents are not compiled,
or only for that one value of the leaf.

Source: RDF-CANON#canon-algo-algo; the numbers in the comments are the steps there.
"""

from __future__ import annotations

import functools
import hashlib
import math
import operator
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from badgeissuer.vc import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from badgeissuer.vc.skeleton import Leaf

Term: TypeAlias = str | int
"""A term of a symbolic quad: N-Quads text, or the number of a slot."""
Quad: TypeAlias = tuple[Term, Term, Term, Term]

PLAIN_IRI = re.compile(r"(?:https?://|urn:|did:|mailto:)[^\x00-\x20<>\"{}|\\^`\x7f-\xa0\s]+")
"""An absolute IRI that no context can give another meaning, as `contexts` sees to: none of these schemes is a term."""
MAX_INTEGER = 2**53 - 1
_DOUBLE = "^^<http://www.w3.org/2001/XMLSchema#double>"


class Unsure(Exception):  # noqa: N818 - nothing is wrong
    """A value decides something itself; only the full algorithm knows what."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a leaf.

    Attributes:
        leaf: Which.
        form: How it is written: `<` as an IRI, `"` as a text, `#` as an integer, `.` as a number with a fraction.
        suffix: The datatype or language tag of a literal, as N-Quads writes it.
    """

    leaf: int
    form: str
    suffix: str = ""

    def writer(self) -> Callable[[Leaf], bytes]:
        """Return what writes a leaf's value as the term in N-Quads, UTF-8; it raises `Unsure`."""
        end = self.suffix.encode()
        match self.form:
            case "<":
                return _iri
            case '"':
                return lambda value: _text(value, end)
            case "#":
                return lambda value: _integer(value, end)
        return lambda value: _real(value, end)


# Values of a skeleton are of the kind that the form is for: a text here, a number there.
def _iri(value: Any) -> bytes:  # noqa: ANN401 - a leaf
    if PLAIN_IRI.fullmatch(value):
        return b"<%b>" % value.encode()
    raise Unsure


def _text(value: Any, end: bytes) -> bytes:  # noqa: ANN401 - as above
    if value.isprintable() and '"' not in value and "\\" not in value:
        return b'"%b"%b' % (value.encode(), end)
    return canonical.literal(value).encode() + end


def _integer(value: Any, end: bytes) -> bytes:  # noqa: ANN401 - as above
    if abs(value) <= MAX_INTEGER:
        return b'"%d"%b' % (value, end)
    raise Unsure


def _real(value: Any, end: bytes) -> bytes:  # noqa: ANN401 - as above
    """Write a number with a fraction as JSON-LD does (JSON-LD11-API#data-round-tripping), where all readers of JSON agree on it."""
    if not math.isfinite(value) or (isinstance(value, float) and value.is_integer()):
        raise Unsure
    return b'"%b"%b' % (double(value).encode(), end)


def double(value: float) -> str:
    """Return the canonical form of an xsd:double, with 16 digits as JSON-LD asks for."""
    mantissa, _, exponent = f"{value:.15E}".partition("E")
    whole, _, fraction = mantissa.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


class Template:
    """A compiled document.

    Attributes:
        quads: Its dataset with slots.
        slots: Where the slots get their values from.
        same: Pairs of leaves that must be equal: names of one node.
        fixed: Leaves that must have this value.
    """

    __slots__ = ("_constant", "_grouped", "_names", "_nodes", "_simple", "_subjects", "_writers", "fixed", "quads", "same", "slots")

    def __init__(
        self, quads: Iterable[Quad], slots: Sequence[Slot], *, same: Sequence[tuple[int, int]] = (), fixed: Mapping[int, Leaf] | None = None
    ) -> None:
        self.quads = tuple(dict.fromkeys(quads))
        self.slots = tuple(slots)
        self.same = tuple(same)
        self.fixed = dict(fixed or {})
        labels = list(dict.fromkeys(term for quad in self.quads for term in quad if isinstance(term, str) and term.startswith("_:")))
        place = {label: len(self.slots) + number for number, label in enumerate(labels)}
        subjects: dict[Term, list[Quad]] = {}
        for quad in self.quads:
            subjects.setdefault(quad[0], []).append(quad)
        blocks = [_Block.of(block, place) for block in subjects.values()]
        self._nodes = tuple(_Node.of(label, self.quads) for label in labels)
        self._constant = tuple(block.pieces[0].text for block in blocks if block.is_constant)
        self._simple = tuple((block.pieces[0].text, block.pieces[0].get) for block in blocks if not block.is_constant and not block.groups)
        self._grouped = tuple(block for block in blocks if block.groups)
        self._subjects = tuple(subject for subject in subjects if isinstance(subject, int))
        self._names = {subject.encode() for subject in subjects if isinstance(subject, str)}
        self._writers = tuple((slot.leaf, slot.writer()) for slot in self.slots)

    def fill(self, leaves: Sequence[Leaf]) -> bytes | None:
        """Return the canonical N-Quads, UTF-8, of the document with these leaves; None where the full algorithm must be asked."""
        try:
            return self._filled(leaves)
        except Unsure:
            return None

    def _filled(self, leaves: Sequence[Leaf]) -> bytes:
        for leaf, value in self.fixed.items():
            if leaves[leaf] != value:
                raise Unsure
        for one, two in self.same:
            if leaves[one] != leaves[two]:
                raise Unsure
        parts = [write(leaves[leaf]) for leaf, write in self._writers]
        hashes = [node.constant or node.hash(parts) for node in self._nodes]  # 3
        ranks = {digest: rank for rank, digest in enumerate(sorted(hashes))}  # 4
        if len(ranks) < len(hashes) or self._is_joined(parts):
            raise Unsure
        parts += [_label(ranks[digest]) for digest in hashes]
        blocks = [  # 6
            *self._constant,
            *[text % get(parts) for text, get in self._simple],
            *[block.write(parts) for block in self._grouped],
        ]
        blocks.sort()  # UTF-8 sorts as code points do
        return b"".join(blocks)

    def _is_joined(self, parts: Sequence[bytes]) -> bool:
        """Return whether two nodes have one name."""
        named = {parts[slot] for slot in self._subjects}
        return len(named) < len(self._subjects) or not named.isdisjoint(self._names)

    def bind(self, leaves: Sequence[Leaf], *, free: Sequence[int]) -> Template | None:
        """Return the template of the documents that have these leaves, but for the `free` ones.

        Its leaves are the free ones, in the order in which `free` names them. None where the bound leaves do not fit.
        """
        try:
            return self._bound(leaves, {leaf: number for number, leaf in enumerate(free)})
        except Unsure:
            return None

    def _bound(self, leaves: Sequence[Leaf], renamed: Mapping[int, int]) -> Template:
        terms: list[Term] = []
        slots: list[Slot] = []
        for slot in self.slots:
            if slot.leaf in renamed:
                terms.append(len(slots))
                slots.append(replace(slot, leaf=renamed[slot.leaf]))
            else:
                terms.append(slot.writer()(leaves[slot.leaf]).decode())
        fixed = {renamed[leaf]: value for leaf, value in self.fixed.items() if leaf in renamed}
        same = []
        for one, two in self.same:
            if one in renamed and two in renamed:
                same.append((renamed[one], renamed[two]))
            elif one in renamed or two in renamed:
                fixed[renamed[one if one in renamed else two]] = leaves[two if one in renamed else one]
            elif leaves[one] != leaves[two]:
                raise Unsure
        if any(leaves[leaf] != value for leaf, value in self.fixed.items() if leaf not in renamed):
            raise Unsure
        quads = [tuple(terms[term] if isinstance(term, int) else term for term in quad) for quad in self.quads]
        return Template(quads, slots, same=same, fixed=fixed)  # type: ignore[arg-type]  # four terms in, four terms out


class _Piece:
    """Lines with places in them: `text` is a format, `get` takes what goes there out of all parts."""

    __slots__ = ("get", "places", "text")

    def __init__(self, lines: Iterable[Iterable[Term]], place: Mapping[str, int]) -> None:
        texts, places = [], []
        for line in lines:
            for term in line:
                where = term if isinstance(term, int) else place.get(term)
                texts.append("%b" if where is not None else str(term).replace("%", "%%"))
                places += [where] if where is not None else []
        text = "".join(texts)
        self.places = places
        self.text = (text if places else text.replace("%%", "%")).encode()
        self.get = operator.itemgetter(*places) if places else tuple

    def write(self, parts: Sequence[bytes]) -> bytes:
        return self.text % self.get(parts) if self.places else self.text


@functools.cache
def _label(rank: int) -> bytes:
    return b"_:c14n%d" % rank


def _line(quad: Quad) -> tuple[Term, ...]:
    subject, predicate, target, graph = quad
    return (subject, " ", predicate, " ", target, *((" ", graph) if graph != "" else ()), " .\n")


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one subject, in order: no other line sorts between them, as they begin with the same term and a space.

    Attributes:
        pieces: Lines whose order is known.
        groups: After the piece of the same number: lines with the same predicate, whose order the values decide.
    """

    pieces: tuple[_Piece, ...]
    groups: tuple[tuple[_Piece, ...], ...]

    @classmethod
    def of(cls, quads: Sequence[Quad], place: Mapping[str, int]) -> _Block:
        predicates: dict[str, list[Quad]] = {}
        for quad in quads:
            predicates.setdefault(str(quad[1]), []).append(quad)
        known: list[Quad] = []
        pieces, groups = [], []
        for predicate in sorted(f"{name} " for name in predicates):
            alike = predicates[predicate[:-1]]
            if len(alike) == 1 or not any(_varies(quad, place) for quad in alike):
                known += sorted(alike, key=lambda quad: "".join(map(str, _line(quad)[1:])))
            else:
                pieces.append(_Piece(map(_line, known), place))
                groups.append(tuple(_Piece([_line(quad)], place) for quad in alike))
                known = []
        return cls((*pieces, _Piece(map(_line, known), place)), tuple(groups))

    @property
    def is_constant(self) -> bool:
        return not self.groups and not self.pieces[0].places

    def write(self, parts: Sequence[bytes]) -> bytes:
        """Return the lines; raises `Unsure` where two of them are the same, so that a dataset holds one of them only."""
        texts = []
        for piece, group in zip(self.pieces, self.groups, strict=False):
            texts.append(piece.write(parts))
            lines = sorted([line.write(parts) for line in group])
            if len(set(lines)) < len(lines):
                raise Unsure
            texts += lines
        texts.append(self.pieces[-1].write(parts))
        return b"".join(texts)


def _varies(quad: Quad, place: Mapping[str, int]) -> bool:
    return any(isinstance(term, int) or term in place for term in quad[2:])


@dataclass(frozen=True, slots=True)
class _Node:
    """A blank node: its first-degree hash (RDF-CANON#hash-1d-quads-algorithm), or the lines that it is made of."""

    constant: bytes
    lines: tuple[bytes, ...] = ()
    pieces: tuple[tuple[bytes, Callable[[Sequence[bytes]], object]], ...] = ()

    @classmethod
    def of(cls, label: str, quads: Iterable[Quad]) -> _Node:
        lines = [_line(_anonymous(quad, label)) for quad in quads if label in quad]
        pieces = [_Piece([line], {}) for line in lines]
        constant = tuple(piece.text for piece in pieces if not piece.places)
        if len(constant) == len(pieces):
            return cls(_hash(list(constant)))
        return cls(b"", constant, tuple((piece.text, piece.get) for piece in pieces if piece.places))

    def hash(self, parts: Sequence[bytes]) -> bytes:
        return _hash([*self.lines, *[text % get(parts) for text, get in self.pieces]])


def _anonymous(quad: Quad, label: str) -> Quad:
    one, two, three, four = (
        "_:a" if term == label else "_:z" if isinstance(term, str) and term.startswith("_:") else term for term in quad
    )
    return one, two, three, four


def _hash(lines: list[bytes]) -> bytes:
    lines.sort()
    return hashlib.sha256(b"".join(lines)).digest()  # these sort as their hexadecimal forms do
