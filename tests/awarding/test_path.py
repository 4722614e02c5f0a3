from __future__ import annotations

import contextlib
import sys
from typing import Any

import jmespath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BODY: dict[str, Any] = {
    "id": 7,
    "dotted.name": {"a": 1},
    "tags": ["x", "y"],
    "tries": [{"score": 3, "at": "b"}, {"score": 5, "at": "a"}, {"score": None, "at": "c"}],
    "grid": [[1, 2], [3], 4],
    "empty": [],
    "none": None,
    "yes": True,
    "half": 0.5,
}


def find(expression: str, value: Any = BODY) -> Any:  # noqa: ANN401 - any JSON
    return path.Search().find(path.parse(expression), value)


@pytest.mark.parametrize(
    "expression",
    [
        "@",
        "id",
        '"dotted.name".a',
        "missing.deeper",
        "id.deeper",
        "tags[0]",
        "tags[-1]",
        "tags[9]",
        "id[0]",
        "tags[::-1]",
        "tags[:1]",
        "id[:1]",
        "tries[*].score",
        "id[*]",
        "*.a",
        "id.*",
        "tries[0].*",
        "grid[]",
        "grid[][]",
        "id[]",
        "tries[?score > `3`].at",
        "tries[?at == 'b'] | [0]",
        "tries[?at < 'b'].score",
        "tries[?!score].at",
        "id[?a]",
        "missing || id",
        "yes && id",
        "none && id",
        "[id, none]",
        "{a: id, b: tags}",
        "tags == tags",
        "tags != grid",
        "yes == `1`",
        '`"text"`',
        '`{"a": [1, "\\`"]}`',
        "'raw \\' text'",
        "abs(`-1`)",
        "avg(tries[:2].score)",
        "ceil(half)",
        "floor(half)",
        "contains(tags, 'x')",
        "contains('text', 'ex')",
        "starts_with('text', 'te')",
        "ends_with('text', 'xt')",
        "join('.', tags)",
        "keys(tries[0])",
        "values(tries[0])",
        "length(tags)",
        "length('text')",
        "max(tries[:2].score)",
        "min(tags)",
        "max_by(tries[:2], &score).at",
        "min_by(tries, &at).score",
        "max_by(empty, &score)",
        "not_null(none, missing, id)",
        "sum(tries[:2].score)",
        "to_array(id)",
        "to_array(tags)",
        "to_string(id)",
        "to_string(half)",
        "to_string(yes)",
        "to_string('text')",
        "to_number('7')",
        "to_number('0.87')",
        "to_number(half)",
        "to_number('seven')",
        "to_number(yes)",
        "to_number(tags)",
        "type(tags)",
    ],
)
def test_it_is_the_language_of_the_library(expression: str) -> None:
    assert find(expression) == jmespath.search(expression, BODY)


def test_a_missing_id_does_not_become_the_text_null() -> None:
    assert jmespath.search("to_string(none)", BODY) == "null"
    assert find("to_string(none)") is None
    assert find("to_string(missing.deeper)") is None


@pytest.mark.parametrize(
    ("text", "number"), [("1_000", None), ("٣", None), ("nan", None), ("inf", None), ("9" * 5000, None), ("007", 7), ("-7", -7)]
)
def test_only_plain_texts_become_numbers(text: str, number: int | None) -> None:
    assert find("to_number(@)", text) == number


@pytest.mark.parametrize("expression", ["id < 'a'", "'a' < id", "yes < `2`", "none < `2`", "tags < tags", "id >= none"])
def test_what_has_no_order_compares_to_nothing(expression: str) -> None:
    assert find(expression) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("join('.', [id, tags[0]])", r"join\(\) cannot take a number"),
        ("join('.', none)", r"join\(\) cannot take nothing"),
        ("join(tags, tags)", r"join\(\) cannot take an array"),
        ("to_string(tags)", r"to_string\(\) cannot take an array"),
        ("to_string(@)", r"to_string\(\) cannot take an object"),
        ("sum(tags)", r"sum\(\) cannot take a text"),
        ("abs(yes)", r"abs\(\) cannot take true or false"),
        ("max_by(tries, &score)", r"max_by\(\) cannot take nothing"),
        ("max_by(&id, tags)", r"max_by\(\) cannot take an expression"),
        ("max_by([{a: `1`}, {a: '1'}], &a)", "cannot be worked out"),
        ("contains('text', id)", "cannot be worked out"),
        ("tags[::0]", "cannot be worked out"),
        ("ceil(sum(`[1e308, 1e308]`))", "cannot be worked out"),
    ],
)
def test_what_a_function_cannot_take_is_said_without_the_value(expression: str, said: str) -> None:
    with pytest.raises(path.Unreadable, match=said) as caught:
        find(expression)
    assert caught.value.__cause__ is None
    assert not any(tag in caught.value.detail for tag in ("'x'", '"x"', "score"))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "no JMESPath"),
        (" ", "near character 2"),
        ("a.", "near character 3"),
        ("a b", "near character 3"),
        ("a..b", "near character 3"),
        ("a[", "near character 3"),
        ("'open", "near character 1"),
        ("`open", "near character 1"),
        ("a = b", "near character 3"),
        ("-", "near character 1"),
        ("é", "near character 1"),
        ("`text`", "no JSON"),
        ("`NaN`", "no JSON"),
        ('`{"a": 1, "a": 2}`', "no JSON"),
        ('`"\\ud800"`', "no JSON"),
        ("`9007199254740993`", "no JSON"),
        ("`[[[[[[[[[1]]]]]]]]]`", "no JSON"),
        ("a\x00", "NUL"),
        ("'\ud800'", "half a surrogate pair"),
        ("a" * 501, "longer than 500"),
        ("a,".join([""] * 61) + "a", "more than 120"),
        ("@|" * 40 + "@", "deeper than 32"),
        ("[*]" * 7, "more than 6 projections"),
        ("a[].b.*.c[?d][:1][*][*][*]", "more than 6 projections"),
        ("map(&a, @)", r"no function map\(\); use one of abs, avg"),
        ("sort(@)", "no function"),
        ("shoe_size(@)", "no function"),
        ("join('.')", r"join\(\) takes 2 arguments, not 1"),
        ("abs(a, b)", r"abs\(\) takes 1 arguments, not 2"),
        ("not_null()", "takes 1 arguments, not 0"),
        ("&a", "behind &"),
        ("to_array(&a)", "behind &"),
        ("{max_by: &a}", "behind &"),
        ("not_null(a, &b)", "behind &"),
    ],
)  # fmt: skip
def test_an_expression_that_may_not_be_used_is_refused_when_it_is_saved(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        path.parse(expression)


def test_the_functions_that_are_left_are_named() -> None:
    assert path.FUNCTIONS == (
        "abs", "avg", "ceil", "contains", "ends_with", "floor", "join", "keys", "length", "max", "max_by", "min", "min_by", "not_null",
        "starts_with", "sum", "to_array", "to_number", "to_string", "type", "values",
    )  # fmt: skip


@pytest.mark.parametrize("opening", ["!", "(", "[", "{a:", "a[?", "&", "f(", "a.[", "a||", "a|", "a==", "a.*.", "-", "'", "`", "[?!(["])
def test_however_deep_it_opens_it_is_refused_and_the_stack_holds(opening: str) -> None:
    closing = {"(": ")", "[": "]", "{": "}", "?": "]"}
    closed = "".join(closing.get(char, "") for char in reversed(opening))
    for depth in (60, 160, 499):
        for expression in ((opening * depth)[:500], opening * depth + "a" + closed * depth):
            with pytest.raises(ValueError, match=r"it is no|its parts|more than|longer than|what stands"):
                path.parse(expression)


def test_where_the_stack_is_nearly_used_up_the_answer_is_a_refusal_too() -> None:
    compiled = path.parse("((a.b)[0].c)[*].d || to_string(not_null(a))")
    outcomes: set[object] = set()

    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
            return
        for attempt in (lambda: path.parse(f"[[[[[[[[{'a'}{len(outcomes)}]]]]]]]]"), lambda: path.Search().find(compiled, {"a": [1]})):
            try:
                attempt()
                outcomes.add("found")
            except (ValueError, path.Unreadable) as error:
                outcomes.add(type(error))

    depth = 0
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        depth += 1
    for spare in range(10, 80, 3):
        try:
            descend(sys.getrecursionlimit() - depth - spare)
        except RecursionError:
            outcomes.add("not reached")
    assert {"found", ValueError, path.Unreadable} <= outcomes


_names = st.sampled_from(["id", "tags", "tries", "grid", "half", "none", '"dotted.name"', "score", "at", "@", "`1`", "'x'", "`[]`"])
_expressions = st.recursive(
    _names,
    lambda inner: (
        st.tuples(
            inner, st.sampled_from([".", " | ", " || ", " && ", " == ", " < ", "[0].", "[*].", "[].", "[?", ".*.", "[::0]."]), inner
        ).map(lambda parts: "".join(parts) + ("]" if parts[1] == "[?" else ""))
        | st.tuples(st.sampled_from(path.FUNCTIONS), st.lists(inner, max_size=2)).map(lambda call: f"{call[0]}({', '.join(call[1])})")
        | st.tuples(st.sampled_from(["max_by", "min_by"]), inner, inner).map(lambda call: f"{call[0]}({call[1]}, &{call[2]})")
        | st.lists(inner, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda one: f"(!{one})")
    ),
    max_leaves=8,
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "tags", "tries", "score"]), inner, max_size=3),
    max_leaves=8,
)


@unhurried
@given(_expressions | st.text(st.sampled_from("ab.[]{}()*?@&|!=<>,:`'\"0- \\"), max_size=30), _values | st.just(BODY))
def test_whatever_is_asked_of_whatever_the_answer_is_a_value_or_a_refusal(expression: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    try:
        compiled = path.parse(expression)
    except ValueError:
        return
    with contextlib.suppress(path.Unreadable, problem.TooLarge):
        path.Search().find(compiled, value)


class TestWork:
    def test_each_step_is_counted(self) -> None:
        search = path.Search(3)
        assert search.find(path.parse("a.b"), {"a": {"b": 1}}) == 1
        assert search.left == 0
        with pytest.raises(problem.TooLarge, match="more than 100,000 steps"):
            search.find(path.parse("a"), {})

    def test_long_texts_cost_more(self) -> None:
        search = path.Search()
        search.find(path.parse("a"), {"a": "x" * 64_000})
        assert path.MAX_WORK - search.left == 1001

    @pytest.mark.parametrize(
        "expression",
        [
            "a[]",
            "a[::2]",
            "a == b",
            "contains(a, `2`)",
            "max(a)",
            "sum(a)",
            "join('', c)",
            "join(d, c)",
            "a[*]",
            "keys(e)",
            "e.*",
            "length(a)",
        ],
    )
    def test_what_looks_at_much_costs_much(self, expression: str) -> None:
        search = path.Search()
        body: dict[str, Any] = {
            "a": [1] * 1000,
            "b": [1] * 1000,
            "c": ["x"] * 1000,
            "d": "x" * 128,
            "e": {str(number): 1 for number in range(1000)},
        }
        search.find(path.parse(expression), body)
        assert path.MAX_WORK - search.left > 1000

    def test_what_an_expression_doubles_counts_each_time(self) -> None:
        doubled = find("|".join(["[@, @]"] * 10), 1)
        search = path.Search(3069)
        assert search.weigh(doubled) == 3069
        with pytest.raises(problem.TooLarge):
            path.Search(3068).weigh(doubled)

    def test_a_weight_is_all_arrays_objects_and_what_is_in_them_and_the_length_of_texts(self) -> None:
        assert path.Search().weigh({"a": [1, "x" * 640, {}], "b" * 128: None}) == 3 + 4 + 10 + 1 + 2
        assert path.Search().weigh(5) == 0
