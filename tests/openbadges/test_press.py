from __future__ import annotations

import copy
import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.openbadges import credential, press
from badgeissuer.vc import compiler, skeleton, statuslist, template
from badgeissuer.vc.document import JsonObject

ACHIEVEMENT: JsonObject = copy.deepcopy(kit.badge()["credentialSubject"]["achievement"]) | {
    "id": "https://badges.example/a/1",
    "description": 'At 100 %, “%b” and "gap-0:0:"',
}
ISSUER: JsonObject = kit.badge()["issuer"]
NOW = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)


def particulars(url: str = "https://badges.example/c/1", **said: object) -> credential.Particulars:
    recipient = credential.Recipient("asha.rao@example.org", salt="c2FsdA")
    claims = credential.Claims(**{"narrative": "Steady hands.", "credits_earned": 1.5, **said})  # type: ignore[arg-type]
    entry = statuslist.Entry("https://badges.example/status-lists/1", 7, "revocation")
    return credential.Particulars(url, recipient, claims, credential.Dates(NOW, NOW), entry)


@pytest.fixture(scope="module")
def made() -> press.Press:
    found = press.make(particulars(), ACHIEVEMENT, issuer=ISSUER)
    assert found is not None
    return found


def printed(made: press.Press, item: credential.Particulars) -> press.Printed | None:
    return made.print(press.take_apart(item).leaves)


@seed(20260520)
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        ["https://badges.example/c/2", "urn:uuid:00000000-0000-4000-8000-000000000000", "tag:x,2026:1", "https://badges.example/a/1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127)])),
    st.sampled_from([0.5, 1.0, 2.25, 1e21, 3, 1e-7]),
)
@example("https://badges.example/c/2", 'gap-0:0: %b %% "\\\n\t', 1.5)
def test_what_is_printed_is_what_the_full_way_makes(made: press.Press, url: str, narrative: str, earned: float) -> None:
    item = particulars(url, narrative=narrative, credits_earned=earned)
    found = printed(made, item)
    try:
        linted = credential.lint(item.badge(ACHIEVEMENT, ISSUER))
    except problem.Invalid:
        assert found is None
        return
    if press.take_apart(item).key == press.take_apart(particulars()).key and found is not None:
        assert found.canonical == linted.canonical
        assert json.loads(found.text) == linted.content


@pytest.mark.parametrize("earned", [float("inf"), float("nan"), 2.0**60, 1e21])
def test_numbers_that_not_all_readers_write_alike_are_not_printed(made: press.Press, earned: float) -> None:
    assert printed(made, particulars(credits_earned=earned)) is None


@pytest.mark.parametrize("url", ["no url", ISSUER["id"], "https://badges.example/a/1", "_:b0"])
def test_an_id_that_is_no_name_or_names_something_else_is_not_printed(made: press.Press, url: str) -> None:
    assert printed(made, particulars(url)) is None


def test_a_press_that_was_kept_prints_the_same(made: press.Press) -> None:
    kept = press.from_json(json.loads(json.dumps(press.to_json(made))))
    for number in range(3):
        item = particulars(f"https://badges.example/c/{number}", narrative=f"{number}")
        assert printed(kept, item) == printed(made, item) is not None


@pytest.mark.parametrize("url", ["https://www.w3.org/ns/credentials/v2", "https://words.example/v1"])
def test_a_press_of_other_contexts_is_not_read(made: press.Press, url: str) -> None:
    kept = press.to_json(made)
    kept["contexts"][url] = "0" * 64
    with pytest.raises(problem.Fault, match="nothing is signed with it"):
        press.from_json(kept)


def test_a_press_is_named_by_the_members_of_its_badges_and_by_what_they_share() -> None:
    def name(item: credential.Particulars, achievement: JsonObject = ACHIEVEMENT, issuer: JsonObject = ISSUER) -> str:
        return press.members(item, achievement, issuer)

    usual = name(particulars())
    assert usual == name(particulars("https://badges.example/c/2", narrative="Other."))
    others = [
        name(particulars(narrative=None)),
        name(particulars(credits_earned=1)),
        name(particulars(), ACHIEVEMENT | {"name": "Other"}),
        name(particulars(), issuer=ISSUER | {"name": "Other"}),
    ]
    assert len({usual, *others}) == 5


def test_a_press_of_another_layout_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of this program may compose badges in another way, and must not print them with what this one has kept."""
    before, compose = press.members(particulars(), ACHIEVEMENT, ISSUER), credential.compose
    monkeypatch.setattr(credential, "compose", lambda *args, **more: {"awardedBy": "x"} | compose(*args, **more))
    assert press.members(particulars(), ACHIEVEMENT, ISSUER) != before


def test_particulars_are_taken_apart_as_badges_are_composed() -> None:
    rare = [("license_number", ""), ("term", "T1"), ("activity_start", NOW), ("activity_end", NOW), ("credits_earned", True)]
    often: list[tuple[str, object]] = [("narrative", None), ("narrative", ""), ("credits_earned", None), ("credits_earned", 0.0)]
    results = [{"type": ["Result"], "value": "5", "alignment": [{"targetName": "x"}]}]
    for name, value in [*rare, *often, ("results", results), ("evidence", [{"type": ["Evidence"], "id": "urn:x:1"}])]:
        item = particulars(**{name: value})  # type: ignore[arg-type]  # none of them is its url
        for odd in (
            item,
            item._replace(recipient=credential.Recipient(None, "did:example:asha")),
            item._replace(dates=credential.Dates(NOW, NOW, NOW)),
            item._replace(status=statuslist.Entry("https://badges.example/s/1", 7, "message", 2, {1: "x"})),
        ):
            assert press.take_apart(odd).leaves == press._composed(odd).leaves


def test_particulars_that_are_not_what_is_composed_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "_NAMELESS", "another")
    with pytest.raises(problem.Fault, match="not what it is composed of"):
        press.make(particulars(), ACHIEVEMENT, issuer=ISSUER)


def test_a_badge_that_breaks_a_rule_makes_no_press() -> None:
    with pytest.raises(problem.Invalid):
        press.make(particulars(), {**ACHIEVEMENT, "description": 5}, issuer=ISSUER)


def test_a_badge_that_cannot_be_compiled_makes_no_press(monkeypatch: pytest.MonkeyPatch) -> None:
    assert press.make(particulars(credits_earned=1e21), ACHIEVEMENT, issuer=ISSUER) is None
    monkeypatch.setattr(compiler, "compile_document", lambda *_args, **_more: None)
    assert press.make(particulars(), ACHIEVEMENT, issuer=ISSUER) is None


def test_a_press_that_prints_something_else_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = template.Template([("<urn:s>", "<urn:p>", '"x"', "")], [])
    monkeypatch.setattr(template.Template, "bind", lambda *_args, **_more: wrong)
    with pytest.raises(problem.Fault, match="prints another badge"):
        press.make(particulars(), ACHIEVEMENT, issuer=ISSUER)


def test_an_achievement_with_words_of_its_own_has_no_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeleton, "of", lambda _source: None)
    with pytest.raises(problem.Fault, match="context of its own"):
        press.take_apart(particulars())


def test_a_press_cannot_be_changed(made: press.Press) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.text = b""  # type: ignore[misc]
