from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text, update

from badgeissuer import connecting, intake, problem, ruling
from badgeissuer.awarding import rule, signature
from badgeissuer.store import tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.conftest import Campus

SENT = datetime.fromtimestamp(1779285700, UTC)
"""When the shared Standard Webhooks were sent."""
COMPLETED = {"metadata": {"event_name": "course_completed"}, "body": {"user": {"id": "123"}}}
NATIVE: dict[str, Any] = {
    "type": "learner.course.completed",
    "timestamp": "2026-05-20T14:01:31Z",
    "data": {
        "event_id": "e-1",
        "learner": {"id": "4211", "email": "asha.rao@example.org", "name": "Asha Rao"},
        "course": {"id": "565"},
        "result": {"score": 35, "max": 40},
        "credits": {"earned": 2},
    },
}


@pytest.fixture
def lms(shared_data: Path) -> Path:
    """The folder of sample deliveries."""
    return shared_data / "lms"


@pytest.fixture
def shared(campus: Campus, lms: Path) -> dict[str, tables.Source]:
    """The sources that signed the shared deliveries; Canvas also with a key of the tests, for payloads that came unsigned."""
    ours = {**campus.rsa.as_dict(private=False), "kid": "2026-05-20T00:00:00Z", "use": "sig", "alg": "RS256"}
    keys = json.loads((lms / "canvas/jwks.json").read_bytes())["keys"]
    secret = json.loads((lms / "SECRETS.json").read_bytes())["standard_webhooks"]
    canvas = {"scheme": "canvas_jwt", "jwks": {"keys": [*keys, ours]}}
    native = {"scheme": "standard_webhooks", "secrets": [secret]}
    campus.now = SENT
    return {
        "canvas": campus.connect("canvas", adapter="canvas", signature=canvas),
        "standard_webhooks": campus.connect("sis", adapter="native", signature=native),
    }


def test_every_signed_canvas_delivery_is_read(campus: Campus, lms: Path, shared: dict[str, tables.Source]) -> None:
    signed = sorted((lms / "canvas").glob("*.signed.jwt"))
    for path in signed:
        assert campus.receive(shared["canvas"], path.read_bytes()).is_new
    assert len(signed) == 3
    assert campus.work() >= 1
    assert [row.state for row in campus.all(tables.Job) if row.kind == intake.PROCESS] == ["done"] * 3
    assert {row.state for row in campus.all(tables.Delivery)} == {"processed"}


@pytest.mark.parametrize("fault", ["bad_base64", "empty", "malformed", "unknown_version"])
def test_a_webhook_that_is_not_signed_well_is_refused(campus: Campus, lms: Path, shared: dict[str, tables.Source], fault: str) -> None:
    body = (lms / "standard_webhooks/course_completed.json").read_bytes()
    headers = json.loads((lms / f"standard_webhooks/course_completed.bad_{fault}.headers.json").read_bytes())
    with pytest.raises(problem.Unauthenticated):
        campus.receive(shared["standard_webhooks"], body, headers)
    assert (campus.all(tables.Delivery), campus.all(tables.Job)) == ([], [])


# --- receive


def test_a_delivery_is_stored_with_its_job_and_without_its_signature(campus: Campus, native: tables.Source) -> None:
    body, headers = campus.webhook(NATIVE)
    receipt = campus.receive(native, body, headers | {"authorization": "Bearer secret", "user-agent": "lms/1"})
    assert (receipt.is_new, receipt.success_status) == (True, 200)
    row, job = campus.only(tables.Delivery), campus.only(tables.Job)
    assert (row.key, row.payload, row.state, row.received_at) == ("msg_1", body, "received", campus.now)
    assert set(row.headers) == {"content-type", "user-agent", "webhook-id", "webhook-timestamp"}
    assert (job.kind, job.payload, campus.all(tables.LearningEvent)) == (intake.PROCESS, {"delivery": row.id}, [])


def test_the_same_delivery_again_only_counts_up(campus: Campus, native: tables.Source) -> None:
    body, headers = campus.webhook(NATIVE)
    first = campus.receive(native, body, headers)
    again = [campus.receive(native, body, headers) for _ in range(2)]
    assert [(receipt.is_new, receipt.delivery.id) for receipt in again] == [(False, first.delivery.id)] * 2
    assert campus.only(tables.Delivery).repeats == 2
    assert len(campus.all(tables.Job)) == 1


def test_another_body_under_the_same_id_is_a_conflict_and_is_not_kept(campus: Campus, native: tables.Source) -> None:
    body, headers = campus.webhook(NATIVE)
    campus.receive(native, body, headers)
    with pytest.raises(problem.Conflict, match="msg_1"):
        campus.receive(native, *campus.webhook(NATIVE | {"type": "other"}))
    row = campus.only(tables.Delivery)
    assert (row.payload, row.repeats) == (body, 0)
    other = campus.connect_native("other")
    assert campus.receive(other, body, headers).is_new


def test_a_canvas_payload_is_the_same_delivery_whoever_signed_it_again(campus: Campus, canvas: tables.Source) -> None:
    assert campus.deliver_canvas(canvas).is_new
    assert not campus.deliver_canvas(canvas).is_new
    assert campus.only(tables.Delivery).key.startswith("sha256:")


def unauthenticated(campus: Campus, source: tables.Source | str, body: bytes, headers: dict[str, str]) -> problem.Unauthenticated:
    with pytest.raises(problem.Unauthenticated) as caught:
        campus.receive(source, body, headers)
    return caught.value


def test_nobody_learns_whether_a_source_exists(campus: Campus, native: tables.Source, canvas: tables.Source) -> None:
    body, headers = campus.webhook(NATIVE)
    disabled = campus.connect_native("retired")
    with campus.writing() as session:
        session.execute(update(tables.Source).where(tables.Source.id == disabled.id).values(state="disabled"))
    late = dict(headers)
    refused = [
        unauthenticated(campus, "nobody-0000", body, headers),
        unauthenticated(campus, native.slug, body, headers),
        unauthenticated(campus, disabled, body, headers),
        unauthenticated(campus, native, body + b" ", headers),
        unauthenticated(campus, native, body, {}),
        unauthenticated(campus, canvas, campus.jwt(NATIVE)[:-4] + b"AAAA", {}),
        unauthenticated(campus, canvas, campus.jwt(NATIVE, kid="other"), {}),
        unauthenticated(campus, canvas, body, headers),
    ]
    campus.pass_time(seconds=301)
    refused.append(unauthenticated(campus, native, body, late))
    assert all(error.to_json() == refused[0].to_json() for error in refused)
    assert [isinstance(error, signature.UnknownKey) for error in refused].count(True) == 1
    assert (campus.all(tables.Delivery), campus.all(tables.Job)) == ([], [])


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"not json", problem.Malformed),
        (b"[]", problem.Malformed),
        (b'{"type": "a", "type": "b"}', problem.Malformed),
        (b'{"type": "a", "data": {"learner": {"name": "nobody"}}}', problem.Malformed),
        (b'{"type": "a", "data": {"learner": {"id": "\\u0000"}}}', problem.Malformed),
        (b'{"type": "a", "data": {"learner": {"id": "\\ud800"}}}', problem.Malformed),
        (b'{"type": "a", "timestamp": "yesterday", "data": {"learner": {"id": "7"}}}', problem.Malformed),
        (b'{"type": "a", "data": {"learner": {"id": "' + b"7" * 300 + b'"}}}', problem.Malformed),
        (b'{"x": ' + b"[" * 40 + b"]" * 40 + b"}", problem.Malformed),
        (b'{"metadata": {"event_name": "course_completed"}, "body": {}}', problem.Malformed),
        (b'{"x": "' + b"y" * 1024 * 1024 + b'"}', problem.TooLarge),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_stored(campus: Campus, payload: bytes, kind: type[problem.Problem]) -> None:
    source = campus.connect("open", adapter="native", signature={"scheme": "none", "accept_unsigned": True})
    with pytest.raises(kind):
        campus.receive(source, payload)
    assert (campus.all(tables.Delivery), campus.all(tables.Job)) == ([], [])


def test_an_event_for_another_adapter_is_refused(campus: Campus, canvas: tables.Source) -> None:
    with pytest.raises(problem.Malformed, match="no Canvas Live Event"):
        campus.receive(canvas, campus.jwt(NATIVE))
    assert campus.all(tables.Delivery) == []


# --- sources and rules


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"slug": "No Slug"}, "/slug"),
        ({"adapter": "blackboard"}, "/adapter"),
        ({"signature": {"scheme": "hope"}}, "/signature/scheme"),
        ({"signature": {"scheme": "none", "accept_unsigned": 1}}, "/signature/accept_unsigned"),
        ({"signature": {"scheme": "standard_webhooks", "secrets": ["short"]}}, "/signature/secrets"),
        ({"success_status": 500}, "/success_status"),
    ],
)
def test_a_source_that_could_not_work_is_refused(campus: Campus, values: dict[str, Any], pointer: str) -> None:
    good = {"slug": "s", "name": "S", "adapter": "native", "signature": {"scheme": "none", "accept_unsigned": True}}
    with pytest.raises(problem.Invalid) as caught, campus.writing() as session:
        connecting.connect(session, campus.issuer(), good | values, token=lambda size: "k" * size, now=campus.now)
    assert [finding.pointer for finding in caught.value.findings] == [pointer]
    assert campus.all(tables.Source) == []


def test_a_source_has_an_address_that_cannot_be_guessed_and_a_slug_of_its_own(campus: Campus, native: tables.Source) -> None:
    assert native.hook_key == "sis-" + "k" * 16
    with pytest.raises(problem.Conflict, match="already a source"):
        campus.connect_canvas("sis")
    with campus.reading() as session:
        assert connecting.source(session, "sis").id == native.id
        with pytest.raises(problem.NotFound):
            connecting.source(session, "nobody")


def test_a_source_says_what_it_takes_for_success(campus: Campus) -> None:
    with campus.writing() as session:
        values = {
            "slug": "s",
            "name": "S",
            "adapter": "native",
            "signature": {"scheme": "none", "accept_unsigned": True},
            "success_status": 204,
        }
        source = connecting.connect(session, campus.issuer(), values, token=lambda size: "k" * size, now=campus.now)
    assert campus.receive(source, json.dumps(NATIVE).encode()).success_status == 204


def test_a_rule_joins_what_belongs_together_and_is_published(campus: Campus, canvas: tables.Source) -> None:
    campus.new_issuer("kitchen")
    campus.new_achievement("baking", issuer="kitchen")
    with pytest.raises(problem.Conflict, match="different issuers"):
        campus.rule(canvas, achievement="baking")
    with campus.writing() as session:
        draft = tables.Achievement(issuer_id=campus.issuer().id, slug="draft", draft={}, created_at=campus.now, updated_at=campus.now)
        session.add(draft)
    with pytest.raises(problem.Conflict, match="not published yet"):
        campus.rule(canvas, achievement="draft")
    assert campus.all(tables.Rule) == []


def test_fetched_keys_are_added_and_a_configured_one_stays(campus: Campus, native: tables.Source, lms: Path) -> None:
    keys = (lms / "canvas/jwks.json").read_bytes()
    url = "https://canvas.example/jwks"
    source = campus.connect("canvas", adapter="canvas", signature={"scheme": "canvas_jwt", "jwks_url": url})
    body = (lms / "canvas/course_completed.signed.jwt").read_bytes()
    with pytest.raises(signature.UnknownKey):
        campus.receive(source, body)
    with campus.writing() as session:
        assert connecting.keys_url(session, source.hook_key) == url
        assert connecting.keys_url(session, native.hook_key) is None
        assert connecting.keys_url(session, "nobody") is None
        connecting.add_keys(session, source.hook_key, keys)
        connecting.add_keys(session, native.hook_key, keys)
        with pytest.raises(problem.Problem):
            connecting.add_keys(session, source.hook_key, b'{"keys": "none"}')
    assert campus.receive(source, body).is_new
    with campus.reading() as session:
        assert session.get_one(tables.Source, native.id).signature["scheme"] == "standard_webhooks"


def test_a_sender_may_rotate_its_keys_for_ever(campus: Campus) -> None:
    source = campus.connect("canvas", adapter="canvas", signature={"scheme": "canvas_jwt", "jwks_url": "https://canvas.example/jwks"})
    for month in range(40):
        key = {**campus.rsa.as_dict(private=False), "kid": f"month {month}", "use": "sig", "alg": "RS256"}
        with campus.writing() as session:
            connecting.add_keys(session, source.hook_key, json.dumps({"keys": [key]}).encode())
    assert campus.receive(source, campus.jwt(COMPLETED, kid="month 39")).is_new
    with pytest.raises(signature.UnknownKey):
        campus.receive(source, campus.jwt(COMPLETED, kid="month 7"))


# --- process


def test_every_rule_gives_its_reason(campus: Campus, native: tables.Source) -> None:
    campus.new_achievement("brazing")
    campus.new_achievement("soldering")
    rules = [
        campus.rule(native),
        campus.rule(native, achievement="brazing", field="result.scaled", value=0.9),
        campus.rule(native, achievement="soldering", field="learner.email", value="somebody@else.example"),
        campus.rule(native, achievement="brazing", field="result.scaled", value=0.8),
        campus.rule(native, achievement="welding", field="type", value="learner.course.completed"),
    ]
    retired = campus.rule(native)
    with campus.writing() as session:
        ruling.change(session, ruling.find(session, retired.id), state="disabled", said=None, now=campus.now)
    campus.receive(native, *campus.webhook(NATIVE))
    campus.work()
    assert {row.state for row in campus.all(tables.Job)} == {"done"}
    assert len(campus.all(tables.Job)) == 3
    decisions = campus.all(tables.Decision)
    assert [(row.rule_id, row.outcome) for row in decisions] == list(
        zip([row.id for row in rules], ["awarded", "not_awarded", "not_awarded", "awarded", "already_awarded"], strict=True)
    )
    assert decisions[0].reason == 'Awarded because course is "565" (it should equal "565").'
    assert decisions[1].reason == "Not awarded because result.scaled is 0.875; it should be at least 0.9."
    assert "somebody" not in decisions[2].reason
    assert "asha" not in "".join(row.reason for row in decisions)
    assert [row.award_id is None for row in decisions] == [False, True, True, False, False]
    assert decisions[4].award_id == decisions[0].award_id
    first, second = campus.all(tables.Award)
    assert (first.rule_id, first.source_id, first.learning_event_id) == (rules[0].id, native.id, campus.only(tables.LearningEvent).id)
    assert (second.rule_id, len(campus.all(tables.Credential))) == (rules[3].id, 2)


def test_a_completion_that_is_reported_again_gives_one_badge(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    campus.deliver_canvas(canvas)
    campus.work()
    campus.deliver_canvas(canvas, metadata__event_time="2026-05-21T10:00:00Z", body__progress={"completed_at": "2026-05-21T09:59:59Z"})
    campus.work()
    assert [row.outcome for row in campus.all(tables.Decision)] == ["awarded", "already_awarded"]
    badge = document.parse(campus.only(tables.Credential).document)
    assert badge["awardedDate"] == "2026-05-20T12:59:59Z"


def test_an_event_that_comes_in_two_deliveries_is_decided_on_once(campus: Campus, native: tables.Source) -> None:
    campus.rule(native)
    campus.receive(native, *campus.webhook(NATIVE, name="msg_1"))
    campus.receive(native, *campus.webhook(NATIVE | {"timestamp": "2026-05-20T14:02:00Z"}, name="msg_2"))
    campus.work()
    assert (len(campus.all(tables.Delivery)), len(campus.all(tables.LearningEvent)), len(campus.all(tables.Decision))) == (2, 1, 1)


def test_processing_again_changes_nothing(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    row = campus.deliver_canvas(canvas).delivery
    for _ in range(2):
        with campus.writing() as session:
            intake.process(session, row.id, randomness=campus.randomness, now=campus.now)
    assert (len(campus.all(tables.Decision)), len(campus.all(tables.Award))) == (1, 1)


def test_a_learner_without_an_address_waits_until_an_event_brings_one(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    campus.deliver_canvas(canvas, body__user={"id": "123", "name": "Asha Rao", "email": ""})
    campus.work()
    assert (campus.only(tables.Award).state, campus.only(tables.Decision).outcome) == ("needs_identity", "needs_identity")
    campus.deliver_canvas(canvas, metadata__event_time="2026-05-20T13:30:00Z")
    campus.work()
    assert campus.only(tables.Award).state == "issued"
    assert len(campus.all(tables.Credential)) == 1


def test_only_evidence_that_the_world_can_look_at_is_taken_over(campus: Campus, native: tables.Source) -> None:
    evidence = [
        {"url": "https://portfolio.example/1", "name": "First\x07weld"},
        {"url": "https://portfolio.example/1", "name": "The same again"},
        {"url": "HTTPS://portfolio.example/2"},
        {"url": "javascript:alert(1)", "name": "Bad"},
        {"url": "https://portfolio.example/a b", "name": "Bad"},
        {"name": "Nowhere"},
    ]
    campus.rule(native)
    campus.receive(native, *campus.webhook(NATIVE | {"data": NATIVE["data"] | {"evidence": evidence}, "timestamp": None}))
    campus.work()
    badge = document.parse(campus.only(tables.Credential).document)
    assert badge["evidence"] == [
        {"id": "https://portfolio.example/1", "type": ["Evidence"], "name": "First weld"},
        {"id": "HTTPS://portfolio.example/2", "type": ["Evidence"]},
    ]
    assert (badge["credentialSubject"]["creditsEarned"], badge["awardedDate"]) == (2, "2026-05-20T14:05:00Z")


def test_two_sources_share_a_learner_by_address_and_not_by_id(campus: Campus, canvas: tables.Source, native: tables.Source) -> None:
    campus.rule(canvas)
    campus.new_achievement("brazing")
    campus.rule(native, achievement="brazing")
    campus.deliver_canvas(canvas)
    campus.receive(native, *campus.webhook(NATIVE))
    campus.work()
    assert len(campus.all(tables.Learner)) == 1
    assert Counter(row.kind for row in campus.all(tables.LearnerIdentity)) == {"source_id": 3, "email": 1}, (
        "Canvas gives a local id and a global one"
    )


# --- failures


def fail(campus: Campus, source: tables.Source) -> int:
    """Have a delivery fail in the worker: somebody changed the source to an adapter that cannot read it."""
    row = campus.deliver_canvas(source).delivery
    adapt(campus, source, "native")
    campus.work()
    return row.id


def adapt(campus: Campus, source: tables.Source, adapter: str) -> None:
    with campus.writing() as session:
        session.execute(update(tables.Source).where(tables.Source.id == source.id).values(adapter=adapter))


def retry(campus: Campus, delivery_id: int) -> tables.Delivery:
    with campus.writing() as session:
        return intake.retry(session, delivery_id, now=campus.now)


def test_a_delivery_that_cannot_be_processed_is_kept_with_the_reason_and_can_be_tried_again(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    delivery_id = fail(campus, canvas)
    row, job = campus.only(tables.Delivery), campus.only(tables.Job)
    assert (row.state, job.state, job.attempts) == ("failed", "dead", 1)
    assert row.reason == job.error
    assert "no event in the native shape" in row.reason
    assert (campus.all(tables.LearningEvent), campus.all(tables.Learner), campus.all(tables.Award)) == ([], [], [])
    adapt(campus, canvas, "canvas")
    assert (retry(campus, delivery_id).state, campus.only(tables.Delivery).reason) == ("received", None)
    campus.work()
    assert campus.only(tables.Delivery).state == "processed"
    assert len(campus.all(tables.Credential)) == 1


def test_a_rule_that_cannot_be_read_keeps_the_delivery_whole(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    broken = campus.rule(canvas)
    with campus.writing() as session:
        session.execute(update(tables.Rule).where(tables.Rule.id == broken.id).values(document={"some": []}))
    campus.deliver_canvas(canvas)
    campus.work()
    assert campus.only(tables.Delivery).state == "failed"
    assert (campus.all(tables.Decision), campus.all(tables.Award), campus.all(tables.LearningEvent)) == ([], [], [])


def test_a_delivery_that_cannot_be_read_any_more_holds_up_no_other_that_waits_with_it(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    for number in range(3):
        campus.deliver_canvas(canvas, body__user__id=str(number), metadata__event_time=f"2026-05-20T14:0{number}:00Z")
    with campus.writing() as session:
        session.get_one(tables.Delivery, 2).payload = b"{"
    campus.work()
    assert [row.state for row in campus.all(tables.Delivery)] == ["processed", "failed", "processed"]
    assert len(campus.all(tables.LearningEvent)) == 2


def test_only_a_delivery_that_failed_can_be_tried_again(campus: Campus, canvas: tables.Source) -> None:
    row = campus.deliver_canvas(canvas).delivery
    with pytest.raises(problem.Conflict, match="this one is received"):
        retry(campus, row.id)
    campus.work()
    with pytest.raises(problem.Conflict, match="this one is processed"):
        retry(campus, row.id)
    with pytest.raises(problem.NotFound):
        retry(campus, row.id + 1)


def test_giving_up_changes_only_what_waits(campus: Campus, canvas: tables.Source) -> None:
    row = campus.deliver_canvas(canvas).delivery
    campus.work()
    with campus.writing() as session:
        intake.give_up(session, row.id, "too late")
        intake.give_up(session, row.id + 1, "nobody knows it")
    assert (campus.only(tables.Delivery).state, campus.only(tables.Delivery).reason) == ("processed", None)


def test_a_rule_cannot_lose_the_version_that_it_awards(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    with pytest.raises(Exception, match="never changes"), campus.writing() as session:
        session.execute(text("DELETE FROM achievement_version"))
    campus.deliver_canvas(canvas)
    campus.work()
    assert len(campus.all(tables.Credential)) == 1


def test_a_delivery_rolled_back_leaves_nothing(campus: Campus, canvas: tables.Source) -> None:
    campus.rule(canvas)
    row = campus.deliver_canvas(canvas).delivery
    with campus.writing() as session:
        intake.process(session, row.id, randomness=campus.randomness, now=campus.now)
        session.rollback()
    for table in (tables.LearningEvent, tables.Decision, tables.Award, tables.Learner, tables.StatusEntry):
        assert campus.all(table) == []
    campus.work()
    assert len(campus.all(tables.Credential)) == 1


def test_a_rule_is_stored_as_it_was_written(campus: Campus, canvas: tables.Source) -> None:
    when: Any = {"any": [{"field": "course", "op": "eq", "value": "565"}, {"none": [{"field": "type", "op": "exists", "value": True}]}]}
    with campus.writing() as session:
        achievement = session.get_one(tables.Achievement, 1)
        token = campus.randomness.token
        row = ruling.add(session, achievement, said=rule.parse({"when": when}), source=canvas, token=token, now=campus.now)
    assert row.document == {"when": when}
