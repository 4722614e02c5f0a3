from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.vc import kit

from badgeissuer import problem, signing, verifying
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import contexts, document, report, secured, verification, verifiedlist

if TYPE_CHECKING:
    from datetime import datetime

    from tests.actions.conftest import Campus, FakeInternet, Found

NOBODY = "00000000-0000-4000-8000-000000000000"
POLICY = verification.Policy(verifying.BADGE)


def own(campus: Campus, url: str) -> verification.Resource | verification.Unreachable | None:
    with campus.reading() as session:
        return verifying.own(session, url, site=campus.site, now=campus.now)


def body(campus: Campus, url: str) -> bytes:
    found = own(campus, url)
    assert isinstance(found, verification.Resource)
    assert (found.url, found.fetched_at) == (url, campus.now)
    return found.body


# --- what is ours


def test_what_we_publish_is_read_from_the_store(secure_campus: Campus) -> None:
    badge = secure_campus.issued()
    url = secure_campus.site.credential(badge.uuid)
    status_list = secure_campus.only(tables.StatusList)
    assert body(secure_campus, url) == body(secure_campus, url + ".json") == badge.document
    assert body(secure_campus, secure_campus.site.status_list(status_list.uuid)) == status_list.published
    with secure_campus.reading() as session:
        shown = signing.controller_document(session, secure_campus.issuer())
    assert json.loads(body(secure_campus, secure_campus.site.issuer("workshop") + "/did.json")) == shown


@pytest.mark.parametrize(
    "form",
    [
        "https://BADGES.example.EDU{path}",
        "HTTPS://badges.example.edu{path}",
        "https://badges.example.edu:443{path}",
        "https://badges.example.edu{path}?utm_source=mail",
        "https://badges.example.edu{path}#achievement",
        "https://badges.example.edu{path}?",
    ],
)
def test_a_url_of_ours_is_known_however_it_is_written(secure_campus: Campus, form: str) -> None:
    badge = secure_campus.issued()
    assert body(secure_campus, form.format(path=f"/c/{badge.uuid}")) == badge.document


@pytest.mark.parametrize(
    "path",
    [
        f"/c/{NOBODY}",
        f"/c/{NOBODY}.json",
        f"/c/{NOBODY}.png",
        "/c/" + "-" * 36,
        "/c/",
        "/",
        "/i/nobody/did.json",
        "/i/bare/did.json",
        f"/status-lists/{NOBODY}",
        "/api/awards",
        "/c/../i/workshop/did.json",
        "/c/%2e%2e/i/workshop/did.json",
        "//c/x",
        "/i/workshop/did%2ejson",
        "/" + "x" * 5000,
    ],
)
def test_a_url_of_ours_with_nothing_behind_it_is_never_fetched(secure_campus: Campus, path: str) -> None:
    with secure_campus.writing() as session:
        session.add(tables.Issuer(slug="bare", name="Bare", did_method="web", created_at=secure_campus.now))
    found = own(secure_campus, "https://badges.example.edu" + path)
    assert isinstance(found, verification.Unreachable)
    assert found.reason == "there is no such document here"


def test_a_list_that_was_never_signed_is_not_shown(campus: Campus) -> None:
    campus.award()
    found = own(campus, campus.site.status_list(campus.only(tables.StatusList).uuid))
    assert isinstance(found, verification.Unreachable)


@pytest.mark.parametrize(
    "url",
    [
        "http://badges.example.edu/i/workshop/did.json",
        "https://badges.example.edu:8443/i/workshop/did.json",
        "https://badges.example.edu.evil.example/i/workshop/did.json",
        "https://evil.example/https://badges.example.edu/i/workshop/did.json",
        "https://user@badges.example.edu/i/workshop/did.json",
        "https://badges.example.edu@evil.example/i/workshop/did.json",
        "https://badges.example.edu:99999/i/workshop/did.json",
        "https://[::1/",
        "mailto:a@b.example",
        "",
        "nonsense",
    ],
)
def test_a_url_of_anybody_else_is_not_ours(secure_campus: Campus, url: str) -> None:
    assert own(secure_campus, url) is None


def test_a_service_below_a_path_answers_for_what_is_below_it(found: Found) -> None:
    campus = found(Site("https://example.edu/badges"))
    badge = campus.issued()
    assert campus.verify(badge.document).outcome == "VALID"
    assert own(campus, "https://example.edu/other") is None
    assert own(campus, "https://example.edu/badgesX/c/1") is None


# --- whom we believe


def test_our_issuers_are_known_and_the_operator_may_add_others(campus: Campus) -> None:
    with campus.writing() as session:
        session.add(tables.Issuer(slug="bare", name="Bare", did_method="web", created_at=campus.now))
    trust = verifying.Trust({"did:web:else.example": "Elsewhere"}, {"did:web:else.example#k": campus.now})
    did = campus.issuer().did
    assert did is not None
    with campus.writing() as session:
        key = signing.retire(session, campus.only(tables.SigningKey).public_key_multibase, now=campus.now, compromised=True)
    with campus.reading() as session:
        policy = verifying.policy(session, verifying.GENERIC, trust=trust)
    assert policy.trusted == {did: "Northvalley Workshop", "did:web:else.example": "Elsewhere"}
    assert policy.compromised == {key.verification_method: campus.now, "did:web:else.example#k": campus.now}


def test_a_badge_by_url_is_verified_wholly_from_the_store(secure_campus: Campus, internet: FakeInternet) -> None:
    badge = secure_campus.issued()

    def look(url: str) -> verification.Resource | verification.Unreachable:
        return own(secure_campus, url) or internet.look(url)

    url = secure_campus.site.credential(badge.uuid)
    found = verifying.verify_url(f"  {url}\n", look=look, now=secure_campus.now, policy=secure_campus.policy())
    assert (found.report.outcome, internet.asked) == ("VALID", [])
    assert found.document == document.parse(badge.document)
    assert found.report.document_sha256 == badge.sha256
    evidence = [item.url for step in found.report.steps for item in step.evidence]
    assert len(evidence) == 2


def test_one_changed_character_is_seen(campus: Campus) -> None:
    badge = campus.issued()
    changed = badge.document.replace(b"Welding Safety", b"Welding safety")
    assert changed != badge.document
    assert campus.verify(changed).outcome == "INVALID"


def test_what_cannot_be_read_is_reported_and_not_raised(campus: Campus) -> None:
    for text in (b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000, b" " * (verifying.MAX_BYTES + 1)):
        found = verifying.verify(text, look=campus.look, now=campus.now, policy=POLICY)
        assert (found.report.outcome, found.document) == ("INVALID", None)


# --- the internet


def test_a_url_with_nothing_behind_it_leaves_the_question_open(internet: FakeInternet) -> None:
    found = verifying.verify_url("https://x.example/c/1", look=internet.look, now=internet.now, policy=POLICY)
    assert (found.report.outcome, found.document, internet.asked) == ("INDETERMINATE", None, ["https://x.example/c/1"])
    assert "no answer in time" in found.report.summary


def asking(*methods: str, status: str | None = None) -> bytes:
    """Return a document whose verification would ask for the documents of `methods`."""
    source = {"proof": [{"verificationMethod": method} for method in methods]}
    entry = {"type": "BitstringStatusListEntry", "statusListCredential": status, "statusListIndex": "1", "statusPurpose": "revocation"}
    return json.dumps(source | ({"credentialStatus": entry} if status else {})).encode()


def gather(internet: FakeInternet, text: bytes) -> verification.Gathered:
    return verifying._gather(secured.Secured(document.parse(text)), look=verifying._Hurried(internet.look), policy=POLICY)


def test_every_place_is_asked_once_whatever_it_answers(internet: FakeInternet) -> None:
    internet.places["https://x.example/2"] = b"not json"
    gathered = gather(internet, asking("https://x.example/1#k", "https://x.example/1#l", "https://x.example/2#k"))
    assert internet.asked == sorted(gathered) == ["https://x.example/1", "https://x.example/2"]


def test_a_chain_of_places_is_followed_for_three_rounds(internet: FakeInternet) -> None:
    """The list names a key, whose document names a controller: one more round each, and no fourth."""
    listing = "https://lists.example/1"
    internet.places[listing] = asking("https://keys.example/1")
    internet.places["https://keys.example/1"] = json.dumps(
        {"id": "https://keys.example/1", "publicKeyMultibase": "z6Mk", "controller": "https://owner.example/1"}
    ).encode()
    gathered = gather(internet, asking(status=listing))
    assert internet.asked == [listing, "https://keys.example/1", "https://owner.example/1"]
    assert len(gathered) == verifying.MAX_ROUNDS


def test_at_most_eight_places_are_asked(internet: FakeInternet) -> None:
    entries = []
    for number in range(4):
        url = f"https://lists.example/{number}"
        internet.places[url] = asking(*(f"https://keys.example/{number}/{key}" for key in range(4)))
        entries.append(json.loads(asking(status=url))["credentialStatus"])
    text = json.dumps(json.loads(asking("https://a.example/1")) | {"credentialStatus": entries}).encode()
    gathered = gather(internet, text)
    assert len(gathered) == len(internet.asked) == len(set(internet.asked)) == verifying.MAX_URLS


def test_a_place_that_hangs_costs_the_others_their_turn(internet: FakeInternet, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def hang() -> None:
        clock[0] += verifying.SECONDS + 1

    internet.places["https://a.example/1"] = hang
    gathered = gather(internet, asking("https://a.example/1#k", "https://b.example/1#k", "https://c.example/1#k"))
    assert internet.asked == ["https://a.example/1"]
    late = gathered["https://b.example/1"]
    assert isinstance(late, verification.Unreachable)
    assert late.reason == "there was no time left to ask"


def test_an_overloaded_fetcher_is_said_to_be_so(now: datetime) -> None:
    def full(_: str) -> verification.Resource:
        raise problem.Unavailable("Too many.")

    with pytest.raises(problem.Unavailable):
        verifying.verify(asking("https://a.example/1"), look=full, now=now, policy=POLICY)


def test_a_stranger_badge_is_verified_with_what_its_issuer_publishes(found: Found, internet: FakeInternet) -> None:
    """The issuer's service is another site to us: all that counts is fetched, and nobody is known."""
    theirs = found(Site("https://other.example"))
    badge = theirs.issued()
    ours = Site("https://badges.example.edu")

    def look(url: str) -> verification.Resource | verification.Unreachable:
        assert ours.path_of(url) is None
        return internet.look(url)

    publish(theirs, internet)
    report = verifying.verify(badge.document, look=look, now=theirs.now, policy=POLICY).report
    assert (report.outcome, report.issuer.identity) == ("VALID", "unverified")
    assert len(internet.asked) == 2
    theirs.revoke(badge.uuid)
    theirs.work()
    publish(theirs, internet)
    assert verifying.verify(badge.document, look=look, now=theirs.now, policy=POLICY).report.outcome == "INVALID"
    del internet.places[theirs.site.status_list(theirs.only(tables.StatusList).uuid)]
    assert verifying.verify(badge.document, look=look, now=theirs.now, policy=POLICY).report.outcome == "INDETERMINATE"


def publish(campus: Campus, internet: FakeInternet) -> None:
    """Put onto the web what a service publishes."""
    with campus.reading() as session:
        internet.places[campus.site.issuer("workshop") + "/did.json"] = json.dumps(
            signing.controller_document(session, campus.issuer())
        ).encode()
    for row in campus.all(tables.StatusList):
        internet.places[campus.site.status_list(row.uuid)] = row.published


def test_our_own_badges_are_known_under_every_spelling_of_their_number(campus: Campus) -> None:
    badge = campus.issued()
    for number in (str(badge.uuid), str(badge.uuid).upper(), badge.uuid.hex):
        with campus.reading() as session:
            found = verifying.own(session, f"{campus.site.base}/c/{number}", site=campus.site, now=campus.now)
        assert isinstance(found, verification.Resource)
        assert found.body == badge.document


def test_what_a_stranger_hands_in_decides_nothing_of_what_is_looked_at_for_others() -> None:
    """Badges of one text are read by it; what is asked for is what each of them names, not what the one before did."""
    listed, elsewhere = "https://issuer.example/revoked", "https://elsewhere.example/slow"
    asked: list[str] = []

    def look(url: str) -> verification.Resource:
        asked.append(url)
        revoked = {"id": url, "issuer": kit.ISSUER.did, "revokedCredential": [{"id": "https://badges.example/c/3"}]}
        return kit.found(url, revoked)

    def judged(number: int, status: str = listed) -> report.Outcome:
        context = [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES, contexts.OPEN_BADGES_EXTENSIONS]
        entry = {"id": listed, "type": "1EdTechRevocationList"}
        badge = kit.sign(kit.badge(id=f"https://badges.example/c/{number}", credentialStatus=entry) | {"@context": context})
        badge["credentialStatus"]["id"] = status
        asked.clear()
        return verifying.verify(document.write(badge), look=look, now=kit.NOW, policy=POLICY).report.outcome

    assert [judged(number) for number in (1, 2, 3)] == [report.Outcome.VALID, report.Outcome.VALID, report.Outcome.INVALID]
    assert judged(4, status=elsewhere) is report.Outcome.INVALID
    assert asked == [elsewhere]
    assert judged(3) is report.Outcome.INVALID
    assert asked == [listed]


def test_a_list_by_another_key_than_the_badge_is_found_for_badges_of_a_known_text_too() -> None:
    """The key of the list's issuer is asked for only once the list is there: one round more than for most."""
    policy = dataclasses.replace(POLICY, list_issuers={kit.ISSUER.did: frozenset({kit.WEB})})
    places = {kit.LIST: kit.list_by(kit.WEB_ISSUER), kit.WEB_URL: kit.web_document(kit.WEB_ISSUER)}
    for number in range(4):
        verifiedlist.forget()
        body = document.write(kit.sign(kit.badge(id=f"https://badges.example/c/{number}")))
        asked: list[str] = []

        def look(url: str, asked: list[str] = asked) -> verification.Resource:
            asked.append(url)
            return kit.found(url, places[url])

        assert verifying.verify(body, look=look, now=kit.NOW, policy=policy).report.step("status").outcome is report.Outcome.VALID
        assert asked == [kit.LIST, kit.WEB_URL]
