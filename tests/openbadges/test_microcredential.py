from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from tests.microcredentials import CHARTS, edited

from badgeissuer import problem
from badgeissuer.openbadges import credential, definition, drafting, microcredential
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import contexts, cryptosuites, document, proof, report, shape, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.multikey import Signer
from badgeissuer.vc.report import Outcome

Compose = Callable[..., JsonObject]
BASE = "https://badges.example/college"
URL = f"{BASE}/a/charts/3"
NOW = datetime(2026, 5, 21, tzinfo=UTC)
VALIDATOR = jsonschema.Draft201909Validator(microcredential.SCHEMA)


def completed(draft: JsonObject | None = None, *, url: str = URL) -> JsonObject:
    return definition.complete(drafting.expand(draft or CHARTS, {}), url=url, version="3", creator={"id": "https://x.example"})


def pointers(achievement: JsonObject) -> list[str]:
    return [finding.pointer for finding in microcredential.check(achievement)]


@pytest.fixture
def badge(compose: Compose) -> JsonObject:
    return compose(completed())


class TestContext:
    def test_it_is_the_one_that_is_pinned(self) -> None:
        assert contexts.digest(microcredential.CONTENT) == microcredential.SHA256
        assert contexts.digest(microcredential.SCHEMA) == microcredential.SCHEMA_SHA256

    def test_it_has_every_member_and_no_other_term(self) -> None:
        defined = {name for name in microcredential.CONTENT["@context"] if name[0].islower()} - {"id", "type"}
        assert defined == microcredential.MEMBERS | microcredential.ASSESSMENT_MEMBERS | {
            "partnerRole",
            "proficiencyLevel",
            "relatedSkill",
            "statement",
        }

    def test_its_assessment_terms_are_those_of_1edtech(self, shared_data: Path) -> None:
        theirs = json.loads((shared_data / "ob3/schemas/extensions/assessmentExtension/v2p0/context.json").read_text())["@context"]
        scoped = theirs[microcredential.ASSESSED]
        ours = microcredential.CONTENT["@context"]
        assert ours[microcredential.ASSESSED] == scoped["@id"]
        same = set(ours) & set(scoped["@context"])
        assert same == {"assessmentOutput", "assessmentType", "evaluationMethod", "hasGroupEvaluation", "hasGroupParticipation"}
        for name in same:
            assert ours[name] == scoped["@context"][name].replace("extensions:", theirs["extensions"])

    def test_the_type_of_schemas_is_that_of_1edtech(self) -> None:
        theirs = contexts.PINNED[contexts.OPEN_BADGES_EXTENSIONS].content["@context"]
        assert microcredential.CONTENT["@context"][microcredential.SCHEMA_TYPE] == theirs[microcredential.SCHEMA_TYPE]

    def test_every_word_of_the_vocabularies_has_an_iri(self) -> None:
        terms = microcredential.CONTENT["@context"]
        for name, words in _vocabularies():
            assert set(terms[name]["@context"]) == set(words)


def _vocabularies() -> Iterator[tuple[str, list[str]]]:
    for kind in ("Achievement", "Assessment"):
        for name, schema in microcredential.SCHEMA["$defs"][kind]["properties"].items():
            words = schema.get("enum") or schema.get("anyOf", [{}])[0].get("enum")
            if words and name != "assessmentType":
                yield name, words


class TestSite:
    def test_a_badge_names_the_context_of_the_service_that_published_its_achievement(self, badge: JsonObject) -> None:
        assert badge["@context"] == [*credential.CONTEXT, f"{BASE}/ns/microcredential/v1"]
        assert badge["credentialSchema"] == [{"id": f"{BASE}/ns/microcredential/v1/schema.json", "type": "1EdTechJsonSchemaValidator2019"}]

    def test_an_achievement_without_its_members_needs_none(self, compose: Compose, achievement: JsonObject) -> None:
        badge = compose(achievement)
        assert badge["@context"] == credential.CONTEXT
        assert "credentialSchema" not in badge
        assert microcredential.known(achievement) is contexts.PINNED

    @pytest.mark.parametrize("name", ["https://elsewhere.example/1", "urn:uuid:1", 7, None])
    def test_of_an_achievement_that_no_such_service_published_nothing_is_known(self, name: object) -> None:
        assert microcredential.site(completed() | {"id": name}) is None

    def test_members_of_an_assessed_part_are_enough(self) -> None:
        parts = completed()["resultDescription"]
        assert microcredential.is_used({"resultDescription": parts[:1]})
        assert microcredential.is_used({"resultDescription": [{"type": [microcredential.ASSESSED]}]})
        assert not microcredential.is_used({"resultDescription": ["x", {"name": "Grade"}]})


class TestComplete:
    def test_nodes_get_their_types_and_ids(self) -> None:
        found = completed()
        assert [(item["id"], item["type"]) for item in found["learningOutcome"]] == [
            (f"{URL}#outcome-1", ["LearningOutcome"]),
            (f"{URL}#outcome-2", ["LearningOutcome"]),
        ]
        assert (found["partner"][0]["id"], found["partner"][0]["type"]) == (f"{URL}#partner-1", ["Partner"])
        assert found["qualityAssurance"]["id"] == f"{URL}#quality-assurance"
        part = found["resultDescription"][0]
        assert part["type"] == ["ResultDescription", microcredential.ASSESSED]
        assert part["assesses"] == [f"{URL}#outcome-1"]
        assert (part["assessmentType"], part["hasGroupParticipation"], part["hasGroupEvaluation"]) == ("Artifact", False, False)

    def test_what_the_author_says_stays(self) -> None:
        draft = edited(CHARTS, "learningOutcome", 1, "id", to="#trust")
        draft["resultDescription"][0] |= {
            "assessmentType": "Performance",
            "hasGroupParticipation": True,
            "type": [microcredential.ASSESSED],
        }
        draft["resultDescription"][1]["assesses"] = "#trust"
        draft["partner"][0]["type"] = "Partner"
        found = completed(draft)
        assert found["learningOutcome"][1]["id"] == f"{URL}#trust"
        assert found["resultDescription"][1]["assesses"] == [f"{URL}#trust"]
        assert found["resultDescription"][0]["assessmentType"] == "Performance"
        assert found["resultDescription"][0]["hasGroupParticipation"] is True
        assert sorted(found["resultDescription"][0]["type"]) == [microcredential.ASSESSED, "ResultDescription"]
        assert microcredential.check(found) == ()

    def test_what_is_complete_is_not_changed(self) -> None:
        once = completed()
        members = {name: value for name, value in once.items() if name not in {"id", "version"}}
        assert completed(members) == once

    def test_a_part_need_not_say_which_outcomes_it_assesses(self) -> None:
        draft = edited(CHARTS, "resultDescription", 0, "assesses")
        assert definition.check(completed(draft)) == ()

    @pytest.mark.parametrize("value", ["x", 7, ["x"], [None], [[]], {}])
    @pytest.mark.parametrize("name", ["learningOutcome", "partner", "qualityAssurance", "resultDescription"])
    def test_anything_else_is_left_to_the_check(self, name: str, value: object) -> None:
        draft = CHARTS | {name: value}
        assert definition.check(completed(draft))


class TestCheck:
    def test_a_whole_microcredential_is_good(self) -> None:
        assert definition.check(completed()) == ()
        assert microcredential.doubts(completed()) == ()

    @pytest.mark.parametrize(
        ("path", "value", "pointer"),
        [
            (("workload",), "55 hours", "/workload"),
            (("workload",), "PT", "/workload"),
            (("workload",), "PT0H", "/workload"),
            (("workload",), 55, "/workload"),
            (("creditUnit",), "Credits", "/creditUnit"),
            (("creditsAvailable",), ..., "/creditUnit"),
            (("participationType",), "online", "/participationType"),
            (("instructionLanguage",), ["English"], "/instructionLanguage/0"),
            (("reviewDate",), "2029-02-30", "/reviewDate"),
            (("reviewDate",), "30 June 2029", "/reviewDate"),
            (("qualityAssurance", "name"), ..., "/qualityAssurance/name"),
            (("qualityAssurance", "url"), "quality.example", "/qualityAssurance/url"),
            (("partner", 0, "name"), "", "/partner/0/name"),
            (("entryRequirement",), "x" * 10_001, "/entryRequirement"),
            (("learningOutcome", 0, "statement"), ..., "/learningOutcome/0/statement"),
            (("learningOutcome", 0, "statement"), "x" * 2001, "/learningOutcome/0/statement"),
            (("learningOutcome", 0, "relatedSkill"), ["https://skills.example/other"], "/learningOutcome/0/relatedSkill"),
            (("resultDescription", 0, "assesses"), [f"{URL}#outcome-9"], "/resultDescription/0/assesses"),
            (("resultDescription", 0, "assessmentMethod"), "Quiz", "/resultDescription/0/assessmentMethod"),
            (("resultDescription", 0, "assessmentType"), ..., "/resultDescription/0/assessmentType"),
            (("resultDescription", 0, "evaluationMethod"), ..., "/resultDescription/0/evaluationMethod"),
            (("resultDescription", 0, "aiAssistedMarking"), "no", "/resultDescription/0/aiAssistedMarking"),
            (("resultDescription", 0, "markedBy"), ["Robot"], "/resultDescription/0/markedBy/0"),
            (("resultDescription", 0, "assessmentSupervision"), "Strict", "/resultDescription/0/assessmentSupervision"),
            (("resultDescription", 0, "type"), ["ResultDescription"], "/resultDescription/0/type"),
        ],
    )
    def test_each_fault_is_named_where_it_is(self, path: tuple[str | int, ...], value: object, pointer: str) -> None:
        assert pointers(edited(completed(), *path, to=value)) == [pointer]

    def test_no_outcome_may_have_the_id_of_another(self) -> None:
        changed = edited(completed(), "learningOutcome", 1, "id", to=f"{URL}#outcome-1")
        assert pointers(changed) == ["/learningOutcome/1/id", "/resultDescription/1/assesses"]

    @pytest.mark.parametrize("value", [None, "x", 7, ["x"], {"id": "x"}, [{"assesses": ["#x"]}], [{"assesses": 7, "type": 7}]])
    @pytest.mark.parametrize("name", sorted({*microcredential.MEMBERS, "resultDescription", "alignment"}))
    def test_no_value_is_too_strange(self, name: str, value: object) -> None:
        assert all(finding.pointer.startswith("/") for finding in microcredential.check(completed() | {name: value}))

    @pytest.mark.parametrize(
        "badge", [{}, {"credentialSubject": []}, {"credentialSubject": ["x"]}, {"credentialSubject": {"achievement": "x"}}]
    )
    def test_of_a_badge_of_nothing_there_is_nothing_to_say_but_that_the_schema_asks_for_it(self, badge: JsonObject) -> None:
        assert microcredential.rule(badge) == ()
        assert [finding.pointer for finding in microcredential.keeps_schema(badge)] == ["/credentialSubject"]

    def test_achievements_are_looked_at_wherever_they_stand(self) -> None:
        bad = completed() | {"workload": "long"}
        record = {"credentialSubject": [{"achievement": [completed(), bad]}, {"achievement": bad}]}
        assert [finding.pointer for finding in microcredential.rule(record)] == [
            "/credentialSubject/0/achievement/1/workload",
            "/credentialSubject/1/achievement/workload",
        ]

    def test_of_very_many_faults_some_are_told(self) -> None:
        outcome = completed()["learningOutcome"][0] | {"relatedSkill": [f"urn:{number}" for number in range(9000)]}
        assert len(microcredential.check(completed() | {"learningOutcome": [outcome], "resultDescription": []})) == shape.MAX_FINDINGS

    def test_every_amount_that_is_just_right_is_right(self) -> None:
        for tenths in range(1, 601):
            said = {"creditsAvailable": tenths / 10, "creditUnit": "ECTS"}
            for hours in (25, 30):
                worked = tenths * hours * 6
                assert microcredential.doubts(said | {"workload": f"PT{worked // 60}H{worked % 60}M"}) == ()

    @pytest.mark.parametrize(
        ("members", "said"),
        [
            ({"workload": "PT20H"}, "2 ECTS credits stand for 50 to 60 hours of work, and the workload is 20. Mend one of them."),
            ({"creditUnit": "UK"}, "2 UK credits stand for 20 hours of work, and the workload is 55. Mend one of them."),
            ({"creditUnit": "NZ", "workload": "PT20H1M"}, "2 NZ credits stand for 20 hours of work, and the workload is 20.0167."),
        ],
    )
    def test_workload_and_credits_are_held_against_each_other(self, members: JsonObject, said: str) -> None:
        (doubt,) = microcredential.doubts(completed() | members)
        assert (doubt.pointer, doubt.detail[: len(said)]) == ("/workload", said)

    @pytest.mark.parametrize(
        "members", [{"workload": "PT60H"}, {"workload": None}, {"creditUnit": None}, {"creditsAvailable": 0}, {"workload": "PT50H0M"}]
    )
    def test_where_they_agree_or_one_is_missing_nothing_is_said(self, members: JsonObject) -> None:
        assert microcredential.doubts(completed() | members) == ()


class TestSchema:
    def test_the_whole_badge_keeps_it(self, badge: JsonObject) -> None:
        jsonschema.Draft201909Validator.check_schema(microcredential.SCHEMA)
        VALIDATOR.validate(badge)

    @pytest.mark.parametrize("value", [..., None, "", "x", 7, True, [], ["x"], {}])
    def test_what_it_refuses_our_rule_or_the_gate_refuses_too(self, badge: JsonObject, value: object) -> None:
        achievement = badge["credentialSubject"]["achievement"]
        for path in _paths(achievement):
            changed = edited(badge, "credentialSubject", "achievement", *path, to=value)
            if not VALIDATOR.is_valid(changed):
                assert microcredential.rule(changed) or shape.gate(changed), path

    def test_1edtechs_schema_for_assessments_is_kept(self, badge: JsonObject, shared_data: Path) -> None:
        # One of its references leads nowhere; it is for a member that we do not write.
        schema = json.loads((shared_data / "ob3/schemas/extensions/assessmentExtension/v2p0/schema.json").read_text())
        jsonschema.Draft201909Validator(schema).validate(badge)


def _paths(node: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if way:
        yield way
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        yield from _paths(value, (*way, step))


class TestSigned:
    def test_every_member_is_in_the_graph_that_is_signed(self, badge: JsonObject) -> None:
        achievement = badge["credentialSubject"]["achievement"]
        whole = credential.lint(badge).canonical
        for path in _paths({name: achievement[name] for name in microcredential.MEMBERS}):
            if path[-1] not in {"id", "type"} and isinstance(path[-1], str):
                changed = edited(badge, "credentialSubject", "achievement", *path)
                assert cryptosuites.rdfc(changed, microcredential.known(achievement)) != whole, path

    def test_a_signed_badge_verifies_but_for_the_status_list_that_is_not_there(self, badge: JsonObject, signer: Signer) -> None:
        assert _not_good(_sign(badge, signer)) == {"status"}

    def test_other_schemas_that_it_names_are_kept_too(self, badge: JsonObject, signer: Signer) -> None:
        official = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
        badge["credentialSchema"].append({"id": official, "type": microcredential.SCHEMA_TYPE})
        assert _not_good(_sign(badge, signer)) == {"status"}

    def test_elsewhere_it_is_undecided_until_its_context_is_pinned(self, badge: JsonObject, signer: Signer) -> None:
        found = _verified(_sign(badge, signer), known=contexts.PINNED)
        assert found.outcome is Outcome.INDETERMINATE
        assert {finding.type for step in found.steps for finding in step.findings} >= {problem.OURS + "unknown-context"}

    def test_a_word_out_of_its_vocabulary_cannot_be_signed(self, badge: JsonObject) -> None:
        changed = edited(badge, "credentialSubject", "achievement", "participationType", to="Telepathy")
        with pytest.raises(problem.Invalid) as raised:
            credential.lint(changed)
        assert [finding.pointer for finding in raised.value.findings] == ["/credentialSubject/achievement/participationType"]

    def test_a_good_signature_does_not_make_a_bad_microcredential_good(self, badge: JsonObject, signer: Signer) -> None:
        path = ("credentialSubject", "achievement", "learningOutcome", 0, "relatedSkill")
        changed = edited(badge, *path, to=["https://elsewhere.example"])
        known = microcredential.known(microcredential.asserted(badge))
        signed = proof.add_proof(proof.lint(changed, known=known), signer, created=NOW)
        assert _not_good(signed) == {"data_model", "status"}


def _sign(badge: JsonObject, signer: Signer) -> JsonObject:
    return proof.add_proof(credential.lint(badge), signer, created=NOW)


def _verified(signed: JsonObject, *, known: Mapping[str, contexts.Context]) -> report.Report:
    read = document.parse(json.dumps(signed).encode())
    return verification.verify(read, {}, now=NOW, policy=verification.Policy(badges.BADGE, known), sha256="")


def _not_good(signed: JsonObject) -> set[str]:
    found = _verified(signed, known=microcredential.with_own(BASE))
    return {step.name for step in found.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}}
