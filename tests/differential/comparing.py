"""Compare our canonical form with two that others make: `make differential ARGS="--documents 100000 --seed 1 --state FILE"`.

    ours      cryptosuites.rdfc, by what was compiled for the structure where it was seen before; and, beside it, always the full algorithm
    pyld      PyLD as it comes, from the document to canonical N-Quads
    oxigraph  pyoxigraph as it comes, with the contexts written into the document
    mixed     PyLD's RDF, canonicalised by pyoxigraph: in the place of one of them, for what it is known to get wrong (`asked`)

What we accept, both must make the same bytes of; what we refuse by the short way, we must refuse by the long one, and the other way round.
With a state file a run that was broken off goes on where it was. The exit code is 0 only if there was no mismatch.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pyoxigraph
from pyld import jsonld
from tests.differential import generating

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, cryptosuites, document
from badgeissuer.vc import jsonld as safe

JsonObject = dict[str, Any]
Node: TypeAlias = pyoxigraph.NamedNode | pyoxigraph.BlankNode

PYLD, OXIGRAPH, MIXED = "pyld", "oxigraph", "mixed"
SAVED_EVERY = 500
_NOT_FOR_OXIGRAPH = ("@direction", '"@language": null', '"@type": null', '"@value": null')
_DIGITS, _SMALLEST = 15, 1e-300
"""Significant digits of a number up to which the libraries agree; beyond, JSON-LD asks for 16 and pyoxigraph writes as many as are needed,
of very small numbers fewer."""
_LOADED = {
    url: {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "tag": "static", "document": context.content}
    for url, context in contexts.PINNED.items()
}
_OPTIONS = {
    "algorithm": "URDNA2015",
    "format": "application/n-quads",
    "documentLoader": lambda url, _options: _LOADED[url],
    "base": None,
    "rdfDirection": "i18n-datatype",
}


def by_pyld(source: JsonObject) -> bytes:
    text: str = jsonld.normalize(source, _OPTIONS)
    return text.encode()


def by_oxigraph(source: JsonObject) -> bytes:
    inlined = [contexts.PINNED[url].content["@context"] for url in source["@context"]]
    text = json.dumps(source | {"@context": inlined})
    return _canonical(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD))


def by_both(source: JsonObject) -> bytes:
    return _canonical(_quad(triple, graph) for graph, triples in _dataset(source).items() for triple in triples)


def _dataset(source: JsonObject) -> dict[str, list[JsonObject]]:
    found: dict[str, list[JsonObject]] = jsonld.to_rdf(
        source, {name: value for name, value in _OPTIONS.items() if name not in {"algorithm", "format"}}
    )
    return found


def _quad(triple: JsonObject, graph: str) -> pyoxigraph.Quad:
    where = pyoxigraph.DefaultGraph() if graph == "@default" else _node(graph)
    subject, predicate = _node(triple["subject"]["value"]), pyoxigraph.NamedNode(triple["predicate"]["value"])
    return pyoxigraph.Quad(subject, predicate, _term(triple["object"]), where)


def _node(name: str) -> Node:
    return pyoxigraph.BlankNode(name[2:]) if name.startswith("_:") else pyoxigraph.NamedNode(name)


def _term(term: JsonObject) -> Node | pyoxigraph.Literal:
    if term["type"] != "literal":
        return _node(term["value"])
    if language := term.get("language"):
        return pyoxigraph.Literal(term["value"], language=language)
    return pyoxigraph.Literal(term["value"], datatype=pyoxigraph.NamedNode(term["datatype"]))


def _canonical(quads: Iterable[pyoxigraph.Quad]) -> bytes:
    found = pyoxigraph.Dataset(quads)
    found.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    text = pyoxigraph.serialize(found, format=pyoxigraph.RdfFormat.N_QUADS) or b""
    return b"".join(sorted(text.splitlines(keepends=True)))


OTHERS: dict[str, Callable[[JsonObject], bytes]] = {PYLD: by_pyld, OXIGRAPH: by_oxigraph, MIXED: by_both}


def asked(source: JsonObject) -> set[str]:
    """Return whom to ask about a document, always two.

    PyLD writes control characters as they are, where RDFC-1.0 wants them escaped, and takes a statement that a blank node makes about
    itself for two of that node. pyoxigraph makes RDF 1.2 of a direction, writes other digits, refuses a value, language or type
    that is null, which PyLD leaves out, and of a node with several types does not know the words of all of them.
    """
    leaves = list(_leaves(source))
    others = {PYLD, OXIGRAPH}
    if any(isinstance(leaf, str) and any(letter < " " or letter == "\x7f" for letter in leaf) for leaf in leaves):
        others = others - {PYLD} | {MIXED}
    text = json.dumps(source)
    if '": "_:' in text and _speaks_of_itself(source):
        others = others - {PYLD} | {MIXED}
    if any(word in text for word in _NOT_FOR_OXIGRAPH) or any(map(_is_awkward, leaves)) or _has_many_types(source):
        others = others - {OXIGRAPH} | {MIXED}
    return others if len(others) > 1 else {MIXED}


def _has_many_types(source: JsonObject) -> bool:
    """Return whether a node other than the credential has several types."""
    return any(isinstance(types, list) and len(types) > 1 for node in _below(source) for types in [node.get("type")])


def _below(value: object) -> Iterator[JsonObject]:
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item
        yield from _below(item)


def _speaks_of_itself(source: JsonObject) -> bool:
    return any(
        triple["subject"]["value"] == triple["object"]["value"] and triple["object"]["type"] == "blank node"
        for triples in _dataset(source).values()
        for triple in triples
    )


def _is_awkward(leaf: object) -> bool:
    if isinstance(leaf, bool) or not isinstance(leaf, (int, float)):
        return False
    return abs(leaf) >= 2**53 or 0 < abs(leaf) < _SMALLEST or float(f"{leaf:.{_DIGITS - 1}e}") != leaf


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value


def compare(source: JsonObject) -> tuple[str, str]:
    """Return `equal`, `refused` or `mismatch`, and what differs."""
    body = json.dumps(source).encode()
    try:
        parsed = document.parse(body)
    except problem.Problem:
        return "refused", ""
    short, long = _outcome(lambda: cryptosuites.rdfc(parsed, contexts.PINNED)), _outcome(lambda: _full(parsed))
    if short != long:
        return "mismatch", "the short way and the long one"
    if isinstance(short, str):
        return ("refused", "") if short == "refused" else ("mismatch", short)
    different = [name for name in sorted(asked(source)) if _made(OTHERS[name], json.loads(body)) != short]
    return ("mismatch", ", ".join(different)) if different else ("equal", "")


def _full(source: JsonObject) -> bytes:
    return canonical.canonicalize(safe.to_quads(source)).encode()


def _outcome(make: Callable[[], bytes]) -> bytes | str:
    try:
        return make()
    except problem.Problem:
        return "refused"
    except Exception as error:  # noqa: BLE001 - whatever else comes out is a fault to be told
        return f"{type(error).__name__}: {error!s:.300}"


def _made(make: Callable[[JsonObject], bytes], source: JsonObject) -> bytes:
    try:
        return make(source)
    except (jsonld.JsonLdError, SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error!s:.300}".encode()


def run(seed: int, numbers: range, *, state: Path | None = None) -> Counter[str]:
    """Compare the documents of a seed; say which of them differ."""
    counts: Counter[str] = Counter()
    begin = numbers.start
    if state is not None and state.is_file():
        kept = json.loads(state.read_text("utf-8"))
        if kept["seed"] == seed:
            begin, counts = kept["next"], Counter(kept["counts"])
    for number in range(begin, numbers.stop):
        outcome, what = compare(generating.document(seed, number))
        counts[outcome] += 1
        if outcome == "mismatch":
            print(f"document {number} of seed {seed}: {what}", flush=True)
        if (number + 1) % SAVED_EVERY == 0 or number + 1 == numbers.stop:
            _save(state, seed, number + 1, counts)
    return counts


def _save(state: Path | None, seed: int, number: int, counts: Counter[str]) -> None:
    if state is not None:
        state.write_text(json.dumps({"seed": seed, "next": number, "counts": counts}), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our canonical form with those of PyLD and pyoxigraph.")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="where a run that may be broken off keeps how far it is")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print this document, and what everybody makes of it")
    arguments = parser.parse_args()
    if arguments.show is not None:
        return _show(generating.document(arguments.seed, arguments.show))
    began = time.monotonic()
    counts = run(arguments.seed, range(arguments.documents), state=arguments.state)
    print(f"{sum(counts.values())} documents of seed {arguments.seed} in {time.monotonic() - began:.0f} s: {dict(counts)}")
    return 1 if counts["mismatch"] or not counts["equal"] else 0


def _show(source: JsonObject) -> int:
    print(json.dumps(source, indent=1))
    outcome, what = compare(source)
    made = {name: _made(make, source) for name, make in OTHERS.items()} | {"ours": _outcome(lambda: _full(source))}
    for name, form in made.items():
        print(f"--- {name}\n{form if isinstance(form, str) else form.decode()}")
    print(outcome, what)
    return 1 if outcome == "mismatch" else 0


if __name__ == "__main__":
    sys.exit(main())
