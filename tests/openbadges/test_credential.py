from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.openbadges import credential, definition, identity, results
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import contexts, cryptosuites, document, proof, shape, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.multikey import Signer
from badgeissuer.vc.report import Outcome

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]
AWARDED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
WRONG_CONTEXT = "The @context must be the one of Open Badges 3.0.3, and the extension's where its terms are used."

unhurried = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.fixture
def claims(learner_results: list[JsonObject]) -> credential.Claims:
    """Everything that can be said of a learner."""
    return credential.Claims(
        results=learner_results,
        evidence=[{"type": ["Evidence"], "id": "https://portfolio.example/1", "name": "Photograph", "narrative": "A weld."}],
        credits_earned=2.5,
        narrative="Worked with care.",
        license_number="L-7",
        term="2026T1",
        activity_start=AWARDED - timedelta(days=90),
        activity_end=AWARDED,
    )


@pytest.fixture
def badge(achievement: JsonObject, claims: credential.Claims, compose: Compose) -> JsonObject:
    return compose(achievement, claims=claims)


@pytest.fixture(scope="session")
def schemas(read_json: ReadJson) -> dict[str, jsonschema_rs.Validator]:
    names = {"2026": "official-2026/ob_v3p0_achievementcredential_schema.json", "2024": "ghpages-2024-strict/achievementcredential.json"}
    return {
        year: jsonschema_rs.Draft201909Validator(read_json(f"ob3/schemas/{name}"), validate_formats=True) for year, name in names.items()
    }


def sign(badge: JsonObject, signer: Signer) -> JsonObject:
    return proof.add_proof(credential.lint(badge), signer, created=AWARDED)


def refused(badge: JsonObject) -> list[tuple[str, str]]:
    with pytest.raises(problem.Invalid) as caught:
        credential.lint(badge)
    return [(finding.pointer, finding.detail) for finding in caught.value.findings] or [("", caught.value.detail)]


class TestCompose:
    def test_the_least_that_can_be_said(self, achievement: JsonObject, profile: JsonObject, compose: Compose) -> None:
        dates = credential.Dates(AWARDED, AWARDED + timedelta(hours=1))
        badge = compose(achievement, recipient=credential.Recipient(did="did:web:asha.example"), dates=dates)
        assert badge == {
            "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES],
            "id": "https://badges.example/c/7d4f3f0e-8f3c-4d5e-9a55-0c6f3c1a2b3d",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": "Welding, level 1",
            "issuer": profile,
            "validFrom": "2026-05-20T15:05:00Z",
            "awardedDate": "2026-05-20T14:05:00Z",
            "credentialSubject": {"type": ["AchievementSubject"], "id": "did:web:asha.example", "achievement": achievement},
            "credentialStatus": {
                "id": "https://badges.example/status-lists/1#4711",
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": "4711",
                "statusListCredential": "https://badges.example/status-lists/1",
            },
        }
        credential.lint(badge)

    def test_all_that_can_be_said(self, badge: JsonObject, learner_results: list[JsonObject]) -> None:
        subject = badge["credentialSubject"]
        assert badge["validUntil"] == "2028-04-19T14:05:00Z"
        assert badge["evidence"][0]["name"] == "Photograph"
        assert (subject["id"], subject["creditsEarned"], subject["narrative"]) == ("did:web:asha.example", 2.5, "Worked with care.")
        assert (subject["licenseNumber"], subject["term"], subject["result"]) == ("L-7", "2026T1", learner_results)
        assert (subject["activityStartDate"], subject["activityEndDate"]) == ("2026-02-19T14:05:00Z", "2026-05-20T14:05:00Z")

    def test_an_address_stands_in_it_only_as_a_hash(self, achievement: JsonObject, compose: Compose) -> None:
        badge = compose(achievement, recipient=credential.Recipient("Asha@College.example", salt="c2FsdA"))
        subject = badge["credentialSubject"]
        assert "id" not in subject
        assert subject["identifier"] == [identity.hashed_email("asha@college.example", salt="c2FsdA")]
        assert "asha@college.example" not in json.dumps(badge).lower()
        credential.lint(badge)

    def test_times_of_other_zones_are_written_in_utc(self, achievement: JsonObject, compose: Compose) -> None:
        local = AWARDED.astimezone(timezone(timedelta(hours=9)))
        assert compose(achievement, dates=credential.Dates(local, local))["awardedDate"] == "2026-05-20T14:05:00Z"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [(None, None), (2, 2), (2.0, 2), (2.5, 2.5), (0.0, 0), (-1.0, -1), (1e300, 1e300), (float("inf"), float("inf"))],
    )
    def test_a_whole_number_is_written_without_a_point(self, value: float | None, expected: float | None) -> None:
        found = credential.plain_number(value)
        assert (found, type(found)) == (expected, type(expected))

    @pytest.mark.parametrize("credits_earned", [float("inf"), float("nan")])
    def test_credits_that_are_no_number_are_refused(self, achievement: JsonObject, compose: Compose, credits_earned: float) -> None:
        badge = compose(achievement, claims=credential.Claims(credits_earned=credits_earned))
        assert [pointer for pointer, _ in refused(badge)] == ["/credentialSubject/creditsEarned"]


class TestLint:
    def test_a_composed_badge_may_be_signed(self, badge: JsonObject) -> None:
        assert credential.lint(badge).content == badge

    @pytest.mark.parametrize(
        "context",
        [
            None,
            contexts.OPEN_BADGES,
            [contexts.OPEN_BADGES, contexts.CREDENTIALS_V2],
            [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES_3_0_2],
            [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, contexts.OPEN_BADGES_EXTENSIONS],
            [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, {"@vocab": "https://a.example#"}],
        ],
    )
    def test_another_context_is_refused(self, badge: JsonObject, context: object) -> None:
        assert refused(badge | {"@context": context}) == [("/@context", WRONG_CONTEXT)]

    @pytest.mark.parametrize("name", ["colour", "issuanceDate", "learner_name"])
    def test_a_member_that_no_context_defines_is_refused(self, badge: JsonObject, name: str) -> None:
        badge["credentialSubject"]["achievement"][name] = "text"
        ((_, detail),) = refused(badge)
        assert detail == f"The member {name!r} is not defined by the document's contexts, so no signature would cover it."

    def test_a_type_that_no_context_defines_is_refused(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["achievement"]["type"].append("Masterpiece")
        ((_, detail),) = refused(badge)
        assert detail.startswith("The type 'Masterpiece' is no absolute IRI and not defined")

    @pytest.mark.parametrize(
        ("pointer", "value"),
        [
            ("evidence", {"type": ["Evidence"], "name": "Photograph"}),
            ("credentialSubject/result", {"type": ["Result"], "value": "1"}),
            ("credentialSubject/identifier", identity.hashed_email("a@example.org", salt="s")),
            ("credentialSubject/achievement/tag", "welding"),
            ("credentialSubject/achievement/alignment", {"type": ["Alignment"], "targetName": "n", "targetUrl": "https://a.example"}),
            ("credentialSubject/achievement/related", {"id": "https://a.example", "type": ["Related"]}),
            ("credentialSubject/achievement/otherIdentifier", {"type": "IdentifierEntry", "identifier": "1", "identifierType": "isbn"}),
            ("credentialSubject/achievement/resultDescription/1/allowedValue", "B"),
            ("credentialSubject/achievement/type", "Achievement"),
            ("credentialSubject/achievement/creator/type", "Profile"),
            ("credentialSubject/type", "AchievementSubject"),
            ("evidence/0/type", "Evidence"),
            ("issuer/type", "Profile"),
        ],
    )
    def test_a_single_value_is_refused_where_the_standard_has_an_array(self, badge: JsonObject, pointer: str, value: object) -> None:
        *path, name = pointer.split("/")
        node: Any = badge
        for part in path:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[name] = value
        assert refused(badge) == [(f"/{pointer}", f"{name} must be an array, even of one.")]

    def test_one_result_description_is_an_array_of_one(self, achievement: JsonObject, compose: Compose) -> None:
        achievement["resultDescription"] = achievement["resultDescription"][0]
        expected = "resultDescription must be an array, even of one."
        assert refused(compose(achievement)) == [("/credentialSubject/achievement/resultDescription", expected)]

    def test_a_level_is_in_an_array_of_one(self, achievement: JsonObject, compose: Compose) -> None:
        description = achievement["resultDescription"][2]
        description["rubricCriterionLevel"] = description["rubricCriterionLevel"][0]
        expected = "rubricCriterionLevel must be an array, even of one."
        assert refused(compose(achievement)) == [("/credentialSubject/achievement/resultDescription/2/rubricCriterionLevel", expected)]

    def test_a_type_is_a_text_where_the_standard_has_one(self, badge: JsonObject) -> None:
        badge["issuer"]["image"]["type"] = ["Image"]
        badge["credentialStatus"]["type"] = ["BitstringStatusListEntry"]
        assert refused(badge)[-2:] == [(f"/{place}/type", "type must be a text here.") for place in ("issuer/image", "credentialStatus")]

    @pytest.mark.parametrize("kinds", [None, 5, {"a": 1}, [{"a": 1}], [["Image"]], []])
    def test_a_type_of_any_other_form_is_refused(self, badge: JsonObject, kinds: object) -> None:
        badge["credentialSubject"]["achievement"]["type"] = kinds
        assert "/credentialSubject/achievement/type" in [pointer for pointer, _ in refused(badge)]

    @pytest.mark.parametrize("text", ["bell \x07", "nul \x00", "delete \x7f"])
    def test_a_control_character_is_refused(self, badge: JsonObject, text: str) -> None:
        badge["name"] = text
        assert refused(badge) == [("/name", "A text holds a control character other than tab and line break.")]

    def test_tabs_and_line_breaks_are_none(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["narrative"] = "a\tb\r\nc"
        credential.lint(badge)

    def test_a_result_of_nothing_described_is_refused(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["result"][1]["resultDescription"] = "urn:uuid:1"
        expected = "The result refers to urn:uuid:1, which the achievement does not describe."
        assert refused(badge) == [("/credentialSubject/result/1/resultDescription", expected)]

    def test_a_result_that_does_not_fit_is_refused(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["result"][0]["value"] = "100.5"
        assert refused(badge) == [("/credentialSubject/result/0/value", "The value of “Grade” is 100.5, more than the most of 100.")]

    def test_results_are_not_looked_at_before_the_form(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["result"][0] = {"type": ["Result"], "resultDescription": "urn:uuid:1", "value": 5}
        assert [pointer for pointer, _ in refused(badge)] == ["/credentialSubject/result/0/value"]

    def test_an_end_before_the_beginning_is_refused(self, achievement: JsonObject, compose: Compose) -> None:
        dates = credential.Dates(AWARDED, AWARDED, AWARDED - timedelta(seconds=1))
        assert refused(compose(achievement, dates=dates)) == [("/validUntil", "validUntil lies before validFrom.")]
        credential.lint(compose(achievement, dates=credential.Dates(AWARDED, AWARDED, AWARDED)))

    @pytest.mark.parametrize("name", ["endorsement", "endorsementJwt"])
    def test_an_endorsement_that_could_not_be_verified_is_refused(self, badge: JsonObject, name: str) -> None:
        badge["credentialSubject"]["achievement"][name] = ["eyJ.a.b"]
        expected = "An endorsement inside a badge could not be verified here; leave it out."
        assert refused(badge) == [(f"/credentialSubject/achievement/{name}", expected)]

    @pytest.mark.parametrize("value", [None, {}, []])
    def test_what_leaves_no_trace_in_the_signature_is_refused(self, badge: JsonObject, value: object) -> None:
        badge["credentialSubject"]["achievement"]["specialization"] = value
        assert "/credentialSubject/achievement/specialization" in [pointer for pointer, _ in refused(badge)]

    def test_a_signed_badge_is_not_signed_again(self, badge: JsonObject, signer: Signer) -> None:
        assert ("/proof", "The document already has a proof.") in refused(sign(badge, signer))

    def test_every_fault_is_named_at_once(self, badge: JsonObject) -> None:
        badge |= {"name": "\x07", "@context": [], "evidence": {"type": ["Evidence"]}}
        assert [pointer for pointer, _ in refused(badge)] == ["/@context", "/name", "/evidence"]


class TestSigned:
    def test_it_verifies_but_for_the_status_list_that_is_not_there(self, badge: JsonObject, signer: Signer) -> None:
        signed = document.parse(json.dumps(sign(badge, signer)).encode())
        found = verification.verify(signed, {}, now=AWARDED, policy=verification.Policy(badges.BADGE), sha256="")
        assert {step.name for step in found.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}} == {"status"}

    def test_the_same_badge_gives_the_same_bytes(self, badge: JsonObject, signer: Signer) -> None:
        assert json.dumps(sign(copy.deepcopy(badge), signer)) == json.dumps(sign(badge, signer))

    def test_its_one_deviation_from_the_schemas_is_the_proof_as_an_object(
        self, badge: JsonObject, signer: Signer, schemas: dict[str, jsonschema_rs.Validator]
    ) -> None:
        # The schema of 2024 wants an array of proofs; verifiers in wide use crash on one, and the schema of 2026 takes both.
        signed = sign(badge, signer)
        assert deviations(signed, schemas["2026"]) == []
        assert deviations(signed, schemas["2024"]) == ["/proof"]
        assert deviations(signed | {"proof": [signed["proof"]]}, schemas["2024"]) == []

    def test_the_schemas_would_find_a_fault(self, badge: JsonObject, schemas: dict[str, jsonschema_rs.Validator]) -> None:
        del badge["credentialSubject"]["achievement"]["criteria"]
        assert all(deviations(badge, schema) for schema in schemas.values())

    def test_no_leaf_can_be_changed_without_changing_what_is_signed(self, badge: JsonObject, signer: Signer) -> None:
        signed = sign(badge, signer)
        body = {name: value for name, value in signed.items() if name != "proof"}
        before = canonical(body)
        leaves = list(_leaves(body))
        assert len(leaves) > 100
        assert [pointer for pointer, node, key in leaves if canonical(_with(body, node, key, _other(node[key]))) == before] == []

    def test_no_leaf_can_be_taken_away_without_changing_what_is_signed(self, badge: JsonObject, signer: Signer) -> None:
        body = {name: value for name, value in sign(badge, signer).items() if name != "proof"}
        before = canonical(body)
        without = {pointer: _without(body, node, key) for pointer, node, key in _leaves(body)}
        unchanged = {pointer: rest for pointer, rest in without.items() if canonical(rest) == before}
        # Creator and issuer are the same and described twice: what one of them loses, the graph still has from the other.
        repeated = ("name", "url", "email", "image/type")
        creator, issuer = "/credentialSubject/achievement/creator/", "/issuer/"
        assert set(unchanged) == {place + name for place in (creator, issuer) for name in repeated}
        # Readers look at the issuer, and there the gate sees it; the creator alone may say less than the issuer.
        assert all(shape.gate(unchanged[issuer + name]) for name in repeated)


def deviations(badge: JsonObject, schema: jsonschema_rs.Validator) -> list[str]:
    return ["/" + "/".join(str(part) for part in error.instance_path) for error in schema.iter_errors(badge)]


def canonical(body: JsonObject) -> bytes | str:
    """Return the canonical form, or why there is none: that is a change too."""
    try:
        return cryptosuites.EDDSA_RDFC_2022.canonicalize(body, contexts.PINNED)
    except problem.Invalid as error:
        return error.detail


def _leaves(node: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - any JSON value
    """Yield pointer, container and key of everything that is neither object nor array."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        if isinstance(node[key], dict | list):
            yield from _leaves(node[key], f"{pointer}/{key}")
        else:
            yield f"{pointer}/{key}", node, key


def _other(value: object) -> object:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def _with(body: JsonObject, node: Any, key: Any, value: object) -> JsonObject:  # noqa: ANN401 - any JSON value
    before, node[key] = node[key], value
    try:
        return copy.deepcopy(body)
    finally:
        node[key] = before


def _without(body: JsonObject, node: Any, key: Any) -> JsonObject:  # noqa: ANN401 - any JSON value
    value = node.pop(key)
    try:
        return copy.deepcopy(body)
    finally:
        node.update({key: value}) if isinstance(node, dict) else node.insert(key, value)


_texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
_urls = st.integers(0, 99).map(lambda number: f"https://frameworks.example/{number}")
_pages = st.integers(0, 99).map(lambda number: f"https://pages.example/{number}")
_alignments = st.lists(
    st.fixed_dictionaries(
        {"targetName": _texts, "targetUrl": _urls}, optional={"targetType": st.sampled_from(["CFItem", "ext:Skill"]), "targetCode": _texts}
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda item: item["targetUrl"],
)
_percent = st.fixed_dictionaries({"name": _texts, "resultType": st.just("Percent"), "valueMin": st.just("0"), "valueMax": st.just("100")})
_letter = st.fixed_dictionaries(
    {"name": _texts, "resultType": st.just("LetterGrade")}, optional={"allowedValue": st.lists(_texts, min_size=1, max_size=3, unique=True)}
)
_levels = st.lists(
    st.fixed_dictionaries({"name": _texts}, optional={"description": _texts, "level": _texts, "alignment": _alignments}),
    min_size=1,
    max_size=3,
)
_rubric = st.fixed_dictionaries({"name": _texts, "resultType": st.just("RubricCriterionLevel"), "rubricCriterionLevel": _levels})
_drafts = st.fixed_dictionaries(
    {"name": _texts, "description": _texts, "criteria": st.fixed_dictionaries({"narrative": _texts}, optional={"id": _pages})},
    optional={
        "type": st.sampled_from(["Achievement", ["Achievement"]]),
        "achievementType": st.sampled_from(["Course", "ext:Own"]),
        "alignment": _alignments,
        "creditsAvailable": st.integers(0, 1000) | st.floats(0, 1e6),
        "fieldOfStudy": _texts,
        "humanCode": _texts,
        "image": _urls | st.fixed_dictionaries({"id": _urls}, optional={"caption": _texts, "type": st.just(["Image"])}),
        "inLanguage": st.sampled_from(["en", "pt-BR"]),
        "otherIdentifier": st.lists(
            st.fixed_dictionaries({"identifier": _texts, "identifierType": st.just("sourcedId")}), min_size=1, max_size=1
        ),
        "resultDescription": st.lists(_percent | _letter | _rubric, min_size=1, max_size=3),
        "specialization": _texts,
        "tag": st.lists(_texts, min_size=1, max_size=3, unique=True),
    },
)


def _fitting(achievement: JsonObject) -> list[JsonObject]:
    """Return a result that fits for each description of the achievement."""
    described = achievement.get("resultDescription", [])
    return [{"resultDescription": item["id"]} | _said(item) for item in described]


def _said(description: JsonObject) -> JsonObject:
    if "rubricCriterionLevel" in description:
        return {"achievedLevel": description["rubricCriterionLevel"][-1]["id"]}
    return {"value": description.get("allowedValue", ["50"])[0]}


@unhurried
@given(draft=_drafts, credits_earned=st.none() | st.floats(0, 1e6))
def test_every_badge_of_a_good_definition_can_be_signed_and_keeps_both_schemas(
    draft: JsonObject, credits_earned: float | None, compose: Compose, schemas: dict[str, jsonschema_rs.Validator], signer: Signer
) -> None:
    creator = {"id": "did:web:college.example", "type": ["Profile"], "name": "Example College"}
    achievement = definition.complete(draft, url="https://badges.example/a/own/1", version="1", creator=creator)
    assert definition.check(achievement) == ()
    said = results.complete(_fitting(achievement), achievement)
    signed = sign(compose(achievement, claims=credential.Claims(results=said, credits_earned=credits_earned)), signer)
    assert document.parse(json.dumps(signed).encode()) == signed
    assert deviations(signed, schemas["2026"]) == []
    assert deviations(signed, schemas["2024"]) == ["/proof"]
