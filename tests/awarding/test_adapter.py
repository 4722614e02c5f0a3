from __future__ import annotations

from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming


def read(learner: dict[str, Any] | None = None, **data: Any) -> event.LearningEvent:  # noqa: ANN401 - any JSON
    (found,) = adapter.read("native", incoming.Incoming({"type": "done", "data": {"learner": {"id": "1"} | (learner or {}), **data}}))
    return found


def test_an_adapter_that_does_not_exist_is_invalid() -> None:
    with pytest.raises(problem.Invalid, match="caliper, canvas, cloudevents, cmi5, generic, moodle, native, openedx, xapi"):
        adapter.read("moodle 1.9", incoming.Incoming({}))


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800", "\udfffb"])
@pytest.mark.parametrize("member", ["id", "sis_id", "email", "name"])
def test_text_that_no_database_can_store_is_malformed(member: str, text: str) -> None:
    user = {"id": "1", {"sis_id": "sis_source_id"}.get(member, member): text}
    payload: dict[str, Any] = {"metadata": {"event_name": "x"}, "body": {"user": user}}
    with pytest.raises(problem.Malformed):
        adapter.read("canvas", incoming.Incoming(payload))


@pytest.mark.parametrize(
    "data",
    [
        {"event_id": "a\x00"},
        {"course": {"id": "a\x00"}},
        {"course": {"id": "1", "code": "a\x00"}},
        {"course": {"run": "a\x00"}},
        {"result": {"letter": "a\x00"}},
        {"result": {"status": "a\x00"}},
        {"evidence": [{"url": "a\x00"}]},
        {"evidence": [{"name": "a\x00"}]},
        {"learner": {"did": "a\x00"}},
        {"learner": {"name": "a\x00"}},
    ],
)
def test_nul_in_any_part_is_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed, match="NUL"):
        read(**data)


def test_a_long_name_is_cut_and_a_long_id_is_refused() -> None:
    assert read({"name": "é" * 301}).learner.name == "é" * 300
    assert read({"id": "1" * 255}).learner.source_id == "1" * 255
    for learner in ({"id": "1" * 256}, {"sis_id": "1" * 256}, {"did": "did:web:" + "a" * 2048}):
        with pytest.raises(problem.Malformed, match="longer than"):
            read(learner)


def test_a_name_of_blanks_is_no_name() -> None:
    assert read({"name": "  "}).learner.name is None
    assert read(evidence=[{"url": "https://x.example/", "name": " "}]).evidence == (event.EvidenceClaim("https://x.example/", None),)


@pytest.mark.parametrize(
    "address",
    [
        "asha.rao@example.org",
        "a+tag@x.example",
        "o'neil@sub.domain.example",
        "用户@例子.example",
        "user@domain.tld",
        " padded@example.org ",
    ],
)
def test_a_sane_address_is_kept(address: str) -> None:
    assert read({"email": address}).learner.email == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "asha",
        "asha@",
        "@example.org",
        "asha@localhost",
        "a b@example.org",
        "asha@example.org, eve@example.org",
        "asha@example.org\nBcc: eve@example.org",
        "Asha <asha@example.org>",
        "asha@-example.org",
        "asha@example..org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "é" * 60 + "@" + ".".join(["b" * 60] * 3) + ".org",
    ],
)
def test_an_address_that_is_none_becomes_none(address: str) -> None:
    assert read({"email": address}).learner.email is None


@pytest.mark.parametrize("did", ["asha", "did:web", "did:web:", "did:WEB:a", "did:web:a b", "did:web:a#key", "did:web:a:"])
def test_what_is_no_did_is_malformed(did: str) -> None:
    with pytest.raises(problem.Malformed, match="decentralised"):
        read({"did": did})


def test_too_much_evidence_is_malformed() -> None:
    assert len(read(evidence=[{"name": "x"}] * 100).evidence) == 100
    with pytest.raises(problem.Malformed, match="more than 100"):
        read(evidence=[{"name": "x"}] * 101)
    with pytest.raises(problem.Malformed, match="longer than"):
        read(evidence=[{"url": "https://x.example/" + "a" * 2048}])


@pytest.mark.parametrize("earned", [-0.5, adapter.MAX_CREDITS + 1, 1e300])
def test_credits_that_nobody_earns_are_malformed(earned: float) -> None:
    data: dict[str, Any] = {"learner": {"id": "1"}, "credits": {"earned": earned}}
    with pytest.raises(problem.Malformed, match="credits must be a number from 0 to 10,000"):
        adapter.read("native", incoming.Incoming({"type": "x", "data": data}))
