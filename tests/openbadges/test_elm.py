"""Every member of the European Learning Model's sample of Annex I, and where our badges say it, or why they do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.microcredentials import CHARTS

from badgeissuer.openbadges import credential, definition, drafting, results
from badgeissuer.vc import statuslist
from badgeissuer.vc.document import JsonObject

Compose = Callable[..., JsonObject]
URL = "https://badges.example/a/charts/1"
START, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)
ISSUER: JsonObject = {
    "id": "did:web:badges.example:i:navigation",
    "type": ["Profile"],
    "name": "School of Navigation",
    "url": "https://navigation.example",
    "email": "badges@navigation.example",
    "image": {"id": "https://navigation.example/logo.png", "type": "Image"},
    "address": {"type": ["Address"], "addressCountryCode": "IE", "addressRegion": "Cork"},
    "parentOrg": {"id": "did:web:badges.example:i:college", "type": ["Profile"], "name": "Harbour College"},
}
FURTHER: JsonObject = {
    "alignment": [
        {
            "targetName": "Transport services",
            "targetUrl": "http://data.europa.eu/snb/isced-f/1041",
            "targetFramework": "ISCED-F",
            "targetType": "ext:ISCED-FAlignment",
            "targetCode": "1041",
        }
    ],
    "level": [{"framework": "EQF", "code": "5"}, {"framework": "NFQ", "code": "6", "url": "https://levels.example/nfq/6"}],
}

A, S = "/credentialSubject/achievement", "/credentialSubject"
PERSONAL = "not said: a badge is shown to anybody, and names its learner by a hash or a DID"
NUMBERS = "not said: numbers of registers are not kept of units"
MEDIA = "not said: pictures are named by their address"
OWN_PROFILE = "not said: a matter of European Digital Credentials alone"
NONE = "not said: no framework here asks for it; the narrative may"

PLACES: dict[tuple[str, str], str] = {
    ("Address", "countryCode"): "/issuer/address/addressCountryCode",
    ("Address", "fullAddress"): "/issuer/address/addressRegion",
    ("AwardingProcess", "awardingBody"): "/issuer",
    ("ContactPoint", "emailAddress"): "/issuer/email",
    ("CreditPoint", "framework"): f"{A}/creditUnit",
    ("CreditPoint", "point"): f"{A}/creditsAvailable",
    ("EuropeanDigitalCredential", "credentialProfiles"): OWN_PROFILE,
    ("EuropeanDigitalCredential", "credentialSchema"): "/credentialSchema/0/id",
    ("EuropeanDigitalCredential", "credentialSubject"): S,
    ("EuropeanDigitalCredential", "identifier"): f"{S}/licenseNumber",
    ("EuropeanDigitalCredential", "issuer"): "/issuer/id",
    ("EuropeanDigitalCredential", "validFrom"): "/validFrom",
    ("GradingScheme", "description"): f"{A}/resultDescription/0/evaluationMethod",
    ("GradingScheme", "title"): f"{A}/resultDescription/0/resultType",
    ("Group", "contactPoint"): NONE,
    ("Group", "prefLabel"): "/issuer/parentOrg/name",
    ("Identifier", "notation"): f"{S}/licenseNumber",
    ("Identifier", "schemeName"): NUMBERS,
    ("LearningAchievement", "awardedBy"): "/issuer",
    ("LearningAchievement", "influencedBy"): f"{A}/participationType",
    ("LearningAchievement", "provenBy"): f"{A}/resultDescription",
    ("LearningAchievement", "specifiedBy"): A,
    ("LearningAchievement", "title"): f"{A}/name",
    ("LearningActivity", "awardedBy"): "/issuer",
    ("LearningActivity", "description"): f"{A}/description",
    ("LearningActivity", "directedBy"): f"{A}/partner/0/name",
    ("LearningActivity", "specifiedBy"): A,
    ("LearningActivity", "temporal"): f"{S}/activityStartDate",
    ("LearningActivity", "title"): f"{A}/name",
    ("LearningActivitySpecification", "dcType"): NONE,
    ("LearningActivitySpecification", "language"): f"{A}/instructionLanguage/0",
    ("LearningActivitySpecification", "mode"): f"{A}/participationType",
    ("LearningActivitySpecification", "title"): f"{A}/name",
    ("LearningActivitySpecification", "volumeOfLearning"): f"{A}/workload",
    ("LearningAssessment", "assessedBy"): f"{A}/resultDescription/0/markedBy",
    ("LearningAssessment", "awardedBy"): "/issuer",
    ("LearningAssessment", "grade"): f"{S}/result/0/value",
    ("LearningAssessment", "idVerification"): f"{A}/resultDescription/0/assessmentSupervision",
    ("LearningAssessment", "specifiedBy"): f"{A}/resultDescription/0/id",
    ("LearningAssessment", "title"): f"{A}/resultDescription/0/name",
    ("LearningAssessmentSpecification", "dcType"): f"{A}/resultDescription/0/assessmentMethod",
    ("LearningAssessmentSpecification", "gradingScheme"): f"{A}/resultDescription/0/requiredValue",
    ("LearningAssessmentSpecification", "language"): f"{A}/inLanguage",
    ("LearningAssessmentSpecification", "mode"): f"{A}/resultDescription/0/assessmentSupervision",
    ("LearningAssessmentSpecification", "title"): f"{A}/resultDescription/0/name",
    ("LearningOutcome", "relatedESCOSkill"): f"{A}/learningOutcome/0/relatedSkill/0",
    ("LearningOutcome", "relatedSkill"): f"{A}/learningOutcome/0/relatedSkill",
    ("LearningOutcome", "reusabilityLevel"): NONE,
    ("LearningOutcome", "title"): f"{A}/learningOutcome/0/statement",
    ("LegalIdentifier", "notation"): NUMBERS,
    ("LegalIdentifier", "spatial"): NUMBERS,
    ("Location", "address"): "/issuer/address",
    ("Location", "spatialCode"): "/issuer/address/addressRegion",
    ("MediaObject", "content"): "/issuer/image/id",
    ("MediaObject", "contentEncoding"): MEDIA,
    ("MediaObject", "contentType"): MEDIA,
    ("Note", "noteLiteral"): f"{A}/entryRequirement",
    ("Organisation", "altLabel"): NONE,
    ("Organisation", "groupMemberOf"): "/issuer/parentOrg",
    ("Organisation", "homepage"): "/issuer/url",
    ("Organisation", "identifier"): "/issuer/id",
    ("Organisation", "legalName"): "/issuer/name",
    ("Organisation", "location"): "/issuer/address",
    ("Organisation", "logo"): "/issuer/image/id",
    ("Organisation", "registration"): NUMBERS,
    ("Organisation", "vatIdentifier"): NUMBERS,
    ("PeriodOfTime", "endDate"): f"{S}/activityEndDate",
    ("PeriodOfTime", "startDate"): f"{S}/activityStartDate",
    ("Person", "contactPoint"): f"{S}/identifier/0/identityHash",
    ("Person", "dateOfBirth"): PERSONAL,
    ("Person", "familyName"): PERSONAL,
    ("Person", "fullName"): PERSONAL,
    ("Person", "givenName"): PERSONAL,
    ("Person", "hasClaim"): A,
    ("Person", "nationalID"): PERSONAL,
    ("Qualification", "creditPoint"): f"{A}/creditsAvailable",
    ("Qualification", "dcType"): f"{A}/achievementType",
    ("Qualification", "entryRequirement"): f"{A}/entryRequirement",
    ("Qualification", "eqfLevel"): f"{A}/alignment/1/targetCode",
    ("Qualification", "isPartialQualification"): f"{A}/stackability",
    ("Qualification", "language"): f"{A}/inLanguage",
    ("Qualification", "learningOutcome"): f"{A}/learningOutcome",
    ("Qualification", "learningSetting"): NONE,
    ("Qualification", "maximumDuration"): NONE,
    ("Qualification", "mode"): f"{A}/participationType",
    ("Qualification", "nqfLevel"): f"{A}/alignment/2/targetCode",
    ("Qualification", "thematicArea"): f"{A}/alignment/0/targetCode",
    ("Qualification", "title"): f"{A}/name",
    ("Qualification", "volumeOfLearning"): f"{A}/workload",
    ("WebResource", "contentURL"): "/issuer/url",
}


@pytest.fixture
def badge() -> JsonObject:
    draft = drafting.expand(CHARTS | FURTHER, {})
    achievement = definition.complete(draft, url=URL, version="1", creator={"id": ISSUER["id"]})
    said = credential.Claims(
        results=results.complete([{"resultDescription": "#result-1", "value": "71"}], achievement),
        license_number="C012",
        activity_start=START,
        activity_end=END,
    )
    learner = credential.Recipient(email="learner@example.org", salt="salt")
    status = statuslist.Entry("https://badges.example/status-lists/1", 1, "revocation")
    dates = credential.Dates(END, END)
    made = credential.compose(f"{URL}#", achievement, issuer=ISSUER, recipient=learner, claims=said, dates=dates, status=status)
    return credential.lint(made).content


@pytest.fixture
def sample(shared_data: Path) -> JsonObject:
    found: JsonObject = json.loads((shared_data / "frameworks/elm_v3_microcredential_annex1.unsigned.jsonld").read_text())
    return found


def _members(node: object) -> Iterator[tuple[str, str]]:
    """Yield each class and member; concepts of vocabularies are values, and what is there for show alone is left out."""
    if isinstance(node, list):
        for item in node:
            yield from _members(item)
    elif isinstance(node, dict):
        kinds = node.get("type", "")
        kind = kinds[-1] if isinstance(kinds, list) else kinds
        for name, value in node.items() if kind not in {"Concept", "ConceptScheme"} else ():
            if kind and name not in {"id", "type", "@context", "displayParameter"}:
                yield kind, name
            if name != "displayParameter":
                yield from _members(value)


def _at(badge: JsonObject, pointer: str) -> object:
    node: object = badge
    for step in pointer.split("/")[1:]:
        node = node[int(step)] if isinstance(node, list) else node[step] if isinstance(node, dict) else None
    return node


def test_every_member_of_the_sample_has_a_place_or_a_reason(sample: JsonObject) -> None:
    assert set(_members(sample)) == set(PLACES)


@pytest.mark.parametrize(("member", "place"), PLACES.items(), ids=[".".join(member) for member in PLACES])
def test_an_issued_badge_says_it_there(badge: JsonObject, member: tuple[str, str], place: str) -> None:
    assert place.startswith("not said: ") or _at(badge, place), member


def test_what_is_said_means_the_same(badge: JsonObject, sample: JsonObject) -> None:
    canonical = credential.lint(badge).canonical.decode()
    for concept in ("http://data.europa.eu/snb/education-credit/6fcec5c5af", "http://data.europa.eu/snb/learning-assessment/e92d221e4d"):
        assert concept in json.dumps(sample)
        assert f"<{concept}>" in canonical
    assert '"PT55H"^^<http://www.w3.org/2001/XMLSchema#duration>' in canonical
