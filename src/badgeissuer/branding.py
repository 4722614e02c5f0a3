"""Units and what they share: an institution, its faculties, their units; each has its own names, colours and logo, or those above it.

What badges say of their issuer is composed of it (`profile`): the unit itself, and above it, as `parentOrg`, whoever it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import frameworks, problem
from badgeissuer.openbadges import artwork, colour, picture
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sqlalchemy.orm import Session

    from badgeissuer.vc.document import JsonObject

DEEPEST = 5
"""A unit has at most so many above it."""
LOOKS = frozenset({"image", "colour", "accent", "artwork", "linkedin_id", "names", "notify"})
"""What those may change who define achievements."""


@dataclass(frozen=True, slots=True)
class Brand:
    """How a unit is shown: of each what it says itself, else what the nearest above it says."""

    image: str | None
    """The URL of its logo."""
    colour: str | None
    """Its colour, `#rrggbb`."""
    accent: str | None
    """A second one."""
    linkedin_id: str | None
    """The number of its page on LinkedIn, with which learners add badges to their profiles."""
    country: str | None
    """ISO 3166-1, two letters."""
    region: str | None
    """A part of the country, as people name it."""
    artwork: str | None = None
    """The template by which pictures are drawn of its achievements, one of `artwork.TEMPLATES`."""


def lineage(session: Session, row: tables.Issuer) -> list[tables.Issuer]:
    """Return a unit and all above it, itself first."""
    found = [row]
    while found[-1].parent_id is not None:
        found.append(session.get_one(tables.Issuer, found[-1].parent_id))
    return found


def origins(line: Sequence[tables.Issuer]) -> dict[str, tables.Issuer]:
    """Return who of a lineage says each thing of how its first is shown; what nobody says is left out.

    A region is part of a country: what stands above a unit that says its own country is no region of that.
    """
    nearest = {field.name: [place for place, row in enumerate(line) if getattr(row, field.name) is not None][:1] for field in fields(Brand)}
    if nearest["country"] and nearest["region"] > nearest["country"]:
        nearest["region"] = []
    return {name: line[place] for name, places in nearest.items() for place in places}


def brand(line: Sequence[tables.Issuer]) -> Brand:
    """Return how the first of a lineage is shown."""
    found = origins(line)
    return Brand(**{field.name: getattr(found.get(field.name), field.name, None) for field in fields(Brand)})


@dataclass(frozen=True, slots=True)
class Node:
    """A unit in the tree of those that belong together."""

    row: tables.Issuer
    line: list[tables.Issuer]
    """The unit and all above it, itself first."""
    below: list[Node]
    """Those that belong to it, by name."""


def forest(session: Session, rows: Iterable[tables.Issuer]) -> list[Node]:
    """Return units as trees, by name; one whose parent is not among them stands at the top."""
    ordered = sorted(rows, key=lambda row: (row.name.casefold(), row.id))
    nodes = {row.id: Node(row, lineage(session, row), []) for row in ordered}
    tops: list[Node] = []
    for node in nodes.values():
        parent = nodes.get(node.row.parent_id or 0)
        (parent.below if parent else tops).append(node)
    return tops


def profile(line: Sequence[tables.Issuer], *, did: str | None = None) -> JsonObject:
    """Return the Profile that stands in badges as the issuer of a unit (OB-3.0 Profile), with those above it as `parentOrg`.

    Args:
        line: The unit and all above it, itself first.
        did: Instead of the DIDs of those that have no key yet, for an example.

    Raises:
        problem.Conflict: The unit, or one above it, has no key yet, and with it no DID.
    """
    row, shown, identifier = line[0], brand(line), line[0].did or did
    if identifier is None:
        raise problem.Conflict(
            f"The issuer {row.slug} has no key yet. Wait for a worker, or run: badgeissuer keys generate --issuer {row.slug}"
        )
    members = {"name": row.name, "url": row.url, "description": row.description, "email": row.email}
    found: JsonObject = {"id": identifier, "type": ["Profile"]}
    found |= {name: value for name, value in members.items() if value}
    if shown.image:
        found["image"] = {"id": shown.image, "type": "Image"}
    if shown.country:
        region = {"addressRegion": shown.region} if shown.region else {}
        found["address"] = {"type": ["Address"], "addressCountryCode": shown.country} | region
    return found | ({"parentOrg": profile(line[1:], did=did)} if line[1:] else {})


def draws(line: Sequence[tables.Issuer]) -> bool:
    """Return whether pictures are drawn of the achievements of a unit that have none."""
    return brand(line).artwork in artwork.TEMPLATES


def draw(line: Sequence[tables.Issuer], achievement: JsonObject, *, level: str = "", template: str | None = None) -> str:
    """Return the picture of an achievement of a unit that `draws`, as the text of an SVG.

    Args:
        line: The unit and all above it, itself first.
        achievement: The achievement; its name and language are needed.
        level: Its level, in a few words.
        template: Instead of the one that holds for the unit.
    """
    shown = brand(line)
    language = str(achievement.get("inLanguage") or "")
    face = artwork.Face(str(achievement["name"]), line[0].name, shown.colour, shown.accent, level, language=language)
    return artwork.draw(template or str(shown.artwork), face)


def place(session: Session, row: tables.Issuer | None, parent: tables.Issuer) -> int:
    """Return the number of a unit that a unit is to belong to.

    Args:
        session: A writing session.
        row: The unit; None for one that is being made.
        parent: Whom it is to belong to.

    Raises:
        problem.Invalid: It would belong to itself, or stand too deep.
    """
    above = lineage(session, parent)
    if row is not None and row.id in {one.id for one in above}:
        raise _invalid("parent", f"{parent.slug} belongs to {row.slug} itself. Choose a unit that does not.")
    below = 0 if row is None else _depth(session, row)
    if len(above) + below > DEEPEST:
        raise _invalid("parent", f"A unit has at most {DEEPEST} above it. Choose one that stands higher.")
    return parent.id


def _depth(session: Session, row: tables.Issuer) -> int:
    """Return how many generations belong to a unit."""
    table = tables.Issuer
    children = session.scalars(select(table).where(table.parent_id == row.id)).all()
    return max((1 + _depth(session, child) for child in children), default=0)


def check(values: Mapping[str, Any]) -> None:
    """Raise `problem.Invalid` where what is to be said of a unit could not be shown."""
    for name in ("colour", "accent"):
        if values.get(name) is not None and colour.read(values[name]) is None:
            raise _invalid(name, f"{name} must be written as #rrggbb.")
    if values.get("image") and (fault := picture.embedded_fault(values["image"])):
        raise _invalid("image", fault)
    if values.get("artwork") is not None and values["artwork"] not in artwork.TEMPLATES:
        raise _invalid("artwork", f"There is no such template. Choose one of: {', '.join(artwork.TEMPLATES)}.")
    if values.get("gate") is not None and not frameworks.find(values["gate"]).gates:
        raise _invalid("gate", "That framework only describes, and cannot be a gate.")


def _invalid(name: str, text: str) -> problem.Invalid:
    return problem.Invalid.of((problem.Finding(text, f"/{name}"),))
