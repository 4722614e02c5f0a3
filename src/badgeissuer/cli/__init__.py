"""The command line: `badgeissuer --help`.

What only the service needs is imported by the commands that start it: half of the time that `badgeissuer verify` would take otherwise.
"""

from __future__ import annotations

import pydantic
import sqlalchemy.exc

from badgeissuer import problem
from badgeissuer.cli import accounts, achievements, badges, reconciling, recorder, running, staff  # noqa: F401 - they register their commands
from badgeissuer.cli.telling import APP, fail
from badgeissuer.settings import PREFIX

__all__ = ["APP", "main"]


def main() -> None:
    """Run the command line; what is wrong is said in one line, and exits with 2."""
    try:
        APP()
    except problem.Problem as error:
        fail(error.detail)
    except pydantic.ValidationError as error:
        fail("; ".join(_unfit(str(item["loc"][0]) if item["loc"] else "", item["msg"]) for item in error.errors()))
    except sqlalchemy.exc.ArgumentError:
        fail(f"{PREFIX}DATABASE_URL is no database URL; use sqlite:///path or postgresql+psycopg://host/name.")
    except sqlalchemy.exc.DBAPIError as error:
        fail(f"The database does not do what it should: {error.orig}")
    except OSError as error:
        fail(f"{error.filename or 'The system refuses'}: {error.strerror or error}")


def _unfit(setting: str, reason: str) -> str:
    reason = reason.removeprefix("Value error, ")
    return f"{PREFIX}{setting.upper()}: {reason}" if setting else reason
