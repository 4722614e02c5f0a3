"""What a badge can be taken home as: pictures with the badge in them, a certificate, cards."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import openbadgeslib.baking
import pypdf
import pypdfium2
import pytest
import zxingcpp
from tests.web.conftest import PAGE

from badgeissuer.openbadges import artwork, baking, png
from badgeissuer.rendering import raster

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Running

FORMS = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
DRAWN = artwork.draw("tile", artwork.Face("Knots", "Harbour", "#14578c"))
BROKEN = png.SIGNATURE + bytes.fromhex("0000000d49484452000000010000000108000000003a7e9b55") + bytes.fromhex("0000000049454e44ae426082")


@pytest.fixture
def award(sqlite_server: Running) -> dict[str, Any]:
    """A badge of a learner whose name is known."""
    return sqlite_server.award(learner={"email": f"{sqlite_server.fresh('grace')}@example.org", "name": "Grace Hopper"})


def address(award: dict[str, Any]) -> str:
    return str(award["credential"]["id"])


def get(server: Running, award: dict[str, Any], ending: str, **headers: str) -> httpx.Response:
    answer = server.stranger.get(f"{address(award)}{ending}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def verdict(server: Running, body: bytes) -> str:
    return str(server.stranger.post("/verify", content=body).json()["outcome"])


def with_picture(server: Running, uri: str) -> dict[str, Any]:
    return server.award(achievement=server.published(image={"id": uri, "type": "Image"}))


def data_uri(kind: str, body: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


def text_of(body: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(body))


def test_every_form_holds_the_signed_badge_to_the_byte_for_our_reader_and_for_those_of_others(server: Running) -> None:
    award = server.award()
    signed, files = get(server, award, ".json").content, {form: get(server, award, f".{form}").content for form in FORMS}
    theirs = openbadgeslib.baking
    assert theirs.extract_png(files["png"], keyword=theirs.ITXT_KEYWORD_OB3) == signed.decode()
    assert theirs.extract_svg(files["svg"], element=theirs.SVG_ELEMENT_OB3, text_fallback=True) == signed.decode()
    assert [attached.content for attached in pypdf.PdfReader(io.BytesIO(files["pdf"])).attachment_list] == [signed]
    assert {form: verdict(server, body) for form, body in files.items()} == dict.fromkeys(FORMS, "VALID")


def test_the_link_of_every_form_can_be_handed_to_the_verifier(sqlite_server: Running, award: dict[str, Any]) -> None:
    for ending in ("", ".json", ".pdf", ".png", ".svg"):
        answer = sqlite_server.stranger.get("/verify", params={"url": award["credential"]["id"] + ending})
        assert (ending, answer.json()["outcome"]) == (ending, "VALID")


def test_files_are_sent_as_the_signed_badge_is(sqlite_server: Running, award: dict[str, Any]) -> None:
    for form, kind in FORMS.items():
        answer = get(sqlite_server, award, f".{form}")
        sent = answer.headers
        assert sent["content-type"].partition(";")[0] == kind
        assert sent["content-disposition"].startswith('attachment; filename="rope-work-')
        assert sent["content-disposition"].endswith(f'.{form}"')
        assert (sent["cache-control"], sent["x-robots-tag"], sent["access-control-allow-origin"]) == ("private, no-cache", "noindex", "*")
        again = sqlite_server.stranger.get(f"{address(award)}.{form}", headers={"If-None-Match": sent["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = sqlite_server.stranger.head(f"{address(award)}.{form}")
        assert (head.status_code, head.headers["etag"], head.content) == (200, sent["etag"], b"")
    assert "sandbox" in get(sqlite_server, award, ".svg").headers["content-security-policy"]


def test_the_page_of_a_badge_leads_to_every_form_the_signed_badge_first(sqlite_server: Running, award: dict[str, Any]) -> None:
    page = get(sqlite_server, award, "", **PAGE).text
    places = [page.index(f'href="{address(award)}.{form}"') for form in ("json", "pdf", "png", "svg")]
    assert places == sorted(places)


def test_the_certificate_names_the_learner_and_leads_back_to_the_badge(sqlite_server: Running, award: dict[str, Any]) -> None:
    body = get(sqlite_server, award, ".pdf").content
    said = text_of(body)
    assert [part for part in ("Grace Hopper", "Rope Work", "Harbour School", "Tie ten knots.", "No end date") if part not in said] == []
    page = pypdfium2.PdfDocument(body)[0].render(scale=2, grayscale=True)
    pixels = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    assert [found.text for found in zxingcpp.read_barcodes(pixels)] == [address(award)]


def test_the_certificate_of_a_badge_that_was_revoked_says_so(sqlite_server: Running, award: dict[str, Any]) -> None:
    before = get(sqlite_server, award, ".pdf")
    number = address(award).rpartition("/")[2]
    sqlite_server.make(f"credentials/{number}/revoke", {"reason": "A mistake."}, expect=200)
    after = get(sqlite_server, award, ".pdf")
    assert "was revoked" not in text_of(before.content)
    assert "This badge was revoked and does not count any more." in text_of(after.content)
    assert before.headers["etag"] != after.headers["etag"]
    assert verdict(sqlite_server, after.content) == "INVALID"


def test_cards_are_of_the_size_that_other_sites_show_and_tell_nobody_whose_badge_it_is(
    sqlite_server: Running, award: dict[str, Any]
) -> None:
    card = get(sqlite_server, award, "/card.png")
    assert (png.sides(card.content), card.headers["cache-control"], card.headers["x-robots-tag"]) == (
        (1200, 630),
        "private, no-cache",
        "noindex",
    )
    other = sqlite_server.award(achievement=award["achievement"], learner={"email": f"{sqlite_server.fresh('a')}@example.org"})
    assert get(sqlite_server, other, "/card.png").content == card.content, "nothing of the learner is on it"
    of_all = sqlite_server.stranger.get(f"/a/{award['achievement']}/1/card.png")
    assert (of_all.status_code, png.sides(of_all.content)) == (200, (1200, 630))
    assert "x-robots-tag" not in of_all.headers
    assert sqlite_server.stranger.get(f"/a/{award['achievement']}/2/card.png").status_code == 404


def test_a_link_to_an_achievement_unfolds_to_its_card(sqlite_server: Running) -> None:
    slug = sqlite_server.published(name="Knots <& ropes>", description='Ties "them" all.')
    page = sqlite_server.stranger.get(f"/a/{slug}/1", headers=PAGE).text
    told = {
        "og:title": "Knots &lt;&amp; ropes&gt; · Harbour School",
        "og:description": "Ties &#34;them&#34; all.",
        "og:image": f"{sqlite_server.base}/a/{slug}/1/card.png",
        "og:url": f"{sqlite_server.base}/a/{slug}/1",
    }
    assert [name for name, value in told.items() if f'<meta property="{name}" content="{value}">' not in page] == []


def test_an_embedded_png_is_the_picture_to_the_byte_but_for_the_badge(sqlite_server: Running) -> None:
    own = raster.drawn(DRAWN, side=96)
    award = with_picture(sqlite_server, data_uri("png", own))
    signed = get(sqlite_server, award, ".json").text
    assert get(sqlite_server, award, ".png").content == baking.bake(own, signed)
    drawing = get(sqlite_server, award, ".svg").text
    assert 'viewBox="0 0 96 96"' in drawing
    assert data_uri("png", own) in drawing


def test_an_embedded_svg_is_the_picture_and_its_letters_are_drawn_for_the_png(sqlite_server: Running) -> None:
    award = with_picture(sqlite_server, data_uri("svg+xml", DRAWN.encode()))
    signed = get(sqlite_server, award, ".json").text
    assert get(sqlite_server, award, ".svg").content == baking.bake(DRAWN.encode(), signed)
    assert get(sqlite_server, award, ".png").content == baking.bake(raster.drawn(DRAWN), signed)


@pytest.mark.parametrize("uri", ["https://elsewhere.example/badge.png", data_uri("png", BROKEN)])
def test_a_picture_that_is_elsewhere_or_cannot_be_read_gives_way_to_a_drawn_one(sqlite_server: Running, uri: str) -> None:
    award = with_picture(sqlite_server, uri)
    drawn = artwork.draw(artwork.TEMPLATES[0], artwork.Face("Rope Work", "Harbour School"))
    assert get(sqlite_server, award, ".svg").content == baking.bake(drawn.encode(), get(sqlite_server, award, ".json").text)
    assert get(sqlite_server, award, ".pdf").content.startswith(b"%PDF")


def test_what_was_drawn_when_it_was_published_stays_the_picture_and_the_colours_of_the_unit_are_those_of_today(
    sqlite_server: Running,
) -> None:
    logo = data_uri("png", raster.drawn(DRAWN, side=64))
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("arts"), "name": "Arts", "artwork": "tile", "colour": "#b3005e"})[
        "slug"
    ]
    award = sqlite_server.award(achievement=sqlite_server.published(issuer=unit))
    before = get(sqlite_server, award, ".svg").content, get(sqlite_server, award, "/card.png").content
    sqlite_server.api.patch(f"/api/issuers/{unit}", json={"colour": "#14578c", "image": logo}).raise_for_status()
    after = get(sqlite_server, award, ".svg").content, get(sqlite_server, award, "/card.png").content
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)
    assert "Arts" in text_of(get(sqlite_server, award, ".pdf").content)


def test_there_is_nothing_where_there_is_no_badge(sqlite_server: Running) -> None:
    nobody = "/c/00000000-0000-0000-0000-000000000000"
    for ending in (".png", ".svg", ".pdf", "/card.png"):
        assert sqlite_server.stranger.get(nobody + ending).status_code == 404
        assert sqlite_server.stranger.get(f"/c/none{ending}").status_code == 404


def test_names_of_any_script_stand_on_the_certificate(sqlite_server: Running) -> None:
    for name in ("محمد بن عبد الله", "श्रीमती क्षत्रिया", "王小明", "\u202eevil <b>&amp;", "Long " * 60):
        award = sqlite_server.award(learner={"email": f"{sqlite_server.fresh('named')}@example.org", "name": name})
        body = get(sqlite_server, award, ".pdf").content
        assert len(pypdf.PdfReader(io.BytesIO(body)).pages) == 1
        assert verdict(sqlite_server, body) == "VALID"
