"""What the tests reach is measured by marks as it is by the trace function of coverage.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[run]
branch = true
source_pkgs = sample
plugins = badgeissuer_probes
"""

SAMPLE = '''
"""Every kind of statement that leads to more than one line, taken and not taken."""

from __future__ import annotations

import asyncio
import functools
from contextlib import contextmanager, nullcontext


@functools.cache
@functools.wraps(
    len
)
def decorated():
    """Only a docstring and an expression."""
    return {
        "a": 1,
        "b": [number for number in range(3) if number],
    }


class Thing:
    """A class whose body branches."""

    if decorated():
        kind: str = "one"
    else:
        kind: str = "another"

    never: int

    def method(self, value):
        global GONE
        GONE = value
        if value:
            return 1
        elif (
            value is None
        ):
            return 2
        return 3


def loops(numbers):
    for number in numbers:
        if number == 2:
            continue
        if number == 3:
            break
    else:
        return "all"
    while numbers:
        numbers.pop()
        if len(numbers) > 5:
            break
    while True:
        with nullcontext() as it, nullcontext(
            it
        ):
            if not numbers:
                return "none"
        print("never here")


def cases(value):
    match value:
        case 1 | 2:
            found = "few"
        case [first, *_] if first:
            found = first
        case {"name": str(name)}:
            found = name
        case Thing():
            return "thing"
        case _:
            found = None
    match found:
        case "few":
            return 1
        case None:
            return 0
    return 2


def tries(what):
    try:
        if what:
            raise what
    except (KeyError, IndexError) as problem:
        return str(problem)
    except ValueError:
        pass
    except:
        return "anything"
    else:
        what = "nothing"
    finally:
        if what == "nothing":
            print("finally")
    try:
        raise ExceptionGroup("two", [TypeError(), OSError()])
    except* TypeError:
        seen = True
    except* ZeroDivisionError:
        seen = False
    except* OSError:
        pass
    return seen


@contextmanager
def opened():
    try:
        yield 1
    finally:
        pass


def inside(values):
    for value in values:
        with opened():
            with opened():
                if value:
                    print(value)
    with opened():
        for value in values:
            if value > 7:
                return value
            else:
                value = lambda: (
                    value
                )
    assert values, "there were some"


async def waiting(numbers):
    async def given():
        for number in numbers:
            yield number

    async with Both():
        async for number in given():
            if number:
                print(number)
    async for number in given():
        if number:
            break


class Both:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *problem):
        return False


def untouched(value):
    if value:
        return 1
    for _ in value:
        pass
    return 2


def stopped():
    if decorated:
        raise RuntimeError("so the rest is not reached")
    print("never")


def main():
    thing = Thing()
    thing.method(None)
    thing.method(0)
    loops([1, 2, 3, 4])
    loops([1])
    for value in (1, [5], {"name": "a"}, thing, "x"):
        cases(value)
    for what in (None, KeyError("k"), ValueError()):
        tries(what)
    inside([0, 1])
    inside([8])
    asyncio.run(waiting([0, 1]))
    try:
        stopped()
    except LookupError:
        print("never")
    except RuntimeError:
        pass
'''.lstrip()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    (tmp_path / "sample.py").write_text(SAMPLE, "utf-8")
    (tmp_path / "start.py").write_text("import sample\nsample.main()\n", "utf-8")
    (tmp_path / "config").write_text(CONFIG, "utf-8")
    return tmp_path


def test_marks_say_what_the_trace_function_says(sample: Path) -> None:
    for _ in range(2):  # the second time the marked code is there already
        marks, trace = measured(sample), measured(sample, COVERAGE_CORE="ctrace")
        assert marks["files"] == trace["files"]
    assert trace["totals"]["missing_branches"] > 5
    assert trace["totals"]["covered_branches"] > 30


def test_marks_follow_a_change_of_the_code(sample: Path) -> None:
    before = measured(sample)
    (sample / "sample.py").write_text(SAMPLE.replace("thing.method(0)", "thing.method(1)"), "utf-8")
    assert measured(sample)["files"] == measured(sample, COVERAGE_CORE="ctrace")["files"] != before["files"]


def measured(folder: Path, **environment: str) -> dict[str, Any]:
    """What coverage.py reports about the sample."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    coverage = [sys.executable, "-m", "coverage"]
    for command in (["run", "--rcfile=config", "start.py"], ["json", "--rcfile=config", "-o", "report.json"]):
        subprocess.run([*coverage, *command], cwd=folder, env=clean | environment, check=True, capture_output=True)
    report = json.loads((folder / "report.json").read_bytes())
    assert set(report["files"]) == {"sample.py"}
    return dict(report)
