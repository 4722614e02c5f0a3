from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.openbadges import credential
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import contexts, document, proof, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.multikey import Signer
from badgeissuer.vc.report import Outcome, Report, Undecided

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
V2, OB, OB_2, EXTENSIONS = contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, contexts.OPEN_BADGES_3_0_2, contexts.OPEN_BADGES_EXTENSIONS
STATUS_LIST = "https://badges.example/status-lists/1"


def report(source: JsonObject, gathered: verification.Gathered | None = None) -> Report:
    return verification.verify(source, gathered or {}, now=NOW, policy=verification.Policy(badges.BADGE), sha256="")


def failing(found: Report) -> set[str]:
    """Return the steps that did not pass, without those that were not looked at because of them."""
    failed = [step for step in found.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}]
    return {step.name for step in failed if not step.findings[0].type.endswith("not-reached")}


class TestOurOwn:
    def test_a_badge_of_ours_is_valid_but_for_its_list(self, frozen_achievement: JsonObject, compose: Compose, signer: Signer) -> None:
        signed = proof.add_proof(credential.lint(compose(frozen_achievement)), signer, created=NOW)
        found = report(document.parse(json.dumps(signed).encode()))
        assert (found.outcome, failing(found), found.profile) == (Outcome.INDETERMINATE, {"status"}, "badge")
        assert verification.needs(signed, {}, policy=verification.Policy(badges.BADGE)) == {STATUS_LIST}

    def test_the_rules_of_open_badges_are_asked(self, frozen_achievement: JsonObject, compose: Compose) -> None:
        source = compose(frozen_achievement)
        del source["credentialSubject"]["achievement"]
        details = [finding.detail for finding in report(source).step("data_model").findings]
        assert details == ["credentialSubject.achievement is missing."]

    def test_the_shape_gate_is_asked(self, frozen_achievement: JsonObject, compose: Compose) -> None:
        details = [finding.detail for finding in report(compose(frozen_achievement) | {"@included": []}).step("data_model").findings]
        assert details[0].startswith("The member '@included' is not written as Open Badges writes it")


def check_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    badges.kind({"type": ["OpenBadgeCredential"]}).check_context(source, known)


class TestContexts:
    @pytest.mark.parametrize("context", [[V2, OB], [V2, OB_2], [V2, OB, EXTENSIONS], [V2, OB_2, EXTENSIONS]])
    def test_these_are_accepted(self, context: list[str]) -> None:
        assert context in badges.ACCEPTED_CONTEXTS
        check_context({"@context": context}, contexts.PINNED)

    def test_there_are_no_others(self) -> None:
        assert len(badges.ACCEPTED_CONTEXTS) == 4

    @pytest.mark.parametrize("source", [{}, {"@context": None}, {"@context": V2}, {"@context": {"@vocab": "https://a.example#"}}])
    def test_what_is_no_array_is_refused(self, source: JsonObject) -> None:
        with pytest.raises(problem.Invalid, match="@context must be an array"):
            check_context(source, contexts.PINNED)

    @pytest.mark.parametrize("definitions", [{}, {"@vocab": "https://a.example#"}, {"name": "https://a.example#name"}])
    def test_definitions_of_its_own_are_refused(self, definitions: JsonObject) -> None:
        with pytest.raises(problem.Invalid, match="definitions of its own"):
            check_context({"@context": [V2, OB, definitions]}, contexts.PINNED)

    @pytest.mark.parametrize(
        "context",
        [
            [],
            [V2],
            [OB],
            [OB, V2],
            [V2, V2, OB],
            [V2, OB, OB],
            [V2, OB, OB_2],
            [V2, EXTENSIONS],
            [V2, EXTENSIONS, OB],
            [V2, OB, EXTENSIONS, EXTENSIONS],
            [contexts.CREDENTIALS_V1, OB],
            [contexts.CREDENTIALS_V1, contexts.OPEN_BADGES_3_0_1],
            [V2, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"],
            [V2, OB, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"],
        ],
    )
    def test_known_vocabularies_in_another_order_are_refused(self, context: list[str]) -> None:
        with pytest.raises(problem.Invalid, match="must be that of W3C credentials"):
            check_context({"@context": context}, contexts.PINNED)

    @pytest.mark.parametrize("item", [None, 5, ["x"], True])
    def test_an_item_that_is_no_url_is_refused(self, item: object) -> None:
        with pytest.raises(problem.Invalid, match="must be a URL or an object"):
            check_context({"@context": [V2, OB, item]}, contexts.PINNED)

    def test_too_many_items_are_refused(self) -> None:
        with pytest.raises(problem.Invalid, match="at most 16 are read"):
            check_context({"@context": [V2] * 17}, contexts.PINNED)

    @pytest.mark.parametrize(
        "url", ["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.4.json", OB + "#", OB.replace("https", "http"), ""]
    )
    def test_a_vocabulary_that_is_not_held_leaves_it_undecided(self, url: str) -> None:
        with pytest.raises(Undecided, match="no pinned copy is held"):
            check_context({"@context": [V2, url]}, contexts.PINNED)

    @pytest.mark.parametrize(
        "context",
        [
            [contexts.CREDENTIALS_V1, contexts.OPEN_BADGES_UNVERSIONED],
            [contexts.CREDENTIALS_V1, contexts.OPEN_BADGES_3_0_1, contexts.ED25519_2020],
            [contexts.CREDENTIALS_V1, contexts.OPEN_BADGES_3_0_1, EXTENSIONS, contexts.DATA_INTEGRITY_V2],
        ],
    )
    def test_badges_on_the_older_data_model_have_theirs(self, context: list[str]) -> None:
        older = badges.kind({"@context": context, "type": ["OpenBadgeCredential"]})
        older.check_context({"@context": context}, contexts.PINNED)
        with pytest.raises(problem.Invalid, match=r"must be that of W3C credentials 1\.1"):
            older.check_context({"@context": [context[0], OB]}, contexts.PINNED)

    def test_what_an_operator_pins_for_badges_may_follow_and_nothing_else(self) -> None:
        more = {
            f"https://x.example/{name}": contexts.Context(name, {}, name, extends_badges=name != "other") for name in ("a", "b", "other")
        }
        known = {**contexts.PINNED, **more}
        first, second, other = more
        for good in ([V2, OB, first], [V2, OB, EXTENSIONS, first, second]):
            check_context({"@context": good}, known)
        for bad in ([V2, first, OB], [V2, OB, first, first], [V2, OB, other], [V2, OB, other, first], [first]):
            with pytest.raises(problem.Invalid, match="must be that of W3C credentials"):
                check_context({"@context": bad}, known)
