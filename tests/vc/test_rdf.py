from __future__ import annotations

import copy
from typing import Any

import pyld.jsonld
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vc import stock

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, jsonld, rdf
from badgeissuer.vc.document import JsonObject

V2 = contexts.CREDENTIALS_V2
XSD = "http://www.w3.org/2001/XMLSchema#"
P = "urn:p:a"

CASES: dict[str, tuple[Any, JsonObject]] = {
    "a text": ({}, {P: "x"}),
    "texts that stand twice": ({}, {P: ["x", "x", {"@value": "x"}, {"@value": "x", "@language": "en"}]}),
    "an empty text": ({}, {P: ""}),
    "no value": ({}, {P: [None, {"@value": None}], "urn:p:b": []}),
    "letters to be escaped": ({}, {P: 'a"b\\c\nd\re'}),
    "true and one": ({}, {P: [True, 1, 1.0, False, 0, -0.0]}),
    "fractions": ({}, {P: [7.5, 0.1, -1e-7, 5e-324, 1.7976931348623157e308, 1e16 + 2, 123456789.125]}),
    "large integers": ({}, {P: [2**53, 10**21 - 1, 10**21, 10**22, 1e21, 1e300, -(10**21)]}),
    "numbers with a datatype": ({"a": {"@id": P, "@type": XSD + "double"}}, {"a": [1, 1.5, 1e22, "1", "1.50", "INF", "x", True]}),
    "numbers of another datatype": ({"a": {"@id": P, "@type": "urn:t:t"}}, {"a": [1, 1.5, 1e22, "1", True]}),
    "texts with a datatype": ({}, {P: [{"@value": "x", "@type": XSD + "string"}, {"@value": "x", "@type": "urn:t:t"}]}),
    "languages": ({"@language": "DE"}, {P: ["x", {"@value": "x", "@language": "fr-CA"}, {"@value": "x", "@language": None}, 5]}),
    "a map of languages": ({"a": {"@id": P, "@container": "@language"}}, {"a": {"en": ["x", "y"], "de-AT": "z", "@none": "n"}}),
    "directions": ({"@direction": "rtl"}, {P: ["x", {"@value": "y", "@language": "ar", "@direction": "ltr"}]}),
    "JSON": (
        {"a": {"@id": P, "@type": "@json"}},
        {"a": [{"b": [1, 1.0, 1e21, None], "a": "é\n"}], "urn:p:b": {"@value": [], "@type": "@json"}},
    ),
    "JSON that is null": ({"a": {"@id": P, "@type": "@json"}}, {"a": None}),
    "a name and a blank node": ({}, {P: [{"@id": "urn:x:b"}, {"@id": "_:b0"}, {"@id": "_:b0", "urn:p:b": "x"}, {}]}),
    "an inner node that is the outer one": ({}, {P: {"@id": "urn:x:a", P: "x"}}),
    "types": ({}, {"@type": ["urn:t:a", "urn:t:b", "urn:t:a"], P: {"@type": "urn:t:a"}}),
    "coerced names": ({"@vocab": "urn:v:", "a": {"@id": P, "@type": "@id"}, "b": {"@type": "@vocab"}}, {"a": "urn:x:b", "b": ["word", 5]}),
    "lists": ({"a": {"@id": P, "@container": "@list"}}, {"a": ["x", "x", 1, {"@id": "_:n"}, {}], "urn:p:b": {"@list": []}}),
    "the same list twice": ({}, {P: [{"@list": ["x"]}, {"@list": ["x"]}]}),
    "lists in lists": ({}, {P: {"@list": [{"@list": ["x", {"@list": []}]}, [["y"], []], "z"]}}),
    "sets": ({"a": {"@id": P, "@container": "@set"}}, {"a": "x", "urn:p:b": {"@set": ["x", {"@value": "y"}]}}),
    "a graph": ({}, {P: {"@id": "urn:g:g", "@graph": [{"@id": "urn:x:b", P: "x"}, {P: "y"}]}}),
    "a graph without a name": (
        {"a": {"@id": P, "@container": "@graph"}},
        {"a": [{P: "x"}, {"@id": "urn:x:b", P: ["y", {"@list": ["z"]}]}]},
    ),
    "graphs by their names": ({"a": {"@id": P, "@container": ["@graph", "@id"]}}, {"a": {"urn:g:g": {P: "x"}, "@none": {P: "y"}}}),
    "a graph in a graph": ({}, {P: {"@graph": {P: {"@graph": {P: "x"}}}}}),
    "a graph whose name is blank": ({}, {P: {"@id": "_:g", "@graph": {"@id": "_:g", P: "x"}}}),
    "nodes by their names": ({"a": {"@id": P, "@container": "@id"}}, {"a": {"urn:x:b": {P: "x"}, "_:b": {P: "y"}, "@none": {}}}),
    "nodes by their types": (
        {"@vocab": "urn:v:", "a": {"@id": P, "@container": "@type"}},
        {"a": {"T": [{P: "x"}, {"@type": "U"}], "@none": {}}},
    ),
    "values by a property": (
        {"@vocab": "urn:v:", "a": {"@id": P, "@container": "@index", "@index": "urn:v:key"}},
        {"a": {"one": {P: "x"}, "@none": {P: "y"}}},
    ),
    "nested members": ({"n": "@nest", "@vocab": "urn:v:"}, {"n": {"a": "x", "n": [{"b": "y"}, {"c": "z"}]}}),
    "a context of a property": ({"@vocab": "urn:v:", "a": {"@context": {"b": "urn:w:b"}}}, {"a": {"b": "x", "c": {"b": "y"}}, "b": "z"}),
    "a context of a type": (
        {"@vocab": "urn:v:", "T": {"@context": {"b": "urn:w:b"}}, "U": {"@context": {"@propagate": True, "b": "urn:u:b"}}},
        {"a": [{"@type": "T", "b": ["x", {"b": "y"}]}, {"@type": ["U", "T"], "b": {"b": "z"}}, {"@type": "U", "b": {"b": "z"}}], "b": "z"},
    ),
    "a context that ends": (
        {"@vocab": "urn:v:", "a": {"@context": None}, "b": {"@context": [None, {"@vocab": "urn:w:"}]}},
        {"a": {"urn:p:b": "x"}, "b": {"c": "y"}},
    ),
    "contexts inside": (
        {"@vocab": "urn:v:"},
        {"a": {"@context": [{"b": "urn:w:b"}, {"c": "b"}], "b": "x", "c": "y"}, "b": {"@context": [], "b": "z"}},
    ),
    "a prefix": ({"w": "urn:w:"}, {"w:a": {"@id": "w:b"}, "x:y": "z"}),
    "aliases": ({"id": "@id", "kind": "@type", "value": "@value"}, {P: {"id": "urn:x:b", "kind": "urn:t:t", P: {"value": 5}}}),
}


@pytest.mark.parametrize("name", CASES)
def test_every_form_of_json_ld_comes_out_as_pyld_makes_it(name: str) -> None:
    context, members = CASES[name]
    source = {"@context": context, "@id": "urn:x:a", **members}
    before = copy.deepcopy(source)
    assert canonical.canonicalize(jsonld.to_quads(source)) == stock.canonical_form(source)
    assert source == before


def test_a_document_may_be_nothing_but_its_nodes() -> None:
    source = {"@context": {}, "@graph": [{"@id": "urn:x:a", P: "x"}, {"@id": "urn:x:b", P: "y"}]}
    assert canonical.canonicalize(jsonld.to_quads(source)) == stock.canonical_form(source)


_TEXT = st.sampled_from(["", "x", "y", "1", "1.5", "INF", "_:b0", "urn:x:a", 'a"\\\n\t', "é\U0001f600"]) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=5
)
_NUMBER = (
    st.sampled_from([0, 1, -1, 1.0, 7.5, 1e16, 1e21, 10**21, 2**53, -0.0])
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
_INSIDE_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _TEXT,
    lambda item: st.lists(item, max_size=3) | st.dictionaries(_TEXT, item, max_size=3),
)
_VALUE = st.one_of(
    st.builds(lambda value: {"@value": value}, _TEXT | _NUMBER | st.booleans()),
    st.builds(
        lambda value, kind: {"@value": value, "@type": kind},
        _TEXT | _NUMBER | st.booleans(),
        st.sampled_from([XSD + name for name in ("string", "double", "integer", "boolean")] + ["urn:t:t"]),
    ),
    st.builds(lambda value, tag: {"@value": value, "@language": tag}, _TEXT, st.sampled_from(["en", "de-at"])),
    st.builds(lambda value, way: {"@value": value, "@direction": way}, _TEXT, st.sampled_from(["ltr", "rtl"])),
    st.builds(lambda value: {"@value": value, "@type": "@json"}, _INSIDE_JSON),
)
_NAMES = st.sampled_from(["urn:x:a", "urn:x:b", "_:b0", "_:x"])


def _nodes(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    node = st.fixed_dictionaries(
        {},
        optional={
            "@id": _NAMES,
            "@type": st.lists(st.sampled_from(["urn:t:a", "urn:t:b"]), min_size=1, max_size=3),
            P: st.lists(item, max_size=4),
            "urn:p:b": st.lists(item, max_size=4),
        },
    )
    graph = st.builds(lambda node, inner: {**node, "@graph": inner}, node, st.lists(node, max_size=3))
    return node | graph | st.builds(lambda items: {"@list": items}, st.lists(item, max_size=4))


_ITEM = st.recursive(_VALUE | _NAMES.map(lambda name: {"@id": name}), _nodes, max_leaves=12)


@settings(max_examples=60)
@given(st.lists(_ITEM, min_size=1, max_size=6))
def test_whatever_was_expanded_comes_out_as_pyld_makes_it(items: list[Any]) -> None:
    expanded = [{"@id": "urn:x:a", P: items}]
    try:
        found = canonical.canonicalize(rdf.quads(expanded))
    except (problem.Invalid, problem.TooLarge):  # two values of which PyLD would lose one, or many lists that are the same
        return
    assert found == stock.of_dataset(pyld.jsonld.to_rdf(copy.deepcopy(expanded), stock.options()))


@pytest.mark.parametrize(
    "values",
    [
        [{"@value": "x"}, {"@value": "x", "@direction": "ltr"}],
        [{"@value": "x", "@direction": "ltr"}, {"@value": "x", "@direction": "rtl"}],
        [{"@value": {"a": 1}, "@type": "@json"}, {"@value": {"a": True}, "@type": "@json"}],
        [{"@value": [[0], "x"], "@type": "@json"}, {"@value": [[False], "x"], "@type": "@json"}],
    ],
    ids=str,
)
def test_of_two_values_that_pyld_takes_for_one_none_is_lost(values: list[JsonObject]) -> None:
    source = {"@context": {}, "@id": "urn:x:a", P: values}
    assert stock.canonical_form(source) == stock.canonical_form(source | {P: values[:1]}), "this is what would be lost"
    with pytest.raises(problem.Invalid, match="differ only in what not every reader compares"):
        jsonld.to_quads(source)
