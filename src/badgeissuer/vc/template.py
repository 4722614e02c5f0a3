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

    @property
    def around(self) -> tuple[str, str]:
        """What N-Quads has before and after the value."""
        return ("<", ">") if self.form == "<" else ('"', f'"{self.suffix}')

    def write(self, value: Leaf) -> bytes:
        """Return a leaf's value as N-Quads writes it, UTF-8, without what stands around it; raises `Unsure`."""
        return _WRITERS[self.form](value)

    def term(self, value: Leaf) -> str:
        """Return a leaf's value as a term of N-Quads; raises `Unsure`."""
        before, after = self.around
        return f"{before}{self.write(value).decode()}{after}"


# Values of a skeleton are of the kind that the form is for: a text here, a number there.
def _iri(value: Any) -> bytes:  # noqa: ANN401 - a leaf
    if PLAIN_IRI.fullmatch(value):
        return bytes(value.encode())
    raise Unsure


def _text(value: Any) -> bytes:  # noqa: ANN401 - as above
    return canonical.literal(value)[1:-1].encode()


def _integer(value: Any) -> bytes:  # noqa: ANN401 - as above
    if abs(value) <= MAX_INTEGER:
        return b"%d" % value
    raise Unsure


def _real(value: Any) -> bytes:  # noqa: ANN401 - as above
    """Write a number with a fraction as JSON-LD does (JSON-LD11-API#data-round-tripping), where all readers of JSON agree on it."""
    if not math.isfinite(value) or (isinstance(value, float) and value.is_integer()):
        raise Unsure
    return double(value).encode()


_WRITERS: dict[str, Callable[[Any], bytes]] = {"<": _iri, '"': _text, "#": _integer, ".": _real}


def double(value: float) -> str:
    """Return the canonical form of an xsd:double, with 16 digits as JSON-LD asks for."""
    mantissa, _, exponent = f"{value:.15E}".partition("E")
    whole, _, fraction = mantissa.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


@functools.cache
def _plain_iris(number: int) -> re.Pattern[str]:
    """Return what matches so many plain IRIs at the beginning of texts between quotation marks."""
    return re.compile(rf'{PLAIN_IRI.pattern}(?:"{PLAIN_IRI.pattern}){{{number - 1}}}(?:"|\Z)' if number else "")


class Template:
    """A compiled document.

    Attributes:
        quads: Its dataset with slots.
        slots: Where the slots get their values from.
        same: Pairs of leaves that must be equal: names of one node.
        fixed: Leaves that must have this value.
    """

    __slots__ = (
        "_begins", "_constant", "_grouped", "_leaves", "_names", "_nodes", "_numbered", "_simple", "_subjects", "_texts",
        "fixed", "quads", "same", "slots",
    )  # fmt: skip

    def __init__(
        self, quads: Iterable[Quad], slots: Sequence[Slot], *, same: Sequence[tuple[int, int]] = (), fixed: Mapping[int, Leaf] | None = None
    ) -> None:
        self.quads = tuple(dict.fromkeys(quads))
        self.slots = tuple(slots)
        self.same = tuple(same)
        self.fixed = dict(fixed or {})
        labels = list(dict.fromkeys(term for quad in self.quads for term in quad if isinstance(term, str) and term.startswith("_:")))
        order = sorted(range(len(self.slots)), key=lambda number: '<"#.'.index(self.slots[number].form))
        ranked: list[Term] = [*order, *labels]
        place = {term: rank for rank, term in enumerate(ranked)}
        gaps: dict[Term, _Gap] = {number: _Gap(place[number], *slot.around) for number, slot in enumerate(self.slots)}
        subjects: dict[Term, list[Quad]] = {}
        for quad in self.quads:
            subjects.setdefault(quad[0], []).append(quad)
        labelled = gaps | {label: _Gap(place[label]) for label in labels}
        blocks = [_Block.of(block, labelled) for block in subjects.values()]
        self._nodes = tuple(_Node.of(label, self.quads, gaps) for label in labels)
        self._constant = tuple(block.pieces[0].text for block in blocks if block.is_constant)
        self._simple = tuple((block.pieces[0].text, block.pieces[0].get) for block in blocks if not block.is_constant and not block.groups)
        self._grouped = tuple(block for block in blocks if block.groups)
        self._subjects = tuple(place[subject] for subject in subjects if isinstance(subject, int))
        self._names = {subject[1:-1].encode() for subject in subjects if isinstance(subject, str)}
        ordered = [self.slots[number] for number in order]
        self._texts = tuple(slot for slot in ordered if slot.form in '<"')
        self._leaves = tuple(slot.leaf for slot in self._texts)
        self._begins = _plain_iris(sum(slot.form == "<" for slot in self._texts)).match
        self._numbered = tuple(slot for slot in ordered if slot.form not in '<"')

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
        parts = self._parts(leaves)
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

    def _parts(self, leaves: Sequence[Leaf]) -> list[bytes]:
        """Return the values of the slots as N-Quads writes them: names, then texts, then numbers; raises `Unsure`."""
        values: list[Any] = [leaves[leaf] for leaf in self._leaves]
        text = '"'.join(values)
        # Mostly there is nothing to escape, and so nothing to look at one by one.
        if values and text.count('"') < len(values) and "\\" not in text and text.isprintable():
            if not self._begins(text):
                raise Unsure
            parts = text.encode().split(b'"')
        else:
            parts = [slot.write(value) for slot, value in zip(self._texts, values, strict=True)]
        return parts + [slot.write(leaves[slot.leaf]) for slot in self._numbered] if self._numbered else parts

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
                terms.append(slot.term(leaves[slot.leaf]))
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


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where a part goes in a line.

    Attributes:
        part: Which.
        before: What stands before it.
        after: What stands after it.
    """

    part: int
    before: str = ""
    after: str = ""


class _Piece:
    """Lines with gaps in them: `text` is a format, `get` takes what goes there out of all parts."""

    __slots__ = ("get", "places", "text")

    def __init__(self, lines: Iterable[Iterable[Term]], gaps: Mapping[Term, _Gap]) -> None:
        texts, places = [], []
        for line in lines:
            for term in line:
                gap = gaps.get(term)
                if gap is None:
                    texts.append(str(term).replace("%", "%%"))
                else:
                    texts.append(f"{gap.before}%b{gap.after.replace('%', '%%')}")
                    places.append(gap.part)
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
    def of(cls, quads: Sequence[Quad], gaps: Mapping[Term, _Gap]) -> _Block:
        predicates: dict[str, list[Quad]] = {}
        for quad in quads:
            predicates.setdefault(str(quad[1]), []).append(quad)
        known: list[Quad] = []
        pieces, groups = [], []
        for predicate in sorted(f"{name} " for name in predicates):
            alike = predicates[predicate[:-1]]
            if len(alike) == 1 or not any(_varies(quad, gaps) for quad in alike):
                known += sorted(alike, key=lambda quad: "".join(map(str, _line(quad)[1:])))
            else:
                pieces.append(_Piece(map(_line, known), gaps))
                groups.append(tuple(_Piece([_line(quad)], gaps) for quad in alike))
                known = []
        return cls((*pieces, _Piece(map(_line, known), gaps)), tuple(groups))

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


def _varies(quad: Quad, gaps: Mapping[Term, _Gap]) -> bool:
    return any(term in gaps for term in quad[2:])


@dataclass(frozen=True, slots=True)
class _Node:
    """A blank node: its first-degree hash (RDF-CANON#hash-1d-quads-algorithm), or the lines that it is made of."""

    constant: bytes
    lines: tuple[bytes, ...] = ()
    pieces: tuple[tuple[bytes, Callable[[Sequence[bytes]], object]], ...] = ()

    @classmethod
    def of(cls, label: str, quads: Iterable[Quad], gaps: Mapping[Term, _Gap]) -> _Node:
        lines = [_line(_anonymous(quad, label)) for quad in quads if label in quad]
        pieces = [_Piece([line], gaps) for line in lines]
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
