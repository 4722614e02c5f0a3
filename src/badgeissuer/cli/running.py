"""The service: serve, worker, migrate, openapi, demo."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Engine, select

from badgeissuer.cli.telling import APP, log, say
from badgeissuer.settings import PREFIX, Settings, opened
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from badgeissuer import worker
    from badgeissuer.web.app import Beside, Tell

GRACE_SECONDS = 20
KEPT_SECONDS = 30
"""How long an idle connection stays open: longer than clients keep theirs, so that none sends into one that is being closed."""
ANSWER_SECONDS = 60
"""How long a server process may take to say that it lives. It cannot while it starts, and on a busy machine that takes longer than a few
seconds: who is too hasty here ends it, and starts another, without an end."""


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
    import uvicorn.supervisors  # noqa: PLC0415 - as the package says

    from badgeissuer import worker  # noqa: PLC0415 - as the package says
    from badgeissuer.web import app as web  # noqa: PLC0415 - as the package says
    from badgeissuer.web import connections  # noqa: PLC0415 - as the package says

    _name_it_by_its_port("https" if ssl_certfile else "http", port)
    settings = Settings()
    log(settings)
    settings.trusted()  # what is wrong with it is said now, not from inside a server process
    ports = None if no_worker else worker.Ports(settings.keyring(), settings.site, settings.contexts(), settings.retention)
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
        timeout_worker_healthcheck=ANSWER_SECONDS,
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
    say(f"badgeissuer serves {settings.base_url}")
    with engine.reading(database) as session:
        is_first = session.scalar(select(tables.ApiToken.id).limit(1)) is None
    if is_first:
        say("There is no API token yet. Make one in another terminal: badgeissuer token create --name me --role admin")


@contextmanager
def _worker_beside(settings: Settings, ports: worker.Ports, tell: Tell = lambda: None) -> Iterator[Beside]:
    """Run a worker in a thread of this process, which tells when it has done something."""
    from badgeissuer import courier, worker  # noqa: PLC0415 - as the package says
    from badgeissuer.web.app import Beside  # noqa: PLC0415 - as the package says

    with opened(settings) as database:
        inner = worker.Worker(database, ports, tell=tell)
        crew: list[worker.Worker | courier.Courier] = [inner, *courier.crew(database, courier.means(settings))]
        threads = [threading.Thread(target=one.run, name=type(one).__name__.lower()) for one in crew]
        for thread in threads:
            thread.start()
        try:
            yield Beside(inner.wake, ports.keyring)
        finally:
            for one in crew:
                one.stop()
            for thread in threads:
                thread.join()


@APP.command("worker")
def run_worker(concurrency: Annotated[int, typer.Option(min=1, max=64, help="Threads.")] = 1) -> None:
    """Do the jobs of the service: decide on events, sign, and tell of it. Any number of workers share the work on PostgreSQL."""
    from badgeissuer import courier, worker  # noqa: PLC0415 - as the package says

    log(settings := Settings())
    with opened(settings) as database:
        ports = worker.Ports(settings.keyring(), settings.site, settings.contexts(), settings.retention)
        couriers = courier.crew(database, courier.means(settings))
        crew: list[worker.Worker | courier.Courier] = [*worker.crew(database, ports, concurrency), *couriers]

        def stop(*_: object) -> None:
            for one in crew:
                one.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        say(f"badgeissuer worker, process {os.getpid()}, {concurrency} thread(s)")
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
    from badgeissuer.store import copying, migrating  # noqa: PLC0415 - as the package says

    with opened(Settings(), at_head=False) as database:
        migrating.check(database) if check else migrating.migrate(database)
        say("The migrations make exactly the tables that the program expects." if check else f"The database is at {migrating.head()}.")
        if source and not check:
            say(f"{copying.copy_from(source, database):,} rows were copied.")


@APP.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from badgeissuer.web import app as web  # noqa: PLC0415 - as the package says

    sys.stdout.write(web.openapi_yaml(Settings(base_url="http://localhost:8000")))


@APP.command("demo")
def run_demo(
    once: Annotated[bool, typer.Option("--once", help="End after the last step instead of serving on.")] = False,
    port: Annotated[int, typer.Option(help="The port to serve on; any free one where 0.")] = 0,
    directory: Annotated[Path | None, typer.Option("--dir", help="Where to keep all of it; a temporary folder if none.")] = None,
) -> None:
    """Show the main job end to end: an LMS event becomes a signed badge that a stranger verifies by URL."""
    from badgeissuer import demo  # noqa: PLC0415 - as the package says

    sys.exit(demo.run(once=once, port=port, directory=directory))
