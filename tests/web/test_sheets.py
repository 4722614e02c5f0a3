"""Rosters as sheets over HTTP: the template, the dry run, the run, and what is given back."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from tests.web import steps

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Until

CSV = {"Content-Type": "text/csv"}
RESULTS = [{"id": "#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}]
HEADER = "Student e-mail,Full name,Final score,Awarded on,Comment\n"


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def test_a_sheet_is_looked_at_and_then_issued(server: Running, until: Until) -> None:
    slug, who = server.published(resultDescription=RESULTS), server.fresh("learner")
    content = (
        HEADER + f"{who}@example.org,=Asha,87,2026-05-20,-\n{who}b@example.org,Bo,120,03/04/2026,\n{who}@example.org,=Asha,87,2026-05-20,\n"
    ).encode()
    asked: dict[str, Any] = {"achievement": slug, "map": ["Full name=name"]}
    before = server.rows()
    looked = server.api.post("/api/batches", params=asked | {"dry_run": "true"}, content=content, headers=CSV)
    assert looked.status_code == 200, looked.text
    found = looked.json()
    assert server.rows() == before, "nothing was stored"
    assert {name: found[name] for name in ("total", "issue", "repeat", "wait", "fail", "more_errors")} == {
        "total": 3, "issue": 1, "repeat": 1, "wait": 0, "fail": 1, "more_errors": 0,
    }  # fmt: skip
    assert [(error["row"], error["column"], error["detail"][:30]) for error in found["errors"]] == [
        (3, "Final score", "The value is 120, more than th"),
        (3, "Awarded on", "'03/04/2026' can mean two days"),
    ]
    means = {"Student e-mail": "email", "Full name": "name", "Final score": "result:#score", "Awarded on": "awarded_at", "Comment": None}
    assert {column["name"]: column["means"] for column in found["columns"]} == means
    assert (found["encoding"], found["delimiter"]) == ("utf-8", ",")
    made = server.api.post("/api/batches", params=asked | {"checked": found["token"], "key": "sheet"}, content=content, headers=CSV)
    assert made.status_code == 202, made.text
    batch = steps.finished(server, made.json(), until)
    assert (batch["total"], batch["done"], batch["failed"], batch["repeated"]) == (3, 2, 1, 1)
    (award,) = server.api.get("/api/awards", params={"batch": batch["id"]}).json()["items"]
    assert award["learner"]["name"] == "=Asha", "what begins like a formula is text"
    badge = server.stranger.get(award["credential"]["id"], headers={"Accept": "application/json"}).json()
    assert badge["credentialSubject"]["result"][0]["value"] == "87"

    (failed,) = server.api.get(f"/api/batches/{batch['id']}/rows").json()["items"]
    assert failed["content"]["Full name"] == "Bo"
    assert [error["column"] for error in failed["errors"]] == ["Final score", "Awarded on"]
    results = rows_of(server.api.get(f"/api/batches/{batch['id']}/results.csv").text)
    assert [(row["row"], row["learner"], row["state"], bool(row["badge"])) for row in results] == [
        ("2", f"{who}@example.org", "issued", True),
        ("3", f"{who}b@example.org", "failed", False),
        ("4", f"{who}@example.org", "repeated", True),
    ]
    assert results[0]["badge"] == award["credential"]["id"]
    assert server.api.get(f"/api/batches/{batch['id']}/rows.jsonl").json()["content"]["Awarded on"] == "03/04/2026"


def test_the_rows_that_failed_are_mended_and_handed_in_again(server: Running, until: Until) -> None:
    slug, who = server.published(resultDescription=RESULTS), server.fresh("learner")
    content = (HEADER + f'{who}@example.org,"@Cy, ""C""",1000,20.05.2026,-1+1\n').encode("utf-16")
    batch = server.api.post("/api/batches", params={"achievement": slug}, content=content, headers=CSV).json()
    assert steps.finished(server, batch, until)["failed"] == 1
    answer = server.api.get(f"/api/batches/{batch['id']}/failed.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{batch["id"]}-failed.csv"'
    (row,) = rows_of(answer.text)
    assert (row["row"], row["Full name"], row["Comment"]) == ("2", '\'@Cy, "C"', "'-1+1")
    assert row["error"] == "Final score: The value is 1000, more than the most of 100."
    mended = answer.text.replace(",1000,", ',"87,5",')
    again = server.api.post("/api/batches", params={"achievement": slug}, content=mended.encode(), headers=CSV).json()
    assert steps.finished(server, again, until)["done"] == 1
    (award,) = server.api.get("/api/awards", params={"batch": again["id"]}).json()["items"]
    assert award["learner"]["name"] == '@Cy, "C"'


def test_what_changed_since_the_dry_run_is_refused(sqlite_server: Running, refused: Refused) -> None:
    slug, post = sqlite_server.published(), sqlite_server.api.post
    content = b"email,who\na@example.org,x\n"

    def send(content: bytes = content, **params: Any) -> Any:  # noqa: ANN401 - an answer and its parameters
        return post("/api/batches", params={"achievement": slug, **params}, content=content, headers=CSV)

    token = send(dry_run=True).json()["token"]
    for answer in (
        send(content + b"\n", checked=token),
        send(map="who=name", checked=token),
        send(content, checked="x"),
        send(dates="dmy", checked=token),
    ):
        assert refused(answer, 409)["type"] == "urn:badgeissuer:problem:batch-changed"
    sqlite_server.make(f"achievements/{slug}/publish", {}, expect=200)
    assert send(checked=token).status_code == 202
    draft = sqlite_server.draft(slug=slug, name="Other Rope Work")
    del draft["slug"], draft["issuer"]
    assert sqlite_server.api.put(f"/api/achievements/{slug}", json=draft).status_code == 200
    sqlite_server.make(f"achievements/{slug}/publish", {}, expect=200)
    refused(send(checked=token), 409)
    line = b'{"learner": {"email": "a@example.org"}}\n'
    lines: dict[str, Any] = {"headers": {"Content-Type": "application/x-ndjson"}, "params": {"achievement": slug, "dry_run": True}}
    looked = post("/api/batches", content=line, **lines).json()
    assert (looked["issue"] + looked["repeat"], looked["columns"]) == (1, [])
    lines["params"] = {"achievement": slug, "checked": looked["token"]}
    refused(post("/api/batches", content=line * 2, **lines), 409)
    assert post("/api/batches", content=line, **lines).status_code == 202


def test_a_sheet_that_cannot_be_read_stores_nothing(sqlite_server: Running, refused: Refused) -> None:
    slug = sqlite_server.published()
    before = sqlite_server.rows()

    def send(content: bytes, kind: str = "text/csv", **params: Any) -> Any:  # noqa: ANN401 - an answer and its parameters
        return sqlite_server.api.post(
            "/api/batches", params={"achievement": slug, **params}, content=content, headers={"Content-Type": kind}
        )

    found = refused(send("email,name\na@example.org,Åsa\nb@example.org,Bj".encode() + b"\xf6rn\n"), 400)
    assert [error["pointer"] for error in found["errors"]] == ["/3/name"]
    assert "Row 3, column “name”: byte 0xf6 is no UTF-8." in found["detail"]
    refused(send(b"mail,name\n" * 3, "text/csv; charset=koi8-r"), 400)
    found = refused(send(b"name\nx\n", map=["e=email", "name=nome"]), 422)
    assert [error["pointer"] for error in found["errors"]] == ["/1/e", "/1/name"]
    for params in ({"map": "name"}, {"dates": "ymd"}, {"zone": "Mars"}, {"delimiter": "|"}):
        refused(send(b"email\na@example.org\n", **params), 400, 422)
    refused(send(b"email\n"), 422)
    refused(send(b"email\n", dry_run=True), 422)
    refused(send(b"email\n" + b"x" * 70_000), 413)
    assert sqlite_server.rows() == before
    assert (
        send(
            "email\tname\nä@example.org\tÅ\n".encode("windows-1252"), "text/csv; charset=Windows-1252", delimiter="tab", dry_run=True
        ).json()["fail"]
        == 0
    )
    draft = sqlite_server.make("achievements", sqlite_server.draft())["slug"]
    refused(sqlite_server.api.post("/api/batches", params={"achievement": draft}, content=b"email\n", headers=CSV), 409)
    refused(sqlite_server.api.get(f"/api/achievements/{draft}/roster.csv"), 409)


def test_a_template_has_a_column_for_each_result(sqlite_server: Running) -> None:
    slug = sqlite_server.published(resultDescription=RESULTS, creditsAvailable=3)
    answer = sqlite_server.api.get(f"/api/achievements/{slug}/roster.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{slug}-roster.csv"'
    names = next(csv.reader(io.StringIO(answer.text[1:], newline="")))
    assert (names[0], names[-2:]) == ("email", ["credits_earned", "Final score"])
    body = answer.content + b"asha@example.org" + b"," * (len(names) - 1) + b"\r\n"
    looked = sqlite_server.api.post("/api/batches", params={"achievement": slug, "dry_run": True}, content=body, headers=CSV).json()
    assert (looked["total"], looked["issue"], looked["fail"]) == (1, 1, 0)
    assert all(column["means"] for column in looked["columns"])
