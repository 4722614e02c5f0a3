"""Fetch what stands at a URL that a stranger named, without harm to this network or to others.

    URL → read strictly → resolved once → every address public? → connected to that address → redirect? from the start → Resource

The reasons why nothing was had are few, and say nothing of a network that the asker cannot see: a port that refuses, one that is filtered
and one that speaks something else look the same, and no byte of an answer that was not taken is shown.
"""

from __future__ import annotations

import socket
import threading
import time
from concurrent import futures
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore
import httpx

from badgeissuer import problem
from badgeissuer.net import address, pinned
from badgeissuer.vc import verification

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import TracebackType
    from typing import Self

NOT_FETCHED = "the address is not one this service fetches from"
NO_HOST = "no such host"
NO_ANSWER = "no answer in time"
ERROR = "it answered with an error"
TOO_MUCH = "it answered with too much"
TOO_MANY_REDIRECTS = "too many redirects"
NO_CONNECTION = "the connection failed"

_HEADERS = {
    "Accept": "application/vc, application/ld+json, application/json, */*;q=0.1",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "badgeissuer",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_ADDRESSES = 4
"""Addresses of one host that are tried; a name with hundreds must not make us knock at hundreds of doors."""
_OVERHEAD = 64 * 1024
_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fetch may reach and cost.

    Attributes:
        ports: The ports that may be asked for.
        allow_private: Also allow private networks, http, `localhost` and any port; for tests and demonstrations.
        connect_seconds: To connect, for each URL.
        url_seconds: For each URL, from the look-up of its name to the last byte.
        fetch_seconds: For all, redirects included.
        max_bytes: Of a body.
        max_redirects: That are followed.
        at_once: Fetches at the same time.
    """

    ports: frozenset[int] = frozenset({443})
    allow_private: bool = False
    connect_seconds: float = 3
    url_seconds: float = 3
    fetch_seconds: float = 10
    max_bytes: int = 1024 * 1024
    max_redirects: int = 3
    at_once: int = 16


class _NotHadError(Exception):
    """Nothing was had, for one of the reasons above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Moved:
    url: str


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver knows them.

    Raises:
        OSError: There is no such host, or no resolver.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Fetches URLs within limits; many threads may share one.

    Args:
        limits: What a fetch may reach and cost.
        clock: Says at what time a body was fetched.
        resolve: Host and port → addresses; raises OSError where there are none.
        tls: The trust anchors; those of certifi where none are given. The environment is not asked.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], datetime],
        resolve: Callable[[str, int], list[str]] = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._slots = threading.BoundedSemaphore(limits.at_once)
        # Look-ups run in threads because the system's resolver knows no deadline.
        self._lookups = futures.ThreadPoolExecutor(limits.at_once, thread_name_prefix="lookup")

    def __enter__(self) -> Self:
        """Return the fetcher itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the fetcher."""
        self.close()

    def close(self) -> None:
        """Let go of the threads; the fetcher cannot be used any more."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def fetch(self, url: str) -> verification.Resource | verification.Unreachable:
        """Return what stands at `url`, or why it could not be had.

        Raises:
            problem.Unavailable: Too many fetches are under way.
        """
        if not self._slots.acquire(timeout=_WAIT_SECONDS):
            raise _full()
        try:
            body = self._body(url)
        except _NotHadError as error:
            return verification.Unreachable(url, error.reason)
        finally:
            self._slots.release()
        return verification.Resource(url, body, self._clock())

    def _body(self, url: str) -> bytes:
        until = time.monotonic() + self._limits.fetch_seconds
        for _ in range(self._limits.max_redirects + 1):
            answer = self._hop(url, until)
            if isinstance(answer, bytes):
                return answer
            url = answer.url
        raise _NotHadError(TOO_MANY_REDIRECTS)

    def _hop(self, url: str, until: float) -> bytes | _Moved:
        """Ask one URL once."""
        limits = self._limits
        target = address.read_url(url, ports=limits.ports, allow_private=limits.allow_private)
        if target is None:
            raise _NotHadError(NOT_FETCHED)
        now = time.monotonic()
        if now >= until:
            raise _NotHadError(NO_ANSWER)
        until = min(until, now + limits.url_seconds)
        addresses = self._addresses(target, until)
        # The second bound is for what is no body: endless interim answers, and chunks of one byte with long extensions.
        budget = pinned.Budget(until, 2 * limits.max_bytes + _OVERHEAD)
        backend = pinned.Backend(addresses, self._tls, budget=budget, connect_seconds=limits.connect_seconds)
        request = httpx.Request("GET", target.url, headers=_HEADERS)
        with _reasons(), pinned.Transport(backend) as transport, closing(transport.handle_request(request)) as response:
            return self._answer(target, response)

    def _addresses(self, target: address.Target, until: float) -> tuple[str, ...]:
        """Resolve the host once; one address that is not allowed among many refuses them all."""
        lookup = self._lookups.submit(self._resolve, target.host, target.port)
        try:
            found = lookup.result(timeout=max(0, until - time.monotonic()))
        except TimeoutError:
            if lookup.cancel():  # it never began: earlier ones hang in all the threads
                raise _full() from None
            raise _NotHadError(NO_ANSWER) from None
        except OSError:
            raise _NotHadError(NO_HOST) from None
        if not found:
            raise _NotHadError(NO_HOST)
        if not all(address.is_allowed(item, allow_private=self._limits.allow_private) for item in found):
            raise _NotHadError(NOT_FETCHED)
        return tuple(dict.fromkeys(found))[:_MAX_ADDRESSES]

    def _answer(self, target: address.Target, response: httpx.Response) -> bytes | _Moved:
        location = response.headers.get("location")
        if response.status_code in _REDIRECTS and location:
            return _Moved(address.follow(target.url, location))
        if response.status_code != httpx.codes.OK:
            raise _NotHadError(f"{ERROR} ({response.status_code // 100}xx)")
        body = bytearray()
        for part in response.iter_raw():  # raw: nothing is unpacked, so nothing can swell
            body += part
            if len(body) > self._limits.max_bytes:
                raise pinned.TooMuchError
        return bytes(body)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what can go wrong on a connection into one of the few reasons."""
    try:
        yield
    except TimeoutError:
        raise _NotHadError(NO_ANSWER) from None
    except pinned.TooMuchError:
        raise _NotHadError(TOO_MUCH) from None
    except (OSError, httpcore.ProtocolError):
        raise _NotHadError(NO_CONNECTION) from None


def _full() -> problem.Unavailable:
    return problem.Unavailable("Too many documents are being fetched from elsewhere at this moment. Try again in a few seconds.")
