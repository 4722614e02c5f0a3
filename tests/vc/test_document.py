from __future__ import annotations

import contextlib
import json
import string
import time
import tracemalloc
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import document

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-document.MAX_INTEGER, document.MAX_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
)
_VALUES = st.recursive(
    _SCALARS | _TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(_TEXT, _VALUES, max_size=5), st.booleans())
def test_what_two_readers_agree_on_comes_through_unchanged(value: document.JsonObject, ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis fills it
    assert document.parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text(string.punctuation + "\\u0dDeE019 \n", max_size=60).map(str.encode))
@settings(max_examples=500)
def test_no_bytes_whatever_bring_another_error_than_a_problem(body: bytes) -> None:
    with contextlib.suppress(problem.Problem):
        document.parse_any(body)


_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
_MARKS = st.lists(
    st.sampled_from(['"', '":', '" :', "\\", '\\"', "\\u0041", "a", "1", "-0", "2.5", "{", "}", "[", "]", ",", " ", "\n", "é"])
)
_SPACES = st.sampled_from([(",", ":"), (", ", ": "), (",", " : "), ("\n,", "\n:\t"), (" ,\r", ":\r")])


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """Draw a document of any spacing, whose numbers are written in any way and whose members may stand twice."""
    comma, colon = draw(_SPACES)
    text = st.text(st.sampled_from('ab":\\ \n\x7f\u2028é😀\0\ud83d\ude00'), max_size=4).map(json.dumps)

    def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        members = st.tuples(st.sampled_from(['"a"', '"b"', '":"', '"\\":"', '" :"']), inner).map(colon.join)
        return st.lists(inner, max_size=3).map(lambda items: f"[{comma.join(items)}]") | st.lists(members, max_size=3).map(
            lambda items: f"{{{comma.join(items)}}}"
        )

    return draw(
        arrays(st.recursive(text | _NUMBERS | st.sampled_from(["true", "null", "-0", "-0.0", "1e400"]), arrays, max_leaves=8))
    ).encode()


@given(_bodies() | _MARKS.map(lambda marks: "".join(marks).encode()) | st.binary(max_size=30), st.integers(1, 4))
@settings(max_examples=200)
def test_the_quick_reader_says_what_the_strict_one_says_or_nothing(body: bytes, max_depth: int) -> None:
    assert _outcome(document.parse_any, body, max_depth=max_depth) == _outcome(_strictly, body, max_depth=max_depth)


def _strictly(body: bytes, *, max_depth: int) -> object:
    def give_up(_body: bytes) -> None:
        raise orjson.JSONDecodeError("", "", 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orjson, "loads", give_up)
        return document.parse_any(body, max_depth=max_depth)


def _outcome(read: Callable[..., object], body: bytes, *, max_depth: int) -> str:
    """Return a value as Python writes it, with the types of its numbers and the order of its members; or what is said of it."""
    try:
        return repr(read(body, max_depth=max_depth))
    except problem.Problem as error:
        return f"{type(error).__name__}: {error.detail}"


@pytest.mark.parametrize(
    "number",
    [
        "0.1",
        "-0.0",
        "1e-400",
        "4.35",
        "2.2250738585072011e-308",
        "9007199254740993.0",
        "1e22",
        "1.0000000000000002e15",
        "123456789012.3456789",
    ],
)
def test_floats_are_read_as_exactly_as_they_are_written(number: str) -> None:
    for body in (f'{{"a":{number}}}', f'{{"a": {number}}}'):
        assert repr(document.parse(body.encode())) == repr({"a": float(number)})


def test_an_ordinary_badge_is_left_to_the_quick_reader(badge: document.JsonObject, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [json.dumps(badge | {"n": 2.5, "escaped": '"a\n'}, indent=indent, ensure_ascii=False).encode() for indent in (None, 1)]
    monkeypatch.delattr(json, "loads")
    assert [document.parse(body)["n"] for body in [*bodies, document.write(badge | {"n": 2.5})]] == [2.5] * 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a" :1,"a":1}', "'a' stands twice"),
        (b'{"a":":","a" :1}', "'a' stands twice"),
        (b'{"a":1,"a":1}', "'a' stands twice"),
        (b'{"a":1,"\\u0061":2}', "'a' stands twice"),
        (b'{"x":{"b":1,"a":1,"a":[]}}', "'a' stands twice"),
        (b'{"a":NaN}', "NaN is no JSON number"),
        (b'{"a":Infinity}', "Infinity is no JSON number"),
        (b'{"a":-Infinity}', "-Infinity is no JSON number"),
        (b'{"a":1e400}', "too large"),
        (b'{"a":-1e400}', "too large"),
        (b'{"a":9007199254740992}', "cannot be kept exactly"),
        (b'{"a":-9007199254740992}', "cannot be kept exactly"),
        (b'{"a":' + b"9" * 5000 + b"}", "cannot be kept exactly"),
        (b'{"a":"\\ud800"}', "half of a surrogate pair"),
        (b'{"a":"\\udc00\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udfff":1}', "half of a surrogate pair"),
        (b'{"a":[{"b":["\\u0000"]}]}', "NUL"),
        (b'{"\\u0000":1}', "NUL"),
        (b'{"a":"\x00"}', "not JSON"),
        (b'{"a":"\n"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        ('{"a":1}'.encode("utf-16-le"), "not JSON"),
        ('{"a":1}'.encode("utf-32-be"), "not JSON"),
        (b'{"a":"\xff"}', "byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":"\xc0\xaf"}', "not UTF-8"),
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1}//', "not JSON"),
        (b"[]", "not an array"),
        (b'"{}"', "not a string"),
        (b"true", "not a boolean"),
        (b"null", "not null"),
        (b"5", "not a number"),
        (b"0.5", "not a number"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(problem.Malformed) as refused:
        document.parse(body)
    assert said in refused.value.detail


def test_the_largest_exact_integers_and_a_whole_surrogate_pair_are_kept() -> None:
    assert document.parse(b'{"a":[9007199254740991,-9007199254740991,0,"\\ud83d\\ude00"]}') == {
        "a": [document.MAX_INTEGER, -document.MAX_INTEGER, 0, "\N{GRINNING FACE}"]
    }


def test_a_body_of_the_greatest_size_is_read_and_one_byte_more_is_not() -> None:
    assert document.parse(b'{"a":1}', max_bytes=7) == {"a": 1}
    with pytest.raises(problem.TooLarge, match="7 bytes; at most 6"):
        document.parse(b'{"a":1}', max_bytes=6)


def test_depth_is_counted_in_brackets_of_either_kind() -> None:
    deep = b'{"a":' * 16 + b"[" * 16 + b"]" * 16 + b"}" * 16
    assert document.parse(deep)
    with pytest.raises(problem.Malformed, match="deeper than 32"):
        document.parse(b'{"a":' + deep + b"}")


def test_brackets_inside_a_text_are_no_depth() -> None:
    tricky = {"a": "[" * 100, 'q"[[': '\\"' + "{" * 100, "b": ["\\", "]", "}" * 50]}
    assert document.parse(json.dumps(tricky).encode()) == tricky


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 150_000, b'"' + b"[" * 1000, b'"\\', b'["' + b"\\" * 1_000_001])
def test_a_bracket_bomb_is_refused_before_anything_recurses(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises((problem.Malformed, problem.TooLarge)):
        document.parse(body, max_bytes=2_000_000)
    assert time.process_time() - started < 2


def test_a_long_text_takes_memory_in_proportion_to_its_size() -> None:
    body = b'{"a":"' + b"x" * 1_000_000 + b'"}'
    tracemalloc.start()
    document.parse(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(body)


@pytest.mark.parametrize("item", [b"1", b"[]", b"{}", b'"[,{"'])
def test_a_document_holds_so_many_values_and_no_more(item: bytes) -> None:
    few = b'{"a":[' + b",".join([item] * (document.MAX_VALUES // 3)) + b"]}"
    assert document.parse(few)
    with pytest.raises(problem.TooLarge, match="more than 50,000 values"):
        document.parse(b'{"a":[' + b",".join([item] * (document.MAX_VALUES + 1)) + b"]}")
