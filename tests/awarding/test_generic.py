from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, generic, incoming

if TYPE_CHECKING:
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LEAST: dict[str, Any] = {"events": "@", "type": "type", "learner": {"source_id": "user"}}
CONTRACT: dict[str, Any] = {
    "events": "@",
    "id": "data.event_id",
    "type": "type",
    "occurred_at": "data.completed_at",
    "course": "to_string(data.course.id)",
    "courses": "[data.course.code]",
    "run": "data.course.run",
    "credits": "data.credits.earned",
    "learner": {"source_id": "to_string(data.learner.id)"} | {name: f"data.learner.{name}" for name in ("sis_id", "email", "name")},
    "result": {"raw": "data.result.score"} | {name: f"data.result.{name}" for name in ("max", "scaled", "letter", "status")},
    "evidence": "data.evidence",
}


def read_all(body: Any, mapping: dict[str, Any], *, zone: ZoneInfo | None = None) -> tuple[event.LearningEvent, ...]:  # noqa: ANN401 - any JSON
    return adapter.read("generic", incoming.Incoming(body), incoming.Reading(zone, mapping))


def read(body: Any, **more: Any) -> event.LearningEvent:  # noqa: ANN401 - any JSON
    (found,) = read_all(body, LEAST | more)
    return found


def refuse(body: Any, **more: Any) -> str:  # noqa: ANN401 - any JSON
    with pytest.raises(problem.Malformed) as caught:
        read_all(body, LEAST | more)
    assert caught.value.__cause__ is None
    return caught.value.detail


def done(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"type": "done", "user": 1, **more}


class TestSenders:
    def test_the_signed_sample_is_read_with_a_mapping(self, shared_data: Path) -> None:
        body = (shared_data / "lms" / "generic_hmac" / "course_completed.json").read_bytes()
        found = adapter.read("generic", incoming.read(body, {}), incoming.Reading(mapping=CONTRACT))
        assert found == adapter.read("native", incoming.read(body, {}))

    def test_the_shape_of_the_contract_is_read(self) -> None:
        mapping = {
            "events": "@",
            "id": "id",
            "type": "join('.', [resource, action])",
            "occurred_at": "created_at",
            "course": "to_string(payload.course.id)",
            "learner": {
                "source_id": "to_string(payload.user.id)",
                "email": "payload.user.email",
                "name": "join(' ', [payload.user.first, payload.user.last])",
            },
        }
        user = {"id": 4211, "email": "asha.rao@example.org", "first": "Asha", "last": "Rao"}
        body = {
            "id": "20260520140131",
            "resource": "enrollment",
            "action": "completed",
            "created_at": "2026-05-20T14:01:31.250Z",
            "payload": {"user": user, "course": {"id": 25}},
        }
        (found,) = read_all(body, mapping)
        assert (found.key, found.type, found.course, found.courses) == ("20260520140131", "enrollment.completed", "25", ("25",))
        assert found.occurred_at == datetime(2026, 5, 20, 14, 1, 31, 250000, tzinfo=UTC)
        assert found.learner == event.LearnerClaim("4211", None, "asha.rao@example.org", "Asha Rao")

    def test_an_array_of_envelopes_with_ids_and_seconds_is_read(self) -> None:
        body = [
            {"kind": "noise", "at": 1779285600, "body": None},
            {"kind": "finish", "at": 1779285691, "body": {"who": 88, "what": [7, "WELD101"], "pct": "87%", "ok": "True"}},
            {"kind": "finish", "at": 1779285691500, "body": {"who": 89, "what": [7, None], "pct": 12, "ok": "0"}},
        ]
        mapping = {
            "events": "[?kind == 'finish']",
            "type": '`"course.finished"`',
            "occurred_at": "at",
            "courses": "body.what",
            "learner": {"source_id": "body.who"},
            "result": {"percent": "body.pct", "passed": "body.ok"},
        }
        first, second = read_all(body, mapping)
        assert first.type == second.type == "course.finished"
        assert (first.learner.source_id, second.learner.source_id) == ("88", "89")
        assert (first.course, first.courses, second.courses) == ("7", ("7", "WELD101"), ("7",))
        assert first.occurred_at == datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
        assert second.occurred_at == datetime(2026, 5, 20, 14, 1, 31, 500000, tzinfo=UTC)
        assert first.result == event.ResultClaim(None, None, 0.87, None, None, passed=True)
        assert second.result == event.ResultClaim(None, None, 0.12, None, None, passed=False)
        assert (first.pointer, second.pointer) == ("/1", "/2")
        assert first.key != second.key

    def test_a_form_in_another_language_is_read(self) -> None:
        body = (
            b"ereignis=bestanden&schein.nr=S-77&matrikel=0042&mail=lee%40example.net&punkte=35&von=40&note=1%2C7"
            b"&am=2026-05-20+16%3A01%3A31&zurueckgezogen=false"
        )
        given_form = incoming.read(body, {"content-type": incoming.FORM})
        mapping: dict[str, Any] = {
            "events": "@",
            "id": '"schein.nr"',
            "type": "ereignis",
            "occurred_at": "am",
            "started_at": "beginn",
            "item": '"schein.nr"',
            "learner": {"sis_id": "matrikel", "email": "mail"},
            "result": {"raw": "punkte", "max": "von", "letter": "note", "scaled": "anteil", "percent": "prozent"},
            "withdraws": "zurueckgezogen",
        }
        (found,) = adapter.read("generic", given_form, incoming.Reading(ZoneInfo("Europe/Berlin"), mapping))
        assert (found.key, found.type, found.item, found.withdraws) == ("S-77", "bestanden", "S-77", False)
        assert found.occurred_at == datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
        assert found.started_at is None
        assert found.learner == event.LearnerClaim(None, "0042", "lee@example.net", None)
        assert found.result == event.ResultClaim(35, 40, 0.875, "1,7", None)

    def test_a_batch_deep_inside_is_read_and_each_event_knows_its_place(self) -> None:
        def one(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
            return {"n": number, "person": {"orcid": "https://orcid.org/0000-0002-1825-0097", "did": "did:web:asha.example"}, **more}

        body = {
            "app/events.v2": {
                "batches": [
                    {
                        "rows": [
                            one(1, work=["https://x.example/1", {"url": "https://x.example/2", "name": "Weld"}, None, {}]),
                            one(2, undo=1),
                        ]
                    },
                    {"rows": []},
                    {"rows": [one(3, work="https://x.example/3", points="2.5")]},
                ]
            }
        }
        mapping = {
            "events": '"app/events.v2".batches[].rows[]',
            "id": "n",
            "type": "'row'",
            "voids": "undo",
            "credits": "points",
            "learner": {"orcid": "person.orcid", "did": "person.did"},
            "evidence": "work",
        }
        found = read_all(body, mapping)
        assert [item.key for item in found] == ["1", "2", "3"]
        assert [item.pointer for item in found] == [f"/app~1events.v2/batches/{place}" for place in ("0/rows/0", "0/rows/1", "2/rows/0")]
        assert found[0].evidence == (event.EvidenceClaim("https://x.example/1", None), event.EvidenceClaim("https://x.example/2", "Weld"))
        assert found[1].voids == "1"
        assert (found[2].evidence, found[2].credits) == ((event.EvidenceClaim("https://x.example/3", None),), 2.5)
        assert found[0].learner == event.LearnerClaim(None, None, None, None, "did:web:asha.example", "0000-0002-1825-0097")


class TestEvents:
    def test_a_type_is_enough(self) -> None:
        found = read({"type": "done"})
        assert found.learner == event.LearnerClaim(None, None, None, None)
        assert found.result == event.ResultClaim(None, None, None, None, None)
        assert (found.occurred_at, found.started_at, found.course, found.courses, found.run, found.item) == (
            None,
            None,
            None,
            (),
            None,
            None,
        )
        assert (found.credits, found.evidence, found.withdraws, found.voids, found.pointer) == (None, (), False, None, "")

    def test_without_an_id_the_content_is_the_key(self) -> None:
        body = done(a=1)
        assert read(body).key == event.content_key(body)
        assert read(body, id="id").key == read(body | {"id": " "}, id="id", events="{type: type, user: user, a: a}").key
        assert read(body, id="user").key == "1"

    def test_no_events_are_no_fault_where_the_mapping_finds_an_empty_array(self) -> None:
        assert read_all([], LEAST) == ()
        assert read_all([{"type": "ping"}], LEAST | {"events": "[?type == 'done']"}) == ()

    @pytest.mark.parametrize(
        ("events", "found"),
        [
            ("missing", "nothing"),
            ("type", "a text"),
            ("user", "a number"),
            ("[@, type]", "an array"),
            ("[[@]]", "an array"),
            ("`true`", "true or false"),
        ],
    )
    def test_what_is_no_object_is_no_event(self, events: str, found: str) -> None:
        said = refuse(done(), events=events)
        assert said.startswith(f"mapping.events, {events}, gives {found} where it needs an object, or an array of nothing but objects.")

    def test_a_thousand_events_are_read_and_no_more(self) -> None:
        assert len(read_all([done()] * 1000, LEAST)) == 1000
        with pytest.raises(problem.TooLarge, match="selects 1,001 events; at most 1,000"):
            read_all([done()] * 1001, LEAST)

    @pytest.mark.parametrize(
        ("more", "scaled"),
        [
            ({"scaled": 0.5, "percent": "60%", "raw": 7, "max": 10}, 0.5),
            ({"percent": "60%", "raw": 7, "max": 10}, 0.6),
            ({"raw": "7", "max": "10"}, 0.7),
            ({"scaled": 0, "raw": 7, "max": 10}, 0),
            ({"raw": 7}, None),
        ],
    )
    def test_the_share_is_computed_from_the_best_that_is_there(self, more: dict[str, Any], scaled: float | None) -> None:
        paths = {name: name for name in ("raw", "max", "scaled", "percent")}
        assert read(done(**more), result=paths).result.scaled == scaled

    def test_the_course_goes_before_its_other_forms(self) -> None:
        found = read(done(a="X", b=["Y", "X", None, 7]), course="a", courses="b")
        assert (found.course, found.courses) == ("X", ("X", "Y", "7"))
        assert read(done(b="Y"), course="a", courses="b").courses == ("Y",)

    @pytest.mark.parametrize(
        ("member", "value", "kind"),
        [
            ("type", None, "nothing where it needs a text that is not empty"),
            ("type", " ", "a text where it needs a text that is not empty"),
            ("type", ["x"], "an array where it needs a text"),
            ("id", {"a": "secret"}, "an object where it needs a text"),
            ("occurred_at", "secret", "a text where it needs a time"),
            ("started_at", True, "true or false where it needs a time"),
            ("course", 7.5, "a number where it needs a text"),
            ("courses", [["secret"]], "an array where it needs a text"),
            ("courses", ["x"] * 101, "an array where it needs at most 100 values"),
            ("run", [], "an array where it needs a text"),
            ("item", {}, "an object where it needs a text"),
            ("credits", "secret", "a text where it needs a number"),
            ("credits", "87,5", "a text where it needs a number"),
            ("evidence", [5.5], "an array where it needs an array of URLs"),
            ("evidence", [{"url": ["secret"]}], "an array where it needs an array of URLs"),
            ("evidence", [{"name": {}}], "an array where it needs an array of URLs"),
            ("evidence", ["x"] * 101, "an array where it needs at most 100 values"),
            ("withdraws", "secret", "a text where it needs true or false"),
            ("voids", [], "an array where it needs a text"),
        ],
    )
    def test_what_does_not_fit_is_named_by_member_path_and_kind(self, member: str, value: Any, kind: str) -> None:  # noqa: ANN401 - any JSON
        said = refuse(done(place=value), **{member: "place"})
        assert said.startswith(f"mapping.{member}, place, gives {kind}")
        assert "secret" not in said

    @pytest.mark.parametrize(
        ("part", "member", "value"),
        [("learner", name, ["secret"]) for name in ("source_id", "sis_id", "email", "name", "did", "orcid")]
        + [("result", name, {"secret": 1}) for name in ("raw", "max", "scaled", "percent", "letter", "status", "passed")],
    )
    def test_so_it_is_in_the_parts(self, part: str, member: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        paths = {"source_id": "user", member: "place"} if part == "learner" else {member: "place"}
        said = refuse(done(place=value), **{part: paths})
        assert said.startswith(f"mapping.{part}.{member}, place, gives {'an array' if part == 'learner' else 'an object'} where it needs ")
        assert "secret" not in said

    def test_what_a_function_cannot_take_is_named_without_the_value(self) -> None:
        said = refuse(done(name=["secret"]), learner={"email": "join('', [name])"})
        assert said == "mapping.learner.email, join('', [name]): join() cannot take an array. Change the mapping, or what is sent."

    def test_what_no_adapter_may_give_is_refused_here_too(self) -> None:
        assert "NUL" in refuse(done(place="a\x00"), course="place")
        for path in ("source_id", "sis_id", "did"):
            assert "NUL" in refuse(done(place="a\x00"), learner={path: "place"})
        assert "no decentralised identifier" in refuse(done(place="did"), learner={"did": "place"})
        assert "no ORCID iD" in refuse(done(place="0000-0002-1825"), learner={"orcid": "place"})
        assert "longer than 255" in refuse(done(place="x" * 256), course="place")
        with pytest.raises(problem.Malformed, match="canonical form"):
            read(done(number=2**53))

    def test_an_event_that_the_mapping_made_has_no_place(self) -> None:
        body = {"at": 5, "rows": [done()]}
        assert read(body, events="rows[*].{type: type, user: user}").pointer == ""
        assert read(body, events="rows").pointer == "/rows/0"
        assert [found.pointer for found in read_all(body, LEAST | {"events": '[rows[0], rows[0], {type: `"x"`}]'})] == [
            "/rows/0",
            "/rows/0",
            "",
        ]

    def test_an_event_behind_too_much_else_has_no_place(self) -> None:
        others: list[dict[str, Any]] = [{} for _ in range(generic.MAX_LOOKED)]
        assert read({"a": others[2:], "b": [done()]}, events="b").pointer == ""
        assert read({"a": others[3:], "b": done()}, events="b").pointer == "/b"
        assert read({"a": others, "b": {"c": done()}}, events="b.c").pointer == ""

    def test_a_place_that_is_too_long_to_keep_is_left_out(self) -> None:
        for length, pointer in ((499, "/" + "x" * 499), (500, "")):
            assert read({"x" * length: done()}, events="* | [0]").pointer == pointer


class TestMapping:
    def test_a_mapping_survives_storage(self) -> None:
        mapping = generic.parse(CONTRACT)
        assert generic.parse(mapping.model_dump(mode="json")) == mapping

    @pytest.mark.parametrize(
        ("change", "pointer", "said"),
        [
            ({"events": None}, "/events", "valid string"),
            ({"events": 5}, "/events", "valid string"),
            ({"events": "a["}, "/events", "it is no JMESPath; the fault is near character 3"),
            ({"type": "map(&a, b)"}, "/type", "there is no function map()"),
            ({"colour": "a"}, "/colour", "not permitted"),
            ({"a/b~c": "a"}, "/a~1b~0c", "not permitted"),
            ({"learner": {}}, "/learner", "at least one of source_id, sis_id, email, did and orcid"),
            ({"learner": {"name": "a"}}, "/learner", "at least one of source_id, sis_id, email, did and orcid"),
            ({"learner": {"email": "`x`"}}, "/learner/email", "no JSON"),
            ({"learner": {"email": "a", "shoe": "b"}}, "/learner/shoe", "not permitted"),
            ({"learner": "a"}, "/learner", "an object is needed"),
            ({"result": {"raw": "a."}}, "/result/raw", "no JMESPath"),
            ({"result": None}, "/result", "an object is needed"),
            ({"courses": ["a"]}, "/courses", "valid string"),
        ],
    )
    def test_a_faulty_mapping_is_invalid_and_the_place_is_named(self, change: dict[str, Any], pointer: str, said: str) -> None:
        with pytest.raises(problem.Invalid) as caught:
            generic.parse(LEAST | change, pointer="/mapping")
        (finding,) = caught.value.findings
        assert finding.pointer == "/mapping" + pointer
        assert said in finding.detail

    @pytest.mark.parametrize("value", [None, [], "a", 5])
    def test_what_is_no_object_is_no_mapping(self, value: Any) -> None:  # noqa: ANN401 - any JSON
        with pytest.raises(problem.Invalid, match="The mapping: an object is needed"):
            generic.parse(value)

    def test_three_members_are_needed(self) -> None:
        with pytest.raises(problem.Invalid) as caught:
            generic.parse({})
        assert [finding.pointer for finding in caught.value.findings] == ["/events", "/type", "/learner"]

    def test_a_source_without_a_mapping_can_read_nothing(self) -> None:
        with pytest.raises(problem.Invalid):
            adapter.read("generic", incoming.Incoming({}))


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["87%", "1", "2026-05-20T14:01:31Z", 1779285691]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "type", "url"]), inner, max_size=4),
    max_leaves=12,
)
_PATHS = """
a ; b ; c ; @ ; * ; [*] ; a.b ; a[0] ; b[] ; [a, b] ; {type: a, a: b, b: c} ; a || b ; [?a == b] ; `1` ; 'x' ; `{"a": [1]}` ; a[
&a ; c[::0] ; to_string(a) ; to_number(b) ; join('.', [a, b]) ; type(@) ; keys(@) ; max_by(c, &a) ; length(a) ; map(&a, b) ; sum(b)
"""
_paths = st.sampled_from([text.strip() for line in _PATHS.strip().splitlines() for text in line.split(" ; ")])
_members = ["id", "occurred_at", "started_at", "course", "courses", "run", "item", "credits", "evidence", "withdraws", "voids"]
_mappings = st.fixed_dictionaries(
    {
        "events": _paths | st.just("@"),
        "type": _paths | st.just("'x'"),
        "learner": st.dictionaries(st.sampled_from(["source_id", "sis_id", "email", "name", "did", "orcid"]), _paths, max_size=2),
    },
    optional=dict.fromkeys(_members, _paths)
    | {"result": st.dictionaries(st.sampled_from(["raw", "max", "scaled", "percent", "letter", "status", "passed"]), _paths, max_size=3)},
)


@unhurried
@given(_mappings | st.dictionaries(st.sampled_from(["events", "type", "learner", "x"]), _json), _json)
def test_no_mapping_and_no_body_raises_anything_but_a_problem(mapping: dict[str, Any], body: Any) -> None:  # noqa: ANN401 - any JSON
    with contextlib.suppress(problem.Problem):
        for found in read_all(body, mapping):
            assert event.LearningEvent.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False))) == found


def shuffled(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@unhurried
@given(st.dictionaries(st.text(max_size=4), _json, max_size=4))
def test_equal_content_gives_an_equal_key_whatever_the_order_of_its_members(content: dict[str, Any]) -> None:
    with contextlib.suppress(problem.Malformed):
        first = read_all([content], LEAST | {"type": "'x'", "events": "[*]", "learner": {"source_id": "missing"}})
        second = read_all({"batch": shuffled(content)}, LEAST | {"type": "'x'", "events": "batch", "learner": {"source_id": "missing"}})
        assert first[0].key == second[0].key
