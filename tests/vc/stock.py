"""PyLD as it comes: what we make of a document must be what it makes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pyld.jsonld
from cachetools import LRUCache
from pyld.context_resolver import ContextResolver

from badgeissuer.vc import canonical, contexts
from badgeissuer.vc.document import JsonObject


def options(known: Mapping[str, contexts.Context] = contexts.PINNED) -> dict[str, Any]:
    """Return what PyLD has to be told; nothing is kept from one call to the next."""

    def load(url: str, _options: object) -> JsonObject:
        return {"contentType": "", "contextUrl": None, "documentUrl": url, "document": contexts.lookup(url, known)}

    return {
        "base": None,
        "contextResolver": ContextResolver(LRUCache(maxsize=100), load),
        "documentLoader": load,
        "rdfDirection": "i18n-datatype",
    }


def canonical_by_pyld(source: JsonObject, known: Mapping[str, contexts.Context] = contexts.PINNED) -> str:
    """Return the canonical form, all of it made by PyLD."""
    wanted = {"algorithm": "URDNA2015", "format": "application/n-quads"}
    return str(pyld.jsonld.normalize(copy.deepcopy(source), options(known) | wanted))


def canonical_form(source: JsonObject, known: Mapping[str, contexts.Context] = contexts.PINNED) -> str:
    """Return the canonical form of PyLD's dataset; by our RDFC-1.0, since PyLD does not escape control characters as it says."""
    return of_dataset(pyld.jsonld.to_rdf(copy.deepcopy(source), options(known)))


def of_dataset(dataset: Mapping[str, list[Any]]) -> str:
    """Return the canonical form of a dataset of PyLD's."""
    return canonical.canonicalize([_quad(triple, graph) for graph, triples in dataset.items() for triple in triples])


def _quad(triple: dict[str, Any], graph: str) -> canonical.Quad:
    subject, predicate, term = (_term(triple[name]) for name in ("subject", "predicate", "object"))
    return canonical.Quad(subject, predicate, term, "" if graph == "@default" else graph if graph.startswith("_:") else f"<{graph}>")


def _term(term: dict[str, str]) -> str:
    if term["type"] != "literal":
        return f"<{term['value']}>" if term["type"] == "IRI" else term["value"]
    return canonical.literal(term["value"], datatype=term["datatype"], language=term.get("language", ""))
