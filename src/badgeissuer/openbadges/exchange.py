"""Definitions from elsewhere as drafts: Open Badges 3.0 Achievements, and BadgeClasses of Open Badges 2.0 as Badgr and Canvas export them.

Source: OB-3.0 Achievement; OB-2.0 BadgeClass; the export of Badgr's and Canvas Credentials' API v2 (`entityType`, `criteriaNarrative`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.openbadges import addresses
from badgeissuer.problem import below
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

MAX_SLUG = 64
_ALIGNMENT = ("targetName", "targetUrl", "targetDescription", "targetFramework", "targetCode")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def items(document: object) -> list[tuple[str, JsonObject]]:
    """Return the definitions that a document holds, each with its JSON Pointer.

    The document is one of them, an array, or an object with such an array as `achievements`, `items` or `result`.

    Raises:
        problem.Invalid: There is none, or one is no object.
    """
    name, found = _listed(document)
    for place, item in enumerate(found):
        if not isinstance(item, dict):
            raise problem.Invalid.of((problem.Finding("This is no definition of an achievement.", below(name, place)),))
    if not found:
        raise problem.Invalid("There is no definition of an achievement in this file.")
    return [(below(name, place), item) for place, item in enumerate(found)]


def _listed(document: Any) -> tuple[str, list[Any]]:  # noqa: ANN401 - any JSON value
    if isinstance(document, dict):
        name = next((name for name in ("achievements", "items", "result") if isinstance(document.get(name), list)), None)
        return (f"/{name}", document[name]) if name else ("", [document])
    return ("", document) if isinstance(document, list) else ("", [])


def draft(item: JsonObject) -> JsonObject:
    """Return the draft that a definition stands for, whichever of the forms it has; its members are checked when it is stored."""
    if isinstance(item.get("draft"), dict):
        found: JsonObject = item["draft"]
        return found
    if item.get("entityType") == "BadgeClass" or "BadgeClass" in as_list(item.get("type")):
        return _of_badge_class(item)
    return _of_achievement(item)


def _of_achievement(item: JsonObject) -> JsonObject:
    """Return an Open Badges 3.0 Achievement without what publishing sets: so it is the same achievement when it is published here."""
    own = str(item.get("id", ""))
    left_out = {"@context", "id", "version", "slug", "issuer", "endorsement", "endorsementJwt"}
    found: JsonObject = local({name: value for name, value in item.items() if name not in left_out}, own)
    if as_list(found.get("type")) == ["Achievement"]:
        del found["type"]
    if isinstance(found.get("creator"), dict) and set(found["creator"]) <= {"id", "type"}:
        del found["creator"]
    if is_drawn(found.get("image"), own):
        del found["image"]
    related = [one for one in as_list(found.pop("related", None)) if not is_own_version(one, own)]
    return found | ({"related": related} if related else {})


def local(value: Any, own: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value in which fragments of an achievement's own id stand for themselves."""
    if isinstance(value, dict):
        return {name: local(one, own) for name, one in value.items()}
    if isinstance(value, list):
        return [local(one, own) for one in value]
    return value.removeprefix(own) if own and isinstance(value, str) and value.startswith(f"{own}#") else value


def is_own_version(item: Any, own: str) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a Related names another version of the same achievement, as publishing writes it."""
    stem, _, number = str(item.get("id")).rpartition("/") if isinstance(item, dict) else ("", "", "")
    return stem == own.rpartition("/")[0] and number.isdigit() and "version" in item


def is_drawn(image: Any, own: str) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether an image is the one that was drawn when its achievement was published."""
    return isinstance(image, dict) and bool(own) and image.get("id") == own + addresses.DRAWN


def _of_badge_class(item: JsonObject) -> JsonObject:
    criteria = item.get("criteria")
    said = criteria if isinstance(criteria, dict) else {"id": criteria} if isinstance(criteria, str) else {}
    told = {"narrative": item.get("criteriaNarrative") or said.get("narrative"), "id": item.get("criteriaUrl") or said.get("id")}
    image = item.get("image")
    optional = {
        "image": image.get("id") if isinstance(image, dict) else image,
        "tag": as_list(item.get("tags")) or None,
        "alignment": [_aligned(one) for one in as_list(item.get("alignments") or item.get("alignment"))] or None,
    }
    found: JsonObject = {name: item[name] for name in ("name", "description") if name in item}
    found["criteria"] = {name: value for name, value in told.items() if value}
    return found | {name: value for name, value in optional.items() if value}


def _aligned(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    return {name: item[name] for name in _ALIGNMENT if item.get(name)} if isinstance(item, dict) else item


def slug(item: JsonObject) -> str:
    """Return the slug that a definition has, else one made of its name; empty where neither says one."""
    if isinstance(item.get("slug"), str):
        return str(item["slug"])
    own = re.fullmatch(r".*/a/([^/?#]+)/[0-9]+", str(item.get("id")))
    if own:
        return own[1]
    name = draft(item).get("name")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() if isinstance(name, str) else ""
    return _NO_WORD.sub("-", plain.lower()).strip("-")[:MAX_SLUG].strip("-")
