"""What was found of one document of a family, and said of another, is what would have been found of that one too."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import alarm, contexts, examination, family, imprint, proof, report, schemas, shape, template, templates, verification
from badgeissuer.vc.document import JsonObject

POLICY = verification.Policy(badges.BADGE)
SCHEMA = "https://schemas.example/badge.json"
OURS = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
HASH = "sha256$" + "a" * 64
Change = tuple[str, Any]


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "ALARM", alarm.Alarm())
    monkeypatch.setattr(templates, "TEMPLATES", templates.Templates())
    monkeypatch.setattr(family, "FAMILIES", family.Families())
    monkeypatch.setattr(imprint, "IMPRINTS", imprint.Imprints())


def badge(*changes: Change) -> JsonObject:
    """Return an unsigned badge with something in every place that may differ; a change is a JSON Pointer and a value."""
    source = kit.badge(status=False, evidence=[{"id": "https://works.example/1", "type": ["Evidence"], "narrative": "A joint."}])
    source["awardedDate"] = "2026-05-19T00:00:00Z"
    source["credentialSubject"] |= {
        "identifier": [
            {"type": "IdentityObject", "hashed": True, "identityHash": "sha256$" + "a" * 64, "identityType": "name", "salt": "s"}
        ],
        "narrative": "Steady.",
        "licenseNumber": "7",
        "result": [{"type": ["Result"], "resultDescription": "urn:x:score", "value": "60"}],
    }
    source["credentialSubject"]["achievement"] |= {
        "creditsAvailable": 6,
        "resultDescription": [
            {"id": "urn:x:score", "type": ["ResultDescription"], "name": "Score", "resultType": "Percent", "requiredValue": "50"}
        ],
    }
    for pointer, value in changes:
        *way, last = pointer[1:].split("/")
        node: Any = source
        for step in way:
            node = node[int(step) if isinstance(node, list) else step]
        if value is None:
            node.pop(last, None)
        else:
            node[int(last) if isinstance(node, list) else last] = copy.deepcopy(value)
    return source


def signed(source: JsonObject) -> JsonObject:
    """Return a signed document; where it cannot be signed, one whose proof is well-formed and wrong."""
    try:
        return kit.sign(source)
    except problem.Problem:
        return source | {"proof": kit.sign(badge())["proof"]}


def verify(source: JsonObject, policy: verification.Policy = POLICY, **more: Any) -> report.Report:  # noqa: ANN401 - as `kit.verify`
    return kit.verify(source, policy=policy, **more)


def afresh(source: JsonObject, **more: Any) -> report.Report:  # noqa: ANN401 - as `kit.verify`
    """Return the report of a process that has seen nothing yet."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        forget(monkeypatch)
        return verify(source, **more)


def held() -> list[family.Family]:
    return list(family.FAMILIES._families.values())


def is_recalled(source: JsonObject, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether no rule looks at a document."""
    asked: list[object] = []
    rules = examination.Examination._data_model

    def look(self: examination.Examination) -> report.Passed:
        asked.append(self)
        return rules(self)

    with monkeypatch.context() as patch:
        patch.setattr(examination.Examination, "_data_model", look)
        assert verify(source) == afresh(source)
    return len(asked) == 1  # by the process that has seen nothing


OTHERS: list[Change] = [
    ("/id", "https://badges.example/c/2"), ("/awardedDate", "2026-05-18T00:00:00Z"), ("/validFrom", "2026-05-21T00:00:00Z"),
    ("/validUntil", "2027-05-21T00:00:00Z"), ("/credentialSubject/id", "did:example:other"), ("/credentialSubject/narrative", 'So "so"\n'),
    ("/credentialSubject/licenseNumber", "8"), ("/credentialSubject/identifier/0/identityHash", "sha256$" + "b" * 64),
    ("/credentialSubject/identifier/0/salt", "t"), ("/evidence/0/id", "https://works.example/2"), ("/evidence/0/narrative", "Another."),
]  # fmt: skip
TRAPS: list[Any] = [
    "", "x", "\x07", 5, 0.0, -0.0, 1.0, True, None, {}, [], ["x"], "_:b0", "urn:x:score",
    "https://badges.example/achievements/1", "urn:x y",
    "did:example:learner", "https://badges.example/c/1", kit.ISSUER.did, "2026-05-20T14:05:00Z", "2020-02-30T00:00:00Z",
    "0999-01-01T00:00:00Z",
    "2029-01-01T00:00:00+02:00", "2019-01-01T00:00:00Z", {"id": "urn:x:score", "type": ["Evidence"]},
    [{"id": "urn:x:9", "type": ["Evidence"]}], {"0": {"id": "urn:x:1", "type": ["Evidence"]}},
    {"type": ["Result"], "value": "1"}, "40", "high", 7, 2**60, ["x", "x"],
]  # fmt: skip
PLACES = [
    *(place for place, _ in OTHERS), "/evidence", "/evidence/0", "/credentialSubject/identifier", "/credentialSubject/identifier/0",
    "/credentialSubject/result", "/credentialSubject/result/0", "/credentialSubject/result/0/value", "/credentialSubject/creditsEarned",
    "/credentialSubject/result/0/resultDescription", "/credentialSubject", "/credentialStatus", "/credentialSchema", "/name",
    "/credentialSubject/achievement/creditsAvailable", "/type", "/issuer", "/relatedResource", "/refreshService", "/termsOfUse",
]  # fmt: skip


@seed(20260520)
@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(TRAPS)), min_size=1, max_size=2), min_size=1, max_size=3))
@example([[("/validFrom", 5)]])
@example([[("/credentialSubject/achievement/creditsAvailable", -1.0), ("/credentialSubject/creditsEarned", zero)] for zero in (0.0, -0.0)])
@example([[("/evidence", [{"id": "urn:x:9", "type": ["Evidence"]}])], [("/evidence", {"0": {"id": "urn:x:1", "type": ["Evidence"]}})]])
def test_a_report_is_that_of_a_process_that_has_seen_nothing(changes: list[list[Change]]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        forget(monkeypatch)
        for change in [[], *changes, []]:
            try:
                source = badge(*change)
            except (TypeError, KeyError, IndexError, AttributeError, ValueError):
                continue  # one change took away the place of the next
            source = signed(source)
            for again in (source, source):
                assert verify(again) == afresh(again)
        assert alarm.ALARM.reason is None


@pytest.mark.parametrize("change", OTHERS, ids=[place for place, _ in OTHERS])
def test_badges_that_differ_in_a_neutral_place_are_one_family(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    verify(signed(badge()))
    assert is_recalled(signed(badge(change)), monkeypatch)
    assert len(held()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        [("/name", "Other")],
        [("/credentialSubject/result/0/value", "61")],
        [("/credentialSubject/creditsEarned", 4)],
        [("/credentialSubject/id", "https://badges.example/achievements/1")],
        [("/credentialSubject/id", "https://badges.example/c/1")],
        [("/id", "urn:x:score")],
        [("/validFrom", "2028-05-21T00:00:00Z")],
        [("/validFrom", "2026-05-21T00:00:00+00:00")],
        [("/credentialSubject/narrative", "\x07")],
        [("/credentialSubject/id", "tag:x,2026:1")],
        [("/evidence", [{"id": "https://works.example/1", "type": ["Evidence"]}, {"id": "https://works.example/2", "type": ["Evidence"]}])],
    ],
)
def test_badges_that_differ_in_what_a_rule_looks_at_are_looked_at(changes: list[Change], monkeypatch: pytest.MonkeyPatch) -> None:
    verify(signed(badge()))
    assert not is_recalled(signed(badge(*changes)), monkeypatch)


@pytest.mark.parametrize("member", ["id", "domain", "nonce", "@context", "expires"])
def test_only_the_plainest_of_proofs_is_taken(member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verify(signed(badge()))
    source = signed(badge())
    source["proof"][member] = source["@context"] if member == "@context" else "urn:x:1"
    assert not is_recalled(source, monkeypatch)
    assert not is_recalled(source | {"proof": [signed(badge())["proof"]]}, monkeypatch)


def test_a_changed_badge_of_a_known_family_is_not_genuine() -> None:
    verify(signed(badge()))
    forged = badge(("/credentialSubject/id", "did:example:thief")) | {"proof": signed(badge())["proof"]}
    assert kit.faults(verify(forged)) == {"proof": "INVALID"}


def test_dates_are_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    source = signed(badge())
    verify(source)
    assert is_recalled(source, monkeypatch)
    assert kit.faults(verify(source, now=kit.NOW + timedelta(days=9999))) == {"validity": "INVALID"}


def test_what_nobody_signed_is_not_remembered() -> None:
    verify(badge() | {"proof": signed(badge(("/name", "Other")))["proof"]})
    assert not held()[0].verdicts


def test_a_finding_about_a_place_that_differs_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "are_ours", lambda _examined: True)
    verify(signed(badge()))
    member = held()[0]
    assert member.concerns("")
    assert member.concerns("/evidence/0")
    assert not member.concerns("/name")
    source = signed(badge(("/credentialSubject/result/0/value", "40")))  # less than was required
    assert verify(source).step("data_model").findings
    assert len(member.verdicts) == 1


def test_what_a_schema_from_elsewhere_says_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def schema(name: str) -> dict[str, Any]:
        content = {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"name": {"const": name}}}
        return {"gathered": {SCHEMA: verification.Resource(SCHEMA, json.dumps(content).encode(), kit.NOW)}}

    source = signed(badge(("/credentialSchema", {"id": SCHEMA, "type": "JsonSchema"})))
    assert kit.faults(verify(source, **schema("Other"))) == {"schema": "INVALID"}
    assert kit.faults(verify(source, **schema("Teamwork"))) == {}
    known = signed(badge(("/credentialSchema", {"id": OURS, "type": "JsonSchema"})))
    verify(known)
    assert is_recalled(known, monkeypatch)


def test_a_policy_that_knows_a_context_otherwise_gets_nothing_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    source = proof.without_proof(signed(badge()))
    neutral = badges._NEUTRAL
    known = dict(contexts.PINNED)
    assert family.FAMILIES.likeness(source, "kind", neutral, known)
    other = known[contexts.OPEN_BADGES]
    for changed in (
        contexts.Context(other.url, {}, "0" * 64),
        contexts.Context(other.url, other.content, other.sha256, extends_badges=True),
    ):
        assert family.FAMILIES.likeness(source, "kind", neutral, known | {other.url: changed}) is None
    assert family.FAMILIES.likeness(source, "other kind", neutral, {}) is None
    del known[other.url]
    assert family.FAMILIES.likeness(source, "kind", neutral, known) is None
    monkeypatch.setattr(alarm.ALARM, "reason", "A test.")
    assert family.FAMILIES.likeness(source, "kind", neutral, contexts.PINNED) is None


@pytest.mark.parametrize(
    "changes",
    [
        [("/name", "x" * family.MAX_CONSTANTS)],
        [("x" * family.MAX_CONSTANTS, "x")],
        [("/credentialSubject/achievement/tag", [str(number) for number in range(2001)])],
        [("/credentialSubject/achievement/@context", {"a": "urn:x:a"})],
    ],
)
def test_what_is_too_large_or_has_words_of_its_own_is_of_no_family(changes: list[Change]) -> None:
    source = badge(*(change for change in changes if change[0].startswith("/"))) | dict(change for change in changes if change[0][0] != "/")
    assert family.FAMILIES.likeness(source, "kind", badges._NEUTRAL, contexts.PINNED) is None
    assert not held()


@pytest.mark.parametrize("place", ["/credentialSubject/result", "/credentialSubject/creditsEarned"])
def test_a_judged_place_may_have_words_of_its_own_too(place: str) -> None:
    assert family.FAMILIES.likeness(badge((place, {"@context": {"a": "urn:x:a"}})), "kind", badges._NEUTRAL, contexts.PINNED) is None


def test_memory_does_not_grow_without_end() -> None:
    def likeness(number: int, size: int = 1) -> family.Likeness:
        found = family.FAMILIES.likeness(
            badge(("/credentialSubject/creditsEarned", "x" * size + str(number))), 1, badges._NEUTRAL, contexts.PINNED
        )
        assert found is not None
        return found

    likeness(0, family.MAX_VERDICT).remember({})
    assert not held()[0].verdicts
    for number in range(100):
        likeness(number, 4000).remember({})
        assert held()[0].found <= family.MAX_VERDICTS
    assert 0 < len(held()[0].verdicts) < 26
    for number in range(1000):
        family.FAMILIES.likeness(badge(("/name", str(number))), 1, badges._NEUTRAL, contexts.PINNED)
    assert sum(member.weight for member in held()) <= family.MAX_FAMILIES


def test_a_family_that_no_template_fits_is_canonicalised_the_long_way() -> None:
    source = signed(badge(("/credentialSubject/creditsEarned", 4.0)))  # a number that no template writes
    for _ in range(2):
        assert kit.faults(verify(source)) == {}
    assert held()[0].template is None


def test_documents_whose_own_words_came_later_have_no_template() -> None:
    empty = family.Family((), frozenset(), frozenset())
    assert family.Likeness(empty, (), [], {"@context": {}}).canonical(contexts.PINNED) is None


def sampled(monkeypatch: pytest.MonkeyPatch) -> JsonObject:
    """Remember a family, and have every further document of it compared with what is remembered."""
    source = signed(badge())
    for _ in range(2):
        verify(source)
    monkeypatch.setattr(templates, "CHECKED", 1)
    assert verify(source) == afresh(source)
    assert alarm.ALARM.reason is None
    return source


def test_a_sample_whose_rules_find_something_else_sounds_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    source = sampled(monkeypatch)
    member = held()[0]
    for judged, steps in list(member.verdicts.items()):
        member.verdicts[judged] = {name: report.Step(name, report.Outcome.INVALID) for name in steps}
    assert kit.faults(verify(source)) == {}
    assert "https://badges.example/c/1" in (alarm.ALARM.reason or "")
    monkeypatch.setattr(templates, "CHECKED", 1000)
    assert verify(source) == afresh(source)


def test_so_does_a_sample_that_the_gate_refuses_although_nothing_of_it_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    source = sampled(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(examination.Examination, "_gated", (problem.Finding("A test.", "/name"),))
        assert kit.faults(verify(source)) == {"data_model": "INVALID"}
    assert alarm.ALARM.reason


@pytest.mark.parametrize("refuses", [True, False])
def test_so_does_a_sample_of_which_the_template_makes_something_else(refuses: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    source = sampled(monkeypatch)
    verify(source)
    held()[0].template = template.Template([("<urn:s>", "<urn:p>", '"x"', "")], [])

    def refuse(*_arguments: object, **_more: object) -> bytes:
        raise problem.Invalid("A test.")

    if refuses:
        monkeypatch.setattr(templates, "full", refuse)
    verify(source)
    assert alarm.ALARM.reason


def test_a_sample_that_there_is_no_more_to_be_spent_on_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    source = sampled(monkeypatch)

    def spent(_self: object) -> report.Passed:
        raise report.Undecided("A test.")

    monkeypatch.setattr(examination.Examination, "_data_model", spent)
    assert kit.faults(verify(source)) == {"data_model": "INDETERMINATE"}
    assert alarm.ALARM.reason is None


def test_the_gate_has_seen_all_that_a_neutral_place_may_hold() -> None:
    assert shape.is_plain(badge(*OTHERS))


def test_a_place_whose_text_is_a_name_for_the_processor_cannot_be_neutral() -> None:
    neutral = family.Neutral({("type",): template.PLAIN_IRI}, names=frozenset(), judged=frozenset())
    assert family.FAMILIES.likeness({"type": "urn:x:Thing"}, "kind", neutral, contexts.PINNED) is None


def test_an_id_that_only_a_result_names_besides_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    result = [
        {
            "type": ["Result"],
            "resultDescription": "urn:x:score",
            "value": "60",
            "alignment": [{"type": ["Alignment"], "targetName": "A", "targetUrl": "urn:x:a"}],
        }
    ]
    verify(signed(badge(("/credentialSubject/result", result))))
    assert is_recalled(signed(badge(("/credentialSubject/result", result), ("/id", "urn:x:b"))), monkeypatch)
    assert not is_recalled(signed(badge(("/credentialSubject/result", result), ("/id", "urn:x:a"))), monkeypatch)


def test_of_several_items_of_an_array_each_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = ({"id": f"urn:x:{number}", "type": ["Evidence"]} for number in range(3))
    verify(signed(badge(("/evidence", [one, two]))))
    assert is_recalled(signed(badge(("/evidence", [one, two]))), monkeypatch)
    assert not is_recalled(signed(badge(("/evidence", [one, three]))), monkeypatch)


def test_a_badge_with_an_endorsement_inside_is_never_recalled(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = {"id": "https://badges.example/achievements/1", "type": ["EndorsementSubject"], "endorsementComment": "Good."}
    kinds = ["VerifiableCredential", "EndorsementCredential"]
    unsigned = kit.badge(kit.OTHER.did, status=False, id="urn:x:endorsement", type=kinds, credentialSubject=subject)
    source = signed(badge(("/credentialSubject/achievement/endorsement", [kit.sign(unsigned, kit.OTHER)])))
    for _ in range(2):
        assert [part.role for part in verify(source).parts] == ["endorsement"]
    assert not is_recalled(source, monkeypatch)
    assert not any(member.verdicts for member in held())
