"""The demonstration is the main job; that it does what it says is seen from outside here."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = (
    "the server is up",
    "issuing unit",
    "achievement “Welding Safety Fundamentals”, version 1",
    "Canvas is connected",
    "rule 1",
    "an unsigned copy of the event is refused (401)",
    "a copy signed by a stranger's key is refused (401)",
    "the event that Canvas signed is taken (200)",
    "the worker decided, signed, checked and stored the badge",
    "the learner downloads it",
    "an employer verifies it by URL: VALID",
    "a tampered copy is refused: INVALID",
    "another badge was revoked, and is reported so: INVALID",
)


def test_the_demonstration_does_every_step_and_says_so_with_a_url(demonstration: subprocess.CompletedProcess[str]) -> None:
    assert demonstration.returncode == 0, demonstration.stdout + demonstration.stderr
    lines = [line for line in demonstration.stdout.splitlines() if line.startswith("✓")]
    assert len(lines) == len(STEPS)
    for line, step in zip(lines, STEPS, strict=True):
        assert step in line
        assert re.search(r"http://localhost:\d+/", line), line


def test_the_badge_that_it_keeps_names_its_learner_only_by_a_salted_hash(demo_directory: Path) -> None:
    text = (demo_directory / "badge.json").read_text()
    assert "asha" not in text.lower()
    identity = json.loads(text)["credentialSubject"]["identifier"][0]
    expected = hashlib.sha256(("asha.rao@example.org" + identity["salt"]).encode()).hexdigest()
    assert identity["identityHash"] == f"sha256${expected}"
    assert len(identity["salt"]) >= 22  # 16 bytes in base64


def test_the_badge_that_it_keeps_is_an_open_badge_in_the_strict_form(demo_directory: Path) -> None:
    badge = json.loads((demo_directory / "badge.json").read_bytes())
    assert badge["@context"] == ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert badge["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert badge["credentialStatus"]["type"] == "BitstringStatusListEntry"
    achievement = badge["credentialSubject"]["achievement"]
    assert achievement["alignment"]
    assert [item["resultType"] for item in achievement["resultDescription"]] == ["Percent", "RubricCriterionLevel"]


def test_a_second_demonstration_in_the_same_folder_works_too(demo_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_directory, tmp_path / "kept")
    command = [sys.executable, "-m", "badgeissuer.cli", "demo", "--once", "--dir", str(tmp_path / "kept")]
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0, again.stdout
    first, second = (json.loads((folder / "badge.json").read_bytes()) for folder in (demo_directory, tmp_path / "kept"))
    assert first["id"] != second["id"]


@pytest.mark.parametrize("option", ["--nonsense", "--port=x"])
def test_wrong_options_end_with_a_usage_error(option: str) -> None:
    command = [sys.executable, "-m", "badgeissuer.cli", "demo", option]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 2
