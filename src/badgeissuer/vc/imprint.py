"""Bodies that are the text of a badge seen before with other values: read by comparing them with it, instead of as JSON.

Badges of one family (`family`) by one writer are the same text but for the values in some places. Of the second one that was verified, that
text is kept, cut at these places. Another body that has the same pieces, and between them plain texts and numbers only, is the same JSON
with other values: a plain text holds no quotation mark, no backslash and no control character, so that it ends where the piece after it
begins. Everything else is read as JSON, so that nothing is read here that is not read there, nor in any other way.

One in a thousand is read both ways, and a difference sounds the alarm (ADR 17).

Source: RFC 8259 sections 6 and 7.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from cachetools import LRUCache

from badgeissuer import problem
from badgeissuer.vc import alarm, document, family, proof, skeleton, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from badgeissuer.vc import contexts
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.family import Path
    from badgeissuer.vc.skeleton import Leaf

MAX_BODY = 32_768
"""Bytes of a body whose text is kept."""
MAX_KEPT, MAX_ALIKE, MAX_HEADS = 256, 16, 16
"""Texts that are kept, those of them that are alike up to the end of the window, and ways in which they may begin."""
MAX_TRIES = 8
"""So often the text of a family is cut, if need be; after that ever more seldom, as it seems not to help."""
WINDOW = 160
"""By so many bytes after the first value a text is found again: in a badge they hold its name and its issuer."""
_SIGNED = ("created", "verificationMethod", "proofValue")
_NUMBERS = {int: re.compile(rb"0|-?[1-9]\d{0,14}"), float: re.compile(rb"-?(?:0|[1-9]\d{0,13})\.\d{1,14}")}
_WRITERS: tuple[Callable[[Any], bytes], ...] = (
    document.write,
    lambda value: json.dumps(value).encode(),
    lambda value: json.dumps(value, ensure_ascii=False).encode(),
    lambda value: json.dumps(value, ensure_ascii=False, indent=2).encode(),
)
Tree: TypeAlias = "dict[str | int, Tree | int]"
"""The way to the values: members and items by name and number, and the number of the value in the end."""


class _Unlike(Exception):  # noqa: N818 - nothing is wrong
    """The body is another text."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a body was found to hold.

    Attributes:
        source: The document; parts of it are shared with others, so nobody may change it.
        likeness: It as one of its family; its proof is a plain one (`proof.is_plain`).
        kind: What rules the family is under.
    """

    source: JsonObject
    likeness: family.Likeness
    kind: Hashable


@dataclass(frozen=True, slots=True)
class Imprint:
    """The text of a badge with gaps.

    Attributes:
        pieces: What stands before, between and after the gaps; the quotation marks of a text belong to the pieces.
        cuts: For each gap the piece behind it, the length of that, and what the gap is read by; None for a text.
        tree: Where in the document the values of the gaps stand.
        source: The badge that it was made from.
        members: The family.
        gaps: For each gap its number and the form that its text must have.
        free: The numbers of the gaps outside the proof; of those, the ones that are identifiers, and the ones that are judged.
        neutral: The places that may differ.
        kind: What rules the family is under.
    """

    pieces: tuple[bytes, ...]
    cuts: tuple[tuple[bytes, int, re.Pattern[bytes] | None], ...]
    tree: Tree
    source: JsonObject
    members: family.Family
    gaps: tuple[tuple[int, Callable[[str], object]], ...]
    free: tuple[int, ...]
    names: tuple[int, ...]
    judged: tuple[int, ...]
    neutral: family.Neutral
    kind: Hashable

    def read(self, body: bytes) -> Found | None:
        """Return what a body holds; None where it is another text, or its values are not those of the family."""
        try:
            values = self._values(body)
        except (_Unlike, UnicodeDecodeError):
            return None
        for number, form in self.gaps:
            if not form(values[number]):  # type: ignore[arg-type]  # a gap with a form holds a text
                return None
        names, judged, free = ([values[number] for number in some] for some in (self.names, self.judged, self.free))
        source = _patched(self.source, self.tree, values)
        if not self.neutral.is_ordered(source) or not self.members.are_new(names, judged):
            return None
        return Found(source, family.Likeness(self.members, tuple(judged), free, proof.without_proof(source)), self.kind)

    def _values(self, body: bytes) -> list[Leaf]:
        """Return the values in the gaps of a body."""
        begin, place, texts = self.pieces[0], len(self.pieces[0]), []
        if not body.startswith(begin):
            raise _Unlike
        for piece, length, number in self.cuts:
            match = number.match(body, place) if number else None
            end = match.end() if match else body.find(b'"', place)
            if end < place or (number and not match) or not body.startswith(piece, end):
                raise _Unlike
            texts.append(body[place:end])
            place = end + length
        text = b'"'.join(texts).decode()  # none of them holds one
        if place != len(body) or "\\" in text or not text.isprintable():
            raise _Unlike
        values: list[Leaf] = text.split('"')  # type: ignore[assignment]  # a text is a leaf
        for gap, (_, _, number) in enumerate(self.cuts):
            if number:
                values[gap] = orjson.loads(texts[gap])
                if not values[gap] and type(values[gap]) is float:
                    raise _Unlike  # 0.0 and -0.0 are not one value
        return values


class Imprints:
    """A bounded memory of texts."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[bytes, bytes], list[Imprint]] = LRUCache(MAX_KEPT, len)
        self._heads: tuple[bytes, ...] = ()  # those used last come first, as do texts that are alike
        self._lock = threading.Lock()
        self._turn = itertools.count(1)

    def read(self, body: bytes) -> Found | None:
        """Return what a body holds whose like was kept; None for any other, which has to be read as JSON."""
        if len(body) > MAX_BODY or alarm.ALARM.reason:
            return None
        head = next((head for head in self._heads if body.startswith(head)), b"")
        begin = body.find(b'"', len(head))
        window = body[begin : begin + WINDOW]
        with self._lock:
            alike = self._kept.get((head, window)) or []
        for imprint in alike:
            found = imprint.read(body)
            if found is not None:
                if imprint is not alike[0] or head != self._heads[0]:
                    self._put_first(head, window, imprint)
                return found if self._is_right(found, body) else None
        return None

    def _put_first(self, head: bytes, window: bytes, imprint: Imprint) -> None:
        with self._lock:
            self._heads = (head, *(other for other in self._heads if other != head))[:MAX_HEADS]
            others = self._kept.get((head, window)) or []
            self._kept[head, window] = [imprint, *(other for other in others if other.pieces != imprint.pieces)][:MAX_ALIKE]

    def _is_right(self, found: Found, body: bytes) -> bool:
        """Now and then, read a body as JSON too, and sound the alarm where that gives anything else."""
        if next(self._turn) % templates.CHECKED:
            return True
        try:
            is_same = document.write(document.parse(body)) == document.write(found.source)
        except problem.Problem:
            is_same = False
        if not is_same:
            alarm.ALARM.sound(f"A badge was read in another way than as JSON: {found.source.get('id')!r:.200}")
        return is_same

    def learn(
        self, body: bytes, source: JsonObject, kind: Hashable, neutral: family.Neutral | None, known: Mapping[str, contexts.Context]
    ) -> None:
        """Keep the text of a badge of whose family something is remembered.

        Args:
            body: The text.
            source: What it holds, as `document.parse` reads it.
            kind: What rules it is under.
            neutral: The places that may differ; None where nothing is remembered of its kind.
            known: The contexts that it may name.
        """
        if neutral is None or len(body) > MAX_BODY or not proof.is_plain(source.get("proof")):
            return
        like = family.FAMILIES.likeness(proof.without_proof(source), kind, neutral, known)
        if like is None or like.verdict is None:
            return
        like.family.tries += 1
        if like.family.tries == 1:  # of most documents of strangers there is no second one like it
            return
        if like.family.tries > MAX_TRIES and like.family.tries.bit_count() > 1:
            return
        made = _imprint(body, source, like, neutral, kind)
        if made is None or len(made.pieces[1]) < WINDOW or made.cuts[0][2] is not None:
            return
        self._put_first(made.pieces[0], made.pieces[1][:WINDOW], made)


def _imprint(body: bytes, source: JsonObject, like: family.Likeness, neutral: family.Neutral, kind: Hashable) -> Imprint | None:
    """Return the text of a badge with gaps; None where it was written in an odd way."""
    writer = next((writer for writer in _WRITERS if writer(source) == body), None)
    bones = skeleton.of(source)
    if writer is None or bones is None:
        return None
    paths = skeleton.paths(source)
    open_at = [number for number, path in enumerate(paths) if path in like.family.varying or (path[0] == "proof" and path[-1] in _SIGNED)]
    pieces = _cut(writer, source, bones.leaves, open_at)
    kinds = [type(bones.leaves[number]) for number in open_at]
    places = [paths[number] for number in open_at]
    ways = [neutral.way(source, path) for path in places]
    forms = [way.form if way else proof.PLAIN[path[-1]].fullmatch for way, path in zip(ways, places, strict=True)]
    gaps = tuple((number, form) for number, form in enumerate(forms) if form is not None)
    free, names, judged = (
        tuple(number for number, way in enumerate(ways) if way and is_meant(way))
        for is_meant in (lambda _way: True, lambda way: way.is_name, lambda way: way.form is None)
    )
    cuts = tuple((piece, len(piece), _NUMBERS.get(kind)) for piece, kind in zip(pieces[1:], kinds, strict=True))
    made = Imprint(pieces, cuts, _tree(source, places), source, like.family, gaps, free, names, judged, neutral, kind)
    again = made.read(body)
    is_same = again is not None and (again.source, again.likeness.free, again.likeness.judged) == (source, like.free, like.judged)
    return made if is_same else None


def _cut(writer: Callable[[Any], bytes], source: JsonObject, leaves: Sequence[Leaf], open_at: Sequence[int]) -> tuple[bytes, ...]:
    """Return the text of a document, cut at some of its leaves."""
    whole = writer(source).decode()
    mark = hashlib.sha256(whole.encode()).hexdigest()  # which no text holds of itself
    places = set(open_at)
    marked = writer(skeleton.filled(source, [mark if number in places else leaf for number, leaf in enumerate(leaves)])).decode()
    pieces = marked.split(mark)
    for gap, number in enumerate(open_at):
        if not isinstance(leaves[number], str):  # a number has no quotation marks
            pieces[gap], pieces[gap + 1] = pieces[gap].removesuffix('"'), pieces[gap + 1].removeprefix('"')
    return tuple(piece.encode() for piece in pieces)


def _tree(source: JsonObject, paths: Sequence[Path]) -> Tree:
    """Return the way to the values at some paths of a document."""
    tree: Tree = {}
    for number, path in enumerate(paths):
        _grow(tree, source, path, number)
    return tree


def _grow(tree: Tree, node: Any, path: Path, number: int) -> None:  # noqa: ANN401 - any JSON value
    key: str | int = int(path[0]) if isinstance(node, list) else path[0]
    if len(path) == 1:
        tree[key] = number
    else:
        _grow(tree.setdefault(key, {}), node[key], path[1:], number)  # type: ignore[arg-type]  # nothing stands below a value


def _patched(node: Any, tree: Tree, values: Sequence[Leaf]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a copy of a value with others in it; what has none is shared."""
    changed = node.copy()
    for key, below in tree.items():
        changed[key] = values[below] if type(below) is int else _patched(node[key], below, values)  # type: ignore[arg-type]  # a tree
    return changed


IMPRINTS = Imprints()
"""The memory of this process."""
