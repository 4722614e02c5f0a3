"""The documentation names every command, every setting and every problem type, and points only to files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from badgeissuer.awarding import event
from badgeissuer.cli import APP
from badgeissuer.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])


def _text(name: str) -> str:
    return ROOT.joinpath(name).read_text("utf-8")


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_described(name: str) -> None:
    assert f"| `{name}` |" in _text("docs/operations.md")


def test_no_setting_is_described_that_is_not_there() -> None:
    described = re.findall(r"^\| `([A-Z_]+)` \|", _text("docs/operations.md"), re.MULTILINE)
    assert set(described) == {name.upper() for name in Settings.model_fields}


def test_every_command_is_described() -> None:
    text = _text("docs/operations.md")
    group = typer.main.get_group(APP)
    for name, command in group.commands.items():
        for path in [f"{name} {child}" for child in getattr(command, "commands", {})] or [name]:
            assert f"`{path}" in text, path


def test_the_fields_that_rules_can_look_at_are_the_ones_described() -> None:
    described = _text("docs/lms.md").split("- Fields: ")[1].split("\n- Operators")[0]
    assert set(re.findall(r"`([a-z_.]+)`", described)) == set(event.FIELDS)


def test_every_problem_type_of_our_own_is_described() -> None:
    source = "\n".join(path.read_text("utf-8") for path in ROOT.glob("src/badgeissuer/**/*.py"))
    used = set(re.findall(r'OURS \+ "([a-z-]+)"', source))
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", _text("docs/problems.md"), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"[a-z-]+", row)}
    assert used == described


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)\)", path.read_text("utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), target


def test_the_table_of_standards_names_modules_and_tests_that_are_there() -> None:
    rows = [line for line in _text("docs/standards.md").splitlines() if line.startswith("| ") and "`" in line]
    for row in rows:
        _, module, test = (part.strip() for part in row.strip("|").split(" | "))
        for name in re.findall(r"`([\w/]+\.py)`", module):
            assert (ROOT / "src" / "badgeissuer" / name).exists(), name
        for name in re.findall(r"`(tests/[\w/.]+)`", test):
            assert (ROOT / name).exists(), name
