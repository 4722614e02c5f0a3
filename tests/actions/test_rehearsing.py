"""A dry run says what the run does, whatever stands in the roster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.actions.conftest import roster_of

from badgeissuer import authoring, batching, rehearsing, rostering, tabulating
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Anew, Campus


def look(campus: Campus, rows: list[dict[str, Any]]) -> rehearsing.Rehearsal:
    with campus.reading() as session, roster_of(*rows) as roster:
        found = authoring.achievement(session, "welding")
        version = authoring.newest_version(session, found)
        assert version
        return rehearsing.rehearse(session, found, version, rows=roster, layout=None, now=campus.now)


def run(campus: Campus, rows: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Return how many rows were issued, had it before, wait, and failed."""
    batch = campus.submit(*rows)
    campus.work()
    with campus.reading() as session:
        (now,) = batching.progress(session, [session.get_one(tables.Batch, batch.id)])
    return now.done - now.repeated - now.waiting, now.repeated, now.waiting, now.failed


LEARNER = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["a@example.org", "A@Example.org", "b@example.org", "known@example.org", "none"]),
        "source_id": st.sampled_from(["1", "2"]),
        "did": st.sampled_from(["did:key:z6Mka", "did:key:z6Mkb"]),
        "name": st.sampled_from(["Ann", "Bo"]),
    },
)
ROW = st.fixed_dictionaries(
    {"learner": LEARNER},
    optional={
        "awarded_at": st.sampled_from(["2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z", "2029-05-02T00:00:00Z"]),
        "narrative": st.sampled_from(["x", "y"]),
        "scope": st.just("2026"),
    },
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=8))
def test_a_dry_run_says_what_the_run_does(anew: Anew, rows: list[dict[str, Any]]) -> None:
    with anew() as campus:
        campus.award("known@example.org")
        campus.work()
        before = len(campus.all(tables.Award)), len(campus.all(tables.Learner))
        found = look(campus, rows)
        assert (len(campus.all(tables.Award)), len(campus.all(tables.Learner))) == before, "nothing was stored"
        ran = run(campus, rows)
        assert (found.total, found.fail) == (len(rows), ran[3])
        assert found.repeat == ran[1]
        assert found.issue + found.wait == ran[0] + ran[2]


def test_who_waits_for_an_address_is_counted(campus: Campus) -> None:
    rows: list[dict[str, Any]] = [
        {"learner": {"source_id": "1"}},
        {"learner": {"source_id": "2", "email": "b@example.org"}},
        {"learner": {"source_id": "2"}},
    ]
    rows.append({"learner": {"source_id": "2"}, "scope": "2027"})
    found = look(campus, rows)
    assert (found.issue, found.repeat, found.wait, found.fail) == (2, 1, 1, 0)
    assert run(campus, rows) == (2, 1, 1, 0)


def test_many_faults_are_counted_and_some_told(campus: Campus) -> None:
    found = look(campus, [{"learner": {"email": "nowhere"}, "scope": ""}] * 600)
    assert (found.fail, len(found.faults), found.unsaid) == (600, rehearsing.MAX_FAULTS, 200)


def test_the_results_of_a_batch_of_json_lines_are_a_sheet_too(campus: Campus) -> None:
    campus.award("known@example.org")
    campus.work()
    lines = [
        b'{"learner": {"email": "a@example.org"}}',
        b'{"learner": {"email": "known@example.org"}}',
        b'{"learner": {"source_id": "0042"}}',
        b'{"learner',
        b'{"learner": {"email": 7}}',
    ]
    batch = campus.submit(*lines)
    with campus.reading() as session:
        assert [line.split(",")[1:3] for line in tabulating.results(session, batch, site=campus.site)][1] == ["a@example.org", "to do"]
    campus.work()
    with campus.reading() as session:
        found = [
            line.rstrip("\r\n").split(",")[:4]
            for line in tabulating.results(session, session.get_one(tables.Batch, batch.id), site=campus.site)
        ]
        failed = list(tabulating.failed(session, session.get_one(tables.Batch, batch.id)))
    assert [row[:3] for row in found[1:]] == [
        ["1", "a@example.org", "issued"],
        ["2", "known@example.org", "repeated"],
        ["3", "0042", "needs_identity"],
        ["4", "", "failed"],
        ["5", "7", "failed"],
    ]
    assert [bool(row[3]) for row in found[1:]] == [True, True, False, False, False]
    assert len(failed) == 3
    assert failed[1].startswith("4,The row is not JSON:")


def test_what_a_column_means_is_said_in_words() -> None:
    asked = rostering.ask(["a=b=email"], encoding="UTF8", delimiter="\\t", dates="", zone="")
    assert (asked.form.encoding, asked.form.delimiter, asked.told, asked.dates, asked.zone) == ("utf-8", "\t", {"a=b": "email"}, None, None)
