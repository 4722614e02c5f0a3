"""A small campus: an issuer with a key, a published achievement, two sources, and a worker whose clock stands still.

Everything is real: databases of both kinds, the keyring at its lowest cost, signatures. Time is `campus.now`, and passes when a test
says so.
"""

from __future__ import annotations

import copy
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwk, jws
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from standardwebhooks import Webhook
from tests.net import posthouse

from badgeissuer import authoring, batching, connecting, courier, intake, issuing, recognising, ruling, signing, status, verifying, worker
from badgeissuer.awarding import event, rule
from badgeissuer.net import mail, post
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import engine as engines
from badgeissuer.store import keyring, spool, status_places, tables
from badgeissuer.vc import report, verification

BEGINNING = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
LOCAL, SECURE = Site("http://localhost:8000"), Site("https://badges.example.edu")
SECRET = "whsec_" + "b25lLW9mLXRoZS1zZWNyZXRzLW9mLXRoZS10ZXN0cyE="
KID = "2026-05-20T00:00:00Z"
DRAFT = {
    "name": "Welding Safety",
    "description": "Prepares, welds and inspects a joint by the rules of the workshop.",
    "achievementType": "Certificate",
    "criteria": {"narrative": "Weld three joints that pass inspection."},
    "creditsAvailable": 2,
    "resultDescription": [
        {"id": "#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": "50"},
        {
            "id": "#joint",
            "name": "Quality of the joint",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [{"id": "#fair", "name": "Fair", "points": "1"}, {"id": "#good", "name": "Good", "points": "2"}],
        },
    ],
}
COMPLETED = {
    "metadata": {
        "event_name": "course_completed",
        "event_time": "2026-05-20T13:00:00.000Z",
        "root_account_id": "21070000000000001",
        "root_account_uuid": "VicYj3cu5BIFpoZhDVU4",
        "context_type": "Course",
        "context_id": "21070000000000565",
        "request_id": "11111111-0000-4000-8000-000000000001",
    },
    "body": {
        "course": {"id": "565", "name": "Welding"},
        "progress": {"completed_at": "2026-05-20T12:59:59.000Z"},
        "user": {"id": "123", "name": "Asha Rao", "email": "asha.rao@example.org"},
    },
}
"""A Canvas Live Event of our own values."""


class FakeInternet:
    """What stands on the web, and what was asked for; a place can hang, which costs the time that the test's clock is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.places: dict[str, bytes | Callable[[], bytes | None]] = {}
        self.asked: list[str] = []

    def look(self, url: str) -> verification.Resource | verification.Unreachable:
        """Return what stands at `url`."""
        self.asked.append(url)
        found = self.places.get(url)
        body = found() if callable(found) else found
        return verification.Unreachable(url, "no answer in time") if body is None else verification.Resource(url, body, self.now)


def do_all(hand: worker.Worker | courier.Courier) -> int:
    """Have a worker or a courier do every job that is due, and return how many there were."""
    done = 0
    while hand.do_one():
        done += 1
    return done


@contextmanager
def roster_of(*rows: object) -> Iterator[spool.Spool]:
    """Give a roster; a row that is bytes stands as it is."""
    with spool.Spool() as roster:
        for row in rows:
            roster.feed((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n")
        roster.end()
        yield roster


@dataclass(slots=True)
class Campus:
    """One service with its database, and shorthand for what people and systems do with it."""

    engine: Engine
    site: Site
    keyring: keyring.Keyring
    rsa: jwk.RSAKey
    now: datetime
    seed: random.Random = field(default_factory=lambda: random.Random(20260520))  # noqa: S311 - repeatable on purpose

    def writing(self) -> AbstractContextManager[Session]:
        """Give a session that commits."""
        return engines.writing(self.engine)

    def reading(self) -> AbstractContextManager[Session]:
        """Give a session that reads."""
        return engines.reading(self.engine)

    @property
    def randomness(self) -> issuing.Randomness:
        """Unpredictable values that are the same in each run."""
        return issuing.Randomness(self.seed.randrange, lambda size: self.seed.randbytes(size).hex())

    def pass_time(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    def worker(self) -> worker.Worker:
        """Return a worker that has not begun."""
        return worker.Worker(self.engine, worker.Ports(self.keyring, self.site))

    def work(self) -> int:
        """Do every job that is due, and return how many there were."""
        return do_all(self.worker())

    def carry(self, means: courier.Means) -> int:
        """Have a courier do every job that is due, and return how many there were."""
        return do_all(courier.Courier(self.engine, means))

    def all(self, table: type[Any]) -> list[Any]:
        """Return the rows of a table."""
        with self.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def only(self, table: type[Any]) -> Any:  # noqa: ANN401 - a row of any table
        """Return the one row of a table."""
        (row,) = self.all(table)
        return row

    def issuer(self, slug: str = "workshop") -> tables.Issuer:
        """Return an issuer."""
        with self.reading() as session:
            return authoring.issuer(session, slug)

    def new_issuer(self, slug: str, **values: object) -> tables.Issuer:
        """Store an issuer that has a key."""
        with self.writing() as session:
            given = {"slug": slug, "name": slug.title(), **values}
            row = authoring.create_issuer(session, given, site=self.site, now=self.now)
            signing.generate(session, row, keyring=self.keyring, site=self.site, now=self.now)
            return row

    def new_achievement(self, slug: str, *, issuer: str = "workshop") -> tables.Achievement:
        """Store an achievement that is published."""
        with self.writing() as session:
            owner = authoring.issuer(session, issuer)
            row = authoring.create_achievement(session, owner, slug=slug, draft=copy.deepcopy(DRAFT), site=self.site, now=self.now)
            authoring.publish(session, row, site=self.site, now=self.now)
            return row

    def connect(self, slug: str, *, adapter: str, signature: object, issuer: str = "workshop") -> tables.Source:
        """Store a source."""
        with self.writing() as session:
            values = {"slug": slug, "name": slug, "adapter": adapter, "signature": signature}
            return connecting.connect(session, authoring.issuer(session, issuer), values, token=lambda size: "k" * size, now=self.now)

    def connect_canvas(self, slug: str = "canvas", **more: str) -> tables.Source:
        """Store a Canvas source whose events the tests can sign."""
        key = {**self.rsa.as_dict(private=False), "kid": KID, "use": "sig", "alg": "RS256"}
        return self.connect(slug, adapter="canvas", signature={"scheme": "canvas_jwt", "jwks": {"keys": [key]}}, **more)

    def connect_native(self, slug: str = "sis", **more: str) -> tables.Source:
        """Store a source that signs as Standard Webhooks does."""
        return self.connect(slug, adapter="native", signature={"scheme": "standard_webhooks", "secrets": [SECRET]}, **more)

    def rule(self, source: tables.Source, *, achievement: str = "welding", field: str = "course", value: object = "565") -> tables.Rule:
        """Store a rule with one condition."""
        tree = {"all": [{"field": field, "op": "ge" if isinstance(value, float) else "eq", "value": value}]}
        return self.add_rule({"when": tree}, source, achievement=achievement)

    def add_rule(self, document: Any, source: tables.Source | None = None, *, achievement: str = "welding") -> tables.Rule:  # noqa: ANN401 - JSON
        """Store a rule."""
        with self.writing() as session:
            own = None if source is None else session.get_one(tables.Source, source.id)
            found, token = authoring.achievement(session, achievement), self.randomness.token
            return ruling.add(session, found, said=rule.parse(document), source=own, token=token, now=self.now)

    def receive(self, source: tables.Source | str, body: bytes, headers: dict[str, str] | None = None) -> intake.Receipt:
        """Take a delivery as the web does."""
        key = source if isinstance(source, str) else source.hook_key
        with self.writing() as session:
            examined = intake.judge(intake.senders(session, [key])[0], headers=headers or {}, body=body, now=self.now)
            intake.require_same(session, examined)
            return intake.keep(session, examined, now=self.now)

    def jwt(self, payload: object, *, kid: str = KID) -> bytes:
        """Sign a payload as Canvas does."""
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return jws.serialize_compact({"alg": "RS256", "typ": "JWT", "kid": kid}, text, self.rsa).encode()

    def deliver_canvas(self, source: tables.Source, **patch: object) -> intake.Receipt:
        """Deliver a completion; `patch` gives other values: `metadata.event_time` is written `metadata__event_time`."""
        return self.receive(source, self.jwt(patched(COMPLETED, {name.replace("__", "."): value for name, value in patch.items()})))

    def webhook(self, payload: object, *, name: str = "msg_1") -> tuple[bytes, dict[str, str]]:
        """Sign a payload as Standard Webhooks describes; return body and headers."""
        body = json.dumps(payload)
        signed = Webhook(SECRET).sign(name, self.now, body)
        stamp = str(int(self.now.timestamp()))
        return body.encode(), {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": signed,
            "content-type": "application/json",
        }

    def award(
        self,
        email: str | None = "asha.rao@example.org",
        *,
        achievement: str = "welding",
        did: str | None = None,
        source_id: str | None = None,
        **decided: Any,  # noqa: ANN401 - members of a decision
    ) -> tuple[tables.Award, bool]:
        """Award an achievement as the API does."""
        with self.writing() as session:
            claim = event.LearnerClaim(source_id, None, email, "Asha Rao", did)
            found = authoring.achievement(session, achievement)
            learner = recognising.recognise(session, claim, issuer_id=found.issuer_id, authority="", now=self.now)
            decision = issuing.Decision(awarded_at=decided.pop("awarded_at", self.now), email=email, did=did, **decided)
            return issuing.award(session, found, learner=learner, decision=decision, randomness=self.randomness, now=self.now)

    def submit(self, *rows: object, key: str | None = None, achievement: str = "welding") -> tables.Batch:
        """Hand in a roster; a row that is bytes stands as it is."""
        with self.writing() as session, roster_of(*rows) as roster:
            found = authoring.achievement(session, achievement)
            return batching.create(session, found, rows=roster, key=key, actor="test", now=self.now)

    def award_all(self, addresses: list[str]) -> None:
        """Have a roster issued; who has no address is known by a number."""
        self.submit(*({"learner": {"email": one} if one else {"source_id": f"s{number}"}} for number, one in enumerate(addresses)))
        self.work()

    def supply(self, row: tables.Award, *, email: str) -> None:
        """Give an award that waits for one an address to issue to."""
        with self.writing() as session:
            found = session.get_one(tables.Award, row.id)
            issuing.supply(session, found, email=email, did=None, randomness=self.randomness, now=self.now)

    def issued(self, email: str | None = "asha.rao@example.org", **more: Any) -> tables.Credential:  # noqa: ANN401 - see `award`
        """Award an achievement and have the badge issued."""
        row, _ = self.award(email, **more)
        self.work()
        with self.reading() as session:
            return issuing.issued(session, row.credential_uuid)

    def revoke(self, uuid: UUID) -> bool:
        """Revoke a badge; return whether it was not revoked before."""
        with self.writing() as session:
            return status.revoke(session, uuid, reason="It was a mistake.", actor="test", now=self.now)

    def look(self, url: str) -> verification.Resource | verification.Unreachable:
        """Look at a URL as the service does whose internet is cut off."""
        with self.reading() as session:
            found = verifying.own(session, url, site=self.site, now=self.now)
        return found or verification.Unreachable(url, "there is no internet in this test")

    def policy(self, profile: verification.Profile = verifying.BADGE) -> verification.Policy:
        """Return the policy of this service."""
        with self.reading() as session:
            return verifying.policy(session, profile, trust=verifying.Trust())

    def verify(self, body: bytes) -> report.Report:
        """Verify a badge as the service does."""
        return verifying.verify(body, look=self.look, now=self.now, policy=self.policy()).report


def patched(source: Any, changes: dict[str, object]) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of a JSON object in which dotted paths have other values."""
    changed = copy.deepcopy(source)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = changed
        for step in way:
            place = place[step]
        place[last] = value
    return changed


@pytest.fixture(scope="session")
def rsa() -> jwk.RSAKey:
    """The key with which the tests' Canvas signs."""
    return jwk.RSAKey.generate_key(2048)


@pytest.fixture
def keys(tmp_path: Path) -> keyring.Keyring:
    """A keyring at the lowest cost."""
    return keyring.Keyring(tmp_path / "keys", b"a passphrase", operations=1, memory_bytes=8192)


Found = Callable[..., Campus]
Anew = Callable[[], AbstractContextManager[Campus]]


def _settle(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> Campus:
    """Give a campus its issuer and its achievement, and have workers look at its clock.

    One status list at a time is enough here: tests may speak of the list. Those of tests/store/test_status_places.py have several.
    """
    monkeypatch.setattr(worker, "clock", lambda: campus.now)
    monkeypatch.setattr(status_places, "MIN_OPEN", 1)
    campus.new_issuer("workshop", name="Northvalley Workshop", url="https://workshop.example.edu")
    campus.new_achievement("welding")
    return campus


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, engine: Engine, keys: keyring.Keyring, rsa: jwk.RSAKey) -> Found:
    """Make a campus at a site, on this test's database."""

    def make(site: Site = LOCAL) -> Campus:
        return _settle(Campus(engine, site, keys, rsa, BEGINNING), monkeypatch)

    return make


@pytest.fixture
def anew(sqlite_template: Path, keys: keyring.Keyring, rsa: jwk.RSAKey, tmp_path: Path) -> Anew:
    """Make a campus with a database of its own on SQLite, as often as a test wants."""
    numbers = itertools.count()

    @contextmanager
    def make() -> Iterator[Campus]:
        copy_of = shutil.copy(sqlite_template, tmp_path / f"{next(numbers)}.db")
        engine = engines.connect(f"sqlite:///{copy_of}")
        with pytest.MonkeyPatch.context() as monkeypatch:
            yield _settle(Campus(engine, LOCAL, keys, rsa, BEGINNING), monkeypatch)
        engine.dispose()

    return make


@pytest.fixture
def campus(found: Found) -> Campus:
    """A campus reached by plain http on this machine: its issuer is a did:key."""
    return found()


@pytest.fixture
def secure_campus(found: Found) -> Campus:
    """A campus reached by https: its issuer is a did:web."""
    return found(SECURE)


@pytest.fixture
def canvas(campus: Campus) -> tables.Source:
    """A Canvas source whose events the tests can sign."""
    return campus.connect_canvas()


@pytest.fixture
def native(campus: Campus) -> tables.Source:
    """A source that signs as Standard Webhooks does."""
    return campus.connect_native()


@pytest.fixture
def internet(now: datetime) -> FakeInternet:
    """A web of one's own."""
    return FakeInternet(now)


SENDER = mail.Mailbox("badges@example.edu")
Carry = Callable[..., int]


@pytest.fixture
def house() -> Iterator[posthouse.PostHouse]:
    """A mail server."""
    with posthouse.posthouse() as running:
        yield running


@pytest.fixture
def carry(campus: Campus, house: posthouse.PostHouse) -> Iterator[Carry]:
    """Have a courier do every job that is due, and return how many there were."""
    poster = post.Poster(post.Reach())

    def go(url: str = "") -> int:
        return campus.carry(courier.Means(campus.site, poster, mail.read_url(url or house.url), SENDER))

    yield go
    poster.close()
