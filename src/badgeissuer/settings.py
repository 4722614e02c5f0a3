"""The settings: environment variables with the prefix `BADGEISSUER_`, each also as `…_FILE` that names a file with the value.

Read once, at the edges. A setting that could not be safe in production is refused there, with what to do.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from badgeissuer import problem, trusting, verifying
from badgeissuer.net import fetch, mail, post, provider
from badgeissuer.openbadges import microcredential
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import engine
from badgeissuer.store.keyring import Keyring
from badgeissuer.vc import contexts, document, jsonld

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from limits import RateLimitItem
    from sqlalchemy import Engine

PREFIX = "BADGEISSUER_"
DEFAULT_PORT = 8000


def clock() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


class _FileSource(EnvSettingsSource):
    """`BADGEISSUER_X_FILE` gives the content of a file as `X`, without the line break at its end."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        named = {key: value for key, value in os.environ.items() if key.startswith(PREFIX) and key.endswith("_FILE") and value}
        return {key.removesuffix("_FILE").lower(): _content(key, Path(value)) for key, value in named.items()}


def _content(variable: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise problem.Invalid(f"The file {path} that {variable} names cannot be read: {type(error).__name__}.") from None


class Settings(BaseSettings):
    """The settings of the service; every one has a default that works on a laptop."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    """`production` refuses what is only for trying: plain http, a generated passphrase, open VC-API, private networks."""
    data_dir: Path = Path("data")
    """Where the embedded database and the development passphrase are kept."""
    database_url: Annotated[str, pydantic.Field(repr=False)] = ""
    """SQLAlchemy URL; an SQLite file in `data_dir` where empty. PostgreSQL: `postgresql+psycopg://user@host/name`."""
    base_url: str = f"http://localhost:{DEFAULT_PORT}"
    """The service as the world reaches it. It stands in every badge: choose it once."""
    keys_dir: Path = Path("keys")
    """Where wrapped signing keys are kept."""
    key_passphrase: pydantic.SecretStr = pydantic.SecretStr("")
    """What the signing keys are wrapped with; in development generated into `data_dir` where empty."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged."""
    verify_allow_private_networks: bool = False
    """Fetch from private addresses, over http and from any port too: for tests and demos only."""
    verify_ports: Annotated[frozenset[Annotated[int, pydantic.Field(ge=1, le=65535)]], NoDecode] = frozenset({443})
    """Ports that documents are fetched from, separated by commas."""
    extra_contexts: Path | None = None
    """A folder with more JSON-LD contexts, and `index.json`: `{URL: {"file", "sha256", "badge"?}}`, the digest being that of the file."""
    vc_api_open: bool = False
    """Serve VC-API without a token: for conformance suites only."""
    retention_days: Annotated[int, pydantic.Field(ge=1, le=36_500)] | None = None
    """After so many days what came in deliveries is deleted; kept for good where empty."""
    smtp_url: pydantic.SecretStr = pydantic.SecretStr("")
    """The mail server for letters to learners: `smtp://`, `smtp+starttls://` or `smtps://`; nobody is written to where empty."""
    email_from: str = ""
    """Who letters are from: an address, or `Name <address>`; without a name, in the name of the issuing unit."""
    webhook_allow_private_networks: bool = False
    """Send notices to subscribers at private addresses, over http and to any port too."""
    sign_in_by_email: bool = True
    """Staff with accounts may sign in by a link that is sent to them, where there is a mail server."""
    oidc_issuer: str = ""
    """The URL that names the OpenID provider that staff sign in at; none where empty."""
    oidc_client_id: str = ""
    """How that provider knows this service."""
    oidc_client_secret: pydantic.SecretStr = pydantic.SecretStr("")
    """What this service proves to it with that it is itself; empty for a public client."""
    oidc_name: str = ""
    """What to call the provider on the page; its host where empty."""
    oidc_allow_private_networks: bool = False
    """The provider may be at a private address; outside production over http and at any port too."""
    rate_limits: str = "60/minute, 6000/minute"
    """How often one address may have something verified, and how often all together; `off` for no limit. Each process counts for itself."""
    trust: Path | None = None
    """A JSON file: whom the operator trusts, and which keys are compromised; see `trusting`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, variables, files named by variables."""
        return init_settings, env_settings, _FileSource(settings_cls)

    @pydantic.field_validator("retention_days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return None if value == "" else value

    @pydantic.field_validator("base_url")
    @classmethod
    def _is_base(cls, value: str) -> str:
        parts = urlsplit(value)
        is_plain = value.startswith(("http://", "https://")) and jsonld.ABSOLUTE_IRI.fullmatch(value) and not set("?#@") & set(value)
        if not is_plain or not parts.hostname or parts.port == 0:  # a port beyond 65535 is a ValueError of `port` itself
            raise ValueError("must be the http or https URL of the service, without user, query and fragment")
        return value.rstrip("/")

    @pydantic.field_validator("verify_ports", mode="before")
    @classmethod
    def _ports(cls, value: object) -> object:
        return frozenset(port.strip() for port in value.split(",")) if isinstance(value, str) else value

    @pydantic.field_validator("rate_limits")
    @classmethod
    def _are_rates(cls, value: str) -> str:
        read_rates(value)
        return value

    @pydantic.field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: pydantic.SecretStr) -> pydantic.SecretStr:
        if value.get_secret_value():
            mail.read_url(value.get_secret_value())
        return value

    @pydantic.field_validator("email_from")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        if value:
            mail.read_mailbox(value)
        return value

    @pydantic.model_validator(mode="after")
    def _has_a_sender(self) -> Settings:
        if self.mail_server and not self.email_from:
            raise ValueError(f"{PREFIX}EMAIL_FROM must be set where {PREFIX}SMTP_URL is: letters need a sender")
        return self

    @pydantic.field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"https", "http"} or not parts.hostname or set("?#@") & set(value) or not value.isascii()):
            raise ValueError("must be the https URL that the provider calls itself by, without query and fragment")
        return value

    @pydantic.model_validator(mode="after")
    def _is_known_to_the_provider(self) -> Settings:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError(f"{PREFIX}OIDC_CLIENT_ID must be set where {PREFIX}OIDC_ISSUER is")
        if self.oidc_issuer.startswith("http:") and not self.oidc_allow_private_networks:
            raise ValueError(f"{PREFIX}OIDC_ISSUER must be https")
        return self

    @pydantic.model_validator(mode="after")
    def _is_fit_for_production(self) -> Settings:
        if self.environment != "production":
            return self
        unfit = {
            "BASE_URL must be https": not self.base_url.startswith("https://"),
            "VC_API_OPEN must not be on": self.vc_api_open,
            "VERIFY_ALLOW_PRIVATE_NETWORKS must not be on": self.verify_allow_private_networks,
            "OIDC_ISSUER must be https": self.oidc_issuer.startswith("http:"),
            "SMTP_URL must be smtps:// or smtp+starttls:// where it holds a password": self.mail_server and self.mail_server.gives_away,
        }
        reasons = [PREFIX + reason for reason, holds in unfit.items() if holds]
        if reasons:
            raise ValueError("not fit for production: " + "; ".join(reasons))
        return self

    @cached_property
    def site(self) -> Site:
        """The service as the world sees it."""
        return Site(self.base_url, tells_learners=self.mail_server is not None)

    @property
    def mail_server(self) -> mail.Server | None:
        """The mail server that learners are written to through; None where nobody is."""
        url = self.smtp_url.get_secret_value()
        return mail.read_url(url) if url else None

    @property
    def sender(self) -> mail.Mailbox:
        """Who letters are from."""
        return mail.read_mailbox(self.email_from) if self.email_from else mail.Mailbox("")

    @property
    def offers_links(self) -> bool:
        """Whether staff may sign in by links."""
        return self.sign_in_by_email and self.mail_server is not None

    @property
    def registration(self) -> provider.Registration | None:
        """The OpenID provider that staff sign in at; None where there is none."""
        if not self.oidc_issuer:
            return None
        secret, is_near = self.oidc_client_secret.get_secret_value(), self.oidc_allow_private_networks
        return provider.Registration(self.oidc_issuer, self.oidc_client_id, secret, self.oidc_name, is_near)

    @property
    def reach(self) -> post.Reach:
        """Where notices may be sent to."""
        return post.Reach(ports=self.verify_ports, allow_private=self.webhook_allow_private_networks)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'badgeissuer.db'}"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is SQLite, so that one process may do everything."""
        return self.database.startswith("sqlite")

    @property
    def retention(self) -> timedelta | None:
        """How long what came in deliveries is kept; None for good."""
        return timedelta(days=self.retention_days) if self.retention_days else None

    @property
    def rates(self) -> Rates | None:
        """How often anybody may have something verified; None for no limit."""
        return read_rates(self.rate_limits)

    @property
    def limits(self) -> fetch.Limits:
        """What may be fetched."""
        if self.verify_allow_private_networks:  # where tests and demos have one host for everything
            return fetch.Limits(ports=self.verify_ports, allow_private=True, per_host=None, per_address=None)
        return fetch.Limits(ports=self.verify_ports)

    def keyring(self) -> Keyring:
        """Return the keyring, after trying it on a key that is there; in development a passphrase is made where none is set.

        Only what signs needs it: workers, `serve` with its worker inside, and the commands for keys.

        Raises:
            problem.Invalid: In production no passphrase is set.
            problem.Fault: The passphrase file cannot be made, or the passphrase does not open the keys that are there.
        """
        if self.environment == "production" and not self.key_passphrase.get_secret_value():
            raise problem.Invalid(f"{PREFIX}KEY_PASSPHRASE must be set in production: what signs needs it.")
        keyring = Keyring(self.keys_dir, self._passphrase().encode())
        keyring.check()
        return keyring

    def _passphrase(self) -> str:
        path = self.data_dir / "key-passphrase"
        try:
            return self.key_passphrase.get_secret_value() or _generated(path)
        except (OSError, UnicodeDecodeError) as error:
            raise problem.Fault(f"The passphrase file {path} can neither be made nor read: {type(error).__name__}.") from None

    def trusted(self) -> verifying.Trust:
        """Return whom the operator trusts, from the file that `trust` names.

        Raises:
            problem.Invalid: The file is not of the form that the documentation describes.
        """
        return trusting.read(self.trust) if self.trust else verifying.Trust()

    def contexts(self) -> Mapping[str, contexts.Context]:
        """Return the JSON-LD contexts that documents may name: those that this package carries, with our own, and the operator's.

        Raises:
            problem.Invalid: The operator's cannot be read, or are not those that were pinned.
        """
        known = microcredential.with_own(self.site.base)
        return {**read_contexts(self.extra_contexts), **known} if self.extra_contexts else known


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something may be asked: from one address, and from all together."""

    address: RateLimitItem
    overall: RateLimitItem


def read_rates(text: str) -> Rates | None:
    """Return the limits that a setting names, `60/minute, 6000/minute`; None for `off`.

    Raises:
        ValueError: It names none.
    """
    if text.strip().lower() == "off":
        return None
    import limits  # noqa: PLC0415 - it takes long to load, and no command needs it

    try:
        address, overall = (limits.parse(part) for part in text.split(","))
    except ValueError:
        raise ValueError('must be "off", or two limits: for one address and for all together, such as "60/minute, 6000/minute"') from None
    return Rates(address, overall)


def read_contexts(folder: Path) -> dict[str, contexts.Context]:
    """Return the contexts that the `index.json` of a folder pins.

    Raises:
        problem.Invalid: A file is missing, unreadable, or another one than was pinned; or it would replace a context of this package.
    """
    try:
        index = document.parse((folder / "index.json").read_bytes())
        return {url: _context(folder, url, about) for url, about in index.items()}
    except (OSError, problem.Problem, AttributeError, KeyError, TypeError) as error:
        detail = error.detail if isinstance(error, problem.Problem) else type(error).__name__
        raise problem.Invalid(f"The folder {folder} of further contexts cannot be used: {detail}. See docs/operations.md.") from None


def _context(folder: Path, url: str, about: dict[str, Any]) -> contexts.Context:
    body = (folder / about["file"]).read_bytes()
    if hashlib.sha256(body).hexdigest() != about["sha256"]:
        raise problem.Invalid(f"{about['file']} has another SHA-256 than its entry in index.json")
    if url in contexts.PINNED:
        raise problem.Invalid(f"{url} is pinned already")
    content = document.parse(body)
    return contexts.Context(url, content, contexts.digest(content), extends_badges=about.get("badge") is True)


def _generated(path: Path) -> str:
    """Return the passphrase in a file, made now if there is none; of processes that start at once all get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as part:  # readable for its owner only
            part.write(secrets.token_urlsafe(32))
            part.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(part.name)  # only a whole file gets the name, and only once
                sys.stderr.write(
                    f"A passphrase for the signing keys was made in {path}. Set {PREFIX}KEY_PASSPHRASE before you issue real badges.\n"
                )
    passphrase = path.read_text("utf-8").rstrip("\r\n")
    if not passphrase:
        raise problem.Fault(f"The passphrase file {path} is empty. Restore it from a backup.")
    return passphrase


@contextlib.contextmanager
def opened(settings: Settings, *, at_head: bool = True) -> Iterator[Engine]:
    """Give the database; an embedded one is made and migrated, any other must be at head where `at_head`.

    Raises:
        problem.Conflict: It is not.
    """
    from badgeissuer.store import migrating  # noqa: PLC0415 - most commands do without

    if settings.is_embedded:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = engine.connect(settings.database)
    try:
        if settings.is_embedded:
            migrating.migrate(database)
        elif at_head and not migrating.is_at_head(database):
            raise problem.Conflict("The database is not at the version of this program. Run: badgeissuer migrate")
        yield database
    finally:
        database.dispose()
