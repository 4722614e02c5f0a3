"""An SVG that does nothing but show: looked through before it may stand in a badge.

Elements of SVG are let through by a list. What runs, moves, links, loads or embeds is refused, wherever it stands and whichever namespace
it is in, and so is what would be drawn without end: what is used again and again counts as often as it is drawn.
Nothing is mended: what is refused is named, and the author saves the drawing without it.

Source: SVG 2 chapters 5 (`use`), 6 (styling), 15 (scripting), 16 (linking).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from badgeissuer import problem
from badgeissuer.openbadges import filtering, stylesheet, svg

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 64
MAX_ELEMENTS = 10_000
MAX_DRAWN = 50_000
"""Elements that are drawn, where what is used again counts again."""
FILTER = 1_000
"""As many elements a filter counts each time that something is shown with it, whatever it holds: some fifty uses are let through."""
MAX_PIXELS = 2048 * 2048
"""Of all PNGs in an SVG."""

SVG = "http://www.w3.org/2000/svg"
_XML = "http://www.w3.org/XML/1998/namespace"
_ACTIVE = "http://www.w3.org/"
"""Namespaces of which browsers know elements; what drawing programs add has others, but for RDF."""
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_SHOWN = frozenset({
    "circle", "clipPath", "defs", "desc", "ellipse", "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite",
    "feConvolveMatrix", "feDiffuseLighting", "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB",
    "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight",
    "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence", "filter", "g", "image", "line", "linearGradient", "marker",
    "mask", "metadata", "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "stop", "style", "svg", "switch",
    "symbol", "text", "textPath", "title", "tspan", "use", "view",
})  # fmt: skip
_REFUSED = {
    "script": "a script",
    "handler": "a script",
    "listener": "a script",
    "foreignobject": "a foreignObject element, in which anything could stand",
    "iframe": "a frame",
    "frame": "a frame",
    "object": "an embedded object",
    "embed": "an embedded object",
    "applet": "an embedded object",
    "video": "a video",
    "audio": "a sound",
    "canvas": "a canvas",
    "animate": "an animation",
    "animatecolor": "an animation",
    "animatemotion": "an animation",
    "animatetransform": "an animation",
    "set": "an animation",
    "discard": "an animation",
    "a": "a link",
    "feimage": "a picture in a filter",
    "tref": "a reference to a text elsewhere",
    "font-face-uri": "a font from elsewhere",
    "link": "a style sheet from elsewhere",
    "base": "another base for its addresses",
    "meta": "a meta element",
    "form": "a form",
    "html": "HTML",
    "math": "mathematics, which is no drawing",
}
"""Local name in small letters → what is said of it, in whichever namespace it is: as HTML the namespaces would not be seen."""
_FOREIGN_REFUSED = frozenset({"style", "image", "img", "use", "svg", "input", "button", "template"})
_FREE = ("data-", "aria-")
"""What names of attributes begin with whose values are read by nobody as a style or an address."""

_DOCTYPE = re.compile(
    rb"""<!DOCTYPE\s+svg\s+PUBLIC\s+(["'])-//W3C//DTD SVG (?:1\.0|1\.1|20010904)//EN\1"""
    rb"""\s+(["'])https?://www\.w3\.org/[\w./-]{1,80}\.dtd\2\s*>"""
)
"""That of SVG 1.0 and 1.1, as programs write it: nobody loads anything for it."""
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


@dataclass(slots=True)
class _Element:
    """An element: what is in it, and what it refers to.

    Attributes:
        name: Its local name.
        is_svg: Whether it is one of SVG.
        size: How many elements it is, with those in it.
        inside: Those right in it.
        refers: Names of elements that it shows besides.
        hands_on: Names of those with which everything in it is painted.
    """

    name: str
    is_svg: bool
    size: int = 1
    inside: list[_Element] = field(default_factory=list)
    refers: list[str] = field(default_factory=list)
    hands_on: list[str] = field(default_factory=list)


def check(image: bytes, *, embedded: Callable[[str], int]) -> None:
    """Raise a `problem.Problem` that names what an SVG must not hold.

    Args:
        image: The SVG.
        embedded: Returns the number of pixels of a data URI within it, or raises why it must not be there.

    Raises:
        problem.Malformed: It is no well-formed SVG in UTF-8.
        problem.Invalid: It holds what does more than show.
        problem.TooLarge: It is too large, nests too deep, or draws too much.
    """
    if not svg.begins(image):
        raise problem.Malformed("The picture does not begin as an SVG in UTF-8 without entities of its own does.")
    if _DECLARED.search(_DOCTYPE.sub(b" ", image, count=1)):
        raise problem.Invalid("The SVG has a DOCTYPE that is not that of SVG 1.0 or 1.1, or entities. Save it without.")
    reader = _Reader(embedded)
    try:
        svg.feed(reader.parser, image)
    finally:
        del reader.parser  # it and the reader hold each other
    reader.finish()


class _Reader:
    """What stands in an SVG, refused as soon as it is met."""

    def __init__(self, embedded: Callable[[str], int]) -> None:
        self._embedded = embedded
        self._open: list[_Element] = []
        self._root: _Element | None = None
        self._elements = 0
        self._references = 0
        self._pixels = 0
        self._known: dict[str, list[_Element]] = defaultdict(list)
        """By what a style or a reference may call them: `*`, `name`, `.class`, `#id`."""
        self._sheets: list[list[str]] = []
        self.parser = parser = svg.guarded()
        parser.ProcessingInstructionHandler = _instruction
        parser.StartNamespaceDeclHandler = _namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, full: str, attributes: dict[str, str]) -> None:
        namespace, _, local = full.rpartition(" ")
        self._elements += 1
        if len(self._open) == MAX_DEPTH:
            raise problem.TooLarge(f"The SVG nests deeper than {MAX_DEPTH} levels.")
        if self._elements > MAX_ELEMENTS:
            raise problem.TooLarge(f"The SVG has more than {MAX_ELEMENTS:,} elements.")
        if not self._open and full != f"{SVG} svg":
            raise problem.Invalid(f"The root element of the picture is not svg of the namespace {SVG}.")
        if self._open and self._open[-1].name == "style":
            stylesheet.refuse("an element within a style")
        _element(namespace, local)
        filtering.check(local, attributes)
        element = _Element(local, namespace == SVG)
        if local == "style":
            self._sheets.append([])
        for name in ("*", local):
            self._known[name].append(element)
        for name, value in attributes.items():
            self._attribute(element, name, value)
        if self._open:
            self._open[-1].inside.append(element)
        self._open.append(element)

    def _end(self, _full: str) -> None:
        self._root = element = self._open.pop()
        element.size += sum(child.size for child in element.inside)
        if element.name == "filter" and element.size - 1 > filtering.MAX_PARTS:
            raise problem.TooLarge(f"The SVG has a filter of more than {filtering.MAX_PARTS} elements.")

    def _text(self, text: str) -> None:
        if self._open[-1].name == "style":
            self._sheets[-1].append(text)

    def _attribute(self, element: _Element, full: str, value: str) -> None:
        namespace, _, name = full.rpartition(" ")
        if name.lower().startswith("on") and (not namespace or namespace.startswith(_ACTIVE)):
            stylesheet.refuse(f"an event handler ({name[:40]})")
        if full == f"{_XML} base":
            stylesheet.refuse("another base for its addresses (xml:base)")
        if name.lower() in {"href", "src"}:
            self._address(element, value)
        elif name == "id":
            self._known[f"#{value}"].append(element)
        elif name == "class":
            for one in value.split():
                self._known[f".{one}"].append(element)
        elif element.is_svg and not namespace and not name.startswith(_FREE):
            self._refer(element, stylesheet.references(value, name))

    def _address(self, element: _Element, value: str) -> None:
        address = value.strip()
        if element.name == "image" and address[:5].lower() == "data:":
            self._pixels += self._embedded(address)
            if self._pixels > MAX_PIXELS:
                raise problem.TooLarge(f"The pictures in the SVG have more than {MAX_PIXELS:,} pixels together.")
            return
        if "".join(address.split()).lower().startswith("javascript:"):
            stylesheet.refuse("an address that is a script (javascript:)")
        if not address.startswith("#"):
            stylesheet.refuse("an address elsewhere (href), or data that is no PNG")
        self._refer(element, stylesheet.References([address[1:]], []))

    def _refer(self, element: _Element, found: stylesheet.References) -> None:
        element.refers += map(_fragment, found.own)
        element.hands_on += map(_fragment, found.handed_on)
        self._references += len(found.own) + len(found.handed_on)
        if self._references > MAX_DRAWN:
            raise problem.TooLarge(f"The SVG refers to its own elements more than {MAX_DRAWN:,} times.")

    def finish(self) -> None:
        """Look at the style sheets, and at how much is drawn."""
        for sheet in self._sheets:
            for names, found in stylesheet.rules("".join(sheet)):
                for name in names:
                    for element in self._known.get(name, ()):
                        self._refer(element, found)
        assert self._root is not None  # noqa: S101 - what expat takes has a root
        self._drawn(self._root, {}, 0)

    def _drawn(self, top: _Element, counts: dict[str, int], depth: int) -> int:
        """Return how many elements are drawn for one, where what is referred to counts each time."""
        if depth > MAX_DEPTH:
            raise problem.Invalid("The SVG refers in circles, or through too many steps.")
        count, left = FILTER if top.name == "filter" else 0, [top]
        while left:
            element = left.pop()
            left += element.inside
            count += 1
            for names, times in ((element.refers, 1), (element.hands_on, element.size)):
                for name in names:
                    if name not in counts:
                        counts[name] = sum(self._drawn(one, counts, depth + 1) for one in self._known.get(f"#{name}", ()))
                    count += counts[name] * times
            if count > MAX_DRAWN:
                raise problem.TooLarge(
                    f"The SVG draws more than {MAX_DRAWN:,} elements, since it uses some of them again and again; "
                    f"a filter counts as {FILTER:,} wherever it is used."
                )
        return count


def _element(namespace: str, local: str) -> None:
    said = _REFUSED.get(local.lower())
    if said:
        stylesheet.refuse(said)
    if namespace == SVG:
        if local not in _SHOWN:
            raise problem.Invalid(f"The SVG holds the element {local[:40]}, which is not let through. Save it as plain SVG.")
    elif local.lower() in _FOREIGN_REFUSED or (namespace.startswith(_ACTIVE) and namespace != _RDF):
        stylesheet.refuse(f"the element {local[:40]} of another language than SVG")


def _fragment(name: str) -> str:
    """Return the id that a browser looks for: addresses lose their line breaks and tabs, and percent signs are decoded."""
    return unquote(name.translate({9: None, 10: None, 13: None}))


def _instruction(*_: object) -> None:
    raise problem.Invalid("The SVG holds a processing instruction, such as one that names a style sheet. Save it without.")


def _namespace(_prefix: str | None, namespace: str | None) -> None:
    if len(namespace or "") > svg.MAX_NAMESPACE:
        raise problem.TooLarge(f"The SVG has a namespace whose name is longer than {svg.MAX_NAMESPACE} characters.")
