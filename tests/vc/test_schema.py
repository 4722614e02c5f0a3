from __future__ import annotations

import copy
import json
import re
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import report, schema
from badgeissuer.vc.document import JsonObject

DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "2019-09": "https://json-schema.org/draft/2019-09/schema#",
    "07": "http://json-schema.org/draft-07/schema#",
}
OTHERS: dict[str, Callable[..., jsonschema_rs.Validator]] = {
    "2020-12": jsonschema_rs.Draft202012Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "07": jsonschema_rs.Draft7Validator,
}
SINCE_2019 = "2020-12 2019-09"
UP_TO_2019 = "2019-09 07"
ALL = "2020-12 2019-09 07"
OFFICIAL = "ob3/schemas/official-2026/ob_v3p0_achievementcredential_schema.json"
SAMPLES = "ob3/samples/validator-ob30"
ReadJson = Callable[[str], Any]


def _asks(part: JsonObject, draft: str = "2020-12") -> JsonObject:
    """Return a schema that asks `part` of the member `v` of a document; what is defined stays at the root."""
    definitions = {name: part[name] for name in ("$defs", "definitions") if name in part}
    return {"$schema": DRAFTS[draft], "properties": {"v": part}} | definitions


def _refuse(asked: JsonObject, said: str, instance: JsonObject | None = None) -> None:
    with pytest.raises(report.Undecided, match=said) as undecided:
        schema.check({} if instance is None else instance, asked)
    assert undecided.value.kind == schema.UNDECIDED == problem.OURS + "schema-undecided"
    assert len(undecided.value.detail) < 400


class TestTheSchemaOfOpenBadges:
    @pytest.mark.parametrize("name", ["simple", "complete", "simple-did-key-method", "simple-multiple-proofs"])
    def test_a_published_badge_conforms(self, read_json: ReadJson, name: str) -> None:
        assert schema.check(read_json(f"{SAMPLES}/{name}.json"), read_json(OFFICIAL)) == ()

    @pytest.mark.parametrize(
        ("change", "pointer", "said"),
        [
            (lambda badge: badge.pop("issuer"), "", 'the member "issuer"'),
            (lambda badge: badge["credentialSubject"]["achievement"].pop("name"), "/credentialSubject/achievement", 'the member "name"'),
            (lambda badge: badge["issuer"].update(type=[]), "/issuer/type", "exactly one of the forms"),
            (lambda badge: badge.update(validFrom=5), "/validFrom", '“type” of the JSON Schema, which is "string".'),
            (lambda badge: badge["proof"][0].pop("type"), "/proof/0", 'the member "type"'),
            (lambda badge: badge["@context"].reverse(), "/@context/0", '“enum” of the JSON Schema, which is "https://www.w3.org/'),
            (
                lambda badge: badge["credentialSubject"].update(image={"id": "x", "type": "Image", "more": 1}),
                "/credentialSubject/image/more",
                "allows nothing here",
            ),
        ],
    )
    def test_what_breaks_it_is_found_where_it_stands(
        self, read_json: ReadJson, change: Callable[[JsonObject], object], pointer: str, said: str
    ) -> None:
        badge = read_json(f"{SAMPLES}/simple.json")
        change(badge)
        (found,) = schema.check(badge, read_json(OFFICIAL))
        assert found == problem.Finding(found.detail, pointer)
        assert said in found.detail

    @pytest.mark.parametrize("name", ["simple", "simple-err-issuer-parentorg-type"])
    def test_another_validator_agrees_about_a_sample_with_any_part_lost_or_changed(self, read_json: ReadJson, name: str) -> None:
        asked = read_json(OFFICIAL)
        other = jsonschema_rs.Draft201909Validator(asked)
        for document in _changed(read_json(f"{SAMPLES}/{name}.json")):
            assert (not schema.check(document, asked)) == other.is_valid(document), document


def _changed(document: JsonObject) -> Iterator[JsonObject]:
    """Yield a document, and the same without each of its parts, and with each of its parts turned into something else."""
    yield document
    for steps in list(_places(document)):
        for lost in (True, False):
            changed = copy.deepcopy(document)
            inner: Any = changed
            for step in steps[:-1]:
                inner = inner[step]
            inner[steps[-1]] = 5
            if lost:
                del inner[steps[-1]]
            yield changed


def _places(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from _places(item, (*at, key))


class TestKeywords:
    KEYWORDS: tuple[tuple[str, JsonObject, list[Any], list[Any]], ...] = (
        (ALL, {}, [None, 1, {}], []),
        (ALL, {"type": "integer"}, [1, 1.0, -3], [1.5, "1", True, None]),
        (ALL, {"type": "number"}, [1, 1.5], ["1", True]),
        (ALL, {"type": ["object", "null"]}, [{}, None], [[], "", False]),
        (ALL, {"type": "boolean"}, [True, False], [0, 1, None]),
        (ALL, {"type": "array"}, [[]], [{}, "", None]),
        (ALL, {"enum": [1, "a", None, [True]]}, [1, 1.0, "a", None, [True]], [True, "b", [1], 0, {}]),
        (ALL, {"enum": []}, [], [1, None]),
        (ALL, {"const": {"a": [1, {"b": 0}]}}, [{"a": [1.0, {"b": 0}]}], [{"a": [1]}, {"a": [1, {"b": False}]}, {"a": [1, {"c": 0}]}, {}]),
        (ALL, {"const": False}, [False], [0, None, ""]),
        (ALL, {"const": 0}, [0, 0.0], [False, None, ""]),
        (ALL, {"const": [1, 2]}, [[1, 2]], [[2, 1], [1], [1, 2, 3]]),
        (ALL, {"multipleOf": 3}, [0, 3, -9, 3.0, "x"], [1, 3.5]),
        (ALL, {"multipleOf": 0.1}, [0.3, 7, 1.1], [0.35, 1e-9]),
        (ALL, {"minimum": 2, "maximum": 3.5}, [2, 3.5, "9", True], [1.9, 4]),
        (ALL, {"exclusiveMinimum": 2, "exclusiveMaximum": 3}, [2.5], [2, 3]),
        (ALL, {"minLength": 2, "maxLength": 3.0}, ["ab", "😀😀😀", 5, []], ["a", "😀", "abcd"]),
        (ALL, {"minItems": 1, "maxItems": 2}, [[0], [0, 0], "x"], [[], [0, 0, 0]]),
        (ALL, {"minProperties": 1, "maxProperties": 2}, [{"a": 1}, []], [{}, {"a": 1, "b": 1, "c": 1}]),
        (ALL, {"pattern": "^a+$"}, ["aa", 5, ["b"]], ["b", "aa\n"]),
        (
            ALL,
            {"uniqueItems": True},
            [[1, True, "1", [1], {"a": 1}, None, 1.5, "None"], [], "aa", [[1, 2], [2, 1]], [{"a": 1, "b": 2}, {"a": 2, "b": 1}]],
            [[1, 1.0], [{"a": 1, "b": 2}, {"b": 2, "a": 1}], [[True], [True]], ["é", "\u00e9"], [None, None]],
        ),
        (ALL, {"uniqueItems": False}, [[1, 1]], []),
        (ALL, {"required": ["a", "b"]}, [{"a": 1, "b": 2}, [], "a"], [{"a": 1}, {}]),
        (SINCE_2019, {"dependentRequired": {"a": ["b"]}}, [{"a": 1, "b": 2}, {"b": 2}, {}, ["a"]], [{"a": 1}]),
        (SINCE_2019, {"dependentSchemas": {"a": {"required": ["b"]}, "c": False}}, [{"a": 1, "b": 2}, {}], [{"a": 1}, {"c": 1}]),
        (
            "07",
            {"dependencies": {"a": ["b"], "c": {"required": ["d"]}, "e": False}},
            [{"a": 1, "b": 1}, {}],
            [{"a": 1}, {"c": 1}, {"e": 1}],
        ),
        ("07", {"dependentRequired": {"a": ["b"]}, "minContains": 5, "unevaluatedProperties": False}, [{"a": 1}], []),
        (ALL, {"allOf": [{"minimum": 1}, {"maximum": 2}]}, [1, 2], [0, 3]),
        (ALL, {"anyOf": [{"minimum": 5}, {"maximum": 2}, False]}, [5, 2], [3]),
        (ALL, {"oneOf": [{"minimum": 2}, {"maximum": 5}, False]}, [1, 6], [3]),
        (ALL, {"oneOf": [False, False]}, [], [3]),
        (ALL, {"not": {"type": "string"}}, [1], ["a"]),
        (ALL, {"if": {"minimum": 5}, "then": {"multipleOf": 2}, "else": {"multipleOf": 3}}, [6, 8, 3], [7, 4]),
        (ALL, {"if": {"minimum": 5}}, [1, 6], []),
        (ALL, {"if": {"minimum": 5}, "then": False}, [1], [6]),
        (ALL, {"then": False, "else": False}, [1], []),
        (ALL, {"properties": {"a": {"type": "string"}, "b": False}}, [{"a": "x", "c": 1}, {}, []], [{"a": 1}, {"b": 1}]),
        (ALL, {"patternProperties": {"^a": {"type": "string"}, "b$": {"minLength": 2}}}, [{"a": "x", "c": 1}], [{"ax": 1}, {"ab": "x"}]),
        (
            ALL,
            {"properties": {"a": True}, "patternProperties": {"^b": {}}, "additionalProperties": {"type": "null"}},
            [{"a": 1, "b": 1, "c": None}],
            [{"c": 1}],
        ),
        (ALL, {"additionalProperties": False}, [{}, [1]], [{"a": 1}]),
        (ALL, {"propertyNames": {"maxLength": 1}}, [{"a": 1}, {}, "ab"], [{"ab": 1}]),
        (ALL, {"items": {"type": "string"}}, [["a"], [], "a"], [["a", 1]]),
        (ALL, {"items": False}, [[]], [[1]]),
        (ALL, {"contains": {"type": "string"}}, [["a", 1]], [[1], []]),
        (SINCE_2019, {"contains": {"const": 1}, "minContains": 2, "maxContains": 3}, [[1, 1], [1, 1, 1, 0]], [[1, 0], [1] * 4]),
        (SINCE_2019, {"contains": {"const": 1}, "minContains": 0}, [[], [0]], []),
        (SINCE_2019, {"minContains": 2, "maxContains": 0}, [[]], []),
        ("07", {"contains": {"const": 1}, "minContains": 2, "maxContains": 0}, [[1]], [[]]),
        (UP_TO_2019, {"items": [{"type": "string"}, False], "additionalItems": False}, [["a"], []], [["a", 1], [1]]),
        (UP_TO_2019, {"items": [{"type": "string"}], "additionalItems": {"type": "null"}}, [["a", None], ["a"]], [["a", 1], [1]]),
        (UP_TO_2019, {"items": {"type": "string"}, "additionalItems": False}, [["a", "b"]], [[1]]),
        (UP_TO_2019, {"additionalItems": False, "prefixItems": [False]}, [["a", "b"]], []),
        (UP_TO_2019, {"items": {"type": "string"}, "prefixItems": [{}]}, [["a", "b"]], [[1, "b"]]),
        ("2020-12", {"prefixItems": [{"type": "string"}, True], "items": {"type": "null"}}, [["a", 1, None], []], [[1], ["a", 1, 2]]),
        ("2020-12", {"prefixItems": [{"type": "string"}], "additionalItems": False}, [["a", 1]], [[1]]),
        (ALL, {"format": "email", "unheard-of": {"type": 5}}, ["not mail", 1], []),
        (ALL, {"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"type": "string"}}}, ["a"], [1]),
        (SINCE_2019, {"$ref": "#here", "minLength": 2, "$defs": {"a": {"$anchor": "here", "type": "string"}}}, ["ab"], [1, "a"]),
        ("07", {"$ref": "#/definitions/a", "minLength": 2, "definitions": {"a": {"type": "string"}}}, ["a"], [1]),
        ("07", {"$ref": "#here", "definitions": {"a": {"$id": "#here", "type": "string"}}}, ["a"], [1]),
        ("2020-12", {"$dynamicRef": "#here", "$defs": {"a": {"$dynamicAnchor": "here", "type": "string"}}}, ["a"], [1]),
        ("2019-09", {"$recursiveRef": "#"}, [{"v": {"v": {}}}, 1], []),
        ("07", {"unevaluatedItems": False}, [[1]], []),
    )

    @pytest.mark.parametrize(("drafts", "part", "fit", "unfit"), KEYWORDS, ids=lambda value: json.dumps(value)[:60])
    def test_a_keyword_asks_what_its_dialect_says(self, drafts: str, part: JsonObject, fit: list[Any], unfit: list[Any]) -> None:
        for draft in drafts.split():
            asked = _asks(part, draft)
            assert [value for value in fit if schema.check({"v": value}, asked)] == []
            assert [value for value in unfit if not schema.check({"v": value}, asked)] == []

    @pytest.mark.parametrize(("drafts", "part", "fit", "unfit"), KEYWORDS, ids=lambda value: json.dumps(value)[:60])
    def test_another_validator_reads_the_keyword_alike(self, drafts: str, part: JsonObject, fit: list[Any], unfit: list[Any]) -> None:
        for draft in drafts.split():
            other = OTHERS[draft](_asks(part, draft), validate_formats=False)
            assert [other.is_valid({"v": value}) for value in fit + unfit] == [True] * len(fit) + [False] * len(unfit)


_NAMES = st.sampled_from(["a", "b", "c"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.0]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


def _members(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[JsonObject]:
    several, named, count = st.lists(inner, min_size=1, max_size=3), st.dictionaries(_NAMES, inner, max_size=3), st.integers(0, 3)
    keywords = {
        "type": st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"]),
        "const": _VALUES,
        "enum": st.lists(_VALUES, min_size=1, max_size=3, unique_by=repr),
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#/$defs/c"]),
        "pattern": st.sampled_from(["^a", "b$", "^(a|b){2}$"]),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c"]), inner, max_size=2),
        "required": st.lists(_NAMES, max_size=2, unique=True),
        "uniqueItems": st.booleans(),
    }
    keywords |= dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.integers(-2, 2))
    keywords |= dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "minContains", "maxContains"), count)
    keywords |= dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several)
    keywords |= dict.fromkeys(("properties", "dependentSchemas"), named)
    keywords |= dict.fromkeys(("not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties"), inner)
    one = st.sampled_from(sorted(keywords)).flatmap(lambda name: st.tuples(st.just(name), keywords[name]))
    return st.lists(one, min_size=1, max_size=4).map(dict)


_SCHEMAS = st.recursive(st.booleans(), _members, max_leaves=8)


@given(_members(_SCHEMAS), st.lists(_SCHEMAS, min_size=3, max_size=3), _VALUES, st.sampled_from(sorted(DRAFTS)))
@settings(max_examples=100, deadline=None)
def test_another_validator_agrees_about_any_schema(asked: JsonObject, definitions: list[Any], value: object, draft: str) -> None:
    whole = _asks(asked, draft) | {"$defs": dict(zip("abc", definitions, strict=True))}
    assume(not _goes_round(whole["$defs"]))
    assert (not schema.check({"v": value}, whole)) == OTHERS[draft](whole).is_valid({"v": value})


_WORDS = [*schema._FORMS, "unevaluatedItems", "unevaluatedProperties"]
_REFERENCES = st.sampled_from(["#", "#/not", "#/$defs/a", "#a", "#/allOf/0", "(", "^a", *DRAFTS.values()])
_RUBBISH = st.recursive(
    _VALUES | _REFERENCES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_WORDS), _RUBBISH, min_size=1, max_size=5), _VALUES)
@settings(max_examples=200, deadline=None)
def test_whatever_a_schema_is_it_is_answered_for_or_not(asked: JsonObject, value: object) -> None:
    try:
        found = schema.check({"a": value, "$ref": [value]}, asked)
    except report.Undecided:
        return
    assert len(found) <= schema.MAX_FINDINGS


def _goes_round(definitions: JsonObject) -> bool:
    """Return whether a definition may come back to itself, which no validator has to survive."""
    reached = {name: set(re.findall(r'"#/\$defs/(.)"', json.dumps(part))) for name, part in definitions.items()}
    for _ in reached:
        reached = {name: found.union(*(reached[other] for other in found)) for name, found in reached.items()}
    return any(name in found for name, found in reached.items())


class TestFindings:
    def test_a_pointer_is_escaped_and_a_finding_is_told_once(self) -> None:
        asked: JsonObject = {"allOf": [{"additionalProperties": {"items": {"type": "null"}}}] * 2}
        found = schema.check({"a/b~c": [None, 1], "": [2]}, asked)
        assert [finding.pointer for finding in found] == ["/a~1b~0c/1", "//0"]
        assert {finding.type for finding in found} == {problem.MALFORMED_VALUE_ERROR}

    def test_twenty_findings_are_enough(self) -> None:
        assert len(schema.check({str(number): 1 for number in range(100)}, {"additionalProperties": False})) == 20

    def test_a_long_pointer_ends_at_what_holds_the_place(self) -> None:
        (found,) = schema.check({"a": {"k" * 1000: {"b": 1}}}, {"properties": {"a": {"additionalProperties": {"maxProperties": 0}}}})
        assert found.pointer == "/a"

    @pytest.mark.parametrize(
        ("part", "value", "said"),
        [
            ({"type": ["string", "null"]}, 1, 'What stands here breaks “type” of the JSON Schema, which is "string" or "null".'),
            ({"minLength": 3}, "a", "What stands here breaks “minLength” of the JSON Schema, which is 3."),
            ({"enum": list(range(8))}, "a", "What stands here breaks “enum” of the JSON Schema."),
            ({"const": {"a": 1}}, "a", "What stands here breaks “const” of the JSON Schema."),
            ({"const": "{}"}, "a", 'What stands here breaks “const” of the JSON Schema, which is "{}".'),
            ({"required": ["{0}\u202e"]}, {}, 'The JSON Schema asks for the member "{0}\\u202e" here.'),
            ({"required": ["a" * 1000]}, {}, f'The JSON Schema asks for the member "{"a" * 60}\\u2026" here.'),
            ({"additionalProperties": False}, {"a": 1}, "The JSON Schema allows nothing here."),
            ({"properties": {"a": False}}, {"a": 1}, "Something stands here that the JSON Schema does not allow."),
            ({"items": False}, [1], "What stands here breaks “items” of the JSON Schema, which is false."),
            ({"required": ["a", "b", "c"]}, {"b": 1}, 'The JSON Schema asks for the member "a" or "c" here.'),
            ({"contains": {}, "minContains": 2}, [1], "What stands here breaks “minContains” of the JSON Schema, which is 2."),
            ({"anyOf": [{"const": 1}, {"const": 2}]}, 3, "What stands here fits none of the forms that the JSON Schema allows."),
            ({"oneOf": [{}, {}]}, 3, "What stands here does not fit exactly one of the forms that the JSON Schema allows."),
            ({"not": {}}, 3, "What stands here breaks “not” of the JSON Schema."),
        ],
    )
    def test_a_finding_says_what_was_asked_for(self, part: JsonObject, value: object, said: str) -> None:
        assert [finding.detail for finding in schema.check({"v": value}, _asks(part))] == [said]

    @pytest.mark.parametrize("choice", ["anyOf", "oneOf"])
    def test_of_several_forms_the_one_that_was_meant_is_told(self, choice: str) -> None:
        forms = [{"type": "string"}, {"type": "object", "properties": {"name": {"type": "string"}}}, {"type": "null"}]
        (found,) = schema.check({"v": {"name": 5}}, _asks({choice: forms}))
        assert found.pointer == "/v/name"
        assert "“type”" in found.detail


def _each(keywords: str, *values: object) -> list[tuple[str, JsonObject]]:
    return [("2020-12", {keyword: value}) for keyword in keywords.split() for value in values]


class TestWhatIsNotAnsweredFor:
    @pytest.mark.parametrize(
        "dialect",
        [
            "http://json-schema.org/draft-04/schema#",
            "https://json-schema.org/draft/next/schema",
            "https://json-schema.org/draft/2020-12/schema/",
            "https://example.org/dialect",
            "",
            5,
            None,
            {"$ref": "#"},
        ],
        ids=str,
    )
    def test_an_unknown_dialect(self, dialect: object) -> None:
        _refuse({"$schema": dialect}, "Its dialect .* is none of 2020-12, 2019-09 and draft-07")

    @pytest.mark.parametrize("dialect", [*DRAFTS.values(), DRAFTS["07"].replace("http:", "https:"), DRAFTS["2020-12"] + "#"])
    def test_a_known_dialect_is(self, dialect: str) -> None:
        assert schema.check({"a": 1}, {"$schema": dialect, "required": ["a"]}) == ()

    def test_a_schema_without_a_dialect_is_of_2020(self) -> None:
        assert schema.check({"v": [1]}, {"properties": {"v": {"prefixItems": [{"type": "string"}]}}})

    @pytest.mark.parametrize(
        ("draft", "part"),
        [
            *_each("type", 5, "strin", [], ["string", "x"], ["null"] * 8, None),
            *_each("minLength maxItems minContains", -1, 1.5, "1", True, None),
            *_each("minimum multipleOf", "1", True, None),
            *_each("required allOf enum prefixItems", {}, "a", None),
            *_each("properties patternProperties dependentRequired", [], "a", None),
            *_each("pattern $ref $anchor $dynamicRef", {}, 5, None),
            *_each("not items contains if", [], "a", None, 5),
            ("2020-12", {"multipleOf": 0}),
            ("2020-12", {"multipleOf": -1.5}),
            ("2020-12", {"uniqueItems": "true"}),
            ("2020-12", {"required": ["a", 5]}),
            ("2020-12", {"anyOf": []}),
            ("2020-12", {"allOf": [{}, None]}),
            ("2020-12", {"properties": {"a": 5}}),
            ("2020-12", {"$defs": {"a": {"type": 5}}}),
            ("2020-12", {"dependentRequired": {"a": "b"}}),
            ("2020-12", {"items": [{}]}),
            ("2019-09", {"items": [{}, 5]}),
            ("2019-09", {"$recursiveRef": "#/properties"}),
            ("2020-12", {"$ref": "#" + "a" * 500}),
            ("07", {"dependencies": []}),
            ("07", {"dependencies": {"a": [5]}}),
            ("07", {"dependencies": {"a": "b"}}),
        ],
        ids=str,
    )
    def test_a_schema_that_is_wrong(self, draft: str, part: JsonObject) -> None:
        _refuse(_asks({"anyOf": [{}, part]}, draft), r"is wrong\.|neither an object nor true nor false")

    @pytest.mark.parametrize("name", [{}, 5, None, "https://[#"])
    def test_a_schema_with_a_wrong_name(self, name: object) -> None:
        _refuse({"$id": name}, r"is wrong\.|no schema that can be judged with")

    @pytest.mark.parametrize("keyword", ["unevaluatedItems", "unevaluatedProperties"])
    def test_a_schema_that_asks_for_what_is_left_over(self, keyword: str) -> None:
        for draft in SINCE_2019.split():
            _refuse(_asks({"anyOf": [{}, {keyword: False}]}, draft), f"asks for {keyword}, which is not judged here")

    def test_what_the_library_stumbles_over(self) -> None:
        _refuse(_asks({"items": True, "additionalItems": False}, "07"), "no schema that can be judged with", {"v": [1]})

    @pytest.mark.parametrize(
        "reference",
        [
            "https://example.org/other",
            "other.json",
            "other.json#/$defs/a",
            "https://json-schema.org/draft/2020-12/schema",
            "//example.org/mine#",
            "file:///etc/passwd",
            "urn:example:other#here",
        ],
    )
    @pytest.mark.parametrize("word", ["$ref", "$dynamicRef"])
    def test_a_schema_in_several_documents(self, word: str, reference: str) -> None:
        _refuse(
            {"$id": "https://college.example/mine", "anyOf": [{}, {word: reference}]}, "where nothing stands in it; another document is not"
        )

    @pytest.mark.parametrize(
        "reference",
        [
            "#/$defs/b",
            "#b",
            "#/$defs/a/allOf/1",
            "#/$defs/a/allOf/x",
            "#/$defs/a/const/0",
            "#/title/0/x",
            "#/$defs/a/",
            "//[",
            "https://[",
        ],
    )
    def test_a_reference_to_nowhere(self, reference: str) -> None:
        _refuse({"title": "a", "$ref": reference, "$defs": {"a": {"allOf": [{}], "const": 5}}}, "where nothing stands")

    def test_a_reference_to_what_is_no_schema(self) -> None:
        _refuse({"$ref": "#/title", "title": "a"}, "neither an object nor true nor false")
        _refuse({"$ref": "#/unheard-of", "unheard-of": {"minLength": "a"}}, "keyword minLength is wrong")

    @pytest.mark.parametrize(
        "part",
        [
            {"$id": "https://x.example/inner"},
            {"$id": "inner"},
            {"$schema": DRAFTS["2020-12"]},
            {"$schema": DRAFTS["07"], "pattern": "(a+)+$"},
        ],
    )
    def test_a_schema_inside_a_schema(self, part: JsonObject) -> None:
        for draft in DRAFTS:
            _refuse(_asks(part, draft), "of its own")
        assert schema.check({"v": part}, _asks({"const": part, "default": part, "examples": [part]})) == ()

    @pytest.mark.parametrize("expression", ["(?=a)", "(?!a)b", r"(a)\1", "(", "a{5000}"])
    def test_an_expression_that_cannot_be_searched_for(self, expression: str) -> None:
        _refuse(_asks({"pattern": expression}), "Its regular expression .* is not searched for")
        _refuse(_asks({"patternProperties": {"a": {}, expression: {}}}), "is not searched for")
        _refuse(_asks({"pattern": "a", "patternProperties": {expression: {}}}), "is not searched for")

    @pytest.mark.parametrize(
        "asked",
        [
            {"$ref": "#"},
            {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
            {"$schema": DRAFTS["2019-09"], "$recursiveRef": "#"},
            {"$dynamicAnchor": "a", "not": {"$dynamicRef": "#a"}},
            {"additionalProperties": {"$ref": "#"}, "if": {"$ref": "#"}},
        ],
        ids=str,
    )
    def test_a_schema_that_goes_round_in_circles(self, asked: JsonObject) -> None:
        _refuse(asked, "goes round in circles|takes more work", {"a": 1})

    def test_a_schema_that_nests_too_deeply(self) -> None:
        asked: JsonObject = {}
        for _ in range(5000):
            asked = {"allOf": [asked]}
        _refuse(asked, "nests too deeply")


class TestReferences:
    @pytest.mark.parametrize(
        "reference",
        [
            "#/$defs/a~1b~0c%20d",
            "mine#/$defs/a~1b~0c%20d",
            "https://x.example/mine#/$defs/a~1b~0c%20d",
            "https://x.example/mine#here",
            "#here",
            "#/allOf/0",
            "#/unheard-of/1/deep",
        ],
    )
    def test_a_reference_within_the_document_is_followed(self, reference: str) -> None:
        text = {"$anchor": "here", "type": "string"}
        asked = {
            "$id": "https://x.example/mine#",
            "properties": {"v": {"$ref": reference}},
            "$defs": {"a/b~c d": text},
            "allOf": [{"type": ["string", "object"]}],
            "unheard-of": [{}, {"deep": {"type": "string"}}],
        }
        assert schema.check({"v": "a"}, asked) == ()
        assert [finding.pointer for finding in schema.check({"v": 5}, asked)] == ["/v"]

    @pytest.mark.parametrize("name", ["urn:uuid:6a3f", "did:web:college.example", "mine.json", ""])
    def test_a_reference_needs_no_url_that_others_can_be_told_from(self, name: str) -> None:
        asked = {"$id": name, "properties": {"v": {"$ref": "#/$defs/a"}, "w": {"$ref": "#"}}, "$defs": {"a": {"type": "string"}}}
        assert [finding.pointer for finding in schema.check({"v": "a", "w": {"v": 5}}, asked)] == ["/w/v"]

    def test_a_schema_may_describe_what_nests_in_itself(self) -> None:
        asked: JsonObject = {"properties": {"parent": {"$ref": "#"}}, "required": ["name"]}
        found = schema.check({"name": "a", "parent": {"name": "b", "parent": {}}}, asked)
        assert [finding.pointer for finding in found] == ["/parent/parent"]


def _tower(word: str, height: int = 30) -> JsonObject:
    """Return a schema that asks for the same thing 2^30 times."""
    floors = {str(floor): {word: [{"$ref": f"#/$defs/{floor + 1}"}] * 2} for floor in range(height)}
    return {"$ref": "#/$defs/0", "$defs": floors | {str(height): {"required": ["a"]}}}


def _forks(keywords: Callable[[JsonObject], JsonObject]) -> JsonObject:
    floors = {str(floor): keywords({"$ref": f"#/$defs/{floor + 1}"}) for floor in range(30)}
    return {"$ref": "#/$defs/0", "$defs": floors | {"30": {}}}


def _nested(word: str, name: str, depth: int) -> JsonObject:
    inner: JsonObject = {"type": "integer"}
    for _ in range(depth):
        inner = {word: {name: inner}}
    return inner


MANY = 50_000
NUMBERED: JsonObject = {str(number): {} for number in range(20_000)}
ATTACKS: dict[str, tuple[Any, JsonObject]] = {
    "a tower of allOf": ({"a": 1}, _tower("allOf")),
    "a tower of anyOf": ({}, _tower("anyOf")),
    "a tower of oneOf": ({}, _tower("oneOf")),
    "a tower of if": ({}, _forks(lambda up: {"if": up, "then": up})),
    "a tower of dependentSchemas": ({"a": 1, "b": 1}, _forks(lambda up: {"dependentSchemas": {"a": up, "b": up}})),
    "an automaton of a thousand states": ({"v": "ab" * 50_000}, _asks({"pattern": "(a|b)*a(a|b){400}x"})),
    "many texts and a slow expression": ({"v": ["ab" * 50] * 5000}, _asks({"items": {"pattern": "((a?){20}){20}b$"}})),
    "many large expressions": ({}, {"allOf": [{"pattern": rf"\p{{L}}{number}"} for number in range(5000)]}),
    "many expressions for many members": (
        {str(number): number for number in range(2000)},
        {"patternProperties": {f"^{number}x": {} for number in range(2000)}, "additionalProperties": False},
    ),
    "many items": ({"v": [0] * 100_000}, _asks({"items": {"type": "integer"}})),
    "many items of which nothing is asked": ({"v": [0] * 100_000}, _asks({"items": {}})),
    "many items and a choice": ({"v": [0] * 100_000}, _asks({"items": {"anyOf": [False, True]}})),
    "many large numbers": ({"v": [1.7976931348623157e308] * MANY}, _asks({"items": {"multipleOf": 5e-324}})),
    "many numbers that differ": ({"v": list(range(MANY))}, _asks({"uniqueItems": True})),
    "many objects that differ": ({"v": [{"a": number} for number in range(MANY)]}, _asks({"uniqueItems": True})),
    "the same items again and again": ({"v": [[number] for number in range(500)]}, _asks({"allOf": [{"uniqueItems": True}] * 3000})),
    "long texts again and again": (
        {"v": ["\u0001é" * 100_000] * 2 + [1]},
        _asks({"not": {"allOf": [{"not": {"uniqueItems": True}}] * 3000}}),
    ),
    "a large constant again and again": ({"v": list(range(MANY))}, _asks({"allOf": [{"const": [*range(MANY - 1), -1]}] * 1000})),
    "a choice of many": ({"v": ["x"] * 1000}, _asks({"items": {"enum": list(range(MANY))}})),
    "a choice of many forms": ({"v": "x" * 900_000}, _asks({"oneOf": [False] * 100_000})),
    "contains again and again": ({"v": list(range(MANY))}, _asks({"allOf": [{"contains": {"const": -1}}] * 1000})),
    "many members asked of many": ({"v": [{}] * MANY}, _asks({"items": {"properties": NUMBERED}})),
    "many dependencies asked of many": ({"v": [{}] * MANY}, _asks({"items": {"dependentSchemas": NUMBERED}})),
    "a reference of many steps": (
        {"v": [1] * MANY},
        _asks({"items": {"$ref": "#/$defs" + "/properties/k" * 15}, "$defs": _nested("properties", "k", 15)}),
    ),
    "long names that are resolved": ({"v": [{}] * MANY}, {"$id": "https://x.example/" + "b/../" * 90} | _asks({"items": {"$ref": "#"}})),
    "many objects": ({"v": [{"a": 1}] * MANY}, _asks({"items": {"properties": {"a": {"type": "integer"}}, "required": ["a"]}})),
    "many errors in a long text": ({"v": "😀" * 250_000}, _asks({"anyOf": [{"type": "integer"}] * 5000})),
    "many errors that nothing asks for": ({"v": "x" * 900_000}, _asks({"allOf": [{"not": False}] * 100_000})),
    "many errors in what depends": ({"v": ["x" * 1000] * 900}, _asks({"anyOf": [{"items": {"not": {}}}] * 5000})),
    "a schema full of notes": ({"v": [{}] * 20_000}, _asks({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": dict(NUMBERED)}})),
    "many references": ({}, {"allOf": [{"$ref": f"#/$defs/{number}"} for number in NUMBERED], "$defs": NUMBERED}),
    "many definitions": ({}, {"$defs": {str(number): {"type": "string", "minLength": 1} for number in range(MANY)}}),
    "a form that is tried at every level": (
        json.loads('{"a":' * 30 + "1" + "}" * 30),
        {"oneOf": [{"properties": {"a": {"$ref": "#"}}, "required": ["b"]}, {"properties": {"a": {"$ref": "#"}}, "required": ["c"]}]},
    ),
}


class TestWork:
    @pytest.mark.parametrize("name", ATTACKS)
    def test_more_work_than_is_done_for_a_stranger_is_not_begun(self, name: str) -> None:
        instance, asked = ATTACKS[name]
        started = time.process_time()
        _refuse(asked, "takes more work", instance)
        taken = time.process_time() - started
        print(f"{name}: {taken:.3f} s")
        assert taken < (0.5 if sys.gettrace() is None else 5)  # while coverage is measured all takes several times as long

    @pytest.mark.parametrize("name", ["many numbers that differ", "many references", "many errors in a long text", "a tower of anyOf"])
    def test_little_memory_is_taken_meanwhile(self, name: str) -> None:
        instance, asked = ATTACKS[name]
        tracemalloc.start()
        try:
            _refuse(asked, "takes more work", instance)
            memory = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        print(f"{name}: {memory / 2**20:.1f} MiB")
        assert memory < 50 * 2**20

    @pytest.mark.parametrize("expression", ["(a+)+$", "^(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"])
    def test_an_expression_that_backtracks_for_ever_elsewhere_is_answered_at_once(self, expression: str) -> None:
        value = "a" * 5000 + "x" * 5000 + "!"
        started = time.process_time()
        (found,) = schema.check({value: value}, {"additionalProperties": {"pattern": expression}})
        assert schema.check({value: value}, {"patternProperties": {expression: False}}) == ()
        assert "“pattern”" in found.detail
        assert time.process_time() - started < 1

    def test_a_full_badge_costs_a_fraction_of_the_budget(self, read_json: ReadJson, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(schema, "BUDGET", schema.BUDGET * 2 // 3)
        assert schema.check(read_json(f"{SAMPLES}/complete.json"), read_json(OFFICIAL)) == ()
