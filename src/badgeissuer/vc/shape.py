"""The shape gate: a good signature does not mean that the JSON on screen was signed.

An RDF signature covers a graph, and many JSON documents have the same graph: status and expiry can be moved into `@included` or under a
full IRI, one node can be split over two, a null or an empty array leaves no trace. Documents are interpreted only after this gate, which
leaves one way to write a thing.

Nearly every document is plain: one quick walk over it (`is_plain`) sees that there is nothing to find. What finds and tells is asked only
where that walk is not sure.

Source: VC-DATA-INTEGRITY#context-validation, VC-DATA-MODEL-2.0#json-processing.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import orjson

from badgeissuer.problem import CRYPTOGRAPHIC_SECURITY_ERROR, Finding, below
from badgeissuer.vc import jsonld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from badgeissuer.vc import document

MAX_NODES = 2000
"""Objects and array items that a document may hold."""
MAX_ITEMS = 256
"""Items that one array may hold."""
MAX_FINDINGS = 50
"""Faults of one document that are told; there is one for each of its parts in the worst case."""
MAX_CONTEXTS = 16
"""Contexts that a document may name, in all its parts together."""
MAX_DEFINITIONS = 8192
"""Characters that the contexts of a document's own may have together."""
_ABSENT = object()
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HIDING = {"@graph", "@included", "@index", "@nest", "@reverse", "@set"}
_REFUSED_IN_CONTEXTS = _HIDING | {"@import"}
"""PyLD writes what a context imports into the imported one's place in its cache, and so into all later documents."""
_SHOWN = "/verifiableCredential"
"""Where an empty array hides nothing: a presentation that shows nothing may say so, as one of the W3C's suite does."""
_NESTING = (dict, list)
_PLAIN_NAMES = re.compile(r"(?:[a-z][A-Za-z0-9]*+\0)++")
_PLAIN_IDS = re.compile(rf"(?:{jsonld.ABSOLUTE_IRI.pattern}\0)*+")
"""Names and ids each with a NUL after it, which none of them holds."""
_ESCAPES = re.compile(rb'\\[^nrt"\\]')
"""How orjson begins to write a control character; it may be a backslash and a letter too."""
_KEYWORDS_OF_GENERIC_CREDENTIALS = {"@context", "@id", "@type", "@value", "@language", "@direction"}


def gate(
    source: document.JsonObject, *, members: Callable[[dict[str, Any], str], frozenset[str] | None] = lambda _node, _key: None
) -> tuple[Finding, ...]:
    """Return what keeps a badge from being read in one way only; nothing when it may be interpreted.

    The `@context` itself is looked at elsewhere: here it only may not stand anywhere but at the top.

    Args:
        source: The document.
        members: An object and the name of the member that it stands under → the members that an object of its class may have, where that is
            known. One id may be described in two places only if nothing could have been moved from one of them to the other.
    """
    if is_plain(source):
        return ()
    body = without_context(source)
    return too_large(body) or _first(itertools.chain(_object(body, ""), _described_twice(body, members)))


def is_plain(source: document.JsonObject) -> bool:
    """Return whether a document is within all limits, and no gate has anything to find in it; where False, it may be so all the same."""
    try:
        text = orjson.dumps(source, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except orjson.JSONEncodeError:
        return False
    if b"\x7f" in text or _ESCAPES.search(text):
        return False
    names: set[str] = set()
    kinds: list[Any] = []
    described: dict[str, dict[str, Any]] = {}
    level: list[Any] = [without_context(source)]
    parts = 1 + 2 * MAX_CONTEXTS
    while level:
        items: list[Any] = []
        for node in level:
            if type(node) is dict:
                names.update(node)
                kinds.append(node.get("type", ""))
                if "id" in node and not _is_described_once(node, described):
                    return False
            elif not _is_plain_array(node):
                return False
            items += node.values() if type(node) is dict else node
        parts += len(items)
        others = [item for item in items if type(item) is not str]
        level = [item for item in others if type(item) in _NESTING]
        if parts > MAX_NODES or not all(level) or (len(level) < len(others) and None in others):
            return False
    has_plain_names = _PLAIN_NAMES.fullmatch("\0".join([*names, ""])) and _PLAIN_IDS.fullmatch("\0".join([*described, ""]))
    return has_plain_names is not None and all(type(kind) is str or _is_type(kind) for kind in kinds) and _has_few_contexts(source)


def _is_described_once(node: dict[str, Any], described: dict[str, dict[str, Any]]) -> bool:
    """Return whether an object with an id adds nothing to the one that was described by it before, if any was."""
    name = node["id"]
    return type(name) is str and ((first := described.setdefault(name, node)) is node or _adds_nothing(node, first))


def _is_plain_array(items: list[Any]) -> bool:
    """Return whether an array is no longer than it may be, and holds no array and nothing twice."""
    if len(items) == 1:
        return type(items[0]) is not list
    seen: list[Any] = []
    for item in items if len(items) <= MAX_ITEMS else ():
        name = item.get("id", item) if type(item) is dict else item  # things that are the same have the same name
        if type(item) is list or name in seen:
            return False
        seen.append(name)
    return bool(seen)


def _has_few_contexts(source: document.JsonObject) -> bool:
    """Return whether a document and its proofs name contexts by their URLs alone, and no more of them than they may."""
    holders = [item for item in (source, *_list(source.get("proof"))) if type(item) is dict and "@context" in item]
    named = [_list(item["@context"]) for item in holders]
    urls = [url for listed in named for url in listed]
    return all(named) and len(urls) <= MAX_CONTEXTS and {str}.issuperset(map(type, urls)) and _REFUSED_IN_CONTEXTS.isdisjoint(urls)


def generic_gate(source: document.JsonObject) -> tuple[Finding, ...]:
    """Return what a generic credential (VC-API) holds that hides data: null, `@included`, `@graph`, `@reverse`, `@index` and the like."""
    return () if is_plain(source) else too_large(source) or _first(_generic(source, ""))


def list_gate(source: document.JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a status list from being read: what the generic gate finds, and any `@context` below the top."""
    findings = generic_gate(source)
    inner = any("@context" in node for node in nodes(without_context(source)))
    return findings or ((_refused("A @context stands inside the document.", ""),) if inner else ())


def without_context(source: document.JsonObject) -> document.JsonObject:
    """Return the document without the `@context` at its top, and without those of its proofs, which must say the same."""
    proofs = source.get("proof")
    bare = [_bare(item) for item in proofs] if isinstance(proofs, list) else _bare(proofs)
    return {key: bare if key == "proof" else value for key, value in source.items() if key != "@context"}


def _bare(proof: object) -> object:
    return {key: value for key, value in proof.items() if key != "@context"} if isinstance(proof, dict) else proof


def too_large(source: document.JsonObject, *, most_parts: int = MAX_NODES, most_contexts: int = MAX_CONTEXTS) -> tuple[Finding, ...]:
    """Return the one finding on a document that would cost too much work; it is looked at no further.

    The limits are on what JSON-LD processing pays for: parts in all, items of one array (PyLD compares each with all before), contexts, and
    the text of those that the document brings along (a prefix is written out wherever it is used).
    """
    parts = list(itertools.islice(_walk(source), most_parts + 1))
    if len(parts) > most_parts:
        return (_refused(f"The document holds more than {most_parts} parts.", ""),)
    if any(len(part) > MAX_ITEMS for part in parts if isinstance(part, list)):
        return (_refused(f"An array in the document has more than {MAX_ITEMS} items.", ""),)
    contexts = [part["@context"] for part in parts if isinstance(part, dict) and "@context" in part]
    named = sum(len(value) if isinstance(value, list) else 1 for value in contexts)
    own = (item for value in contexts for item in _list(value) if isinstance(item, dict))
    if sum(len(word) for item in own for word in _words(item)) > MAX_DEFINITIONS:
        return (_refused(f"The contexts of the document's own are longer than {MAX_DEFINITIONS:,} characters.", ""),)
    return (_refused(f"The document names more than {most_contexts} contexts in all.", ""),) if named > most_contexts else ()


def _first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(itertools.islice(findings, MAX_FINDINGS))


def _refused(detail: str, pointer: str) -> Finding:
    return Finding(detail, pointer, CRYPTOGRAPHIC_SECURITY_ERROR)


def _described_twice(body: document.JsonObject, members: Callable[[dict[str, Any], str], frozenset[str] | None]) -> Iterator[Finding]:
    """Yield the ids whose description is spread over several places.

    A repeated description is fine where it adds nothing to the outermost one (an achievement's creator that is the badge's issuer). An
    outermost one that is but an id is one too: what is said of it belongs there. Two descriptions that differ are fine where each has only
    members of its own class, so that what either says could stand in no other place (an issuer who is also the learner).
    """
    places: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for node, key in _breadth_first(body):
        name = node.get("id")
        if isinstance(name, str):
            places.setdefault(name, []).append((node, key))
    for name, described in places.items():
        first = described[0]
        more = [place for place in described[1:] if not _adds_nothing(place[0], first[0])]
        if more and not _keep_apart([first, *more], members):
            yield _refused(f"{name[:120]} is described in two places that do not say the same.", "")


def _keep_apart(places: list[tuple[dict[str, Any], str]], members: Callable[[dict[str, Any], str], frozenset[str] | None]) -> bool:
    """Return whether no member of any of the places could also stand in another of them."""
    classes = [members(node, key) for node, key in places]
    known = [names - {"id", "type"} for names in classes if names is not None]
    if len(known) < len(places) or any(not set(node) <= names | {"id", "type"} for (node, _), names in zip(places, known, strict=True)):
        return False
    pairs = itertools.combinations(zip(places, known, strict=True), 2)
    return all(
        one.get(name, _ABSENT) == other.get(name, _ABSENT) for ((one, _), first), ((other, _), second) in pairs for name in first & second
    )


def _adds_nothing(node: dict[str, Any], outermost: dict[str, Any]) -> bool:
    """Return whether a description says what the outermost one says too; a type that it had alone could be written there as well."""
    return node is outermost or all(
        _is_like(value, outermost.get(key)) if key == "type" else outermost.get(key) == value for key, value in node.items()
    )


def _is_like(value: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON values
    """Return whether two values are alike, one for an array of one, in whatever order."""
    return all(item in _list(other) for item in _list(value)) and all(item in _list(value) for item in _list(other))


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, list) else [value]


def _breadth_first(value: object) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every object with the name of the member that it stands under, outermost first."""
    level: list[tuple[object, str]] = [(value, "")]
    while level:
        yield from ((node, key) for node, key in level if isinstance(node, dict))
        level = [
            (item, name)
            for node, key in level
            for name, item in (node.items() if isinstance(node, dict) else ((key, item) for item in node) if isinstance(node, list) else ())
        ]


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON value, itself included."""
    return (node for node in _walk(value) if isinstance(node, dict))


def _walk(value: object) -> Iterator[object]:
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _walk(item)


def _object(node: dict[str, Any], pointer: str) -> Iterator[Finding]:
    for key, value in node.items():
        place = below(pointer, key)
        if key.startswith("@") or ":" in key or not key:
            yield _refused(f"The member {key[:80]!r} is not written as Open Badges writes it; keywords and full IRIs can hide data.", place)
        elif key[0].isupper():
            # Some contexts use one IRI for a type and a member: `Criteria` would be another way to write `criteria`.
            yield _refused(f"The member {key[:80]!r} has the name of a type.", place)
        elif key == "type" and not _is_type(value):
            yield _refused("type must be a text, or texts.", place)
        elif key == "id" and not (isinstance(value, str) and jsonld.ABSOLUTE_IRI.fullmatch(value)):
            yield _refused(f"The id {str(value)[:120]!r} is no absolute URL.", place)
        if _CONTROL.search(key):
            yield _refused("A name of a member holds a control character.", place)
        yield from _value(value, place)


def _is_type(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _value(value: object, pointer: str) -> Iterator[Finding]:
    match value:
        case None:
            yield _refused("null is not covered by a signature; leave the member out.", pointer)
        case {} if not value:
            yield _refused("An empty object is not covered by a signature; leave the member out.", pointer)
        case []:
            yield _refused("An empty array is not covered by a signature; leave the member out.", pointer)
        case dict():
            yield from _object(value, pointer)
        case list():
            yield from _array(value, pointer)
        case str() if _CONTROL.search(value):
            yield _refused("A text holds a control character other than tab and line break.", pointer)
        case _:
            return


def _array(items: list[Any], pointer: str) -> Iterator[Finding]:
    names = [_name(item) for item in items]
    for index, item in enumerate(items):
        place = below(pointer, index)
        if isinstance(item, list):
            yield _refused("An array stands directly inside an array.", place)
        if item in items[:index] or names[index] in names[:index]:
            yield _refused("An array holds the same thing twice, which a signature cannot tell from once.", place)
        yield from _value(item, place)


def _name(item: object) -> object:
    """Return what names an item of an array: the id of an object and the text that may stand for it are the same name."""
    return item.get("id", item) if isinstance(item, dict) else item


def _generic(value: object, pointer: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, item in value.items():
            place = below(pointer, key)
            if key == "@context":
                yield from _context(item, place)
                continue
            if key.startswith("@") and key not in _KEYWORDS_OF_GENERIC_CREDENTIALS:
                yield _refused(f"{key[:80]} hides data from readers of the JSON.", place)
                continue
            yield from _generic(item, place)
    elif isinstance(value, list):
        if not value and pointer != _SHOWN:
            yield _refused("An empty array is not covered by a signature; leave the member out.", pointer)
        for index, item in enumerate(value):
            yield from _generic(item, below(pointer, index))
    elif value is None:
        yield _refused("null is not covered by a signature; leave the member out.", pointer)


def _context(value: object, pointer: str) -> Iterator[Finding]:
    """Yield the keywords with which a context of the document's own would hide data under a harmless name."""
    for word in sorted(set(_words(value)) & _REFUSED_IN_CONTEXTS):
        yield _refused(f"{word} in a context of the document's own can hide data from readers of the JSON.", pointer)


def _words(value: object) -> Iterator[str]:
    """Yield every text in a value, the names of members too."""
    for part in _walk(value):
        yield from (word for word in (part if isinstance(part, dict) else (part,)) if isinstance(word, str))
