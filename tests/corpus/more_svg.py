"""Badges in SVG pictures: one element of the right namespace, and no XML that loads, repeats or redefines anything (D9)."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.corpus import kit
from tests.corpus.kit import FORGER, Value, brief, changed, sign, text
from tests.corpus.wrapping import bake_svg, gzip, sign_jwt, svg

GROUP = kit.Group("svg")
make: Callable[..., bytes]
OB = "https://purl.imsglobal.org/ob/v3p0"
SVG = "http://www.w3.org/2000/svg"


def _good() -> str:
    return text(sign(brief())).decode()


def _forged() -> str:
    return text(sign(changed(brief(FORGER), {"/name": "Leadership"}), FORGER)).decode()


def _token() -> str:
    return sign_jwt(brief()).decode()


def _cdata(content: str) -> str:
    return f"<![CDATA[{content.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _json(content: str | None = None, *, name: str = "openbadges:credential", attributes: str = "") -> str:
    """Return the element with a credential as JSON."""
    return f"<{name}{attributes}>{_cdata(_good() if content is None else content)}</{name}>"


def _jws(token: str | None = None, *, inside: str = "") -> str:
    """Return the element with a credential as compact JWS."""
    return f'<openbadges:credential verify="{_token() if token is None else token}">{inside}</openbadges:credential>'


def _fault(name: str, why: str, make: kit.Bytes, step: str = "syntax", *, rows: str = "D9", **more: Value) -> None:
    GROUP.invalid(f"{name}.svg", rows, why, step, make, **more)


def _bare(root: str, *, head: str = "") -> bytes:
    """Return a picture that is all written out."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{root}\n'.encode()


# --- as it should be ------------------------------------------------------------------------------------------------

for name, why, make in (
    ("json", "The credential as JSON in CDATA.", lambda: bake_svg(_good().encode())),
    ("jws", "The credential as compact JWS in the attribute verify.", lambda: bake_svg(_token().encode())),
    (
        "another-prefix",
        "Namespaces count, prefixes do not.",
        lambda: svg(_json(name="badge:credential"), attributes=f' xmlns:badge="{OB}"'),
    ),
    (
        "namespace-on-the-element",
        "A namespace may be declared where it is used.",
        lambda: svg(_json(name="credential", attributes=f' xmlns="{OB}"').replace("</credential>", "</credential>")),
    ),
    (
        "json-escaped",
        "Text may be written with references to characters as well.",
        lambda: svg(f"<openbadges:credential>{escape(_good())}</openbadges:credential>"),
    ),
    (
        "end-of-cdata-inside",
        "CDATA cannot hold its own end, so the text is split there.",
        lambda: svg(_json(text(sign(changed(brief(), {"/name": "a[b[0]]>c"}))).decode())),
    ),
    ("byte-order-mark", "XML may begin with a byte order mark.", lambda: b"\xef\xbb\xbf" + bake_svg(_good().encode())),
    (
        "comments-before-the-root",
        "Drawing programs write their name and licences there.",
        lambda: svg(_json(), head="<!-- Made by hand -->\n<?xml-model href='x'?>\n"),
    ),
    ("no-declaration", "The declaration of XML may be left out.", lambda: bake_svg(_good().encode()).partition(b"\n")[2]),
    ("white-space-around-it", "White space around JSON says nothing.", lambda: svg(_json(f"\n  {_good()}\n  "))),
    ("comment-inside", "A comment is no text.", lambda: svg(_json().replace("<![CDATA[", "<!-- signed --><![CDATA[", 1))),
):
    GROUP.valid(f"{name}.svg", "D9", why, make)

# --- XML that does something ----------------------------------------------------------------------------------------

_laughs = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
for name, why, head, inside in (
    (
        "entities-that-multiply",
        "Ten lines become a milliard of letters.",
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{_laughs}]>\n',
        "<desc>&l9;</desc>",
    ),
    (
        "entity-of-the-picture",
        "What an entity stands for, somebody else could change.",
        '<!DOCTYPE svg [<!ENTITY who "Ada">]>\n',
        "<desc>&who;</desc>",
    ),
    ("entity-that-is-not-used", "A picture with a badge declares no entities.", '<!DOCTYPE svg [<!ENTITY who "Ada">]>\n', ""),
    (
        "entity-from-a-file",
        "It would show the reader's own files.",
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n',
        "<desc>&x;</desc>",
    ),
    (
        "entity-from-the-network",
        "It would ask the reader's own network.",
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "http://169.254.169.254/latest/meta-data/">]>\n',
        "<desc>&x;</desc>",
    ),
    (
        "parameter-entity",
        "It would load more declarations.",
        '<!DOCTYPE svg [<!ENTITY % x SYSTEM "https://forger.example/x.dtd"> %x;]>\n',
        "",
    ),
    (
        "attribute-by-default",
        "The declaration gives the element an attribute that it does not have.",
        '<!DOCTYPE svg [<!ATTLIST openbadges:credential verify CDATA "a.b.c">]>\n',
        "",
    ),
    ("empty-subset", "A picture with a badge has no declarations of its own.", "<!DOCTYPE svg []>\n", ""),
    ("subset-behind-a-comment", "The declarations stand behind a comment.", '<!-- a --><!DOCTYPE svg [<!ENTITY who "Ada">]>\n', ""),
):
    _fault(name, why, lambda head=head, inside=inside: svg(_json() + inside, head=head))
_fault(
    "badge-in-an-entity",
    "The whole badge comes out of an entity.",
    lambda: svg("<openbadges:credential>&badge;</openbadges:credential>", head=f"<!DOCTYPE svg [<!ENTITY badge '{escape(_good())}'>]>\n"),
)
_fault(
    "badge-by-inclusion",
    "The text of the badge is to be loaded from elsewhere.",
    lambda: svg(
        '<openbadges:credential><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file:///etc/passwd"/>'
        "</openbadges:credential>"
    ),
)
_fault("entity-unknown", "It refers to an entity that nobody declared.", lambda: svg(f"<desc>&who;</desc>{_json()}"))
_fault(
    "nested-fifty-thousand-deep",
    "Depth costs every reader, so there is a limit.",
    lambda: svg("<g>" * 50_000 + "</g>" * 50_000, _json()),
    stored=False,
)
_fault(
    "two-hundred-thousand-elements",
    "Nobody needs that many in a badge.",
    lambda: svg("<g/>" * 200_000, _json()),
    stored=False,
)
_fault("three-megabytes", "A picture of that size is no badge.", lambda: svg(f"<desc>{'a' * 3_000_000}</desc>", _json()), stored=False)

# --- other ways to write letters ------------------------------------------------------------------------------------

for name, encoding, why in (
    ("utf-16", "utf-16", "What is UTF-16 to one reader is noise to another, or says something else."),
    ("utf-16-without-a-mark", "utf-16-le", "What is UTF-16 to one reader is noise to another, or says something else."),
    ("utf-32", "utf-32", "What is UTF-32 to one reader is noise to another."),
    ("latin-1", "latin-1", "It says Latin-1: SVG badges are UTF-8."),
    ("utf-7", "utf-7", "In UTF-7 letters stand for angle brackets: it hides what it holds."),
):
    _fault(
        f"encoded-as-{name}",
        why,
        lambda encoding=encoding: (
            bake_svg(_good().encode()).decode().replace("UTF-8", encoding.removesuffix("-le").upper(), 1).encode(encoding)
        ),
    )
_fault(
    "declared-as-latin-1",
    "It says one thing and is another: readers differ.",
    lambda: bake_svg(_good().encode()).replace(b"UTF-8", b"ISO-8859-1", 1),
)
_fault("bytes-that-are-no-letters", "It is not UTF-8.", lambda: svg("<desc>\x7f</desc>", _json()).replace(b"\x7f", b"\xff\xfe"))
_fault("packed", "A picture with a badge is not packed.", lambda: gzip(bake_svg(_good().encode())))

# --- one element, of the right name, in the right place -------------------------------------------------------------

for name, namespace in (
    ("in-the-clear", "http://purl.imsglobal.org/ob/v3p0"),
    ("with-a-slash", f"{OB}/"),
    ("of-open-badges-2", "http://openbadges.org"),
    ("of-another-version", "https://purl.imsglobal.org/ob/v3p1"),
    ("in-capitals", "HTTPS://PURL.IMSGLOBAL.ORG/ob/v3p0"),
    ("of-the-forger", "https://forger.example/ob/v3p0"),
    ("of-svg", SVG),
):
    _fault(
        f"namespace-{name}",
        "The prefix is right and the namespace is not.",
        lambda namespace=namespace: _bare(f'<svg xmlns="{SVG}" xmlns:openbadges="{namespace}">{_json()}</svg>'),
    )
for name, why, make in (
    ("none", "There is no badge in the picture.", lambda: svg("<desc>Teamwork</desc>")),
    ("without-a-namespace", "An element of SVG is no badge.", lambda: svg(_json(name="credential"))),
    ("undeclared-prefix", "Its prefix stands for nothing.", lambda: _bare(f'<svg xmlns="{SVG}">{_json()}</svg>')),
    ("named-assertion", "So it was called in Open Badges 2.", lambda: svg(_json(name="openbadges:assertion"))),
    ("named-in-capitals", "XML counts capitals.", lambda: svg(_json(name="openbadges:Credential"))),
    ("twice", "There is one badge in a picture.", lambda: svg(_json(), _json())),
    ("twice-forged-first", "Readers differ about which of two counts.", lambda: svg(_json(_forged()), _json())),
    ("twice-forged-last", "Readers differ about which of two counts.", lambda: svg(_json(), _json(_forged()))),
    ("twice-one-as-jws", "Readers differ about which of two counts.", lambda: svg(_json(), _jws())),
    ("twice-one-empty", "Readers differ about which of two counts.", lambda: svg("<openbadges:credential/>", _json())),
    ("twice-one-in-a-group", "Readers differ about which of two counts.", lambda: svg(_json(), f"<g>{_json(_forged())}</g>")),
    (
        "twice-under-two-prefixes",
        "Two prefixes, one namespace: two badges.",
        lambda: svg(_json(), _json(_forged(), name="b:credential"), attributes=f' xmlns:b="{OB}"'),
    ),
    (
        "one-in-another",
        "Readers differ about which of two counts.",
        lambda: svg(f"<openbadges:credential>{_json()}</openbadges:credential>"),
    ),
    (
        "in-a-picture-in-the-picture",
        "It is the badge of a picture inside this one.",
        lambda: svg(f'<svg xmlns="{SVG}">{_json()}</svg>'),
    ),
    ("in-the-metadata", "The element stands directly under the root.", lambda: svg(f"<metadata>{_json()}</metadata>")),
    ("in-a-comment", "What stands in a comment is not there.", lambda: svg(f"<!-- {_jws()} -->")),
    ("in-a-text", "What stands in a text is no element.", lambda: svg(f"<desc><![CDATA[{_jws()}]]></desc>")),
    ("in-a-processing-instruction", "What stands in an instruction is no element.", lambda: svg(f"<?badge {_jws()}?>")),
    ("behind-the-root", "A document has one root.", lambda: svg() + _json(attributes=f' xmlns:openbadges="{OB}"').encode()),
    (
        "in-a-page",
        "That is a page for people, with a picture in it.",
        lambda: b"<!DOCTYPE html><title>Badge</title>" + svg(_json()).partition(b"\n")[2],
    ),
    ("root-of-no-namespace", "Without its namespace it is no SVG.", lambda: _bare(f'<svg xmlns:openbadges="{OB}">{_json()}</svg>')),
    ("root-of-another-name", "The root of a picture is svg.", lambda: _bare(f'<g xmlns="{SVG}" xmlns:openbadges="{OB}">{_json()}</g>')),
    ("cut-short", "The picture ends too early.", lambda: bake_svg(_good().encode())[:-20]),
    ("tags-that-cross", "It is no well-formed XML.", lambda: svg("<g><a></g></a>", _json())),
    ("attribute-twice", "It is no well-formed XML.", lambda: svg(_jws().replace(" verify=", ' verify="a.b.c" verify=', 1))),
):
    _fault(f"element-{name}", why, make)

# --- what is in it --------------------------------------------------------------------------------------------------

for name, why, make in (
    ("verify-and-text", "Readers differ about which of two counts.", lambda: svg(_jws(inside=_cdata(_good())))),
    ("verify-and-forged-text", "Readers differ about which of two counts.", lambda: svg(_jws(inside=_cdata(_forged())))),
    ("nothing", "The element is empty.", lambda: svg("<openbadges:credential/>")),
    ("white-space", "The element is empty.", lambda: svg("<openbadges:credential> \n </openbadges:credential>")),
    ("verify-empty", "The attribute is empty.", lambda: svg(_jws(""))),
    ("verify-empty-beside-a-text", "Readers differ about which of two counts.", lambda: svg(_jws("", inside=_cdata(_good())))),
    ("json-in-verify", "JSON stands in the element.", lambda: svg(f"<openbadges:credential verify='{escape(_good())}'/>")),
    ("jws-as-text", "A token stands in the attribute.", lambda: svg(_json(_token()))),
    ("verify-an-address", "So it was in Open Badges 2: a badge that stands elsewhere.", lambda: svg(_jws("https://issuer.example/c/1"))),
    ("verify-unsigned", "Nobody signed the token.", lambda: svg(_jws(_token().rpartition(".")[0] + "."))),
    (
        "verify-of-the-namespace",
        "An attribute of the namespace is not the attribute verify.",
        lambda: svg(_jws().replace(" verify=", " openbadges:verify=", 1)),
    ),
    (
        "elements-inside",
        "JSON is text: an element in it is not.",
        lambda: svg(f"<openbadges:credential>{_cdata(_good())}<tspan/></openbadges:credential>"),
    ),
    ("two-objects", "An element holds one credential.", lambda: svg(_json(_good() + _good()))),
    ("text", "That is no credential.", lambda: svg(_json("Teamwork, with distinction"))),
    ("cut-short", "The JSON ends too early.", lambda: svg(_json(_good()[:-40]))),
    (
        "name-twice",
        "Readers differ about which of two members counts.",
        lambda: svg(_json(_good().rstrip()[:-1] + ',"name":"Leadership"}')),
    ),
):
    _fault(f"content-{name}", why, make)
for name, step, why, make in (
    ("changed", "proof", "It was changed after it was signed.", lambda: svg(_json(_good().replace("Works well", "Works Well")))),
    ("unsigned", "proof", "Nobody signed it.", lambda: svg(_json(text(brief()).decode()))),
    ("of-a-stranger", "issuer", "The key is not the issuer's.", lambda: svg(_json(text(sign(brief(), FORGER)).decode()))),
    ("jws-of-a-stranger", "issuer|proof", "The key is not the issuer's.", lambda: svg(_jws(sign_jwt(brief(), FORGER).decode()))),
    (
        "jws-changed",
        "proof",
        "The token was changed after it was signed.",
        lambda: svg(_jws(_token()[:-20] + ("A" if _token()[-20] != "A" else "B") + _token()[-19:])),
    ),
    (
        "expired",
        "validity",
        "Its time is over.",
        lambda: svg(_json(text(sign(changed(brief(), {"/validUntil": "2026-05-25T00:00:00Z"}))).decode())),
    ),
):
    _fault(f"content-{name}", why, make, step)
