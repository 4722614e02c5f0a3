from __future__ import annotations

import pytest
from tests.microcredentials import WHOLE, edited

from badgeissuer.openbadges import definition, lengths

CHARTS = WHOLE["european-approach"]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        (("description",), 10_000),
        (("criteria", "narrative"), 10_000),
        (("name",), 2000),
        (("fieldOfStudy",), 2000),
        (("learningOutcome", 0, "alignment", 0, "targetName"), 2000),
        (("resultDescription", 1, "rubricCriterionLevel", 0, "description"), 10_000),
        (("resultDescription", 0, "name"), 2000),
        (("qualityAssurance", "description"), 10_000),
    ],
)
def test_a_text_may_be_so_long_and_no_longer(path: tuple[str | int, ...], most: int) -> None:
    assert lengths.check(edited(CHARTS, *path, to="é" * most)) == ()
    (found,) = definition.check_draft(edited(CHARTS, *path, to="é" * (most + 1)))
    assert found.pointer == "/" + "/".join(map(str, path))
    assert found.detail.startswith(f"{path[-1]} has {most + 1:,} characters, and at most {most:,} are kept. Shorten it")


def test_items_of_a_list_are_looked_at_each_and_addresses_have_any_length() -> None:
    found = lengths.check(CHARTS | {"tag": ["a", "b" * 2001], "image": "data:image/png;base64," + "A" * 50_000})
    assert [finding.pointer for finding in found] == ["/tag/1"]
