"""JSON-LD to RDF with pinned contexts only, in safe mode: what would not be signed is an error.

PyLD does the expansion. It has no safe mode, so this module watches it: a hook for dropped members, and a walk over the expanded form for
what PyLD later leaves out without a word (relative identifiers and types, blank predicates, malformed language tags). Its caches are not
safe for threads and its default loader may reach the network: one lock, a cache and a loader of our own.

Source: VC-DATA-INTEGRITY#securing-data-losslessly, JSON-LD11-API#deserialize-json-ld-to-rdf-algorithm.
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache
from pyld import jsonld
from pyld.context_resolver import ContextResolver

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, effort

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc import document

ABSOLUTE_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`\x7f-\x9f\s]+")
"""An absolute IRI that N-Quads can write: a scheme, and no space, control or delimiter (RFC 3987, RDF11-CONCEPTS#section-IRIs)."""
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")

_CREDENTIALS = "https://www.w3.org/2018/credentials#"
_ACTED_ON = {
    name: _CREDENTIALS + name
    for name in (
        "issuer",
        "credentialSubject",
        "validFrom",
        "validUntil",
        "issuanceDate",
        "expirationDate",
        "credentialStatus",
        "credentialSchema",
        "refreshService",
        "holder",
    )
}
"""What a verifier reads from the top of the JSON: a member of that name there, and nothing else, may say it in the graph."""

MAX_FINDINGS = 50
"""Faults of one document that are told."""
CONTEXT_COST, TERM_COST = 0.06, 0.4
"""What it costs to apply a context, for each of its parts, and to define one of its words; many are applied again at every place."""
_LOCK = threading.Lock()
_CACHES: LRUCache[frozenset[tuple[str, str]], LRUCache[str, Any]] = LRUCache(maxsize=8)


def to_quads(
    source: document.JsonObject, *, known: Mapping[str, contexts.Context] = contexts.PINNED, spend: effort.Spend = effort.free
) -> list[canonical.Quad]:
    """Return the RDF dataset of a JSON-LD document.

    Args:
        source: The document; it is not changed.
        known: The contexts that it may name.
        spend: Pays for the work out of what the whole verification may cost.

    Raises:
        report.Undecided: There is no more to be spent.
        problem.Invalid: Part of the document would be left out, a context is not known, or JSON-LD refuses it.
    """
    processor = _Watcher(spend)
    spend(_cost(source))
    with _LOCK:
        try:
            dataset = processor.to_rdf(source, _options(known))
        except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise _refusal(error) from None
    faults = itertools.chain(processor.dropped, _unsigned(processor.expanded, ""), _moved(source, processor.expanded))
    findings = tuple(itertools.islice(faults, MAX_FINDINGS))
    if findings:
        raise problem.Invalid.of(findings)
    return [_quad(triple, graph) for graph, triples in dataset.items() for triple in triples]


class _Watcher(jsonld.JsonLdProcessor):  # type: ignore[misc]  # PyLD has no types
    """PyLD's processor, which keeps what it expanded and what it dropped."""

    def __init__(self, spend: effort.Spend) -> None:
        self._spend = spend
        self.dropped: list[problem.Finding] = []
        self.expanded: list[Any] = []
        super().__init__(on_property_dropped=self._drop)

    def _drop(self, name: object) -> None:
        self.dropped.append(
            problem.Finding(f"The member {str(name)[:120]!r} is not defined by the document's contexts, so no signature would cover it.")
        )

    def expand(self, input_: Any, options: Any) -> list[Any]:  # noqa: ANN401 - the signature is PyLD's
        self.expanded = super().expand(input_, options)
        return self.expanded

    def _process_context(self, active_ctx: Any, local_ctx: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        self._spend(1 + _parts(local_ctx) * CONTEXT_COST)
        return super()._process_context(active_ctx, local_ctx, *arguments, **options)

    def _create_term_definition(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as above
        self._spend(TERM_COST)
        super()._create_term_definition(*arguments, **options)


def _parts(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Return how many parts a value has; PyLD writes a context out as text each time that it applies it."""
    if isinstance(value, dict):
        return 1 + sum(map(_parts, value.values()))
    return 1 + sum(map(_parts, value)) if isinstance(value, list) else 1


def _cost(value: Any) -> float:  # noqa: ANN401 - any JSON value
    """Return what expanding a document costs: each part, and each item of an array once more for those before it."""
    if isinstance(value, dict):
        return 1 + sum(map(_cost, value.values()))
    return 1 + len(value) ** 2 / 64 + sum(map(_cost, value)) if isinstance(value, list) else 1


def _options(known: Mapping[str, contexts.Context]) -> dict[str, Any]:
    def load(url: str, _options: object) -> dict[str, Any]:
        # The tag lets PyLD keep the resolved context, in the cache of this set of contexts and in no other.
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "tag": "static"} | {
            "document": contexts.lookup(url, known)
        }

    # By digest and not by identity: two sets of contexts never share what was made of them.
    cache = _CACHES.setdefault(frozenset((url, context.sha256) for url, context in known.items()), LRUCache(maxsize=64))
    return {
        "base": None,
        "documentLoader": load,
        "contextResolver": ContextResolver(cache, load),
        "processingMode": "json-ld-1.1",
        "rdfDirection": "i18n-datatype",
    }


def _refusal(error: BaseException | None) -> problem.Invalid:
    """Name the reason; the text of PyLD's own errors holds whole contexts and is never shown."""
    causes, cause = [], error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__
    ours = next((cause for cause in causes if isinstance(cause, problem.Invalid)), None)
    code = next((cause.code for cause in causes if isinstance(cause, jsonld.JsonLdError) and cause.code), "it cannot be expanded")
    return ours or problem.Invalid(f"The document is not valid JSON-LD: {code}.")


def _unsigned(node: Any, pointer: str) -> Iterator[problem.Finding]:  # noqa: ANN401 - an expanded document: arrays and objects
    """Yield what of an expanded document would not reach the dataset as it stands."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _unsigned(item, problem.below(pointer, index))
    elif "@value" in node:
        yield from _unsigned_value(node, pointer)
    else:
        for key, value in node.items():
            yield from _unsigned_member(key, value, pointer=problem.below(pointer, key))


def _unsigned_value(node: dict[str, Any], pointer: str) -> Iterator[problem.Finding]:
    language = node.get("@language")
    if language is not None and not _LANGUAGE.fullmatch(language):
        yield problem.Finding("A language tag is not of the form that BCP 47 describes.", pointer)
    if "@index" in node:
        yield problem.Finding("An @index is not covered by a signature.", pointer)
    datatype = node.get("@type")
    if datatype not in {None, "@json"} and not ABSOLUTE_IRI.fullmatch(datatype):
        yield problem.Finding(f"The datatype {datatype!r:.120} is no absolute IRI.", pointer)


def _unsigned_member(key: str, value: Any, *, pointer: str) -> Iterator[problem.Finding]:  # noqa: ANN401 - any JSON value
    match key:
        case "@id":
            yield from _unsigned_iri(value, "identifier", pointer=pointer, blank=True)
        case "@type":
            for item in value:
                yield from _unsigned_iri(item, "type", pointer=pointer, blank=False)
        case "@list" | "@set" | "@graph":
            yield from _unsigned(value, pointer)
        case _ if key.startswith("@"):
            yield problem.Finding(f"{key} hides data from readers of the JSON and is not accepted.", pointer)
        case _:
            yield from _unsigned_iri(key, "member", pointer=pointer, blank=False)
            yield from _unsigned(value, pointer)


def _unsigned_iri(value: object, what: str, *, pointer: str, blank: bool) -> Iterator[problem.Finding]:
    if blank and isinstance(value, str) and value.startswith("_:"):
        return
    if not isinstance(value, str) or value.startswith("_:") or not ABSOLUTE_IRI.fullmatch(value):
        shown = f"The {what} {str(value)[:120]!r} is"
        yield problem.Finding(
            f"{shown} no absolute IRI and not defined by the document's contexts, so no signature would cover it.", pointer
        )


def _moved(source: document.JsonObject, expanded: list[Any]) -> Iterator[problem.Finding]:
    """Yield the members that readers of the JSON act on and that stand elsewhere, or under another name, than where they look."""
    root = expanded[0] if len(expanded) == 1 else {}
    others = list(_same_node(expanded, root))
    for name, iri in _ACTED_ON.items():
        value = source.get(name)
        written = len(value) if isinstance(value, list) else 0 if value is None else 1
        if len(root.get(iri, ())) != written or any(iri in node for node in others):
            yield problem.Finding(f"{name} is not written in the one place and under the one name where it is looked for.", f"/{name}")


def _same_node(value: object, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value is not root and "@id" in value and value["@id"] == root.get("@id"):
            yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _same_node(item, root)


def _quad(triple: dict[str, Any], graph: str) -> canonical.Quad:
    return canonical.Quad(
        _term(triple["subject"]),
        _term(triple["predicate"]),
        _term(triple["object"]),
        "" if graph == "@default" else graph if graph.startswith("_:") else f"<{graph}>",
    )


def _term(term: dict[str, str]) -> str:
    value = term["value"]
    match term["type"]:
        case "IRI":
            return f"<{value}>"
        case "blank node":
            return value
        case _:
            return canonical.literal(value, datatype=term.get("datatype", ""), language=term.get("language", ""))
