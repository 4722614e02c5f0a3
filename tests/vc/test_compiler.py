"""What is compiled, and what is not. That filled templates are right is asked in test_templates.py."""

from __future__ import annotations

from typing import Any

import pytest
from tests.vc import kit

from badgeissuer.vc import compiler, contexts, skeleton, template
from badgeissuer.vc.document import JsonObject

XSD = "http://www.w3.org/2001/XMLSchema#"
EXTRA = "https://words.example/v1"


def generic(**members: Any) -> JsonObject:  # noqa: ANN401 - any members
    """Return a document that may have keywords and full IRIs as members."""
    return {"@context": [contexts.CREDENTIALS_V2], "type": ["VerifiableCredential"], "id": "urn:x:1", **members}


def with_words(definition: JsonObject) -> dict[str, contexts.Context]:
    """Return the known contexts with one of an operator's own."""
    content = {"@context": definition}
    return {**contexts.PINNED, EXTRA: contexts.Context(EXTRA, content, contexts.digest(content))}


def compiled(source: JsonObject, known: dict[str, contexts.Context] | None = None) -> template.Template | None:
    bones = skeleton.of(source)
    assert bones is not None
    return compiler.compile_document(source, bones, known=known or contexts.PINNED)


def test_every_leaf_of_a_badge_becomes_a_slot() -> None:
    made = compiled(kit.badge())
    bones = skeleton.of(kit.badge())
    assert made is not None
    assert bones is not None
    fixed = set(made.fixed)
    assert {slot.leaf for slot in made.slots} | fixed | {leaf for pair in made.same for leaf in pair} == set(range(len(bones.leaves)))
    assert not fixed


def test_names_that_are_one_in_the_document_share_a_slot() -> None:
    made = compiled(kit.badge())
    paths = skeleton.paths(kit.badge())
    assert made is not None
    assert {frozenset(paths[leaf][-1] for leaf in pair) for pair in made.same} == {frozenset({"id"}), frozenset({"name"})}


@pytest.mark.parametrize(
    "members",
    [
        {"name": {"@value": "1.5", "@type": XSD + "double"}},  # 1.50 is signed as the same
        {"name": {"@value": "a", "@language": "en", "@direction": "ltr"}},  # beside the same without direction it is refused
        {"urn:p": {"@value": 1.5, "@type": "@json"}},
        {"urn:p": {"@value": {"a": 1}, "@type": "@json"}},
        {"urn:p": [f"urn:slot:{number}:" for number in range(9)]},
        {"urn:p": {"@value": "x" * (compiler.MAX_FIXED + 1), "@type": "@json"}},
        {"urn:p": [{"@id": f"urn:x:{number}"} for number in range(skeleton.MAX_LEAVES + 1)]},
    ],
)
def test_what_cannot_be_filled_with_certainty_is_not_compiled(members: JsonObject) -> None:
    assert compiled(generic(**members)) is None


@pytest.mark.parametrize(
    ("members", "fixed"),
    [
        ({"urn:p": {"@value": {"a": ["x", {"b": "y"}]}, "@type": "@json"}}, {"x", "y"}),
        ({"urn:p": {"@value": "x", "@type": "@json"}}, {"x"}),
        ({"evidence": {"type": "urn:x:Evidence", "id": "_:b0"}}, {"_:b0"}),
        ({"evidence": {"type": "urn:x:Evidence", "id": "tag:x,2026:1"}}, {"tag:x,2026:1"}),
        ({"urn:p": {"@value": 3, "@type": "@json"}, "urn:q": "urn:slot:0:"}, set()),
    ],
)
def test_leaves_that_are_more_than_texts_are_held_fast(members: JsonObject, fixed: set[str]) -> None:
    made = compiled(generic(**members))
    assert made is not None
    assert set(made.fixed.values()) == fixed


def test_a_term_that_stands_as_a_value_is_held_fast() -> None:
    known = with_words({"kind": {"@id": "urn:x:kind", "@type": "@vocab"}, "Rare": "urn:x:Rare"})
    made = compiled(generic(kind="Rare") | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}, known)
    assert made is not None
    assert set(made.fixed.values()) == {"Rare"}


@pytest.mark.parametrize(
    "definition",
    [
        {"said": "urn:x:said", "https://words.example/": "urn:x:other#"},
        {"said": "urn:x:said", "urn": "https://elsewhere.example/"},
        {"said": {"@id": "urn:x:said", "@context": {"did": "https://elsewhere.example/"}}},
        {"said": {"@id": "urn:x:said", "@context": "https://www.w3.org/ns/credentials/undefined-terms/v2"}},
        {"said": {"@id": "urn:x:said", "@context": [{}]}},
        {"@version": 1.1, "@import": "https://elsewhere.example/", "said": "urn:x:said"},
    ],
)
def test_contexts_that_give_plain_names_a_meaning_or_name_others_are_not_compiled_under(definition: JsonObject) -> None:
    known = with_words(definition)
    assert not compiler.is_safe(known[EXTRA])
    assert compiled(generic() | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}, known) is None


def test_contexts_of_an_operator_may_be_compiled_under() -> None:
    known = with_words(
        {"said": {"@id": "urn:x:said", "@context": [{"more": "urn:x:more"}][0]}, "other": {"@id": "urn:x:o", "@context": None}}
    )
    assert compiler.is_safe(known[EXTRA])
    assert compiled(generic(said={"more": "x"}) | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}, known) is not None


def test_all_pinned_contexts_are_safe() -> None:
    assert all(map(compiler.is_safe, contexts.PINNED.values()))


def test_a_document_that_marks_would_change_is_not_compiled() -> None:
    known = with_words({"way": "@direction"})
    source = generic(name={"@value": "x", "way": "ltr"}) | {"@context": [contexts.CREDENTIALS_V2, EXTRA]}
    assert compiled(source, known) is None


def test_a_document_in_which_more_and_more_is_held_fast_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_ROUNDS", 1)
    assert compiled(generic(evidence={"type": "urn:x:Evidence", "id": "_:b0"})) is None
