"""How often anybody may ask for what costs work and needs no token: so often from one address, so often from all together.

Each process counts for itself, in memory; nothing of it is written down. Who asks is the other end of the connection, or whom a proxy
names that uvicorn was told to trust (`FORWARDED_ALLOW_IPS`): a header that anybody may send counts for nothing by itself.
"""

from __future__ import annotations

import ipaddress
import math
import time
from typing import TYPE_CHECKING

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from badgeissuer import problem
from badgeissuer.web import problems
from badgeissuer.web.service import Service, Using

if TYPE_CHECKING:
    from limits import RateLimitItem

    from badgeissuer.settings import Rates

_NETWORK = 64
"""Bits of an IPv6 address that one customer has to himself."""


class Counter:
    """Counts what is asked.

    Args:
        rates: How often what is asked may be asked.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, address: str, what: str = "", *, limit: RateLimitItem | None = None) -> None:
        """Count one more.

        Args:
            address: Where it came from.
            what: What is counted apart from the rest.
            limit: How often that may come from one address; as often as all else if None.

        Raises:
            problems.HttpProblem: It is one too many: 429, with what the limit is and when to come again.
        """
        who, limit = _whole(address), limit or self._rates.address
        if not self._limiter.test(limit, "address", who, what):
            raise self._too_many(limit, "address", who, what)
        if not self._limiter.hit(self._rates.overall, "all"):
            raise self._too_many(self._rates.overall, "all")
        self._limiter.hit(limit, "address", who, what)  # only now, so that there are never more addresses than are let in

    def _too_many(self, limit: RateLimitItem, *key: str) -> problems.HttpProblem:
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        whose = "from your address" if key[0] == "address" else "from all over"
        often = f"{limit.amount} times in {limit.get_expiry()} seconds"
        fault = problem.TooMany(
            f"Too much is asked {whose}: it may be asked {often}. Wait {seconds} seconds, and ask again.", retry_after=seconds
        )
        policy = {"RateLimit-Policy": f'"{key[0]}";q={limit.amount};w={limit.get_expiry()}', "RateLimit": f'"{key[0]}";r=0;t={seconds}'}
        return problems.HttpProblem(fault, policy)


def _whole(address: str) -> str:
    """Return the address, or the network that somebody has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, _NETWORK), strict=False))  # noqa: PLR2004 - IPv4


def count(request: Request, using: Service, what: str = "", *, limit: RateLimitItem | None = None) -> None:
    """Count a request; for the arguments see `Counter.count`.

    Raises:
        problems.HttpProblem: It is one too many.
    """
    if using.counter is not None:
        using.counter.count(request.client.host if request.client else "", what, limit=limit)


async def _counted(request: Request, using: Using) -> None:  # as a coroutine it needs no thread
    count(request, using)


async def _counted_unless_open(request: Request, using: Using) -> None:  # as above
    if not using.settings.vc_api_open:  # conformance suites ask by the hundred
        count(request, using)


async def _counted_apart(request: Request, using: Using) -> None:  # as above
    count(request, using, "codes")


async def _letters_counted(request: Request, using: Using) -> None:  # as above
    count(request, using, "letters", limit=LETTERS)


LETTERS = RateLimitItemPerMinute(60, 30)
"""How often letters with links may be asked for from one address: a campus behind one has room, and nobody uses up what all have."""
COUNTED = Depends(_counted)
"""Of a route whose every request counts."""
COUNTED_UNLESS_OPEN = Depends(_counted_unless_open)
"""The same of VC-API, unless it is open for conformance suites."""
CODES_COUNTED = Depends(_counted_apart)
"""Of frames of a camera, of which it takes several to read one code."""
LETTERS_COUNTED = Depends(_letters_counted)
"""Of forms that have a letter with a link sent."""
