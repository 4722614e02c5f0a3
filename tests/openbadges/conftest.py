"""What the tests of Open Badges share: a whole achievement as an author writes it, results, and a badge of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from badgeissuer.openbadges import credential, definition, results
from badgeissuer.store.keyring import FileSigner
from badgeissuer.vc import controller, multikey, statuslist
from badgeissuer.vc.document import JsonObject

URL = "https://badges.example/a/welding/3"
KEY = nacl.signing.SigningKey(b"\x07" * 32)
PUBLIC = multikey.PublicKey(bytes(KEY.verify_key))
DID = controller.key_did(PUBLIC)
AWARDED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]

PROFILE: JsonObject = {
    "id": DID,
    "type": ["Profile"],
    "name": "Example College",
    "url": "https://college.example",
    "email": "badges@college.example",
    "image": {"id": "https://college.example/crest.png", "type": "Image"},
}
DRAFT: JsonObject = {
    "name": "Welding, level 1",
    "description": "Joins steel plates safely.",
    "achievementType": "Certificate",
    "criteria": {"narrative": "Weld two plates.\n\n1. Prepare.\n2. Weld.", "id": "https://college.example/welding"},
    "image": "https://college.example/welding.png",
    "inLanguage": "en-GB",
    "creditsAvailable": 5,
    "fieldOfStudy": "Metalwork",
    "humanCode": "WELD101",
    "specialization": "Arc welding",
    "tag": ["welding", "steel"],
    "alignment": [
        {"targetName": "Operate welding equipment", "targetUrl": "https://frameworks.example/weld", "targetType": "ext:Skill"},
    ],
    "otherIdentifier": [{"identifier": "W-101", "identifierType": "sourcedId"}],
    "related": [{"id": "https://college.example/soudage", "inLanguage": "fr", "version": "1"}],
    "resultDescription": [
        {"id": "#grade", "name": "Grade", "resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": "60"},
        {"id": "#letter", "name": "Letter", "resultType": "LetterGrade", "allowedValue": ["C", "B", "A"], "requiredValue": "C"},
        {
            "name": "Seam",
            "resultType": "RubricCriterionLevel",
            "requiredLevel": "#result-3-level-1",
            "rubricCriterionLevel": [
                {"name": "Holds", "level": "Pass", "points": "1", "description": "It holds."},
                {
                    "id": "#even",
                    "name": "Even",
                    "points": "2.5",
                    "alignment": [{"targetName": "Seam", "targetUrl": "https://frameworks.example/seam"}],
                },
            ],
        },
        {"id": "#done", "name": "Attendance", "resultType": "Status"},
    ],
}
RESULTS: list[JsonObject] = [
    {"resultDescription": "#grade", "value": "87.5"},
    {"resultDescription": "#letter", "value": "B"},
    {"resultDescription": "#result-3", "achievedLevel": "#even"},
    {"resultDescription": "#done", "status": "Completed"},
]


@pytest.fixture(scope="session")
def read_json(shared_data: Path) -> ReadJson:
    return lambda name: json.loads((shared_data / name).read_text("utf-8"))


@pytest.fixture
def draft() -> JsonObject:
    """A draft that uses every member, fresh."""
    return copy.deepcopy(DRAFT)


@pytest.fixture(scope="session")
def frozen_draft() -> JsonObject:
    """The same draft for tests that only read it, property tests above all."""
    return copy.deepcopy(DRAFT)


@pytest.fixture(scope="session")
def frozen_achievement() -> JsonObject:
    """The published Achievement of the draft, for tests that only read it."""
    return definition.complete(DRAFT, url=URL, version="3", creator=PROFILE)


@pytest.fixture
def learner_results(frozen_achievement: JsonObject) -> list[JsonObject]:
    """A result for each of the achievement's descriptions, completed."""
    return results.complete(copy.deepcopy(RESULTS), frozen_achievement)


@pytest.fixture
def profile() -> JsonObject:
    return copy.deepcopy(PROFILE)


@pytest.fixture
def achievement() -> JsonObject:
    """The published Achievement of the draft, fresh."""
    return definition.complete(copy.deepcopy(DRAFT), url=URL, version="3", creator=copy.deepcopy(PROFILE))


@pytest.fixture
def signer() -> FileSigner:
    """The signer of the did:key that issues."""
    return FileSigner(controller.key_method(DID), PUBLIC, KEY)


@pytest.fixture(scope="session")
def compose() -> Compose:
    """`compose(achievement, recipient=…, claims=…, dates=…)` gives a badge; the last three may be left out."""

    def compose(
        achievement: JsonObject,
        *,
        recipient: credential.Recipient | None = None,
        claims: credential.Claims | None = None,
        dates: credential.Dates | None = None,
    ) -> JsonObject:
        return credential.compose(
            "https://badges.example/c/7d4f3f0e-8f3c-4d5e-9a55-0c6f3c1a2b3d",
            achievement,
            issuer=copy.deepcopy(PROFILE),
            recipient=recipient or credential.Recipient("asha@college.example", "did:web:asha.example", "c2FsdA"),
            claims=claims or credential.Claims(),
            dates=dates or credential.Dates(AWARDED, AWARDED, AWARDED + timedelta(days=700)),
            status=statuslist.Entry("https://badges.example/status-lists/1", 4711, "revocation"),
        )

    return compose
