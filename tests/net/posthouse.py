"""Those who receive, on loopback: a real mail server, and a real HTTP server that says whatever a test has it say."""

from __future__ import annotations

import asyncio
import email
import email.policy
import http.server
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd import smtp

OK = "250 OK"
CUT = "cut"
"""In the place of an answer: the connection is cut."""
USER, PASSWORD = "badges", "p@ss:w/rd"


@dataclass
class PostHouse:
    """A mail server that runs.

    Attributes:
        port: Where.
        letters: Sender, recipients and bytes of what it took.
        says: What it says to whom, instead of OK: by sender, by recipient, or by `data:` and the recipient.
        connections: How many there were.
    """

    port: int = 0
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    before_answering: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Where it is, without TLS and without a password."""
        return f"smtp://127.0.0.1:{self.port}"

    def messages(self) -> list[EmailMessage]:
        """Return what it took, as a mail client reads it."""
        return [email.message_from_bytes(content, policy=email.policy.SMTP) for _, _, content in self.letters]

    async def handle_MAIL(self, server: smtp.SMTP, _session: object, envelope: smtp.Envelope, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd's names
        said = self._said(server, address)
        if said == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said

    async def handle_RCPT(self, server: smtp.SMTP, _session: object, envelope: smtp.Envelope, address: str, _options: list[str]) -> str:  # noqa: N802 - as above
        said = self._said(server, address)
        if said == OK:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: smtp.SMTP, _session: object, envelope: smtp.Envelope) -> str:  # noqa: N802 - as above
        said = self._said(server, f"data:{envelope.rcpt_tos[0]}")
        if said in {OK, CUT}:
            content = envelope.original_content or b""
            self.letters.append((str(envelope.mail_from), [str(one) for one in envelope.rcpt_tos], content))
        self.before_answering()
        return said

    def _said(self, server: smtp.SMTP, about: str) -> str:
        said = self.says.get(about, OK)
        if said == CUT and server.transport is not None:
            server.transport.close()
        return said


def _authenticated(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> smtp.AuthResult:  # noqa: ANN401 - aiosmtpd's
    return smtp.AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@contextmanager
def posthouse(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, auth: bool = False, utf8: bool = True
) -> Iterator[PostHouse]:
    """Run a mail server: with STARTTLS or TLS under these contexts, and with a password where `auth`."""
    house = PostHouse()

    def connected() -> smtp.SMTP:
        house.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password in the clear is what some tests are about
            return smtp.SMTP(
                house,
                enable_SMTPUTF8=utf8,
                hostname="mail.example.org",
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=auth,
                auth_require_tls=starttls is not None,
                authenticator=_authenticated if auth else None,
                loop=loop,
            )

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(connected, "127.0.0.1", 0, ssl=tls))
    house.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield house
    finally:

        async def end() -> None:
            server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Listener:
    """An HTTP server that takes posts.

    Attributes:
        port: Where.
        came: Path, headers and body of each request, in order.
        says: The statuses that it answers with, one after the other; the last one stays.
    """

    port: int = 0
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    says: list[int | Callable[[socket.socket], None]] = field(default_factory=lambda: [200])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://localhost:{self.port}/badges"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        listener = self.server.listener
        body = self.rfile.read(int(self.headers["content-length"]))
        listener.came.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        said = listener.says.pop(0) if len(listener.says) > 1 else listener.says[0]
        if callable(said):
            said(self.connection)
            self.close_connection = True
            return
        self.send_response(said)
        self.send_header("Location", f"http://127.0.0.1:{listener.port}/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    listener: Listener

    def handle_error(self, *_: object) -> None:
        pass  # the other side may go away at any moment: that is what some tests are about


@contextmanager
def listener() -> Iterator[Listener]:
    """Run a server that takes posts."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.listener = Listener(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.listener
        finally:
            server.shutdown()
            thread.join()
