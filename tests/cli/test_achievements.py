"""`badgeissuer achievements`: definitions out of the service, and into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conftest import DRAFT
from tests.microcredentials import CHARTS

from badgeissuer import authoring
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine as engines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("achievement")


def written(folder: Path, content: object) -> Path:
    file = folder / "definitions.json"
    file.write_text(json.dumps(content))
    return file


def drafts(command: Command) -> dict[str, Any]:
    found = json.loads(command("achievements", "export").out)["achievements"]
    return {item["slug"]: item["draft"] for item in found}


def test_what_is_exported_makes_the_same_of_itself(command: Command, folder: Path) -> None:
    assert command("achievements", "import", written(folder, [{"slug": "charts", "draft": CHARTS}]), "--issuer", "unit").code == 0
    exported = command("achievements", "export", "--issuer", "unit")
    assert json.loads(exported.out) == {
        "achievements": [
            {"slug": "knots", "issuer": "unit", "draft": DRAFT},
            {"slug": "charts", "issuer": "unit", "draft": CHARTS},
        ]
    }
    again = command("achievements", "import", written(folder, json.loads(exported.out)), "--issuer", "unit")
    assert (again.code, again.err) == (0, "same    knots\nsame    charts\n")


def test_a_sheet_of_drafts_makes_the_same_of_itself(command: Command, folder: Path) -> None:
    text = CHARTS | {"description": "=1+1"}
    assert command("achievements", "import", written(folder, [{"slug": "charts", "draft": text}]), "--issuer", "unit").code == 0
    file = folder / "Definitions.CSV"
    file.write_text(command("achievements", "export", "--format", "csv", "--issuer", "unit").out, newline="")
    assert "'=1+1" in file.read_text()
    again = command("achievements", "import", file, "--issuer", "unit")
    assert (again.code, again.err) == (0, "same    knots\nsame    charts\n")


def test_all_of_a_sheet_is_stored_or_none_and_each_fault_says_its_row_and_column(command: Command, folder: Path) -> None:
    file = folder / "bad.csv"
    head, good = "slug;name;description;Criteria narrative;Workload\n", "good;Good;It is.;Do it.;PT5H\n"
    file.write_text(head + good + "bad;Bad;It is.;Do it.;five hours\n;…;It is.;Do it.;\nknots;Ropes;It is.;Do it.;\n")
    answer = command("achievements", "import", file, "--issuer", "unit")
    assert answer.code == 2
    lines = answer.err.splitlines()
    assert lines[0].startswith("/3/Workload  Row 3, column “Workload”: workload: must be hours and minutes of work")
    assert lines[1].startswith("/4/slug  Row 4, column “slug”: A slug has 1 to 64 small letters")
    assert lines[2].startswith("/5  Row 5: There is already an achievement by the name 'knots'")
    assert lines[3] == "badgeissuer: Nothing was stored of bad.csv: 3 faults."
    assert set(drafts(command)) == {"knots"}
    file.write_text(head + good)
    assert command("achievements", "import", file, "--issuer", "unit").err == "made    good\n"


def test_published_ones_are_exported_as_open_badges_and_come_back(command: Command, folder: Path) -> None:
    documents = json.loads(command("achievements", "export", "--format", "ob").out)
    assert [item["id"] for item in documents] == ["http://localhost:8000/a/knots/1"]
    assert documents[0]["@context"][1].endswith("context-3.0.3.json")
    settings = Settings()
    with opened(settings) as database, engines.writing(database) as session:
        authoring.create_issuer(session, {"slug": "other", "name": "Other"}, site=settings.site, now=clock())
    moved = [documents[0] | {"id": "https://elsewhere.example/a/ropes/4"}]
    answer = command("achievements", "import", written(folder, moved), "--issuer", "other")
    assert (answer.code, answer.err) == (0, "made    ropes\n")
    assert drafts(command)["ropes"] == DRAFT
    assert json.loads(command("achievements", "export", "--format", "ob", "--issuer", "other").out) == []
    assert [item["slug"] for item in json.loads(command("achievements", "export", "--issuer", "other").out)["achievements"]] == ["ropes"]


def test_what_is_there_already_is_replaced_only_where_that_is_said(command: Command, folder: Path) -> None:
    file = written(folder, {"achievements": [{"slug": "knots", "draft": DRAFT | {"name": "Ropes"}}]})
    refused = command("achievements", "import", file, "--issuer", "unit")
    assert refused.code == 2
    assert "/achievements/0  knots: There is already an achievement by the name 'knots', whose draft says something else." in refused.err
    assert drafts(command)["knots"] == DRAFT
    assert command("achievements", "import", file, "--issuer", "unit", "--change").err == "changed knots\n"
    assert drafts(command)["knots"]["name"] == "Ropes"


def test_all_of_a_file_is_stored_or_none(command: Command, folder: Path) -> None:
    bad = [{"slug": "good", "draft": DRAFT}, {"slug": "bad", "draft": CHARTS | {"workload": "long"}}, {"name": "…"}]
    answer = command("achievements", "import", written(folder, bad), "--issuer", "unit")
    assert answer.code == 2
    assert [line.partition("  ")[0] for line in answer.err.splitlines()[:-1]] == ["/1/workload", "/2/slug"]
    assert answer.err.endswith("Nothing was stored of definitions.json: 2 faults.\n")
    assert set(drafts(command)) == {"knots"}


def test_what_another_unit_has_is_not_taken(command: Command, folder: Path) -> None:
    settings = Settings()
    with opened(settings) as database, engines.writing(database) as session:
        authoring.create_issuer(session, {"slug": "other", "name": "Other"}, site=settings.site, now=clock())
    answer = command("achievements", "import", written(folder, {"slug": "knots", "draft": DRAFT}), "--issuer", "other", "--change")
    assert "taken by another unit" in answer.err


def test_a_file_that_cannot_be_read_is_refused(command: Command, folder: Path) -> None:
    assert "cannot be read" in command("achievements", "import", folder / "nothing.json", "--issuer", "unit").refusal()
    (folder / "bad.json").write_text("{")
    command("achievements", "import", folder / "bad.json", "--issuer", "unit").refusal()
    assert "no definition" in command("achievements", "import", written(folder, []), "--issuer", "unit").refusal()
    (folder / "large.csv").write_bytes(b" " * (16 * 1024 * 1024 + 1))
    assert "larger than 16 MiB" in command("achievements", "import", folder / "large.csv", "--issuer", "unit").refusal()
