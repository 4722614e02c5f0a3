"""The public catalogue is searched by a table of its own.

Revision 0016, after 0015.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ACHIEVEMENT = sa.table("achievement", sa.column("id"), sa.column("slug"))
_VERSION = sa.table(
    "achievement_version", sa.column("id"), sa.column("achievement_id"), sa.column("version"), sa.column("document", sa.JSON)
)
_LEVEL = re.compile(r"ext:([A-Za-z-]+)Alignment")


def upgrade() -> None:
    table = op.create_table(
        "catalogue_entry",
        sa.Column("achievement_id", _KEY, sa.ForeignKey("achievement.id"), primary_key=True),
        sa.Column("achievement_version_id", _KEY, sa.ForeignKey("achievement_version.id"), nullable=False),
        sa.Column("place", sa.String(), nullable=False, index=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("marks", sa.String(), nullable=False),
    )
    newest = sa.select(_VERSION.c.achievement_id, sa.func.max(_VERSION.c.version).label("version")).group_by(_VERSION.c.achievement_id)
    last = newest.subquery()
    found = (
        sa.select(_ACHIEVEMENT.c.id, _ACHIEVEMENT.c.slug, _VERSION.c.id.label("version_id"), _VERSION.c.document)
        .join(_VERSION, _VERSION.c.achievement_id == _ACHIEVEMENT.c.id)
        .join(last, sa.and_(last.c.achievement_id == _VERSION.c.achievement_id, last.c.version == _VERSION.c.version))
    )
    connection = op.get_bind()
    for number, slug, version, document in connection.execute(found).all():
        connection.execute(table.insert().values(achievement_id=number, achievement_version_id=version, **_searched(document, slug)))


def downgrade() -> None:
    op.drop_table("catalogue_entry")


def _searched(document: dict[str, Any], slug: str) -> dict[str, str]:
    """Return what the catalogue knew an achievement by at this revision."""
    aligned = [item for item in _many(document.get("alignment")) if isinstance(item, dict)]
    outcomes = [item.get("statement") for item in _many(document.get("learningOutcome")) if isinstance(item, dict)]
    said = [document["name"], document.get("description"), *outcomes, *_many(document.get("tag"))]
    said += [item.get("targetName") for item in aligned]
    marks = {f"language:{tag}" for name in ("inLanguage", "instructionLanguage") for tag in _many(document.get(name))}
    for item in aligned:
        kind = str(item.get("targetType", ""))
        level = _LEVEL.fullmatch(kind)
        if level and item.get("targetCode"):
            marks.add(f"level:{level[1]}:{item['targetCode']}")
        elif not kind.startswith("ext:"):
            marks.add(f"skill:{item['targetUrl']}")
    return {
        "place": f"{document['name'].casefold()[:200]}\0{slug}".encode().hex(),
        "words": "\n".join(text for text in said if isinstance(text, str)).casefold(),
        "marks": "".join(f"\n{mark.casefold()}" for mark in sorted(marks)) + "\n",
    }


def _many(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
