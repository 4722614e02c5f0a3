from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import openbadgeslib.baking
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.openbadges import baking, png, svg
from badgeissuer.vc import document

OB = "https://purl.imsglobal.org/ob/v3p0"
CLR = "https://purl.imsglobal.org/clr/v2p0"
JSON = '{"type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "Größe"}'
JWS = "eyJhbGciOiJFZERTQSJ9.eyJuYW1lIjoiYSJ9.c2lnbmF0dXJl"
SAMPLES = [f"simple-{form}.{ending}" for form in ("json", "jwt", "jwt_v1") for ending in ("png", "svg")]


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def itxt(text: str | bytes = JSON, *, keyword: bytes = b"openbadgecredential", middle: bytes = b"\0\0\0\0\0") -> bytes:
    return chunk(b"iTXt", keyword + middle + (text if isinstance(text, bytes) else text.encode()))


IHDR = chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
IDAT = chunk(b"IDAT", zlib.compress(b"\0\x80"))
IEND = chunk(b"IEND")


def make_png(*chunks: bytes) -> bytes:
    """A grey pixel, and what else is asked for."""
    return png.SIGNATURE + IHDR + IDAT + b"".join(chunks) + IEND


def element(text: str = f"<![CDATA[{JSON}]]>", *, attributes: str = "", namespace: str = OB, prefix: str = "openbadges") -> str:
    return f'<{prefix}:credential xmlns:{prefix}="{namespace}"{attributes}>{text}</{prefix}:credential>'


def make_svg(*inner: str, before: str = "", attributes: str = "") -> bytes:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg"{attributes}>{"".join(inner)}<circle r="9"/></svg>'.encode()


PICTURES = {
    "png": make_png(),
    "png with texts": make_png(chunk(b"tEXt", b"Comment\0a"), itxt("hello", keyword=b"Title"), chunk(b"zTXt", b"openbadges\0\0x")),
    "svg": make_svg(),
    "svg with a prologue": make_svg(
        before='\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- <svg> -->\n<?xml-stylesheet href="a.css"?>\n'
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    ),
    "svg that is empty": b"<s:svg xmlns:s='http://www.w3.org/2000/svg' a='/>' /><!-- end -->",
    "svg that declares the prefix": make_svg(attributes=f' xmlns:openbadges="{OB}"'),
    "svg of Open Badges 2.0": make_svg('<openbadges:assertion verify="a.b.c"/>', attributes=' xmlns:openbadges="http://openbadges.org"'),
    "svg over one MiB": make_svg(before=f"<!--{'ü' * 30_000}-->", attributes=f" d='{'>' * 1_200_000}'"),
}


@pytest.fixture(scope="module")
def sample(shared_data: Path) -> Callable[[str], bytes]:
    return lambda name: (shared_data / "ob3" / "samples" / "validator-ob30" / name).read_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_of_1edtech_are_unbaked(sample: Callable[[str], bytes], name: str) -> None:
    text = baking.unbake(sample(name))
    if "jwt" in name:
        assert re.fullmatch(r"ey[\w-]+\.ey[\w-]+\.[\w-]+", text)
    else:
        assert json.loads(text)["type"] == ["VerifiableCredential", "OpenBadgeCredential"]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_of_1edtech_can_be_baked_again(sample: Callable[[str], bytes], name: str) -> None:
    image = sample(name)
    text = baking.unbake(image)
    again = baking.bake(image, text)
    assert baking.unbake(again) == text
    assert baking.bake(again, text) == again
    assert (again == image) == name.endswith("png")  # their SVGs have white space before the element


@pytest.mark.parametrize("credential", [JSON, JWS])
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_baked_is_unbaked(name: str, credential: str) -> None:
    image = PICTURES[name]
    baked = baking.bake(image, f"\n {credential}\r\n")
    assert baking.unbake(baked) == credential
    assert baking.bake(baked, credential) == baked
    assert baking.bake(baking.bake(image, JSON if credential == JWS else JWS), credential) == baked
    assert baking.kind(baked) == name[:3]


@pytest.mark.parametrize("name", PICTURES)
def test_a_clr_is_baked_under_its_own_name(name: str) -> None:
    baked = baking.bake(PICTURES[name], JWS, standard="clr")
    assert baking.unbake(baked) == JWS
    assert (b"clrcredential\0" if name.startswith("png") else CLR.encode()) in baked
    assert b"openbadgecredential" not in baked
    assert baking.unbake(baking.bake(baked, JSON)) == JSON


BODIES = [
    (make_png(), "png"),
    (png.SIGNATURE, "png"),
    (png.SIGNATURE[:-1], None),
    (b"", None),
    (JSON.encode(), None),
    (b'{"a": "<svg>"}', None),
    (b"[" + b"<svg>" * 200_000, None),
    (JWS.encode(), None),
    (b"\xff\xd8\xff\xe0 <svg>", None),
    (b"<svg/>", "svg"),
    (b"<svg\n>", "svg"),
    (b"<svg", None),
    (b"<svgs/>", None),
    (b"<g><svg/></g>", None),
    (b"<a:svg/>", "svg"),
    (b"\xef\xbb\xbf \t\r\n<svg/>", "svg"),
    (b"<?xml version='1.0'?><!-- <html> --> <!DOCTYPE svg SYSTEM '>[' \">\"> <?a <g> ?><svg>", "svg"),
    (b"<!DOCTYPE svg [", "svg"),
    (b"<!DOCTYPE html><html><svg/></html>", None),
    (b"<!DOCTYPE html [", None),
    (b"<!-- <svg/>", None),
    (b"<!--" + b" " * 65_000 + b"--><svg/>", "svg"),
    (b"<!--" + b" " * 66_000 + b"--><svg/>", None),
    ("<svg/>".encode("utf-16"), None),
    ("<svg/>".encode("utf-16-le"), None),
]


@pytest.mark.parametrize(("body", "kind"), BODIES, ids=lambda value: str(value)[:40])
def test_an_image_is_known_by_its_first_bytes(body: bytes, kind: str | None) -> None:
    assert baking.kind(body) == kind


def test_a_png_keeps_its_chunks_and_gets_one_right_before_its_end() -> None:
    first, last = chunk(b"tEXt", b"Comment\0a"), chunk(b"abCd", b"private")
    expected = png.SIGNATURE + IHDR + IDAT + first + last + itxt(JSON) + IEND
    assert baking.bake(make_png(first, last), JSON) == expected
    assert (
        baking.bake(make_png(itxt("old"), first, chunk(b"zTXt", b"openbadgecredential\0\0x"), last, itxt(keyword=b"clrcredential")), JSON)
        == expected
    )


def test_an_svg_keeps_its_bytes_and_gets_the_element_first() -> None:
    before = "<?xml version='1.0'?>\r\n<!-- a -->"
    old = element(), element(prefix="clr", namespace=CLR, text=""), "<g>" + element("<i/>") + "</g>"
    declared = f' xmlns:openbadges="{OB}"'
    json_form, jws_form = (
        f"<openbadges:credential><![CDATA[{JSON}]]></openbadges:credential>",
        f'<openbadges:credential verify="{JWS}"></openbadges:credential>',
    )
    assert baking.bake(make_svg(before=before), JSON) == make_svg(json_form, before=before, attributes=declared)
    assert baking.bake(make_svg(" ", *old, "\r\n"), JWS) == make_svg(jws_form, " <g></g>\r\n", attributes=declared)


def test_an_svg_that_was_empty_is_closed_after_the_element() -> None:
    baked = baking.bake(b"<s:svg xmlns:s='http://www.w3.org/2000/svg' /><!-- end -->", JWS)
    root = f"""<s:svg xmlns:s='http://www.w3.org/2000/svg'  xmlns:openbadges="{OB}">"""
    assert baked == f'{root}<openbadges:credential verify="{JWS}"></openbadges:credential></s:svg><!-- end -->'.encode()


def test_a_prefix_that_the_root_uses_otherwise_is_declared_on_the_element() -> None:
    baked = baking.bake(PICTURES["svg of Open Badges 2.0"], JWS)
    assert f'<openbadges:credential xmlns:openbadges="{OB}" verify="{JWS}"></openbadges:credential><openbadges:assertion'.encode() in baked


FINE = {
    "another prefix": (make_svg(element(prefix="x")), JSON),
    "the default namespace": (make_svg(f'<credential xmlns="{OB}">{JSON}</credential>'), JSON),
    "white space around the text": (make_svg(element(f"\n\t <![CDATA[ {JSON}\r\n]]> ")), JSON),
    "text in pieces": (make_svg(element('{"a": <!-- b -->"&lt;&#x26;<![CDATA[]]]]><![CDATA[>]]>"}')), '{"a": "<&]]>"}'),
    "white space around verify": (make_svg(element("\n", attributes=f' verify=" {JWS}\n"')), JWS),
    "last in the document": (make_svg("<g>x</g>", "<path/>", element()), JSON),
    "further attributes": (make_svg(element(attributes=' id="a" openbadges:verify="x"')), JSON),
    "scripts, styles and links": (make_svg("<script>fetch('//a.example')</script>", '<image href="file:///etc/passwd"/>', element()), JSON),
    "the name in other namespaces": (make_svg(element("x", namespace="http://openbadges.org"), "<credential/>", element()), JSON),
    "the name in a comment and a text": (make_svg(f"<!--{element('{}')}-->", f"<![CDATA[{element('{}')}]]>", element()), JSON),
    "a stylesheet": (make_svg(element(), before='<?xml-stylesheet href="https://a.example/a.css"?>'), JSON),
    "encoding in capitals": (make_svg(element(), before='<?xml version="1.0" encoding="UTF-8"?>'), JSON),
    "depth of 100": (make_svg(element(), "<g>" * 99 + "</g>" * 99), JSON),
    "a language tag and a translated keyword": (make_png(itxt(middle=b"\0\0\0en-GB\0Abzeichen\0")), JSON),
    "a compression method where nothing is compressed": (make_png(itxt(middle=b"\0\0\7\0\0")), JSON),
    "not last": (make_png(itxt(), chunk(b"tEXt", b"Comment\0openbadgecredential")), JSON),
    "a CLR in a PNG": (make_png(itxt(keyword=b"clrcredential")), JSON),
    "a CLR in an SVG": (make_svg(element(prefix="clr", namespace=CLR)), JSON),
    "keywords that only look alike": (
        make_png(itxt("a", keyword=b"OpenBadgeCredential"), itxt("a", keyword=b"openbadgecredentials"), itxt()),
        JSON,
    ),
    "white space in a PNG": (make_png(itxt(f" {JSON}\n")), f" {JSON}\n"),
}


@pytest.mark.parametrize("name", FINE)
def test_a_badge_in_an_unusual_form_is_read(name: str) -> None:
    image, text = FINE[name]
    assert baking.unbake(image) == text


LAUGHS = '<!DOCTYPE svg [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)) + "]>"
ENTITIES = "declares or uses entities"
FAULTS: dict[str, tuple[bytes, type[problem.Problem], str]] = {
    "no image": (b"GIF89a", problem.Malformed, "neither a PNG nor an SVG"),
    "no badge in a PNG": (make_png(itxt(keyword=b"openbadges")), problem.Invalid, "carries no badge"),
    "two chunks": (make_png(itxt(), itxt()), problem.Invalid, "carries 2 badge chunks"),
    "chunks of both standards": (make_png(itxt(), itxt(keyword=b"clrcredential")), problem.Invalid, "carries 2 badge chunks"),
    "a second chunk as zTXt": (make_png(itxt(), chunk(b"zTXt", b"openbadgecredential\0\0x")), problem.Invalid, "carries 2 badge chunks"),
    "a compressed chunk": (make_png(itxt(zlib.compress(JSON.encode()), middle=b"\0\1\0\0\0")), problem.Invalid, "is compressed"),
    "a bomb": (make_png(itxt(zlib.compress(bytes(10_000_000)), middle=b"\0\1\0\0\0")), problem.Invalid, "is compressed"),
    "a chunk tEXt": (make_png(chunk(b"tEXt", b"openbadgecredential\0" + JWS.encode())), problem.Invalid, "of type tEXt"),
    "a chunk zTXt": (make_png(chunk(b"zTXt", b"openbadgecredential\0\0" + zlib.compress(b"a"))), problem.Invalid, "of type zTXt"),
    "a false flag": (make_png(itxt(middle=b"\0\2\0\0\0")), problem.Malformed, "its flag"),
    "a keyword alone": (make_png(itxt("", middle=b"")), problem.Malformed, "its flag"),
    "a flag alone": (make_png(itxt("", middle=b"\0\0")), problem.Malformed, "its flag"),
    "no translated keyword": (make_png(itxt("en", middle=b"\0\0\0\0")), problem.Malformed, "translated keyword"),
    "a text that is not UTF-8": (make_png(itxt(b'{"a":"\xff"}')), problem.Invalid, "not UTF-8: byte 6"),
    "a text too long for a PNG": (make_png(itxt(b"a" * (document.MAX_BYTES + 1))), problem.TooLarge, "1,048,577 bytes"),
    "a CRC that is false": (make_png(itxt()).replace(b"OpenBadge", b"openBadge"), problem.Malformed, "the CRC of the chunk 'iTXt' at byte"),
    "pixels with a CRC that is false": (make_png(itxt()).replace(IDAT[-4:], b"abcd"), problem.Malformed, "the CRC of the chunk 'IDAT'"),
    "cut short in a chunk": (make_png(itxt())[:-30], problem.Malformed, "cut short in the chunk at byte"),
    "cut short between chunks": (make_png(itxt())[:-12], problem.Malformed, "cut short in the chunk at byte"),
    "cut short after the signature": (png.SIGNATURE, problem.Malformed, "cut short in the chunk at byte 8"),
    "a length beyond the end": (make_png(b"\xff\xff\xff\xffIDAT"), problem.Malformed, "length is false"),
    "bytes behind the end": (make_png(itxt()) + b"{}", problem.Malformed, "goes on for 2 bytes"),
    "a second image behind the end": (make_png(itxt()) * 2, problem.Malformed, "behind its end"),
    "an end that has bytes": (make_png(itxt(), chunk(b"IEND", b"a")), problem.Malformed, "not its size"),
    "a header of another size": (png.SIGNATURE + chunk(b"IHDR", b"a") + itxt() + IEND, problem.Malformed, "'IHDR' has 1 bytes"),
    "no header": (png.SIGNATURE + IDAT + itxt() + IEND, problem.Malformed, "at byte 8 stands 'IDAT'"),
    "two headers": (make_png(IHDR, itxt()), problem.Malformed, "stands 'IHDR'"),
    "a type that is no letters": (make_png(chunk(b"a\0b1"), itxt()), problem.Malformed, "not four letters"),
    "a type of letters beyond ASCII": (make_png(chunk(b"ab\xe9d"), itxt()), problem.Malformed, "not four letters"),
    "60,000 chunks": (make_png(chunk(b"tEXt") * 60_000, itxt()), problem.TooLarge, "more than 20,000 chunks"),
    "no badge in an SVG": (make_svg(), problem.Invalid, "carries no badge"),
    "the right prefix with a wrong namespace": (
        make_svg(element(namespace="https://purl.imsglobal.org/ob/v3p0/")),
        problem.Invalid,
        "carries no badge",
    ),
    "the namespace of Open Badges 2.0": (make_svg(element(namespace="http://openbadges.org")), problem.Invalid, "carries no badge"),
    "another element of the namespace": (
        make_svg(f'<o:assertion xmlns:o="{OB}">{JSON}</o:assertion>'),
        problem.Invalid,
        "carries no badge",
    ),
    "a namespace that hides its end": (make_svg(element(namespace=f"{OB} credential")), problem.Malformed, "not well-formed"),
    "two elements": (make_svg(element(), element()), problem.Invalid, "carries 2 credential elements"),
    "two elements of which one is hidden": (
        make_svg("<defs>" + element() + "</defs>", element(prefix="a")),
        problem.Invalid,
        "carries 2 credential",
    ),
    "elements of both standards": (make_svg(element(), element(namespace=CLR)), problem.Invalid, "carries 2 credential elements"),
    "an element further down": (make_svg("<g>" + element() + "</g>"), problem.Invalid, "directly under the svg element"),
    "both forms": (make_svg(element(attributes=f' verify="{JWS}"')), problem.Invalid, "both an attribute verify and a text"),
    "both forms, one of them empty": (make_svg(element(attributes=' verify=""')), problem.Invalid, "both an attribute verify and a text"),
    "neither form": (make_svg(element(" ")), problem.Invalid, "is empty"),
    "an empty verify": (make_svg(element("", attributes=' verify=" "')), problem.Invalid, "is empty"),
    "a verify that only has the prefix": (make_svg(element("", attributes=f' openbadges:verify="{JWS}"')), problem.Invalid, "is empty"),
    "a JWS as text": (make_svg(element(JWS)), problem.Invalid, "in the wrong form"),
    "JSON in verify": (make_svg(element("", attributes=" verify='{}'")), problem.Invalid, "in the wrong form"),
    "elements in the element": (make_svg(element(f"<tspan>{JSON}</tspan>")), problem.Invalid, "holds other elements"),
    "the element in the element": (make_svg(element(element())), problem.Invalid, "holds other elements"),
    "a text too long for an SVG": (make_svg(element("{" + "ü" * 524_288)), problem.TooLarge, "1,048,577 bytes"),
    "an SVG that is too long": (make_svg(element(), " " * svg.MAX_BYTES), problem.TooLarge, "at most 2,097,152 are read"),
    "another root": (b'<svg xmlns="http://www.w3.org/1999/xhtml">' + element().encode() + b"</svg>", problem.Invalid, "The root element"),
    "a root without a namespace": (b"<svg>" + element().encode() + b"</svg>", problem.Invalid, "The root element"),
    "billion laughs": (make_svg(element('{"a": "&a9;"}'), before=LAUGHS), problem.Invalid, ENTITIES),
    "an internal subset": (make_svg(element(), before="<!DOCTYPE svg []>"), problem.Invalid, ENTITIES),
    "an internal subset beside an external one": (make_svg(element(), before="<!DOCTYPE svg SYSTEM '[' [ ]>"), problem.Invalid, ENTITIES),
    "default attributes": (make_svg(element(""), before="<!DOCTYPE svg [<!ATTLIST x verify CDATA 'a'>]>"), problem.Invalid, ENTITIES),
    "an external entity": (
        make_svg(element("&a;"), before='<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        problem.Invalid,
        ENTITIES,
    ),
    "a parameter entity": (
        make_svg(element(), before='<!DOCTYPE svg [<!ENTITY % a SYSTEM "https://a.example/a"> %a;]>'),
        problem.Invalid,
        ENTITIES,
    ),
    "a notation": (make_svg(element(), before='<!DOCTYPE svg [<!NOTATION a SYSTEM "a">]>'), problem.Invalid, ENTITIES),
    "an entity of the external subset": (
        make_svg(element('{"a": "&a;"}'), before='<!DOCTYPE svg SYSTEM "a.dtd">'),
        problem.Invalid,
        ENTITIES,
    ),
    "an entity from nowhere": (make_svg(element("&a;")), problem.Malformed, "undefined entity"),
    "UTF-16": (
        make_svg(element(), before='<?xml version="1.0" encoding="utf-16"?>').decode().encode("utf-16"),
        problem.Malformed,
        "in UTF-8",
    ),
    "UTF-16 without a mark": (make_svg(element()).decode().encode("utf-16-be"), problem.Malformed, "in UTF-8"),
    "UTF-7 that is declared": (make_svg(element(), before='<?xml version="1.0" encoding="utf-7"?>'), problem.Invalid, "another encoding"),
    "Latin 1 that is declared": (
        make_svg(element(), before='<?xml version="1.0" encoding="iso-8859-1"?>'),
        problem.Invalid,
        "another encoding",
    ),
    "Latin 1 that is not declared": (make_svg(element()).decode().encode("latin-1"), problem.Malformed, "invalid token"),
    "an overlong form of UTF-8": (make_svg(element("{\0}")).replace(b"\0", b"\xc0\xbc"), problem.Malformed, "invalid token"),
    "half a surrogate pair": (make_svg(element("{\0}")).replace(b"\0", b"\xed\xa0\x80"), problem.Malformed, "invalid token"),
    "a NUL": (make_svg(element("{\0}")), problem.Malformed, "invalid token"),
    "101 levels": (make_svg(element(), "<g>" * 100 + "</g>" * 100), problem.Malformed, "deeper than 100 levels"),
    "100,000 levels": (make_svg(element(), "<g>" * 100_000), problem.Malformed, "deeper than 100 levels"),
    "100,001 elements": (make_svg(element(), "<g/>" * 99_998), problem.TooLarge, "more than 100,000 elements"),
    "a long namespace": (make_svg(element(), f'<g xmlns="{"x" * 129}"/>'), problem.TooLarge, "longer than 128 characters"),
    "a prefix that is not declared": (make_svg(element(), "<a:b/>"), problem.Malformed, "unbound prefix"),
    "an attribute twice": (
        make_svg(element(attributes=' verify="a" verify="b"')),
        problem.Malformed,
        "duplicate attribute at line 1, column",
    ),
    "no end": (make_svg(element())[:-6], problem.Malformed, "no element found"),
    "two roots": (make_svg(element()) * 2, problem.Malformed, "junk after document element"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_by_name(name: str) -> None:
    image, kind, detail = FAULTS[name]
    with pytest.raises(problem.Problem, match=re.escape(detail)) as caught:
        baking.unbake(image)
    assert type(caught.value) is kind
    assert len(caught.value.detail) < 250


@pytest.mark.parametrize(
    "name", ["60,000 chunks", "bytes behind the end", "billion laughs", "101 levels", "an SVG that is too long", "another root"]
)
def test_nothing_is_baked_into_an_image_that_is_dangerous_to_read(name: str) -> None:
    image, kind, detail = FAULTS[name]
    with pytest.raises(kind, match=re.escape(detail)):
        baking.bake(image, JSON)


@pytest.mark.parametrize(
    "name", ["two chunks", "a compressed chunk", "two elements", "both forms", "an element further down", "elements in the element"]
)
def test_a_badge_that_cannot_be_read_is_overwritten(name: str) -> None:
    assert baking.unbake(baking.bake(FAULTS[name][0], JSON)) == JSON


def test_expat_would_refuse_a_subset_that_was_overlooked() -> None:
    with pytest.raises(problem.Invalid, match=ENTITIES):
        svg._Reader(b"").parser.Parse(b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", True)


@pytest.mark.parametrize(("unbake", "image"), [(png.unbake, make_svg(element())), (svg.unbake, make_png(itxt()))])
def test_each_format_refuses_the_other(unbake: Callable[[bytes], str], image: bytes) -> None:
    with pytest.raises(problem.Malformed, match="does not begin"):
        unbake(image)


@pytest.mark.parametrize(
    ("credential", "kind", "detail"),
    [
        ("", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("[]", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("a.b", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("a.b.c.d", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ('a.b.c" onload="x', problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("a.b.c\n.", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("\ud800", problem.Malformed, "neither a JSON object nor a compact JWS"),
        ("{", problem.Malformed, "not JSON"),
        ('{"a": 1, "a": 2}', problem.Malformed, "stands twice"),
        ('{"a": "\ud800"}', problem.Malformed, "not UTF-8"),
        ("a.b." + "c" * document.MAX_BYTES, problem.TooLarge, "at most 1,048,576 are baked"),
        ('{"a": "%s"}' % ("c" * document.MAX_BYTES), problem.TooLarge, "at most 1,048,576 are read"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_credential_is_not_baked(credential: str, kind: type[problem.Problem], detail: str) -> None:
    for image in (PICTURES["png"], PICTURES["svg"]):
        with pytest.raises(kind, match=detail):
            baking.bake(image, credential)


@pytest.mark.parametrize("image", [b"", JSON.encode(), b"GIF89a"])
def test_nothing_is_baked_into_what_is_no_image(image: bytes) -> None:
    with pytest.raises(problem.Malformed, match="only these can carry a badge"):
        baking.bake(image, JSON)


@pytest.mark.parametrize("character", ["\ufffe", "\uffff"])
def test_a_character_that_xml_lacks_goes_into_a_png_only(character: str) -> None:
    credential = f'{{"a": "{character}"}}'
    assert baking.unbake(baking.bake(PICTURES["png"], credential)) == credential
    with pytest.raises(problem.Invalid, match=f"U\\+{ord(character):04X}, which no SVG can"):
        baking.bake(PICTURES["svg"], credential)


@pytest.mark.parametrize(
    "image", [make_png(chunk(b"tEXt") * (png.MAX_CHUNKS - 3)), make_svg(" " * (svg.MAX_BYTES - 100)), make_svg("<g/>" * 99_998)]
)
def test_no_badge_is_made_that_would_be_too_large_to_read(image: bytes) -> None:
    assert b"openbadgecredential" not in image
    with pytest.raises(problem.Invalid, match="carries no badge"):
        baking.unbake(image)
    with pytest.raises(problem.TooLarge):
        baking.bake(image, JSON)


def test_the_largest_credential_is_baked_and_unbaked() -> None:
    credential = '{"a":"%s"}' % ("ü" * ((document.MAX_BYTES - 8) // 2))
    assert len(credential.encode()) == document.MAX_BYTES
    for image in (PICTURES["png"], PICTURES["svg"]):
        assert baking.unbake(baking.bake(image, credential)) == credential


# hypothesis

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff")
TEXTS = st.one_of(
    st.text(CHARACTERS), st.lists(st.sampled_from(["]]>", "]]", "]", ">", "<![CDATA[", "&amp;", "&", "\r", "\n", "é", "\x85"])).map("".join)
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """JSON objects in any layout, with any line ends."""
    value = draw(st.dictionaries(TEXTS, VALUES, max_size=5))
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=indent)
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))


BASE64URL = st.text("ABCXYZabcxyz0189-_", min_size=1, max_size=200)
TOKENS = st.tuples(BASE64URL, BASE64URL, BASE64URL).map(".".join)


@given(st.sampled_from([name for name in PICTURES if "MiB" not in name]), st.one_of(json_texts(), TOKENS))
@example("svg", '{"a":"]]>]]]>"}')
@example("svg", '{\r\n"a": "]]>",\r"b": 1}')
def test_any_credential_comes_back_as_it_was_baked(name: str, credential: str) -> None:
    baked = baking.bake(PICTURES[name], credential)
    assert baking.unbake(baked) == credential
    assert baking.bake(baked, credential) == baked


def never_fails(image: bytes) -> None:
    """Whatever the bytes: a text or a problem, and what can be unbaked can be baked."""
    try:
        text = baking.unbake(image)
    except problem.Problem:
        return
    try:
        baked = baking.bake(image, text)
    except problem.Problem:
        return
    assert baking.unbake(baked) == text.strip(" \t\r\n")


@given(
    st.sampled_from([b"", png.SIGNATURE, png.SIGNATURE + IHDR, b"<svg", b"<svg ", b"<?xml", b'<svg xmlns="http://www.w3.org/2000/svg">']),
    st.binary(max_size=300),
)
def test_any_bytes_give_a_text_or_a_problem(beginning: bytes, rest: bytes) -> None:
    never_fails(beginning + rest)


WHOLE = [baking.bake(image, credential) for name, image in PICTURES.items() if "MiB" not in name for credential in (JSON, JWS)]


@given(st.sampled_from(WHOLE), st.integers(0), st.integers(0, 12), st.binary(max_size=12))
def test_a_damaged_image_gives_a_text_or_a_problem(image: bytes, at: int, length: int, instead: bytes) -> None:
    start = at % len(image)
    never_fails(image[:start] + instead + image[start + length :])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"iTXt", b"tEXt", b"zTXt", b"IDAT", b"IHDR", b"IEND"]),
            st.binary(max_size=8),
            st.sampled_from([b"", b"openbadgecredential", b"clrcredential\0"]),
        ),
        max_size=5,
    )
)
def test_a_png_of_any_chunks_gives_a_text_or_a_problem(chunks: list[tuple[bytes, bytes, bytes]]) -> None:
    never_fails(make_png(*(chunk(kind, keyword + data) for kind, data, keyword in chunks)))


PIECES = ["{}", "a.b.c", '"', "<", *["<g>", "</g>", "<g/>", "<![CDATA[", "]]>", "<!--", "-->", "<?a?>", "&a;", "&lt;", "&#13;", "&#0;"]]
PIECES += ["<o:credential>", "<o:credential/>", "</o:credential>", '<o:credential verify="a.b.c"/>']


@given(st.sampled_from(["", "<!DOCTYPE svg SYSTEM 'a'>", "<!DOCTYPE svg [ ]>"]), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_an_svg_of_any_pieces_gives_a_text_or_a_problem(before: str, inner: str) -> None:
    never_fails(make_svg(inner, before=before, attributes=f' xmlns:o="{OB}"'))


@given(st.sampled_from(WHOLE[:2]), st.integers(0), st.integers(1, 255))
def test_no_byte_of_a_png_can_change_unseen(image: bytes, at: int, change: int) -> None:
    position = at % len(image)
    damaged = image[:position] + bytes([image[position] ^ change]) + image[position + 1 :]
    with pytest.raises(problem.Malformed):
        baking.unbake(damaged)


# interop


@pytest.mark.interop
@pytest.mark.parametrize("credential", [JSON, JWS])
@pytest.mark.parametrize("name", [name for name in PICTURES if not name.startswith("svg of")])
def test_openbadgeslib_reads_what_we_bake(name: str, credential: str) -> None:
    baked = baking.bake(PICTURES[name], credential)
    if name.startswith("png"):
        assert openbadgeslib.baking.extract_png(baked, keyword=openbadgeslib.baking.ITXT_KEYWORD_OB3) == credential
    else:
        found = openbadgeslib.baking.extract_svg(baked, element=openbadgeslib.baking.SVG_ELEMENT_OB3, text_fallback=True)
        assert found == credential


@pytest.mark.interop
@pytest.mark.parametrize("credential", [JSON, JWS])
def test_we_read_what_openbadgeslib_bakes(credential: str) -> None:
    theirs = openbadgeslib.baking
    assert baking.unbake(theirs.bake_png(PICTURES["png"], credential, keyword=theirs.ITXT_KEYWORD_OB3)) == credential
    name, namespace = theirs.SVG_ELEMENT_OB3, theirs.SVG_NS_OB3
    baked = theirs.bake_svg(PICTURES["svg"], credential, element=name, namespace=namespace, as_text=credential == JSON)
    assert baking.unbake(baked) == credential


def test_a_png_is_known_to_carry_a_badge_readable_or_not() -> None:
    plain = make_png()
    assert not baking.carries(plain)
    assert baking.carries(baking.bake(plain, JSON))
    assert baking.carries(make_png(itxt(middle=b"\0\1\0\0\0")))
    assert baking.carries(plain[:-4]), "what is not whole cannot be told not to"
