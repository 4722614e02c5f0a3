"""What every answer has in common, whichever route gives it, and how long what is published may be kept by others."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOR_A_MINUTE = "public, max-age=60"
"""Status lists, and which version is the newest: so long may a revocation stay unseen."""
FOR_FIVE_MINUTES = "public, max-age=300"
"""Issuers and their keys: so long may a key that was taken out of use still be counted."""
FOR_A_DAY = "public, max-age=86400"
"""Published achievements, which never change."""
FOR_GOOD = "public, max-age=31536000, immutable"
"""What is drawn of a published achievement: its address is never given to another picture."""
OPEN = ("/verify", "/credentials/verify", "/presentations/verify")
"""What scripts of other sites may ask, and be told what went wrong."""
BY_THE_READER_ALONE = "private, no-cache"
"""Credentials, which tell of a person: no shared cache keeps them, and the reader's own asks each time whether they are still here."""


def kept(request: Request, body: bytes, *, media_type: str, how_long: str, sha256: str | None = None, **more: str) -> Response:
    """Answer with a document that others may keep, or with 304 where the client has it already (RFC 9110 section 13.1.2).

    Args:
        request: What was asked.
        body: The document.
        media_type: Its type.
        how_long: The value of Cache-Control, one of those above.
        sha256: The digest of the document, where it is known.
        more: Further headers, with `_` for `-`.
    """
    etag = f'"{sha256 or hashlib.sha256(body).hexdigest()}"'
    headers = {"Cache-Control": how_long, "ETag": etag} | {name.replace("_", "-"): value for name, value in more.items()}
    if is_held(request.headers, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def allows(request: Request, etag: str) -> bool:
    """Return whether a client wants that which is there now to be changed (RFC 9110 section 13.2.2, steps 1 and 3).

    Args:
        request: What was asked, with the tags of what was seen (`If-Match`), or of what must not be there (`If-None-Match`).
        etag: The tag of what is there now, a strong one in its quotation marks.
    """
    wanted = _tags(request.headers, "if-match")
    return (wanted is None or bool({etag, "*"} & wanted)) and not is_held(request.headers, etag)


def is_held(headers: Headers, etag: str) -> bool:
    """Return whether the client says that it has what the tag stands for; weak tags count too (RFC 9110 section 13.1.2)."""
    held = {tag.removeprefix("W/") for tag in _tags(headers, "if-none-match") or ()}
    return bool({etag, "*"} & held)


def _tags(headers: Headers, name: str) -> set[str] | None:
    """Return the tags that a header lists, with their quotation marks, or `*`; none of a list that is malformed, None without a header."""
    given = headers.getlist(name)
    text = ",".join(given).strip()
    if text == "*":
        return {text}
    found = _TAG.findall(text) if _TAGS.fullmatch(text) else ()
    return set(found) if given else None


_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAGS = re.compile(rf"(?:[ \t]*+(?:{_TAG.pattern}[ \t]*+)?(?:,|\Z))++")


class CommonHeaders:
    """Middleware that answers HEAD as it would GET (RFC 9110 section 9.3.2), and sets what no answer may lack.

    The server leaves out the body of an answer to HEAD.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if scope["path"] in OPEN:
                    headers.setdefault("Access-Control-Allow-Origin", "*")
                    headers.setdefault("Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy")
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        await self.app({**scope, "method": method}, receive, send_on)
