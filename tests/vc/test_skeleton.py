from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from tests.vc import kit

from badgeissuer.vc import contexts, skeleton
from badgeissuer.vc.document import JsonObject

NAMES = st.sampled_from(["a", "type", "@id", "@type", "@value"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.0, -0.0, 1.0, 0.5]) | st.sampled_from(["", "a", "s", "n", "@id"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def of(**members: Any) -> skeleton.Skeleton:  # noqa: ANN401 - any members
    found = skeleton.of(members)
    assert found is not None
    return found


def test_a_document_is_its_skeleton_and_its_leaves() -> None:
    found = skeleton.of(kit.badge())
    assert found is not None
    assert found.contexts == (contexts.CREDENTIALS_V2, contexts.OPEN_BADGES)
    assert found.leaves[:2] == ["https://badges.example/c/1", "Teamwork"]
    assert 5 in found.leaves
    assert found.weight() > len(found.leaves)


@pytest.mark.parametrize("context", [{"a": "urn:x:a"}, ["urn:x:c", {"a": "urn:x:a"}], None, 5])
def test_a_document_with_a_context_of_its_own_has_no_skeleton(context: object) -> None:
    assert skeleton.of({"a": {"@context": context}}) is None


def test_the_one_context_of_a_document_need_not_stand_in_an_array() -> None:
    assert of(**{"@context": "urn:x:c"}).contexts == ("urn:x:c",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": True}),
        ({"a": True}, {"a": False}),
        ({"a": None}, {"a": "x"}),
        ({"a": 0.0}, {"a": -0.0}),
        ({"a": "x"}, {"a": ["x"]}),
        ({"a": ["x"]}, {"a": ["x", "x"]}),
        ({"a": {"b": "x"}}, {"a": ["x"]}),
        ({"a": {}}, {"a": []}),
        ({"a": "x", "b": "x"}, {"b": "x", "a": "x"}),
        ({"type": "x"}, {"type": "y"}),
        ({"type": "x"}, {"type": ["x"]}),
        ({"type": ["x", "y"]}, {"type": ["y", "x"]}),
        ({"type": [1]}, {"type": [True]}),
        ({"type": [1]}, {"type": [1.0]}),
        ({"type": {"a": "x"}}, {"type": {"a": "y"}}),
        ({"type": ["texts"]}, {"type": [["texts"]]}),
        ({"@language": "en"}, {"@language": "fr"}),
        ({"a": {"@type": "x"}}, {"a": {"@type": "y"}}),
        ({"@context": "urn:x:c"}, {"@context": ["urn:x:c"]}),
    ],
)
def test_what_decides_the_graph_is_part_of_the_skeleton(one: JsonObject, other: JsonObject) -> None:
    assert of(**one).key != of(**other).key


@pytest.mark.parametrize(("one", "other"), [({"a": "x"}, {"a": ""}), ({"@id": "x"}, {"@id": "y"}), ({"@value": 1}, {"@value": 2})])
def test_texts_and_numbers_are_not(one: JsonObject, other: JsonObject) -> None:
    assert of(**one).key == of(**other).key
    assert of(**one).leaves != of(**other).leaves


@seed(20260520)
@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "type"]), VALUES, max_size=3), st.dictionaries(st.sampled_from(["a", "b"]), VALUES))
def test_a_document_can_be_put_together_again(source: JsonObject, other: JsonObject) -> None:
    found = of(**source)
    assert repr(skeleton.filled(source, found.leaves)) == repr(source)
    assert len(skeleton.paths(source)) == len(found.leaves)
    if of(**other).key == found.key:
        assert repr(skeleton.filled(source, of(**other).leaves)) == repr(other)


def test_every_leaf_has_a_place() -> None:
    source = {"a": ["x", {"b": 1, "type": "T"}, True, None], "@type": "T", "@id": "y", "@graph": ["z"]}
    assert skeleton.paths(source) == [("a", "0"), ("a", "1", "b"), ("@id",)]
    assert of(**source).leaves == ["x", 1, "y"]
