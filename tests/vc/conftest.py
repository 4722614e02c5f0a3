"""What the tests of the pure core share: published test data, a signer with a known seed, and a small badge."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.vc import kit

from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]


@pytest.fixture(scope="session")
def signer() -> Callable[..., kit.SeedSigner]:
    """Return the class of the test signer: `signer(number)` or `signer(number, verification_method)`."""
    return kit.SeedSigner


@pytest.fixture(scope="session")
def read_json(shared_data: Path) -> ReadJson:
    return lambda name: json.loads((shared_data / name).read_text("utf-8"))


@pytest.fixture
def badge() -> JsonObject:
    """A fresh unsigned badge by the did:key of seed 1."""
    return kit.badge()


@pytest.fixture(scope="session")
def frozen_badge() -> JsonObject:
    """The same badge for tests that only read it, property tests above all."""
    return kit.badge()
