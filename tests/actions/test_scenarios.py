"""What platforms send one after the other, and how it must end, in whatever order: the shared scenarios, and random sequences."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from badgeissuer import authoring, connecting, problem, reviewing, ruling
from badgeissuer.openbadges import identity
from badgeissuer.store import tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session
    from tests.actions.conftest import Campus

SENT = datetime.fromtimestamp(1779285700, UTC)
"""When the shared Standard Webhooks were sent."""
Conditions = list[tuple[str, str, object]]
GRADED: Conditions = [("item", "eq", "310"), ("result.raw", "ge", 50)]
RULES: dict[str, tuple[str, Conditions]] = {
    "duplicate delivery": ("canvas", [("course", "eq", "565")]),
    "re-trigger with new event_time": ("canvas", [("course", "eq", "565")]),
    "actor is not the learner": ("moodle_local_webhooks", [("course", "eq", "7"), ("type", "eq", "\\core\\event\\course_completed")]),
    "learner with no campus id": ("standard_webhooks", [("course", "eq", "7")]),
    "empty e-mail": ("canvas", [("course", "eq", "123456")]),
    "grade lowered after issue": ("moodle_local_webhooks", GRADED),
    "out of order": ("moodle_local_webhooks", GRADED),
    "passing then not passing": ("openedx", [("result.passed", "eq", True)]),
    "voided xAPI statement": ("xapi", [("result.passed", "eq", True), ("result.scaled", "ge", 0.8)]),
    "un-enrolment after completion": ("moodle_local_webhooks", [("course", "eq", "7"), ("type", "eq", "\\core\\event\\course_completed")]),
    "forged key id": ("canvas", [("type", "eq", "course_completed")]),
}
"""Scenario → source and conditions of the rule, which the scenarios say in plain words."""
ADAPTERS = {
    "canvas": "canvas", "moodle_local_webhooks": "moodle", "standard_webhooks": "native", "openedx": "openedx", "xapi": "xapi",
}  # fmt: skip


@pytest.fixture
def lms(shared_data: Path) -> Path:
    """The folder of sample deliveries."""
    return shared_data / "lms"


def add_rule(campus: Campus, source: tables.Source, conditions: Conditions) -> tables.Rule:
    """Store a rule of which all conditions must hold."""
    tree = {"all": [{"field": field, "op": op, "value": value} for field, op, value in conditions]}
    return campus.add_rule({"when": tree}, source)


def close(campus: Campus, session: Session, review_id: int, resolution: str, *, note: str, actor: str) -> None:
    """Close a review."""
    row = reviewing.find(session, review_id)
    reviewing.resolve(session, row, resolution=resolution, note=note, actor=actor, randomness=campus.randomness, now=campus.now)


def connected(campus: Campus, lms: Path, folder: str) -> tables.Source:
    """Store the source that signed the shared deliveries of a folder; Canvas also with a key of the tests, for what came unsigned."""
    secrets = json.loads((lms / "SECRETS.json").read_bytes())
    ours = {**campus.rsa.as_dict(private=False), "kid": "2026-05-20T00:00:00Z", "use": "sig", "alg": "RS256"}
    signatures: dict[str, dict[str, Any]] = {
        "canvas": {"scheme": "canvas_jwt", "jwks": {"keys": [*json.loads((lms / "canvas/jwks.json").read_bytes())["keys"], ours]}},
        "moodle_local_webhooks": {"scheme": "body_token", "secrets": [secrets["moodle_local_webhooks_token"]]},
        "standard_webhooks": {"scheme": "standard_webhooks", "secrets": [secrets["standard_webhooks"]]},
        "openedx": {"scheme": "none", "accept_unsigned": True},
        "xapi": {"scheme": "basic", "username": secrets["lrs_basic_username"], "secrets": [secrets["lrs_basic_password"]]},
    }
    return campus.connect(folder.replace("_", "-"), adapter=ADAPTERS[folder], signature=signatures[folder])


def deliveries(lms: Path, campus: Campus, scenario: dict[str, Any]) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Give body and headers of each delivery of a scenario."""
    for item in scenario["deliver"]:
        name = item if isinstance(item, str) else item["file"]
        path, folder = lms / name, name.partition("/")[0]
        headers = json.loads((path.parent / f"{path.name.removesuffix('.json')}.headers.json").read_bytes())
        body = path.read_bytes()
        if folder == "canvas" and path.suffix == ".json":
            payload = json.loads(body)
            for dotted, value in ({} if isinstance(item, str) else item["patch"]).items():
                *way, last = dotted.split(".")
                place = payload
                for step in way:
                    place = place[step]
                place[last] = value
            body = campus.jwt(payload)
        yield body, {key.lower(): value for key, value in headers.items()}


def addressed(campus: Campus) -> None:
    """Give every learner who waits for one an address, as staff do, and have the badges issued."""
    for award in campus.all(tables.Award):
        if award.state == "needs_identity":
            campus.supply(award, email=f"learner{award.learner_id}@example.org")
    campus.work()


@pytest.mark.parametrize("name", RULES)
def test_each_shared_scenario_ends_as_it_should(campus: Campus, lms: Path, name: str) -> None:
    scenarios = {scenario["name"]: scenario for scenario in json.loads((lms / "scenarios.json").read_bytes())["scenarios"]}
    wanted, campus.now = scenarios[name]["expect"], SENT
    source = connected(campus, lms, RULES[name][0])
    add_rule(campus, source, RULES[name][1])
    answers = []
    for body, headers in deliveries(lms, campus, scenarios[name]):
        try:
            answers.append(campus.receive(source, body, headers).success_status)
        except problem.Unauthenticated:
            answers.append(401)
        campus.work()
        if "queue" not in wanted:
            addressed(campus)
    assert set(answers) == {wanted.get("http", 200)}
    if "queue" in wanted:
        assert campus.only(tables.Award).state == "needs_identity"
    assert len(campus.all(tables.Credential)) == wanted.get("credentials", 1)
    assert len(campus.all(tables.Review)) == wanted.get("review", 0)
    assert not any(entry.is_set for entry in campus.all(tables.StatusEntry)), "nothing is revoked by itself"
    if "identifier" in wanted:
        subject = document.parse(campus.only(tables.Credential).document)["credentialSubject"]
        assert identity.matches(subject["identifier"][0], "lee.ortega@example.net")
    if "learner" in wanted:
        known = {row.value for row in campus.all(tables.LearnerIdentity)}
        assert wanted["learner"] in known
        assert wanted["not"] not in known


def test_every_shared_scenario_has_its_rule(lms: Path) -> None:
    assert sorted(RULES) == sorted(scenario["name"] for scenario in json.loads((lms / "scenarios.json").read_bytes())["scenarios"])


# --- whatever the order

ITEM = "https://learn.example/a/1"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
VERB = "http://adlnet.gov/expapi/verbs/scored"


def statement(number: int, *, day: int, scaled: float | None = None, voids: int | None = None) -> dict[str, Any]:
    """Return an xAPI statement: a score on a day, or that another is taken back."""
    thing = {"id": ITEM} if voids is None else {"objectType": "StatementRef", "id": name(voids)}
    return {
        "id": name(number),
        "actor": {"account": {"homePage": "https://learn.example", "name": "u-1"}},
        "verb": {"id": VERB if voids is None else VOIDED},
        "object": thing,
        "timestamp": (SENT - timedelta(days=100 - day)).isoformat(),
    } | ({"result": {"score": {"scaled": scaled}}} if scaled is not None else {})


def name(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


_scores = st.lists(st.sampled_from([0.2, 0.5, 0.8, 1.0]), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_scores, st.data())
def test_the_badges_that_nobody_has_to_review_depend_on_the_facts_alone(campus: Campus, scores: list[float], data: st.DataObject) -> None:
    """Scores on one item, some taken back, in any order and repeated: a badge stands without a review where the newest score is good."""
    campus.now = SENT
    source = campus.connect(f"lrs-{len(campus.all(tables.Source))}", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    row = add_rule(campus, source, [("type", "eq", VERB), ("result.scaled", "ge", 0.8)])
    said = [statement(number, day=number, scaled=scaled) for number, scaled in enumerate(scores)]
    voided = data.draw(st.sets(st.sampled_from(range(len(scores)))))
    said += [statement(50 + number, day=50, voids=number) for number in voided]
    order = data.draw(st.permutations(said))
    order += data.draw(st.lists(st.sampled_from(said), max_size=3))
    for item in order:
        campus.receive(source, json.dumps(item).encode())
        if data.draw(st.booleans()):
            campus.work()
    campus.work()
    standing = [scaled for number, scaled in enumerate(scores) if number not in voided]
    with campus.reading() as session:
        awards = session.scalars(select(tables.Award).where(tables.Award.rule_id == row.id)).all()
        clean = [award for award in awards if not any(row.state == "open" for row in reviewing.of_award(session, award))]
    assert len(awards) <= 1
    assert len(clean) == (1 if standing and standing[-1] >= 0.8 else 0), (scores, voided, [item["id"] for item in order])


def test_in_every_order_two_scores_end_alike(campus: Campus) -> None:
    said = [statement(1, day=1, scaled=0.9), statement(2, day=2, scaled=0.2), statement(3, day=3, scaled=1.0)]
    for turn, order in enumerate(itertools.permutations(said)):
        source = campus.connect(f"lrs-{turn}", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
        row = add_rule(campus, source, [("result.scaled", "ge", 0.8)])
        for item in order:
            campus.receive(source, json.dumps(item | {"actor": {"account": {"homePage": f"https://{turn}.example", "name": "u"}}}).encode())
            campus.work()
        with campus.reading() as session:
            (award,) = session.scalars(select(tables.Award).where(tables.Award.rule_id == row.id)).all()
            assert award.state == "needs_identity"


# --- reviews


def reviewed(campus: Campus) -> tables.Review:
    """Return a review of an issued badge: a score was lowered."""
    source = campus.connect("lrs", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    add_rule(campus, source, [("result.scaled", "ge", 0.8)])
    for item in (statement(1, day=1, scaled=0.9), statement(2, day=2, scaled=0.2)):
        campus.receive(source, json.dumps(item | {"actor": {"mbox": "mailto:asha.rao@example.org"}}).encode())
        campus.work()
    row: tables.Review = campus.only(tables.Review)
    assert (row.kind, row.state) == ("changed", "open")
    assert "0.2" in row.reason
    return row


@pytest.mark.parametrize("resolution", ["kept", "revoked"])
def test_somebody_closes_a_review_once(campus: Campus, resolution: str) -> None:
    row = reviewed(campus)
    with campus.writing() as session:
        found = reviewing.find(session, row.id)
        close(campus, session, found.id, resolution, note="Marked wrongly.", actor="registrar")
    closed = campus.only(tables.Review)
    assert (closed.state, closed.closed_by, closed.note, closed.closed_at) == (resolution, "registrar", "Marked wrongly.", campus.now)
    assert campus.only(tables.StatusEntry).is_set is (resolution == "revoked")
    with campus.writing() as session, pytest.raises(problem.Conflict, match="was closed before"):
        close(campus, session, row.id, "kept", note="x", actor="x")


def test_of_an_award_that_was_cancelled_the_review_can_be_closed_either_way(campus: Campus) -> None:
    row = reviewed(campus)
    with campus.writing() as session:
        award = session.get_one(tables.Award, row.award_id)
        award.state, award.reason = "cancelled", "Refused by the registrar."
    with campus.writing() as session:
        close(campus, session, row.id, "revoked", note="x", actor="x")
    assert campus.only(tables.Review).state == "revoked"
    award = campus.only(tables.Award)
    assert (award.state, award.reason) == ("cancelled", "Refused by the registrar.")
    with campus.reading() as session, pytest.raises(problem.NotFound):
        reviewing.find(session, row.id + 1)


def test_an_award_without_a_badge_is_cancelled_instead(campus: Campus) -> None:
    row = reviewed(campus)
    with campus.writing() as session:
        session.get_one(tables.Award, row.award_id).state = "needs_identity"
    with campus.writing() as session:
        close(campus, session, row.id, "revoked", note="Wrong.", actor="x")
    award = campus.only(tables.Award)
    assert (award.state, award.reason, campus.only(tables.StatusEntry).is_set) == ("cancelled", "Wrong.", False)


def test_what_is_in_doubt_is_not_issued_because_an_address_comes(campus: Campus) -> None:
    source = campus.connect("lrs", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    add_rule(campus, source, [("result.scaled", "ge", 0.8)])
    named = {"actor": {"account": {"homePage": "https://learn.example", "name": "u-1"}, "mbox": "mailto:asha.rao@example.org"}}
    for item in (statement(1, day=1, scaled=0.9), statement(2, day=2, scaled=0.2) | named):
        campus.receive(source, json.dumps(item).encode())
        campus.work()
    assert campus.only(tables.Review).state == "open"
    assert campus.only(tables.Award).state == "needs_identity"
    assert campus.all(tables.Credential) == []


def test_what_a_person_closed_stays_as_it_was_closed(campus: Campus) -> None:
    row = reviewed(campus)
    with campus.writing() as session:
        close(campus, session, row.id, "revoked", note="Wrong.", actor="board")
    source = campus.only(tables.Source)
    campus.receive(source, json.dumps(statement(3, day=3, scaled=1.0) | {"actor": {"mbox": "mailto:asha.rao@example.org"}}).encode())
    campus.work()
    closed = campus.only(tables.Review)
    assert (closed.state, closed.closed_by, closed.note) == ("revoked", "board", "Wrong.")


def told(campus: Campus, source: tables.Source, order: str) -> None:
    """Deliver events of the generic shape by their letters, each in a delivery of its own."""
    ago = {"E": 3, "W": 2, "V": 1}
    kinds: dict[str, dict[str, object]] = {
        "E": {"type": "passed", "score": 0.9},
        "W": {"type": "gone", "withdraws": True},
        "V": {"type": "void", "voids": "W"},
    }
    for letter in order:
        moment = (campus.now - timedelta(days=ago[letter])).isoformat()
        body = {"id": letter, "at": moment, "who": "asha.rao@example.org", "item": "a", **kinds[letter]}
        campus.receive(source, json.dumps(body).encode())
        campus.work()


@pytest.mark.parametrize("order", ["EWV", "EVW", "VEW", "VWE", "WEV", "WVE"])
def test_a_withdrawal_that_was_taken_back_leaves_no_doubt(campus: Campus, order: str) -> None:
    mapping = {
        "events": "@", "id": "id", "type": "type", "occurred_at": "at", "item": "item", "learner": {"email": "who"},
        "result": {"scaled": "score"}, "withdraws": "withdraws", "voids": "voids",
    }  # fmt: skip
    with campus.writing() as session:
        values = {
            "slug": "acme",
            "name": "Acme",
            "adapter": "generic",
            "mapping": mapping,
            "signature": {"scheme": "none", "accept_unsigned": True},
        }
        source = connecting.connect(session, authoring.issuer(session, "workshop"), values, token=lambda size: "k" * size, now=campus.now)
    add_rule(campus, source, [("result.scaled", "ge", 0.8)])
    told(campus, source, order)
    assert campus.only(tables.Award).state == "issued"
    assert not any(row.state == "open" for row in campus.all(tables.Review))


def test_what_is_taken_back_while_no_rule_holds_opens_a_review(campus: Campus) -> None:
    source = campus.connect("lrs", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    row = add_rule(campus, source, [("result.scaled", "ge", 0.8)])
    for item in (statement(1, day=1, scaled=0.9), statement(2, day=2, voids=1)):
        campus.receive(source, json.dumps(item).encode())
        campus.work()
        with campus.writing() as session:
            ruling.change(session, ruling.find(session, row.id), state="disabled", said=None, now=campus.now)
    assert campus.only(tables.Review).kind == "voided"


def test_nothing_happens_before_it_is_told(campus: Campus) -> None:
    """A sender's clock that runs ahead does not make its events the newest for years."""
    source = campus.connect("lrs", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})
    add_rule(campus, source, [("result.scaled", "ge", 0.8)])
    ahead = statement(1, day=1, scaled=0.9) | {"timestamp": "2036-05-20T14:01:31Z"}
    campus.receive(source, json.dumps(ahead).encode())
    campus.work()
    campus.pass_time(days=2)
    later = statement(2, day=2, scaled=0.2) | {"timestamp": (campus.now - timedelta(days=1)).isoformat()}
    campus.receive(source, json.dumps(later).encode())
    campus.work()
    assert campus.only(tables.Review).kind == "changed"


def test_a_revoked_certificate_opens_a_review_of_what_it_earned(campus: Campus, lms: Path) -> None:
    source = connected(campus, lms, "openedx")
    add_rule(campus, source, [("type", "eq", "org.openedx.learning.certificate.created.v1")])
    folder = lms / "openedx"
    for kind in ("created", "revoked"):
        headers = json.loads((folder / f"certificate_{kind}.headers.json").read_bytes())
        campus.receive(source, (folder / f"certificate_{kind}.json").read_bytes(), headers)
        campus.work()
    assert len(campus.all(tables.Award)) == 1
    assert campus.only(tables.Review).kind == "withdrawn"
