"""The command line: `badgeissuer --help`.

What only the service needs is imported by the commands that start it: half of the time that `badgeissuer verify` would take otherwise.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import pydantic
import sqlalchemy.exc
import typer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, checking, problem, signing
from badgeissuer.settings import PREFIX, Settings, clock, opened
from badgeissuer.store import engine, tables
from badgeissuer.vc import instant, multikey, report

if TYPE_CHECKING:
    from badgeissuer import worker
    from badgeissuer.web.app import Beside, Tell

APP = typer.Typer(
    help="Define, issue and verify Open Badges 3.0.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
TOKENS = typer.Typer(help="Bearer tokens for the API.", no_args_is_help=True)
KEYS = typer.Typer(help="Signing keys of issuers.", no_args_is_help=True)
APP.add_typer(TOKENS, name="token")
APP.add_typer(KEYS, name="keys")

USAGE = 2
GRACE_SECONDS = 20
KEPT_SECONDS = 30
"""How long an idle connection stays open: longer than clients keep theirs, so that none sends into one that is being closed."""

Issuer = Annotated[str, typer.Option("--issuer", help="The slug of the issuer.")]


def main() -> None:
    """Run the command line; what is wrong is said in one line, and exits with 2."""
    try:
        APP()
    except problem.Problem as error:
        _fail(error.detail)
    except pydantic.ValidationError as error:
        _fail("; ".join(_unfit(str(item["loc"][0]) if item["loc"] else "", item["msg"]) for item in error.errors()))
    except sqlalchemy.exc.ArgumentError:
        _fail(f"{PREFIX}DATABASE_URL is no database URL; use sqlite:///path or postgresql+psycopg://host/name.")
    except sqlalchemy.exc.DBAPIError as error:
        _fail(f"The database does not do what it should: {error.orig}")
    except OSError as error:
        _fail(f"{error.filename or 'The system refuses'}: {error.strerror or error}")


def _unfit(setting: str, reason: str) -> str:
    reason = reason.removeprefix("Value error, ")
    return f"{PREFIX}{setting.upper()}: {reason}" if setting else reason


def _fail(reason: str) -> None:
    sys.stderr.write(f"badgeissuer: {' '.join(reason.split())}\n")
    sys.exit(USAGE)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


@contextmanager
def _writing() -> Iterator[tuple[Settings, Session]]:
    settings = Settings()
    with opened(settings) as database, engine.writing(database) as session:
        yield settings, session


@APP.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Run no job worker inside: one runs elsewhere.")] = False,
    ssl_certfile: Annotated[Path | None, typer.Option(help="Certificate to serve https with.")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="Key of the certificate, where the file of the certificate has none.")] = None,
) -> None:
    """Serve the API and the pages; with a job worker inside unless told otherwise."""
    import uvicorn.supervisors  # noqa: PLC0415 - as the module says

    from badgeissuer import worker  # noqa: PLC0415 - as the module says
    from badgeissuer.web import app as web  # noqa: PLC0415 - as the module says
    from badgeissuer.web import connections  # noqa: PLC0415 - as the module says

    _name_it_by_its_port("https" if ssl_certfile else "http", port)
    settings = Settings()
    _log(settings)
    settings.trusted()  # what is wrong with it is said now, not from inside a server process
    ports = None if no_worker else worker.Ports(settings.keyring(), settings.site, settings.contexts())
    connections.check_certificate(ssl_certfile, ssl_keyfile)
    listener = connections.listen(host, port)
    with opened(settings) as database:
        _greet(settings, database)
    inside = functools.partial(_worker_beside, settings, ports) if ports else None
    configuration = uvicorn.Config(
        "badgeissuer.web.app:from_environment" if workers > 1 else web.create(settings, beside=inside),
        factory=workers > 1,
        workers=workers,
        ssl_certfile=str(ssl_certfile) if ssl_certfile else None,
        ssl_keyfile=str(ssl_keyfile) if ssl_keyfile else None,
        log_config=None,
        access_log=False,
        server_header=False,
        http=connections.Protocol,
        ws="none",
        limit_concurrency=connections.MAX_CONNECTIONS,
        timeout_keep_alive=KEPT_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _end_quietly()
    if workers > 1:
        with inside() if inside else nullcontext():
            uvicorn.supervisors.Multiprocess(configuration, sockets=[listener]).run()
    else:
        uvicorn.Server(configuration).run(sockets=[listener])


def _name_it_by_its_port(scheme: str, port: int) -> None:
    if f"{PREFIX}BASE_URL" not in os.environ and f"{PREFIX}BASE_URL_FILE" not in os.environ:
        os.environ[f"{PREFIX}BASE_URL"] = f"{scheme}://localhost:{port}"  # for the server processes too


def _end_quietly() -> None:
    """Let SIGTERM and SIGINT end the server with exit code 0: uvicorn raises them again once it has shut down."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)


def _greet(settings: Settings, database: Engine) -> None:
    _say(f"badgeissuer serves {settings.base_url}")
    with engine.reading(database) as session:
        is_first = session.scalar(select(tables.ApiToken.id).limit(1)) is None
    if is_first:
        _say("There is no API token yet. Make one in another terminal: badgeissuer token create --name me --role admin")


@contextmanager
def _worker_beside(settings: Settings, ports: worker.Ports, tell: Tell = lambda: None) -> Iterator[Beside]:
    """Run a worker in a thread of this process, which tells when it has done something."""
    from badgeissuer import worker  # noqa: PLC0415 - as the module says
    from badgeissuer.web.app import Beside  # noqa: PLC0415 - as the module says

    with opened(settings) as database:
        inner = worker.Worker(database, ports, tell=tell)
        thread = threading.Thread(target=inner.run, name="worker")
        thread.start()
        try:
            yield Beside(inner.wake, ports.keyring)
        finally:
            inner.stop()
            thread.join()


@APP.command("worker")
def run_worker(concurrency: Annotated[int, typer.Option(min=1, max=64, help="Threads.")] = 1) -> None:
    """Do the jobs of the service: decide on events, sign badges and status lists. Any number of workers share the work on PostgreSQL."""
    from badgeissuer import worker  # noqa: PLC0415 - as the module says

    _log(settings := Settings())
    with opened(settings) as database:
        ports = worker.Ports(settings.keyring(), settings.site, settings.contexts())
        crew = worker.crew(database, ports, concurrency)

        def stop(*_: object) -> None:
            for one in crew:
                one.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        _say(f"badgeissuer worker, process {os.getpid()}, {concurrency} thread(s)")
        threads = [threading.Thread(target=one.run) for one in crew]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@APP.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only compare the tables with the migrations.")] = False,
    source: Annotated[str, typer.Option("--from", metavar="URL", help="Then copy everything from this database.")] = "",
) -> None:
    """Bring the database to the version of this program."""
    from badgeissuer.store import copying, migrating  # noqa: PLC0415 - as the module says

    with opened(Settings(), at_head=False) as database:
        migrating.check(database) if check else migrating.migrate(database)
        _say("The migrations make exactly the tables that the program expects." if check else f"The database is at {migrating.head()}.")
        if source and not check:
            _say(f"{copying.copy_from(source, database):,} rows were copied.")


@APP.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from badgeissuer.web import app as web  # noqa: PLC0415 - as the module says

    sys.stdout.write(web.openapi_yaml(Settings(base_url="http://localhost:8000")))


@APP.command("demo")
def run_demo(
    once: Annotated[bool, typer.Option("--once", help="End after the last step instead of serving on.")] = False,
    port: Annotated[int, typer.Option(help="The port to serve on; any free one where 0.")] = 0,
    directory: Annotated[Path | None, typer.Option("--dir", help="Where to keep all of it; a temporary folder if none.")] = None,
) -> None:
    """Show the main job end to end: an LMS event becomes a signed badge that a stranger verifies by URL."""
    from badgeissuer import demo  # noqa: PLC0415 - as the module says

    sys.exit(demo.run(once=once, port=port, directory=directory))


@APP.command("verify")
def verify(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="Files (JSON, JWT, PNG, SVG), URLs, or - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One report a line, as JSON.")] = False,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="The moment to judge at, RFC 3339; now if none.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    resources: Annotated[Path | None, typer.Option(help="A JSON object: URL → file that stands there, relative to it.")] = None,
    trust: Annotated[Path | None, typer.Option(help="A file of trusted issuers and compromised keys.")] = None,
    recipient: Annotated[str | None, typer.Option(help="Whom it should be about: an e-mail address, a DID, a name.")] = None,
) -> None:
    """Verify badges. Exit code 0: all are VALID; 1: one is INVALID; 3: one is INDETERMINATE; 2: a source cannot be read."""
    now = clock() if at is None else instant.read(at)
    asked = checking.Asked(now, is_offline=offline, resources=resources, trust=trust, recipient=recipient)

    def tell(source: str, found: report.Report) -> None:
        text = checking.as_line(found) if as_json else checking.as_text(source, found)
        sys.stdout.buffer.write(f"{text}\n".encode(sys.stdout.encoding, "replace"))  # a terminal may not know every letter
        sys.stdout.flush()

    sys.exit(checking.check(sources, asked, tell=tell))


@APP.command("issue")
def issue(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER", help="One JSON object a line, or - for standard input.")],
    achievement: Annotated[str, typer.Option(help="The slug of the achievement.")],
    key: Annotated[str | None, typer.Option(help="The key of the batch; made from the roster if none.")] = None,
    wait: Annotated[bool, typer.Option(help="Stay until it is done; do the work here where no worker lives.")] = True,
    failed: Annotated[Path | None, typer.Option(help="A file for the rows that failed, as they were.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the batch as JSON at the end.")] = False,
) -> None:
    """Issue an achievement to everybody on a roster. Exit code 0: all rows are done; 1: some failed; 130: interrupted."""
    from badgeissuer import submitting  # noqa: PLC0415 - as the module says

    with _ports() as (database, ports), sys.stdin.buffer if str(roster) == "-" else roster.open("rb") as source:
        sys.exit(submitting.issue(database, source, submitting.Order(achievement, key, wait, as_json, failed), ports=ports))


@APP.command("revoke")
def revoke(
    batch: Annotated[UUID | None, typer.Option(help="Those of this batch.")] = None,
    achievement: Annotated[str | None, typer.Option(help="Those of this achievement.")] = None,
    learner: Annotated[str | None, typer.Option(help="Those of this learner: an e-mail address, a DID or an id.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why. Without it, it is only said how many there are.")] = None,
) -> None:
    """Revoke all credentials of a batch, an achievement or a learner, or of what is common to those that are given."""
    from badgeissuer import revoking, submitting  # noqa: PLC0415 - as the module says

    with _ports() as (database, ports):
        sys.exit(submitting.revoke(database, revoking.Selection(batch, achievement, learner), reason=reason, ports=ports))


@contextmanager
def _ports() -> Iterator[tuple[Engine, worker.Ports]]:
    """Give the database, and what a worker in this process would need."""
    from badgeissuer import worker  # noqa: PLC0415 - as the module says

    _log(settings := Settings(), least=logging.WARNING)
    with opened(settings) as database:
        yield database, worker.Ports(settings.keyring(), settings.site, settings.contexts())


@APP.command("bake")
def bake(
    image: Annotated[Path, typer.Argument(help="A PNG or SVG image.")],
    credential: Annotated[Path, typer.Argument(help="A badge, JSON or JWT.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The image to write.")],
) -> None:
    """Put a badge into an image."""
    checking.bake(image, credential, out)
    _say(f"{out} holds the badge.")


@APP.command("unbake")
def unbake(image: Annotated[Path, typer.Argument(help="A PNG or SVG image with a badge in it.")]) -> None:
    """Print the badge that an image holds, exactly as it was put in."""
    sys.stdout.buffer.write(checking.unbake(image))


@TOKENS.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[str, typer.Option(help="admin, issuer, reviewer or auditor.")],
    issuer: Annotated[str | None, typer.Option(help="The one issuer that it is for.")] = None,
) -> None:
    """Make a token and print it, once."""
    with _writing() as (_, session):
        owner = authoring.issuer(session, issuer) if issuer else None
        row, token = access.create(session, name, role=role, now=clock(), issuer=owner)
        public_id = row.public_id
    _say(f"Token {public_id} ({role}). It is shown once; keep it safe.")
    sys.stdout.write(token + "\n")


@TOKENS.command("list")
def list_tokens() -> None:
    """List tokens, without their secrets."""
    with _writing() as (_, session):
        for row in session.scalars(select(tables.ApiToken).order_by(tables.ApiToken.id)):
            state = "revoked" if row.revoked_at else f"last used {row.last_used_on or 'never'}"
            sys.stdout.write(f"{row.public_id}  {row.role:<9}  {row.name}  ({state})\n")


@TOKENS.command("revoke")
def revoke_token(public_id: str) -> None:
    """Revoke a token at once."""
    with _writing() as (_, session):
        access.revoke(session, public_id, now=clock())
    _say(f"Token {public_id} is revoked.")


@KEYS.command("generate")
def generate_key(issuer: Issuer) -> None:
    """Give an issuer its first key, and with it its DID."""
    with _writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.generate(session, row, keyring=settings.keyring(), site=settings.site, now=clock()))


@KEYS.command("import")
def import_key(issuer: Issuer, file: Annotated[Path, typer.Argument(help="A file with a secret Multikey (z3u2…).")]) -> None:
    """Give an issuer an existing Ed25519 key as its first."""
    seed = multikey.read_seed(file.read_text("utf-8", errors="replace").strip())
    with _writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.generate(session, row, keyring=settings.keyring(), site=settings.site, now=clock(), seed=seed))


@KEYS.command("rotate")
def rotate_key(issuer: Issuer) -> None:
    """Replace the active key of an issuer; what the old one signed still verifies."""
    with _writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.rotate(session, row, keyring=settings.keyring(), site=settings.site, now=clock()))


@KEYS.command("retire")
def retire_key(
    key: Annotated[str, typer.Argument(help="The public key, z6Mk….")],
    compromised: Annotated[bool, typer.Option("--compromised", help="What it signed counts no more, either.")] = False,
) -> None:
    """Take a key out of use."""
    with _writing() as (_, session):
        _show(signing.retire(session, key, now=clock(), compromised=compromised))


@KEYS.command("list")
def list_keys(issuer: Annotated[str | None, typer.Option(help="Only of this issuer.")] = None) -> None:
    """List issuers with their DIDs and keys."""
    with _writing() as (_, session):
        rows = [authoring.issuer(session, issuer)] if issuer else session.scalars(select(tables.Issuer).order_by(tables.Issuer.id))
        for row in rows:
            sys.stdout.write(f"{row.slug}  {row.did or '(no key yet)'}\n")
            for key in signing.keys(session, row):
                _show(key)


def _show(key: tables.SigningKey) -> None:
    sys.stdout.write(f"  {key.public_key_multibase}  {key.state}\n")


def _log(settings: Settings, *, least: int = logging.NOTSET) -> None:
    level, form = max(logging.getLevelName(settings.log_level), least), "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, which may hold what is private
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
