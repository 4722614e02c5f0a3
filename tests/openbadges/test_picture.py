"""Pictures that authors embed: what a drawing program writes is taken, what does more than show is refused by name."""

from __future__ import annotations

import base64
import contextlib
import struct
import time
import zlib
from urllib.parse import quote

import pytest

from badgeissuer import problem
from badgeissuer.openbadges import definition, picture, vetting
from badgeissuer.problem import Finding

HEAD = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 64 64"'


def svg(inside: str, more: str = "") -> str:
    return f"<svg {HEAD} {more}>{inside}</svg>"


def uri(body: str | bytes, kind: str = "svg+xml") -> str:
    data = body if isinstance(body, bytes) else body.encode()
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def png(wide: int = 4, high: int = 4) -> bytes:
    parts = (b"IHDR" + struct.pack(">IIBBBBB", wide, high, 8, 6, 0, 0, 0), b"IDAT" + zlib.compress(b"\0" * 17), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)


PIXELS = uri(png(), "png")
LAUGHS = "".join(f'<g id="l{n}">{f"""<use href="#l{n + 1}"/>""" * 10}</g>' for n in range(9)) + '<rect id="l9" width="1" height="1"/>'
PAINTED = "".join(
    f'<pattern id="p{n}" width="1" height="1">{f"""<rect class="c{n + 1}"/>""" * 10}</pattern><style>.c{n}{{fill:url(#p{n})}}</style>'
    for n in range(9)
)

MANY = f'<pattern id="p">{"<g/>" * 400}</pattern><g k="" class="é">{"<g/>" * 400}</g>'

HOSTILE = {
    "script": {
        "plain": (svg("<script>alert(1)</script>"), "a script"),
        "in capitals": (svg("<SCRIPT>alert(1)</SCRIPT>"), "a script"),
        "of another place": (svg('<script href="https://evil.example/x.js"/>'), "a script"),
        "under a prefix": (svg('<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>'), "a script"),
        "as HTML": (svg('<metadata><h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script></metadata>'), "a script"),
        "in no namespace": (svg('<script xmlns="">alert(1)</script>'), "a script"),
        "handler of SVG Tiny": (svg('<handler type="application/ecmascript">alert(1)</handler>'), "a script"),
        "XML events": (svg('<e:listener xmlns:e="http://www.w3.org/2001/xml-events" event="load" handler="#x"/>'), "a script"),
    },
    "events": {
        "onload of the root": (svg("<g/>", 'onload="alert(1)"'), "an event handler (onload)"),
        "onclick": (svg('<rect onclick="alert(1)"/>'), "an event handler (onclick)"),
        "in capitals": (svg('<rect onMouseOver="alert(1)"/>'), "an event handler"),
        "of an animation": (svg('<rect onbegin="alert(1)"/>'), "an event handler"),
        "in another namespace": (svg('<rect x:onload="alert(1)" xmlns:x="http://www.w3.org/1999/xhtml"/>'), "an event handler"),
    },
    "embedding": {
        "foreignObject": (svg("<foreignObject><p>hello</p></foreignObject>"), "a foreignObject"),
        "foreignObject in small letters": (svg("<foreignobject/>"), "a foreignObject"),
        "iframe": (svg('<iframe src="https://evil.example"/>'), "a frame"),
        "HTML frame in metadata": (svg('<metadata><iframe xmlns="http://www.w3.org/1999/xhtml" srcdoc="x"/></metadata>'), "a frame"),
        "embed": (svg('<embed src="x.swf"/>'), "an embedded object"),
        "object": (svg('<object data="x.html"/>'), "an embedded object"),
        "video": (svg('<video href="https://evil.example/x.mp4"/>'), "a video"),
        "HTML paragraph": (svg('<p xmlns="http://www.w3.org/1999/xhtml">x</p>'), "another language"),
        "HTML form": (svg('<form xmlns="http://www.w3.org/1999/xhtml" action="https://evil.example"/>'), "a form"),
        "mathematics": (svg('<math xmlns="http://www.w3.org/1998/Math/MathML"/>'), "mathematics"),
        "XInclude": (svg('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'), "another language"),
        "stranger's style": (svg('<style xmlns="urn:x">@import "//evil.example";</style>'), "another language"),
        "unknown element": (svg("<solidcolor/>"), "not let through"),
    },
    "addresses": {
        "link": (svg('<a href="https://evil.example"><rect/></a>'), "a link"),
        "link that is a script": (svg('<a xlink:href="javascript:alert(1)"><rect/></a>'), "a link"),
        "use of a script": (svg('<use href="javascript:alert(1)"/>'), "javascript:"),
        "use of a script with white space": (svg('<use xlink:href="&#9;java&#10;script&#9;:alert(1)"/>'), "javascript:"),
        "use of another document": (svg('<use href="https://evil.example/x.svg#a"/>'), "an address elsewhere"),
        "use of a neighbour": (svg('<use xlink:href="x.svg#a"/>'), "an address elsewhere"),
        "use of data": (svg(f'<use href="{uri(svg("<g/>"))}#a"/>'), "an address elsewhere"),
        "picture elsewhere": (svg('<image href="https://evil.example/pixel.png"/>'), "an address elsewhere"),
        "picture without a scheme": (svg('<image xlink:href="//evil.example/pixel.png"/>'), "an address elsewhere"),
        "picture in a file": (svg('<image href="file:///etc/passwd"/>'), "an address elsewhere"),
        "gradient elsewhere": (svg('<linearGradient xlink:href="https://evil.example/g.svg#a"/>'), "an address elsewhere"),
        "picture of a filter": (svg('<filter><feImage href="#a"/></filter>'), "a picture in a filter"),
        "text elsewhere": (svg('<text><tref xlink:href="https://evil.example/t.svg#a"/></text>'), "a reference to a text"),
        "another base": (svg('<g xml:base="https://evil.example/"><use href="#a"/></g>'), "another base"),
        "HTML base": (svg('<base xmlns="http://www.w3.org/1999/xhtml" href="https://evil.example"/>'), "another base"),
        "style sheet by a link": (svg('<link rel="stylesheet" href="https://evil.example/x.css"/>'), "a style sheet"),
    },
    "animations": {
        "of an address": (svg('<use href="#a"><animate attributeName="href" to="javascript:alert(1)"/></use>'), "an animation"),
        "set of an address": (svg('<use href="#a"><set attributeName="xlink:href" to="https://evil.example"/></use>'), "an animation"),
        "of a transform": (svg('<g><animateTransform attributeName="transform" type="rotate"/></g>'), "an animation"),
    },
    "styles": {
        "import": (svg('<style>@import "https://evil.example/x.css";</style>'), "@import"),
        "import of a url": (svg("<style><![CDATA[@IMPORT url(https://evil.example/x.css);]]></style>"), "@import"),
        "import in escapes": (svg("<style>@\\69mport 'https://evil.example';</style>"), "an escape"),
        "import in a comment's shadow": (svg('<style>a:after{content:"/*"} @import "x"; b:after{content:"*/"}</style>'), "@import"),
        "font elsewhere": (svg("<style>@font-face{font-family:x;src:url(https://evil.example/x.woff)}</style>"), "a font"),
        "url in a rule": (svg("<style>rect{fill:url(https://evil.example/g.svg#a)}</style>"), "an address elsewhere in its styles"),
        "url in an attribute": (svg('<rect fill="url(//evil.example/g.svg#a)"/>'), "an address elsewhere in its styles"),
        "url in a style": (svg("""<rect style="fill:URL( 'https://evil.example/g.svg#a' )"/>"""), "an address elsewhere in its styles"),
        "url of a cursor": (svg('<rect cursor="url(x.cur)"/>'), "an address elsewhere in its styles"),
        "url in escapes": (svg('<rect fill="\\75rl(https://evil.example)"/>'), "an escape"),
        "url behind a comment": (svg('<rect style="fill:url(/**/#a)"/>'), "an address elsewhere in its styles"),
        "data in a style": (svg('<rect style="mask:url(data:image/svg+xml,x)"/>'), "an address elsewhere in its styles"),
        "image-set": (svg("""<rect style="mask:image-set('https://evil.example' 1x)"/>"""), "loads or computes"),
        "variable": (svg('<rect style="fill:var(--x)"/>'), "loads or computes"),
        "binding": (svg('<rect style="-moz-binding:none"/>'), "runs something"),
        "expression": (svg('<rect style="width:expression(alert(1))"/>'), "loads or computes"),
        "rules in rules": (svg("<style>g{rect{fill:red}}</style>"), "a style rule within another"),
        "conditions in conditions": (svg(f"<style>{'@media all{' * 9}</style>"), "nest deeper"),
        "other rules": (svg("<style>@page :first{margin:0}</style>"), "the rule @page"),
        "keyframes": (svg("<style>@-webkit-keyframes x{from{opacity:0}}</style>"), "@keyframes"),
        "animated": (svg('<g style="ANIMATION : x 1s infinite"/>'), "moves something"),
        "in transition": (svg("<style>g{-webkit-transition-property:all}</style>"), "moves something"),
        "along a path": (svg('<g style="offset-path:path(M0 0)"/>'), "moves something"),
        "quotes without end": (svg("<style>g[a='b]{}</style>"), "quotes in its styles"),
        "a brace in an address": (svg("<style>g{fill:url(#a{b)}</style>"), "read in two ways"),
        "brackets without end": (svg("<style>g[a{fill:red}</style>"), "brackets do not match"),
        "ends of brackets": (svg("<style>g{fill:a)}</style>"), "brackets do not match"),
        "crossed brackets": (svg("<style>g[(])a{}</style>"), "brackets do not match"),
        "ends of rules": (svg("<style>g{}}</style>"), "braces do not match"),
        "rules without end": (svg("<style>g{</style>"), "braces do not match"),
        "filter as a function": (svg('<g style="filter:blur(9px)"/>'), "a filter that is a function"),
        "filter of those above": (svg('<g filter="inherit"/>'), "inherited"),
        "mask of those above": (svg("<style>g{mask:inherit}</style>"), "inherited"),
        "address in a variable": (svg('<g style="--a:url(#b);fill:red"/>'), "besides a variable"),
        "variable of a variable": (svg('<rect style="fill:var(--x, var(--y))"/>'), "loads or computes"),
        "element in a style": (svg("<style><g/></style>"), "an element within a style"),
        "script as a paint": (svg('<rect fill="javascript:alert(1)"/>'), "javascript:"),
    },
    "filters": {
        "far beyond": (svg('<filter id="f" x="-3000%"/>'), "a region that is too large"),
        "many times as large": (svg('<filter id="f" width="5"/>'), "a region that is too large"),
        "large in units": (svg('<filter id="f" filterUnits="userSpaceOnUse" width="20000"/>'), "a region that is too large"),
        "wide blur": (svg('<filter id="f"><feGaussianBlur stdDeviation="2 900"/></filter>'), "a stdDeviation over 200"),
        "thick": (svg('<filter id="f"><feMorphology radius="51"/></filter>'), "a radius over 50"),
        "no number": (svg('<filter id="f"><feMorphology radius="1e"/></filter>'), "where a number"),
        "long number": (svg(f'<filter id="f" x="{"1" * 101}"/>'), "where a number"),
        "in parts": (svg('<filter id="f" primitiveUnits="objectBoundingBox"/>'), "counts in parts"),
        "many parts": (svg(f'<filter id="f">{"<feFlood/>" * 31}</filter>'), "more than 30 elements"),
        "many uses": (svg('<filter id="f"/>' + '<g filter="url(#f)"/>' * 51), "a filter counts as 1,000"),
    },
    "entities": {
        "billion laughs": (f'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "{"&a;" * 10}">]>{svg("<text>&b;</text>")}', "DOCTYPE"),
        "external": (f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{svg("<text>&a;</text>")}', "DOCTYPE"),
        "DOCTYPE elsewhere": (f'<!DOCTYPE svg SYSTEM "https://evil.example/x.dtd">{svg("<g/>")}', "DOCTYPE"),
        "undeclared": (svg("<text>&a;</text>"), "not well-formed"),
        "style sheet by an instruction": (f'<?xml-stylesheet href="https://evil.example/x.css"?>{svg("<g/>")}', "processing instruction"),
        "instruction inside": (svg('<?php system("x") ?>'), "processing instruction"),
        "other encoding": ('<?xml version="1.0" encoding="UTF-7"?>' + svg("<g/>"), "UTF-8"),
    },
    "too much": {
        "used again and again": (svg(f"<defs>{LAUGHS}</defs><use href='#l0'/>"), "again and again"),
        "painted again and again": (svg(f'{PAINTED}<rect class="c0"/>'), "again and again"),
        "painted from above": (svg(f'<pattern id="p">{"<g/>" * 400}</pattern><g fill="url(#p)">{"<rect/>" * 400}</g>'), "again and again"),
        "painted by an attribute": (svg(f"<style>[k]{{fill:url(#p)}}</style>{MANY}"), "in circles"),
        "painted by what it is not": (svg(f"<style>:not(z){{fill:url(#p)}}</style>{MANY}"), "in circles"),
        "painted by a foreign letter": (svg(f"<style>.é{{fill:url(#p)}}</style>{MANY}"), "in circles"),
        "painted in disguise": (svg(f'<g style="FILL:url(#%70)">{MANY}</g>'), "again and again"),
        "used in circles": (svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'), "in circles"),
        "uses itself": (svg('<g id="a"><use href="#a"/></g>'), "in circles"),
        "references": (svg(f'<style>g{{{"fill:url(#a);" * 100}}}</style>{"<g/>" * 600}'), "refers to its own elements"),
        "deep": (svg("<g>" * 70 + "</g>" * 70), "nests deeper"),
        "elements": (svg("<g/>" * 10_001), "more than 10,000 elements"),
        "bytes": (svg("<text>" + "x" * picture.MAX_BYTES + "</text>"), "at most 262,144"),
        "long namespace": (svg(f'<x:g xmlns:x="urn:{"x" * 200}"/>'), "a namespace"),
    },
    "pictures within": {
        "SVG": (svg(f'<image href="{uri(svg("<script/>"))}"/>'), "no embedded PNG"),
        "HTML": (svg('<image href="data:text/html,x"/>'), "no embedded PNG"),
        "GIF": (svg('<image xlink:href="data:image/gif;base64,R0lGODlh"/>'), "no embedded PNG"),
        "no PNG": (svg(f'<image href="{uri(b"GIF89a", "png")}"/>'), "signature of a PNG"),
        "wide PNG": (svg(f'<image href="{uri(png(5000, 4), "png")}"/>'), "5,000 by 4"),
        "many PNGs": (svg(f'<image href="{uri(png(2048, 2048), "png")}"/>' * 2), "pixels together"),
    },
    "no SVG": {
        "another root": ('<html xmlns="http://www.w3.org/1999/xhtml"/>', "does not begin as an SVG"),
        "no namespace": ("<svg><g/></svg>", "The root element"),
        "not closed": (f"<svg {HEAD}><g>", "not well-formed"),
        "nothing": ("", "does not begin as an SVG"),
    },
}  # fmt: skip
CASES = [pytest.param(*case, id=f"{kind}: {name}") for kind, cases in HOSTILE.items() for name, case in cases.items()]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_an_svg_that_does_more_than_show_is_refused_by_name(text: str, said: str) -> None:
    assert said in (picture.embedded_fault(uri(text)) or "let through")


HARMLESS = {
    "Inkscape": f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with a drawing program -->
<svg {HEAD} xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
  sodipodi:docname="C:\\Users\\me\\badge.svg" inkscape:export-filename="\\\\share\\badge.png">
  <sodipodi:namedview id="base" pagecolor="#ffffff" inkscape:zoom="1.4"><inkscape:grid type="xygrid"/></sodipodi:namedview>
  <metadata><rdf:RDF><cc:Work rdf:about=""><dc:format>image/svg+xml</dc:format>
    <dc:type rdf:resource="http://purl.org/dc/dcmitype/StillImage"/><dc:source>me</dc:source></cc:Work></rdf:RDF></metadata>
  <defs><linearGradient id="a"><stop offset="0" style="stop-color:#fff;stop-opacity:1"/></linearGradient>
    <linearGradient id="b" xlink:href="#a" gradientUnits="userSpaceOnUse"/></defs>
  <g inkscape:label="Layer 1" inkscape:groupmode="layer"><path style="fill:url(#b);-inkscape-stroke:none" d="M0 0h9z"/></g></svg>""",
    "Illustrator": svg(
        "<style type=\"text/css\">.st0{clip-path:url(#SVGID_2_);}.st1{fill:#FF0000;font-family:'Myriad';} /* plain */</style>"
        '<defs><rect id="SVGID_1_" width="9" height="9"/></defs><clipPath id="SVGID_2_"><use xlink:href="#SVGID_1_"/></clipPath>'
        '<g class="st0"><path class="st1" d="M0 0"/></g>',
        'version="1.1" id="Layer_1" x="0px" style="enable-background:new 0 0 64 64;" xml:space="preserve"',
    ),
    "Figma": svg(
        '<g clip-path="url(#clip0)" filter="url(#f)"><rect width="9" height="9" rx="4" fill="url(#paint0)"/></g>'
        '<defs><filter id="f" x="0" y="0"><feFlood flood-opacity="0" result="bg"/><feBlend in="SourceGraphic" in2="bg" mode="normal"/>'
        '<feGaussianBlur stdDeviation="2"/></filter><radialGradient id="paint0"><stop stop-color="#fff"/></radialGradient>'
        '<clipPath id="clip0"><rect width="64" height="64"/></clipPath></defs>',
        'fill="none"',
    ),
    "use of a symbol": svg('<symbol id="s" viewBox="0 0 1 1"><circle r="1"/></symbol>' + '<use href="#s"/><use xlink:href=" #s "/>' * 20),
    "text": svg(
        '<title>Badge</title><desc>d</desc><path id="c" d="M0 0"/><text data-name="C:\\x"><textPath href="#c">Te Kura</textPath></text>'
    ),
    "mask, pattern, marker": svg(
        '<mask id="m"><rect width="9" height="9" fill="#fff"/></mask><pattern id="p" width="2" height="2"><path d="M0 0"/></pattern>'
        '<marker id="k"><path d="M0 0"/></marker><g mask="url(#m)"><path fill="url(\'#p\')" marker-end="url(#k)" d="M0 0"/></g>'
    ),
    "embedded PNG": svg(f'<image width="4" height="4" xlink:href="{PIXELS[:60]}\n{PIXELS[60:]}"/>'),
    "media rule": svg("<style>@media (prefers-color-scheme:dark){.a{fill:#fff}} .b{fill:url(#gone)}</style><g class='a b'/>"),
    "long path": svg(f'<path d="{"M1.5 2.25L3 4Z" * 9000}"/>'),
    "thousands of shapes": svg(f'<clipPath id="c"><rect/></clipPath><g clip-path="url(#c)">{"<rect/>" * 4000}</g>'),
    "DOCTYPE of SVG 1.1": '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    + svg("<g/>"),
    "variable with a colour": svg('<rect style="fill:var(--fill-0, white)" stroke="var(--s, #00f)"/>'),
    "words of a program": svg('<g xmlns:p="urn:program" p:online="true"/>'),
    "filters": svg(
        '<filter id="f" x="-50%" y="-0.5" width="200%" height="2"><feGaussianBlur stdDeviation="2,2.5"/></filter>'
        '<filter id="u" filterUnits="userSpaceOnUse" x="1" width="60px"/><mask id="m"/><pattern id="p" width="1" height="1"/>'
        '<g style="filter:url(#f)"><path filter="url(#u)" style="mask:url(#m);fill:url(#p)"/></g>'
    ),
    "styles in brackets and quotes": svg("<style>g[id='{'] > .a, @{}</style>".replace(", @", "") + '<g id="{" class="a"/>'),
    "tiny": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "another prefix": '\ufeff<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:g/></s:svg>',
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_drawing_programs_write_is_let_through(text: str) -> None:
    for form in (uri(text), f"data:image/svg+xml;charset=utf-8,{quote(text)}", f"data:image/SVG+XML;utf8,{quote(text, safe='')}"):
        assert picture.embedded_fault(form) is None


@pytest.mark.parametrize(
    ("said", "url"),
    {
        "signature of a PNG": uri(b"GIF89a", "png"),
        "cut short": uri(png()[:-6], "png"),
        "CRC": uri(png().replace(b"IDAT", b"IDAt"), "png"),
        "2,049 by 1": uri(png(2049, 1), "png"),
        "4,294,967,295": uri(png(4, 2**32 - 1), "png"),
        "no pixel wide": uri(png(0, 4), "png"),
        "behind its end": uri(png() + b"<script>", "png"),
        "at most 262,144": uri(png() + b"x" * picture.MAX_BYTES, "png"),
        "not base64": "data:image/png;base64,iVBOR!",
        "percent sign": "data:image/svg+xml,%3Csvg%zz",
        "must be a data URI of a PNG or an SVG in UTF-8": "data:image/svg+xml;charset=utf-16,x",
        "of a PNG or an SVG": "data:image/gif;base64,R0lG",
    }.items(),
)
def test_data_that_is_no_whole_picture_is_refused(said: str, url: str) -> None:
    assert said in (picture.embedded_fault(url) or "let through")


def test_a_small_whole_png_is_let_through_and_addresses_are_not_looked_at() -> None:
    assert picture.embedded_fault(PIXELS) is None
    assert picture.embedded_fault(PIXELS.replace("=", "%3D").replace("+", "%2B")) is None
    assert picture.embedded_fault("https://college.example/badge.svg") is None


@pytest.mark.parametrize("image", [svg("<script/>"), svg('<g onload="x"/>')])
def test_a_draft_with_hostile_artwork_is_refused_at_its_image(image: str) -> None:
    draft = {"name": "N", "description": "D", "criteria": {"narrative": "C"}, "image": uri(image)}
    completed = definition.complete(draft, url="https://x.example/a/1", version="1", creator={"id": "did:x:y", "type": ["Profile"]})
    (finding,) = definition.check(completed)
    assert finding == Finding(picture.embedded_fault(uri(image)) or "", "/image/id")


WORST = {
    "comments that do not end": f"<style>{'/*' * 120_000}</style>",
    "braces": f"<style>{'{' * 240_000}</style>",
    "ends of braces": f"<style>{'}' * 240_000}</style>",
    "text of a style": f"<style>{'a' * 240_000}</style>",
    "urls": f'<g style="{"url(" * 60_000}"/>',
    "rules": "<style>" + "g{fill:url(#a)}" * 8000 + "</style>" + "<g/>" * 9000,
    "spaces": f'<g style="fill:url({" " * 240_000}"/>',
    "selectors": f"<style>{' '.join(f'a{n}' for n in range(16_000))}{{{'fill:url(#q);' * 9000}}}</style>",
    "selectors of many rules": "<style>" + ",".join(f".a{n}" for n in range(2000)) + "{fill:url(#q)}" * 9000 + "</style>",
    "brackets": f"<style>{'(' * 240_000}</style>",
    "variables": f'<g style="{"var(--a," * 28_000}"/>',
    "conditions": f"<style>{'@media a{}' * 24_000}</style>",
    "names of one id": '<g id="a">' * 60 + "<g id='a'/>" * 9000 + "</g>" * 60,
    "behaviours": f'<g style="{"behavior " * 28_000}"/>',
}


@pytest.mark.parametrize("inside", WORST.values(), ids=WORST.keys())
def test_the_worst_drawing_is_judged_within_seconds(inside: str) -> None:
    began = time.perf_counter()
    body = svg(inside).encode()
    assert len(body) <= picture.MAX_BYTES
    with contextlib.suppress(problem.Problem):
        vetting.check(body, embedded=len)
    assert time.perf_counter() - began < 3
