"""Run by alembic to carry out migrations on one connection.

`badgeissuer.store.migrating` hands over a connection that is alone with the database. From the command line of alembic, name the
database: `alembic -x url=sqlite:///data/badgeissuer.db current`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context, util

from badgeissuer.store import engine, migrating

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run_on(connection: Connection) -> None:
    """Carry out what alembic was asked for."""
    context.configure(
        connection=connection,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        **migrating.COMPARISON,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_url(url: str | None) -> None:
    """Carry out what alembic was asked for on a database that its command line names."""
    if url is None or context.is_offline_mode():
        raise util.CommandError("Name a database with `-x url=…`, or use `badgeissuer migrate`. Migrations as SQL text are not offered.")
    database = engine.connect(url)
    with database.connect() as connection:
        run_on(connection)
    database.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    run_on_url(context.get_x_argument(as_dictionary=True).get("url"))
else:
    run_on(handed_over)
