"""Connections to addresses that were checked beforehand, and to nothing else.

A name is resolved once, by the caller. What is connected to is the address that came out, so a second answer of the name server, which
may be another, is never asked for; TLS still names and checks the host. No client stands above the transport: there is no cookie jar, no
proxy, no .netrc and no redirect that was not looked at.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class TooMuchError(Exception):
    """The other side sent more than may be read."""


@dataclass(slots=True)
class Budget:
    """What one exchange may cost.

    Attributes:
        until: The moment of `time.monotonic` at which it ends.
        unread: Bytes that may still be read: headers, chunk headers and all.
    """

    until: float
    unread: int

    def seconds(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: None are.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def count(self, data: bytes) -> bytes:
        """Return `data` after counting it.

        Raises:
            TooMuchError: It is more than was left.
        """
        self.unread -= len(data)
        if self.unread < 0:
            raise TooMuchError
        return data


class Backend(httpcore.NetworkBackend):
    """Connects to the first of the checked addresses that answers, whatever host it is asked for.

    Args:
        addresses: The checked addresses, in the order to try them.
        tls: The trust anchors and versions.
        budget: What the exchange may cost.
        connect_seconds: How long the attempts to connect may take together.
    """

    def __init__(self, addresses: tuple[str, ...], tls: ssl.SSLContext, *, budget: Budget, connect_seconds: float) -> None:
        self._addresses = addresses
        self._tls = tls
        self._budget = budget
        self._connect_seconds = connect_seconds

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - never resolved a second time
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the budget rules
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Return a connection to one of the addresses.

        Raises:
            ConnectionError: None took it in time; whether it refused or kept silent is not told.
        """
        until = min(self._budget.until, time.monotonic() + self._connect_seconds)
        for tried, address in enumerate(self._addresses):
            share = (until - time.monotonic()) / (len(self._addresses) - tried)
            with suppress(OSError):
                return Stream(socket.create_connection((address, port), max(share, 0.001)), self._tls, self._budget)
        raise ConnectionError


class Stream(httpcore.NetworkStream):
    """A connection on which no single read, and no row of them, outlasts the budget."""

    def __init__(self, connection: socket.socket, tls: ssl.SSLContext, budget: Budget) -> None:
        self._connection = connection
        self._tls = tls
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the budget rules
        """Return some bytes, none at the end.

        Raises:
            TimeoutError: The time is over.
            TooMuchError: More came than may be read.
            OSError: The connection broke.
        """
        self._connection.settimeout(self._budget.seconds())
        return self._budget.count(self._connection.recv(max_bytes))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the budget rules
        """Send all of `buffer`.

        Raises:
            TimeoutError: The time is over.
            OSError: The connection broke.
        """
        self._connection.settimeout(self._budget.seconds())
        self._connection.sendall(buffer)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - see Transport
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the budget rules
    ) -> httpcore.NetworkStream:
        """Return the connection under TLS, the certificate checked for `server_hostname`.

        Raises:
            ConnectionError: No TLS that can be trusted came about; the reason is not told.
        """
        try:
            self._connection.settimeout(self._budget.seconds())
            return Stream(self._tls.wrap_socket(self._connection, server_hostname=server_hostname), self._tls, self._budget)
        except OSError:
            self.close()
            raise ConnectionError from None

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class _Body(httpx.SyncByteStream):
    """The body of a response, as httpx wants it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class Transport(httpx.BaseTransport):
    """One exchange over a `Backend`, in HTTP/1.1.

    httpcore sets the ALPN of the TLS context it holds at each connect, which is not safe while another thread shakes hands with the same
    one. It is therefore given an empty one, which trusts nobody; `Stream.start_tls` takes the backend's.
    """

    def __init__(self, backend: Backend) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response with its body unread; the caller closes it.

        Raises:
            TimeoutError: The time is over.
            TooMuchError: More came than may be read.
            OSError: The connection failed.
            httpcore.ProtocolError: What came is not HTTP/1.1.
        """
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore.Request(request.method, target, headers=request.headers.raw, content=request.read() or None)
        response = self._pool.handle_request(asked)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()
