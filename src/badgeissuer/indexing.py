"""By what the public catalogue finds an achievement: written whenever a version is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer.openbadges import drafting
from badgeissuer.store import tables
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from badgeissuer.vc.document import JsonObject

NAME_CHARACTERS = 200
"""So many of a name say where an achievement stands in the order."""


def enter(session: Session, row: tables.Achievement, version: tables.AchievementVersion) -> None:
    """Have the catalogue find a version, in place of the one before it.

    Args:
        session: A writing session.
        row: The achievement.
        version: Its newest version, which is stored.
    """
    found = version.document
    session.merge(
        tables.CatalogueEntry(
            achievement_id=row.id,
            achievement_version_id=version.id,
            place=place(str(found["name"]), row.slug),
            words=words(found),
            marks=marks(found),
        )
    )
    session.flush()


def place(name: str, slug: str) -> str:
    """Return where an achievement stands in the order of names, then slugs."""
    return f"{name.casefold()[:NAME_CHARACTERS]}\0{slug}".encode().hex()


def words(achievement: JsonObject) -> str:
    """Return the text of an Achievement that is searched, in small letters: name, description, outcomes, tags and skills."""
    outcomes = [item.get("statement") for item in _objects(achievement, "learningOutcome")]
    skills = [item.get("targetName") for item in _objects(achievement, "alignment")]
    said = [achievement.get("name"), achievement.get("description"), *outcomes, *as_list(achievement.get("tag")), *skills]
    return "\n".join(text for text in said if isinstance(text, str)).casefold()


def marks(achievement: JsonObject) -> str:
    """Return levels, languages, skills and prerequisites of an Achievement, each on its own line; the first and the last line are empty."""
    return "".join(f"\n{mark.casefold()}" for mark in sorted(set(_marks(achievement)))) + "\n"


def levels(achievement: JsonObject) -> list[str]:
    """Return the levels that an Achievement is aligned with, as framework and code (`EQF:5`)."""
    return [f"{kind[1]}:{item['targetCode']}" for kind, item in _aligned(achievement) if kind and item.get("targetCode")]


def skills(achievement: JsonObject) -> list[tuple[str, str]]:
    """Return URL and name of the skills that an Achievement is aligned with: all that is neither a level nor another extension of ours."""
    aligned = _objects(achievement, "alignment")
    return [(item["targetUrl"], item["targetName"]) for item in aligned if not str(item.get("targetType", "")).startswith("ext:")]


def targets(achievement: JsonObject, kind: str) -> list[str]:
    """Return the URLs of the alignments of a type of an Achievement."""
    return [str(item["targetUrl"]) for item in _objects(achievement, "alignment") if item.get("targetType") == kind]


def languages(achievement: JsonObject) -> list[str]:
    """Return the languages of a definition and of the teaching, each once."""
    said = [*as_list(achievement.get("inLanguage")), *as_list(achievement.get("instructionLanguage"))]
    return list(dict.fromkeys(said))


def _marks(achievement: JsonObject) -> Iterator[str]:
    yield from (f"level:{level}" for level in levels(achievement))
    yield from (f"language:{language}" for language in languages(achievement))
    yield from (f"skill:{url}" for url, _ in skills(achievement))
    yield from (f"after:{url}" for url in targets(achievement, drafting.PREREQUISITE))


def _aligned(achievement: JsonObject) -> Iterator[tuple[re.Match[str] | None, JsonObject]]:
    for item in _objects(achievement, "alignment"):
        yield drafting.CODED.fullmatch(str(item.get("targetType"))), item


def _objects(achievement: JsonObject, name: str) -> list[dict[str, Any]]:
    return [item for item in as_list(achievement.get(name)) if isinstance(item, dict)]
