"""The canonical form with the memory of templates is that without it."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st
from tests.vc import kit
from tests.vc.test_compiler import EXTRA, XSD, generic, with_words

from badgeissuer import problem
from badgeissuer.vc import alarm, compiler, contexts, effort, skeleton, template, templates
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.skeleton import Leaf

DOUBLE = XSD + "double"
DOCUMENTS: list[JsonObject] = [
    kit.badge(),
    kit.badge(evidence=[{"type": "Evidence", "id": "urn:x:1", "name": "x"}, {"type": "Evidence", "name": "y"}, {"type": "Evidence"}]),
    generic(**{"urn:p": [1, 2, 1.5, 0.5, "1", True], "urn:q": {"@list": ["a", "a", {"@id": "urn:x:2"}, 1, 2.5]}}),
    generic(**{"urn:p": {"@value": {"a": ["x", 1]}, "@type": "@json"}, "urn:q": {"@value": 3, "@type": "@json"}}),
    generic(**{"urn:p": [{"@value": 5, "@type": DOUBLE}, {"@value": "1.5", "@type": DOUBLE}, {"@value": "a", "@language": "en"}]}),
    generic(**{"urn:p": [{"@value": "a", "@language": "en", "@direction": "ltr"}, {"@value": "b", "@language": "en"}]}),
    generic(**{"urn:p": [{"@id": "urn:x:2", "urn:q": "a"}, {"@id": "urn:x:3", "urn:q": "b"}, {"urn:q": {"urn:q": "c"}}, {"urn:q": "d"}]}),
]
TRAPS: list[Leaf] = [
    "", "x", "_:b0", "_:c14n0", "urn:x:1", "urn:x:2", "https://a.example/", "https://a.example/ x", "HTTPS://a.example/", "a:b", "schema:x",
    "id", "type", "@id", "@json", "name", "Achievement", "VerifiableCredential", "did:example:learner", "urn:slot:0:1:", "urn:slot:1:2:",
    "1", "1.0", "1E0", "true", "7000000000000000", "7000000000000002", "7.000000000000001E15", "\x07", "\x7f", "\x85", "\u2028", 'a"\\',
    "a\r\n\t", "%b%%", "é", "😀", "urn:é", "urn:x y", "#a", "/a", 0, 1, -1, 3, 2**53 - 1, 2**53, 10**21, 7_000_000_000_000_001,
    0.5, 1.5, 1.0, 0.0, -0.0, 1e20, 1e21, 1.1e21, 1e-7, 5e-324, 1 / 3, 7.000017e150,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "ALARM", alarm.Alarm())


def full(source: JsonObject) -> bytes | None:
    try:
        return templates.full(source, contexts.PINNED)
    except problem.Problem:
        return None


def quick(memory: templates.Templates, source: JsonObject) -> bytes | None:
    try:
        return memory.canonicalize(source, contexts.PINNED)
    except problem.Problem:
        return None


def leaves_of(source: JsonObject) -> list[Leaf]:
    bones = skeleton.of(source)
    assert bones is not None
    return bones.leaves


def variants(memory: templates.Templates, source: JsonObject) -> templates.Variants:
    bones = skeleton.of(source)
    assert bones is not None
    return memory.variants(bones, contexts.PINNED)


def named(*names: str) -> JsonObject:
    """Return a document of a few nodes, by what they are called."""
    return generic(**{"urn:p": [{"@id": name, f"urn:q{place}": "x"} for place, name in enumerate(names)]})


Change = tuple[int, int | None, Leaf]


@seed(20260520)
@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(DOCUMENTS) - 1),
    st.lists(st.lists(st.tuples(st.integers(0, 99), st.none() | st.integers(0, 99), st.sampled_from(TRAPS)), max_size=3), max_size=4),
)
@example(4, [[(1, None, 7_000_000_000_000_001), (2, None, "7000000000000001")], [(1, None, 5), (2, None, "7000000000000001")]])
@example(5, [[], [(2, 1, "")]])
@example(6, [[], [(3, 1, "")], [(5, 0, "")]])
def test_whatever_was_seen_before_the_canonical_form_is_that_of_the_full_algorithm(which: int, changes: list[list[Change]]) -> None:
    memory, source = templates.Templates(), DOCUMENTS[which]
    for change in [[], *changes]:
        leaves = leaves_of(source)
        for place, other, trap in change:
            leaves[place % len(leaves)] = trap if other is None else leaves[other % len(leaves)]
        changed = skeleton.filled(source, leaves)
        assert quick(memory, changed) == full(changed)


def test_in_whatever_order_documents_come_their_canonical_forms_are_the_same() -> None:
    memory = templates.Templates()
    variety = [named(*names) for names in itertools.product(("urn:x:1", "urn:x:2", "urn:x:3", "_:b0", "a"), repeat=3)]
    expected = list(map(full, variety))
    shuffled = list(enumerate(variety)) * 2
    random.Random(20260520).shuffle(shuffled)  # noqa: S311 - repeatable on purpose
    assert all(quick(memory, source) == expected[number] for number, source in shuffled)


def test_sixteen_threads_make_the_same_of_documents_as_one() -> None:
    memory = templates.Templates()
    variety = [named(one, other) for one, other in itertools.product(("urn:x:1", "urn:x:2", "urn:x:3"), repeat=2)] * 8
    expected = list(map(full, variety))
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda source: quick(memory, source), variety)) == expected
    assert 0 < len(variants(memory, variety[0]).templates) <= templates.MAX_VARIANTS


def test_a_document_of_a_known_skeleton_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = templates.Templates()
    for number in range(2):  # of what is seen once nothing is compiled
        assert not variants(memory, kit.badge()).templates
        memory.canonicalize(kit.badge(id=f"https://badges.example/c/{number}"), contexts.PINNED)
    other = kit.badge(id="https://badges.example/c/2")
    expected = full(other)
    monkeypatch.setattr(templates, "full", None)
    spent: list[float] = []
    assert memory.canonicalize(other, contexts.PINNED, spent.append) == expected
    assert spent == [templates.COST]


@pytest.mark.parametrize("source", [{"@context": {"a": "urn:x:a"}, "@id": "urn:x:1", "a": "x"}, {"@context": "urn:x:unknown", "a": "x"}])
def test_a_document_with_other_contexts_than_those_known_goes_the_full_way(source: JsonObject) -> None:
    memory = templates.Templates()
    assert quick(memory, source) == full(source)
    assert not memory._variants


def test_two_contexts_of_one_address_never_share_what_was_made_of_them() -> None:
    memory = templates.Templates()
    source = generic(said="x") | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}
    for known in (with_words({"said": "urn:x:one"}), with_words({"said": "urn:x:two"})) * 2:
        assert memory.canonicalize(source, known) == templates.full(source, known)


def test_contexts_that_another_context_names_are_not_mistaken_for_each_other() -> None:
    memory, inner = templates.Templates(), "https://words.example/inner"
    source = generic(said={"more": "x"}) | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}
    outer = with_words({"@version": 1.1, "said": {"@id": "urn:x:said", "@context": inner}})
    for name in ("urn:x:one", "urn:x:two"):
        content = {"@context": {"more": name}}
        known = outer | {inner: contexts.Context(inner, content, contexts.digest(content))}
        assert memory.canonicalize(source, known) == templates.full(source, known)


def test_memory_is_bounded_by_what_it_holds_and_not_by_how_much_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "full", lambda *_args, **_more: b"")
    monkeypatch.setattr(compiler, "compile_document", lambda *_args, **_more: None)
    memory = templates.Templates()
    for number in range(3000):
        memory.canonicalize({f"{'a' * 100_000}{number}": "x"}, contexts.PINNED)
    assert sum(held.weight for held in memory._variants.values()) <= templates.MAX_WEIGHT
    kept = len(memory._variants)
    memory.canonicalize({"b" * (1000 * templates.MAX_SHARE): "x"}, contexts.PINNED)
    memory.canonicalize({"c": ["x"] * (skeleton.MAX_LEAVES + 1)}, contexts.PINNED)
    assert len(memory._variants) == kept


def test_a_skeleton_that_is_too_large_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAX_SHARE", 0)
    monkeypatch.setattr(compiler, "compile_document", None)
    memory = templates.Templates()
    assert memory.canonicalize(kit.badge(), contexts.PINNED) == full(kit.badge())
    assert not memory._variants


def test_odd_documents_that_came_first_do_not_keep_ordinary_ones_from_being_filled() -> None:
    memory = templates.Templates()
    for number in range(templates.MAX_VARIANTS + 3):
        quick(memory, named(f"tag:x,2026:{number}", "urn:x:1"))
    ordinary = named("urn:x:1", "urn:x:2")
    held = variants(memory, ordinary)
    assert held.misses == len(held.templates) + 3
    quick(memory, ordinary)
    assert held.templates[-1].fill(leaves_of(ordinary)) == full(ordinary)
    assert len(held.templates) == templates.MAX_VARIANTS


def test_compiling_what_cannot_be_compiled_is_tried_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(compiler, "compile_document", lambda source, _bones, **_more: tried.append(source))
    memory = templates.Templates()
    for _ in range(40):
        memory.canonicalize(named("urn:x:1"), contexts.PINNED)
    assert len(tried) == 4 + len((8, 16, 32))


def test_a_template_that_makes_something_else_of_its_own_document_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = template.Template([("<urn:s>", "<urn:p>", '"x"', "")], [])
    monkeypatch.setattr(compiler, "compile_document", lambda *_args, **_more: wrong)
    memory = templates.Templates()
    assert memory.canonicalize(kit.badge(), contexts.PINNED) == full(kit.badge())
    assert not variants(memory, kit.badge()).templates


def test_a_template_that_another_thread_has_made_meanwhile_is_not_kept_twice() -> None:
    held, made = templates.Variants(1), template.Template([("<urn:s>", "<urn:p>", '"x"', "")], [])
    held.add(made, [])
    held.add(made, [])
    assert held.templates == (made,)


def wrong_memory(monkeypatch: pytest.MonkeyPatch) -> templates.Templates:
    """Return a memory with a wrong template for small badges, of which every document is checked."""
    monkeypatch.setattr(templates, "CHECKED", 1)
    memory = templates.Templates()
    variants(memory, kit.badge()).templates = (template.Template([("<urn:s>", "<urn:p>", '"x"', "")], []),)
    return memory


def test_a_sample_that_shows_a_template_to_be_wrong_sounds_the_alarm_and_ends_their_use(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = wrong_memory(monkeypatch)
    for _ in range(2):
        assert memory.canonicalize(kit.badge(), contexts.PINNED) == full(kit.badge())
    assert "https://badges.example/c/1" in (alarm.ALARM.reason or "")
    monkeypatch.setattr(templates, "CHECKED", 1000)
    assert memory.canonicalize(kit.badge(), contexts.PINNED) == full(kit.badge())


def test_so_does_a_sample_that_the_full_algorithm_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, bad = wrong_memory(monkeypatch), kit.badge(id="no name")
    with pytest.raises(problem.Invalid):
        memory.canonicalize(bad, contexts.PINNED)
    assert alarm.ALARM.reason


def test_a_sample_that_agrees_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "CHECKED", 1)
    memory = templates.Templates()
    for _ in range(2):
        assert memory.canonicalize(kit.badge(), contexts.PINNED, effort.free) == full(kit.badge())
    assert alarm.ALARM.reason is None


def test_the_memory_of_the_process_is_one_of_these() -> None:
    found: Any = templates.TEMPLATES
    assert isinstance(found, templates.Templates)
