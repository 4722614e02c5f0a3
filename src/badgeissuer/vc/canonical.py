"""RDFC-1.0, the canonical form of an RDF dataset, with a limit on its work.

Terms are kept as the N-Quads text they are written with: `<iri>`, `_:label`, `"text"^^<datatype>`, `"text"@tag`. A blank node is a term
that begins with `_:`.

Source: RDF-CANON#canonicalization; the numbers in the comments are the steps there. RDF-CANON#dataset-poisoning asks for the limit.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from badgeissuer import problem
from badgeissuer.vc import effort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BUDGET = 5000
"""Units of work that one dataset may cost; the poison graphs of the W3C suite that must pass need 3,348."""

EFFORT = 0.1
"""What a unit of this work is, in those of `effort`."""

_POISON = "The document holds so many parts that look alike that putting them in order would take too long."
_ESCAPES = str.maketrans(
    {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)}
    | {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
)


class Quad(NamedTuple):
    """A quad of terms in N-Quads text; `graph` is empty for the default graph."""

    subject: str
    predicate: str
    object: str
    graph: str = ""


def literal(text: str, *, datatype: str = "", language: str = "") -> str:
    """Return a literal in canonical N-Quads (RDF-CANON#canonical-quads): xsd:string is left unsaid."""
    quoted = f'"{text.translate(_ESCAPES)}"'
    if language:
        return f"{quoted}@{language}"
    return quoted if datatype in {"", "http://www.w3.org/2001/XMLSchema#string"} else f"{quoted}^^<{datatype}>"


def canonicalize(quads: Iterable[Quad], *, budget: int = BUDGET, algorithm: str = "sha256", spend: effort.Spend = effort.free) -> str:
    """Return the canonical N-Quads of a dataset.

    Args:
        quads: The dataset; a quad that stands twice counts once.
        budget: Units of work that may be spent on blank nodes that look alike.
        algorithm: The hash, as `hashlib` names it.
        spend: Pays for that work out of what the whole verification may cost.

    Raises:
        problem.TooLarge: The budget is used up, as it is with a poisoned dataset.
    """
    return "".join(sorted(_Canonicalizer(quads, budget, algorithm, spend).lines()))


def canonical_labels(quads: Iterable[Quad], *, budget: int = BUDGET, algorithm: str = "sha256") -> dict[str, str]:
    """Return the issued identifiers map: blank node as it came in → its canonical label (`_:c14n0`)."""
    return _Canonicalizer(quads, budget, algorithm).labels()


def _line(quad: Sequence[str]) -> str:
    subject, predicate, term, graph = quad
    return f"{subject} {predicate} {term} {graph} .\n" if graph else f"{subject} {predicate} {term} .\n"


class _Issuer:
    """RDF-CANON#issue-identifier: hands out labels in the order of asking."""

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued = dict(issued or {})

    def copy(self) -> _Issuer:
        return _Issuer(self.prefix, self.issued)

    def issue(self, node: str) -> str:
        return self.issued.setdefault(node, f"{self.prefix}{len(self.issued)}")


class _Canonicalizer:
    """RDF-CANON#canon-algo-algo over one dataset."""

    def __init__(self, quads: Iterable[Quad], budget: int, algorithm: str, spend: effort.Spend = effort.free) -> None:
        self.budget = budget
        self.spend = spend
        self.new_hash: Callable[[bytes], hashlib._Hash] = getattr(hashlib, algorithm)
        self.canonical = _Issuer("_:c14n")
        self.ground: set[str] = set()
        self.quads: dict[Quad, None] = {}
        self.mentions: dict[str, list[Quad]] = defaultdict(list)  # 2: the blank node to quads map
        for quad in quads:
            nodes = [term for term in (quad.subject, quad.object, quad.graph) if term[:2] == "_:"]
            if not nodes:
                self.ground.add(_line(quad))
            elif quad not in self.quads:
                self.quads[quad] = None
                for node in nodes if len(nodes) == 1 else dict.fromkeys(nodes):
                    self.mentions[node].append(quad)
        self.first_degree: dict[str, str] = {}
        self.neighbours: dict[str, list[tuple[str, str]]] = {}

    def lines(self) -> set[str]:
        """Return the line of every quad with the canonical labels in place (6)."""
        labels = self.labels()
        return self.ground | {_line([labels.get(term, term) for term in quad]) for quad in self.quads}

    def labels(self) -> dict[str, str]:
        """Return blank node → canonical label."""
        by_hash: dict[str, list[str]] = defaultdict(list)
        for node in self.mentions:  # 3
            by_hash[self._hash_first_degree(node)].append(node)
        alike = []
        for digest in sorted(by_hash):  # 4
            if len(by_hash[digest]) == 1:
                self.canonical.issue(by_hash[digest][0])
            else:
                alike.append(by_hash[digest])
        try:
            for nodes in alike:  # 5
                self._label_alike(nodes)
        except RecursionError:  # a long chain of nodes that look alike, deep inside somebody else's stack
            raise problem.TooLarge(_POISON) from None
        return self.canonical.issued

    def _label_alike(self, nodes: list[str]) -> None:
        results = []
        for node in nodes:  # 5.2
            if node not in self.canonical.issued:
                issuer = _Issuer("_:b")
                issuer.issue(node)
                results.append(self._hash_n_degree(node, issuer))
        for _, issuer in sorted(results, key=lambda result: result[0]):  # 5.3
            for node in issuer.issued:
                self.canonical.issue(node)

    def _hash(self, text: str) -> str:
        return self.new_hash(text.encode()).hexdigest()

    def _spend(self, units: float) -> None:
        self.budget -= math.ceil(units)
        if self.budget < 0:
            raise problem.TooLarge(_POISON)
        self.spend(units * EFFORT)

    def _hash_first_degree(self, node: str) -> str:
        """RDF-CANON#hash-1d-quads-algorithm."""
        if node not in self.first_degree:
            lines = [
                _line([("_:a" if term == node else "_:z") if term[:2] == "_:" else term for term in quad]) for quad in self.mentions[node]
            ]
            self.first_degree[node] = self._hash("".join(sorted(lines)))
        return self.first_degree[node]

    def _neighbours(self, node: str) -> list[tuple[str, str]]:
        """Return the nodes beside a node, each with what RDF-CANON#hash-related-algorithm hashes before their labels."""
        if node not in self.neighbours:
            self.neighbours[node] = [
                (position if position == "g" else position + quad.predicate, term)
                for quad in self.mentions[node]
                for position, term in (("s", quad.subject), ("o", quad.object), ("g", quad.graph))
                if term[:2] == "_:" and term != node
            ]
        return self.neighbours[node]

    def _related(self, node: str, issuer: _Issuer) -> dict[str, list[str]]:
        related: dict[str, list[str]] = defaultdict(list)
        for begin, term in self._neighbours(node):  # 3
            label = self.canonical.issued.get(term) or issuer.issued.get(term) or self._hash_first_degree(term)
            related[self._hash(begin + label)].append(term)
        return related

    def _hash_n_degree(self, node: str, issuer: _Issuer) -> tuple[str, _Issuer]:
        """RDF-CANON#hash-nd-quads-algorithm; returns the hash and the issuer that led to it."""
        related = self._related(node, issuer)
        # Every order of a group is tried, so a group is charged for in full before the first is.
        self._spend(1 + len(issuer.issued) / 8 + sum(math.factorial(min(len(group), 20)) for group in related.values()))
        text = ""
        for digest in sorted(related):  # 5
            path, issuer = self._shortest(related[digest], issuer)
            text += digest + path
        return self._hash(text), issuer

    def _shortest(self, group: list[str], issuer: _Issuer) -> tuple[str, _Issuer]:
        """Return the least path over all orders of a group of like nodes (5.2 to 5.6)."""
        chosen, chosen_issuer = "", issuer
        for order in itertools.permutations(group):
            attempt = self._path(order, issuer.copy(), chosen)
            if attempt and (not chosen or attempt[0] < chosen):
                chosen, chosen_issuer = attempt
        return chosen, chosen_issuer

    def _path(self, order: tuple[str, ...], issuer: _Issuer, best: str) -> tuple[str, _Issuer] | None:
        path, recursion = "", []
        for node in order:  # 5.4.4
            if node in self.canonical.issued:
                path += self.canonical.issued[node]
            else:
                if node not in issuer.issued:
                    recursion.append(node)
                path += issuer.issue(node)
            if _is_worse(path, best):
                return None
        for node in recursion:  # 5.4.5
            digest, result = self._hash_n_degree(node, issuer)
            path += issuer.issue(node) + f"<{digest}>"
            issuer = result
            if _is_worse(path, best):
                return None
        return path, issuer


def _is_worse(path: str, best: str) -> bool:
    return bool(best) and len(path) >= len(best) and path > best
