"""A credential in an SVG: one element `credential` right under the root, with a JWS in `verify` or with JSON as its text.

A stranger's SVG is read by expat with nothing that could load, repeat or redefine anything: UTF-8 only, no internal DOCTYPE subset (and so
no entities), bounds on size, depth, elements and the length of a namespace, which expat would repeat in every name. Nothing is rendered.

Source: OB-3.0 Baked Badges (SVG), XML-NAMES.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn, TypeAlias
from xml.parsers import expat

from badgeissuer import problem
from badgeissuer.vc import document

MAX_BYTES = 2 * document.MAX_BYTES
MAX_DEPTH = 100
MAX_ELEMENTS = 100_000
MAX_NAMESPACE = 128
"""Characters that the name of a namespace may have."""
PROLOGUE_BYTES = 64 * 1024
"""How far into a file its root element is looked for; drawing programs put licences before it."""

Prefix: TypeAlias = Literal["openbadges", "clr"]
_NAMESPACES: dict[Prefix, str] = {"openbadges": "https://purl.imsglobal.org/ob/v3p0", "clr": "https://purl.imsglobal.org/clr/v2p0"}
# expat refuses a namespace that has a space in its name, so that no other element can have these names.
_BADGES = frozenset(f"{namespace} credential" for namespace in _NAMESPACES.values())
_ROOT = "http://www.w3.org/2000/svg svg"
_FORMS = "it must have either a JWS in its attribute verify or JSON as its text."
_WHITE = " \t\r\n"
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DECLARED = rb"""(?:[^\[<>"']++|"[^"]*+"|'[^']*+')*+"""
_PROLOGUE = rb"""(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[ \t\r\n]%b>)*+""" % _DECLARED
_PREFIX = rb"""(?:[^ \t\r\n/\[<>:!?]++:)?"""
_ELEMENT = rb"""<%bsvg(?=[ \t\r\n/>])""" % _PREFIX
_SUBSET = rb"""<!DOCTYPE[ \t\r\n]++%bsvg(?=[ \t\r\n\[])%b\[""" % (_PREFIX, _DECLARED)
_BEGINNING = re.compile(rb"%b(?:%b|(?P<subset>%b))" % (_PROLOGUE, _ELEMENT, _SUBSET), re.DOTALL)
_TAG = re.compile(rb"""<(?P<name>[^ \t\r\n/>]++)(?:[^"'>/]++|"[^"]*+"|'[^']*+'|/(?!>))*+(?P<close>/?>)""")


def begins(body: bytes) -> bool:
    """Return whether the body begins as an SVG in UTF-8 does, by its first 64 KiB; nothing is parsed."""
    return _BEGINNING.match(body, 0, PROLOGUE_BYTES) is not None


def unbake(image: bytes) -> str:
    """Return the credential of the one badge element, without the white space around it.

    Raises:
        problem.Malformed: The image is no well-formed SVG in UTF-8, or it nests too deep.
        problem.Invalid: It has no badge element, several, or one that is misplaced or holds not exactly one credential; or it has an
            internal DOCTYPE subset or refers to entities.
        problem.TooLarge: The image, or the credential, is too long, or it has too many elements.
    """
    found = _read(image).found
    if not found:
        raise problem.Invalid(f"The SVG carries no badge: it has no element named credential of {' or '.join(_NAMESPACES.values())}.")
    if len(found) > 1:
        raise problem.Invalid(f"The SVG carries {len(found):,} credential elements; there must be exactly one, else readers could differ.")
    return _credential(found[0])


def bake(image: bytes, credential: str, *, prefix: Prefix) -> bytes:
    """Return the image with the credential directly behind the start of its root element.

    A text that begins with `{` is written as JSON, any other as JWS. Badge elements that are there already are left out; every other byte
    is kept.

    Raises:
        problem.Malformed: The image is no well-formed SVG in UTF-8.
        problem.Invalid: It breaks a rule of `unbake` that has nothing to do with badges, or the credential has a character that XML lacks.
        problem.TooLarge: The image is too long or has too many elements.
    """
    if unfit := _NO_XML.search(credential):
        raise problem.Invalid(f"The credential holds the character U+{ord(unfit[0]):04X}, which no SVG can; write it as an escape of JSON.")
    seen = _read(image)
    root = _tag(image, seen.root)
    bound = seen.prefixes.get(prefix)
    declaration = f' xmlns:{prefix}="{_NAMESPACES[prefix]}"'
    # The standard declares the prefix on the root; where the root uses it for something else, the element declares it for itself.
    element = _element(credential, prefix=prefix, declaration=declaration if bound not in {None, _NAMESPACES[prefix]} else "")
    start = image[: root.start("close")] + (declaration.encode() if bound is None else b"") + b">"
    end = b"" if root["close"] == b">" else b"</" + root["name"] + b">"
    return b"".join([start, element.encode(), end, *_without(image, seen.found, start=root.end())])


def _credential(badge: _Badge) -> str:
    if badge.depth != 2:  # noqa: PLR2004 - the root is at 1
        raise problem.Invalid("The credential element of the SVG must stand directly under the svg element.")
    if badge.has_children:
        raise problem.Invalid("The credential element of the SVG holds other elements; JSON must stand in it as text, best as CDATA.")
    text = "".join(badge.text).strip(_WHITE)
    if badge.verify is not None and text:
        raise problem.Invalid(f"The credential element of the SVG has both an attribute verify and a text; {_FORMS}")
    credential = text if badge.verify is None else badge.verify.strip(_WHITE)
    if not credential:
        raise problem.Invalid(f"The credential element of the SVG is empty; {_FORMS}")
    if credential.startswith("{") != (badge.verify is None):
        raise problem.Invalid(f"The credential element of the SVG holds its credential in the wrong form; {_FORMS}")
    if (size := len(credential.encode())) > document.MAX_BYTES:
        raise problem.TooLarge(f"The badge in the SVG has {size:,} bytes; at most {document.MAX_BYTES:,} are read.")
    return credential


def _element(credential: str, *, prefix: Prefix, declaration: str) -> str:
    name = f"{prefix}:credential"
    if not credential.startswith("{"):
        return f'<{name}{declaration} verify="{credential}"></{name}>'
    # CDATA cannot hold its own end, and a bare CR would be read as LF.
    text = credential.replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    return f"<{name}{declaration}><![CDATA[{text}]]></{name}>"


def _without(image: bytes, badges: list[_Badge], *, start: int) -> list[bytes]:
    """Return the pieces of the image from `start` on that are not badges."""
    ends = [start, *(badge.end for badge in badges)]
    starts = [*(badge.start for badge in badges), len(image)]
    return [image[end:start] for end, start in zip(ends, starts, strict=True)]


def _tag(image: bytes, start: int) -> re.Match[bytes]:
    """Return the start tag that expat found at `start`: since it was well-formed, its quotes are balanced."""
    tag = _TAG.match(image, start)
    assert tag is not None  # noqa: S101 - expat read a start tag here
    return tag


@dataclass(slots=True)
class _Badge:
    """A badge element from the byte `start` to the byte before `end`; the root element has the depth 1."""

    start: int
    depth: int
    verify: str | None
    text: list[str] = field(default_factory=list)
    has_children: bool = False
    end: int = 0


def _read(image: bytes) -> _Reader:
    """Return what an SVG holds of badges; every rule that protects the reader itself is applied here."""
    if len(image) > MAX_BYTES:
        raise problem.TooLarge(f"The SVG has {len(image):,} bytes; at most {MAX_BYTES:,} are read.")
    beginning = _BEGINNING.match(image, 0, PROLOGUE_BYTES)
    if beginning is None:
        raise problem.Malformed("The image does not begin as an SVG in UTF-8 does.")
    if beginning["subset"] is not None:  # at once, so that no version of expat or of its binding has to be trusted with entities
        _refuse()
    reader = _Reader(image)
    try:
        feed(reader.parser, image)
    finally:
        del reader.parser  # it and the reader hold each other, and with them the image
    return reader


def guarded() -> expat.XMLParserType:
    """Return a parser of SVG in UTF-8 that loads, repeats and redefines nothing; who uses it sees to depth, elements and namespaces."""
    # Without a dictionary of names: a long namespace in every one of them would fill the memory.
    parser = expat.ParserCreate("UTF-8", " ", None)
    parser.buffer_text = True
    parser.XmlDeclHandler = _declared
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = parser.NotationDeclHandler = parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = _refuse
    return parser


def feed(parser: expat.XMLParserType, image: bytes) -> None:
    """Have a whole SVG parsed.

    Raises:
        problem.Malformed: It is not well-formed.
    """
    try:
        parser.Parse(image, True)
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)} at line {error.lineno}, column {error.offset + 1}"
        raise problem.Malformed(f"The SVG is not well-formed XML: {reason}.") from None


class _Reader:
    """What expat tells of an SVG.

    Attributes:
        parser: The expat parser whose events come here.
        root: The byte at which the root element starts.
        prefixes: The namespaces that the root element declares, by prefix.
        found: The badge elements, in their order; one within another is no badge of its own.
    """

    def __init__(self, image: bytes) -> None:
        self.root = 0
        self.prefixes: dict[str | None, str | None] = {}
        self.found: list[_Badge] = []
        self._image = image
        self._depth = 0
        self._elements = 0
        self._open: _Badge | None = None
        self.parser = parser = guarded()
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _namespace(self, prefix: str | None, namespace: str | None) -> None:
        if len(namespace or "") > MAX_NAMESPACE:
            raise problem.TooLarge(f"The SVG has a namespace whose name is longer than {MAX_NAMESPACE} characters.")
        if self._depth == 0:
            self.prefixes[prefix] = namespace

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise problem.Malformed(f"The SVG nests deeper than {MAX_DEPTH} levels.")
        if self._elements > MAX_ELEMENTS:
            raise problem.TooLarge(f"The SVG has more than {MAX_ELEMENTS:,} elements.")
        if self._depth == 1:
            self._begin(name)
        if self._open is not None:
            self._open.has_children = True
        elif name in _BADGES:
            self._open = _Badge(self.parser.CurrentByteIndex, self._depth, attributes.get("verify"))
            self.found.append(self._open)
            self.parser.CharacterDataHandler = self._open.text.append

    def _begin(self, name: str) -> None:
        if name != _ROOT:
            raise problem.Invalid("The root element of the image is not svg of the namespace http://www.w3.org/2000/svg.")
        self.root = self.parser.CurrentByteIndex

    def _end(self, _name: str) -> None:
        if self._open is not None and self._open.depth == self._depth:
            tag = _tag(self._image, self._open.start)
            end = self.parser.CurrentByteIndex  # of the end tag, or behind an element that has none
            self._open.end = end if tag["close"] == b"/>" else self._image.index(b">", end) + 1
            self._open = None
            self.parser.CharacterDataHandler = None
        self._depth -= 1


def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
    if (encoding or "utf-8").lower() != "utf-8":
        raise problem.Invalid("The SVG declares another encoding than UTF-8; save it as UTF-8.")


def _doctype(_name: str, _system: str | None, _public: str | None, has_internal_subset: bool) -> None:  # noqa: FBT001 - expat's signature
    if has_internal_subset:
        _refuse()


def _refuse(*_: object) -> NoReturn:
    raise problem.Invalid("The SVG declares or uses entities of its own, which is not allowed in a badge; save it without them.")
