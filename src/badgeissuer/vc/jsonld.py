"""JSON-LD to RDF with pinned contexts only, in safe mode: what would not be signed is an error.

`expansion` has PyLD expand the document, `rdf` makes the dataset of what that came to. Neither has a safe mode: PyLD tells which members it
dropped, and a walk over the expanded form finds what would be left out without a word (relative identifiers and types, blank predicates,
malformed language tags).

Source: VC-DATA-INTEGRITY#securing-data-losslessly, JSON-LD11-API#deserialize-json-ld-to-rdf-algorithm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from badgeissuer import problem
from badgeissuer.vc import canonical, contexts, effort, expansion, rdf

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

_Place: TypeAlias = tuple[str | int, ...]
_UNSIGNED = "The {what} {value!r} is no absolute IRI and not defined by the document's contexts, so no signature would cover it."

MAX_FINDINGS = 50
"""Faults of one document that are told."""
CHARACTER_COST = 0.0005
"""What each character of the dataset costs (units of `effort`)."""


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
        problem.TooLarge: Its contexts would have to be applied too often.
        problem.Invalid: Part of the document would be left out, a context is not known, or JSON-LD refuses it.
    """
    expanded, dropped = expansion.expand(source, known=known, spend=spend)
    walk = _Walk(expanded[0] if len(expanded) == 1 else {}, dropped)
    walk.items(expanded, ())
    spend(walk.characters * CHARACTER_COST)
    walk.findings += _moved(source, walk.root, walk.others)
    if walk.findings:
        raise problem.Invalid.of(tuple(walk.findings[:MAX_FINDINGS]))
    return rdf.quads(expanded)


class _Walk:
    """What of an expanded document would not reach the dataset as it stands.

    Attributes:
        root: The node that the document is about.
        findings: What was found, no more of it than is told.
        others: The nodes that are the root too, written in another place.
        characters: Of all the IRIs and texts that the dataset will hold.
    """

    def __init__(self, root: dict[str, Any], dropped: list[problem.Finding]) -> None:
        self.root = root
        self.findings = dropped
        self.others: list[dict[str, Any]] = []
        self.characters = 0
        self._name = root.get("@id", root)  # no other node is the one that has no name
        self._sound: set[str] = set()

    def items(self, items: list[Any], place: _Place) -> None:
        """Look at all items of an array."""
        for index, item in enumerate(items):
            if "@value" in item:
                self._value(item, (*place, index))
            else:
                self._node(item, (*place, index))

    def _node(self, node: dict[str, Any], place: _Place) -> None:
        if "@id" in node:
            self._is_sound(node["@id"], "identifier", (*place, "@id"), may_be_blank=True)
            if node["@id"] == self._name and node is not self.root:
                self.others.append(node)
        for key, value in node.items():
            if key[0] != "@":
                if self._is_sound(key, "member", (*place, key)):
                    self.items(value, (*place, key))
            elif key != "@id":
                self._keyword(key, value, (*place, key))

    def _keyword(self, key: str, value: list[Any], place: _Place) -> None:
        if key == "@type":
            for item in value:
                self._is_sound(item, "type", place)
        elif key not in {"@list", "@graph"}:
            self._find(f"{key} hides data from readers of the JSON and is not accepted.", place)
        elif key == "@graph" and any("@value" in item or "@list" in item for item in value):
            self._find("A value that stands in a graph by itself says nothing, so no signature would cover it.", place)
        else:
            self.items(value, place)

    def _value(self, node: dict[str, Any], place: _Place) -> None:
        value, language, datatype = node["@value"], node.get("@language"), node.get("@type")
        if isinstance(value, str):
            self.characters += len(value)
        elif "@direction" in node:
            self._find("An @direction of what is no text is not covered by a signature.", place)
        if language is not None and not _LANGUAGE.fullmatch(language):
            self._find("A language tag is not of the form that BCP 47 describes.", place)
        if "@index" in node:
            self._find("An @index is not covered by a signature.", place)
        if datatype is None or (isinstance(datatype, str) and datatype in self._sound):
            return
        if isinstance(datatype, str) and (datatype == "@json" or ABSOLUTE_IRI.fullmatch(datatype)):
            self._sound.add(datatype)
        else:
            self._find(f"The datatype {datatype!r:.120} is no absolute IRI.", place)

    def _is_sound(self, value: object, what: str, place: _Place, *, may_be_blank: bool = False) -> bool:
        """Return whether a name will stand in the dataset, and note it where it will not."""
        if not isinstance(value, str):
            self._find(_UNSIGNED.format(what=what, value=str(value)[:120]), place)
            return False
        self.characters += len(value)
        if value in self._sound or (may_be_blank and value.startswith("_:")):
            return True
        if value.startswith("_:") or not ABSOLUTE_IRI.fullmatch(value):
            self._find(_UNSIGNED.format(what=what, value=value[:120]), place)
            return False
        self._sound.add(value)
        return True

    def _find(self, detail: str, place: _Place) -> None:
        if len(self.findings) < MAX_FINDINGS:
            pointer = ""
            for step in place:
                pointer = problem.below(pointer, step)
            self.findings.append(problem.Finding(detail, pointer))


def _moved(source: document.JsonObject, root: dict[str, Any], others: list[dict[str, Any]]) -> Iterator[problem.Finding]:
    """Yield the members that readers of the JSON act on and that stand elsewhere, or under another name, than where they look."""
    for name, iri in _ACTED_ON.items():
        value = source.get(name)
        written = len(value) if isinstance(value, list) else 0 if value is None else 1
        if len(root.get(iri, ())) != written or any(iri in node for node in others):
            yield problem.Finding(f"{name} is not written in the one place and under the one name where it is looked for.", f"/{name}")
