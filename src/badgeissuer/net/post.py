"""Post to addresses that somebody else named, without harm to this network: once, pinned, and without looking where it leads.

The address is resolved once, each of its addresses must be allowed, and what is connected to is one of them (`net.pinned`). A redirect is
an answer like any other, and of the answer to a notice only its status is read.
"""

from __future__ import annotations

import time
from concurrent import futures
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore
import httpx

from badgeissuer.net import address, fetch, pinned

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

_HEADERS = {"Content-Type": "application/json", "Connection": "close", "User-Agent": "badgeissuer"}
_ANSWER_BYTES = 64 * 1024
_MAX_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be posted to, and how long it may take.

    Attributes:
        ports: The ports that may be named.
        allow_private: Also allow private networks, http, `localhost` and any port.
        connect_seconds: To connect.
        seconds: From the look-up of the name to the status.
    """

    ports: frozenset[int] = frozenset({443})
    allow_private: bool = False
    connect_seconds: float = 5
    seconds: float = 15

    def allows(self, url: str) -> bool:
        """Return whether a URL may be posted to, as far as its text tells."""
        return address.read_url(url, ports=self.ports, allow_private=self.allow_private) is not None


class NotReachedError(Exception):
    """There was no answer, for a reason that says nothing of a network that the asker cannot see."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Poster:
    """Posts; many threads may share one.

    Args:
        reach: What may be posted to.
        resolve: Host and port → addresses; raises OSError where there are none.
        tls: The trust anchors; those of certifi where none are given.
    """

    def __init__(
        self, reach: Reach, *, resolve: Callable[[str, int], list[str]] = fetch.resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._lookups = futures.ThreadPoolExecutor(4, thread_name_prefix="lookup")

    def close(self) -> None:
        """Let go of the threads."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> int:
        """Post JSON and return the status of the answer.

        Raises:
            NotReachedError: There was none.
        """
        return self._exchange("POST", url, body, headers, reads=False)[0]

    def ask(self, method: str, url: str, body: bytes, *, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send something and return the status and the body of the answer, of 64 KiB at most and as it came.

        Raises:
            NotReachedError: There was none.
        """
        return self._exchange(method, url, body, {"Accept-Encoding": "identity", **headers}, reads=True)

    def _exchange(self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, reads: bool) -> tuple[int, bytes]:
        target = address.read_url(url, ports=self._reach.ports, allow_private=self._reach.allow_private)
        if target is None:
            raise NotReachedError(fetch.NOT_FETCHED)
        until = time.monotonic() + self._reach.seconds
        budget = pinned.Budget(until, _ANSWER_BYTES)
        backend = pinned.Backend(self.addresses(target, until), self._tls, budget=budget, connect_seconds=self._reach.connect_seconds)
        request = httpx.Request(method, target.url, headers={**_HEADERS, **headers}, content=body)
        try:
            with pinned.Transport(backend) as transport, closing(transport.handle_request(request)) as response:
                return response.status_code, b"".join(response.iter_raw()) if reads else b""
        except TimeoutError:
            raise NotReachedError(fetch.NO_ANSWER) from None
        except pinned.TooMuchError:
            raise NotReachedError(fetch.TOO_MUCH) from None
        except (OSError, httpcore.ProtocolError):
            raise NotReachedError(fetch.NO_CONNECTION) from None

    def addresses(self, target: address.Target, until: float) -> tuple[str, ...]:
        """Resolve the host once; one address that is not allowed among many refuses them all.

        Raises:
            NotReachedError: There is none in time, or one is not allowed.
        """
        try:
            lookup = self._lookups.submit(self._resolve, target.host, target.port)
            found = lookup.result(timeout=max(0, until - time.monotonic()))
        except TimeoutError:
            raise NotReachedError(fetch.NO_ANSWER) from None
        except OSError:
            raise NotReachedError(fetch.NO_HOST) from None
        if not found:
            raise NotReachedError(fetch.NO_HOST)
        if not all(address.is_allowed(item, allow_private=self._reach.allow_private) for item in found):
            raise NotReachedError(fetch.NOT_FETCHED)
        return tuple(dict.fromkeys(found))[:_MAX_ADDRESSES]
