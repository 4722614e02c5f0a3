from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.vc import pattern

SPACES = "\t\n\v\f\r \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


@pytest.mark.parametrize(
    ("expression", "found", "missed"),
    [
        ("b", ["b", "abc"], ["", "a"]),
        ("^a$", ["a"], ["a\n", "\na", "ab", "b\na"]),
        ("^.$", ["a", "é", "😀", "\u0085"], ["", "\n", "\r", "\u2028", "\u2029", "ab"]),
        (r"^\s$", SPACES, ["", "a", "\u180e", "\u200b", "  "]),
        (r"^\S$", ["a", "é", "\u180e", "\u200b", "\x00", "😀"], [*SPACES, ""]),
        (r"^[\s\d]$", [*SPACES, "5"], ["a", "٣"]),
        (r"^[^\s]$", ["a", "\u200b"], SPACES),
        (r"^[\S ]$", ["a", " ", "\u200b"], ["\t", "\u00a0"]),
        (r"^\d\D\w\W$", ["1a_-", "0é9é"], ["٣a_-", "1aé-"]),
        (r"\bcat\B", ["cats", "a cats"], ["cat", "xcats"]),
        (r"^[\b]$", ["\b"], ["b", ""]),
        (r"^\u00e9\u{1F600}\x41$", ["é😀A"], ["u00e9"]),
        (r"^[\u0041-\u{43}\x45]$", ["A", "B", "C", "E"], ["D", "u"]),
        (r"^\cJ\0\t\v\f\r\n$", ["\n\0\t\v\f\r\n"], ["cJ"]),
        (r"^\.\/\-\_\@\ \]\}\$\^$", ["./-_@ ]}$^"], ["x"]),
        (r"^[\]\-\^\\]+$", ["]-^\\"], ["a"]),
        (r"^[[:a]$", ["[", ":", "a"], ["b", "]"]),
        (r"^[[:alpha:]]$", ["a]", ":]", "[]"], ["a", "b"]),
        ("^[^^]$", ["a"], ["^"]),
        ("^a]{$", ["a]{"], ["a"]),
        ("^[.]$", ["."], ["a"]),
        (r"^\p{Lu}\P{L}$", ["É1"], ["e1", "Éa"]),
        ("^(?:a|(?<name>b))+?$", ["ab", "a"], ["", "c"]),
        ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
        ("", ["", "a"], []),
    ],
)
def test_an_expression_means_what_ecma_262_says(expression: str, found: list[str], missed: list[str]) -> None:
    compiled = pattern.compile(expression)
    assert [text for text in found if not compiled.found_in(text)] == []
    assert [text for text in missed if compiled.found_in(text)] == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(?=a)", "looks ahead"),
        ("a(?!b)", "looks ahead"),
        ("(?i)a", "sets a flag"),
        ("(?P<name>a)", "sets a flag"),
        ("(?<=a)b", "backtracking"),
        ("(?<!a)b", "backtracking"),
        (r"(a)\1", "escapes '1'"),
        (r"(?<n>a)\k<n>", "escapes 'k'"),
        (r"\Qa\E", "escapes 'Q'"),
        (r"\Aa\z", "escapes 'A'"),
        (r"[\B]", "escapes 'B'"),
        (r"\pL", "escapes 'p'"),
        (r"\xg0", "escapes 'x'"),
        (r"\u12", "escapes 'u'"),
        (r"\ud83d\ude00", "is no character"),
        (r"\u{110000}", "is no character"),
        ("[]", "empty set"),
        ("[^]", "empty set"),
        ("[a", "no regular expression"),
        ("(a", "no regular expression"),
        ("a\\", "no regular expression"),
        ("*", "no regular expression"),
        ("a++", "no regular expression"),
        ("[z-a]", "no regular expression"),
        (r"\p{Nothing}", "no regular expression"),
        ("a{1001}", "no regular expression"),
        ("((a{30}){30}){30}", "no regular expression"),
        (r"\p{L}" * 30, "no regular expression"),
        ("a" * 2001, "longer than 2,000"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(expression: str, said: str) -> None:
    with pytest.raises(pattern.Unreadable, match=said):
        pattern.compile(expression)


def test_a_refusal_is_not_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(pattern.Unreadable):
        pattern.compile("(a")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_every_text_can_be_written_as_an_expression(text: str) -> None:
    escaped = "".join(f"\\u{{{ord(character):x}}}" for character in text)
    assert pattern.compile(f"^{escaped}$").found_in(text)
    assert not pattern.compile(f"^{escaped}$").found_in(text + "x")


@given(st.text(st.sampled_from(r"ab01(|)*+?[]^$-.{},:\dwsuxpP<>=! "), max_size=12), st.text(st.sampled_from("ab01 -."), max_size=6))
def test_what_python_reads_alike_is_found_alike(expression: str, text: str) -> None:
    try:
        compiled = pattern.compile(expression)
        ours = re.compile(expression.replace("$", r"\Z"), re.ASCII)
    except (pattern.Unreadable, re.error, FutureWarning):
        return
    assert compiled.found_in(text) == bool(ours.search(text))


@pytest.mark.parametrize("expression", ["^(a+)+$", "^(a|a)*$", "^(a*)*b$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_expression_takes_longer_than_it_costs(expression: str) -> None:
    text = "a" * 20_000 + "!"
    compiled = pattern.compile(expression)
    started = time.process_time()
    compiled.found_in(text)
    taken = time.process_time() - started
    assert taken < 0.1 + 10 * compiled.cost(text) / 1e6


def test_the_cost_grows_with_text_and_program() -> None:
    small, large = pattern.compile("a"), pattern.compile("(a|b){200}")
    assert small.size < large.size
    assert small.cost("a" * 1000) < large.cost("a" * 1000) < large.cost("a" * 2000)
