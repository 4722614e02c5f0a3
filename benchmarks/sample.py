"""The badge that is signed and verified: `badge.json`, 139 quads, with the values of one learner after another in it.

That badge is older than the rules of our data model and breaks two of them (`FINDINGS`): it is kept as it is, so that figures of different
days are about the same document. Where the service composes badges itself, it does so from the badge's achievement, with these mended.
"""

from __future__ import annotations

import copy
import functools
import itertools
import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from badgeissuer.openbadges import identity
from badgeissuer.vc import controller, instant, multikey, statuslist

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import nacl.signing

    from badgeissuer.vc.document import JsonObject

BADGE: JsonObject = json.loads(Path(__file__).with_name("badge.json").read_text("utf-8"))
QUADS = 139
_ACHIEVEMENT: JsonObject = BADGE["credentialSubject"]["achievement"]
ISSUER_NAME: str = BADGE["issuer"]["name"]
_LEVELS = [level["id"] for level in _ACHIEVEMENT["resultDescription"][0]["rubricCriterionLevel"]]
_SCORES = (60, 101)
_VALID_FOR = timedelta(days=3 * 365)
SAME_SECOND = 100
"""Badges that begin to count in the same second, as those of a batch do."""

_SUBJECT = "/credentialSubject"
FINDINGS = {
    f"{_SUBJECT}/achievement/alignment/0/targetType",
    f"{_SUBJECT}/achievement/alignment/1/targetType",
    f"{_SUBJECT}/activityStartDate",
    f"{_SUBJECT}/activityEndDate",
}
"""What the data model finds in the badge, by pointer: two target types that are no terms of the standard, two dates without a time."""


@dataclass(frozen=True, slots=True)
class Learner:
    """The values that differ from badge to badge."""

    number: int
    uuid: UUID
    email: str
    did: str
    salt: str
    score: str
    level: str
    position: int
    awarded: datetime
    valid_from: datetime

    @property
    def valid_until(self) -> datetime:
        """When the badge ends."""
        return self.valid_from + _VALID_FOR

    @property
    def name(self) -> str:
        """A name."""
        return f"Learner {self.number}"


class Learners:
    """An endless supply of learners; no two are alike.

    Args:
        since: From when their badges count.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._random = random.Random(20261121)  # noqa: S311 - the same values in each run
        self._numbers = itertools.count()

    def take(self, number: int) -> list[Learner]:
        """Return so many that were never returned before."""
        return [self._one(count) for count in itertools.islice(self._numbers, number)]

    def _one(self, number: int) -> Learner:
        draw = self._random
        return Learner(
            number=number,
            uuid=UUID(bytes=draw.randbytes(16), version=4),
            email=f"learner{number}@example.org",
            did=controller.key_did(multikey.PublicKey(draw.randbytes(32))),
            salt=draw.randbytes(16).hex(),
            score=str(draw.randrange(*_SCORES)),
            level=draw.choice(_LEVELS),
            position=draw.randrange(statuslist.MIN_LENGTH),
            awarded=self._since - timedelta(seconds=draw.randrange(86_400)),
            valid_from=self._since + timedelta(seconds=number // SAME_SECOND),
        )


@dataclass(frozen=True)
class Signer:
    """A key in memory: a `multikey.Signer`."""

    key: nacl.signing.SigningKey

    @functools.cached_property
    def public_key(self) -> multikey.PublicKey:
        """The public half."""
        return multikey.PublicKey(bytes(self.key.verify_key))

    @functools.cached_property
    def did(self) -> str:
        """The did:key."""
        return controller.key_did(self.public_key)

    @functools.cached_property
    def verification_method(self) -> str:
        """The URL that proofs name."""
        return controller.key_method(self.did)

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        return self.key.sign(message).signature


def form(did: str, list_url: str, *, badge: JsonObject = BADGE) -> JsonObject:
    """Return the badge with an issuer whose key we hold and a status list of theirs, to be filled for each learner."""
    badge = copy.deepcopy(badge)
    badge["issuer"]["id"] = badge["credentialSubject"]["achievement"]["creator"]["id"] = did
    badge["credentialStatus"]["statusListCredential"] = list_url
    return badge


def fill(blank: JsonObject, learner: Learner) -> JsonObject:
    """Return the unsigned badge of a learner; what it shares with the other badges it shares in memory too."""
    status = blank["credentialStatus"]
    own = {
        "id": learner.did,
        "identifier": [identity.hashed_email(learner.email, salt=learner.salt)],
        "result": results(learner),
    }
    return blank | {
        "id": f"urn:uuid:{learner.uuid}",
        "awardedDate": instant.write(learner.awarded),
        "validFrom": instant.write(learner.valid_from),
        "validUntil": instant.write(learner.valid_until),
        "credentialSubject": blank["credentialSubject"] | own,
        "evidence": evidence(learner),
        "credentialStatus": status
        | {"id": f"{status['statusListCredential']}#{learner.position}", "statusListIndex": str(learner.position)},
    }


def results(learner: Learner) -> list[JsonObject]:
    """Return the results of a learner."""
    level, quiz = BADGE["credentialSubject"]["result"]
    return [level | {"achievedLevel": learner.level}, quiz | {"value": learner.score}]


def evidence(learner: Learner) -> list[JsonObject]:
    """Return the evidence of a learner."""
    (work,) = BADGE["evidence"]
    return [
        work | {"id": f"https://badges.example.edu/evidence/{learner.uuid}", "narrative": f"{work['narrative']} Work {learner.number}."}
    ]


def row(learner: Learner) -> JsonObject:
    """Return what is said of a learner on a roster, and when one badge is asked for."""
    return {
        "learner": {"email": learner.email, "name": learner.name, "did": learner.did},
        "awarded_at": instant.write(learner.awarded),
        "valid_until": instant.write(learner.valid_until),
        "results": results(learner),
        "evidence": evidence(learner),
        "credits_earned": BADGE["credentialSubject"]["creditsEarned"],
    }


def roster(learners: Iterable[Learner]) -> bytes:
    """Return a roster: one row a line, as JSON."""
    return b"".join(json.dumps(row(learner), ensure_ascii=False).encode() + b"\n" for learner in learners)


def draft() -> JsonObject:
    """Return the badge's achievement as its author would hand it in: without what is derived, and with the target types mended."""
    members = {name: copy.deepcopy(value) for name, value in _ACHIEVEMENT.items() if name not in {"id", "version", "creator"}}
    for alignment in members["alignment"]:
        alignment["targetType"] = alignment["targetType"].replace("ESCO:Skill", "ext:EscoSkill")
    return members


def shapes(*sizes: int) -> Iterator[JsonObject]:
    """Yield badges of which each has a shape of its own, and still 139 quads: so many optional members are gone, and as many tags new."""
    draw = random.Random(20261122)  # noqa: S311 - the same shapes in each run
    for size in sizes:
        choices = list(itertools.combinations(_OPTIONAL, size))
        draw.shuffle(choices)
        for choice in choices:
            badge = copy.deepcopy(BADGE)
            for *way, name in choice:
                place: Any = badge
                for step in way:
                    place = place[step]
                del place[name]
            badge["credentialSubject"]["achievement"]["tag"] += [f"tag {number}" for number in range(size)]
            yield badge


_IN_ACHIEVEMENT = ("credentialSubject", "achievement")
_OPTIONAL: tuple[tuple[str | int, ...], ...] = (
    ("description",),
    *(("issuer", name) for name in ("url", "email", "phone", "description")),
    *(("issuer", "address", name) for name in ("addressCountry", "addressCountryCode", "addressLocality", "streetAddress", "postalCode")),
    ("credentialSubject", "creditsEarned"),
    *((*_IN_ACHIEVEMENT, name) for name in ("achievementType", "inLanguage", "fieldOfStudy", "humanCode", "creditsAvailable", "version")),
    *((*_IN_ACHIEVEMENT, "alignment", place, name) for place in range(3) for name in ("targetCode", "targetFramework")),
    *((*_IN_ACHIEVEMENT, "resultDescription", 1, name) for name in ("requiredValue", "valueMin", "valueMax")),
    *((*_IN_ACHIEVEMENT, "resultDescription", 0, "rubricCriterionLevel", place, "description") for place in range(3)),
)
"""Where members stand that may be left out and make one quad each."""
