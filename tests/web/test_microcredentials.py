"""Achievements with all that a microcredential needs: defined, published, issued, verified, and judged by others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from tests.interop import judges
from tests.microcredentials import CHARTS, UNIT, WHOLE
from tests.web.conftest import PAGE
from tests.web.test_pages import Reader

from badgeissuer import linking
from badgeissuer.openbadges import microcredential
from badgeissuer.vc import contexts

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

JsonObject = dict[str, Any]
Judge = Callable[[JsonObject], judges.Verdict]


def without_what_is_no_draft(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if name not in {"issuer", "slug"}}


@pytest.fixture
def badge(server: Running) -> JsonObject:
    """A badge as a stranger gets it."""
    credential = server.award(achievement=server.published(**CHARTS))["credential"]
    found: JsonObject = server.stranger.get(credential["id"], headers={"Accept": "application/json"}).json()
    return found


@pytest.fixture
def extension(server: Running, badge: JsonObject) -> dict[str, JsonObject]:
    """What stands at the context's URL."""
    url = badge["@context"][2]
    assert url.startswith(server.base)
    return {url: server.stranger.get(url).json()}


def test_the_context_and_the_schema_are_given_to_anybody_and_never_change(server: Running) -> None:
    for path, sha256, kind in (
        (microcredential.PATH, microcredential.SHA256, "application/ld+json"),
        (microcredential.SCHEMA_PATH, microcredential.SCHEMA_SHA256, "application/schema+json"),
    ):
        answer = server.stranger.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert (answer.headers["access-control-allow-origin"], answer.headers["cache-control"]) == ("*", "public, max-age=86400")
        assert contexts.digest(answer.json()) == sha256
        assert server.stranger.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_whole_microcredential_is_issued_and_verifies(server: Running, badge: JsonObject) -> None:
    achievement = badge["credentialSubject"]["achievement"]
    assert achievement["workload"] == "PT55H"
    assert [item["statement"] for item in achievement["learningOutcome"]] == [item["statement"] for item in CHARTS["learningOutcome"]]
    assert {item["targetType"] for item in achievement["alignment"] if "targetType" in item} == {"ext:EQFAlignment", "ext:CreditUnit"}
    report = server.stranger.post("/verify", json=badge).json()
    assert report["outcome"] == "VALID", report
    assert {step["name"]: step["outcome"] for step in report["steps"]}["schema"] == "VALID"


def test_its_page_and_the_verifier_tell_people_what_it_says(server: Running, badge: JsonObject) -> None:
    told = (
        server.stranger.get(badge["id"], headers=PAGE).text,
        server.stranger.get("/verify", params={"url": badge["id"]}, headers=PAGE).text,
    )
    for text in (Reader(page).text for page in told):
        assert "55 hours of work \u00b7 2 ECTS credits \u00b7 EQF level 5" in text
        assert "Project \u00b7 Unsupervised, identity checked \u00b7 Marked by a teacher and an external examiner" in text
        for outcome in CHARTS["learningOutcome"]:
            assert outcome["statement"] in text


def test_a_changed_outcome_is_noticed(server: Running, badge: JsonObject) -> None:
    badge["credentialSubject"]["achievement"]["learningOutcome"][0]["statement"] += "!"
    assert server.stranger.post("/verify", json=badge).json()["outcome"] == "INVALID"


@pytest.mark.interop
class TestOthers:
    @pytest.fixture(params=["openbadgeslib", "openvc-core", "npm"])
    def judge(self, request: pytest.FixtureRequest, server: Running, extension: dict[str, JsonObject], tmp_path: Path) -> Judge:
        if request.param == "openbadgeslib":
            return lambda badge: judges.ask_openbadgeslib_for_the_proof(badge, extension)
        if request.param == "openvc-core":
            return lambda badge: judges.ask_openvc_for_the_proof(badge, extension)
        judges.require_npm()

        def ask(badge: JsonObject) -> judges.Verdict:
            url = badge["credentialStatus"]["statusListCredential"]
            return judges.ask_npm(tmp_path, badge, extension | {url: server.stranger.get(url).json()})

        return ask

    def test_they_accept_it(self, judge: Judge, badge: JsonObject) -> None:
        assert judge(badge) == judges.Verdict(accepted=True, reasons="")

    def test_they_notice_a_changed_part(self, judge: Judge, badge: JsonObject) -> None:
        badge["credentialSubject"]["achievement"]["resultDescription"][0]["markedBy"] = ["Machine"]
        assert not judge(badge).accepted


@pytest.mark.parametrize(
    ("file", "deviations"),
    [
        ("official-2026/ob_v3p0_achievementcredential_schema.json", []),
        ("ghpages-2024-strict/achievementcredential.json", ["/proof"]),
    ],
)
def test_1edtechs_schemas_validate_it(badge: JsonObject, shared_data: Path, file: str, deviations: list[str]) -> None:
    schema = jsonschema_rs.validator_for(json.loads((shared_data / "ob3/schemas" / file).read_text()))
    assert ["/" + "/".join(map(str, error.instance_path)) for error in schema.iter_errors(badge)] == deviations


def test_a_draft_keeps_what_its_author_wrote(server: Running) -> None:
    draft = server.draft(**CHARTS)
    made = server.make("achievements", draft)
    assert made["draft"] == without_what_is_no_draft(draft)
    assert made["warnings"] == []


def test_a_review_date_that_is_past_is_told_when_it_is_kept_and_when_it_is_published(server: Running) -> None:
    draft = server.draft(**{name: value for name, value in CHARTS.items() if name not in {"prerequisites", "stacksInto"}})
    made = server.make("achievements", draft | {"reviewDate": "2021-12-31"})
    detail = "The review date 2021-12-31 is past. Say until when the definition is to be looked at again."
    assert made["warnings"] == [{"pointer": "/reviewDate", "detail": detail}]
    assert server.make(f"achievements/{draft['slug']}/publish", {}, expect=200)["warnings"] == made["warnings"]


def test_workload_and_credits_that_do_not_agree_are_told_and_kept(server: Running) -> None:
    made = server.make("achievements", server.draft(**CHARTS | {"workload": "PT10H"}))
    assert made["warnings"] == [
        {
            "pointer": "/workload",
            "detail": "2 ECTS credits stand for 50 to 60 hours of work, and the workload is 10. Mend one of them.",
        }
    ]


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"workload": "55 hours"}, ["/workload"]),
        ({"creditUnit": "Points"}, ["/creditUnit"]),
        ({"learningOutcome": [{"name": "Plots"}]}, ["/learningOutcome/0/statement"]),
        ({"prerequisites": ["nothing-here"]}, ["/prerequisites"]),
    ],
)
def test_a_fault_is_named_and_nothing_is_stored(server: Running, refused: Refused, members: JsonObject, pointers: list[str]) -> None:
    before = server.rows()
    found = refused(server.api.post("/api/achievements", json=server.draft(**CHARTS | members)), 422)
    assert [item["pointer"] for item in found["errors"]] == pointers
    assert server.rows() == before


def test_what_leads_where_is_aligned_with_the_newest_version(server: Running) -> None:
    first, larger = server.published(name="Knots"), server.published(name="Skipper")
    slug = server.published(prerequisites=[first], stacksInto=[larger])
    found = server.stranger.get(f"/a/{slug}/1").json()["alignment"]
    assert [(item["targetName"], item["targetUrl"], item["targetType"]) for item in found] == [
        ("Knots", f"{server.base}/a/{first}", "ext:Prerequisite"),
        ("Skipper", f"{server.base}/a/{larger}", "ext:StacksInto"),
    ]


def test_nothing_comes_before_itself(server: Running, refused: Refused) -> None:
    first = server.draft()
    server.make("achievements", first)
    second, third = (server.draft(prerequisites=[first["slug"]]) for _ in range(2))
    server.make("achievements", second)
    server.make("achievements", third | {"prerequisites": [second["slug"]]})
    changed = without_what_is_no_draft(first) | {"prerequisites": [third["slug"]]}
    found = refused(server.api.put(f"/api/achievements/{first['slug']}", json=changed), 422)
    told = [(item["pointer"], item["detail"]) for item in found["errors"]]
    assert told == [("/prerequisites", f"It would lead to itself, by way of {third['slug']}.")]
    alone = server.draft()
    found = refused(server.api.post("/api/achievements", json=alone | {"stacksInto": [alone["slug"]]}), 422)
    assert [item["pointer"] for item in found["errors"]] == ["/stacksInto"]


def completeness(server: Running, slug: str) -> dict[str, JsonObject]:
    answer = server.api.get(f"/api/achievements/{slug}/completeness")
    assert answer.status_code == 200, answer.text
    return {item["profile"]: item for item in answer.json()["profiles"]}


def whole_unit(server: Running, **members: object) -> str:
    slug: str = server.make("issuers", {"slug": server.fresh("unit"), **UNIT, **members})["slug"]
    return slug


@pytest.mark.parametrize("key", WHOLE)
def test_one_that_is_complete_is_issued_and_verifies(server: Running, key: str) -> None:
    unit = whole_unit(server)
    slug = server.published(issuer=unit, **WHOLE[key])
    assert completeness(server, slug)[key] | {"elements": []} == {
        "profile": key,
        "name": completeness(server, slug)[key]["name"],
        "is_gate": False,
        "score": 1.0,
        "is_met": True,
        "gaps": [],
        "elements": [],
    }
    url = server.award(achievement=slug)["credential"]["id"]
    badge = server.stranger.get(url, headers={"Accept": "application/json"}).json()
    assert server.stranger.post("/verify", json=badge).json()["outcome"] == "VALID"
    assert badge["issuer"]["address"]["addressCountryCode"] == "NZ"


def test_every_gap_is_named_with_its_field_and_its_reason(server: Running) -> None:
    unit = server.make("issuers", {"slug": server.fresh("unit"), "name": "Harbour School"})["slug"]
    slug = server.published(issuer=unit, **{name: value for name, value in CHARTS.items() if name != "workload"})
    found = completeness(server, slug)["european-approach"]
    assert (found["score"], found["is_met"]) == (0.86, False)
    assert [(gap["element"], gap["field"], gap["need"]) for gap in found["gaps"]] == [
        ("country", "unit/country", "required"),
        ("workload", "/workload", "required"),
    ]
    assert found["gaps"][1]["detail"] == "Notional workload, in ECTS where possible is missing. Fill /workload."
    assert found["gaps"][1]["why"]
    states = {element["key"]: element["state"] for element in found["elements"]}
    assert (states["learner"], states["workload"], states["title"], states["ects_hours"]) == ("given", "missing", "met", "not_applicable")


def test_a_unit_publishes_only_what_its_gate_lets_through(server: Running, refused: Refused) -> None:
    above = whole_unit(server, gate="european-approach")
    unit = server.make("issuers", {"slug": server.fresh("unit"), "name": "Faculty", "parent": above})["slug"]
    draft = server.draft(issuer=unit, **{name: value for name, value in CHARTS.items() if name not in {"level", "stackability"}})
    slug = server.make("achievements", draft)["slug"]
    found = completeness(server, slug)
    assert {key: item["is_gate"] for key, item in found.items() if item["is_gate"]} == {"european-approach": True}
    answer = refused(server.api.post(f"/api/achievements/{slug}/publish"), 409)
    assert [item["pointer"] for item in answer["errors"]] == ["/level"]  # what is optional does not keep it back
    assert "European Approach" in answer["detail"]
    assert server.api.get(f"/api/achievements/{slug}").json()["state"] == "draft"
    assert server.api.patch(f"/api/issuers/{above}", json={"gate": None}).status_code == 200
    server.make(f"achievements/{slug}/publish", {}, expect=200)


@pytest.mark.parametrize(("gate", "said"), [("uk-qaa", "only describes"), ("african-approach", "There is no framework by the name")])
def test_what_can_be_no_gate_is_refused(server: Running, refused: Refused, gate: str, said: str) -> None:
    assert said in refused(server.api.post("/api/issuers", json={"slug": server.fresh("unit"), "name": "x", "gate": gate}), 422)["detail"]


def test_the_frameworks_are_listed_with_their_sources(server: Running) -> None:
    found = server.listed("frameworks")
    assert [item["key"] for item in found] == list(WHOLE)
    assert all(item["source"]["certainty"] in {"read", "second-hand", "memory"} and item["elements"] for item in found)


def test_what_another_unit_has_not_published_is_not_told(server: Running, refused: Refused) -> None:
    other, mine = (server.make("issuers", {"slug": server.fresh("unit"), "name": "Unit"})["slug"] for _ in range(2))
    secret = server.make("achievements", server.draft(issuer=other, name="Secret Merger"))["slug"]
    bound = server.bearer("issuer", issuer=mine)
    draft = server.draft(issuer=mine, prerequisites=[secret])
    missing = refused(server.stranger.post("/api/achievements", json=draft | {"prerequisites": ["not-there"]}, headers=bound), 422)
    found = refused(server.stranger.post("/api/achievements", json=draft, headers=bound), 422)
    assert found["detail"] == missing["detail"].replace("not-there", secret)
    server.make(f"achievements/{secret}/publish", {}, expect=200)
    assert server.stranger.post("/api/achievements", json=draft, headers=bound).status_code == 201
    listed = server.stranger.get(f"/api/achievements/{draft['slug']}/impact", headers=bound).json()
    assert (listed["requiring"], listed["elsewhere"]) == ([], 0)
    theirs = server.bearer("issuer", issuer=other)
    listed = server.stranger.get(f"/api/achievements/{secret}/impact", headers=theirs).json()
    assert (listed["requiring"], listed["elsewhere"]) == ([], 1)


def test_a_chain_is_followed_for_so_many_steps_only(server: Running, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "LONGEST", 3)
    before: list[str] = []
    for _ in range(3):
        before = [server.make("achievements", server.draft(prerequisites=before) if before else server.draft())["slug"]]
    assert server.api.post("/api/achievements", json=server.draft(prerequisites=before[:1])).status_code == 422
    found = refused(server.api.post("/api/achievements", json=server.draft(prerequisites=["x"] * 51)), 422)
    assert [item["pointer"] for item in found["errors"]] == ["/prerequisites"]


@pytest.mark.parametrize("member", [{"credentialSubject": {"id": "urn:x"}}, {"credentialSubject": []}])
def test_a_document_that_breaks_the_schema_it_names_is_not_said_to_keep_it(server: Running, member: JsonObject) -> None:
    base = server.base
    document = {
        "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, base + microcredential.PATH],
        "type": ["VerifiableCredential"],
        "issuer": "did:key:x",
        "credentialSchema": {"id": base + microcredential.SCHEMA_PATH, "type": microcredential.SCHEMA_TYPE},
    }
    report = server.stranger.post("/verify", json=document | member).json()
    assert {step["name"]: step["outcome"] for step in report["steps"]}["schema"] == "INVALID"
