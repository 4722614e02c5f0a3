"""The short form of `make differential`: some documents of which each must come out as PyLD and pyoxigraph make it, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.differential import comparing, generating

from badgeissuer.vc import contexts, cryptosuites

SEED, DOCUMENTS = 4, 96


def test_generated_documents_come_out_as_two_others_make_them() -> None:
    counts = comparing.run(SEED, range(DOCUMENTS))
    assert counts["mismatch"] == 0
    assert counts["equal"] > DOCUMENTS / 2
    assert counts["refused"] > 0


def test_a_run_that_was_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"seed": SEED, "next": 15, "counts": {"equal": 12, "refused": 3}}), "utf-8")
    assert sum(comparing.run(SEED, range(17), state=state).values()) == 17
    assert json.loads(state.read_text("utf-8"))["next"] == 17


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = (generating.document(SEED, number) for number in range(50))
    source = next(document for document in documents if comparing.compare(document)[0] == "equal")
    right = cryptosuites.rdfc(source, contexts.PINNED)
    monkeypatch.setattr(comparing, "_full", lambda _source: right + b"<urn:x> <urn:x> <urn:x> .\n")
    assert comparing.compare(source) == ("mismatch", "the short way and the long one")
    monkeypatch.undo()
    monkeypatch.setitem(comparing.OTHERS, comparing.PYLD, lambda _source: right[1:])
    monkeypatch.setitem(comparing.OTHERS, comparing.MIXED, lambda _source: right[1:])
    assert comparing.compare(source)[0] == "mismatch"


def test_the_same_seed_makes_the_same_documents() -> None:
    first, again, other = (generating.document(seed, 3) for seed in (1, 1, 2))
    assert first == again != other
