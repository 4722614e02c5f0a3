"""Definitions as a sheet, that people can write by hand and that keeps every draft as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.microcredentials import CHARTS, WHOLE

from badgeissuer import problem
from badgeissuer.awarding import cells, definitions, shorthand
from badgeissuer.openbadges import definition, drafting
from badgeissuer.vc.document import JsonObject

PLAIN: JsonObject = {"name": "Knots", "description": "Ties knots.", "criteria": {"narrative": "Tie ten."}}


def rows(text: str) -> list[definitions.Row]:
    return definitions.read([text.encode()])


def sheet(header: Sequence[str], *lines: Sequence[str]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([header, *lines])
    return file.getvalue()


def drafts(text: str) -> list[JsonObject]:
    return [row.item["draft"] for row in rows(text)]


def written(*found: JsonObject) -> str:
    return "".join(definitions.written([{"slug": f"a-{place}", "issuer": "unit", "draft": draft} for place, draft in enumerate(found)]))


def faults(text: str) -> dict[str, str]:
    with pytest.raises(problem.Invalid) as raised:
        rows(text)
    return {finding.pointer: finding.detail for finding in raised.value.findings}


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
    st.sampled_from(
        ["=1+1", "'=x", "- one\n- two", "json:1", '{"a":1}', "[x]", " space ", "a;b", "1,5", "true", "a\r\nb", "\ufffd", '"', "\x85"]
    ),
)
SLUGS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
LANGUAGES = st.sampled_from(["en", "mi", "pt-BR"])
OUTCOMES = st.fixed_dictionaries({"statement": TEXTS}, optional={"proficiencyLevel": TEXTS, "id": st.just("#one")})
LEVELS = st.one_of(
    st.fixed_dictionaries({"framework": st.just("EQF"), "code": st.sampled_from("12345678")}),
    st.fixed_dictionaries({"code": TEXTS, "framework": st.just("AQF"), "url": st.just("https://levels.example/4")}),
)
ALIGNED = st.fixed_dictionaries({"targetName": TEXTS, "targetUrl": st.just("https://skills.example/1")}, optional={"targetCode": TEXTS})


def one_or_many(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(each, st.lists(each, min_size=1, max_size=3))


DRAFTS = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "description": TEXTS,
        "criteria": st.one_of(
            st.fixed_dictionaries({"narrative": TEXTS}, optional={"id": st.just("https://x.example"), "further": TEXTS}),
            st.just({"id": "https://x.example", "narrative": None}),
        ),
    },
    optional={
        "type": st.lists(st.just("Achievement"), min_size=1, max_size=1),
        "achievementType": st.sampled_from(["Badge", "ext:Own"]),
        "tag": one_or_many(TEXTS | st.just("")),
        "inLanguage": LANGUAGES,
        "instructionLanguage": one_or_many(LANGUAGES),
        "learningOutcome": st.lists(OUTCOMES, min_size=1, max_size=1) | st.just([{"statement": "One."}, {"statement": "Two."}]),
        "level": one_or_many(LEVELS),
        "workload": st.just("PT10H"),
        "creditsAvailable": st.integers(0, 2**53 - 1) | st.floats(0, 1e300),
        "prerequisites": one_or_many(SLUGS),
        "stackability": TEXTS,
        "humanCode": TEXTS | st.just("") | st.none(),
        "alignment": one_or_many(ALIGNED),
        "image": st.just("https://x.example/a.png") | st.just({"id": "https://x.example/a.png", "caption": "A knot."}),
        "reviewDate": st.just("2029-06-30"),
        "https://terms.example/own": st.recursive(TEXTS | st.booleans() | st.none(), st.lists, max_leaves=4),
        "more": TEXTS,
        "criteria.narrative": TEXTS,
    },
)


def is_sound(draft: JsonObject) -> bool:
    if definition.check_draft(draft):
        return False
    links = {slug: ("A part", "https://badges.example/a/part/1") for slugs in drafting.linked(draft).values() for slug in slugs}
    creator = {"id": "did:key:x", "type": ["Profile"]}
    completed = definition.complete(drafting.expand(draft, links), url="https://badges.example/a/x/1", version="1", creator=creator)
    return not definition.check(completed)


@settings(deadline=None)
@given(st.lists(DRAFTS.filter(is_sound), min_size=1, max_size=3))
@example(list(WHOLE.values()))
@example([PLAIN | {"creditsAvailable": 2.0}, PLAIN | {"creditsAvailable": 2}])
def test_every_draft_that_passes_the_checks_comes_back_as_it_was(found: list[JsonObject]) -> None:
    text = written(*found)
    assert [row.item for row in rows(text)] == [{"slug": f"a-{place}", "issuer": "unit", "draft": one} for place, one in enumerate(found)]
    assert [repr(one.get("creditsAvailable")) for one in drafts(text)] == [repr(one.get("creditsAvailable")) for one in found]


@given(DRAFTS)
def test_no_cell_begins_a_formula(draft: JsonObject) -> None:
    for line in csv.reader(io.StringIO(written(draft).removeprefix(cells.BYTE_ORDER_MARK), newline="")):
        assert not [text for text in line if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_a_sheet_written_by_hand_is_read() -> None:
    header = ["Slug", "NAME", "description", "Criteria narrative", "tag", "In Language", "instruction_language", "credits available"]
    header += ["level", "learning outcome", "alignment"]
    line = ["knots", "Knots", " Ties knots. ", "- one\n- two", "rope; knot;", "en", "en; mi", "2,5", "EQF:5", "Ties.\nUnties.\n", "[]"]
    (row,) = rows("\ufeff" + sheet(header, line, [""] * len(header)))
    assert row.item == {
        "slug": "knots",
        "draft": {
            "name": "Knots",
            "description": "Ties knots.",
            "criteria": {"narrative": "- one\n- two"},
            "tag": ["rope", "knot"],
            "inLanguage": "en",
            "instructionLanguage": ["en", "mi"],
            "creditsAvailable": 2.5,
            "level": [{"framework": "EQF", "code": "5"}],
            "learningOutcome": [{"statement": "Ties."}, {"statement": "Unties."}],
            "alignment": [],
        },
    }
    assert drafts("name;description\nKnots;Ties, and unties.\n") == [{"name": "Knots", "description": "Ties, and unties."}]


def test_an_empty_sheet_to_fill_in_has_the_columns_that_people_write() -> None:
    assert "".join(definitions.written([])).startswith(
        "\ufeffslug,issuer,name,description,criteria.narrative,criteria.id,achievementType,tag,"
    )
    assert "resultDescription" in written(CHARTS).partition("\r\n")[0]


def test_a_finding_on_a_draft_is_told_with_row_and_column() -> None:
    row = rows(sheet(["Name", "Criteria narrative", "slug"], ["Knots", "Tie.", "knots"]))[0]
    placed = {pointer: row.placed(problem.Finding("So.", pointer)) for pointer in ("/criteria/narrative", "/slug", "/name", "/tag/0", "")}
    assert {pointer: (found.pointer, found.detail) for pointer, found in placed.items()} == {
        "/criteria/narrative": ("/2/Criteria narrative", "Row 2, column “Criteria narrative”: So."),
        "/slug": ("/2/slug", "Row 2, column “slug”: So."),
        "/name": ("/2/Name", "Row 2, column “Name”: So."),
        "/tag/0": ("/2", "Row 2: So."),
        "": ("/2", "Row 2: So."),
    }


def test_columns_that_nobody_knows_are_refused_by_name() -> None:
    found = faults(sheet(["name", "colour", "Name", ""], ["Knots", "red", "Ropes", "x"]))
    assert list(found) == ["/1/colour", "/1/Name", "/1/number 4"]
    assert found["/1/colour"].startswith("Row 1, column “colour”: There is no such column. There are slug, issuer, name, description, ")
    assert found["/1/Name"] == "Row 1, column “Name”: There is another column name. Keep one of them."


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("alignment", "[{", "The document is not JSON: Expecting property name"),
        ("alignment", '[{"a":1,"a":2}]', "Mend the JSON in this cell."),
        ("tag", "json:nonsense", "The document is not JSON"),
        ("alignment", f'"{"x" * 1_100_000}"', "at most 1,048,576 are read"),
        ("creditsAvailable", "two", "'two' is no number. Write it as 2 or 2.5."),
        ("creditsAvailable", "1,234", "'1,234' can mean two numbers."),
        ("level", "5", "'5' is no level. Write framework and code as EQF:5."),
        ("level", "[", "not JSON"),
        ("learningOutcome", "[", "not JSON"),
        ("description", "caf\ufffd", "a character was lost before the sheet came here"),
        ("tag", "a\x07b", "The cell holds a control character. Delete it."),
        ("more", "[1]", "This must be a JSON object of further members."),
        ("more", '{"name":"Ropes"}', "'name' has a column of its own."),
        ("criteria", '{"narrative":"x"}', "criteria.narrative says the same. Leave one of them empty."),
    ],
)
def test_a_cell_that_cannot_be_what_it_should_is_named_with_what_to_do(column: str, text: str, said: str) -> None:
    found = faults(sheet(["name", "criteria.narrative", column], ["Knots", "Tie.", ""], ["Ropes", "Tie.", text]))
    assert list(found) == [f"/3/{column}"]
    assert found[f"/3/{column}"].startswith(f"Row 3, column “{column}”: ")
    assert said in found[f"/3/{column}"]


def test_a_short_name_stands_once_in_a_sheet() -> None:
    assert faults(sheet(["slug", "name"], ["knots", "a"], ["ropes", "b"], ["knots", "c"])) == {
        "/4/slug": "Row 4, column “slug”: 'knots' stands in row 2 too. Keep one of them."
    }


def test_a_row_with_too_few_cells_is_named() -> None:
    assert faults("slug,name\nknots,Knots\nropes\n") == {
        "/3": "Row 3: It has 1 cells, and there are 2 columns. A cell with the delimiter in it needs quotation marks."
    }


def test_a_sheet_without_rows_defines_nothing() -> None:
    with pytest.raises(problem.Invalid, match="no row below its first one"):
        rows("slug,name\n")


def test_so_many_faults_are_told_and_no_more() -> None:
    assert len(faults(sheet(["slug", "creditsAvailable"], *(["", "x"] for _ in range(300))))) == 100


def test_a_long_picture_stands_in_a_cell_and_too_long_a_row_is_refused() -> None:
    image = "data:image/png;base64," + "A" * 900_000
    assert drafts(written(PLAIN | {"image": image}))[0]["image"] == image
    with pytest.raises(problem.TooLarge, match="4,194,304"):
        rows(sheet(["slug", "name"], ["knots", "x" * (4 << 20)]))


def test_every_member_of_a_draft_has_a_column() -> None:
    for key, draft in WHOLE.items():
        assert set(draft) <= set(shorthand.MEMBERS), key
