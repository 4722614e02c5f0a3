"""No document, however hostile, makes a verifier ask for anything but public names over https (section 1.4 of the threat model)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from tests.corpus import build, kit, more_fetch

from badgeissuer import verifying
from badgeissuer.net import address, fetch
from badgeissuer.vc import verification

CASES = build.cases()
NOW = datetime.fromisoformat(kit.NOW)
POLICY = verification.Policy(verifying.BADGE)
PORTS = frozenset({443})


class Web:
    """The web of the corpus behind the fetcher of production: what may be asked for is answered, the rest the fetcher has to refuse.

    Attributes:
        asked: The URLs that the verifier wanted.
        looked_up: The names that the fetcher asked the name server for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.looked_up: list[str] = []
        self._stands = build.resources()
        limits = fetch.Limits(ports=PORTS, per_host=None, per_address=None)
        self._fetcher = fetch.Fetcher(limits, clock=lambda: NOW, resolve=self._resolve)

    def _resolve(self, host: str, port: int) -> list[str]:
        assert port == 443
        self.looked_up.append(host)
        raise OSError("there is no such name")

    def look(self, url: str) -> verification.Resource | verification.Unreachable:
        self.asked.append(url)
        if url in self._stands and address.read_url(url, ports=PORTS, allow_private=False):
            return verification.Resource(url, self._stands[url](), NOW)
        return self._fetcher.fetch(url)

    def close(self) -> None:
        self._fetcher.close()


@pytest.fixture(scope="module")
def _one() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


@pytest.fixture
def internet(_one: Web) -> Web:
    _one.asked.clear()
    _one.looked_up.clear()
    return _one


def test_only_public_names_are_looked_up(internet: Web) -> None:
    for path, case in CASES.items():
        if case.stored and path.startswith(("endorsement/", "fetch/", "keys/", "refresh/", "schema/", "status/")):
            verifying.verify(case.body(), look=internet.look, now=datetime.fromisoformat(case.at), policy=POLICY)
    wanted = set(internet.asked)
    assert {url for url in wanted if url.startswith("http://")} != set()  # the corpus does try
    assert {url for url in wanted if not url.startswith(("https://", "http://"))} == set()
    assert {host for host in internet.looked_up if not host.endswith(".example")} == set()


def test_addresses_that_are_not_public_are_refused_before_anything_is_looked_up(internet: Web) -> None:
    named = [url for url in _hostile() if address.read_url(url, ports=PORTS, allow_private=False) is None]
    for url in named:
        found = internet.look(url)
        assert isinstance(found, verification.Unreachable)
        assert found.reason == fetch.NOT_FETCHED
    assert internet.looked_up == []
    assert len(named) == len(_hostile())


def _hostile() -> list[str]:

    return [*more_fetch.PRIVATE.values(), *more_fetch.BROKEN.values()]


@pytest.mark.parametrize("path", [path for path in CASES if path.startswith("refresh/unproven")])
def test_nobody_is_asked_to_refresh_what_is_not_proven(path: str, internet: Web) -> None:
    verifying.verify(CASES[path].body(), look=internet.look, now=NOW, policy=POLICY)
    assert [url for url in internet.asked if "/refresh/" in url] == []


def test_a_chain_of_refreshes_is_followed_once(internet: Web) -> None:
    verifying.verify(CASES["refresh/chain-is-followed-once.json"].body(), look=internet.look, now=NOW, policy=POLICY)
    assert [url for url in internet.asked if "/refresh/" in url] == ["https://issuer.example/refresh/chain.json"]


def test_pictures_evidence_and_home_pages_are_never_asked_for(internet: Web) -> None:
    verifying.verify(CASES["fetch/pictures-and-evidence.json"].body(), look=internet.look, now=NOW, policy=POLICY)
    assert set(internet.asked) <= {kit.STATUS_LIST, "https://issuer.example/.well-known/did.json"}
