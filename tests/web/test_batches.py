"""Rosters and revocations over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.web import steps

from badgeissuer.web import limits

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Until

NDJSON = {"Content-Type": "application/x-ndjson"}


def learners(server: Running, count: int) -> list[dict[str, Any]]:
    return [{"learner": {"email": f"{server.fresh('learner')}@example.org"}} for _ in range(count)]


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_roster_as_json_lines_becomes_badges_that_can_be_had(server: Running, until: Until) -> None:
    slug = server.published()
    body = lines(learners(server, 3)) + b"\r\n" + b'{"learner": {"email": "half'
    sent: dict[str, Any] = {"params": {"achievement": slug, "key": "graduation"}, "content": body, "headers": NDJSON}
    answer = server.api.post("/api/batches", **sent)
    assert answer.status_code == 202
    batch = answer.json()
    assert (batch["total"], batch["achievement"], batch["key"]) == (4, slug, "graduation")
    assert server.api.post("/api/batches", **sent).json()["id"] == batch["id"]
    done = steps.finished(server, batch, until)
    assert (done["done"], done["failed"], done["repeated"], done["waiting"]) == (3, 1, 0, 0)
    awards = server.api.get("/api/awards", params={"batch": batch["id"]}).json()["items"]
    assert [award["state"] for award in awards] == ["issued"] * 3
    assert server.stranger.get(awards[0]["credential"]["id"]).status_code == 200
    (row,) = server.api.get(f"/api/batches/{batch['id']}/rows").json()["items"]
    assert (row["row"], row["state"], row["content"]) == (5, "failed", '{"learner": {"email": "half')
    assert row["errors"][0]["detail"].startswith("The row is not JSON: Unterminated string")
    download = server.api.get(f"/api/batches/{batch['id']}/rows.jsonl")
    assert download.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["row"] for line in download.text.splitlines()] == [5]


def test_a_roster_as_json_is_paged_through_and_changed(server: Running, until: Until) -> None:
    rows = [{"learner": {"name": "x"}} for _ in range(5)]
    batch = server.make("batches", {"achievement": server.published(), "rows": rows}, expect=202)
    steps.finished(server, batch, until)
    first = server.api.get(f"/api/batches/{batch['id']}/rows", params={"limit": 3}).json()
    second = server.api.get(f"/api/batches/{batch['id']}/rows", params={"limit": 3, "cursor": first["next"]}).json()
    assert [item["row"] for item in first["items"] + second["items"]] == [1, 2, 3, 4, 5]
    assert (first["items"][0]["content"], second["next"]) == (rows[0], None)
    assert batch["id"] in [item["id"] for item in server.api.get("/api/batches", params={"limit": 200}).json()["items"]]
    for change in ("pause", "resume", "retry"):
        assert server.api.post(f"/api/batches/{batch['id']}/{change}").status_code == 200
    steps.finished(server, batch, until)
    assert server.api.post(f"/api/batches/{batch['id']}/cancel").json()["state"] == "cancelled"


def test_what_is_no_roster_is_refused(sqlite_server: Running, refused: Refused) -> None:
    slug, post = sqlite_server.published(), sqlite_server.api.post
    here = {"achievement": slug}
    refused(post("/api/batches", content=b"a,b", headers={"Content-Type": "text/plain"}, params=here), 415)
    refused(post("/api/batches", content=b"\n \n", headers=NDJSON, params=here), 422)
    refused(post("/api/batches", content=lines(learners(sqlite_server, 1)), headers=NDJSON), 422)
    refused(post("/api/batches", content=lines(learners(sqlite_server, 1)), headers=NDJSON, params={"achievement": "nowhere"}), 404)
    refused(post("/api/batches", content=b"{", headers={"Content-Type": "application/json"}), 400)
    found = refused(post("/api/batches", json={"achievement": slug, "rows": [1], "kee": "x"}), 422)
    assert {item["pointer"] for item in found["errors"]} == {"/rows/0", "/kee"}
    batch = post("/api/batches", content=lines(learners(sqlite_server, 1)), headers=NDJSON, params=here | {"key": "k"}).json()
    found = refused(post("/api/batches", content=lines(learners(sqlite_server, 1)), headers=NDJSON, params=here | {"key": "k"}), 409)
    assert (found["type"], found["batch"]) == ("urn:badgeissuer:problem:batch-key-reused", batch["id"])


def test_a_roster_has_a_bound_that_is_told(sqlite_server: Running, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    slug, line = sqlite_server.published(), lines([{"learner": {"name": "x" * 1000}}])
    monkeypatch.setattr(limits, "ROSTER_BYTES", 3_000_000)

    def many(count: int) -> Iterator[bytes]:
        yield from (line * 100 for _ in range(count))

    found = refused(sqlite_server.api.post("/api/batches", content=many(40), headers=NDJSON, params={"achievement": slug}), 413)
    assert found["detail"] == "At most 3,000,000 bytes are taken here. Split the roster, or hand the file to badgeissuer issue."
    answer = sqlite_server.api.post("/api/batches", content=many(25), headers=NDJSON, params={"achievement": slug})
    assert (answer.status_code, answer.json()["total"]) == (202, 2500)
    assert sqlite_server.api.post(f"/api/batches/{answer.json()['id']}/cancel").status_code == 200


def test_the_badges_of_a_batch_are_looked_at_and_then_revoked(server: Running, until: Until) -> None:
    slug = server.published()
    batch = server.make("batches", {"achievement": slug, "rows": learners(server, 3)}, expect=202)
    steps.finished(server, batch, until)
    other = server.award(achievement=slug)
    preview = server.make("revocations", {"batch": batch["id"], "preview": True}, expect=200)
    assert (preview["state"], preview["total"], len(preview["sample"]), preview["id"]) == ("preview", 3, 3, None)
    made = server.make("revocations", {"batch": batch["id"], "reason": "The wrong course was exported."}, expect=202)
    until(lambda: server.api.get(f"/api/revocations/{made['id']}").json()["state"] == "done")
    assert server.api.get(f"/api/revocations/{made['id']}").json()["done"] == 3
    until(lambda: _verdict(server, preview["sample"][0]["credential"]) == "INVALID")
    assert _verdict(server, other["credential"]["id"]) == "VALID"
    assert made["id"] in [item["id"] for item in server.api.get("/api/revocations", params={"limit": 200}).json()["items"]]


def _verdict(server: Running, url: str) -> str:
    return str(server.stranger.get("/verify", params={"url": url}).json()["outcome"])


def test_a_revocation_needs_a_selection_and_a_reason(sqlite_server: Running, refused: Refused) -> None:
    slug, post = sqlite_server.published(), sqlite_server.api.post
    assert refused(post("/api/revocations", json={"achievement": slug}), 422)["errors"][0]["pointer"] == "/reason"
    refused(post("/api/revocations", json={"reason": "x"}), 422)
    refused(post("/api/revocations", json={"reason": "x", "query": {}}), 422)
    refused(post("/api/revocations", json={"achievement": "nowhere", "reason": "x"}), 404)
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    refused(post("/api/revocations", json={"achievement": slug, "query": {"issuer": other}, "reason": "x"}), 404)
