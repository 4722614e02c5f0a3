"""The benchmarks run, and write the results in the form that the contract gives. No figure is looked at: that is for people."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks import steps

ROOT = Path(__file__).parents[2]
CALCULATED = ("sign", "verify_known_shape")
ASKED = (*CALCULATED, "verify_http")
SERVED = {
    "verify_http": "requests/s",
    "verify_http_p50": "ms",
    "verify_http_p99": "ms",
    "verify_http_cpu": "ms of CPU",
    "verify_http_memory": "MiB",
}
NODE_IS_THERE = bool(shutil.which("node")) and ROOT.joinpath("tests", "interop", "node_modules", "@digitalbazaar", "vc").is_dir()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BADGEISSUER_DATABASE_URL": "mysql://nobody@nowhere/nothing", "BADGEISSUER_ENVIRONMENT": "production"}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where a quick run left its files, and what it printed; the settings of whoever ran it would have kept everything from starting."""
    folder = tmp_path_factory.mktemp("results")
    folder.joinpath("results.json").write_text('{"old": {}}')
    done = _run("--quick", "--output", str(folder), *ASKED)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def results(finished: tuple[Path, str]) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = json.loads(finished[0].joinpath("results.json").read_text("utf-8"))
    return content


@pytest.mark.slow
def test_the_results_hold_what_was_asked_for_and_nothing_of_an_earlier_run(results: dict[str, dict[str, Any]]) -> None:
    assert list(results) == [*CALCULATED, *SERVED]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CALCULATED, *SERVED])
def test_every_result_is_of_the_form_that_the_contract_gives(results: dict[str, dict[str, Any]], name: str) -> None:
    found = results[name]
    assert {"value", "unit", "better"} <= set(found) <= {"value", "unit", "better", "floor", "peers"}
    numbers = [found["value"], *found.get("peers", {}).values(), *([found["floor"]] if "floor" in found else [])]
    assert all(isinstance(number, float) and number > 0 for number in numbers)
    unit = SERVED.get(name, "µs")
    assert (found["unit"], found["better"]) == (unit, "higher" if unit == "requests/s" else "lower")


@pytest.mark.slow
@pytest.mark.parametrize("name", CALCULATED)
def test_what_is_calculated_stands_beside_its_floor_and_its_peers(results: dict[str, dict[str, Any]], name: str) -> None:
    assert "floor" in results[name]
    beside = set(results[name]["peers"])
    assert beside >= {"pyld stock", "openbadgeslib", "openvc-core"}
    assert ("openbadgeslib, all its checks" in beside) == (name != "sign")
    assert ("@digitalbazaar/vc" in beside) == NODE_IS_THERE


def test_node_is_among_the_peers_where_everything_is_checked() -> None:
    if os.environ.get("CI") == "true":
        assert NODE_IS_THERE


@pytest.mark.slow
def test_every_result_is_one_line_a_row_of_the_table_and_a_bar_of_the_plot(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    names = [*CALCULATED, *SERVED]
    assert [line.split()[0] for line in printed.splitlines()] == names
    rows = [line.split("`")[1] for line in folder.joinpath("results.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == names
    labels = [element.text for element in ET.fromstring(folder.joinpath("results.svg").read_text("utf-8")).iter() if element.text]  # noqa: S314 - our own file
    assert set(names) | {"sign: floor", "sign: pyld stock"} <= set(labels)


def test_a_name_that_is_no_benchmark_is_refused_before_anything_runs(tmp_path: Path) -> None:
    done = _run("--quick", "--output", str(tmp_path), "sign", "singn")
    assert done.returncode == 2
    assert "there is no benchmark singn" in done.stderr
    assert not list(tmp_path.iterdir())


def test_every_benchmark_is_described() -> None:
    done = _run("--help")
    names = done.stdout.replace("\n", " ").partition("all if none: ")[2].partition(" options:")[0].split(",")
    text = ROOT.joinpath("benchmarks", "README.md").read_text("utf-8")
    assert len(names) >= 9
    for name in names:
        assert f"| `{name.strip()}` |" in text


def test_the_steps_of_a_bulk_run_are_functions_that_the_engine_calls() -> None:
    source = ROOT.joinpath("src", "badgeissuer", "chunking.py").read_text("utf-8").replace("reader.", "Reader.")
    for module, name in steps.STEPS.values():
        assert callable(getattr(module, name))
        assert f"{module.__name__.rpartition('.')[2]}.{name}(" in source


def test_the_badge_is_the_one_that_was_measured_from_the_beginning(shared_data: Path) -> None:
    assert ROOT.joinpath("benchmarks", "badge.json").read_bytes() == shared_data.joinpath("bench", "badge.json").read_bytes()
