"""Rows that the tests of the store need to be there first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


@pytest.fixture
def issuer_id(engine: Engine, now: datetime) -> int:
    """The id of an issuer that is stored."""
    with engines.writing(engine) as session:
        issuer = tables.Issuer(slug="history", name="Department of History", did_method="key", created_at=now)
        session.add(issuer)
        session.flush()
        return issuer.id


@pytest.fixture
def token_id(engine: Engine, now: datetime) -> int:
    """The id of an API token that is stored."""
    with engines.writing(engine) as session:
        token = tables.ApiToken(public_id="t1", name="test", role="admin", secret_sha256="0" * 64, created_at=now)
        session.add(token)
        session.flush()
        return token.id
