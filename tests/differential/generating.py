"""Badge-like documents that aim at where canonical forms go wrong. Document N of a seed is the same in every run.

Documents come in families of one structure, so that the first of a family is canonicalised at length and the others by what was compiled
from it; values are drawn anew for each, most of them plain, some of them traps. Now and then a document leaves its family: its members
stand in another order, something is missing, doubled or of another kind.
"""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]

FAMILY = 8
"""Documents of one structure."""

V2 = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"

TEXTS = (
    *("", " ", "\u00e9\u00fc\u4e2d", "\U0001f393", "\ue000", "\uffef\U00010000", "e\u0301", "\u2028\u2029", "\u0085"),
    *(
        "\x00",
        "a\x01b",
        "\x07\x08\x0b\x0c\x1f",
        "\x7f",
        "\t",
        "a\nb",
        "\r\n",
        '"',
        "\\",
        '\\"',
        "\\u0041",
        "\\n",
        "'",
        '"@en',
        '"^^<urn:x>',
    ),
    *(
        "_:b0",
        "_:c14n0",
        "_:c14n1",
        "<urn:x>",
        "urn:x:y",
        "https://example.org/a?b=c#d",
        "http:",
        "did:web:example.org",
        "mailto:a@example.org",
    ),
    *(
        "{v1}",
        "{0}",
        "%s",
        "urn:slot:0:1:",
        "urn:x-hole:1:",
        "type",
        "id",
        "name",
        "@id",
        "@type",
        "Achievement",
        "x:y",
        "//example.org/",
        ".",
    ),
    *("1", "1.0", "1E0", "true", "null", "-0", "0.10", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+00:00", "x" * 300),
)
NAMES = (
    *("https://example.org/\u00e9", "https://example.org/a/../b", "HTTPS://EXAMPLE.ORG/", "urn:uuid:0", "urn:x-hole:2:", "urn:slot:1:0:"),
    *("did:key:z6Mk", "mailto:a@example.org", "tag:example.org,2026:a", "_:b0", "_:b1", "_:c14n0", "name", "Achievement", "foo", "", "#a"),
    *("urn:x y", "urn:x>y", "urn:x\\y", "https://example.org/%20", "a:b", "ext:a", "https://", "xsd:string"),
)
NUMBERS = (
    *(0, 1, -1, 5, 3.5, -0.0, 0.0, 1.0, 1e21, 1e20, 1e-7, 1e-300, 1.7976931348623157e308, 5e-324, 100.25, 0.1, 1 / 3, 2.5e15, 1e15, 1e16),
    *(2**31, 2**53 - 1, 2**53, -(2**53), 2**63, 10**20, 10**21, 10**25, True, False),
)
TYPES = ("Result", "Evidence", "Alignment", "Profile", "Image", "Foo", "https://example.org/Type", "ext:Thing")


class _Values:
    """Where one document's values come from; `rate` is how many of them are traps."""

    def __init__(self, draw: random.Random, rate: float) -> None:
        self.draw = draw
        self.rate = rate

    def text(self) -> str:
        draw = self.draw
        if draw.random() >= self.rate:
            return f"Text {draw.randrange(10**6)}"
        found = draw.choice(TEXTS)
        return found if draw.random() < 0.6 else f"{draw.choice(TEXTS)}{found}"

    def name(self) -> str:
        draw = self.draw
        if draw.random() >= self.rate:
            return (
                f"urn:uuid:{uuid.UUID(int=draw.getrandbits(128))}"
                if draw.random() < 0.5
                else f"https://example.org/{draw.randrange(10**6)}"
            )
        return draw.choice(NAMES)

    def number(self) -> float:
        return self.draw.choice(NUMBERS) if self.draw.random() < max(self.rate, 0.05) else self.draw.randrange(100)

    def moment(self) -> str:
        day = f"2026-{self.draw.randrange(1, 13):02}-{self.draw.randrange(1, 29):02}T{self.draw.randrange(24):02}:00:00Z"
        return self.text() if self.draw.random() < self.rate / 4 else day


def document(seed: int, number: int) -> JsonObject:
    """Return a document."""
    structure = random.Random(f"{seed}/family/{number // FAMILY}")  # noqa: S311 - the same in every run
    values = random.Random(f"{seed}/document/{number}")  # noqa: S311 - as above
    rate = structure.choice((0.0, 0.02, 0.02, 0.08))
    made = _badge(structure, _Values(values, rate))
    if values.random() < 0.15:
        made = _strayed(made, values)
    return made


def _badge(structure: random.Random, values: _Values) -> JsonObject:
    """Every choice of form is drawn from `structure`, every leaf from `values`: both in the same order each time."""
    has = _Coin(structure)
    badge: JsonObject = {
        "@context": [V2, OB, *([EXTENSIONS] if has(0.3) else [])],
        "id": values.name(),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": _said(structure, values),
        "issuer": _profile(structure, values) if has(0.8) else values.name(),
        "validFrom": values.moment(),
    }
    _maybe(badge, has, {"validUntil": values.moment, "awardedDate": values.moment, "description": lambda: _said(structure, values)})
    badge["credentialSubject"] = _subject(structure, values)
    if has(0.5):
        badge["credentialStatus"] = {
            "id": values.name(),
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(values.draw.randrange(131_072)),
            "statusListCredential": values.name(),
        }
    if has(0.5):
        badge["evidence"] = _doubled([_evidence(structure, values) for _ in range(structure.randrange(1, 4))], structure)
    if has(0.2):
        badge["termsOfUse"] = {"type": "Foo" if has(0.1) else "https://example.org/Terms", "id": values.name()}
    return badge


class _Coin:
    def __init__(self, draw: random.Random) -> None:
        self._draw = draw

    def __call__(self, chance: float) -> bool:
        return self._draw.random() < chance


def _maybe(node: JsonObject, has: _Coin, makers: dict[str, Any]) -> None:
    for name, make in makers.items():
        if has(0.5):
            node[name] = make()


def _said(structure: random.Random, values: _Values) -> object:
    """A text, plain or as a value object with language and direction, or several."""
    kind = structure.choices(("plain", "language", "direction", "many", "typed", "null"), (80, 5, 3, 5, 3, 1))[0]
    match kind:
        case "language":
            return {"@value": values.text(), "@language": structure.choice(("en", "EN-gb", "ar", "zh-Hant"))}
        case "direction":
            return {"@value": values.text(), "@language": "ar", "@direction": structure.choice(("rtl", "ltr"))}
        case "many":
            return [values.text() for _ in range(structure.randrange(4))]
        case "typed":
            return {"@value": values.text(), "@type": "https://example.org/datatype"}
        case "null":
            return None
    return values.text()


def _profile(structure: random.Random, values: _Values) -> JsonObject:
    has = _Coin(structure)
    made: JsonObject = {"id": values.name(), "type": ["Profile"], "name": _said(structure, values)}
    _maybe(made, has, {"url": values.name, "email": values.text, "phone": values.text, "description": lambda: _said(structure, values)})
    if has(0.3):
        made["image"] = {"id": values.name(), "type": "Image", "caption": values.text()}
    if has(0.3):
        made["address"] = {"type": ["Address"], "addressCountry": values.text(), "postalCode": values.text()}
        if has(0.3):
            made["address"]["geo"] = {"type": "GeoCoordinates", "latitude": values.number(), "longitude": values.number()}
    return made


def _subject(structure: random.Random, values: _Values) -> JsonObject:
    has = _Coin(structure)
    made: JsonObject = {"type": ["AchievementSubject"]}
    _maybe(
        made,
        has,
        {"id": values.name, "creditsEarned": values.number, "licenseNumber": values.text, "role": values.text, "term": values.text},
    )
    if has(0.5):
        made["identifier"] = _doubled([_identity(values) for _ in range(structure.randrange(1, 3))], structure)
    if has(0.6):
        made["result"] = _doubled([_result(structure, values) for _ in range(structure.randrange(1, 4))], structure)
    made["achievement"] = _achievement(structure, values)
    return made


def _identity(values: _Values) -> JsonObject:
    made = {"type": "IdentityObject", "identityType": "emailAddress", "hashed": values.draw.random() < 0.9, "salt": values.text()}
    return made | {"identityHash": values.text()}


def _result(structure: random.Random, values: _Values) -> JsonObject:
    has = _Coin(structure)
    made: JsonObject = {"type": ["Result"]}
    _maybe(made, has, {"value": values.text, "resultDescription": values.name, "achievedLevel": values.name})
    if has(0.3):
        made["alignment"] = [_alignment(structure, values)]
    return made


def _alignment(structure: random.Random, values: _Values) -> JsonObject:
    made: JsonObject = {"type": ["Alignment"], "targetName": _said(structure, values), "targetUrl": values.name()}
    _maybe(made, _Coin(structure), {"targetCode": values.text, "targetDescription": values.text, "targetFramework": values.text})
    return made


def _evidence(structure: random.Random, values: _Values) -> JsonObject:
    made: JsonObject = {"type": ["Evidence"]}
    makers = {
        "id": values.name,
        "narrative": values.text,
        "name": lambda: _said(structure, values),
        "genre": values.text,
        "audience": values.text,
    }
    _maybe(made, _Coin(structure), makers)
    return made


def _achievement(structure: random.Random, values: _Values) -> JsonObject:
    has = _Coin(structure)
    made: JsonObject = {
        "id": values.name(),
        "type": ["Achievement"],
        "name": _said(structure, values),
        "description": _said(structure, values),
        "criteria": {"narrative": values.text()},
    }
    makers = {"humanCode": values.text, "creditsAvailable": values.number, "inLanguage": values.text, "version": values.text}
    _maybe(made, has, makers)
    if has(0.5):
        made["tag"] = [values.text() for _ in range(structure.randrange(5))]
    if has(0.5):
        made["alignment"] = _doubled([_alignment(structure, values) for _ in range(structure.randrange(1, 4))], structure)
    if has(0.6):
        made["resultDescription"] = [_description(structure, values) for _ in range(structure.randrange(1, 3))]
    if has(0.2):
        made["creator"] = _profile(structure, values)
    if has(0.1):
        made["related"] = [{"type": ["Related"], "id": values.name(), "version": values.text()}]
    return made


def _description(structure: random.Random, values: _Values) -> JsonObject:
    has = _Coin(structure)
    made: JsonObject = {"id": values.name(), "type": ["ResultDescription"], "name": values.text(), "resultType": "LetterGrade"}
    if has(0.5):
        made["allowedValue"] = _list(structure, values, depth=0)
    if has(0.3):
        made["rubricCriterionLevel"] = [
            {"id": values.name(), "type": ["RubricCriterionLevel"], "name": values.text(), "level": values.text()}
            for _ in range(structure.randrange(1, 4))
        ]
    return made


def _list(structure: random.Random, values: _Values, *, depth: int) -> list[Any]:
    """An ordered list; one in some is nested."""
    nested = structure.random() < 0.15 and depth < 3
    items: list[Any] = [values.text() for _ in range(structure.randrange(4))]
    return [*items, _list(structure, values, depth=depth + 1)] if nested else items


def _doubled(items: list[JsonObject], structure: random.Random) -> list[JsonObject]:
    """Now and then one that is there twice: equal blank nodes, or the same node described again."""
    return [*items, copy.deepcopy(structure.choice(items))] if structure.random() < 0.15 else items


def _strayed(badge: JsonObject, draw: random.Random) -> JsonObject:
    """Return a document that is no longer of its family."""
    badge = copy.deepcopy(badge)
    nodes = list(_nodes(badge))
    for _ in range(draw.randrange(1, 3)):
        node = draw.choice(nodes)
        name = draw.choice(list(node))
        match draw.randrange(8):
            case 0:
                _shuffle(badge, draw)
            case 1 if name not in {"@context", "type", "@value"}:
                del node[name]
            case 2 if name not in {"@context", "@value", "@language", "@direction"}:
                node[name] = [node[name]]
            case 3:
                node["type"] = draw.choice((draw.choice(TYPES), [draw.choice(TYPES), draw.choice(TYPES)]))
            case 4:
                node["id"] = draw.choice(nodes).get("id", "urn:x:same")
            case 5:
                node[draw.choice(("undefined", "name", "https://schema.org/name", "@included", "@graph", "@index"))] = draw.choice(TEXTS)
            case 6 if isinstance(node[name], str) and name != "@context":
                node[name] = draw.choice((draw.choice(NUMBERS), {"@value": node[name]}, {"id": node[name]}, None))
            case _:
                other = draw.choice(nodes)
                if node is not badge and "@value" not in other:
                    other["evidence"] = [{"type": ["Evidence"], "narrative": "Text"}, {"type": ["Evidence"], "narrative": "Text"}]
        nodes = list(_nodes(badge))
    return badge


def _nodes(value: object) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        if value:
            yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _nodes(item)


def _shuffle(value: object, draw: random.Random) -> None:
    for node in list(_nodes(value)):
        members = list(node.items())
        draw.shuffle(members)
        node.clear()
        node.update(members)
