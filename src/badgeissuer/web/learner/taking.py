"""All badges of a learner in one file: each as it was signed, and as a certificate to print."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from badgeissuer.claiming import holders
from badgeissuer.store import tables
from badgeissuer.web import badges, downloads, rates
from badgeissuer.web.learner import door
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import lead_to

ROUTER = APIRouter(include_in_schema=False)
PATH = f"{door.HOME}/badges.zip"
_FIRST = (1980, 1, 1, 0, 0, 0)
"""What is older has no date in a ZIP."""
_ABOUT = """These are your badges, each twice.

The file that ends in .json is the badge itself, signed: keep it. Whoever wants to check it can hand it in at {base}/verify, or at any
other verifier of Open Badges 3.0. A badge goes on counting while this service is away; whether it was revoked is asked here.

The file that ends in .pdf is a certificate to print or to send. The badge is inside it, too.
"""


@ROUTER.get(PATH, dependencies=[rates.COUNTED])
def take_all(request: Request, using: Using, known: door.Reading) -> Response:
    """Give all badges of who is signed in as a ZIP, the newest first, made while it is sent."""
    if known is None:
        return lead_to(door.HOME)
    with using.reading() as session:
        emails = {row.email for row in holders.addresses(session, known.holder_id)}
        awards = holders.issued_to(session, emails)
    sent = {
        "Content-Disposition": 'attachment; filename="badges.zip"',
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }
    return StreamingResponse(_zipped(awards, request, using), media_type="application/zip", headers=sent)


class _Pieces(io.RawIOBase):
    """What was written since it was last taken; nothing of it can be gone back to."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def write(self, piece: object, /) -> int:
        """See io.RawIOBase."""
        self._written.append(bytes(piece))  # type: ignore[call-overload]  # a buffer, which has no type of its own in Python 3.11
        return len(self._written[-1])

    def taken(self) -> bytes:
        """Return it."""
        found, self._written = b"".join(self._written), []
        return found


def _zipped(awards: Sequence[tables.Award], request: Request, using: Service) -> Iterator[bytes]:
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("README.txt"), _ABOUT.format(base=using.site.base))
        for award in awards:
            badge = badges.shown(str(award.credential_uuid), request, using)
            for ending, body in (("json", badge.credential.document), ("pdf", downloads.certificate_of(badge, using))):
                made = max(_FIRST, award.awarded_at.astimezone(UTC).timetuple()[:6])
                archive.writestr(zipfile.ZipInfo(badge.file_name(ending), made), body, zipfile.ZIP_DEFLATED)
            yield pieces.taken()
    yield pieces.taken()
