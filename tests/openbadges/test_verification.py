from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vc import kit
from tests.vc.kit import HOLDER, ISSUER, NOW, OTHER

from badgeissuer import problem
from badgeissuer.openbadges import credential, identity, results, revocationlist
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import contexts, cryptosuites, jose, presentation, proof, report, secured, shape, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.multikey import Signer
from badgeissuer.vc.report import Outcome, Undecided

Compose = Callable[..., JsonObject]
V1, V2, OB, OB_2 = contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, contexts.OPEN_BADGES_3_0_2
OLD, OLDER = contexts.OPEN_BADGES_3_0_1, contexts.OPEN_BADGES_UNVERSIONED
EXTENSIONS, CLR = contexts.OPEN_BADGES_EXTENSIONS, contexts.CLR
SUITE, DI_1, DI_2 = contexts.ED25519_2020, contexts.DATA_INTEGRITY_V1, contexts.DATA_INTEGRITY_V2
STATUS_LIST = "https://badges.example/status-lists/1"
POLICY, GENERIC = verification.Policy(badges.BADGE), verification.Policy(badges.GENERIC)


def badge(**change: Any) -> JsonObject:  # noqa: ANN401 - any members
    return kit.badge(status=False, **change)


def legacy(**change: Any) -> JsonObject:  # noqa: ANN401 - as above
    """Return an unsigned badge of Open Badges before 3.0.2."""
    source = badge(**({"@context": [V1, OLD, DI_2], "issuanceDate": "2026-05-20T14:05:00Z"} | change))
    del source["validFrom"], source["validUntil"]
    return source


def endorsing(**change: object) -> JsonObject:
    """Return an unsigned endorsement of `badge()`."""
    return {
        "@context": [V2, OB],
        "id": "https://endorser.example/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Endorsement",
        "issuer": {"id": OTHER.did, "type": ["Profile"], "name": "Endorser"},
        "validFrom": "2026-05-20T14:05:00Z",
        "credentialSubject": {"id": "https://badges.example/c/1", "type": ["EndorsementSubject"], "endorsementComment": "Good."},
    } | change


def legacy_endorsing() -> JsonObject:
    source = endorsing(**{"@context": [V1, OLD, DI_2], "issuanceDate": "2026-05-20T14:05:00Z"})
    del source["validFrom"]
    return source


def record(*credentials: object, **change: object) -> JsonObject:
    """Return an unsigned learner record."""
    return {
        "@context": [V2, CLR, OB],
        "id": "https://records.example/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record",
        "issuer": {"id": HOLDER.did, "type": ["Profile"], "name": "Publisher"},
        "validFrom": "2026-05-20T14:05:00Z",
        "credentialSubject": {"id": "did:example:learner", "type": ["ClrSubject"], "verifiableCredential": list(credentials)},
    } | change


def verify(
    source: JsonObject | str,
    gathered: kit.Gathered | None = None,
    *,
    policy: verification.Policy = POLICY,
    **asked: Any,  # noqa: ANN401 - of the policy
) -> report.Report:
    return kit.verify(source, gathered, policy=replace(policy, **asked))


# --- our own


def test_a_badge_of_ours_is_valid_but_for_its_list(frozen_achievement: JsonObject, compose: Compose, signer: Signer) -> None:
    signed = proof.add_proof(credential.lint(compose(frozen_achievement)), signer, created=NOW)
    found = verify(signed)
    assert (found.outcome, kit.outcomes(found), found.profile) == (Outcome.INDETERMINATE, {"status": "INDETERMINATE"}, "badge")
    assert verification.needs(signed, {}, policy=POLICY) == {STATUS_LIST}


def test_the_rules_of_open_badges_are_asked(frozen_achievement: JsonObject, compose: Compose) -> None:
    source = compose(frozen_achievement)
    del source["credentialSubject"]["achievement"]
    details = [finding.detail for finding in verify(source).step("data_model").findings]
    assert details == ["credentialSubject.achievement is missing."]


def test_the_shape_gate_is_asked(frozen_achievement: JsonObject, compose: Compose) -> None:
    found = verify(compose(frozen_achievement) | {"@included": []})
    assert kit.detail(found, "data_model").startswith("The member '@included' is not written as Open Badges writes it")


# --- kinds of documents


@pytest.mark.parametrize(
    ("source", "noun", "role"),
    [
        ({}, "badge", "credential"),
        ({"type": "EndorsementCredential"}, "endorsement", "endorsement"),
        ({"@context": [V1], "type": ["EndorsementCredential"]}, "endorsement", "endorsement"),
        ({"type": ["EndorsementCredential", "ClrCredential"]}, "learning record", "credential"),
        ({"@context": [V1], "type": "ClrCredential"}, "learning record", "credential"),
        ({"@context": [V1]}, "badge", "credential"),
        ({"type": ["ClrCredential", "VerifiablePresentation"]}, "presentation", "presentation"),
    ],
    ids=str,
)
def test_a_document_is_of_the_kind_that_its_type_says(source: JsonObject, noun: str, role: str) -> None:
    kind = badges.BADGE.kind(source)
    assert (kind.noun, kind.role, kind.is_presentation) == (noun, role, role == "presentation")


@pytest.mark.parametrize(
    ("make", "signer"),
    [
        (badge, ISSUER),
        (legacy, ISSUER),
        (endorsing, OTHER),
        (legacy_endorsing, OTHER),
        (lambda: record(kit.sign(badge()), kit.token(badge(id="urn:x:1")), secured.envelope(kit.token(badge(id="urn:x:2")))), HOLDER),
    ],
    ids=["badge", "legacy", "endorsement", "legacy endorsement", "record"],
)
@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_every_kind_is_valid_however_it_is_signed(
    make: Callable[[], JsonObject], signer: kit.SeedSigner, policy: verification.Policy
) -> None:
    for source in (kit.sign(make(), signer), kit.sign(make(), signer, suite=cryptosuites.EDDSA_JCS_2022), kit.token(make(), signer)):
        found = verify(source, policy=policy)
        assert (found.outcome, kit.outcomes(found), found.issuer.id) == (Outcome.VALID, {}, signer.did)


def test_a_legacy_badge_may_be_signed_as_they_were_then() -> None:
    source = legacy(**{"@context": [V1, OLD, SUITE]})
    assert verify(kit.sign(source, suite=cryptosuites.ED25519_SIGNATURE_2020)).outcome is Outcome.VALID


def test_a_learner_record_of_the_older_data_model_is_not_read() -> None:
    source = record(kit.sign(badge())) | {"@context": [V1, CLR, OLD], "issuanceDate": "2026-05-20T14:05:00Z"}
    assert verify(source).step("context").outcome is Outcome.INVALID
    assert "CLR on version 1.1 is not read" in kit.detail(verify(source), "context")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (legacy() | {"validFrom": "2026-05-20T14:05:00Z"}, "validFrom is of the data model 2.0"),
        (badge(credentialSubject={"type": ["AchievementSubject"]}), "credentialSubject"),
        (endorsing(credentialSubject={"type": ["EndorsementSubject"]}), "credentialSubject.id is missing"),
        (legacy_endorsing() | {"validUntil": "2026-05-20T14:05:00Z"}, "validUntil is of the data model 2.0"),
        (record(), "verifiableCredential"),
        (legacy(endorsement=["a.b.c"]), "endorsementJwt the texts of tokens"),
        (badge(endorsementJwt=[endorsing()]), "endorsementJwt the texts of tokens"),
        (badge(refreshService={"type": "1EdTechCredentialRefresh"}), "refreshService must have a URL"),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_every_kind_has_rules_of_its_own(source: JsonObject, said: str) -> None:
    step = verify(source).step("data_model")
    assert step.outcome is Outcome.INVALID
    assert said in " ".join(finding.detail for finding in step.findings)


# --- contexts


def _check(source: JsonObject, known: Any = contexts.PINNED, kind: str = "") -> None:  # noqa: ANN401 - a table of contexts
    badges.BADGE.kind({"type": kind} | ({"@context": [V1]} if kind == "1.1" else {})).check_context(source, known)


ACCEPTED: dict[str, list[list[str]]] = {
    "": [[V2, OB], [V2, OB_2], [V2, OB, EXTENSIONS], [V2, OB_2, EXTENSIONS]],
    "EndorsementCredential": [[V2, OB], [V2, OB_2, EXTENSIONS]],
    "ClrCredential": [[V2, CLR, OB], [V2, CLR, OB, EXTENSIONS]],
    "1.1": [
        [V1, OLD],
        [V1, OLDER],
        [V1, OLD, SUITE],
        [V1, OLDER, DI_1],
        [V1, OLDER, DI_2, EXTENSIONS],
        [V1, OLD, EXTENSIONS, DI_2],
    ],
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_these_contexts_are_accepted(kind: str) -> None:
    for context in ACCEPTED[kind]:
        _check({"@context": context}, kind=kind)


def test_there_are_no_others() -> None:
    assert list(badges.ACCEPTED_CONTEXTS) == [[V2, OB], [V2, OB, EXTENSIONS], [V2, OB_2], [V2, OB_2, EXTENSIONS]]
    assert list(badges.ACCEPTED_CLR_CONTEXTS) == ACCEPTED["ClrCredential"]
    assert all(context[0] == V1 and context[1] in (OLD, OLDER) for context in badges.ACCEPTED_LEGACY_CONTEXTS)
    assert len(badges.ACCEPTED_LEGACY_CONTEXTS) == 2 * (1 + 1 + 3 + 3 * 2)


@pytest.mark.parametrize("source", [{}, {"@context": None}, {"@context": V2}, {"@context": {"@vocab": "https://a.example#"}}], ids=str)
def test_what_is_no_array_is_refused(source: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="@context must be an array"):
        _check(source)


@pytest.mark.parametrize("definitions", [{}, {"@vocab": "https://a.example#"}, {"name": "https://a.example#name"}], ids=str)
def test_definitions_of_its_own_are_refused(definitions: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="definitions of its own"):
        _check({"@context": [V2, OB, definitions]})


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
        [V1, OB],
        [V2, OLD],
        [V2, OLDER],
        [V2, OB, CLR],
        [V2, CLR, OB],
        [V1, OLD],
    ],
    ids=lambda context: " ".join(url.rpartition("/")[2] for url in context),
)
def test_known_vocabularies_in_another_order_are_refused(context: list[str]) -> None:
    with pytest.raises(problem.Invalid, match=r"must be that of W3C credentials 2\.0"):
        _check({"@context": context})


@pytest.mark.parametrize("item", [None, 5, ["x"], True])
def test_an_item_that_is_no_url_is_refused(item: object) -> None:
    with pytest.raises(problem.Invalid, match="must be a URL or an object"):
        _check({"@context": [V2, OB, item]})


def test_too_many_items_are_refused() -> None:
    with pytest.raises(problem.Invalid, match="at most 16 are read"):
        _check({"@context": [V2] * 17})


@pytest.mark.parametrize("url", ["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.4.json", OB + "#", OB.replace("https", "http"), ""])
def test_a_vocabulary_that_is_not_held_leaves_it_undecided(url: str) -> None:
    with pytest.raises(Undecided, match="no pinned copy is held"):
        _check({"@context": [V2, url]})


def test_a_vocabulary_that_the_operator_pins_for_badges_may_follow() -> None:
    own, other = (
        contexts.Context(f"https://x.example/{name}", {"@context": {}}, "00", extends_badges=name == "own") for name in ("own", "other")
    )
    known = {**contexts.PINNED, own.url: own, other.url: other}
    for context in ([V2, OB, own.url], [V2, OB_2, EXTENSIONS, own.url]):
        _check({"@context": context}, known)
        with pytest.raises(Undecided):
            _check({"@context": context})
    for refused in ([V2, OB, other.url], [V2, OB, own.url, own.url], [V2, own.url, OB], [own.url], [V2, OB, own.url, EXTENSIONS]):
        with pytest.raises(problem.Invalid):
            _check({"@context": refused}, known)


# --- the recipient


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ("did:example:learner", Outcome.VALID),
        ("asha@college.example", Outcome.VALID),
        ("did:example:other", Outcome.INVALID),
        ("other@college.example", Outcome.INVALID),
        ("Asha Verma", Outcome.INDETERMINATE),
    ],
)
@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_the_learner_is_compared_with_whom_the_reader_names(given: str, outcome: Outcome, policy: verification.Policy) -> None:
    source = badge()
    source["credentialSubject"]["identifier"] = [identity.hashed_email("asha@college.example", salt="c2FsdA")]
    assert verify(kit.sign(source), policy=policy, recipient=given).outcome is outcome


# --- results

_LEVELS = [{"id": f"urn:x:{name}", "type": ["RubricCriterionLevel"], "name": name} for name in ("low", "high")]


def _graded(value: str, **description: object) -> JsonObject:
    source = badge()
    described = {"id": "urn:x:score", "type": ["ResultDescription"], "name": "Score", "resultType": "RawScore"} | description
    source["credentialSubject"]["achievement"]["resultDescription"] = [described]
    source["credentialSubject"]["result"] = [{"type": ["Result"], "resultDescription": "urn:x:score", "value": value}]
    return source


def test_a_requirement_that_was_not_met_is_a_remark_on_a_valid_badge() -> None:
    found = verify(kit.sign(_graded("10", requiredValue="60")))
    assert (found.outcome, found.step("data_model").outcome) == (Outcome.VALID, Outcome.VALID)
    assert [finding.type for finding in found.step("data_model").findings] == [results.NOT_MET]
    assert verify(kit.sign(_graded("60", requiredValue="60"))).step("data_model").findings == ()


def test_a_value_beyond_its_range_is_a_fault() -> None:
    found = verify(kit.sign(_graded("101", valueMax="100")))
    assert kit.outcomes(found) == {"data_model": "INVALID"}


@pytest.mark.parametrize(
    ("secure", "remarks"),
    [
        (lambda source: kit.sign(source, suite=cryptosuites.EDDSA_JCS_2022), []),
        (kit.token, []),
        (kit.sign, [results.UNCLEAR]),
        (lambda source: kit.token(kit.sign(source)), []),
    ],
    ids=["jcs", "token", "rdfc", "token around rdfc"],
)
def test_the_order_of_levels_is_believed_where_it_is_signed(secure: Callable[[JsonObject], Any], remarks: list[str]) -> None:
    source = _graded("x", rubricCriterionLevel=_LEVELS, requiredLevel="urn:x:low", resultType="RubricCriterionLevel")
    source["credentialSubject"]["result"] = [{"type": ["Result"], "resultDescription": "urn:x:score", "achievedLevel": "urn:x:high"}]
    found = verify(secure(source))
    assert found.outcome is Outcome.VALID
    assert [finding.type for finding in found.step("data_model").findings] == remarks


# --- status and schemas


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
@pytest.mark.parametrize(
    ("listed", "outcome"),
    [
        ({"revokedCredential": []}, "VALID"),
        ({"revokedCredential": [{"id": "https://badges.example/c/1", "revoked": True, "revocationReason": "A mistake"}]}, "INVALID"),
        ({"issuer": OTHER.did}, "INDETERMINATE"),
        (b"<html>", "INDETERMINATE"),
        (None, "INDETERMINATE"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_revocation_list_of_1edtech_is_read(listed: Any, outcome: str, policy: verification.Policy) -> None:  # noqa: ANN401 - a table
    url = "https://badges.example/revocations"
    source = badge(**{"@context": [V2, OB, EXTENSIONS]}, credentialStatus={"id": url, "type": revocationlist.TYPE})
    gathered: kit.Gathered = {}
    if listed is not None:
        gathered[url] = kit.found(url, {"id": url, "issuer": ISSUER.did} | listed if isinstance(listed, dict) else listed)
    found = verify(kit.sign(source), gathered, policy=policy)
    assert found.step("status").outcome.value == found.outcome.value == outcome


OB_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_"


@pytest.mark.parametrize(
    ("make", "signer", "url"),
    [
        (badge, ISSUER, OB_SCHEMA + "achievementcredential_schema.json"),
        (legacy, ISSUER, OB_SCHEMA + "anyachievementcredential_schema.json"),
        (endorsing, OTHER, OB_SCHEMA + "endorsementcredential_schema.json"),
        (legacy_endorsing, OTHER, OB_SCHEMA + "anyendorsementcredential_schema.json"),
        (
            lambda **change: record(kit.sign(badge()), **change),
            HOLDER,
            "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json",
        ),
    ],
    ids=["badge", "legacy", "endorsement", "legacy endorsement", "record"],
)
def test_the_schemas_of_1edtech_are_answered_by_our_own_rules(make: Callable[..., JsonObject], signer: kit.SeedSigner, url: str) -> None:
    schema = {"id": url, "type": "1EdTechJsonSchemaValidator2019"}
    source = make()
    context = source["@context"] if EXTENSIONS in source["@context"] else [*source["@context"], EXTENSIONS]
    found = verify(kit.sign(source | {"@context": context, "credentialSchema": [schema]}, signer))
    assert (found.outcome, found.step("schema").outcome) == (Outcome.VALID, Outcome.VALID)


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_schema_of_another_kind_of_document_is_broken(policy: verification.Policy) -> None:
    schema = {"id": OB_SCHEMA + "endorsementcredential_schema.json", "type": "1EdTechJsonSchemaValidator2019"}
    found = verify(kit.sign(badge(**{"@context": [V2, OB, EXTENSIONS]}, credentialSchema=[schema])), policy=policy)
    assert kit.outcomes(found) == {"schema": "INVALID"}


# --- what is inside


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_an_endorsement_that_is_not_good_spoils_the_badge(policy: verification.Policy) -> None:
    good = kit.sign(endorsing(), OTHER)
    forged = kit.sign(endorsing(), HOLDER)
    unrelated = kit.sign(endorsing(credentialSubject={"id": "urn:x:y", "type": ["EndorsementSubject"]}), OTHER)
    for inside, outcome in ((good, "VALID"), (forged, "INVALID"), (unrelated, "INVALID"), (good | {"name": "x"}, "INVALID")):
        found = verify(kit.sign(badge(endorsement=[inside])), policy=policy)
        assert found.step("endorsement").outcome.value == found.outcome.value == outcome
        assert [(part.pointer, part.role) for part in found.parts] == [("/endorsement/0", "endorsement")]


def test_a_badge_is_no_endorsement_and_an_endorsement_no_badge() -> None:
    inside = kit.sign(badge(id="urn:x:1"))
    assert kit.outcomes(verify(kit.sign(badge(endorsement=[inside])))) == {"endorsement": "INVALID"}
    found = verify(kit.sign(record(kit.sign(endorsing(), OTHER)), HOLDER))
    assert kit.outcomes(found) == {"credentials": "INVALID"}


@pytest.mark.parametrize(
    "about", ["https://badges.example/c/1", ISSUER.did, "https://badges.example/achievements/1", "did:example:learner"]
)
def test_an_endorsement_is_of_something_that_the_badge_speaks_of(about: str) -> None:
    inside = endorsing(credentialSubject={"id": about, "type": ["EndorsementSubject"], "endorsementComment": "Good."})
    assert verify(kit.sign(badge(endorsement=[kit.sign(inside, OTHER)]))).outcome is Outcome.VALID


def test_an_endorsement_is_not_of_something_that_only_another_endorsement_speaks_of() -> None:
    one = kit.sign(endorsing(), OTHER)
    about = endorsing(
        id="https://endorser.example/2",
        issuer={"id": HOLDER.did, "type": ["Profile"]},
        credentialSubject={"id": OTHER.did, "type": ["EndorsementSubject"]},
    )
    found = verify(kit.sign(badge(endorsement=[one, kit.sign(about, HOLDER)])))
    assert [part.report.outcome.value for part in found.parts] == ["VALID", "INVALID"]


@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_record_with_one_revoked_badge_says_that_the_others_are_good(policy: verification.Policy) -> None:
    revoked = kit.sign(kit.badge(id="urn:x:1"))
    found = verify(kit.sign(record(kit.sign(badge()), revoked), HOLDER), kit.at(list=kit.list_by(revoked=(7,))), policy=policy)
    assert kit.outcomes(found) == {"credentials": "INVALID"}
    assert [part.report.outcome.value for part in found.parts] == ["VALID", "INVALID"]
    assert verification.needs(record(revoked), {}, policy=policy) == {kit.LIST}


def test_an_endorsement_of_a_badge_of_a_record_in_a_presentation_is_read() -> None:
    inner = kit.sign(badge(endorsement=[kit.sign(endorsing(), OTHER)]))
    found = verify(kit.present(kit.sign(record(inner), HOLDER)))
    assert found.outcome is Outcome.VALID
    assert found.parts[0].report.parts[0].report.parts[0].report.outcome is Outcome.VALID


def test_a_badge_in_a_presentation_is_gated_as_a_badge() -> None:
    found = verify(kit.present(kit.sign(badge()) | {"evidence": []}))
    assert kit.faults(found)["credentials"] == "INVALID"
    assert "An empty array" in found.parts[0].report.summary


def test_the_generic_profile_reads_presentations_too() -> None:
    source = kit.present(kit.sign(badge(endorsement=[kit.sign(endorsing(), OTHER)])))
    found = verify(source, policy=GENERIC)
    assert (found.outcome, len(found.parts[0].report.parts), found.profile) == (Outcome.VALID, 1, "vc")


# --- newer versions


def test_a_newer_version_is_where_the_refresh_service_says() -> None:
    service = {"id": "https://badges.example/new", "type": "1EdTechCredentialRefresh"}
    for make in (badge, legacy):
        source = make()
        token = jose.read(kit.token(source | {"@context": [*source["@context"], EXTENSIONS], "refreshService": service}))
        content = jose.credential(token)
        found = verify(token.text)
        assert found.outcome is Outcome.VALID
        assert verification.refresh_url(content, found, policy=POLICY) == service["id"]
        assert verification.needs(content, {}, policy=POLICY, token=token) == set()


def test_a_badge_that_refreshes_itself_is_read() -> None:
    service = {"id": "https://badges.example/c/1", "type": "1EdTechCredentialRefresh"}
    source = kit.sign(badge(**{"@context": [V2, OB, EXTENSIONS]}, refreshService=service))
    found = verify(source)
    assert (found.outcome, verification.refresh_url(source, found, policy=POLICY)) == (Outcome.VALID, service["id"])


# --- properties over real badges


def _rich() -> JsonObject:
    """Return a signed badge with most of what a badge can have, and no description that repeats another."""
    source = _graded("10", requiredValue="60", valueMin="0", valueMax="100")
    del source["credentialSubject"]["achievement"]["creator"]
    source["credentialSubject"] |= {
        "identifier": [identity.hashed_email("asha@college.example", salt="c2FsdA")],
        "narrative": "Worked hard",
        "activityEndDate": "2026-05-20T14:05:00Z",
        "term": "Spring",
    }
    source["credentialSubject"]["achievement"] |= {
        "alignment": [{"type": ["Alignment"], "targetName": "Work", "targetUrl": "https://frameworks.example/work"}],
        "creditsAvailable": 10.5,
        "inLanguage": "en-GB",
        "otherIdentifier": [{"type": ["IdentifierEntry"], "identifier": "W-1", "identifierType": "sourcedId"}],
    }
    source["evidence"] = [{"id": "https://badges.example/e/1", "type": ["Evidence"], "name": "Report", "narrative": "A report"}]
    return kit.sign(source | {"endorsement": [kit.sign(endorsing(), OTHER)], "endorsementJwt": [kit.token(endorsing(), OTHER)]})


RICH = _rich()
_KEYS = st.sampled_from(
    sorted({name for node in shape.nodes(RICH) for name in node} | {"@id", "@type", "@included", "@graph", "@value", "level", "Criteria"})
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 100)
    | st.floats(0, 10)
    | st.sampled_from(["60", "0", "x", "", ISSUER.did, OTHER.did, "Profile"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


def test_the_badge_of_these_properties_is_valid() -> None:
    found = verify(RICH)
    assert (found.outcome, len(found.parts)) == (Outcome.VALID, 2)


@given(data=st.data(), value=_VALUES)
@settings(max_examples=250, deadline=None)
def test_no_single_member_of_a_signed_badge_can_change(data: st.DataObject, value: object) -> None:
    source = copy.deepcopy(RICH)
    place = data.draw(st.sampled_from(list(shape.nodes(source))))
    key = data.draw(st.sampled_from(sorted(place)) | _KEYS)
    if data.draw(st.booleans()) and key in place:
        del place[key]
    else:
        place[key] = value
    if verify(source).outcome is Outcome.VALID:
        assert kit.reading(source) == kit.reading(RICH)


MAKERS: dict[str, JsonObject] = {
    "badge": RICH,
    "legacy": kit.sign(legacy(evidence=[{"id": "https://badges.example/e/1", "type": ["Evidence"], "name": "Report"}])),
    "endorsement": kit.sign(endorsing(), OTHER),
    "record": kit.sign(record(kit.sign(badge()), kit.token(badge(id="urn:x:1"))), HOLDER),
    "presentation": kit.present(kit.sign(badge()), secured.envelope(kit.token(badge()))),
}


@pytest.mark.parametrize("name", MAKERS)
@given(data=st.data(), values=st.lists(_VALUES, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_nearly_a_badge_can_bring_verification_down(name: str, data: st.DataObject, values: list[object]) -> None:
    source = copy.deepcopy(MAKERS[name])
    for value in values:
        place = data.draw(st.sampled_from(list(shape.nodes(source))))
        place[data.draw(st.sampled_from(sorted(place) or ["type"]) | _KEYS)] = value
    for policy in (POLICY, GENERIC):
        needed = verification.needs(source, {}, policy=policy)
        assert all(url.startswith(("https://", "http://")) for url in needed)
        found = verify(source, policy=policy, recipient="asha@college.example")
        verification.refresh_url(source, found, policy=policy)
        verification.refreshed(MAKERS[name], found, source)
    assert presentation.is_presentation(source) == badges.BADGE.kind(source).is_presentation


def test_what_is_in_time_at_one_moment_is_not_at_another() -> None:
    assert kit.verify(RICH, policy=POLICY, now=NOW + timedelta(days=800)).outcome is Outcome.INVALID
