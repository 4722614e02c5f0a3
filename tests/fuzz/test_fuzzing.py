"""The short form of `make fuzz`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SECONDS = 10


@pytest.fixture(scope="module")
def fuzzing() -> ModuleType:
    path = Path(__file__).with_name("fuzzing.py")
    spec = importlib.util.spec_from_file_location("badgeissuer_fuzzing", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_whatever_the_bytes_only_a_problem_comes_out(fuzzing: ModuleType, tmp_path: Path) -> None:
    found = fuzzing.fuzz(SECONDS, seed=7, keep=tmp_path)
    assert not found.faults
    assert len(found.tried) == 7
    assert min(found.tried.values()) > 50


def test_what_does_something_else_is_named(fuzzing: ModuleType) -> None:
    def stumble(_: bytes) -> None:
        raise ValueError("stumbled")

    found = fuzzing.Found()
    assert fuzzing._try(stumble, b"x", "reader", found) == "ValueError: stumbled"
    assert found.tried == {"reader": 1}
