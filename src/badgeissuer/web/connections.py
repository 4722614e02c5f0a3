"""Connections that do not wait for ever: deadlines for what a client owes us, and a bound on how many may owe us something.

uvicorn waits without end for the rest of a request, for a first one, and for a client to read what it was sent. What a request may hold is
the affair of `limits`; here it is only how long it may take to come.

Source: RFC 9112 section 9.5 (a server should close what times out), section 9.8.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from badgeissuer import problem
from badgeissuer.web import limits

HEAD_SECONDS = 10
"""How long the head of a request may take to come, from the first byte of it, or from the beginning of the connection."""
BODY_SECONDS = limits.SECONDS + 5
"""How long its body may at least, whoever reads it. `limits` answers 408 before that, where somebody does."""
BACKLOG = 2048
READING_SECONDS = 30
"""How long a client may read nothing of an answer."""
MAX_WAITING = 512
"""Connections of one process on which we may be waiting for a client; of more, those are closed that have kept us waiting longest."""
MAX_CONNECTIONS = 800
"""Connections of one process after which requests are answered 503: many systems give a process a thousand files."""


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Return if a certificate can be served with.

    Raises:
        problem.Invalid: It cannot, or there is a key without one.
    """
    if certificate is None:
        if key is not None:
            raise problem.Invalid("--ssl-keyfile is the key of a certificate: give --ssl-certfile too.")
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:
        raise problem.Invalid(f"The certificate {certificate} or its key cannot be used: {error.strerror or error}.") from None


def listen(host: str, port: int) -> socket.socket:
    """Take an address, before anything is started that would have to be ended again.

    Raises:
        problem.Unavailable: It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise problem.Unavailable(f"Port {port} of {host} cannot be listened on: {error.strerror}.") from None
    listener.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )  # asyncio does so only for sockets that it made: else each answer waits 40 ms
    return listener


class Protocol(H11Protocol):
    """uvicorn's protocol for one connection, with deadlines."""

    _owed = ""
    _timer: asyncio.TimerHandle | None = None
    waits_since: float | None = None
    """Since when we have been waiting for the client; None while we are not."""
    _unread_since: float | None = None
    """Since when it has been we who do not read what comes; None while we do."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the class above
        """Begin; and make room where too many others keep us waiting."""
        super().connection_made(transport)
        self._watch()
        waiting = [item for item in self.connections if isinstance(item, Protocol) and item.waits_since is not None]
        for other in sorted(waiting, key=lambda item: item.waits_since or 0)[: max(0, len(waiting) - MAX_WAITING)]:
            other.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._stop()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; the time in which we did not read is not counted as its own."""
        if self._unread_since is not None and self._timer:
            due = self._timer.when() + self.loop.time() - self._unread_since
            self._timer.cancel()
            self._timer = self.loop.call_at(due, self._overdue)
        super().data_received(data)
        self._unread_since = self.loop.time() if self.flow.read_paused else None
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request, or to the end of this one."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._watch()

    def _watch(self) -> None:
        """Start, keep or stop the clock, by what the client owes us now."""
        owed, seconds = self._owes()
        if owed == self._owed:
            return
        self._stop()
        if owed:
            self._owed, self.waits_since = owed, self.loop.time()
        if seconds:
            self._timer = self.loop.call_later(seconds, self._overdue)

    def _owes(self) -> tuple[str, float]:
        """Return what we wait for, and how long; uvicorn has a clock of its own for connections that rest between requests."""
        if self.flow.write_paused or (self.transport.is_closing() and self.transport.get_write_buffer_size()):
            return "to read", READING_SECONDS
        if self.transport.is_closing():
            return "", 0
        if self.conn.their_state is h11.IDLE:
            return ("a next request", 0) if self.timeout_keep_alive_task else ("a head", HEAD_SECONDS)
        return ("a body", self._body_seconds()) if self.conn.their_state is h11.SEND_BODY else ("", 0)

    def _body_seconds(self) -> float:
        """Return how long this body may take: a roster, which is read only once it is known who sends it, has more time."""
        seconds = limits.bounds(dict(self.scope)).seconds
        return seconds + 5 if seconds > limits.SECONDS else BODY_SECONDS

    def _overdue(self) -> None:
        if self._owed == "a body" and self.flow.read_paused:
            self._unread_since = self.loop.time()
            self._timer = self.loop.call_later(BODY_SECONDS, self._overdue)
        else:
            self.transport.abort()

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._owed, self._timer, self.waits_since = "", None, None
