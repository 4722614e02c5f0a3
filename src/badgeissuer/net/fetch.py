"""Fetch what stands at a URL that a stranger named, without harm to this network or to others.

    URL → read strictly → had lately? → asked too often? → resolved once → every address public? → connected to that address → unpacked
        → redirect? from the start → kept as long as HTTP allows → Resource

The reasons why nothing was had are few, and say nothing of a network that the asker cannot see: a port that refuses, one that is filtered
and one that speaks something else look the same, and no byte of an answer that was not taken is shown.
"""

from __future__ import annotations

import math
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
from badgeissuer.net import address, bucket, cache, freshness, packing, pinned
from badgeissuer.vc import verification

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
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
NOT_UNPACKED = "its answer cannot be unpacked"
TOO_OFTEN = "that host was asked too often just now"

_HEADERS = {
    "Accept": "application/vc, application/ld+json, application/json, */*;q=0.1",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "badgeissuer",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
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
        max_bytes: Of a body, as it comes and unpacked.
        max_redirects: That are followed.
        at_once: Fetches at the same time.
        per_host: How often a host may be asked; without limit where none is given.
        per_address: How often an address may be, whatever names lead to it; many sites can live at one.
        kept_documents: Documents that are kept, at most.
        kept_bytes: Of all these together.
    """

    ports: frozenset[int] = frozenset({443})
    allow_private: bool = False
    connect_seconds: float = 3
    url_seconds: float = 3
    fetch_seconds: float = 10
    max_bytes: int = 1024 * 1024
    max_redirects: int = 3
    at_once: int = 16
    per_host: bucket.Rate | None = bucket.HOST
    per_address: bucket.Rate | None = bucket.ADDRESS
    kept_documents: int = 512
    kept_bytes: int = 32 * 1024 * 1024


class _NotHadError(Exception):
    """Nothing was had, for one of the reasons above.

    Args:
        reason: One of them.
        is_ours: It lies with this service and at this moment, and says nothing of the URL.
    """

    def __init__(self, reason: str, *, is_ours: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_ours = is_ours


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    leads_to: str | None = None


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
        monotonic: Seconds that never go back: how long a document is kept, and how often a host is asked, is counted in them.
        resolve: Host and port → addresses; raises OSError where there are none.
        tls: The trust anchors; those of certifi where none are given. The environment is not asked.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        resolve: Callable[[str, int], list[str]] = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._slots = threading.BoundedSemaphore(limits.at_once)
        # Look-ups run in threads because the system's resolver knows no deadline.
        self._lookups = futures.ThreadPoolExecutor(limits.at_once, thread_name_prefix="lookup")
        self._cache = cache.Cache(max_documents=limits.kept_documents, max_bytes=limits.kept_bytes)
        self._flights = cache.Flights()
        self._hosts = bucket.Buckets(limits.per_host, monotonic=monotonic)
        self._places = bucket.Buckets(limits.per_address, monotonic=monotonic)

    def __enter__(self) -> Self:
        """Return the fetcher itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the fetcher."""
        self.close()

    def close(self) -> None:
        """Let go of the threads; the fetcher cannot be used any more."""
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def fetch(self, url: str, *, fresh: bool = False) -> verification.Resource | verification.Unreachable:
        """Return what stands at `url`, or why it could not be had.

        What was had lately is not asked for again for as long as its server allows (RFC 9111); where the server says nothing that is five
        minutes, and an hour at most. A failure stands for half a minute.

        Args:
            url: As somebody gave it.
            fresh: Ask in any case, whatever was had before.

        Raises:
            problem.Unavailable: Too many fetches are under way.
        """
        target = self._read(url)
        if target is None:
            return verification.Unreachable(url, NOT_FETCHED)
        found = None if fresh else self._cache.look(target.url, self._monotonic())
        if found is None:
            with self._slot():
                found = self._ask(target.url, self._ends(), is_first=True) if fresh else self._together(target.url)
        if isinstance(found, cache.Failure):
            return verification.Unreachable(url, found.reason)
        return verification.Resource(url, found.body, found.fetched_at)

    def _read(self, url: str) -> address.Target | None:
        return address.read_url(url, ports=self._limits.ports, allow_private=self._limits.allow_private)

    def _ends(self) -> float:
        return time.monotonic() + self._limits.fetch_seconds

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=_WAIT_SECONDS):
            raise _full()
        try:
            yield
        finally:
            self._slots.release()

    def _together(self, url: str) -> cache.Document | cache.Failure:
        """Ask a URL, or wait for somebody who does; who waits holds a slot too, or one slow server could hold up any number of threads."""
        until = self._ends()
        with self._flights.joined(url, self._limits.fetch_seconds) as is_first:
            return self._cache.look(url, self._monotonic()) or self._ask(url, until, is_first=is_first)

    def _ask(self, url: str, until: float, *, is_first: bool) -> cache.Document | cache.Failure:
        """Ask a URL and keep what comes of it; who has waited for another has too little time left to call a URL unreachable."""
        try:
            found = self._had(url, until, self._cache.known(url))
        except _NotHadError as error:
            failure = cache.Failure(error.reason, self._monotonic() + cache.FAILED)
            if is_first and not error.is_ours:
                self._cache.fail(url, failure)
            return failure
        self._cache.keep(url, found, now=self._monotonic())
        return found

    def _had(self, url: str, until: float, known: cache.Document | None) -> cache.Document:
        """Return what stands at a URL, wherever that leads; if `known` still does, it need not be sent again.

        A document at the end of redirects is fresh for as long as each of them is, and is asked for from the start afterwards.
        """
        asked, fresh_until = url, math.inf
        for hop in range(self._limits.max_redirects + 1):
            before = known if hop == 0 else None
            began = self._monotonic()
            answer = self._hop(asked, until, freshness.conditions(before.headers) if before else {})
            if answer.status == _NOT_MODIFIED and before:
                if not freshness.confirms(answer.headers, before.headers):
                    return self._had(url, until, None)
                answer = _Answer(httpx.codes.OK, {**before.headers, **answer.headers}, before.body)
            fresh_until = min(fresh_until, began + freshness.seconds(answer.headers, status=answer.status, now=self._clock()))
            if answer.leads_to is None:
                return cache.Document(answer.body, self._clock(), fresh_until, {} if hop else freshness.kept(answer.headers))
            asked = answer.leads_to
        raise _NotHadError(TOO_MANY_REDIRECTS)

    def _hop(self, url: str, until: float, conditions: Mapping[str, str]) -> _Answer:
        """Ask one URL once."""
        limits = self._limits
        target = self._read(url)
        if target is None:
            raise _NotHadError(NOT_FETCHED)
        now = time.monotonic()
        if now >= until:
            raise _NotHadError(NO_ANSWER, is_ours=True)
        if not self._hosts.take(target.host):
            raise _NotHadError(TOO_OFTEN, is_ours=True)
        until = min(until, now + limits.url_seconds)
        addresses = self._addresses(target, until)
        # The second bound is for what is no body: endless interim answers, and chunks of one byte with long extensions.
        budget = pinned.Budget(until, 2 * limits.max_bytes + _OVERHEAD)
        backend = pinned.Backend(addresses, self._tls, budget=budget, connect_seconds=limits.connect_seconds)
        request = httpx.Request("GET", target.url, headers={**_HEADERS, **conditions})
        with _reasons(), pinned.Transport(backend) as transport, closing(transport.handle_request(request)) as response:
            return self._answer(target, response, may_confirm=bool(conditions))

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
        addresses = tuple(item for item in tuple(dict.fromkeys(found))[:_MAX_ADDRESSES] if self._places.take(address.neighbourhood(item)))
        if not addresses:
            raise _NotHadError(TOO_OFTEN, is_ours=True)
        return addresses

    def _answer(self, target: address.Target, response: httpx.Response, *, may_confirm: bool) -> _Answer:
        status, headers = response.status_code, dict(response.headers)
        location = headers.get("location")
        if status in _REDIRECTS and location:
            return _Answer(status, headers, leads_to=address.follow(target.url, location))
        if status == _NOT_MODIFIED and may_confirm:
            return _Answer(status, headers)
        if status != httpx.codes.OK:
            raise _NotHadError(f"{ERROR} ({status // 100}xx)")
        body = bytearray()
        for part in response.iter_raw():  # raw: what the client library would unpack knows no limit
            body += part
            if len(body) > self._limits.max_bytes:
                raise pinned.TooMuchError
        unpacked = packing.unpack(bytes(body), headers.get("content-encoding", ""), max_bytes=self._limits.max_bytes)
        return _Answer(status, headers, unpacked)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what can go wrong on a connection into one of the few reasons."""
    try:
        yield
    except TimeoutError:
        raise _NotHadError(NO_ANSWER) from None
    except (pinned.TooMuchError, packing.SwollenError):
        raise _NotHadError(TOO_MUCH) from None
    except packing.UnknownError:
        raise _NotHadError(NOT_UNPACKED) from None
    except (OSError, httpcore.ProtocolError):
        raise _NotHadError(NO_CONNECTION) from None


def _full() -> problem.Unavailable:
    return problem.Unavailable("Too many documents are being fetched from elsewhere at this moment. Try again in a few seconds.")
