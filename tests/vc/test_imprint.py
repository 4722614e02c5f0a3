"""What is read by comparing it with a text that is known is what would be read as JSON, or it is read as JSON."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from cachetools import LRUCache
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st
from tests.vc import kit
from tests.vc.test_family import afresh, badge, forget

from badgeissuer import problem
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import alarm, contexts, document, family, imprint, templates, verification
from badgeissuer.vc.document import JsonObject

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = verification.Policy(badges.BADGE)
WRITERS: dict[str, Callable[[Any], bytes]] = {
    "compact": document.write,
    "python": lambda value: json.dumps(value).encode(),
    "python, as UTF-8": lambda value: json.dumps(value, ensure_ascii=False).encode(),
    "indented": lambda value: json.dumps(value, ensure_ascii=False, indent=2).encode(),
}


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)


def signed(*changes: tuple[str, Any]) -> JsonObject:
    return kit.sign(badge(("/credentialSubject/creditsEarned", 2.5), ("/credentialSubject/result/0/value", "61"), *changes))


def judge(body: bytes, policy: verification.Policy = POLICY) -> tuple[Any, Any]:
    """Return what a body holds and the report on it, and keep its text as the service does."""
    found = imprint.IMPRINTS.read(body)
    source = found.source if found else document.parse(body)
    assert verification.needs(source, {}, policy=policy, imprint=found) == verification.needs(source, {}, policy=policy)
    report = verification.verify(source, {}, now=kit.NOW, policy=policy, sha256="00", imprint=found)
    if found is None and report.is_signed:
        kind = policy.profile.kind(source)
        imprint.IMPRINTS.learn(body, source, kind, kind.neutral, policy.known)
    return found, report


def learned(write: Callable[[Any], bytes] = document.write) -> JsonObject:
    """Have one badge be seen so often that its text is kept, and return it."""
    first = signed()
    for _ in range(2):
        assert judge(write(first))[0] is None
    return first


def same(body: bytes, found: imprint.Found | None) -> bool:
    """Return whether a body was read as JSON would be, or not at all; 1, 1.0 and true are not the same."""
    if found is None:
        return True
    try:
        return json.dumps(document.parse(body)) == json.dumps(found.source)
    except problem.Problem:
        return False


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_another_badge_of_the_family_is_read_by_its_text_and_judged_the_same(write: Callable[[Any], bytes]) -> None:
    learned(write)
    other = signed(("/id", "https://badges.example/c/2"), ("/credentialSubject/narrative", "Bold."), ("/validFrom", "2026-05-21T00:00:00Z"))
    found, report = judge(write(other))
    assert found is not None
    assert found.source == other
    assert list(found.source) == list(other)
    assert report == afresh(other)
    assert report.is_signed
    forged = copy.deepcopy(other) | {"id": "https://badges.example/c/3"}
    found, report = judge(write(forged))
    assert found is not None
    assert report == afresh(forged)
    assert not report.is_signed


def test_a_value_that_the_rules_look_at_is_looked_at() -> None:
    learned()
    for value in ("40", "many", "61"):
        other = signed(("/credentialSubject/result/0/value", value))
        found, report = judge(document.write(other))
        assert found is not None
        assert report == afresh(other), value


VALUES = st.one_of(
    st.text(max_size=12), st.sampled_from(['"', "\\", '","x":"', "\u2028", "\x7f", "é", "\x00", "\ud800", "https://badges.example/c/1", ""])
)
NUMBERS = st.one_of(
    st.integers(-(10**16), 10**16), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0, -0.0, 0.0, 1e22, 5e-324, 2.0])
)
PLACES = [
    "/id",
    "/credentialSubject/narrative",
    "/credentialSubject/licenseNumber",
    "/credentialSubject/result/0/value",
    "/evidence/0/narrative",
]


@seed(20261122)
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(PLACES), VALUES), NUMBERS, st.sampled_from(list(WRITERS)), st.text(max_size=8))
@example({}, -0.0, "compact", "")
@example({"/id": '","id":"'}, 2, "python", "z")
def test_whatever_the_values_are_it_is_read_as_json_would_be(values: dict[str, str], number: float, writer: str, proof_value: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        forget(monkeypatch)
        learned(WRITERS[writer])
        source = badge(("/credentialSubject/creditsEarned", number), *values.items())
        source["proof"] = signed()["proof"] | ({"proofValue": proof_value} if proof_value else {})
        try:
            body = WRITERS[writer](source)
        except UnicodeEncodeError:
            body = json.dumps(source).encode()
        found = imprint.IMPRINTS.read(body)
        assert same(body, found)
        if found is not None:
            _, report = judge(body)
            assert report == afresh(document.parse(body))


def test_no_changed_byte_is_read_in_another_way() -> None:
    body = document.write(learned())
    read = 0
    for place in range(len(body)):
        for other in {b'"', b"\\", b"\x00", b"0", b"-", b"{", bytes([body[place] ^ 1]), bytes([body[place] ^ 0x80])}:
            changed = body[:place] + other + body[place + 1 :]
            found = imprint.IMPRINTS.read(changed)
            read += found is not None
            assert same(changed, found), (place, other)
    assert read > 500, "texts that are merely other texts are read"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2.5", b"02.5"), (b"2.5", b"2.5e0"), (b"2.5", b"-0.0"), (b"2.5", b"2"), (b"2.5", b'"2.5"'), (b"2.5", b"+2.5"), (b"2.5", b"true"),
        (b"2.5", b"2."), (b"2.5", "\u0662.\u0665".encode()), (b"2.5", b"1234567890123456.5"), (b"Steady.", b"\xff"), (b"Steady.", b"a\nb"),
        (b"Steady.", b'a","narrative":"b'), (b"Steady.", b"a\\u0041"), (b'"Steady."', b"null"), (b"{", b"{ "), (b"}", b"} "),
    ],
)  # fmt: skip
def test_another_text_is_not_taken_for_the_one_that_is_known(old: bytes, new: bytes) -> None:
    body = document.write(learned())
    assert imprint.IMPRINTS.read(body) is not None
    assert imprint.IMPRINTS.read(body.replace(old, new, 1)) is None


@pytest.mark.parametrize("way", ["after", "before", "less", "twice", "nothing"])
def test_a_text_has_nothing_around_it(way: str) -> None:
    body = document.write(learned())
    changed = {"after": body + b" ", "before": b" " + body, "less": body[:-1], "twice": body + body, "nothing": b""}[way]
    assert imprint.IMPRINTS.read(changed) is None


def test_a_number_may_be_written_with_more_digits() -> None:
    body = document.write(learned()).replace(b"2.5", b"2.50")
    found = imprint.IMPRINTS.read(body)
    assert found is not None
    assert same(body, found)


def is_kept(body: bytes, policy: verification.Policy = POLICY) -> bool:
    for _ in range(2):  # of what is seen once nothing is kept
        judge(body, policy)
    return imprint.IMPRINTS.read(body) is not None


def test_the_text_is_kept_of_good_and_plain_badges_only(monkeypatch: pytest.MonkeyPatch) -> None:
    good = signed()
    kind = POLICY.profile.kind(good)
    imprint.IMPRINTS.learn(document.write(good), good, kind, kind.neutral, POLICY.known)
    assert not imprint.IMPRINTS._kept, "nobody has verified one like it"
    forged = copy.deepcopy(good)
    forged["proof"]["proofValue"] = forged["proof"]["proofValue"][:-1] + "2"
    assert not is_kept(document.write(forged))
    assert not is_kept(document.write(good | {"proof": [good["proof"]]}))
    assert not is_kept(json.dumps(good, separators=(" , ", " : ")).encode()), "nobody writes so"
    assert not is_kept(document.write(good), verification.Policy(badges.GENERIC))
    with monkeypatch.context() as patch:
        patch.setattr(imprint, "MAX_BODY", 1000)
        assert not is_kept(document.write(good))
    with monkeypatch.context() as patch:
        patch.setattr(imprint, "WINDOW", 10_000)
        assert not is_kept(document.write(good))
    assert not imprint.IMPRINTS._kept
    assert is_kept(document.write(signed(("/credentialSubject/licenseNumber", "9"), ("/name", "Another"))))


def test_a_number_without_a_value_is_no_gap() -> None:
    source = kit.sign(badge(("/credentialSubject/creditsEarned", 0.0)))
    assert not is_kept(document.write(source))


def test_a_text_of_one_kind_of_documents_says_nothing_of_another() -> None:
    first = learned()
    found = imprint.IMPRINTS.read(document.write(first))
    assert found is not None
    for policy in (verification.Policy(badges.GENERIC), verification.Policy(badges.BADGE, known=dict(contexts.PINNED))):
        report = verification.verify(found.source, {}, now=kit.NOW, policy=policy, sha256="", imprint=found)
        assert report == verification.verify(first, {}, now=kit.NOW, policy=policy, sha256="")


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imprint, "MAX_HEADS", 2)
    good = signed(("/name", "Café"))
    assert all(is_kept(write(good)) for write in WRITERS.values())
    assert len(imprint.IMPRINTS._heads) == 2
    assert imprint.IMPRINTS.read(document.write(good)) is None, "the way it begins was forgotten"
    assert is_kept(document.write(good)), "and is learnt again"
    monkeypatch.setattr(imprint, "IMPRINTS", imprint.Imprints())
    monkeypatch.setattr(imprint.IMPRINTS, "_kept", LRUCache(3, len))
    bodies = [document.write(signed(("/name", name))) for name in ("One", "Two", "Three", "Four")]
    assert all(is_kept(body) for body in bodies)
    assert [imprint.IMPRINTS.read(body) is not None for body in bodies] == [False, True, True, True]


def test_what_is_used_is_not_forgotten_for_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imprint, "MAX_HEADS", 3)
    monkeypatch.setattr(imprint, "MAX_ALIKE", 3)
    body = document.write(learned())
    for number in range(6):  # they have other members, and are the same up to the end of the window
        assert is_kept(document.write(signed(("/credentialSubject/achievement/tag", [f"x{item}" for item in range(number + 1)]))))
        assert imprint.IMPRINTS.read(body) is not None
    for number in range(6):
        first = {
            "name": f"First {number}",
            **signed(("/name", f"First {number}"), ("/credentialSubject/achievement/tag", [f"y{item}" for item in range(number)])),
        }
        is_kept(json.dumps(kit.sign({name: value for name, value in first.items() if name != "proof"})).encode())
        assert imprint.IMPRINTS.read(body) is not None
    assert len(imprint.IMPRINTS._heads) == 3


def test_bodies_that_cannot_be_kept_do_not_keep_others_from_it() -> None:
    odd = json.dumps(signed(), separators=(" , ", " : ")).encode()
    for _ in range(5):
        assert not is_kept(odd)
    quoted = document.write(signed(("/credentialSubject/narrative", 'So "so"')))
    for _ in range(2):
        assert not is_kept(quoted)
    assert is_kept(document.write(signed()))


def test_in_the_end_it_is_seldom_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(imprint, "_imprint", lambda *_: tried.append(1))
    for _ in range(40):
        judge(document.write(signed()))
    assert len(tried) == imprint.MAX_TRIES + 1, "not the first, but the 16th and the 32nd time"


def test_a_sample_is_read_both_ways_and_a_difference_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    body = document.write(learned())
    monkeypatch.setattr(templates, "CHECKED", 2)
    assert all(imprint.IMPRINTS.read(body) is not None for _ in range(4))
    assert alarm.ALARM.reason is None
    (kept,) = (item for items in imprint.IMPRINTS._kept.values() for item in items)
    kept.source["credentialSubject"]["achievement"]["name"] = "Something else"
    results = [imprint.IMPRINTS.read(body) is None for _ in range(2)]
    assert True in results
    assert "another way" in str(alarm.ALARM.reason)
    assert imprint.IMPRINTS.read(body) is None, "after that nothing is read so"


def test_what_cannot_be_read_as_json_sounds_the_alarm_too(monkeypatch: pytest.MonkeyPatch) -> None:
    body = document.write(learned())
    monkeypatch.setattr(templates, "CHECKED", 1)

    def refuse(_body: bytes) -> JsonObject:
        raise problem.Malformed("No.")

    monkeypatch.setattr(document, "parse", refuse)
    assert imprint.IMPRINTS.read(body) is None
    assert alarm.ALARM.reason


def test_nobody_changes_what_documents_share() -> None:
    first = learned()
    (kept,) = (item for items in imprint.IMPRINTS._kept.values() for item in items)
    before = json.dumps(kept.source)
    found, report = judge(document.write(signed(("/id", "https://badges.example/c/2"))))
    report.to_json()
    assert found is not None
    assert found.source["credentialSubject"]["achievement"] is kept.source["credentialSubject"]["achievement"]
    assert json.dumps(kept.source) == before == json.dumps(first)


def test_a_text_is_compared_from_its_beginning() -> None:
    body = document.write(learned())
    (kept,) = (item for items in imprint.IMPRINTS._kept.values() for item in items)
    assert kept.read(body) is not None
    assert kept.read(b"[" + body[1:]) is None


def test_families_are_forgotten_without_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    body = document.write(learned())
    monkeypatch.setattr(family, "FAMILIES", family.Families())
    found, report = judge(body)
    assert found is not None
    assert report == afresh(document.parse(body))
