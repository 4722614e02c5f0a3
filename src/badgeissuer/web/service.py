"""What the routes share: settings, database, the fetcher, and who is asking."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from badgeissuer import access, problem, verifying
from badgeissuer.net import fetch
from badgeissuer.net import provider as providers
from badgeissuer.openbadges.addresses import Site
from badgeissuer.settings import Settings, clock
from badgeissuer.store import engine
from badgeissuer.store.keyring import Keyring
from badgeissuer.vc import contexts, verification
from badgeissuer.web.together import Together

if TYPE_CHECKING:
    from badgeissuer.web.rates import Counter

WAIT_SECONDS = 5
"""How long a request waits for a worker before it answers 503."""
LOG = logging.getLogger("badgeissuer.web")
_POLL_SECONDS = 0.02
"""How often is looked for what a worker of another process has done."""
KEYS_ASKED_EVERY = timedelta(minutes=1)
MOST_WAITING = 100
"""Notes that wait to be written; more are lost."""
NOTED_IN_A_MINUTE, MOST_NOTED = 20, 1000
"""Rejected deliveries to one address that a process notes in a minute, and addresses that it counts them for."""
MINUTE = timedelta(minutes=1)

T = TypeVar("T")
Asked = TypeVar("Asked")
Found = TypeVar("Found")


class Notes:
    """Does small things after the answer, one after the other; of very many at once only some."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="notes")
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def add(self, work: Callable[[], None]) -> None:
        """Do `work` soon, or never where too much waits already."""
        if self._room.acquire(blocking=False):
            self._thread.submit(self._do, work)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DBAPIError as error:
            LOG.warning("a note was lost: %s", engine.name_of(error))
        finally:
            self._room.release()

    def end(self) -> None:
        """Finish what is being done, and leave the rest."""
        self._thread.shutdown(cancel_futures=True)


class Bell:
    """Tells everybody who waits that something was done."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    def ring(self) -> None:
        """Tell it."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def count(self) -> int:
        """Return how often it rang."""
        return self._count

    def wait(self, count: int, *, seconds: float) -> None:
        """Return once it has rung more than `count` times, or after some seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != count, seconds)


@dataclass(frozen=True, slots=True)
class Service:
    """The running service.

    Attributes:
        settings: How it was set up.
        database: Its database.
        fetcher: What it fetches documents of others with.
        trust: Whom the operator trusts.
        contexts: The JSON-LD contexts that documents may name.
        wake: Tells a worker in this process that there is work; does nothing where there is none.
        keyring: Where the signing keys are; None where only workers elsewhere have them.
        keys_asked: When the keys of a source were last fetched, by its address.
        bell: Rings when a worker in this process has done something.
        noted: When rejected deliveries to an address were last noted.
        notes: Does what is not worth waiting for.
        provider: The OpenID provider that staff sign in at; None where there is none.
        counter: Counts what anybody may ask only so often; None where that is not counted.
    """

    settings: Settings
    database: Engine
    fetcher: fetch.Fetcher
    trust: verifying.Trust
    contexts: Mapping[str, contexts.Context]
    wake: Callable[[], None]
    keyring: Keyring | None = None
    keys_asked: dict[str, datetime] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)
    noted: dict[str, deque[datetime]] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    provider: providers.Provider | None = None
    counter: Counter | None = None
    _desks: dict[Callable[..., Any], Together[Any, Any]] = field(default_factory=dict, init=False)

    @property
    def site(self) -> Site:
        """The service as the world sees it."""
        return self.settings.site

    def now(self) -> datetime:
        """Return the time of day."""
        return clock()

    def reading(self) -> AbstractContextManager[Session]:
        """Give a session that can only read."""
        return engine.reading(self.database)

    def writing(self) -> AbstractContextManager[Session]:
        """Give a session that commits at its end, before anything is answered."""
        return engine.writing(self.database)

    def look(self, url: str) -> verification.Resource | verification.Unreachable:
        """Return what stands at a URL: our own documents out of the store, those of others from the web."""
        if self.site.path_of(url) is None:
            return self.fetcher.fetch(url)
        return self.together(_own, url)  # type: ignore[return-value]  # mypy joins the two kinds of answers

    def policy(self, profile: verification.Profile) -> verification.Policy:
        """Return how this service verifies."""
        return self.together(_policies, profile)

    def may_fetch_keys(self, source: str) -> bool:
        """Return whether the keys of a source were not asked for within the last minute, and note that they are now."""
        now = self.now()
        before = self.keys_asked.get(source)
        if before is not None and now - before < KEYS_ASKED_EVERY:
            return False
        self.keys_asked[source] = now
        return True

    def may_note(self, source: str) -> bool:
        """Return whether to note a delivery that was rejected: not if as many as are noted in a minute were within the last one."""
        if len(self.noted) > MOST_NOTED and source not in self.noted:
            self.noted.clear()  # somebody tries addresses; those that are real come again
        before, now = self.noted.setdefault(source, deque(maxlen=NOTED_IN_A_MINUTE)), self.now()
        if len(before) == NOTED_IN_A_MINUTE and now - before[0] < MINUTE:
            return False
        before.append(now)
        return True

    def together(self, serve: Callable[[Service, Sequence[Asked]], Sequence[Found | Exception]], asked: Asked) -> Found:
        """Return what `serve` finds for `asked`, served together with what other requests ask of it at the same moment."""
        desk: Together[Asked, Found] = self._desks.get(serve) or self._desks.setdefault(serve, Together(functools.partial(serve, self)))
        return desk.ask(asked)

    def wait_for(self, ask: Callable[[Session], T | None]) -> T:
        """Return what `ask` finds once a worker has done its part.

        Raises:
            problem.Unavailable: No worker did it in time; the work stays in the queue.
        """

        def look() -> T | None:
            with self.reading() as session:
                return ask(session)

        return self.wait_until(look)

    def wait_until(self, look: Callable[[], T | None]) -> T:
        """Do the same where `look` has, or shares, a session of its own."""
        self.wake()
        ends = time.monotonic() + WAIT_SECONDS
        while True:
            count = self.bell.count()
            found = look()
            if found is not None:
                return found
            if time.monotonic() > ends:
                raise problem.Unavailable("The work is queued, but no worker has done it yet. Ask again in a moment.")
            self.bell.wait(count, seconds=_POLL_SECONDS)


def _own(using: Service, urls: Sequence[str]) -> Sequence[verification.Resource | verification.Unreachable]:
    """Return what stands at URLs of this service."""
    with using.reading() as session:
        found = {url: verifying.own(session, url, site=using.site, now=using.now()) for url in set(urls)}
    return [found[url] or verification.Unreachable(url, "it is not of this service") for url in urls]


def _policies(using: Service, profiles: Sequence[verification.Profile]) -> Sequence[verification.Policy]:
    with using.reading() as session:
        policy = replace(verifying.policy(session, profiles[0], trust=using.trust), known=using.contexts)
    return [replace(policy, profile=profile) for profile in profiles]


async def service(request: Request) -> Service:  # as a coroutine it needs no thread
    """Return the service that the application was made with."""
    found: Service = request.app.state.service
    return found


Using = Annotated[Service, Depends(service)]

_bearer = HTTPBearer(auto_error=False, description="A token made with `badgeissuer token create`.")


def actor(using: Using, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> access.Actor:
    """Return whose token came with the request.

    Raises:
        problem.Unauthenticated: None did, or one that does not count.
    """
    found = using.together(_authenticate, credentials.credentials if credentials else "")
    now = using.now()
    if found.last_used_on != now.date():
        with using.writing() as session:
            access.touch(session, found, now=now)
    return found


def _authenticate(using: Service, tokens: Sequence[str]) -> Sequence[access.Actor | Exception]:
    with using.reading() as session:
        return access.authenticate_all(session, tokens, now=using.now())


Acting = Annotated[access.Actor, Depends(actor)]


async def raw_body(request: Request) -> bytes:
    """Return the body as it came."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
