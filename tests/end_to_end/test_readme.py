"""The tour in the README is run as it stands, in bash, against a service of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A service in an empty folder, and the environment in which its commands are found."""
    with serving.served(tmp_path) as (base, environment):
        yield base, environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _tour() -> list[str]:
    text = ROOT.joinpath("README.md").read_text("utf-8")
    tour = text.split("## A tour in five minutes")[1].split("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", tour, re.DOTALL)


def test_the_tour_works_as_it_stands(served: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    assert shutil.which("curl"), "the tour uses curl"
    assert shutil.which("openssl"), "the tour uses openssl"
    base, environment = served
    script = "set -euo pipefail\n" + "\necho; echo ---\n".join(_tour()).replace("http://localhost:8000", base)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=serving.SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This badge is genuine: North Valley College issued it" in done.stdout
    assert "Do not rely on this badge." in done.stdout
    assert "Awarded because" in done.stdout
    assert "was genuinely issued but does not count now. Its issuer has revoked it." in done.stdout


def test_the_tour_has_all_its_steps() -> None:
    assert len(_tour()) == 9
