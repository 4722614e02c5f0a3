"""The package works away from its source: built, installed in a fresh environment, started from an empty folder."""

from __future__ import annotations

import json
import sqlite3
import sys
import tarfile
import urllib.request
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    Run = Callable[..., str]
    Serving = Callable[..., AbstractContextManager[str]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def distributions(root: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, root], cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (only,) = distributions.glob("badgeissuer-*.whl")
    return only


@pytest.fixture(scope="module")
def command(root: Path, wheel: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `badgeissuer` command of an environment that holds the run-time lock and the wheel, nothing else, not even pip.

    What is never imported need not be compiled; the environment of the container is made with everything that users have.
    """
    folder = tmp_path_factory.mktemp("installed")
    python = folder / "environment" / "bin" / "python"
    run([sys.executable, "-m", "venv", "--without-pip", folder / "environment"], cwd=folder)
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--no-compile", "--require-hashes", "-r", root / "requirements.lock"], cwd=folder)
    run([*pip, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", wheel], cwd=folder)
    run([*pip, "check"], cwd=folder)
    return python.parent / "badgeissuer"


def _files_below(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts}


def test_the_wheel_holds_every_file_of_the_package_and_the_migrations(root: Path, wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {f"badgeissuer/{name}" for name in _files_below(root / "src" / "badgeissuer")} <= held
    assert {f"badgeissuer/migrations/{name}" for name in _files_below(root / "migrations")} <= held


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("/migrations/versions/", ".py"),
        ("/vc/contexts/", ".jsonld"),
        ("/templates/", ".html"),
        ("/static/", ".css"),
        ("/web/locales/", ".po"),
        ("badgeissuer/py.typed", ""),
    ],
)
def test_the_wheel_holds_what_no_import_would_miss(wheel: Path, kind: str, ending: str) -> None:
    assert any(kind in name and name.endswith(ending) for name in zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_nothing_but_the_package_and_its_description(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top.split("-")[0] for top in tops} == {"badgeissuer"}
    licences = {name.rpartition("/licenses/")[2] for name in zipfile.ZipFile(wheel).namelist() if "/licenses/" in name}
    assert licences == {"LICENSE", "src/badgeissuer/vc/contexts/NOTICE.md"}


def test_the_sdist_holds_no_key_and_no_data(distributions: Path) -> None:
    (sdist,) = distributions.glob("badgeissuer-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/requirements.lock") for name in names)
    assert [name for name in names if name.endswith((".key.json", ".seed", ".sqlite", ".db")) or "/node_modules/" in name] == []


def _ask(url: str, *, body: bytes | None = None, **headers: str) -> tuple[str, bytes]:
    request = urllib.request.Request(url, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200
        return response.headers.get_content_type(), response.read()


def _schema_version(data: Path) -> str:
    (database,) = [file for file in data.iterdir() if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3"]
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        row: tuple[str] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0]


def test_the_installed_service_starts_from_an_empty_folder_and_works(command: Path, serving: Serving, root: Path, tmp_path: Path) -> None:
    with serving([command, "serve"], settings={"BADGEISSUER_DATA_DIR": str(tmp_path / "data")}) as url:
        kind, raw = _ask(url + "/openapi.json")
        assert kind == "application/json"
        paths: dict[str, Any] = json.loads(raw)["paths"]
        assert "/credentials/verify" in paths
        kind, page = _ask(url + "/verify", accept="text/html")
        assert kind == "text/html"
        assert b"<form" in page
        unsigned = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}
        _, raw = _ask(url + "/verify", body=json.dumps(unsigned).encode(), content_type="application/json", accept="application/json")
        report = json.loads(raw)
        assert report["outcome"] == "INVALID"
        assert report["verified"] is False
        assert _schema_version(tmp_path / "data") == ScriptDirectory(str(root / "migrations")).get_current_head()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_installed_command_knows_its_version_and_ships_its_contexts(command: Path, run: Run, tmp_path: Path) -> None:
    program = "import importlib.metadata as m; from badgeissuer.vc import contexts; print(m.version('badgeissuer'), len(contexts.PINNED))"
    version, count = run([command.parent / "python", "-I", "-c", program], cwd=tmp_path).split()
    assert version
    assert int(count) >= 5
