"""The worst graphs: documents at all limits, with parts that look alike, and with words that mean something else at every place."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from tests.corpus import kit
from tests.corpus.kit import V2, Json
from tests.fuzz.inputs import Given, badge, chained, large, text, worst

LARGE = "large badges"
POISON = "poison graphs"
WORDS = "JSON-LD contexts"
_CONTEXTS = Path(__file__).parents[2] / "src" / "badgeissuer" / "vc" / "contexts"


@worst(LARGE, "at all limits, one proof")
def _() -> Given:
    return Given(text(chained(large(), count=1)))


@worst(LARGE, "at all limits, four proofs in four chains")
def _() -> Given:
    return Given(text(chained(large(parts=1850))))


@worst(LARGE, "at all limits, four proofs of two suites")
def _() -> Given:
    document = large(parts=1800)
    for number, suite in enumerate((kit.RDFC, kit.JCS, kit.LEGACY, kit.JCS)):
        document = kit.sign(document, kit.SCHOOL, suite, created=f"2026-05-20T14:05:0{number}Z")
    return Given(text(document))


@worst(LARGE, "seven arrays of 250 texts, four chains")
def _() -> Given:
    document = badge()
    achievement = document["credentialSubject"]["achievement"]
    for name in ("tag", "specialization", "fieldOfStudy", "humanCode"):
        achievement[name] = [f"{name} {number}" for number in range(250)]
    document["issuer"]["name"] = [f"name {number}" for number in range(250)]
    document["name"], document["description"] = ([f"text {number}" for number in range(200)] for _ in range(2))
    return Given(text(chained(document)))


@worst(LARGE, "1 MiB of text, four chains")
def _() -> Given:
    document = badge()
    document["credentialSubject"]["achievement"]["tag"] = [f"{number}é\n\\" * 150 for number in range(250)]
    document["evidence"] = [{"type": ["Evidence"], "narrative": f"{number}\n\\" * 90} for number in range(250)]
    return Given(text(chained(document)))


@worst(LARGE, "30 levels of issuers in issuers, 60 times")
def _() -> Given:
    document = badge()
    document["credentialSubject"]["achievement"]["creator"] = [_parents(22, f"{number}") for number in range(20)]
    return Given(text(chained(document)))


def _parents(depth: int, name: str) -> Json:
    return {"type": ["Profile"], "name": name, **({"parentOrg": _parents(depth - 1, name)} if depth else {})}


# --- parts that look alike ----------------------------------------------------------------------------------------------


def alike(hubs: int, children: int, *, more: Any = None) -> Json:  # noqa: ANN401 - any JSON value
    """Return a badge with achievements that look alike, each with alignments that look alike; as JSON no two are the same.

    Args:
        hubs: Achievements.
        children: Alignments of each.
        more: Members of every achievement.
    """
    orders = [list(order) for order in itertools.permutations("abcde")]  # the order of an array leaves no trace in RDF
    document = badge()
    document["credentialSubject"] = [
        {
            "type": ["AchievementSubject"],
            "narrative": orders[hub],
            "achievement": {
                "type": ["Achievement"],
                "name": orders[hub],
                **(more or {}),
                "alignment": [{"type": ["Alignment"], "targetName": orders[child]} for child in range(children)],
            },
        }
        for hub in range(hubs)
    ]
    return document


for hubs, children in ((2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (2, 12), (2, 100), (20, 3), (30, 4), (100, 2), (100, 4), (110, 1)):

    @worst(POISON, f"{hubs} like achievements with {children} like alignments each, four chains")
    def _(hubs: int = hubs, children: int = children) -> Given:
        return Given(text(chained(alike(hubs, children))))


@worst(POISON, "2 like achievements with 6 like alignments and 750 texts each, four chains")
def _() -> Given:
    more = {name: [f"{number}" for number in range(250)] for name in ("tag", "specialization", "humanCode")}
    return Given(text(chained(alike(2, 6, more=more))))


@worst(POISON, "the same with 5")
def _() -> Given:
    more = {name: [f"{number}" for number in range(250)] for name in ("tag", "specialization", "humanCode")}
    return Given(text(chained(alike(2, 5, more=more))))


@worst(POISON, "160 nested parts without names, as far as nesting goes")
def _() -> Given:
    document = badge()
    inner: Json = {"type": ["Profile"]}
    for _ in range(24):
        inner = {"type": ["Profile"], "parentOrg": inner}
    kinds = itertools.permutations(["Profile", "Alignment", "Evidence", "Result", "Related"])
    document["credentialSubject"]["achievement"]["creator"] = [
        {"type": list(kind), "parentOrg": inner} for kind in itertools.islice(kinds, 20)
    ]
    return Given(text(chained(document)))


def _graph(edges: list[tuple[int, int]], more: dict[int, Json] | None = None) -> Json:
    """Return a generic credential that holds any graph of blank nodes; only there they can have names."""
    nodes: dict[int, Json] = {}
    for one, other in edges:
        nodes.setdefault(one, {"id": f"_:n{one}"}).setdefault("urn:example:p", []).append({"id": f"_:n{other}"})
    for number, members in (more or {}).items():
        nodes.setdefault(number, {"id": f"_:n{number}"}).update(members)
    document = badge() | {"@context": [V2]}
    document["credentialSubject"] = {"id": "did:example:learner", "urn:example:q": list(nodes.values())[:250]}
    rest = list(nodes.values())[250:]
    if rest:
        document["credentialSubject"]["urn:example:r"] = rest
    document["issuer"], document["type"] = kit.SCHOOL.did, ["VerifiableCredential"]
    return document


for size in (5, 6, 7, 10, 30):

    @worst(POISON, f"every one of {size} blank nodes joined to every other, as a generic credential")
    def _(size: int = size) -> Given:
        edges = [(one, other) for one in range(size) for other in range(size) if one != other]
        return Given(text(chained(_graph(edges))), profile="vc")


@worst(POISON, "a ring of 240 blank nodes, as a generic credential")
def _() -> Given:
    return Given(text(chained(_graph([(number, (number + 1) % 240) for number in range(240)]))), profile="vc")


@worst(POISON, "two rings of 60 blank nodes, as a generic credential")
def _() -> Given:
    edges = [(number, (number + 1) % 60) for number in range(60)]
    return Given(text(chained(_graph([*edges, *((one + 60, other + 60) for one, other in edges)]))), profile="vc")


@worst(POISON, "two like nodes of 400 texts, asked for in every order of six like ones between them")
def _() -> Given:
    texts = {f"urn:example:t{group}": [f"{number}" for number in range(200)] for group in range(2)}
    edges, more = [], {}
    for half in range(2):
        hub, far = 100 * half, 100 * half + 1
        more[far] = texts
        for child in range(2, 8):
            edges += [(hub, 100 * half + child), (100 * half + child, far)]
    return Given(text(chained(_graph(edges, more))), profile="vc")


@worst(POISON, "a grid of 10 by 10 blank nodes, rolled up, as a generic credential")
def _() -> Given:
    edges = [
        (10 * row + column, 10 * down + right)
        for row in range(10)
        for column in range(10)
        for down, right in (((row + 1) % 10, column), (row, (column + 1) % 10))
    ]
    return Given(text(chained(_graph(edges))), profile="vc")


# --- contexts -----------------------------------------------------------------------------------------------------------


def _types(name: str) -> list[str]:
    """Return the types that a pinned context gives words of their own to."""
    content = json.loads((_CONTEXTS / f"{name}.jsonld").read_text("utf-8"))["@context"]
    parts = content if isinstance(content, list) else [content]
    return [
        term for part in parts if isinstance(part, dict) for term, value in part.items() if isinstance(value, dict) and "@context" in value
    ]


@worst(WORDS, "types in ever other combinations, each with words of its own")
def _() -> Given:
    document = badge()
    types = sorted(_types("ob-3.0.3"))
    subsets = [list(some) for size in (2, 3, 4) for some in itertools.combinations(types, size)]
    subsets = [some for some in subsets if some[0] not in {"AchievementCredential", "OpenBadgeCredential", "EndorsementCredential"}]
    chosen = subsets[:: max(1, len(subsets) // 230)][:230]
    document["evidence"] = [{"type": some, "name": f"n{index}"} for index, some in enumerate(chosen)]
    return Given(text(chained(document, count=1)))


@worst(WORDS, "types of all words at every place")
def _() -> Given:
    document = badge()
    types = sorted(set(_types("ob-3.0.3")))
    document["evidence"] = [
        {"type": [name for place, name in enumerate(types) if (index * 2654435761 >> place + 3) & 1], "name": f"n{index}"}
        for index in range(90)
    ]
    document["evidence"] = [item for item in document["evidence"] if item["type"]]
    return Given(text(chained(document, count=1)))


@worst(WORDS, "types of W3C's own words at every place")
def _() -> Given:
    document = badge()
    types = sorted({*_types("credentials-v2"), *_types("ob-3.0.3")})
    document["evidence"] = [
        {"type": [name for place, name in enumerate(types) if (index * 2654435761 >> place % 24 + 3) & 1], "name": f"n{index}"}
        for index in range(70)
    ]
    document["evidence"] = [item for item in document["evidence"] if item["type"]]
    return Given(text(chained(document, count=1)))


def _generic(context: Any, **members: Any) -> Json:  # noqa: ANN401 - any JSON value
    document = badge() | {
        "@context": [V2, *(context if isinstance(context, list) else [context])],
        "issuer": kit.SCHOOL.did,
        "type": ["VerifiableCredential"],
    }
    document["credentialSubject"] = {"id": "did:example:learner"} | members
    return document


@worst(WORDS, "a type with 700 words, under 180 properties that each change the words")
def _() -> Given:
    words = {f"w{number}": f"urn:example:w{number}" for number in range(700)}
    context = {
        "Thing": {"@id": "urn:example:Thing", "@context": words},
        **{f"p{number}": {"@id": f"urn:example:p{number}", "@context": {"v": f"urn:example:v{number}"}} for number in range(150)},
    }
    return Given(text(chained(_generic(context, **{f"p{number}": {"type": "Thing"} for number in range(150)}), count=1)), profile="vc")


@worst(WORDS, "words that change at every level, 30 levels, again and again")
def _() -> Given:
    words = {f"w{number}": f"urn:example:w{number}" for number in range(800)}
    context = {
        "p": {"@id": "urn:example:p", "@context": words},
        "q": {"@id": "urn:example:q", "@context": {"z": "urn:example:z"}},
    }
    inside: Any = {"w1": "x"}
    for level in range(26):
        inside = {"pq"[level % 2]: inside}
    return Given(
        text(chained(_generic(context, p=[inside, *([dict(inside, w2=f"{number}") for number in range(25)])]), count=1)), profile="vc"
    )


@worst(WORDS, "a prefix of 400,000 characters, used 700 times")
def _() -> Given:
    context = {"p": {"@id": "https://example.org/" + "p" * 400_000 + "/", "@prefix": True}, "urn:example:see": {"@type": "@id"}}
    values = [{"@id": f"p:{number}"} for number in range(240)]
    return Given(text(chained(_generic(context, **{f"urn:example:s{index}": values for index in range(3)}), count=1)), profile="vc")


@worst(WORDS, "prefixes that stand for prefixes, 900 of them")
def _() -> Given:
    size = 900
    context = {"p0": {"@id": "https://example.org/" + "p" * 900 + "/", "@prefix": True}}
    context |= {f"p{number}": {"@id": f"p{number - 1}:{'p' * 900}/", "@prefix": True} for number in range(1, size // 3)}
    last = max(context, key=lambda name: int(name[1:]))
    values = [{"@id": f"{last}:{number}"} for number in range(240)]
    return Given(text(chained(_generic(context, **{"urn:example:s": values, "urn:example:t": values}), count=1)), profile="vc")


@worst(WORDS, "a vocabulary of 400,000 characters, 900 members")
def _() -> Given:
    context = {"@vocab": "https://example.org/" + "v" * 400_000 + "/"}
    return Given(text(chained(_generic(context, **{f"m{number}": "x" for number in range(900)}), count=1)), profile="vc")


@worst(WORDS, "a context of 1,800 words")
def _() -> Given:
    context = {f"w{number}": f"urn:example:w{number}" for number in range(1_800)}
    return Given(text(chained(_generic(context, w1="x"))), profile="vc")


@worst(WORDS, "fourteen contexts, each of all words again")
def _() -> Given:
    context = [{f"w{number}": f"urn:example:w{number}.{index}" for number in range(135)} for index in range(14)]
    return Given(text(chained(_generic(context, w1="x"))), profile="vc")
