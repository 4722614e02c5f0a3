"""`badgeissuer reconcile`, on an embedded database and a Canvas on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.net import campus

from badgeissuer import authoring, connecting, ruling
from badgeissuer.awarding import rule
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ASKED = ("--source", "canvas", "--course", "565", "--achievement", "knots")


@pytest.fixture(autouse=True)
def source(achievement: str) -> str:
    """A source with a rule for a course."""
    now = clock()
    with opened(Settings()) as database, engines.writing(database) as session:
        unit, row = authoring.issuer(session, "unit"), authoring.achievement(session, achievement)
        values = {"slug": "canvas", "name": "Canvas", "adapter": "canvas", "signature": {"scheme": "none", "accept_unsigned": True}}
        found = connecting.connect(session, unit, values, token=lambda size: "k" * size, now=now)
        said = rule.parse({"when": {"all": [{"field": "course", "op": "eq", "value": "565"}]}})
        ruling.add(session, row, said=said, source=found, token=lambda size: "k" * size, now=now)
    return "canvas"


def count(table: type) -> int:
    with opened(Settings()) as database, engines.reading(database) as session:
        return session.query(table).count()


def test_a_list_is_compared_and_the_missing_handed_in(command: Command, folder: Path) -> None:
    (folder / "list.csv").write_text("id;mail\n1;a@example.org\n2;\n", encoding="utf-8")
    shown = command("reconcile", folder / "list.csv", *ASKED)
    assert (shown.code, json.loads(shown.out)) == (1, {"listed": 2, "has": 0, "missing": 2, "unfinished": 0, "extra": 0})
    assert "missing     row 2  a@example.org  No event about them has come." in shown.err
    assert count(tables.Delivery) == 0
    for _ in range(2):
        fed = command("reconcile", folder / "list.csv", *ASKED, "--issue", "events")
        assert fed.code == 0
    assert "0 deliveries of events of the type course_completed are kept" in fed.err
    assert (count(tables.Delivery), count(tables.Batch)) == (1, 0)
    awarded = command("reconcile", folder / "list.csv", *ASKED, "--issue", "awards")
    assert (awarded.code, count(tables.Batch)) == (0, 1)
    assert "awards 1 of them" in awarded.err


def test_a_list_is_pulled_with_a_token_from_a_file(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_WEBHOOK_ALLOW_PRIVATE_NETWORKS", "true")
    (folder / "token").write_text(campus.TOKEN + "\n")
    with campus.platform() as there:
        shown = command("reconcile", *ASKED, "--canvas", there.url, "--token-file", folder / "token")
        assert json.loads(shown.out)["missing"] == 4
        moodle = command("reconcile", *ASKED, "--moodle", there.url, "--course-id", "77", "--token-file", folder / "token")
        assert json.loads(moodle.out)["listed"] == 1
        assert "Give a token" in command("reconcile", *ASKED, "--canvas", there.url).refusal()


def test_what_cannot_be_reconciled_is_refused(command: Command, folder: Path) -> None:
    (folder / "list.csv").write_text("id;score\n1;x\n2;y\n", encoding="utf-8")
    result = command("reconcile", folder / "list.csv", *ASKED)
    assert result.code == 2
    assert "2/score: 'x' is no number." in result.err
    assert "Give either" in command("reconcile", *ASKED).refusal()
    assert "Give either" in command("reconcile", folder / "list.csv", *ASKED, "--canvas", "https://x.example").refusal()
    assert "Give either" in command("reconcile", folder / "list.csv", *ASKED, "--issue", "all").refusal()
