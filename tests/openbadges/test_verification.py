from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
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

# What a verification comes to where nothing can be fetched: the outcome, the steps that did not pass, and words of the first of them.
# Most samples name a key on the web, so that their signature stays open; what is wrong with their members is seen all the same.
NO_KEY = "The document that holds the issuer's key could not be had from https://"
OLD = "The document uses a vocabulary of which no pinned copy is held here: https://purl.imsglobal.org/spec/ob/v3p0/context.json."
OTHER = "@context must be that of W3C credentials 2.0, then that of Open Badges 3.0.2 or 3.0.3, then its extensions if any."
UNREAD = "The verification method"
SAMPLES = {
    "bit-string-list/credential-status-revoked.json": ("INDETERMINATE", "proof status", NO_KEY + "1edtech.edu/issuers/565049"),
    "bit-string-list/credential-status-revoked-blank-nodes.json": ("INDETERMINATE", "proof status", NO_KEY + "1edtech.edu/issuers/565049"),
    "bit-string-list/testlist.json": ("INVALID", "context data_model", OTHER),
    "complete.json": ("INVALID", "data_model endorsement status", "The member '@context' is not written as Open Badges writes it"),
    "complete_v1.json": ("INVALID", "context data_model endorsement schema status", OLD),
    "credential-status-revoked.json": ("INVALID", "context data_model status", OTHER),
    "endorsement-err-schema-status-refresh.json": ("INVALID", "context data_model schema status", OLD),
    "endorsement-valid.json": ("INVALID", "data_model proof schema", "type: must contain OpenBadgeCredential or AchievementCredential."),
    "sd/derivedcredential.json": ("INDETERMINATE", "proof", "not know proofs of the kind 'DataIntegrityProof ecdsa-sd-2023'."),
    "simple.json": ("INDETERMINATE", "proof", NO_KEY + "example.com/issuers/876543"),
    "simple.1ob.json": ("INDETERMINATE", "proof", NO_KEY + "example.com/issuers/876543"),
    "simple.jwt.json": ("INVALID", "context data_model", "@context must be an array."),
    "simple_v1.json": ("INVALID", "context data_model", OLD),
    "simple-context-alias.json": ("INDETERMINATE", "proof", NO_KEY + "example.com/issuers/876543"),
    "simple-context-version.json": ("INDETERMINATE", "proof", NO_KEY + "example.com/issuers/876543"),
    "simple-did-key-method.json": ("INVALID", "data_model", "is described in two places that do not say the same."),
    "simple-did-web-method.json": ("INDETERMINATE", "proof", NO_KEY + "1edtech.edu/issuers/565049"),
    "simple-eddsa-2022.json": ("INVALID", "context data_model", OTHER),
    "simple-err-context.json": ("INVALID", "context data_model", OTHER),
    "simple-err-credential-subject-achievement-result-description-type.json": ("INVALID", "data_model proof", "must contain ResultD"),
    "simple-err-credential-subject-identifier-type.json": ("INVALID", "data_model proof", "must be IdentityObject, and nothing else."),
    "simple-err-credential-subject-profile-type.json": ("INVALID", "data_model proof", "must contain Profile."),
    "simple-err-credential-subject-result-type.json": ("INVALID", "data_model proof", "must contain Result."),
    "simple-err-credential-subject-type.json": ("INVALID", "data_model proof", "must contain AchievementSubject."),
    "simple-err-evidence-type.json": ("INVALID", "data_model proof", "must contain Evidence."),
    "simple-err-expired.json": ("INVALID", "proof validity", NO_KEY + "example.com/issuers/876543"),
    "simple-err-issued.json": ("INVALID", "data_model proof validity", "credentialSubject.achievement is missing."),
    "simple-err-issuer.json": ("INVALID", "data_model proof", "issuer must be a URL, or an object with one as its id."),
    "simple-err-issuer-otheridentifier-type.json": ("INVALID", "data_model proof", "must be IdentifierEntry, and nothing else."),
    "simple-err-issuer-parentorg-type.json": ("INVALID", "data_model", "is described in two places that do not say the same."),
    "simple-err-issuer-type.json": ("INVALID", "data_model proof", "issuer.type: must contain Profile."),
    "simple-err-proof-method.json": ("INDETERMINATE", "proof", NO_KEY + "example.edu/issuers/565049"),
    "simple-err-proof-method-no-scheme.json": ("INVALID", "proof", UNREAD + " 'z6Mkrv"),
    "simple-err-proof-method-unknown-did-method.json": ("INVALID", "proof", UNREAD + " 'did:example:z6Mkrv"),
    "simple-err-proof-method-unknown-scheme.json": ("INVALID", "proof", UNREAD + " 'xxx:z6Mkrv"),
    "simple-err-proof-value.json": ("INDETERMINATE", "proof", NO_KEY + "example.com/issuers/876543"),
    "simple-err-type.json": ("INVALID", "data_model proof", "type: must contain OpenBadgeCredential or AchievementCredential."),
    "simple-multiple-proofs.json": ("INVALID", "proof", "The proof must have verificationMethod, a text."),
    "simple-noproof.json": ("INVALID", "context data_model", OLD),
}  # fmt: skip


def report(source: JsonObject, gathered: verification.Gathered | None = None) -> Report:
    return verification.verify(source, gathered or {}, now=NOW, policy=verification.Policy(badges.BADGE), sha256="")


def failing(found: Report) -> set[str]:
    """Return the steps that did not pass, without those that were not looked at because of them."""
    failed = [step for step in found.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}]
    return {step.name for step in failed if not step.findings[0].detail.startswith("Not looked at")}


class TestSamplesOfThePublicValidator:
    def test_every_sample_stands_in_the_table(self, shared_data: Path) -> None:
        folder = shared_data / "ob3/samples/validator-ob30"
        assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")} == set(SAMPLES)

    @pytest.mark.parametrize("name", SAMPLES)
    def test_a_sample_comes_to_its_outcome_for_its_reason(self, shared_data: Path, name: str) -> None:
        outcome, steps, reason = SAMPLES[name]
        found = report(document.parse((shared_data / "ob3/samples/validator-ob30" / name).read_bytes()))
        assert (found.outcome, failing(found)) == (outcome, set(steps.split()))
        first = steps.split(maxsplit=1)[0]
        assert reason in " ".join(finding.detail for finding in found.step(first).findings)

    def test_dates_are_judged_without_the_key(self, read_json: ReadJson) -> None:
        details = [
            report(read_json(f"ob3/samples/validator-ob30/simple-err-{name}.json")).step("validity").findings[0].detail
            for name in ("expired", "issued")
        ]
        assert [detail.partition(" 20")[0].partition(" 1 ")[0] for detail in details] == ["It expired on", "It is valid only from"]

    def test_the_sample_with_a_did_key_gives_one_id_to_issuer_and_badge(self, read_json: ReadJson) -> None:
        # Its proof names a did:key without a fragment and its issuer is another identifier, so that it could not pass without this either.
        sample = read_json("ob3/samples/validator-ob30/simple-did-key-method.json")
        assert sample["proof"][0]["verificationMethod"].count("#") == 0


class TestOurOwn:
    def test_a_badge_of_ours_is_valid_but_for_its_list(self, frozen_achievement: JsonObject, compose: Compose, signer: Signer) -> None:
        signed = proof.add_proof(credential.lint(compose(frozen_achievement)), signer, created=NOW)
        found = report(document.parse(json.dumps(signed).encode()))
        assert (found.outcome, failing(found), found.profile) == (Outcome.INDETERMINATE, {"status"}, "badge")
        assert verification.needs(signed, {}) == {STATUS_LIST}

    def test_the_rules_of_open_badges_are_asked(self, frozen_achievement: JsonObject, compose: Compose) -> None:
        source = compose(frozen_achievement)
        del source["credentialSubject"]["achievement"]
        details = [finding.detail for finding in report(source).step("data_model").findings]
        assert details == ["credentialSubject.achievement is missing."]

    def test_the_shape_gate_is_asked(self, frozen_achievement: JsonObject, compose: Compose) -> None:
        details = [finding.detail for finding in report(compose(frozen_achievement) | {"@included": []}).step("data_model").findings]
        assert details[0].startswith("The member '@included' is not written as Open Badges writes it")


class TestContexts:
    @pytest.mark.parametrize("context", [[V2, OB], [V2, OB_2], [V2, OB, EXTENSIONS], [V2, OB_2, EXTENSIONS]])
    def test_these_are_accepted(self, context: list[str]) -> None:
        assert context in badges.ACCEPTED_CONTEXTS
        badges.check_context({"@context": context}, contexts.PINNED)

    def test_there_are_no_others(self) -> None:
        assert len(badges.ACCEPTED_CONTEXTS) == 4

    @pytest.mark.parametrize("source", [{}, {"@context": None}, {"@context": V2}, {"@context": {"@vocab": "https://a.example#"}}])
    def test_what_is_no_array_is_refused(self, source: JsonObject) -> None:
        with pytest.raises(problem.Invalid, match="@context must be an array"):
            badges.check_context(source, contexts.PINNED)

    @pytest.mark.parametrize("definitions", [{}, {"@vocab": "https://a.example#"}, {"name": "https://a.example#name"}])
    def test_definitions_of_its_own_are_refused(self, definitions: JsonObject) -> None:
        with pytest.raises(problem.Invalid, match="definitions of its own"):
            badges.check_context({"@context": [V2, OB, definitions]}, contexts.PINNED)

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
            [V2, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"],
            [V2, OB, "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"],
        ],
    )
    def test_known_vocabularies_in_another_order_are_refused(self, context: list[str]) -> None:
        with pytest.raises(problem.Invalid, match="must be that of W3C credentials"):
            badges.check_context({"@context": context}, contexts.PINNED)

    @pytest.mark.parametrize("item", [None, 5, ["x"], True])
    def test_an_item_that_is_no_url_is_refused(self, item: object) -> None:
        with pytest.raises(problem.Invalid, match="must be a URL or an object"):
            badges.check_context({"@context": [V2, OB, item]}, contexts.PINNED)

    def test_too_many_items_are_refused(self) -> None:
        with pytest.raises(problem.Invalid, match="at most 16 are read"):
            badges.check_context({"@context": [V2] * 17}, contexts.PINNED)

    @pytest.mark.parametrize(
        "url", ["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.4.json", OB + "#", OB.replace("https", "http"), ""]
    )
    def test_a_vocabulary_that_is_not_held_leaves_it_undecided(self, url: str) -> None:
        with pytest.raises(Undecided, match="no pinned copy is held"):
            badges.check_context({"@context": [V2, url]}, contexts.PINNED)
