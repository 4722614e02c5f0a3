from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import shape
from badgeissuer.vc.document import JsonObject

DID = "did:example:learner"


def _said(source: JsonObject) -> str:
    findings = shape.gate(source)
    assert all(finding.type == problem.CRYPTOGRAPHIC_SECURITY_ERROR for finding in findings)
    return " ".join(f"{finding.pointer} {finding.detail}" for finding in findings)


def test_good_badges_pass(badge: JsonObject, read_json: Callable[[str], Any]) -> None:
    vector = read_json("ob3/vectors/1edtech-implguide-ob-eddsa-rdfc-2022.json")
    for source in (badge, read_json("bench/badge.json"), vector["unsigned"], vector["signed"]):
        assert shape.gate(source) == ()
        assert shape.generic_gate(source) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"@included": [{"id": "urn:x:y"}]}, "/@included The member '@included' is not written"),
        ({"@graph": [{"id": "urn:x:y"}]}, "/@graph The member"),
        ({"@id": "urn:x:y"}, "/@id The member"),
        ({"@type": "X"}, "/@type The member"),
        ({"@index": "x"}, "/@index The member"),
        ({"@direction": "ltr"}, "/@direction The member"),
        ({"name": {"@value": "x"}}, "/name/@value The member"),
        ({"name": {"@language": "en", "x": "y"}}, "/name/@language The member"),
        ({"credentialSubject": {"id": DID, "@context": {"x": "urn:x:y"}}}, "/credentialSubject/@context The member"),
        ({"https://www.w3.org/2018/credentials#validUntil": "x"}, "full IRIs can hide data"),
        ({"_:grade": "A+"}, "/_:grade The member"),
        ({"": "x"}, "/ The member ''"),
        ({"Image": {"id": "urn:x:y"}}, "/Image The member 'Image' has the name of a type"),
        ({"Criteria": {"id": "urn:x:y"}}, "has the name of a type"),
        ({"a/b~c:d": "x"}, "/a~1b~0c:d The member"),
        ({"type": 5}, "/type type must be"),
        ({"type": {"id": "urn:x:y"}}, "/type type must be"),
        ({"type": ["VerifiableCredential", 5]}, "/type type must be"),
        ({"type": [{"a": "b"}]}, "/type type must be"),
        ({"id": 5}, "/id The id '5'"),
        ({"id": ["https://x.example/"]}, "no absolute URL"),
        ({"id": {"id": "https://x.example/"}}, "no absolute URL"),
        ({"id": "relative"}, "/id The id 'relative' is no absolute URL"),
        ({"id": "https://x.example/ a"}, "no absolute URL"),
        ({"id": "_:b0"}, "no absolute URL"),
        ({"id": "https://x.example/\n"}, "no absolute URL"),
        ({"name": None}, "/name null is not covered"),
        ({"evidence": [None]}, "/evidence/0 null is not covered"),
        ({"name": []}, "/name An empty array"),
        ({"name": {}}, "/name An empty object"),
        ({"evidence": [{"type": "Evidence", "name": {}}]}, "/evidence/0/name An empty object"),
        ({"name": "a\x07b"}, "/name A text holds a control character"),
        ({"name": "a\x7fb"}, "/name A text holds a control character"),
        ({"na\x1bme": "x"}, "A name of a member holds a control character"),
        ({"name": ["a", "b", "a"]}, "/name/2 An array holds the same thing twice"),
        ({"evidence": [{"a": "b"}, {"a": "b"}]}, "/evidence/1 An array holds the same thing twice"),
        ({"evidence": [{"id": "urn:x:y", "a": "b"}, {"id": "urn:x:y"}]}, "/evidence/1 An array holds the same thing twice"),
        ({"evidence": ["urn:x:y", {"id": "urn:x:y", "a": "b"}]}, "/evidence/1 An array holds the same thing twice"),
        ({"name": [1, 1.0]}, "/name/1 An array holds the same thing twice"),
        ({"name": [["a"]]}, "/name/0 An array stands directly inside an array"),
        ({"evidence": [{"id": "https://badges.example/c/1", "validUntil": "2099-01-01T00:00:00Z"}]}, "described in two places"),
        ({"evidence": [{"id": "https://badges.example/c/1", "type": ["Evidence"]}]}, "described in two places"),
        ({"issuer": {"id": DID, "name": "x"}}, "described in two places"),
        ({"a": {"id": "urn:x:y"}, "b": {"c": {"id": "urn:x:y", "name": "x"}}}, "urn:x:y is described in two places"),
    ],
    ids=str,
)
def test_what_could_be_read_in_two_ways_is_refused(badge: JsonObject, change: JsonObject, said: str) -> None:
    assert said in _said(badge | change)


def test_line_breaks_and_tabs_are_no_control_characters_here(badge: JsonObject) -> None:
    assert shape.gate(badge | {"description": "One\r\n\tTwo\N{GRINNING FACE}"}) == ()


def test_a_repeated_description_may_say_less_but_not_more(badge: JsonObject) -> None:
    creator = badge["credentialSubject"]["achievement"]["creator"]
    creator["type"] = "Profile"
    assert shape.gate(badge) == ()
    creator["url"] = "https://elsewhere.example"
    assert "described in two places" in _said(badge)
    badge["credentialSubject"]["achievement"]["creator"] = {"id": creator["id"]}
    assert shape.gate(badge) == ()


def test_types_that_cannot_be_hashed_are_a_finding_and_no_crash() -> None:
    source = {"id": "urn:x:y", "type": [{"a": "b"}], "x": {"id": "urn:x:y", "type": ["A", {"a": "c"}]}}
    assert "described in two places" in _said(source)


def test_a_document_of_too_many_parts_is_refused_at_once() -> None:
    started = time.process_time()
    for source in ({"a": list(range(200_000))}, {"a": [None] * 200_000}):
        assert "more than 2000 parts" in _said(source)
        assert [finding.detail for finding in shape.generic_gate(source)] == ["The document holds more than 2000 parts."]
    assert time.process_time() - started < 1


def test_the_largest_array_that_is_looked_at_takes_no_time() -> None:
    started = time.process_time()
    assert shape.gate({"a": [{"b": {"c": number}} for number in range(shape.MAX_ITEMS)]}) == ()
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"@included": []}, "/@included"),
        ({"@graph": []}, "/@graph"),
        ({"@reverse": {}}, "/@reverse"),
        ({"@nest": {"validUntil": "x"}}, "/@nest"),
        ({"@set": ["x"]}, "/@set"),
        ({"evidence": [{"@index": "x"}]}, "/evidence/0/@index"),
        ({"a/b": {"@list": []}}, "/a~1b/@list"),
        ({"name": None}, "/name"),
        ({"evidence": [None]}, "/evidence/0"),
    ],
)
def test_what_hides_data_is_refused_in_any_credential(badge: JsonObject, change: JsonObject, pointer: str) -> None:
    assert [finding.pointer for finding in shape.generic_gate(badge | change)] == [pointer]


@pytest.mark.parametrize(
    "own", [{"g": "@graph"}, {"x": {"@id": "@nest"}}, {"x": {"@reverse": "urn:x:y"}}, [{"x": {"@context": {"y": "@included"}}}]]
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_context_of_its_own_may_not_give_a_hiding_keyword_another_name(badge: JsonObject, own: object, deep: bool) -> None:  # noqa: FBT001 - a parameter of the test
    (badge["credentialSubject"] if deep else badge)["@context"] = own
    assert [finding.pointer for finding in shape.generic_gate(badge)] == ["/credentialSubject/@context" if deep else "/@context"]


def test_a_generic_credential_may_use_value_objects_and_contexts_of_its_own(badge: JsonObject) -> None:
    own = {"@context": [None, {"x": None}], "x": {"@value": "a", "@language": "en", "@direction": "ltr"}, "@id": "urn:x:y", "@type": "X"}
    assert shape.generic_gate(badge | own) == ()


def _objects(value: object) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(item)


_HIDING = st.sampled_from(
    ["@included", "@graph", "@reverse", "@index", "@nest", "@set", "@list", "@id", "@type", "@context", "@value"]
) | st.builds("{}{}{}".format, st.text(max_size=5), st.sampled_from([":", "://", "#:"]), st.text(max_size=5))
_ANYTHING = st.text(max_size=5) | st.integers() | st.booleans() | st.lists(st.text(max_size=3), max_size=2) | st.just({"id": "urn:x:y"})


@given(st.data(), _HIDING, _ANYTHING)
@settings(max_examples=300, deadline=None)
def test_no_inserted_key_that_can_hide_data_passes(frozen_badge: JsonObject, data: st.DataObject, key: str, value: object) -> None:
    source = copy.deepcopy(frozen_badge)
    nodes = [node for node in _objects(source) if not (node is source and key == "@context")]
    data.draw(st.sampled_from(nodes))[key] = value
    if key != "@context" or source["@context"] == frozen_badge["@context"]:
        assert shape.gate(source)


@given(st.data(), st.sampled_from(["credentialStatus", "validUntil", "validFrom"]))
@settings(max_examples=100, deadline=None)
def test_no_member_of_the_badge_can_move_to_another_description_of_it(frozen_badge: JsonObject, data: st.DataObject, name: str) -> None:
    source = copy.deepcopy(frozen_badge)
    places = [node for node in _objects(source) if node is not source]
    place = data.draw(st.sampled_from(places))
    moved = {"id": source["id"], name: source.pop(name)}
    assume(all(node is not place for node in _objects(moved[name])))
    place["evidence"] = data.draw(st.sampled_from([moved, [moved]]))
    assert "described in two places" in _said(source)


_ODD = st.sampled_from(
    [
        *(None, "", [], {}, 0, 1, True, 1.5, 2**70, "a\x07", "a\x7f", "\\b", "a\nb", "urn:x:y", "urn:", "a:b\nc:d", "\ud800", ("a",)),
        *(["a", "a"], [1, True], [["a"]], ["A"], [{"id": "urn:x:y"}, "urn:x:y"], [{"a": 1}, {"a": 1}]),
        *({"id": "urn:x:y"}, {"id": "urn:x:y", "name": "z"}, {"type": 5}),
    ]
)
_NAMES = st.sampled_from(["id", "type", "name", "proof", "@context", "@id", "a:b", "Name", "", "a\nb", "a\nB", "a\x07", "é", "É"])


@given(st.data(), _NAMES, _ODD, st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_quick_walk_passes_nothing_that_the_whole_gate_finds(
    frozen_badge: JsonObject,
    data: st.DataObject,
    key: str,
    value: object,
    in_array: bool,  # noqa: FBT001 - hypothesis fills it
) -> None:
    source = copy.deepcopy(frozen_badge)
    arrays = [item for node in _objects(source) for item in node.values() if isinstance(item, list)]
    if in_array:
        data.draw(st.sampled_from(arrays)).append(value)
    else:
        data.draw(st.sampled_from(list(_objects(source))))[key] = value
    gates = (shape.gate, shape.generic_gate, shape.list_gate)
    quick = [gate(source) for gate in gates]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "is_plain", lambda _source: False)
        assert [gate(source) for gate in gates] == quick


@pytest.mark.parametrize(
    "change",
    [
        {"proof": [{"@context": [f"https://x.example/{number}"], "n": number} for number in range(shape.MAX_CONTEXTS)]},
        {"@context": [{"a": "b"}]},
        {"@context": []},
    ],
)
def test_what_has_contexts_of_its_own_or_many_of_them_is_walked_with_care(badge: JsonObject, change: JsonObject) -> None:
    assert shape.is_plain(badge)
    assert not shape.is_plain(badge | change)
    assert shape.gate(badge | change) == ()


@pytest.mark.parametrize("gate", [shape.gate, shape.generic_gate, shape.list_gate])
def test_what_json_ld_processing_pays_for_is_limited(gate: Callable[[JsonObject], tuple[problem.Finding, ...]]) -> None:
    assert gate({"tag": [str(number) for number in range(shape.MAX_ITEMS)]}) == ()
    assert "more than 256 items" in gate({"tag": [str(number) for number in range(shape.MAX_ITEMS + 1)]})[0].detail


def test_contexts_are_counted_in_all_parts_together() -> None:
    inner = {"@context": ["https://www.w3.org/ns/credentials/v2"]}
    assert shape.generic_gate({"a": [inner | {"b": number} for number in range(shape.MAX_CONTEXTS)]}) == ()
    found = shape.generic_gate({"a": [inner | {"b": number} for number in range(shape.MAX_CONTEXTS)], "@context": "https://x.example/"})
    assert "more than 16 contexts" in found[0].detail


def test_a_status_list_holds_no_context_below_its_top() -> None:
    assert shape.list_gate({"@context": ["https://www.w3.org/ns/credentials/v2"], "a": {"b": "c"}}) == ()
    assert "stands inside" in shape.list_gate({"a": {"@context": "https://www.w3.org/ns/credentials/v2", "b": "c"}})[0].detail


def test_the_contexts_of_a_documents_own_are_short() -> None:
    own = {"@context": ["https://www.w3.org/ns/credentials/v2", {"a": "x" * (shape.MAX_DEFINITIONS - 1)}]}
    assert shape.generic_gate(own) == ()
    assert "longer than 8,192 characters" in shape.generic_gate({"@context": [*own["@context"], {"b": "c"}]})[0].detail
    assert "longer than 8,192 characters" in shape.generic_gate({"b": own, "c": own})[0].detail


def test_of_very_many_faults_the_first_are_told() -> None:
    assert len(shape.gate({str(number): None for number in range(300)})) == shape.MAX_FINDINGS
    assert len(shape.generic_gate({str(number): None for number in range(300)})) == shape.MAX_FINDINGS


def test_an_empty_array_is_refused_but_for_a_presentation_that_shows_nothing() -> None:
    assert [finding.pointer for finding in shape.generic_gate({"evidence": [], "a": {"b": [[]]}})] == ["/evidence", "/a/b/0"]
    assert shape.generic_gate({"verifiableCredential": []}) == ()


@pytest.mark.parametrize(
    ("outer", "inner", "is_said_twice"),
    [
        ("Profile", ["Profile"], False),
        (["Profile"], None, False),
        (["a", "b"], ["b", "a"], False),
        (["Profile", "x"], ["Profile"], True),
        (["Profile"], ["Profile", "x"], True),
        (None, "Profile", True),
    ],
)
def test_a_repeated_description_has_the_same_types(outer: object, inner: object, is_said_twice: bool) -> None:  # noqa: FBT001 - a table
    nodes = [{"id": "urn:x:y", "type": kind, "name": "A"} if kind else {"id": "urn:x:y", "name": "A"} for kind in (outer, inner)]
    assert bool(shape.gate({"issuer": nodes[0], "a": {"creator": nodes[1]}})) is is_said_twice


def test_every_object_of_a_document_is_found() -> None:
    assert list(shape.nodes({"a": [{"b": 1}, [{"c": {}}]], "d": "e"})) == [
        {"a": [{"b": 1}, [{"c": {}}]], "d": "e"},
        {"b": 1},
        {"c": {}},
        {},
    ]
    assert list(shape.nodes("x")) == []
