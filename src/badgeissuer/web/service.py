"""What the routes share: settings, database, the fetcher, and who is asking."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from badgeissuer import access, problem, verifying
from badgeissuer.net import fetch
from badgeissuer.openbadges.addresses import Site
from badgeissuer.settings import Settings, clock
from badgeissuer.store import engine
from badgeissuer.vc import contexts, verification

WAIT_SECONDS = 5
"""How long a request waits for a worker before it answers 503."""
_POLL_SECONDS = 0.02
KEYS_ASKED_EVERY = timedelta(minutes=1)

T = TypeVar("T")


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
        keys_asked: When the keys of a source were last fetched, by its address.
    """

    settings: Settings
    database: Engine
    fetcher: fetch.Fetcher
    trust: verifying.Trust
    contexts: Mapping[str, contexts.Context]
    wake: Callable[[], None]
    keys_asked: dict[str, datetime] = field(default_factory=dict)

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
        with self.reading() as session:
            found = verifying.own(session, url, site=self.site, now=self.now())
        return found or self.fetcher.fetch(url)

    def policy(self, profile: verification.Profile) -> verification.Policy:
        """Return how this service verifies."""
        with self.reading() as session:
            return replace(verifying.policy(session, profile, trust=self.trust), known=self.contexts)

    def may_fetch_keys(self, source: str) -> bool:
        """Return whether the keys of a source were not asked for within the last minute, and note that they are now."""
        now = self.now()
        before = self.keys_asked.get(source)
        if before is not None and now - before < KEYS_ASKED_EVERY:
            return False
        self.keys_asked[source] = now
        return True

    def wait_for(self, ask: Callable[[Session], T | None]) -> T:
        """Return what `ask` finds once a worker has done its part.

        Raises:
            problem.Unavailable: No worker did it in time; the work stays in the queue.
        """
        self.wake()
        ends = time.monotonic() + WAIT_SECONDS
        while True:
            with self.reading() as session:
                found = ask(session)
            if found is not None:
                return found
            if time.monotonic() > ends:
                raise problem.Unavailable("The work is queued, but no worker has done it yet. Ask again in a moment.")
            time.sleep(_POLL_SECONDS)


def service(request: Request) -> Service:
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
    now = using.now()
    with using.reading() as session:
        found = access.authenticate(session, credentials.credentials if credentials else "", now=now)
        is_noted = access.is_noted(session, found, now=now)
    if not is_noted:
        with using.writing() as session:
            access.touch(session, found, now=now)
    return found


Acting = Annotated[access.Actor, Depends(actor)]


async def raw_body(request: Request) -> bytes:
    """Return the body as it came."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
