"""The declarative base, the naming of constraints, and the column types that both databases share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite, which has no time zones, stores it without and gets it back with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Refuse a naive time; hand on UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Return UTC."""
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The base of every table."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own spelling
        datetime: Instant(),
        dict[str, Any]: JSON(),
        int: Integer(),
        str: String(),
    }


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)]
"""A surrogate key; on SQLite it must be INTEGER to be filled in by the database."""
Ref = BigInteger().with_variant(Integer(), "sqlite")
"""The type of a column that refers to an `Id`."""


WHOSE = "(api_token_id IS NULL) <> (account_id IS NULL)"
"""The SQL of a CHECK that a row is either that of a token or that of a person with an account."""


def one_of(column: str, *values: str) -> str:
    """Return the SQL of a CHECK that `column` holds one of `values`, which are ours and need no escaping."""
    literals = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({literals})"
