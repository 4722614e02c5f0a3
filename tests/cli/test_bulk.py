"""`badgeissuer issue` and `badgeissuer revoke`, on an embedded database without any other process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.conftest import DRAFT

from badgeissuer import attending, authoring, submitting, worker
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("achievement")


@pytest.fixture
def roster(folder: Path) -> Path:
    """A roster of three, of which one row is half a line."""
    path = folder / "roster.jsonl"
    path.write_text('{"learner": {"email": "a@example.org"}}\n\n{"learner": {"email": "b@example.org"}}\n{"learner": {"email"')
    return path


def badges() -> int:
    with opened(Settings()) as database, engines.reading(database) as session:
        return session.query(tables.Credential).count()


def test_a_roster_is_issued_by_the_command_itself_where_no_worker_lives(command: Command, roster: Path, folder: Path) -> None:
    result = command("issue", roster, "--achievement", "knots", "--json", "--failed", folder / "failed.jsonl")
    assert result.code == 1
    shown = json.loads(result.out)
    assert {name: shown[name] for name in ("state", "total", "done", "failed")} == {"state": "done", "total": 3, "done": 2, "failed": 1}
    assert "Row 4: The row is not JSON: Expecting ':' delimiter at column 21." in result.err
    assert (folder / "failed.jsonl").read_text() == '{"learner": {"email"\n'
    again = command("issue", roster, "--achievement", "knots", "--json")
    assert json.loads(again.out)["id"] == shown["id"]
    assert badges() == 2
    assert "2 credentials would be revoked" in command("revoke", "--batch", shown["id"]).err
    revoked = command("revoke", "--batch", shown["id"], "--reason", "It was the wrong list.")
    assert (revoked.code, revoked.err.partition("; ")[2]) == (0, "2 of 2 credentials revoked.\n")


def test_a_roster_can_be_left_to_the_workers(command: Command, roster: Path) -> None:
    result = command("issue", roster, "--achievement", "knots", "--no-wait", "--key", "graduation")
    assert (result.code, result.out, badges()) == (0, "", 0)
    assert "running; 0 of 3 rows done" in result.err
    roster.write_text('{"learner": {"email": "c@example.org"}}\n')
    assert "The key graduation was already used" in command("issue", roster, "--achievement", "knots", "--key", "graduation").refusal()


def test_a_sheet_is_looked_at_issued_mended_and_finished(command: Command, folder: Path) -> None:
    sheet = folder / "roster.csv"
    sheet.write_text("Post;Name;Awarded on;Shoe size\na@example.org;=Ann;2026-05-20;41\nb@example;Bo;03.04.2026;42\n", encoding="utf-8")
    asked = ("issue", sheet, "--achievement", "knots", "--map", "Post=email")
    looked = command(*asked, "--dry-run")
    assert looked.code == 1
    assert looked.err.splitlines()[-3:] == [
        "Columns that are not read: Shoe size.",
        "Row 3, Post: Must be an e-mail address.",
        "2 rows: 1 would be issued, 0 have it already, 0 would wait for an address, 1 need mending. Nothing was stored.",
    ]
    assert badges() == 0
    assert "Do the dry run again" in command(*asked, "--dates", "dmy", "--checked", looked.out.strip()).err
    issued = command(*asked, "--checked", looked.out.strip(), "--failed", folder / "failed.csv", "--results", folder / "results.csv")
    assert (issued.code, badges()) == (1, 1)
    assert "Row 3, Post: Must be an e-mail address." in issued.err
    assert len((folder / "results.csv").read_text().splitlines()) == 3
    mended = (folder / "failed.csv").read_text().replace("b@example", "b@example.org")
    (folder / "mended").write_text(mended)
    again = command("issue", folder / "mended", "--csv", "--achievement", "knots", "--map", "Post=email", "--json")
    assert (again.code, json.loads(again.out)["done"], badges()) == (0, 1, 2)
    looked = command(*asked, "--dry-run", "--json")
    assert {"repeat": 1, "fail": 1}.items() <= json.loads(looked.out).items()


def test_all_that_is_wrong_with_a_sheet_is_told(command: Command, folder: Path) -> None:
    sheet = folder / "roster.tsv"
    sheet.write_bytes(b"email\tname\na@example.org\t\xe9\nb@example.org\t\xe9\n")
    result = command("issue", sheet, "--achievement", "knots")
    assert (result.code, [line[:5] for line in result.err.splitlines()][-3:]) == (2, ["Row 2", "Row 3", "badge"])
    sheet.write_text("email\n" + "nowhere\n" * 1001)
    assert "… and 1 more." in command("issue", sheet, "--achievement", "knots", "--dry-run").err
    assert "does not say what a column means" in command("issue", sheet, "--achievement", "knots", "--map", "x").refusal()
    with opened(Settings()) as database, engines.writing(database) as session:
        unit = authoring.issuer(session, "unit")
        authoring.create_achievement(session, unit, slug="draft", draft=DRAFT, site=Settings().site, now=clock())
    assert "is not published yet" in command("issue", sheet, "--achievement", "draft").refusal()


def test_what_is_no_roster_is_refused(command: Command, folder: Path) -> None:
    (folder / "empty.jsonl").touch()
    assert "no rows" in command("issue", folder / "empty.jsonl", "--achievement", "knots").refusal()
    assert "No such file" in command("issue", folder / "nowhere.jsonl", "--achievement", "knots").refusal()
    assert command("issue", folder / "empty.jsonl", "--achievement", "nothing").code == 2
    assert "Say which" in command("revoke").refusal()


def test_an_interrupted_roster_is_gone_on_with(command: Command, roster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(attending, "is_anybody_there", lambda *_, **__: True)
        patched.setattr(submitting, "pause", interrupt)
        result = command("issue", roster, "--achievement", "knots")
    assert (result.code, badges()) == (130, 0)
    assert "The same command again goes on with it" in result.err
    assert command("issue", roster, "--achievement", "knots").code == 1
    assert badges() == 2


def test_many_failed_rows_are_told_in_part(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bad.jsonl").write_text('{"learner": {}}\n' * 25)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    result = command("issue", folder / "bad.jsonl", "--achievement", "knots")
    assert (result.code, result.err.count("Row "), "… and 5 more." in result.err) == (1, 20, True)
    assert "Row 1 at /learner: The learner needs an e-mail address, a DID or a source_id." in result.err
