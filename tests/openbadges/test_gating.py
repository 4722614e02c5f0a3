"""One document, one reading: also where credentials stand inside it, and where one id is described in two places."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vc import kit
from tests.vc.kit import HOLDER, ISSUER, OTHER

from badgeissuer.openbadges import gating
from badgeissuer.openbadges import verification as badges
from badgeissuer.problem import CRYPTOGRAPHIC_SECURITY_ERROR
from badgeissuer.vc import contexts, cryptosuites, report, secured, shape, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

POLICY = verification.Policy(badges.BADGE)
BADGE_ID, LEARNER, ACHIEVEMENT = "https://badges.example/c/1", "did:example:learner", "https://badges.example/achievements/1"
RESULT = "https://badges.example/results/1"


def badge(issuer: kit.SeedSigner = ISSUER, **change: object) -> JsonObject:
    """Return an unsigned badge with a result that falls short of what is required, and with no description that repeats another."""
    source = kit.badge(issuer.did, status=False, **change)
    del source["credentialSubject"]["achievement"]["creator"]
    source["credentialSubject"]["achievement"] |= {
        "resultDescription": [
            {
                "id": RESULT,
                "type": ["ResultDescription"],
                "name": "Score",
                "resultType": "RawScore",
                "requiredValue": "60",
                "valueMax": "100",
            }
        ]
    }
    source["credentialSubject"]["result"] = [{"type": ["Result"], "resultDescription": RESULT, "value": "10"}]
    return source


def endorsing(about: str = BADGE_ID, by: kit.SeedSigner = OTHER, *, subject: JsonObject | None = None, **change: object) -> JsonObject:
    """Return an unsigned endorsement; `subject` sets members of its subject."""
    return {
        "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES],
        "id": f"https://endorser.example/{by.number}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Endorsement",
        "issuer": {"id": by.did, "type": ["Profile"], "name": "Endorser"},
        "validFrom": "2026-05-20T14:05:00Z",
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": "Good."} | (subject or {}),
    } | change


def endorsed(*endorsements: object, source: JsonObject | None = None, signer: kit.SeedSigner = ISSUER) -> JsonObject:
    return kit.sign((source or badge()) | {"endorsement": list(endorsements)}, signer)


def record(*credentials: object, signer: kit.SeedSigner = ISSUER, subject: JsonObject | None = None, **change: object) -> JsonObject:
    """Return a signed learner record; `subject` sets members of its subject."""
    source = {
        "@context": badges.ACCEPTED_CLR_CONTEXTS[0],
        "id": "https://records.example/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record",
        "issuer": {"id": signer.did, "type": ["Profile"], "name": "Publisher"},
        "validFrom": "2026-05-20T14:05:00Z",
        "credentialSubject": {"id": LEARNER, "type": ["ClrSubject"], "verifiableCredential": list(credentials)} | (subject or {}),
    }
    return kit.sign(source | change, signer)


def verify(source: JsonObject) -> report.Report:
    return kit.verify(source, policy=POLICY)


def _is_refused(source: JsonObject) -> bool:
    """Return whether a document is not VALID; where its gate lets it through the signature must be broken."""
    return verify(source).outcome is not Outcome.VALID


# --- what stands in the place of a credential


@pytest.mark.parametrize("member", ["endorsement", "endorsementJwt"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null is not covered"),
        ([], "empty array"),
        ([None], "null is not covered"),
        ([[]], "directly inside an array"),
        (["a", "a"], "the same thing twice"),
        ([{"id": "urn:x:y", "a": 1}, {"id": "urn:x:y", "b": 1}], "the same thing twice"),
        ([{"id": "urn:x:y"}, "urn:x:y"], "the same thing twice"),
        ([{"a": 1}, {"a": 1}], "the same thing twice"),
        (["\x00"], "control character"),
    ],
    ids=str,
)
@pytest.mark.parametrize("place", ["", "issuer", "credentialSubject"])
def test_the_places_of_endorsements_are_gated_with_the_badge(member: str, value: object, said: str, place: str) -> None:
    source = badge()
    (source[place] if place else source)[member] = value
    findings = gating.gate(source)
    assert said in findings[0].detail
    assert findings[0].pointer.startswith(f"/{place}/{member}" if place else f"/{member}")


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "null"), ([], "empty array"), (["a", "a"], "the same thing twice"), ([[]], "directly inside an array")],
    ids=str,
)
def test_the_places_of_badges_in_a_record_are_gated_with_the_record(value: object, said: str) -> None:
    source = record(kit.sign(badge()))
    source["credentialSubject"]["verifiableCredential"] = value
    assert said in gating.gate(source)[0].detail


def test_what_is_inside_is_gated_with_its_own_document_only() -> None:
    inside = endorsing() | {"@included": None, "name": []}
    assert gating.gate(badge() | {"endorsement": [inside, "a.b.c", {"a": None}]}) == ()
    assert gating.gate(record(kit.sign(badge())) | {"endorsement": [inside]}) == ()


@pytest.mark.parametrize("subject", ["x", [], None, 5, ["x"]], ids=str)
def test_a_record_of_another_form_is_gated_as_it_stands(subject: object) -> None:
    source = record(kit.sign(badge())) | {"credentialSubject": subject}
    assert [finding.pointer for finding in gating.gate(source)] == (["/credentialSubject"] if not subject and subject != 0 else [])


def test_an_envelope_inside_says_nothing_besides() -> None:
    envelope = secured.envelope(kit.token(endorsing(), OTHER))
    good = endorsed(envelope)
    assert verify(good).outcome is Outcome.VALID
    own = [contexts.CREDENTIALS_V2, {"x": "https://x.example/x"}]
    changes: list[JsonObject] = [{"name": "x"}, {"validUntil": "2030-01-01T00:00:00Z"}, {"proof": []}, {"@context": own}]
    for change in changes:
        bad = copy.deepcopy(good)
        bad["endorsement"][0] |= change
        assert [(finding.pointer, finding.type) for finding in gating.gate(bad)] == [("/endorsement/0", CRYPTOGRAPHIC_SECURITY_ERROR)]


def test_as_many_contexts_as_those_inside_need_may_be_named_and_no_more() -> None:
    inside = [{"id": f"urn:x:{number}", "@context": ["a", "b"]} for number in range(gating.MAX_CONTEXTS // 2)]
    source = {"type": "x", "endorsement": inside}
    assert gating.gate(source) == ()
    assert "contexts in all" in gating.gate(source | {"@context": "c"})[0].detail


# --- what those inside say of the same things


@pytest.mark.parametrize("suite", [cryptosuites.EDDSA_RDFC_2022, cryptosuites.EDDSA_JCS_2022], ids=lambda suite: suite.name)
def test_an_endorsed_badge_is_valid(suite: cryptosuites.Cryptosuite) -> None:
    about = [endorsing(name, kit.SeedSigner(10 + number)) for number, name in enumerate((BADGE_ID, ISSUER.did, ACHIEVEMENT, LEARNER))]
    signed = [kit.sign(item, kit.SeedSigner(10 + number)) for number, item in enumerate(about)]
    token = kit.token(endorsing(by=OTHER), OTHER)
    found = verify(kit.sign(badge() | {"endorsement": signed, "endorsementJwt": [token]}, suite=suite))
    assert (found.outcome, len(found.parts)) == (Outcome.VALID, 5)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": {"id": OTHER.did, "type": ["Profile"], "parentOrg": {"id": ISSUER.did, "type": ["Profile"], "email": "e@x.y"}}},
        {"subject": {"image": {"id": "https://x.example/a.png", "type": "Image"}}},
        {"subject": {"type": ["EndorsementSubject", "AchievementCredential"], "awardedDate": "2020-01-01T00:00:00Z"}},
        {"about": LEARNER, "subject": {"type": ["EndorsementSubject", "AchievementSubject"], "role": "Director"}},
        {"about": ACHIEVEMENT, "subject": {"type": ["EndorsementSubject", "Achievement"], "fieldOfStudy": "Law"}},
        {"about": RESULT, "subject": {"type": ["EndorsementSubject", "ResultDescription"], "requiredValue": "60"}},
        {"about": ISSUER.did, "subject": {"type": ["EndorsementSubject", "Profile"], "name": "Example College"}},
    ],
    ids=lambda said: str(said)[:90],
)  # fmt: skip
def test_nobody_else_describes_what_the_badge_describes(said: dict[str, Any]) -> None:
    """Their words could be written into the badge, or its own be left out that they repeat, and both signatures would hold."""
    source = endorsed(kit.sign(endorsing(**said), OTHER))
    found = verify(source)
    assert kit.faults(found)["data_model"] == "INVALID"
    assert "Another issuer describes" in found.summary
    assert found.step("data_model").findings[0].pointer == "/endorsement/0"


def test_the_words_of_an_endorser_cannot_be_given_to_the_badge() -> None:
    parent = {"id": ISSUER.did, "type": ["Profile"], "name": "Example College", "email": "evil@x.example"}
    issuer = {"id": OTHER.did, "type": ["Profile"], "name": "Endorser", "parentOrg": parent}
    good = endorsed(kit.sign(endorsing(issuer=issuer), OTHER))
    copied = copy.deepcopy(good)
    copied["issuer"]["email"] = "evil@x.example"
    # What the trick rests upon: the graph is the same, and so is the signature.
    assert (
        len({cryptosuites.rdfc({key: value for key, value in item.items() if key != "proof"}, contexts.PINNED) for item in (good, copied)})
        == 1
    )
    assert _is_refused(copied)


def test_what_the_badge_says_cannot_be_left_to_an_endorser() -> None:
    """What is required is no remark on a badge that does not say it."""
    subject = {"type": ["EndorsementSubject", "ResultDescription"], "requiredValue": "60"}
    good = endorsed(kit.sign(endorsing(RESULT, subject=subject), OTHER))
    bare = copy.deepcopy(good)
    del bare["credentialSubject"]["achievement"]["resultDescription"][0]["requiredValue"]
    assert (
        len({cryptosuites.rdfc({key: value for key, value in item.items() if key != "proof"}, contexts.PINNED) for item in (good, bare)})
        == 1
    )
    assert _is_refused(bare)


def test_who_endorses_may_describe_themselves() -> None:
    source = badge()
    source["credentialSubject"]["achievement"]["creator"] = {
        "id": OTHER.did,
        "type": ["Profile"],
        "name": "Endorser",
        "url": "https://x.example",
    }
    assert verify(endorsed(kit.sign(endorsing(), OTHER), source=source)).outcome is Outcome.VALID


def test_a_learner_who_endorses_does_not_describe_the_learner() -> None:
    """A name of their own choice would otherwise stand beside what the college says of them."""
    source = badge()
    source["credentialSubject"]["id"] = HOLDER.did
    good = endorsed(kit.sign(endorsing(by=HOLDER), HOLDER), source=source)
    named = copy.deepcopy(good)
    named["credentialSubject"] |= {"type": ["AchievementSubject", "Profile"], "name": "Endorser"}
    assert _is_refused(good)
    assert _is_refused(named)


def test_the_issuer_may_endorse_its_own_badge_in_any_words() -> None:
    issuer = badge()["issuer"]
    own = endorsing(by=ISSUER, issuer=issuer)
    assert verify(endorsed(kit.sign(own))).outcome is Outcome.VALID


def test_an_endorsement_of_an_endorsement_keeps_the_words_apart() -> None:
    inner = endorsing(about=BADGE_ID, by=HOLDER, subject={"endorsementComment": "Very good."})
    outer = endorsing(by=OTHER) | {"endorsement": [kit.sign(inner, HOLDER)]}
    assert _is_refused(endorsed(kit.sign(outer, OTHER)))
    about_it = endorsing(about=outer["id"], by=HOLDER)
    assert verify(endorsed(kit.sign(endorsing(by=OTHER) | {"endorsement": [kit.sign(about_it, HOLDER)]}, OTHER))).outcome is Outcome.VALID


def test_what_stands_deeper_inside_is_looked_at_too() -> None:
    talker = endorsing(about="https://endorser.example/2", by=HOLDER, issuer={
        "id": HOLDER.did, "type": ["Profile"], "name": "H", "parentOrg": {"id": ISSUER.did, "type": ["Profile"], "email": "evil@x.example"}
    })  # fmt: skip
    outer = kit.sign(endorsing(by=OTHER) | {"endorsement": [kit.sign(talker, HOLDER)]}, OTHER)
    assert [finding.pointer for finding in gating.gate(endorsed(outer))] == ["/endorsement/0"]
    assert gating.gate(outer) == ()


# --- learner records


def _of_others() -> JsonObject:
    return kit.sign(badge(OTHER), OTHER)


def test_a_record_of_badges_of_others_is_valid() -> None:
    achievement = badge(OTHER)["credentialSubject"]["achievement"]
    listed = {"achievement": [achievement]}
    found = verify(record(_of_others(), secured.envelope(kit.token(badge(HOLDER), HOLDER)), subject=listed))
    assert (found.outcome, [part.role for part in found.parts]) == (Outcome.VALID, ["credential", "credential"])
    assert verify(record(_of_others(), kit.token(badge(HOLDER), HOLDER))).outcome is Outcome.VALID


def test_a_badge_inside_says_nothing_of_the_record_and_its_publisher() -> None:
    for place, value in (
        ("source", {"id": ISSUER.did, "type": ["Profile"], "email": "evil@x.example"}),
        ("source", {"id": "https://records.example/1", "type": ["Profile"], "email": "evil@x.example"}),
    ):
        inside = badge(OTHER)
        inside["credentialSubject"][place] = value
        assert "Another issuer describes" in verify(record(kit.sign(inside, OTHER))).summary


def test_a_badge_inside_says_nothing_of_the_learner_that_the_record_says_too() -> None:
    for said, outcome in (("Director", Outcome.INVALID), (None, Outcome.VALID)):
        inside = badge(OTHER)
        if said:
            inside["credentialSubject"]["name"] = said
        source = record(kit.sign(inside, OTHER), subject={"name": "Asha"})
        assert verify(source).outcome is outcome


def test_the_publishers_own_badges_may_say_anything() -> None:
    assert verify(record(kit.sign(badge()), subject={"name": "Asha"}, issuer=badge()["issuer"])).outcome is Outcome.VALID


def test_an_endorsement_of_a_record_only_endorses() -> None:
    good = endorsing("https://records.example/1")
    assert verify(record(_of_others(), endorsement=[kit.sign(good, OTHER)])).outcome is Outcome.VALID
    bad = endorsing("https://records.example/1", subject={"name": "Diploma"})
    assert verify(record(_of_others(), endorsement=[kit.sign(bad, OTHER)])).outcome is Outcome.INVALID


# --- one id in two places


def _self_issued() -> JsonObject:
    """Return a badge whose issuer is its learner."""
    source = badge()
    del source["issuer"]["image"]  # a picture could be of the achievement, too
    source["credentialSubject"] |= {"id": ISSUER.did, "role": "Founder"}
    return source


def _refreshing_itself() -> JsonObject:
    source = badge()
    source["@context"] = [*source["@context"], contexts.OPEN_BADGES_EXTENSIONS]
    return source | {"refreshService": {"id": BADGE_ID, "type": "1EdTechCredentialRefresh"}}


def test_an_issuer_who_is_the_learner_keeps_what_each_place_says() -> None:
    good = SIGNED["self-issued"]
    both = sorted({*_types(good["issuer"]), *_types(good["credentialSubject"])})
    for (origin, target), kinds in itertools.product(itertools.permutations(("issuer", "credentialSubject"), 2), ([], both, both[::-1])):
        for member in set(good[origin]) - {"id"}:
            for is_copied in (True, False):
                moved = copy.deepcopy(good)
                moved[target][member] = moved[origin][member] if is_copied else moved[origin].pop(member)
                if kinds:
                    moved[target]["type"] = kinds
                if moved != good:
                    assert _is_refused(moved), (origin, target, member, kinds)


def test_an_issuer_who_is_the_learner_and_says_the_same_of_both() -> None:
    source = _self_issued()
    source["credentialSubject"]["image"] = source["issuer"]["image"] = badge()["issuer"]["image"]
    good = kit.sign(source)
    assert verify(good).outcome is Outcome.VALID
    for place in ("issuer", "credentialSubject"):
        moved = copy.deepcopy(good)
        del moved[place]["image"]
        assert _is_refused(moved)


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({}, True),
        ({"id": "https://badges.example/c/1/new"}, True),
        ({"name": "x"}, False),
        ({"type": ["1EdTechCredentialRefresh"]}, True),
        ({"type": ["1EdTechCredentialRefresh", "OpenBadgeCredential"]}, False),
        ({"type": "OpenBadgeCredential"}, False),
        ({"validUntil": "2030-01-01T00:00:00Z"}, False),
    ],
    ids=str,
)
def test_a_refresh_service_may_have_the_badges_own_id_and_says_no_more(change: JsonObject, is_good: bool) -> None:  # noqa: FBT001 - a table
    source = _refreshing_itself()
    source["refreshService"] |= change
    assert (gating.gate(source) == ()) is is_good


def test_the_type_of_a_refresh_service_is_not_the_badges() -> None:
    moved = copy.deepcopy(SIGNED["refreshing"])
    moved["type"] = [*moved["type"], moved["refreshService"].pop("type")]
    assert _is_refused(moved)


@pytest.mark.parametrize(
    ("node", "key", "members"),
    [
        ({"type": "Profile"}, "issuer", {"url", "parentOrg", "familyName"}),
        ({"type": ["Achievement"]}, "achievement", {"criteria", "endorsement"}),
        ({"type": ["VerifiableCredential", "OpenBadgeCredential"]}, "", {"credentialStatus", "issuer", "proof", "validUntil"}),
        ({"type": ["VerifiableCredential", "AchievementCredential"]}, "", {"issuanceDate"}),
        ({}, "criteria", {"narrative"}),
        ({"type": "1EdTechCredentialRefresh"}, "refreshService", set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_the_members_of_a_class_are_known(node: JsonObject, key: str, members: set[str]) -> None:
    found = gating._members(node, key)
    assert found is not None
    assert members <= found


@pytest.mark.parametrize(
    ("node", "key"),
    [
        ({}, "evidence"),
        ({"type": ["Profile", "AchievementSubject"]}, "issuer"),
        ({"type": "Unknown"}, "issuer"),
        ({"type": [{"a": 1}]}, "issuer"),
        ({"type": "1EdTechCredentialRefresh"}, "evidence"),
        ({"type": ["VerifiableCredential", "OpenBadgeCredential"]}, "evidence"),
        ({"type": ["OpenBadgeCredential", "VerifiableCredential"]}, ""),
    ],
    ids=str,
)
def test_the_members_of_anything_else_are_not(node: JsonObject, key: str) -> None:
    assert gating._members(node, key) is None


@pytest.mark.parametrize(
    "accepted", [badges.ACCEPTED_CONTEXTS, badges.ACCEPTED_CLR_CONTEXTS, badges.ACCEPTED_LEGACY_CONTEXTS], ids=["v2", "clr", "v1"]
)
def test_no_two_words_of_the_contexts_mean_the_same_but_those_with_the_name_of_a_type(accepted: tuple[list[str], ...]) -> None:
    """Otherwise what one class calls `a` could be moved to where another calls it `b`, or a badge be shown under another context."""
    named = [
        word
        for url in sorted({url for context in accepted for url in context})
        for word in _words(contexts.PINNED[url].content["@context"])
    ]
    prefixes = dict(named)
    words: dict[str, set[str]] = {}
    for name, iri in named:
        prefix, _, rest = iri.partition(":")
        full = prefixes[prefix] + rest if prefix in prefixes and not rest.startswith("//") else iri
        words.setdefault(full, set()).add(name)
    assert len(words) > 100
    assert all(len({name for name in names if not name[0].isupper()}) <= 1 for names in words.values())


def _words(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, dict):
        for name, term in value.items():
            iri = term.get("@id") if isinstance(term, dict) else term
            if isinstance(iri, str) and not name.startswith("@"):
                yield name, iri
            if isinstance(term, dict):
                yield from _words(term.get("@context"))


# --- moving members about: nothing that still verifies reads otherwise


def _places(source: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for node in shape.nodes(source):
        for name in node:
            if name not in {"@context", "proof"}:
                yield node, name


DOCUMENTS: dict[str, Callable[[], JsonObject]] = {
    "endorsed": lambda: endorsed(kit.sign(endorsing(), OTHER), kit.sign(endorsing(ISSUER.did, HOLDER), HOLDER)),
    "record": lambda: record(_of_others(), kit.sign(badge(HOLDER, id="urn:x:1"), HOLDER), subject={"name": "Asha"}),
    "self-issued": lambda: kit.sign(_self_issued()),
    "refreshing": lambda: kit.sign(_refreshing_itself()),
}
SIGNED = {name: make() for name, make in DOCUMENTS.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_member_can_be_moved_or_copied_to_another_place(name: str, data: st.DataObject) -> None:
    source = copy.deepcopy(SIGNED[name])
    origin, member = data.draw(st.sampled_from(list(_places(source))))
    target = data.draw(st.sampled_from([node for node in shape.nodes(source) if node is not origin]))
    if data.draw(st.booleans()):
        target[member] = copy.deepcopy(origin[member])
    elif member in target and isinstance(target[member], list) and isinstance(origin[member], list):
        target[member] = [*target[member], *origin[member]]
    else:
        target[member] = origin.pop(member)
    if data.draw(st.booleans()):
        target["type"] = sorted({*_types(target), *_types(origin)})
    _still_reads_the_same(name, source)


def _types(node: JsonObject) -> list[str]:
    value = node.get("type", [])
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _still_reads_the_same(name: str, source: JsonObject) -> None:
    if verify(source).outcome is Outcome.VALID:
        assert kit.reading(source) == kit.reading(SIGNED[name])


def test_the_signed_documents_of_these_tests_are_valid() -> None:
    assert {name: verify(source).outcome.value for name, source in SIGNED.items()} == dict.fromkeys(SIGNED, "VALID")
