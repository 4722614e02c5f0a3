from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import roster


def cut(*pieces: bytes) -> list[roster.Line]:
    lines = roster.Lines()
    found = [line for piece in pieces for line in lines.feed(piece)]
    return [*found, *lines.end()]


def test_a_learner_is_claimed_as_events_claim_one() -> None:
    learner = roster.Learner(email="asha@example.org", name="Asha Rao", source_id="7", did="did:web:asha.example")
    claim = learner.claim
    assert (claim.email, claim.name, claim.source_id, claim.did) == (learner.email, learner.name, learner.source_id, learner.did)
    assert (claim.sis_id, claim.orcid) == (None, None)


@given(st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\n", b"")), max_size=12), st.integers(1, 9))
def test_the_lines_are_the_same_in_whatever_pieces_they_come(texts: list[bytes], size: int) -> None:
    whole = b"\n".join(texts)
    pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    lines = enumerate(whole.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)  # by itself, a byte order mark is no line
    expected = [(number, text.strip(b" \t\r")) for number, text in lines if text.strip(b" \t\r")]
    assert cut(*pieces) == cut(whole) == expected


def test_blank_lines_are_counted_and_a_byte_order_mark_is_no_part_of_the_first() -> None:
    assert cut(b"\xef\xbb\xbf{}\r\n\r\n \t\n[]") == [(1, b"{}"), (4, b"[]")]
    assert cut(b"\n\xef\xbb\xbf{}") == [(2, b"\xef\xbb\xbf{}")]


@pytest.mark.parametrize("size", [1000, 10**6])
def test_of_a_line_without_end_little_is_kept(size: int) -> None:
    lines = roster.Lines()
    for _ in range(10**6 // size):
        assert list(lines.feed(b"x" * size)) == []
    assert len(lines._rest) < roster.MAX_ROW + 10
    assert list(lines.feed(b"\n{}\n")) == [(1, b"x" * (roster.MAX_ROW + 1)), (2, b"{}")]


def test_a_line_that_is_just_short_enough_stays_whole_wherever_it_is_cut() -> None:
    line = b"x" * roster.MAX_ROW
    assert cut(b"\xef\xbb\xbf" + line, b"\r\n") == [(1, line)]


@given(st.lists(st.tuples(st.integers(1), st.binary(min_size=1).filter(lambda line: b"\n" not in line))))
def test_unpack_undoes_pack(lines: list[roster.Line]) -> None:
    assert roster.unpack(roster.pack(lines)) == lines


def test_a_row_is_read() -> None:
    row = roster.read(b'{"learner": {"did": "did:example:asha"}, "awarded_at": "2026-05-20T14:05:00+02:00", "credits_earned": 2}')
    assert (row.learner.did, row.scope, row.credits_earned) == ("did:example:asha", "once", 2)
    assert row.awarded_at is not None
    assert row.awarded_at.isoformat() == "2026-05-20T12:05:00+00:00"
    assert row.learner.is_somebody
    assert not roster.read(b'{"learner": {"name": "Asha"}}').learner.is_somebody


@pytest.mark.parametrize(
    ("line", "pointer", "detail"),
    [
        (b"{}", "/learner", "learner is missing; add it."),
        (b'{"learner": 1}', "/learner", "learner: input should be a valid dictionary"),
        (b'{"learner": {}, "grade": 1}', "/grade", "There is no member grade in a row; leave it out, or take one of learner, awarded_at,"),
        (b'{"learner": {"mail": "x"}}', "/learner/mail", "or take one of email, name, source_id, did."),
        (b'{"learner": {"email": "x"}}', "/learner/email", "learner.email: must be an e-mail address."),
        (b'{"learner": {"name": "a\\u0001b"}}', "/learner/name", "learner.name: holds a control character"),
        (b'{"learner": {}, "awarded_at": "yesterday"}', "/awarded_at", "awarded_at: 'yesterday' is no date-time"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(line: bytes, pointer: str, detail: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        roster.read(line)
    (finding,) = caught.value.findings
    assert finding.pointer == pointer
    assert detail in finding.detail


def test_half_a_line_and_a_line_too_long_are_said() -> None:
    with pytest.raises(problem.Malformed, match=r"at column 13\. Write one whole JSON object a line"):
        roster.read(b'{"learner": ')
    with pytest.raises(problem.TooLarge, match="The row is longer than 65,536 bytes"):
        roster.read(b'"' + b"x" * roster.MAX_ROW + b'"')
