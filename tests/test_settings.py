from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import stat
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydantic
import pytest

from badgeissuer import problem, trusting, verifying
from badgeissuer.settings import PREFIX, Settings, clock, read_contexts
from badgeissuer.vc import contexts

Read = Callable[..., Settings]
SECRET = "correct-horse-battery-staple"
TERMS = "https://terms.example/v1"
OWN = "http://localhost:8000/ns/microcredential/v1"
CONTENT = {"@context": {"level": "https://terms.example/v1#level"}}
PRODUCTION = {"ENVIRONMENT": "production", "BASE_URL": "https://badges.example", "KEY_PASSPHRASE": SECRET}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away every setting of whoever runs the tests, and stand in an empty folder."""
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Read:
    """`setting(BASE_URL="…")` sets variables and returns the settings."""

    def setting(**values: object) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(PREFIX + name, str(value))
        return Settings()

    return setting


def refusal(setting: Read, **values: object) -> str:
    with pytest.raises(pydantic.ValidationError) as caught:
        setting(**values)
    (error,) = caught.value.errors()
    return str(error["msg"])


class TestDefaults:
    def test_nothing_needs_to_be_set(self, tmp_path: Path) -> None:
        settings = Settings()
        assert (settings.environment, settings.base_url, settings.log_level) == ("development", "http://localhost:8000", "INFO")
        assert (settings.data_dir, settings.keys_dir, settings.trust) == (Path("data"), Path("keys"), None)
        assert settings.database == f"sqlite:///{tmp_path}/data/badgeissuer.db"
        assert settings.is_embedded
        assert (settings.vc_api_open, settings.verify_allow_private_networks) == (False, False)
        assert (settings.limits.ports, settings.limits.allow_private) == (frozenset({443}), False)
        assert settings.site.base == "http://localhost:8000"
        assert settings.trusted() == verifying.Trust()

    def test_reading_them_leaves_no_trace(self, tmp_path: Path) -> None:
        Settings()
        assert list(tmp_path.iterdir()) == []

    def test_they_do_not_change(self) -> None:
        with pytest.raises(pydantic.ValidationError, match="frozen"):
            Settings().base_url = "https://other.example"

    def test_a_database_that_is_named_is_that(self, setting: Read) -> None:
        settings = setting(DATABASE_URL="postgresql+psycopg://user@host/name")
        assert settings.database == "postgresql+psycopg://user@host/name"
        assert not settings.is_embedded

    def test_the_clock_tells_the_time_in_utc(self) -> None:
        before = datetime.now(UTC)
        assert before <= clock() <= datetime.now(UTC)
        assert clock().tzinfo is UTC


class TestProduction:
    def test_a_safe_service_may_start(self, setting: Read) -> None:
        assert setting(**PRODUCTION).environment == "production"

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("BASE_URL", "http://badges.example", "BASE_URL must be https"),
            ("VC_API_OPEN", "true", "VC_API_OPEN must not be on"),
            ("VERIFY_ALLOW_PRIVATE_NETWORKS", "1", "VERIFY_ALLOW_PRIVATE_NETWORKS must not be on"),
        ],
    )
    def test_one_unsafe_setting_is_refused_by_name(self, setting: Read, name: str, value: str, reason: str) -> None:
        expected = f"Value error, not fit for production: {PREFIX}{reason}"
        assert refusal(setting, **PRODUCTION | {name: value}) == expected
        assert setting(**PRODUCTION | {name: value, "ENVIRONMENT": "development"}).environment == "development"

    def test_all_reasons_are_named_at_once(self, setting: Read) -> None:
        message = refusal(setting, ENVIRONMENT="production", VC_API_OPEN=1, VERIFY_ALLOW_PRIVATE_NETWORKS=1)
        assert message.count(PREFIX) == 3

    def test_what_signs_needs_a_passphrase_and_what_only_serves_does_not(self, setting: Read) -> None:
        settings = setting(**PRODUCTION | {"KEY_PASSPHRASE": ""})
        with pytest.raises(problem.Invalid, match="KEY_PASSPHRASE must be set in production"):
            settings.keyring()

    def test_the_default_address_is_refused(self, setting: Read) -> None:
        assert "BASE_URL must be https" in refusal(setting, ENVIRONMENT="production", KEY_PASSPHRASE=SECRET)

    @pytest.mark.parametrize("environment", ["prod", "Production", "", "test"])
    def test_a_misspelt_environment_is_not_taken_for_development(self, setting: Read, environment: str) -> None:
        assert refusal(setting, ENVIRONMENT=environment) == "Input should be 'development' or 'production'"


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("given", "base"),
        [
            ("https://badges.example", "https://badges.example"),
            ("https://badges.example/", "https://badges.example"),
            ("https://college.example/badges//", "https://college.example/badges"),
            ("https://college.example:8443/badges", "https://college.example:8443/badges"),
            ("http://localhost:8000", "http://localhost:8000"),
            ("http://[::1]:8000/", "http://[::1]:8000"),
        ],
    )
    def test_a_web_address_is_taken_without_its_final_slash(self, setting: Read, given: str, base: str) -> None:
        settings = setting(BASE_URL=given)
        assert (settings.base_url, settings.site.base) == (base, base)

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "badges.example",
            "//badges.example",
            "ftp://badges.example",
            "https:/badges.example",
            "https://",
            "https:///badges",
            "https://:443",
            "https://user@badges.example",
            "https://user:password@badges.example",
            "https://badges.example?x=1",
            "https://badges.example/#top",
            "https://badges example",
            "https://badges.example\n",
            " https://badges.example",
            "https://badges.example:0",
        ],
    )
    def test_anything_else_is_refused(self, setting: Read, given: str) -> None:
        expected = "Value error, must be the http or https URL of the service, without user, query and fragment"
        assert refusal(setting, BASE_URL=given) == expected

    @pytest.mark.parametrize("given", ["https://badges.example:port", "https://badges.example:99999", "https://[::1"])
    def test_a_host_or_port_that_is_none_is_refused(self, setting: Read, given: str) -> None:
        assert refusal(setting, BASE_URL=given).startswith("Value error")


class TestPorts:
    @pytest.mark.parametrize(
        ("given", "ports"), [("443", {443}), ("443,8443", {443, 8443}), (" 443 , 8443 ", {443, 8443}), ("1,65535,1", {1, 65535})]
    )
    def test_ports_are_separated_by_commas(self, setting: Read, given: str, ports: set[int]) -> None:
        assert setting(VERIFY_PORTS=given).limits.ports == ports

    def test_they_may_be_given_as_numbers(self) -> None:
        assert Settings(verify_ports=frozenset({8443})).limits.ports == {8443}

    @pytest.mark.parametrize("given", ["", "https", "443,", "443;8443", "443 8443", "0", "65536", "-1", "4.5", "[443]", "443,x"])
    def test_what_is_no_port_is_refused(self, setting: Read, given: str) -> None:
        assert refusal(setting, VERIFY_PORTS=given).startswith("Input should be")


class TestFiles:
    @pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
    def test_a_variable_may_name_a_file_instead(self, setting: Read, tmp_path: Path, end: str) -> None:
        (tmp_path / "secret").write_bytes(f" {SECRET} {end}".encode())
        assert setting(KEY_PASSPHRASE_FILE=tmp_path / "secret").key_passphrase.get_secret_value() == f" {SECRET} "

    @pytest.mark.parametrize(
        ("name", "content"),
        [("BASE_URL", "https://badges.example"), ("DATABASE_URL", "postgresql+psycopg://u:p@h/n"), ("VERIFY_PORTS", "443,8443")],
    )
    def test_every_setting_may(self, setting: Read, tmp_path: Path, name: str, content: str) -> None:
        (tmp_path / "value").write_text(content + "\n")
        direct = setting(**{name: content})
        assert getattr(Settings(), name.lower()) == getattr(direct, name.lower())
        os.environ.pop(PREFIX + name)
        assert getattr(setting(**{name + "_FILE": tmp_path / "value"}), name.lower()) == getattr(direct, name.lower())

    def test_where_both_are_given_the_variable_counts(self, setting: Read, tmp_path: Path) -> None:
        (tmp_path / "value").write_text("https://file.example")
        assert setting(BASE_URL="https://variable.example", BASE_URL_FILE=tmp_path / "value").base_url == "https://variable.example"

    def test_what_a_file_says_is_checked_too(self, setting: Read, tmp_path: Path) -> None:
        (tmp_path / "value").write_text("badges.example")
        assert "must be the http or https URL" in refusal(setting, BASE_URL_FILE=tmp_path / "value")

    def test_an_empty_name_of_a_file_is_none(self, setting: Read) -> None:
        assert setting(BASE_URL_FILE="").base_url == "http://localhost:8000"

    def test_a_file_that_is_not_there_is_named(self, setting: Read, tmp_path: Path) -> None:
        with pytest.raises(
            problem.Invalid, match=f"{tmp_path}/none that {PREFIX}KEY_PASSPHRASE_FILE names cannot be read: FileNotFoundError"
        ):
            setting(KEY_PASSPHRASE_FILE=tmp_path / "none")

    def test_a_file_that_is_no_text_is_named_but_not_shown(self, setting: Read, tmp_path: Path) -> None:
        (tmp_path / "secret").write_bytes(SECRET.encode() + b"\xff")
        with pytest.raises(problem.Invalid, match="cannot be read: UnicodeDecodeError") as caught:
            setting(KEY_PASSPHRASE_FILE=tmp_path / "secret")
        assert SECRET not in repr(caught.value) + caught.value.detail
        assert caught.value.__suppress_context__


class TestPassphrase:
    def test_it_is_shown_nowhere(self, setting: Read) -> None:
        settings = setting(KEY_PASSPHRASE=SECRET)
        assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"ENVIRONMENT": "production"},
            {"ENVIRONMENT": "prod"},
            {"BASE_URL": SECRET},
            {"VERIFY_PORTS": SECRET},
            {"VC_API_OPEN": SECRET},
            {"LOG_LEVEL": SECRET},
        ],
    )
    def test_no_error_shows_it(self, setting: Read, wrong: dict[str, str]) -> None:
        with pytest.raises(pydantic.ValidationError) as caught:
            setting(KEY_PASSPHRASE=SECRET, **wrong)
        messages = [item["msg"] for item in caught.value.errors()]
        assert SECRET not in f"{caught.value} {caught.value!r} {messages}"

    def test_one_that_is_set_is_used_and_nothing_written(self, setting: Read, tmp_path: Path) -> None:
        setting(KEY_PASSPHRASE=SECRET).keyring()
        assert list(tmp_path.iterdir()) == []

    def test_one_is_made_once_for_its_owner_only(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Settings().keyring()
        path = tmp_path / "data" / "key-passphrase"
        made = path.read_text()
        assert len(made) >= 43
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert str(Path("data/key-passphrase")) in said.err
        assert made not in said.err
        Settings().keyring()
        assert path.read_text() == made
        assert [entry.name for entry in path.parent.iterdir()] == ["key-passphrase"]
        assert capsys.readouterr().err == ""

    def test_keys_open_again_with_it(self, tmp_path: Path) -> None:
        public = Settings().keyring().create("history").multikey
        with (tmp_path / "data" / "key-passphrase").open("a") as file:
            file.write("\n")  # as an editor would
        assert Settings().keyring().signer("history", public, verification_method="did:example:1#k").public_key.multikey == public

    def test_processes_that_start_at_once_have_the_same(self, tmp_path: Path) -> None:
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            found = set(pool.map(_passphrase_in, [tmp_path / "shared"] * 8))
        assert len(found) == 1
        assert found.pop()

    def test_an_empty_file_is_no_passphrase(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "key-passphrase").write_text("\n")
        with pytest.raises(problem.Fault, match=r"key-passphrase is empty\. Restore it from a backup"):
            Settings().keyring()

    def test_a_folder_that_cannot_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file")
        with pytest.raises(problem.Fault, match="can neither be made nor read: FileExistsError"):
            Settings().keyring()

    def test_a_file_that_is_no_text_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "key-passphrase").write_bytes(b"\xff")
        with pytest.raises(problem.Fault, match="can neither be made nor read: UnicodeDecodeError"):
            Settings().keyring()


def _passphrase_in(folder: Path) -> str:
    return Settings(data_dir=folder)._passphrase()


class TestTrust:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "trust.json"

    def test_issuers_and_stolen_keys_are_read(self, setting: Read, path: Path) -> None:
        since = "2026-05-20T16:05:00+02:00"
        path.write_text(
            json.dumps(
                {
                    "issuers": {"did:web:a.example": {"name": "College A"}, "did:web:b.example": {"name": "College B", "since": 2020}},
                    "keys": {
                        "did:web:a.example#1": {"state": "active"},
                        "did:web:a.example#2": {"state": "compromised", "compromised_since": since},
                    },
                }
            )
        )
        expected = verifying.Trust(
            {"did:web:a.example": "College A", "did:web:b.example": "College B"},
            {"did:web:a.example#2": datetime(2026, 5, 20, 14, 5, tzinfo=UTC)},
            {"did:web:a.example": frozenset(), "did:web:b.example": frozenset()},
        )
        assert setting(TRUST=path).trusted() == expected

    @pytest.mark.parametrize("content", [{}, {"issuers": {}}, {"keys": {}}, {"comment": "nobody yet"}])
    def test_either_part_may_be_left_out(self, path: Path, content: dict[str, Any]) -> None:
        path.write_text(json.dumps(content))
        assert trusting.read(path) == verifying.Trust()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff",
            b'{"issuers": {}, "issuers": {}}',
            b'{"issuers": []}',
            b'{"issuers": null}',
            b'{"issuers": {"did:web:a.example": "College A"}}',
            b'{"issuers": {"did:web:a.example": {}}}',
            b'{"issuers": {"did:web:a.example": {"name": null}}}',
            b'{"issuers": {"did:web:a.example": {"name": 5}}}',
            b'{"issuers": {"did:web:a.example": ["name"]}}',
            b'{"keys": []}',
            b'{"keys": {"did:web:a.example#1": {}}}',
            b'{"keys": {"did:web:a.example#1": "active"}}',
            b'{"keys": {"did:web:a.example#1": {"state": "Compromised", "compromised_since": "2026-05-20T14:05:00Z"}}}',
            b'{"keys": {"did:web:a.example#1": {"state": ["compromised"]}}}',
            b'{"keys": {"did:web:a.example#1": {"state": null}}}',
            b'{"keys": {"did:web:a.example#1": {"state": "compromised"}}}',
            b'{"keys": {"did:web:a.example#1": {"state": "compromised", "compromised_since": null}}}',
            b'{"keys": {"did:web:a.example#1": {"state": "compromised", "compromised_since": "2026-05-20"}}}',
            b'{"keys": {"did:web:a.example#1": {"state": "compromised", "compromised_since": "2026-02-30T00:00:00Z"}}}',
            b'{"keys": {"did:web:a.example#1": {"state": "compromised", "compromised_since": 1779285900}}}',
        ],
    )
    def test_a_file_of_another_form_is_refused(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(problem.Invalid, match=f"The trust file {path} cannot be read"):
            trusting.read(path)

    def test_a_file_that_is_not_there_is_refused(self, setting: Read, path: Path) -> None:
        with pytest.raises(problem.Invalid, match="cannot be read: FileNotFoundError"):
            setting(TRUST=path).trusted()

    def test_others_may_be_named_who_sign_the_status_lists_of_an_issuer(self, path: Path) -> None:
        college = {"name": "College A", "status_issuers": ["did:web:lists.example", "did:web:more.example"]}
        path.write_text(json.dumps({"issuers": {"did:web:a.example": college, "did:web:b.example": {"name": "College B"}}}))
        lists = {"did:web:a.example": frozenset(college["status_issuers"]), "did:web:b.example": frozenset()}
        assert trusting.read(path).list_issuers == lists

    @pytest.mark.parametrize("others", ["did:web:lists.example", [5], {"did:web:lists.example": {}}, None, [["did:web:lists.example"]]])
    def test_others_are_named_in_a_list(self, path: Path, others: object) -> None:
        path.write_text(json.dumps({"issuers": {"did:web:a.example": {"name": "College A", "status_issuers": others}}}))
        with pytest.raises(problem.Invalid, match=f"The trust file {path} cannot be read"):
            trusting.read(path)


REGISTRY = {
    "meta": {"created": "2020-12-02T02:32:16+0000", "updated": "2026-05-20T14:05:00+0000"},
    "registry": {
        "did:web:a.example": {"name": "College A of the registry", "location": "Aville", "url": "https://a.example"},
        "did:key:z6Mk": {"name": "College B", "url": "https://b.example"},
    },
}
"""As the Digital Credentials Consortium publishes them."""


class TestRegistries:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        (tmp_path / "dcc.json").write_text(json.dumps(REGISTRY))
        (tmp_path / "more.json").write_text(
            json.dumps({"meta": {"name": "More"}, "registry": {"did:key:z6Mk": {"name": "Another"}, "did:x:c": {"name": "C"}}})
        )
        return tmp_path / "trust.json"

    def test_whom_a_registry_names_is_trusted_and_the_first_that_names_them_counts(self, path: Path) -> None:
        path.write_text(json.dumps({"issuers": {"did:web:a.example": {"name": "College A"}}, "registries": ["dcc.json", "more.json"]}))
        found = trusting.read(path)
        assert found.issuers == {"did:web:a.example": "College A", "did:key:z6Mk": "College B", "did:x:c": "C"}
        assert found.listed == {"did:key:z6Mk": "dcc", "did:x:c": "More"}

    def test_a_registry_may_be_called_something_and_may_be_the_trust_file_itself(self, path: Path, setting: Read) -> None:
        path.write_text(json.dumps({"registries": [{"file": "dcc.json", "name": "DCC Member Registry"}]}))
        assert set(trusting.read(path).listed.values()) == {"DCC Member Registry"}
        alone = setting(TRUST=path.parent / "dcc.json").trusted()
        assert (alone.issuers["did:key:z6Mk"], set(alone.listed.values())) == ("College B", {"dcc"})

    def test_a_large_registry_is_read(self, path: Path) -> None:
        many = {f"did:web:{number}.example": {"name": f"College {number}", "url": "https://x.example"} for number in range(20_000)}
        path.write_text(json.dumps({"meta": {}, "registry": many}))
        assert len(trusting.read(path).issuers) == 20_000

    @pytest.mark.parametrize(
        "registries", ["dcc.json", [5], [{}], [{"file": "dcc.json", "name": 5}], ["missing.json"], ["bad.json"], {"a": 1}], ids=str
    )
    def test_a_registry_of_another_form_is_refused(self, path: Path, registries: object) -> None:
        (path.parent / "bad.json").write_text('{"registry": {"did:x:y": {"url": "https://x.example"}}}')
        path.write_text(json.dumps({"registries": registries}))
        with pytest.raises(problem.Invalid, match=f"The trust file {path} cannot be read"):
            trusting.read(path)


class TestContexts:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "terms.jsonld").write_text(json.dumps(CONTENT, indent=2))
        self.index(tmp_path, self.about(tmp_path))
        return tmp_path

    def about(self, folder: Path, **members: object) -> dict[str, object]:
        return {"file": "terms.jsonld", "sha256": hashlib.sha256((folder / "terms.jsonld").read_bytes()).hexdigest()} | members

    def index(self, folder: Path, about: object, *, url: str = TERMS) -> None:
        (folder / "index.json").write_text(json.dumps({url: about}))

    def test_there_are_none_but_ours_where_none_are_named(self) -> None:
        assert set(Settings().contexts()) == {*contexts.PINNED, OWN}

    def test_a_folder_adds_its_own(self, setting: Read, folder: Path) -> None:
        found = setting(EXTRA_CONTEXTS=folder).contexts()
        assert set(found) == {*contexts.PINNED, OWN, TERMS}
        assert found[TERMS] == contexts.Context(TERMS, CONTENT, contexts.digest(CONTENT))

    @pytest.mark.parametrize(("badge", "extends"), [(True, True), (False, False), ("true", False), (1, False), (None, False)])
    def test_they_are_for_badges_only_where_that_is_said(self, folder: Path, badge: object, *, extends: bool) -> None:
        assert not read_contexts(folder)[TERMS].extends_badges
        self.index(folder, self.about(folder, badge=badge))
        assert read_contexts(folder)[TERMS].extends_badges is extends

    def test_an_empty_index_adds_nothing(self, folder: Path) -> None:
        (folder / "index.json").write_text("{}")
        assert read_contexts(folder) == {}

    def test_another_file_than_was_pinned_is_refused(self, setting: Read, folder: Path) -> None:
        (folder / "terms.jsonld").write_text(json.dumps(CONTENT))
        with pytest.raises(problem.Invalid, match=r"terms\.jsonld has another SHA-256 than its entry in index\.json"):
            setting(EXTRA_CONTEXTS=folder).contexts()

    @pytest.mark.parametrize("url", contexts.PINNED)
    def test_none_of_ours_can_be_replaced(self, folder: Path, url: str) -> None:
        self.index(folder, self.about(folder), url=url)
        with pytest.raises(problem.Invalid, match="is pinned already"):
            read_contexts(folder)

    @pytest.mark.parametrize(
        "about",
        [None, [], "terms.jsonld", 5, {}, {"file": "terms.jsonld"}, {"sha256": "0" * 64}, {"file": 5, "sha256": "0" * 64}],
    )
    def test_an_entry_of_another_form_is_refused(self, folder: Path, about: object) -> None:
        self.index(folder, about)
        with pytest.raises(problem.Invalid, match=f"The folder {folder} of further contexts cannot be used"):
            read_contexts(folder)

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{", b'{"a": 1, "a": 2}'])
    def test_an_index_or_a_context_that_cannot_be_read_is_refused(self, folder: Path, content: bytes) -> None:
        (folder / "terms.jsonld").write_bytes(content)
        self.index(folder, self.about(folder))
        with pytest.raises(problem.Invalid, match="cannot be used"):
            read_contexts(folder)
        (folder / "index.json").write_bytes(content)
        with pytest.raises(problem.Invalid, match="cannot be used"):
            read_contexts(folder)

    def test_what_is_not_there_is_refused(self, setting: Read, folder: Path) -> None:
        with pytest.raises(problem.Invalid, match="FileNotFoundError"):
            setting(EXTRA_CONTEXTS=folder / "nothing").contexts()
        (folder / "terms.jsonld").unlink()
        self.index(folder, {"file": "terms.jsonld", "sha256": "0" * 64})
        with pytest.raises(problem.Invalid, match="FileNotFoundError"):
            read_contexts(folder)


class TestMail:
    def test_nobody_is_written_to_unless_a_mail_server_is_set(self, setting: Read) -> None:
        settings = setting()
        assert (settings.mail_server, settings.site.tells_learners, settings.sender.address) == (None, False, "")

    def test_a_mail_server_comes_from_a_file_as_well_and_is_never_shown(self, setting: Read, tmp_path: Path) -> None:
        tmp_path.joinpath("smtp").write_text(f"smtps://badges:{SECRET}@mail.example.edu\n")
        settings = setting(SMTP_URL_FILE=tmp_path / "smtp", EMAIL_FROM="Badges <badges@example.edu>")
        server = settings.mail_server
        assert server is not None
        assert (server.host, server.port, server.password) == ("mail.example.edu", 465, SECRET)
        assert settings.site.tells_learners
        assert (settings.sender.name, settings.sender.address) == ("Badges", "badges@example.edu")
        assert SECRET not in repr(settings)

    def test_letters_need_a_sender(self, setting: Read) -> None:
        assert "EMAIL_FROM must be set" in refusal(setting, SMTP_URL="smtp://localhost")

    def test_what_is_no_mail_server_or_no_sender_is_refused_without_repeating_it(self, setting: Read) -> None:
        told = refusal(setting, SMTP_URL=f"http://badges:{SECRET}@mail.example.edu", EMAIL_FROM="badges@example.edu")
        assert "smtp+starttls://" in told
        assert SECRET not in told
        assert "e-mail address" in refusal(setting, SMTP_URL="smtp://localhost", EMAIL_FROM="badges")

    def test_in_production_no_password_travels_in_the_clear(self, setting: Read) -> None:
        mail = {"EMAIL_FROM": "badges@example.edu"}
        told = refusal(setting, **PRODUCTION, **mail, SMTP_URL=f"smtp://badges:{SECRET}@mail.example.edu")
        assert "SMTP_URL must be smtps://" in told
        assert SECRET not in told
        assert setting(SMTP_URL="smtp://mail.example.edu").mail_server is not None

    def test_notices_go_to_public_addresses_unless_an_operator_says_otherwise(self, setting: Read) -> None:
        assert not setting().reach.allows("http://lms.intranet/")
        assert setting(WEBHOOK_ALLOW_PRIVATE_NETWORKS="true").reach.allows("http://lms.intranet:8080/")
        assert setting(VERIFY_PORTS="443,8443").reach.ports == {443, 8443}
