"""Take the pictures of the README from a demonstration that really runs: `make screenshots`. Debian's chromium must be installed."""

from __future__ import annotations

import io
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pypdfium2
from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1100, 860
COLOURS = 128
_BADGE = re.compile(r"Still serving (http://\S+)\. The badge: (http://\S+)")


@contextmanager
def demonstration(folder: str) -> Iterator[tuple[str, str]]:
    """Run the demonstration; give the address of the service, and of a badge."""
    command = [sys.executable, "-u", "-m", "badgeissuer.cli", "demo", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            said = ""
            while not (found := _BADGE.search(said)):
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    raise SystemExit(f"The demonstration ended:\n{said}")
                said += line
            yield found[1], found[2]
        finally:
            process.send_signal(signal.SIGINT)  # as Ctrl-C would: it ends the server that it started, too


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture with as few colours as do."""
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demonstration(folder) as (base, badge), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--headless", "--disable-gpu"])
        shown = {"front-page": "/", "badge": badge.removeprefix(base), "verdict": f"/verify?url={quote(badge, safe='')}"}
        for name, path in shown.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            page.goto(base + path)
            keep(Image.open(io.BytesIO(page.screenshot())), name)
            page.close()
        browser.close()
        with pypdfium2.PdfDocument(httpx.get(f"{badge}.pdf", trust_env=False).content) as document:
            keep(document[0].render(scale=1.4).to_pil(), "certificate")


if __name__ == "__main__":
    main()
