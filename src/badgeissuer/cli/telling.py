"""What all commands share: how they speak, and how they open the database."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from sqlalchemy.orm import Session

from badgeissuer.settings import Settings, opened
from badgeissuer.store import engine

APP = typer.Typer(
    help="Define, issue and verify Open Badges 3.0.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
USAGE = 2


def fail(reason: str) -> NoReturn:
    """Say in one line what is wrong, and exit."""
    sys.stderr.write(f"badgeissuer: {' '.join(reason.split())}\n")
    sys.exit(USAGE)


def say(text: str) -> None:
    """Tell the person at the terminal something; what a program reads goes to stdout."""
    sys.stderr.write(text + "\n")


@contextmanager
def writing() -> Iterator[tuple[Settings, Session]]:
    """Give a session that commits at its end."""
    settings = Settings()
    with opened(settings) as database, engine.writing(database) as session:
        yield settings, session


def log(settings: Settings, *, least: int = logging.NOTSET) -> None:
    """Write the log to stderr, from the level of the settings up, or from `least`."""
    level, form = max(logging.getLevelName(settings.log_level), least), "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, which may hold what is private
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
