"""The catalogue finds what asks for an achievement first.

Revision 0021, after 0020.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ENTRY = sa.table("catalogue_entry", sa.column("achievement_id"), sa.column("achievement_version_id"), sa.column("marks", sa.String))
_VERSION = sa.table("achievement_version", sa.column("id"), sa.column("document", sa.JSON))


def upgrade() -> None:
    connection = op.get_bind()
    query = sa.select(_ENTRY.c.achievement_id, _ENTRY.c.marks, _VERSION.c.document).join_from(
        _ENTRY, _VERSION, _VERSION.c.id == _ENTRY.c.achievement_version_id
    )
    for number, marks, document in connection.execute(query).all():
        asked = {f"after:{url.casefold()}" for url in _asked(document)}
        if asked:
            _mark(connection, number, asked | {mark for mark in marks.split("\n") if mark})


def downgrade() -> None:
    connection = op.get_bind()
    for number, marks in connection.execute(sa.select(_ENTRY.c.achievement_id, _ENTRY.c.marks)).all():
        _mark(connection, number, {mark for mark in marks.split("\n") if mark and not mark.startswith("after:")})


def _asked(document: dict[str, Any]) -> set[str]:
    aligned = document.get("alignment", [])
    found = [item for item in (aligned if isinstance(aligned, list) else [aligned]) if isinstance(item, dict)]
    return {str(item["targetUrl"]) for item in found if item.get("targetType") == "ext:Prerequisite"}


def _mark(connection: sa.Connection, number: int, marks: set[str]) -> None:
    said = "".join(f"\n{mark}" for mark in sorted(marks)) + "\n"
    connection.execute(sa.update(_ENTRY).where(_ENTRY.c.achievement_id == number).values(marks=said))
