"""The container image without a container engine: its builder's steps are run, its commands started, its files read by the right tools."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    Run = Callable[..., str]
    Serving = Callable[..., AbstractContextManager[str]]

PREFIX = "/opt/badgeissuer"
BUILDER_ONLY_ENV = {"PIP_NO_CACHE_DIR"}  # keeps the image small; here it would only fetch everything anew


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    value: str

    def words(self) -> list[str]:
        """The words of an exec form."""
        words: list[str] = json.loads(self.value)
        return words


def _stages(text: str) -> list[list[Instruction]]:
    """The instructions of a Dockerfile by stage; each stage begins with its FROM."""
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", without_comments)
    stages: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, value = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append(Instruction(name, value.strip()))
    return stages


@pytest.fixture(scope="session")
def stages(root: Path) -> list[list[Instruction]]:
    return _stages((root / "Dockerfile").read_text("utf-8"))


@pytest.fixture(scope="session")
def builder(stages: list[list[Instruction]]) -> list[Instruction]:
    return stages[0]


@pytest.fixture(scope="session")
def final(stages: list[list[Instruction]]) -> list[Instruction]:
    return stages[-1]


def _values(stage: list[Instruction], name: str) -> list[str]:
    return [instruction.value for instruction in stage if instruction.name == name]


def _settings(stage: list[Instruction]) -> dict[str, str]:
    return dict(word.split("=", 1) for value in _values(stage, "ENV") for word in shlex.split(value))


@dataclass(frozen=True, slots=True)
class Image:
    """A folder that stands for the root of the image's file system."""

    folder: Path

    def at(self, path: str) -> Path:
        return self.folder / PurePosixPath(path).relative_to("/")

    def mapped(self, word: str) -> str:
        """An absolute path of the image as a path of this machine; the image's own Python is the one at work here."""
        if word == "python":
            return sys.executable
        return str(self.at(word)) if word.startswith("/") and not word.startswith("//") else word

    def copy(self, sources: Sequence[str], destination: Path, *, context: Path) -> None:
        destination.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if (context / source).is_dir():
                shutil.copytree(context / source, destination, dirs_exist_ok=True)
            else:
                shutil.copy2(context / source, destination)


def _build(image: Image, builder: list[Instruction], *, context: Path, run: Run) -> None:
    (work,) = (image.at(value) for value in _values(builder, "WORKDIR"))
    work.mkdir(parents=True)
    settings = {name: value for name, value in _settings(builder).items() if name not in BUILDER_ONLY_ENV}
    for instruction in builder:
        if instruction.name == "COPY":
            *sources, destination = instruction.value.split()
            image.copy(sources, work / destination, context=context)
        elif instruction.name == "RUN":
            run([image.mapped(word) for word in instruction.words()], cwd=work, env=os.environ | settings)


@pytest.fixture(scope="session")
def image(root: Path, builder: list[Instruction], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What the builder's COPY and RUN make, with the image's paths mapped below a temporary folder."""
    image = Image(tmp_path_factory.mktemp("image"))
    _build(image, builder, context=root, run=run)
    return image


@pytest.fixture
def command(image: Image, final: list[Instruction]) -> list[str | Path]:
    (entry,) = (instruction.words() for instruction in final if instruction.name == "ENTRYPOINT")
    return [image.at(PREFIX) / "bin" / entry[0], *entry[1:]]


@pytest.fixture
def health(image: Image, final: list[Instruction], free_port: int) -> list[str]:
    """The image's own health check, asking the port that the test's service is at."""
    (value,) = _values(final, "HEALTHCHECK")
    words: list[str] = json.loads(value.partition("CMD ")[2])
    assert words[0] == "python"
    assert any(":8000/healthz" in word for word in words)
    return [str(image.at(PREFIX) / "bin" / "python"), *(word.replace(":8000/", f":{free_port}/") for word in words[1:])]


def _is_healthy(health: list[str], env: dict[str, str]) -> bool:
    return subprocess.run(health, env=env, check=False, capture_output=True, timeout=20).returncode == 0


@pytest.mark.slow
def test_the_entry_point_of_the_built_environment_starts(command: list[str | Path], run: Run, tmp_path: Path) -> None:
    assert "serve" in run([*command, "--help"], cwd=tmp_path, env={"PATH": os.defpath})


@pytest.mark.slow
def test_the_health_check_tells_a_running_service_from_none(
    image: Image, final: list[Instruction], command: list[str | Path], health: list[str], serving: Serving, bare_environment: dict[str, str]
) -> None:
    (default,) = (instruction.words() for instruction in final if instruction.name == "CMD")
    settings = {name: image.mapped(value) for name, value in _settings(final).items() if name.startswith("BADGEISSUER_")}
    assert not _is_healthy(health, bare_environment)
    with serving([*command, *default], settings=settings):
        assert _is_healthy(health, bare_environment)
    assert not _is_healthy(health, bare_environment)


@pytest.mark.slow
def test_the_image_brings_an_empty_private_folder_for_keys(image: Image) -> None:
    keys = image.at("/build/data/keys")
    assert keys.stat().st_mode & 0o777 == 0o700


def test_only_the_environment_and_the_data_folder_reach_the_final_image(final: list[Instruction]) -> None:
    copies = [value.split()[-2:] for value in _values(final, "COPY")]
    assert copies == [[PREFIX, PREFIX], ["/build/data", "/data"]]
    assert all(value.startswith("--from=builder ") for value in _values(final, "COPY"))


def test_the_final_image_runs_as_a_fixed_user_that_is_not_root(final: list[Instruction]) -> None:
    (user,) = _values(final, "USER")
    assert int(user.split(":")[0]) >= 1000
    assert [value for value in _values(final, "RUN") if f'"{user.split(":")[0]}"' in value]


def test_the_final_image_keeps_its_state_in_one_volume(final: list[Instruction]) -> None:
    settings = _settings(final)
    assert settings["BADGEISSUER_DATA_DIR"] == "/data"
    assert settings["BADGEISSUER_KEYS_DIR"] == "/data/keys"
    assert _values(final, "VOLUME") == ['["/data"]']
    assert _values(final, "EXPOSE") == ["8000"]
    assert _values(final, "STOPSIGNAL") == ["SIGTERM"]


def test_every_command_of_the_image_is_in_exec_form_and_every_install_is_hashed(stages: list[list[Instruction]]) -> None:
    commands = [instruction.words() for stage in stages for instruction in stage if instruction.name in {"RUN", "ENTRYPOINT", "CMD"}]
    assert commands
    installs = [words for words in commands if "install" in words]
    assert installs
    assert all("--require-hashes" in words or "--no-index" in words for words in installs)


def test_both_stages_begin_with_the_same_pinned_python(stages: list[list[Instruction]]) -> None:
    bases = {stage[0].value.split()[0] for stage in stages}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+-slim", base)


def test_everything_that_the_builder_copies_is_in_the_build_context_and_nothing_else(root: Path, builder: list[Instruction]) -> None:
    lines = [line for line in (root / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    copied = {source for value in _values(builder, "COPY") for source in value.split()[:-1]}
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_hadolint_has_nothing_to_say(root: Path, run: Run) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    assert run([hadolint, "--no-color", root / "Dockerfile"], cwd=root) == ""


@pytest.fixture(scope="session")
def compose(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text("utf-8"))
    return loaded


def _with_profile(compose: dict[str, Any], profile: str | None) -> set[str]:
    return {name for name, service in compose["services"].items() if service.get("profiles", [None]) == [profile]}


def test_without_a_profile_there_is_one_service_on_sqlite(compose: dict[str, Any]) -> None:
    assert _with_profile(compose, None) == {"badgeissuer"}
    service = compose["services"]["badgeissuer"]
    assert "command" not in service
    assert [name for name in service["environment"] if "DATABASE" in name] == []
    assert service["volumes"] == ["data:/data"]


def test_the_postgresql_profile_splits_service_and_worker(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert _with_profile(compose, "postgresql") == {"web", "worker", "migrate", "postgres"}
    assert "--no-worker" in services["web"]["command"]
    assert services["worker"]["command"] == ["worker"]
    assert services["worker"]["volumes"] == ["keys:/data/keys"]
    for name in ("web", "migrate"):  # what signs nothing has neither the keys nor what opens them
        assert "volumes" not in services[name]
        assert "key_passphrase" not in str(services[name])
    assert services["postgres"]["image"] == "postgres:17"
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_every_container_is_confined_and_stops_in_its_own_time(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["stop_grace_period"] == "30s"
        assert "privileged" not in service
        assert "cap_add" not in service


def test_long_running_services_have_a_health_check(compose: dict[str, Any]) -> None:
    own = {name for name, service in compose["services"].items() if service.get("healthcheck", {}).get("test")}
    assert own == {"worker", "postgres"}  # the others have the image's
    assert compose["services"]["migrate"]["healthcheck"] == {"disable": True}


def test_secrets_are_files_and_none_stands_in_the_text(compose: dict[str, Any], root: Path) -> None:
    for name, service in compose["services"].items():
        assert set(service["secrets"]) <= set(compose["secrets"])
        for setting, value in service["environment"].items():
            if re.search("PASS|SECRET|DATABASE_URL|TOKEN", setting):
                assert setting.endswith("_FILE"), (name, setting)
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(set(secret) == {"file"} and secret["file"].startswith("./secrets/") for secret in compose["secrets"].values())
    configuration = "\n".join(line for line in (root / "compose.yaml").read_text("utf-8").splitlines() if not line.startswith("#"))
    assert re.findall(r"://[^/\s]*:[^/\s]*@|password\s*:\s*[^{\s]|passphrase\s*:\s*[^{\s]", configuration, re.IGNORECASE) == []


def test_git_ignores_the_files_of_the_secrets(compose: dict[str, Any], root: Path, run: Run) -> None:
    if not (root / ".git").exists():
        pytest.skip("no git work tree")
    files = [secret["file"].removeprefix("./") for secret in compose["secrets"].values()]
    assert run(["git", "check-ignore", *files], cwd=root).split() == files


def test_docker_compose_understands_the_file(root: Path, run: Run, bare_environment: dict[str, str]) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode != 0:
        pytest.skip("docker compose is not installed")
    env = bare_environment | {"PATH": os.environ["PATH"]}
    understood = json.loads(run(["docker", "compose", "--profile", "postgresql", "config", "--format", "json"], cwd=root, env=env))
    assert set(understood["services"]) == {"badgeissuer", "web", "worker", "migrate", "postgres"}
