from __future__ import annotations

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st

from badgeissuer.vc import canonical, template
from badgeissuer.vc.skeleton import Leaf
from badgeissuer.vc.template import Quad, Slot, Template

INTEGER = "^^<http://www.w3.org/2001/XMLSchema#integer>"
NAME, TEXT = Slot(0, "<"), Slot(1, '"')


def filled(quads: list[Quad], slots: list[Slot], *leaves: Leaf) -> str | None:
    text = Template(quads, slots).fill(leaves)
    return None if text is None else text.decode()


def test_slots_are_filled_and_lines_put_in_order() -> None:
    quads: list[Quad] = [(0, "<urn:p>", 1, ""), ("_:x", "<urn:p>", 0, "<urn:g>"), ("<urn:100%b>", "<urn:p%%>", "_:x", "")]
    expected = '<urn:100%b> <urn:p%%> _:c14n0 .\n<urn:a> <urn:p> "50 %" .\n_:c14n0 <urn:p> <urn:a> <urn:g> .\n'
    assert filled(quads, [NAME, TEXT], "urn:a", "50 %") == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a b",
        "/a",
        "#a",
        "_:b0",
        "@id",
        "tag:a",
        "HTTPS://a",
        "https:",
        "https://a b",
        "urn:a\n",
        "urn:a\x85",
        "urn:<a>",
        "did:a\u00a0b",
        "urn:a\u2028",
    ],
)
def test_a_name_that_is_not_plainly_absolute_is_left_to_the_full_algorithm(name: str) -> None:
    assert filled([(0, "<urn:p>", '"x"', "")], [NAME], name) is None


@pytest.mark.parametrize("name", ["https://a.example/%41", "urn:é", "did:example:1", "mailto:a@b.c", "http://a"])
def test_a_plain_name_is_written_as_it_is(name: str) -> None:
    assert filled([(0, "<urn:p>", '"x"', "")], [NAME], name) == f'<{name}> <urn:p> "x" .\n'


@seed(20260520)
@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('a"b')
@example("a\\b")
@example("\x00\x07\x08\t\n\x0c\r\x1b\x7f\x85\u00a0\u2028")
@example("")
@example("%b%%")
def test_texts_are_escaped_as_canonical_n_quads_have_them(text: str) -> None:
    assert filled([("<urn:s>", "<urn:p>", 0, "")], [Slot(0, '"', "@en")], text) == f"<urn:s> <urn:p> {canonical.literal(text)}@en .\n"


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("#", 0, "0"),
        ("#", -7, "-7"),
        ("#", 2**53 - 1, "9007199254740991"),
        ("#", 2**53, None),
        ("#", -(2**53), None),
        (".", 0.5, "5.0E-1"),
        (".", -2.5, "-2.5E0"),
        (".", 1e-7, "1.0E-7"),
        (".", 1 / 3, "3.333333333333333E-1"),
        (".", 5e-324, "4.940656458412465E-324"),
        (".", 5, "5.0E0"),  # an integer that a context makes a double
        (".", 1.0, None),
        (".", -0.0, None),
        (".", 1e21, None),
        (".", float("inf"), None),
        (".", float("nan"), None),
    ],
)
def test_numbers_are_written_as_json_ld_does_where_all_readers_agree(form: str, value: float, expected: str | None) -> None:
    line = None if expected is None else f'<urn:s> <urn:p> "{expected}"{INTEGER} .\n'
    assert filled([("<urn:s>", "<urn:p>", 0, "")], [Slot(0, form, INTEGER)], value) == line


def test_two_nodes_that_get_one_name_are_left_to_the_full_algorithm() -> None:
    quads: list[Quad] = [(0, "<urn:p>", '"x"', ""), (1, "<urn:q>", '"y"', ""), ("<urn:c>", "<urn:r>", '"z"', "")]
    slots = [NAME, Slot(1, "<")]
    assert filled(quads, slots, "urn:a", "urn:b") is not None
    assert filled(quads, slots, "urn:a", "urn:a") is None
    assert filled(quads, slots, "urn:a", "urn:c") is None


def test_a_value_that_comes_twice_is_left_to_the_full_algorithm() -> None:
    quads: list[Quad] = [("<urn:s>", "<urn:p>", 0, ""), ("<urn:s>", "<urn:p>", 1, ""), ("<urn:s>", "<urn:p>", '"c"', "")]
    slots = [Slot(0, '"'), TEXT]
    assert filled(quads, slots, "b", "a") == '<urn:s> <urn:p> "a" .\n<urn:s> <urn:p> "b" .\n<urn:s> <urn:p> "c" .\n'
    assert filled(quads, slots, "a", "a") is None
    assert filled(quads, slots, "a", "c") is None


def test_one_statement_in_two_graphs_is_two() -> None:
    quads: list[Quad] = [("<urn:s>", "<urn:p>", 0, "_:g"), ("<urn:s>", "<urn:p>", 0, ""), ("_:g", "<urn:q>", '"x"', "")]
    assert filled(quads, [Slot(0, '"')], "a") == '<urn:s> <urn:p> "a" .\n<urn:s> <urn:p> "a" _:c14n0 .\n_:c14n0 <urn:q> "x" .\n'


def test_blank_nodes_that_look_alike_are_left_to_the_full_algorithm() -> None:
    quads: list[Quad] = [("_:x", "<urn:p>", 0, ""), ("_:y", "<urn:p>", 1, "")]
    slots = [Slot(0, '"'), TEXT]
    assert filled(quads, slots, "a", "b") is not None
    assert filled(quads, slots, "a", "a") is None


@seed(20260520)
@settings(max_examples=150, deadline=None)
@given(st.lists(st.text('ab\n"\x7fé😀', max_size=2), min_size=6, max_size=6))
def test_filled_quads_are_what_rdfc_makes_of_them(leaves: list[str]) -> None:
    slots = [Slot(number, '"', "@en" if number % 2 else "") for number in range(6)]
    quads: list[Quad] = [
        ("_:x", "<urn:p>", 0, ""), ("_:x", "<urn:p>", 1, ""), ("_:y", "<urn:p>", 2, ""), ("_:y", "<urn:q>", "_:x", "_:g"),
        ("_:z", "<urn:q>", "_:z", ""), ("_:z", "<urn:p>", 3, "_:g"), ("<urn:s>", "<urn:p>", 4, ""), ("<urn:s>", "<urn:pp>", 5, ""),
        ("<urn:s>", "<urn:p>", '"constant"', ""), ("_:g", "<urn:p>", '"constant"', ""),
        ("<urn:c>", "<urn:p>", '"2"', ""), ("<urn:c>", "<urn:p>", '"1"', ""),
    ]  # fmt: skip
    terms = [canonical.literal(leaf, language="en" if number % 2 else "") for number, leaf in enumerate(leaves)]
    full = canonical.canonicalize(canonical.Quad(*(terms[term] if isinstance(term, int) else term for term in quad)) for quad in quads)
    assert filled(quads, slots, *leaves) in {None, full}
    if len(set(leaves)) == len(leaves):
        assert filled(quads, slots, *leaves) == full


def test_leaves_that_were_one_or_that_were_fixed_must_stay_so() -> None:
    made = Template([(0, "<urn:p>", 1, "")], [NAME, Slot(2, '"')], same=[(0, 1)], fixed={3: "Person"})
    assert made.fill(["urn:a", "urn:a", "x", "Person"]) == b'<urn:a> <urn:p> "x" .\n'
    assert made.fill(["urn:a", "urn:b", "x", "Person"]) is None
    assert made.fill(["urn:a", "urn:a", "x", "Thing"]) is None


def test_a_template_can_be_bound_to_some_of_its_leaves() -> None:
    made = Template([(0, "<urn:p>", 1, "")], [NAME, Slot(2, '"')], same=[(0, 1)], fixed={3: "Person"})
    leaves = ["urn:a", "urn:a", "x", "Person"]

    def bound(*free: int, given: list[Leaf] = leaves) -> Template:  # type: ignore[assignment]
        found = made.bind(given, free=free)
        assert found is not None
        return found

    assert bound(2).fill(["y"]) == b'<urn:a> <urn:p> "y" .\n'
    assert bound(2, 3).fill(["y", "Person"]) == b'<urn:a> <urn:p> "y" .\n'
    assert bound(2, 3).fill(["y", "Thing"]) is None
    assert bound(0).fill(["urn:a"]) == b'<urn:a> <urn:p> "x" .\n'
    assert bound(1).fill(["urn:b"]) is None
    assert bound(0).fill(["urn:b"]) is None
    assert bound(1, 0).fill(["urn:b", "urn:b"]) == b'<urn:b> <urn:p> "x" .\n'
    assert bound(1, 0).fill(["urn:b", "urn:c"]) is None


@pytest.mark.parametrize("leaves", [["urn:a", "urn:b", "x", "Person"], ["urn:a", "urn:a", "x", "Thing"], ["a", "a", "x", "Person"]])
def test_leaves_that_do_not_fit_a_template_cannot_be_bound_to_it(leaves: list[Leaf]) -> None:
    made = Template([(0, "<urn:p>", 1, "")], [NAME, Slot(2, '"')], same=[(0, 1)], fixed={3: "Person"})
    assert made.bind(leaves, free=[2]) is None


def test_a_node_of_constants_only_is_labelled_too() -> None:
    quads: list[Quad] = [("_:x", "<urn:p>", '"100%"', ""), ("<urn:s>", "<urn:q>", "_:x", ""), ("<urn:s>", "<urn:p>", 0, "")]
    assert filled(quads, [Slot(0, '"')], "a") == '<urn:s> <urn:p> "a" .\n<urn:s> <urn:q> _:c14n0 .\n_:c14n0 <urn:p> "100%" .\n'


def test_a_dataset_without_anything_is_empty() -> None:
    assert Template([], []).fill([]) == b""


def test_the_plain_schemes_are_those_that_are_never_terms() -> None:
    assert template.PLAIN_IRI.fullmatch("ftp://a") is None
