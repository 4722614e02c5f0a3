"""QR codes, as drawings.

Source: ISO/IEC 18004.
"""

from __future__ import annotations

import io

import segno

QUIET = 4
"""How wide the zone around a code is that nothing may stand in, in squares of it."""


def draw(url: str, *, border: int = 0) -> str:
    """Return the code of an address as the text of an SVG: dark squares on nothing, with a border of so many squares."""
    made = io.BytesIO()
    segno.make_qr(url, error="m").save(made, kind="svg", border=border, omitsize=True, xmldecl=False, nl=False)
    return made.getvalue().decode()
