from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.vc import kit, stock

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, effort, expansion, jsonld
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Undecided

V2, OB = contexts.CREDENTIALS_V2, contexts.OPEN_BADGES
NAME = "https://schema.org/name"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "_STORES", type(expansion._STORES)(maxsize=expansion.MAX_SETS))


def _canonical(source: JsonObject, known: dict[str, contexts.Context] | None = None) -> str:
    return canonical.canonicalize(jsonld.to_quads(source, known=known or contexts.PINNED))


def _refused(source: JsonObject, kind: type[problem.Problem] = problem.Invalid, *, spend: effort.Spend = effort.free) -> str:
    with pytest.raises(kind) as refused:
        jsonld.to_quads(source, spend=spend)
    return refused.value.detail


def _pinned(content: dict[str, Any]) -> dict[str, contexts.Context]:
    """Return the contexts that we hold, and others."""
    return dict(contexts.PINNED) | {
        url: contexts.pin(url, {"@context": one}, sha256=contexts.digest({"@context": one})) for url, one in content.items()
    }


STRANGE = [
    [V2, {"@import": OB, "name": "urn:evil:name", "Evidence": "urn:evil:Evidence"}],
    [V2, OB, {"@import": V2}],
    [{"name": "urn:evil:name", "VerifiableCredential": "urn:evil:type"}, {"Evidence": {"@id": "urn:evil:E", "@context": {"name": NAME}}}],
    [{"VerifiableCredential": "urn:evil:type"}, V2, OB],
    [V2, {"@vocab": "urn:evil:", "@propagate": False}, OB],
    [{"@propagate": False, "name": "urn:evil:name", "VerifiableCredential": "urn:evil:type"}, V2],
    [V2, {"extra": {"@id": "urn:evil:x", "@context": [{"name": "urn:evil:name"}, {"@vocab": "urn:evil:"}]}}],
    {"@context": [V2, OB]},
    [V2, OB, OB],
]


@pytest.mark.parametrize("strange", STRANGE, ids=json.dumps)
def test_the_contexts_of_one_document_change_nothing_for_another(strange: Any) -> None:  # noqa: ANN401 - any context
    """PyLD writes what a document imports into what it keeps of the imported context."""
    good = kit.badge() | {"evidence": [{"id": "urn:x:e", "type": "Evidence", "name": "e"}]}
    expected, bad = stock.canonical_form(good), good | {"@context": strange}
    for first, second in ((good, bad), (bad, good)):
        expansion._STORES.clear()
        for source in (first, second, first, second):
            if source is good:
                assert _canonical(source) == expected
                continue
            try:
                found = _canonical(copy.deepcopy(source))
            except problem.Invalid:
                continue
            assert found == stock.canonical_form(source)


def test_a_context_in_the_middle_of_a_document_is_that_of_its_part() -> None:
    inner = {
        "@context": [V2, {"more": "urn:p:more"}],
        "id": "urn:x:i",
        "more": "a",
        "https://x.example/c": {"@context": V2, "type": "VerifiableCredential"},
    }
    source = {
        "@context": [V2],
        "id": "urn:x:o",
        "type": "VerifiableCredential",
        "name": "n",
        "https://x.example/v": [inner, inner | {"id": "urn:x:j"}],
    }
    assert _canonical(source) == stock.canonical_form(source)


def test_what_is_kept_is_used_again_and_no_more_of_it_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[float] = []
    for _ in range(3):
        jsonld.to_quads(kit.badge(), spend=spent.append)
    assert len(spent) < 40, "no context is applied a second time"
    monkeypatch.setattr(expansion, "MAX_KEPT", 2)
    expansion._STORES.clear()
    expected = stock.canonical_form(kit.badge())
    assert {_canonical(kit.badge()) for _ in range(3)} == {expected}
    (store,) = expansion._STORES.values()
    assert len(store.applied) == 2


def test_pinned_contexts_that_import_or_do_not_propagate_are_read_as_pyld_reads_them() -> None:
    base = {"word": "urn:p:word", "inner": {"@id": "urn:p:inner", "@context": {"deep": "urn:p:deep"}}}
    known = _pinned(
        {
            "urn:c:base": base,
            "urn:c:imports": {"@version": 1.1, "@import": "urn:c:base", "word": "urn:q:word"},
            "urn:c:here": {"@version": 1.1, "@propagate": False, "word": "urn:r:word"},
            "urn:c:several": ["urn:c:base", {"other": "urn:p:other"}],
        }
    )
    body = {"@id": "urn:x:y", "word": "a", "inner": {"@id": "urn:x:i", "word": "b", "deep": "c"}}
    for _ in range(2):
        for context in (
            "urn:c:base",
            ["urn:c:base", "urn:c:imports"],
            ["urn:c:base", "urn:c:here"],
            "urn:c:several",
        ):
            source = {"@context": context, **body} | ({"other": "d"} if context == "urn:c:several" else {})
            assert _canonical(source, known) == stock.canonical_form(source, known)


def test_a_pinned_context_may_name_others_inside() -> None:
    known = _pinned(
        {
            "urn:c:a": {
                "word": "urn:p:word",
                "inner": {"@id": "urn:p:inner", "@context": "urn:c:b"},
                "gone": {"@id": "urn:p:g", "@context": None},
            },
            "urn:c:b": ["urn:c:a", {"word": "urn:q:word"}],
        }
    )
    source = {
        "@context": "urn:c:a",
        "@id": "urn:x:y",
        "word": "a",
        "inner": {"word": "b", "inner": {"word": "c"}},
        "gone": {"urn:p:w": "d"},
    }
    assert _canonical(source, known) == stock.canonical_form(source, known)


def _spread(context: JsonObject, **members: Any) -> JsonObject:  # noqa: ANN401 - any JSON value
    return {"@context": [V2, context], "id": "urn:x:y", "type": "VerifiableCredential", **members}


def test_contexts_that_would_be_applied_too_often_are_given_up_soon() -> None:
    words = {f"w{number}": f"urn:p:w{number}" for number in range(400)}
    context = {"Thing": {"@id": "urn:t:Thing", "@context": words}}
    context |= {f"p{number}": {"@id": f"urn:p:{number}", "@context": {"v": f"urn:v:{number}"}} for number in range(100)}
    source = _spread(context, **{f"p{number}": {"type": "Thing"} for number in range(100)})
    assert "applied too often" in _refused(source, problem.TooLarge)


def test_a_short_word_for_a_long_name_is_not_written_out_a_thousand_times() -> None:
    context = {"long": "urn:p:" + "x" * 100_000}
    assert "words that are too long" in _refused(_spread(context, **{"urn:p:v": [{"long": "a"}] * 100}), problem.TooLarge)


@pytest.mark.parametrize(
    "context", [{"a": {"@id": "urn:p:a", "@context": {"b": {"@id": "urn:p:b", "@context": {"c": "urn:p:c"}}}}}, {"a": "urn:p:a"}]
)
def test_that_nothing_more_may_be_spent_is_said_and_is_no_fault_of_the_document(context: JsonObject) -> None:
    source, spent = _spread(context, a={}), list[float]()
    for _ in range(2):
        spent.clear()
        jsonld.to_quads(source, spend=spent.append)
    for share in (0.01, 0.5, 0.8, 0.9, 0.99):
        assert "more work" in _refused(source, Undecided, spend=effort.Effort(sum(spent) * share).spend)


def test_a_scoped_context_of_a_documents_own_is_tried_where_it_is_defined() -> None:
    assert "invalid scoped context" in _refused(_spread({"a": {"@id": "urn:p:a", "@context": {"b": 5}}}))


SAMPLES = ("ob3", "w3c/vc-di-eddsa", "bench")


def _documents(folder: Path) -> Iterator[JsonObject]:
    for name in SAMPLES:
        for path in sorted((folder / name).rglob("*.json")):
            try:
                content = json.loads(path.read_text("utf-8"))
            except json.JSONDecodeError:  # of the samples some are broken, as they were found
                continue
            for value in (content, *(content.values() if isinstance(content, dict) else ())):
                if isinstance(value, dict) and "@context" in value:
                    yield value


def test_the_samples_and_vectors_come_out_as_pyld_makes_them(shared_data: Path, read_json: Callable[[str], Any]) -> None:
    extra = {
        "https://www.w3.org/ns/credentials/examples/v2": read_json("w3c/contexts/credentials-examples-v2.jsonld"),
        "https://w3id.org/citizenship/v4rc1": read_json("w3c/contexts/citizenship-v4rc1.jsonld"),
    }
    known = dict(contexts.PINNED) | {url: contexts.pin(url, content, sha256=contexts.digest(content)) for url, content in extra.items()}
    equal = 0
    for source in _documents(shared_data):
        try:
            found = _canonical(source, known)
        except problem.Invalid:
            continue
        assert found == stock.canonical_form(source, known)
        equal += 1
    assert equal > 30
