"""JSON-LD expansion by PyLD, with pinned contexts only, and with what was made of them kept.

PyLD applies a type-scoped context anew at each place where the type stands, some 200 definitions in an ordinary badge, and writes each
context out as text to look it up. Here the active context that a context leads to is kept, by the active context that it was applied to.
What only pinned contexts had a part in is kept for every document that may name the same ones; what a document's own context had a part in,
for that document. PyLD writes an imported context into the one that it was loaded as, so whoever imports gets copies.

PyLD's caches are not safe for threads and its default loader may reach the network: one lock, a resolver and a loader of our own.

Source: JSON-LD11-API#context-processing-algorithm, JSON-LD11-API#expansion-algorithm.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache
from pyld import jsonld
from pyld.context_resolver import ContextResolver
from pyld.resolved_context import ResolvedContext

from badgeissuer import problem
from badgeissuer.vc import contexts, effort

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from badgeissuer.vc import document

MAX_SETS = 8
"""Sets of known contexts whose active contexts are kept."""
MAX_KEPT = 256
"""Active contexts that are kept of one set: a badge needs about twenty."""
CONTEXT_COST, TERM_COST, MAPPING_COST = 0.8, 0.3, 0.002
"""What applying a context costs, each term that it defines, and each term that was defined before and is copied (units of `effort`)."""
PART_COST = 0.4
"""What each value of a document costs to expand."""
MAX_COST = 1500
"""What applying contexts may cost in one document; the richest of the samples costs a tenth, where nothing is kept yet."""
MAX_CHARACTERS = 2**23
"""Characters of all IRIs that expansion comes to, one after the other: a short word can stand for a long one."""
_KEYWORDS = frozenset(jsonld.KEYWORDS)
_UNKNOWN = object()
_HAS_AUTHORITY = re.compile(r"[^@:][^:]*://").match
"""What no prefix changes."""
_LOCK = threading.Lock()
_TOO_MUCH = "The contexts of the document would have to be applied too often, or define words that are too long."


class _Pinned(dict[str, Any]):
    """An object of a pinned context; no document can hold one."""


class _Active(dict[str, Any]):
    """An active context; `is_pinned` where only pinned contexts led to it."""

    __slots__ = ("is_pinned",)

    def __init__(self, content: Mapping[str, Any], *, is_pinned: bool) -> None:
        super().__init__(content)
        self.is_pinned = is_pinned


_Kept = tuple[_Active, object, object]
"""An active context, and what it was made of: as long as these are held, no other objects have their identity."""


class _Store:
    """What is kept for one set of known contexts."""

    def __init__(self, known: Mapping[str, contexts.Context]) -> None:
        self.contents = {url: _frozen(context.content) for url, context in known.items()}
        # What an import or a propagation of a pinned context does to those beside it is left to PyLD.
        self.shares = not _surveyed(list(self.contents.values()), {"@import", "@propagate"})[1]
        self.applied: LRUCache[object, _Kept] = LRUCache(maxsize=MAX_KEPT)
        self.initial = _Active({"_uuid": "initial", "processingMode": "json-ld-1.1", "mappings": {}}, is_pinned=True)


_STORES: LRUCache[frozenset[tuple[str, str]], _Store] = LRUCache(maxsize=MAX_SETS)


def expand(
    source: document.JsonObject, *, known: Mapping[str, contexts.Context], spend: effort.Spend
) -> tuple[list[Any], list[problem.Finding]]:
    """Return the expanded form of a document, and what expansion dropped from it. The form shares `@json` values with the document.

    Raises:
        report.Undecided: There is no more to be spent.
        problem.TooLarge: Its contexts would have to be applied too often.
        problem.Invalid: A context is not known, or JSON-LD refuses the document.
    """
    parts, imports = _surveyed(source, {"@import"})
    spend(parts * PART_COST)
    # By digest and not by identity: two sets of contexts never share what was made of them.
    key = frozenset((url, context.sha256) for url, context in known.items())
    with _LOCK:
        store = _STORES.get(key)
        if store is None:
            store = _STORES[key] = _Store(known)
        processor = _Processor(store, known, shares=store.shares and not imports, spend=spend)
        try:
            return processor.expanded(source), processor.dropped
        except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise _refusal(error) from None


class _Resolver(ContextResolver):  # type: ignore[misc]  # PyLD has no types
    """Finds contexts, charges for applying them, and keeps none: PyLD's own looks them up by their text."""

    def __init__(self, shared: Mapping[str, Any], known: Mapping[str, contexts.Context], spend: effort.Spend) -> None:
        super().__init__({}, self._load)
        self._shared = shared
        self._known = known
        self._spend = spend

    def resolve(self, active_ctx: Any, context: Any, base: Any, cycles: Any = None) -> list[ResolvedContext]:  # noqa: ANN401 - the signature is PyLD's
        if isinstance(context, dict) and "@context" in context:
            context = context["@context"]
        found: list[ResolvedContext] = []
        for part in context if isinstance(context, list) else [context]:
            if isinstance(part, dict):
                self._spend(CONTEXT_COST + len(part) * TERM_COST + len(active_ctx["mappings"]) * MAPPING_COST)
                found.append(ResolvedContext(part))
            else:
                found += super().resolve(active_ctx, [part], base, cycles)
        return found

    def _get(self, key: str) -> None:
        """Find nothing: an imported context was changed by the import."""

    def _load(self, url: str, _options: object) -> dict[str, Any]:
        found = self._shared[url] if url in self._shared else contexts.lookup(url, self._known)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": found}


class _Processor(jsonld.JsonLdProcessor):  # type: ignore[misc]  # PyLD has no types
    """PyLD's processor for one document."""

    def __init__(self, store: _Store, known: Mapping[str, contexts.Context], *, shares: bool, spend: effort.Spend) -> None:
        self.dropped: list[problem.Finding] = []
        self._store = store
        self._shared = store.contents if shares else {}
        self._own: dict[object, _Kept] = {}
        self._is_pinned = False
        self._pay = spend
        self._left = float(MAX_COST)
        self._characters = MAX_CHARACTERS
        self._resolver = _Resolver(self._shared, known, self._spend)
        super().__init__(on_property_dropped=self._drop)

    def expanded(self, source: document.JsonObject) -> list[Any]:
        """Return what PyLD's `expand` does (JSON-LD11-API#dom-jsonldprocessor-expand), but of the document and not of a copy."""
        options = {
            "base": None,
            "contextResolver": self._resolver,
            "isFrame": False,
            "keepFreeFloatingNodes": False,
            "processingMode": "json-ld-1.1",
        }
        found = self._expand(self._store.initial, None, source, options, inside_list=False)
        if isinstance(found, dict) and found.keys() == {"@graph"}:
            found = found["@graph"]
        return [] if found is None else found if isinstance(found, list) else [found]

    def _drop(self, name: object) -> None:
        self.dropped.append(
            problem.Finding(f"The member {str(name)[:120]!r} is not defined by the document's contexts, so no signature would cover it.")
        )

    def _spend(self, units: float) -> None:
        self._pay(units)
        self._left -= units
        if self._left < 0:
            raise problem.TooLarge(_TOO_MUCH)

    def _get_initial_context(self, options: Any) -> _Active:  # noqa: ANN401, ARG002 - the signature is PyLD's
        return self._store.initial

    def _process_context(
        self,
        active_ctx: Any,  # noqa: ANN401
        local_ctx: Any,  # noqa: ANN401
        options: Any,  # noqa: ANN401
        override_protected: bool = False,  # noqa: FBT001, FBT002
        propagate: bool = True,  # noqa: FBT001, FBT002
        validate_scoped: bool = True,  # noqa: FBT001, FBT002
        cycles: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if cycles is not None:  # the scoped context of a term is tried as soon as the term is defined; pinned ones are known to be good
            if self._is_pinned or type(local_ctx) is _Pinned:
                return active_ctx
            return super()._process_context(active_ctx, local_ctx, options, override_protected, propagate, validate_scoped, cycles)
        if type(local_ctx) is list and local_ctx and all(map(self._stands_alone, local_ctx)):
            for part in local_ctx:
                active_ctx = self._applied(active_ctx, part, options, (override_protected, propagate))
            return active_ctx
        return self._applied(active_ctx, local_ctx, options, (override_protected, propagate))

    def _stands_alone(self, context: object) -> bool:
        """Return whether a context of several does the same where it is applied by itself."""
        if isinstance(context, str):
            return context in self._shared
        return isinstance(context, dict) and context.keys().isdisjoint({"@context", "@import", "@propagate"})

    def _applied(self, active: _Active, local: Any, options: Any, flags: tuple[bool, bool]) -> _Active:  # noqa: ANN401 - any context
        """Return the active context that a context leads to, as it was kept or as PyLD makes it."""
        is_pinned = active.is_pinned and (local in self._shared if type(local) is str else local is False or type(local) is _Pinned)
        kept: MutableMapping[object, _Kept] = self._store.applied if is_pinned else self._own
        key = (id(active), local if type(local) is str else id(local), flags)
        found = kept.get(key)
        if found is None:
            before, self._is_pinned = self._is_pinned, is_pinned
            try:
                made = super()._process_context(active, local, options, *flags)
            finally:
                self._is_pinned = before
            if not isinstance(made, _Active):
                made = _Active(made, is_pinned=is_pinned)
            found = kept[key] = (made, active, local)
        return found[0]

    def _expand_iri(
        self,
        active_ctx: Any,  # noqa: ANN401
        value: Any,  # noqa: ANN401
        base: Any = None,  # noqa: ANN401
        vocab: Any = False,  # noqa: ANN401, FBT002
        local_ctx: Any = None,  # noqa: ANN401
        defined: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if type(value) is not str or value in _KEYWORDS:
            return value
        mapping: Any = active_ctx["mappings"].get(value, _UNKNOWN) if vocab and local_ctx is None else _UNKNOWN
        if mapping is _UNKNOWN and local_ctx is None and _HAS_AUTHORITY(value):
            found = value
        elif mapping is _UNKNOWN:
            found = super()._expand_iri(active_ctx, value, base, vocab, local_ctx, defined)
        else:
            found = mapping and mapping["@id"]
        self._characters -= len(found or "")
        if self._characters < 0:
            raise problem.TooLarge(_TOO_MUCH)
        return found


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a copy whose objects are known as those of a pinned context."""
    if isinstance(value, dict):
        return _Pinned((key, _frozen(item)) for key, item in value.items())
    return [_frozen(item) for item in value] if isinstance(value, list) else value


def _surveyed(value: Any, names: set[str]) -> tuple[int, bool]:  # noqa: ANN401 - any JSON value
    """Return how many values a value is made of, and whether an object in it has a member of one of the names."""
    count, is_found, waiting = 0, False, [value]
    while waiting:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            is_found = is_found or not names.isdisjoint(value)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return count, is_found


def _refusal(error: BaseException | None) -> problem.Problem:
    """Name the reason; the text of PyLD's own errors holds whole contexts and is never shown."""
    causes, cause = [], error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__
    ours = next((cause for cause in causes if isinstance(cause, problem.Problem)), None)
    code = next((cause.code for cause in causes if isinstance(cause, jsonld.JsonLdError) and cause.code), "it cannot be expanded")
    return ours or problem.Invalid(f"The document is not valid JSON-LD: {code}.")
