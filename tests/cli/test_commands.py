from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from badgeissuer import authoring
from badgeissuer.openbadges.addresses import Site
from badgeissuer.settings import Settings, clock
from badgeissuer.store import engine as engines
from badgeissuer.store import migrating
from badgeissuer.store.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Command

TOKEN = re.compile(r"[A-Za-z0-9_.-]{30,}\n")
PUBLISHED = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
"""The secret key of the test vectors of VC-DI-EDDSA."""


@pytest.fixture
def unit(folder: Path, command: Command) -> Callable[..., str]:
    """Store an issuer without a key, and give its slug."""

    def make(slug: str = "harbour", *, base: str = "http://localhost:8000") -> str:
        assert command("migrate").code == 0
        database = engines.connect(f"sqlite:///{folder / 'data' / 'badgeissuer.db'}")
        with engines.writing(database) as session:
            authoring.create_issuer(session, {"slug": slug, "name": "Harbour School"}, site=Site(base), now=clock())
        database.dispose()
        return slug

    return make


def test_a_new_token_stands_alone_on_stdout(command: Command) -> None:
    made = command("token", "create", "--name", "me", "--role", "admin")
    assert made.code == 0
    assert TOKEN.fullmatch(made.out)
    assert made.out.strip() not in made.err
    assert len(made.err.splitlines()) == 1


def test_tokens_are_listed_without_their_secrets_and_can_be_revoked(command: Command) -> None:
    secret = command("token", "create", "--name", "me", "--role", "auditor").out.strip()
    public = secret.split("_")[1]
    listed = command("token", "list").out
    assert public in listed
    assert "auditor" in listed
    assert secret.split("_")[2] not in listed
    assert command("token", "revoke", public).code == 0
    assert "revoked" in command("token", "list").out


def test_a_token_can_be_bound_to_an_issuer(command: Command, unit: Callable[..., str]) -> None:
    assert TOKEN.fullmatch(command("token", "create", "--name", "me", "--role", "issuer", "--issuer", unit()).out)


def test_accounts_are_made_listed_changed_disabled_and_unlinked(command: Command, unit: Callable[..., str]) -> None:
    slug = unit()
    made = command("account", "add", "Ada@example.org", "--name", "Ada", "--role", "issuer", "--issuer", slug)
    public = made.out.strip()
    assert re.fullmatch(r"[A-Za-z0-9]{8}", public)
    assert command("account", "list").out == f"{public}  issuer     Ada <ada@example.org> of {slug}  (last signed in never)\n"
    assert "already" in command("account", "add", "ada@example.org", "--name", "x", "--role", "admin").refusal()
    command("account", "change", public, "--role", "admin")
    assert f"{public}  admin      Ada <ada@example.org> of {slug}" in command("account", "list").out
    command("account", "change", public, "--name", "Ada King", "--email", "king@example.org", "--everywhere")
    command("account", "disable", public)
    assert command("account", "list").out == f"{public}  admin      Ada King <king@example.org>  (disabled)\n"
    for change in ("enable", "unlink"):
        assert command("account", change, public).code == 0
    assert "disabled" not in command("account", "list").out


def test_the_first_key_gives_an_issuer_its_did(command: Command, unit: Callable[..., str], folder: Path) -> None:
    slug = unit()
    assert command("keys", "list").out == f"{slug}  (no key yet)\n"
    made = command("keys", "generate", "--issuer", slug)
    assert (made.code, made.err) == (0, "")
    public = made.out.split()[0]
    assert made.out == f"  {public}  active\n"
    assert command("keys", "list").out == f"{slug}  did:key:{public}\n  {public}  active\n"
    (file,) = (folder / "keys").iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == (f"{public}.key.json", 0o600)
    assert command("keys", "generate", "--issuer", slug).out == made.out, "an issuer keeps the key that it has"


def test_a_did_key_cannot_rotate(command: Command, unit: Callable[..., str]) -> None:
    slug = unit()
    command("keys", "generate", "--issuer", slug)
    assert "did:key" in command("keys", "rotate", "--issuer", slug).refusal()


def test_a_did_web_rotates_and_its_old_key_retires(command: Command, unit: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_BASE_URL", "https://badges.example")
    slug = unit(base="https://badges.example")
    first = command("keys", "generate", "--issuer", slug).out.split()[0]
    assert "rotate" in command("keys", "retire", first).refusal().lower()
    second = command("keys", "rotate", "--issuer", slug).out.split()[0]
    listed = command("keys", "list", "--issuer", slug).out
    assert listed == f"{slug}  did:web:badges.example:i:{slug}\n  {first}  verify_only\n  {second}  active\n"
    assert command("keys", "retire", first).out == f"  {first}  retired\n"
    assert command("keys", "retire", second, "--compromised").out == f"  {second}  compromised\n"


def test_a_key_can_be_brought_along(command: Command, unit: Callable[..., str], folder: Path) -> None:
    slug, file = unit(), folder / "secret.txt"
    file.write_text("z3u2" + "1" * 44)
    assert "Multikey" in command("keys", "import", "--issuer", slug, file).refusal()
    file.write_bytes(b"\xff\xfe\x00")
    command("keys", "import", "--issuer", slug, file).refusal()
    assert "nothing.txt" in command("keys", "import", "--issuer", slug, folder / "nothing.txt").refusal()
    command("keys", "import", "--issuer", slug, folder).refusal()


def test_a_key_that_a_specification_publishes_is_refused(command: Command, unit: Callable[..., str], folder: Path) -> None:
    file = folder / "secret.txt"
    file.write_text(PUBLISHED + "\n")
    assert "publishes" in command("keys", "import", "--issuer", unit(), file).refusal()


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "create", "--name", "me", "--role", "root"),
        ("token", "create", "--name", "me", "--role", "issuer", "--issuer", "nobody"),
        ("token", "revoke", "nothing"),
        ("account", "add", "no address", "--name", "x", "--role", "admin"),
        ("account", "disable", "nothing"),
        ("keys", "generate", "--issuer", "nobody"),
        ("keys", "rotate", "--issuer", "nobody"),
        ("keys", "list", "--issuer", "nobody"),
        ("keys", "retire", "z6Mk"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_said_in_one_line(command: Command, arguments: tuple[str, ...]) -> None:
    command(*arguments).refusal()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "nonsense", "BADGEISSUER_DATABASE_URL"),
        ("DATABASE_URL", "mysql://hunter2@x/y", "mysql"),
        ("DATABASE_URL", "postgresql+psycopg://u:hunter2@127.0.0.1:1/x", "127.0.0.1"),
        ("DATABASE_URL", "sqlite:////nothing/here/x.db", "unable to open"),
        ("DATA_DIR", "/proc/nothing", "/proc/nothing"),
        ("BASE_URL", "ftp://x", "BADGEISSUER_BASE_URL: must"),
        ("LOG_LEVEL", "LOUD", "BADGEISSUER_LOG_LEVEL"),
        ("VERIFY_PORTS", "https", "BADGEISSUER_VERIFY_PORTS:"),
        ("BASE_URL_FILE", "/nothing/here", "/nothing/here"),
        ("ENVIRONMENT", "test", "BADGEISSUER_ENVIRONMENT"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"BADGEISSUER_{name}", value)
    said = command("token", "list").refusal()
    assert reason in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("serve", "--workers", "0"), ("serve", "--port", "99999"), ("token", "create")], ids=str
)
def test_a_command_that_makes_no_sense_exits_with_2_on_stderr(command: Command, arguments: tuple[str, ...]) -> None:
    found = command(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "Traceback" not in found.err


def test_a_database_is_brought_to_head(command: Command, blank_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_DATABASE_URL", blank_database_url)
    if make_url(blank_database_url).get_backend_name() == "postgresql":
        assert "badgeissuer migrate" in command("token", "list").refusal()
    for _ in range(2):
        assert command("migrate").code == 0
    assert command("migrate", "--check").code == 0
    assert TOKEN.fullmatch(command("token", "create", "--name", "me", "--role", "admin").out)
    database = engines.connect(blank_database_url)
    assert migrating.is_at_head(database)
    database.dispose()


def test_everything_is_copied_from_one_database_to_another(
    command: Command, unit: Callable[..., str], folder: Path, blank_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit()
    monkeypatch.setenv("BADGEISSUER_DATABASE_URL", blank_database_url)
    origin = f"sqlite:///{folder / 'data' / 'badgeissuer.db'}"
    assert command("migrate", "--from", origin).err.endswith("\n1 rows were copied.\n")
    again = command("migrate", "--from", origin)
    assert (again.code, again.out) == (2, "")
    assert "not empty: there are rows in issuer" in again.err


def test_the_description_of_the_api_is_printed(command: Command) -> None:
    found = command("openapi")
    assert (found.code, found.err) == (0, "")
    assert found.out == (Path(__file__).parents[2] / "openapi.yaml").read_text("utf-8")


UNFIT = {
    "BADGEISSUER_BASE_URL": ("https://badges.example", "http://badges.example"),
    "BADGEISSUER_KEY_PASSPHRASE": ("correct horse battery staple", ""),
    "BADGEISSUER_VC_API_OPEN": ("false", "true"),
    "BADGEISSUER_VERIFY_ALLOW_PRIVATE_NETWORKS": ("false", "true"),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_serve_refuses_what_is_unfit_for_production(command: Command, monkeypatch: pytest.MonkeyPatch, unfit: str) -> None:
    monkeypatch.setenv("BADGEISSUER_ENVIRONMENT", "production")
    for name, (fit, not_fit) in UNFIT.items():
        monkeypatch.setenv(name, not_fit if name == unfit else fit)
    said = command("serve").refusal()
    expected = "must be set in production" if unfit == "BADGEISSUER_KEY_PASSPHRASE" else "not fit for production: "
    assert expected in said
    assert [name for name in UNFIT if name in said] == [unfit]


def test_what_is_fit_for_production_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_ENVIRONMENT", "production")
    for name, (fit, _) in UNFIT.items():
        monkeypatch.setenv(name, fit)
    assert Settings().environment == "production"


def test_serve_refuses_a_certificate_that_it_cannot_use(command: Command, folder: Path) -> None:
    nonsense = folder / "nonsense.pem"
    nonsense.write_text("nonsense")
    assert "nothing.pem" in command("serve", "--ssl-certfile", folder / "nothing.pem").refusal()
    assert "nonsense.pem" in command("serve", "--ssl-certfile", nonsense).refusal()
    assert "--ssl-certfile" in command("serve", "--ssl-keyfile", nonsense).refusal()


def test_serve_refuses_a_trust_file_that_it_cannot_read(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_TRUST", "/nothing/here.json")
    assert "/nothing/here.json" in command("serve").refusal()


def test_a_wrong_passphrase_is_refused_before_anything_starts(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "wrapped", b"right", operations=1, memory_bytes=8 * 1024 * 1024)
    ring.create("history")
    monkeypatch.setenv("BADGEISSUER_KEYS_DIR", str(tmp_path / "wrapped"))
    monkeypatch.setenv("BADGEISSUER_KEY_PASSPHRASE", "wrong")
    for name in ("serve", "worker"):
        assert "does not open: wrong passphrase" in command(name).refusal()
