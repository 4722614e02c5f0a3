"""Pictures of QR codes, as people hand them in: photographs, screenshots, and things that are neither."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import segno
from PIL import Image
from tests.corpus import kit

from badgeissuer import problem, scanning
from badgeissuer.openbadges import baking

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

PAGE = {"Accept": "text/html"}


def code(text: str, *, scale: int = 6, **colours: Any) -> Image.Image:  # noqa: ANN401 - as segno takes them
    held = io.BytesIO()
    segno.make(text, micro=False).save(held, kind="png", scale=scale, **colours)
    return Image.open(held)


def file(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    held = io.BytesIO()
    picture.save(held, kind, **options)
    return held.getvalue()


def photograph(*texts: str) -> Image.Image:
    """Return codes on a grey sheet that was held askew."""
    sheet = Image.new("RGB", (1600, 1200), (188, 180, 172))
    for place, text in enumerate(texts):
        sheet.paste(code(text).convert("RGB"), (200 + 700 * place, 400))
    return sheet.rotate(11, fillcolor=(40, 40, 40))


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says that it is so large."""
    parts = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(b"\0" * 1_000_000), b"IEND")
    chunks = b"".join(struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.fixture(scope="module")
def url(sqlite_server: Running) -> str:
    return str(sqlite_server.award()["credential"]["id"])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photograph_of_a_code_is_verified_as_the_address_in_it(sqlite_server: Running, url: str, kind: str) -> None:
    picture = file(photograph(url), kind)
    for answer in (
        sqlite_server.stranger.post("/verify", content=picture, headers={"Content-Type": f"image/{kind.lower()}"}),
        sqlite_server.stranger.post("/verify", files={"file": ("scan", picture)}),
        sqlite_server.stranger.post("/verify", files={"file": ("", b""), "photo": ("scan", picture)}, data={"url": "", "text": ""}),
    ):
        assert (answer.status_code, answer.json()["outcome"]) == (200, "VALID")
    page = sqlite_server.stranger.post("/verify", files={"photo": ("scan", picture)}, headers=PAGE)
    assert f'value="{url}"' in page.text, "the address stands in the box, so that one sees what was read"


def test_a_code_is_read_in_light_colours_on_dark_and_on_nothing(url: str) -> None:
    for picture in (code(url, dark="white", light="black"), code(url, light=None), code(url, dark="#14578c", light="#fdf5e2")):
        assert scanning.read(file(picture)) == url


def test_of_several_codes_the_first_that_leads_to_a_badge_counts(url: str) -> None:
    assert scanning.read(file(photograph("WIFI:S:campus;;", url))) == url
    assert scanning.read(file(photograph(url, "tel:+15550100"))) == url
    with pytest.raises(problem.Invalid, match="it leads to no badge"):
        scanning.read(file(photograph("WIFI:S:campus;;", "javascript:alert(1)")))


def test_a_badge_that_stands_in_the_code_itself_is_verified(sqlite_server: Running) -> None:
    small = json.dumps(kit.sign(kit.brief(kit.SCHOOL), kit.SCHOOL))
    assert scanning.read(file(code(small, scale=4))) == small
    answer = sqlite_server.stranger.post("/verify", files={"photo": ("scan", file(code(small, scale=4)))})
    assert answer.json()["steps"][0]["outcome"] == "VALID"


def test_a_badge_in_the_picture_goes_before_a_code_on_it(sqlite_server: Running, url: str) -> None:
    forged = json.loads(sqlite_server.stranger.get(url).content) | {"name": "Forged"}
    picture = baking.bake(file(code(url)), json.dumps(forged))
    assert not scanning.is_picture(picture)
    answer = sqlite_server.stranger.post("/verify", files={"photo": ("scan", picture)})
    assert answer.json()["outcome"] == "INVALID"


def test_an_address_in_a_code_is_fetched_as_guardedly_as_any(sqlite_server: Running) -> None:
    for text in ("http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data", "https://localhost/", "HTTP://[::1]/"):
        answer = sqlite_server.stranger.post("/verify", files={"photo": ("scan", file(code(text)))})
        assert answer.json()["outcome"] == "INDETERMINATE", text
        assert "unreachable" in json.dumps(answer.json()["steps"])


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (file(Image.new("RGB", (400, 300), "white"), "JPEG"), "no QR code can be made out"),
        (file(Image.new("L", (400, 300), "white")), "no QR code can be made out"),
        (file(code("just words")), "leads to no badge"),
        (file(photograph("x"), "JPEG")[:3000], "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", "damaged"),
        (bomb(30_000, 30_000), "pixels"),
        (bomb(5000, 5000), "5,000 by 5,000 pixels"),
        (bomb(4000, 4000), "damaged"),
    ],
    ids=["blank jpeg", "blank png", "words", "cut", "empty webp", "bomb", "large", "short"],
)
def test_a_picture_that_leads_nowhere_is_told_why(sqlite_server: Running, picture: bytes, said: str) -> None:
    answer = sqlite_server.stranger.post("/verify", files={"photo": ("scan", picture)})
    found = answer.json()
    assert (answer.status_code, found["outcome"], found["steps"][0]["outcome"]) == (200, "INVALID", "INVALID")
    assert said in found["summary"]
    assert said in sqlite_server.stranger.post("/verify", files={"photo": ("scan", picture)}, headers=PAGE).text


def test_a_picture_of_twenty_megabytes_is_refused_by_name(sqlite_server: Running, refused: Refused) -> None:
    large = file(photograph("x"), "JPEG") + b"\0" * (20 * 1024 * 1024)
    found = refused(sqlite_server.stranger.post("/verify", files={"photo": ("scan", large)}), 413)
    assert "smaller picture" in found["detail"]
    with pytest.raises(problem.TooLarge, match=r"at most 10,485,760 are looked at"):
        scanning.read(large)


def test_only_so_many_pictures_are_looked_at_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PATIENCE_SECONDS", 0.01)
    for _ in range(scanning.AT_ONCE):
        scanning._TURNS.acquire()
    try:
        with pytest.raises(problem.Unavailable):
            scanning.read(file(code("x")))
    finally:
        scanning._TURNS.release(scanning.AT_ONCE)


def test_what_looks_like_a_thousand_codes_takes_no_longer_than_a_look() -> None:
    tile = code("x", scale=2).convert("L")
    sheet = Image.new("L", (4800, 4800), 255)
    for place in range((4800 // tile.width) ** 2):
        sheet.paste(tile, (place % (4800 // tile.width) * tile.width, place // (4800 // tile.width) * tile.width))
    noise = Image.frombytes("L", (2400, 2400), os.urandom(2400 * 2400))
    for picture in (file(sheet), file(noise, "JPEG", quality=30)):
        began = time.process_time()
        with pytest.raises(problem.Invalid):
            scanning.read(picture)
        assert time.process_time() - began < 5


def test_a_frame_of_a_camera_is_read_for_the_page(sqlite_server: Running, url: str) -> None:
    def read(frame: bytes) -> object:
        answer = sqlite_server.stranger.post("/verify/code", content=frame, headers={"Content-Type": "image/jpeg"})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
        return answer.json()

    assert read(file(photograph(url), "JPEG", quality=80)) == {"text": url}
    for frame in (b"", b"x", file(Image.new("L", (640, 480)), "JPEG"), bomb(30_000, 30_000), file(code("tel:1"))):
        assert read(frame) == {"text": ""}
