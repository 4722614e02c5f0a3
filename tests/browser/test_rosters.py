"""A roster in a real browser: five rows are bad, they are mended and brought again, and everybody has a badge."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import steps

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


HEADER = ["Student mail", "Name", "Final score", "Quality of the joint", "Completed on", "Seat"]
GOOD = [[f"learner{number}@example.org", f"Learner {number}", "87,5", "good", "20.05.2026", "-"] for number in range(1, 6)]
BAD = [
    ["nowhere", "Asha Rao", "87", "Good", "2026-05-20", "=A1"],
    ["bo@example.org", "Bo Chen", "120", "Good", "2026-05-20", ""],
    ["cy@example.org", "Cy Diaz", "70", "excellent", "2026-05-20", ""],
    ["dee@example.org", "Dee Eze", "66", "Fair", "03/04/2026", ""],
    ["", "Nobody", "50", "Fair", "2026-05-20", ""],
]
MENDED = {"nowhere": "asha@example.org", "120": "100", "excellent": "good", "03/04/2026": "2026-04-03"}


def written(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";").writerows(rows)
    return file.getvalue().encode()


def wait_until_done(page: Page) -> None:
    page.get_by_role("heading", level=1).filter(has_text="Done").wait_for(timeout=60_000)  # the page looks again by itself


def bring(page: Page, base: str, name: str, content: bytes) -> None:
    page.goto(f"{base}/staff/rosters")
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    steps.shot(page, f"rosters-1-bring-{name}")
    page.get_by_role("button", name="Look at the file").click()
    assert page.get_by_role("heading", level=1).inner_text() == "What do the columns mean?"


def test_a_roster_with_five_bad_rows_is_mended_and_finished(browser_page: Page, served: tuple[str, str], tmp_path: Path) -> None:
    page, (base, token) = browser_page, served
    steps.publish(base, token)
    steps.sign_in(page, token, to=f"{base}/staff/rosters")
    bring(page, base, "graduation.csv", written([HEADER, *GOOD, *BAD]))
    assert page.get_by_role("combobox", name="Final score").input_value() == "result:#score"
    assert page.get_by_role("combobox", name="Seat").input_value() == "-"
    page.get_by_role("combobox", name="Student mail").select_option("E-mail address")
    steps.shot(page, "rosters-2-columns")
    page.get_by_role("button", name="Look what would come of it").click()
    steps.shot(page, "rosters-3-check")
    labels = ("Would be issued", "Have it already", "Wait for an address", "To be mended")
    assert [steps.count(page, label) for label in labels] == [5, 0, 0, 5]
    faults = [row.inner_text().split("\t")[:2] for row in page.locator("table.cells tbody tr").all()]
    assert faults == [
        ["7", "Student mail"], ["8", "Final score"], ["9", "Quality of the joint"], ["10", "Completed on"], ["11", "Student mail"],
    ]  # fmt: skip
    page.get_by_role("button", name="Issue the 5 badges that can be").click()
    wait_until_done(page)
    steps.shot(page, "rosters-4-batch")
    assert (steps.count(page, "Issued"), steps.count(page, "To be mended")) == (5, 5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows that failed").click()
    path = tmp_path / "failed.csv"
    download.value.save_as(path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert rows[0] == ["row", "error", *HEADER]
    assert rows[1][-1] == "'=A1", "no cell is a formula"
    mended = [[MENDED.get(cell, cell) for cell in row] for row in rows]
    mended[-1][2] = "fay@example.org"
    bring(page, base, "mended.csv", written(mended))
    page.get_by_role("combobox", name="Student mail").select_option("E-mail address")
    page.get_by_role("button", name="Look what would come of it").click()
    assert [steps.count(page, label) for label in ("Would be issued", "To be mended")] == [5, 0]
    page.get_by_role("button", name="Issue 5 badges").click()
    wait_until_done(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Done"
    assert (steps.count(page, "Issued"), steps.count(page, "To be mended")) == (5, 0)
    steps.shot(page, "rosters-5-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download what became of each row").click()
    results = download.value.path().read_text(encoding="utf-8-sig")
    found: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(results, newline="")))
    assert [row["state"] for row in found] == ["issued"] * 5
    page.goto(found[0]["badge"])
    assert "Welding Safety" in page.get_by_role("main").inner_text()
    page.goto(f"{base}/staff/rosters")
    steps.shot(page, "rosters-6-list")
