from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import canonical

SECONDS = 2

_TERM = re.compile(
    r"""[ \t]*(?:<(?P<iri>[^>]*)>|(?P<blank>_:[^\s<>"]+)|"(?P<text>(?:[^"\\]|\\.)*)\""""
    r"""(?:\^\^<(?P<datatype>[^>]*)>|@(?P<language>[A-Za-z0-9-]+))?)"""
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_SHORT = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)) if match[1] or match[2] else _SHORT.get(match[3], match[3]), text)


def _term(match: re.Match[str]) -> str:
    if match["iri"] is not None:
        return f"<{_unescaped(match['iri'])}>"
    if match["blank"] is not None:
        return match["blank"]
    return canonical.literal(_unescaped(match["text"]), datatype=_unescaped(match["datatype"] or ""), language=match["language"] or "")


def _read(path: Path) -> Iterator[canonical.Quad]:
    """Read the N-Quads of the test suite; good enough for that, and for nothing else."""
    for line in path.read_text("utf-8").split("\n"):
        if line.strip() and not line.startswith("#"):
            yield canonical.Quad(*map(_term, _TERM.finditer(line)))


def test_the_w3c_suite_passes_whole(shared_data: Path, read_json: Callable[[str], Any], subtests: pytest.Subtests) -> None:
    folder = shared_data / "w3c" / "rdf-canon"
    entries = read_json("w3c/rdf-canon/manifest.jsonld")["entries"]
    assert len(entries) == 86
    for entry in entries:
        with subtests.test(entry["id"]):
            started = time.process_time()
            _one(entry, folder)
            assert time.process_time() - started < SECONDS


def _one(entry: dict[str, str], folder: Path) -> None:
    algorithm = {"SHA384": "sha384"}.get(entry.get("hashAlgorithm", ""), "sha256")
    quads = list(_read(folder / entry["action"]))
    match entry["type"]:
        case "rdfc:RDFC10EvalTest":
            assert canonical.canonicalize(quads, algorithm=algorithm) == (folder / entry["result"]).read_text("utf-8")
        case "rdfc:RDFC10MapTest":
            labels = canonical.canonical_labels(quads, algorithm=algorithm)
            assert {node[2:]: label[2:] for node, label in labels.items()} == json.loads((folder / entry["result"]).read_text("utf-8"))
        case _:
            assert entry["type"] == "rdfc:RDFC10NegativeEvalTest"
            with pytest.raises(problem.TooLarge):
                canonical.canonicalize(quads, algorithm=algorithm)


def _quads(edges: list[tuple[int, int]]) -> list[canonical.Quad]:
    return [canonical.Quad(f"_:n{start}", "<urn:p>", f"_:n{end}") for start, end in edges]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
    st.permutations(range(6)),
    st.randoms(use_true_random=False),
)
def test_neither_labels_nor_order_change_the_canonical_form(edges: list[tuple[int, int]], names: list[int], shuffle: random.Random) -> None:
    renamed = _quads([(names[start], names[end]) for start, end in edges])
    shuffle.shuffle(renamed)
    assert canonical.canonicalize(renamed) == canonical.canonicalize(_quads(edges))


def test_one_moved_edge_changes_the_canonical_form() -> None:
    ring = [(number, (number + 1) % 6) for number in range(6)]
    triangles = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    assert canonical.canonicalize(_quads(ring)) != canonical.canonicalize(_quads(triangles))


def test_a_quad_that_stands_twice_counts_once() -> None:
    quad = canonical.Quad("<urn:a>", "<urn:p>", '"1"')
    assert canonical.canonicalize([quad, quad]) == '<urn:a> <urn:p> "1" .\n'


@pytest.mark.parametrize(
    "edges",
    [
        [(start, end) for start in range(10) for end in range(10) if start != end],
        [(hub, 10 * hub + leaf + 10) for hub in (0, 1) for leaf in range(9)],
        [(number, (number + 1) % 3000) for number in range(3000)],
    ],
    ids=["clique", "two hubs with nine leaves", "ring"],
)
def test_a_poisoned_dataset_is_given_up_soon(edges: list[tuple[int, int]]) -> None:
    started = time.process_time()
    with pytest.raises(problem.TooLarge, match="look alike"):
        canonical.canonicalize(_quads(edges))
    assert time.process_time() - started < SECONDS


def test_a_chain_that_outgrows_the_stack_is_too_large_and_no_crash() -> None:
    with pytest.raises(problem.TooLarge, match="look alike"):
        canonical.canonicalize(_quads([(number, (number + 1) % 3000) for number in range(3000)]), budget=10**9)


def test_literals_are_written_as_canonical_n_quads() -> None:
    assert canonical.literal('a"\\\t\n\r\b\f\x0b\x7f\x80é') == '"a\\"\\\\\\t\\n\\r\\b\\f\\u000B\\u007F\x80é"'
    assert canonical.literal("1", datatype="http://www.w3.org/2001/XMLSchema#string") == '"1"'
    assert canonical.literal("1", datatype="urn:t") == '"1"^^<urn:t>'
    assert canonical.literal("a", language="en") == '"a"@en'
