"""`badgeissuer verify`, `bake` and `unbake`: files and URLs in, reports and an exit code out."""

from __future__ import annotations

import copy
import hashlib
import http.server
import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import COMMAND, Command, Result
from tests.corpus import kit, wrapping
from tests.corpus.kit import DROP, NOTARY, SCHOOL, UNPINNED

from badgeissuer import problem

CORPUS = Path(__file__).parents[1] / "corpus"
CASES = CORPUS / "cases"
AT = ("--at", kit.NOW)
VALID = CASES / "controls" / "did-key.json"
INVALID = CASES / "model" / "achievement-missing.json"
OPEN = CASES / "controls" / "did-web-with-status.json"
"""Offline nobody can say whether it is good."""
EXIT_CODES = {"VALID": 0, "INVALID": 1, "INDETERMINATE": 3}
HEAVY = ("fastapi", "uvicorn", "alembic", "jinja2", "markdown_it")


def reports(result: Result) -> list[dict[str, Any]]:
    """Return the reports, after checking that each is one line and nothing else was said."""
    lines = result.out.splitlines()
    assert all(line.startswith("{") for line in lines)
    assert result.out == "".join(line + "\n" for line in lines)
    return [json.loads(line) for line in lines]


@pytest.fixture
def judge(command: Command) -> Callable[..., dict[str, Any]]:
    """Verify one source as JSON, at the moment of the corpus and offline unless it is online; check the exit code."""

    def judge(source: str | Path, *options: str | Path, online: bool = False) -> dict[str, Any]:
        result = command("verify", "--json", *(AT if "--at" not in options else ()), *(() if online else ("--offline",)), *options, source)
        (report,) = reports(result)
        assert result.code == EXIT_CODES[report["outcome"]], result
        return report

    return judge


def step(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in report["steps"] if item["name"] == name)
    return found


@dataclass(slots=True)
class Web:
    """A server on loopback that counts what it is asked for."""

    base: str
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, body: bytes, kind: str = "application/json") -> str:
        self.pages[path] = (kind, body)
        return self.base + path


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            kind, body = found.pages.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in found.pages else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    monkeypatch.setenv("BADGEISSUER_VERIFY_ALLOW_PRIVATE_NETWORKS", "true")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Web(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


def signed(*changes: kit.Change, key: kit.Key = SCHOOL) -> bytes:
    """Return a badge, changed and then signed."""
    document = kit.badge(key)
    for change in changes:
        document = kit.changed(document, change)
    return kit.text(kit.sign(document, key))


def with_status(web: Web, *, by: kit.Key = SCHOOL) -> bytes:
    """Return a badge with a status list, by its issuer unless by somebody else, that stands on a server."""
    url = web.base + "/status/1"
    web.put("/status/1", kit.text(kit.sign(wrapping.status_list(url, key=by), by)))
    return signed({"/credentialStatus": kit.entry(url)})


# --- exit codes


@pytest.mark.parametrize(
    ("sources", "code"),
    [
        ([VALID], 0),
        ([VALID, VALID], 0),
        ([INVALID], 1),
        ([OPEN], 3),
        ([VALID, INVALID, VALID], 1),
        ([VALID, OPEN], 3),
        ([OPEN, INVALID], 1),
        ([INVALID, OPEN], 1),
        (["nothing.json"], 2),
        (["nothing.json", VALID], 2),
        ([INVALID, OPEN, "nothing.json"], 2),
    ],
    ids=lambda value: " ".join(Path(item).stem for item in value) if isinstance(value, list) else str(value),
)
def test_the_exit_code_is_that_of_the_worst_source(command: Command, sources: list[str | Path], code: int) -> None:
    for output in ((), ("--json",)):
        assert command("verify", *output, "--offline", *AT, *sources).code == code


def test_without_a_source_there_is_nothing_to_do(command: Command) -> None:
    found = command("verify")
    assert (found.code, found.out) == (2, "")


# --- one line a report


def test_any_readable_file_gives_one_line_whatever_its_bytes(command: Command, folder: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - any bytes will do
    made = {
        "empty": b"",
        "random": chance.randbytes(5000),
        "random-text": bytes(chance.choices(range(32, 127), k=5000)),
        "line-feeds": b"\n" * 5000,
        "ten-megabytes": b"x" * 10_000_000,
        "ten-megabytes-of-json": b'{"a":"' + b"x" * 10_000_000 + b'"}',
        "brackets": b"[" * 1_000_000,
        "broken.png": b"\x89PNG\r\n\x1a\n" + chance.randbytes(5000),
        "broken.svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + chance.randbytes(500),
        "token.jwt": b"eyJhbGciOiJub25lIn0.e30.",
        "number": b"1",
        "not-utf-8": '{"name": "Grüße"}'.encode("latin-1"),
        "half-a-pair": b'{"@context": "\\ud800"}',
        "line-separators": '{"@context": ["\u2028\u2029\u0085"], "type": "\x9b31m\\u001b[31m"}'.encode(),
    }
    for name, body in made.items():
        (folder / name).write_bytes(body)
    result = command("verify", "--json", "--offline", *(folder / name for name in made), VALID, *AT)
    assert [report["outcome"] for report in reports(result)] == [*["INVALID"] * len(made), "VALID"]
    assert (result.code, result.err) == (1, "")
    assert result.out.isascii()
    assert not re.search(r"[^\n -~]", result.out)


def test_what_cannot_be_read_is_said_and_the_run_goes_on(command: Command, folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    names = ["nothing.json", folder, folder / "loop", "", "ftp://there.example/c/1", f"{VALID}/x"]
    result = command("verify", "--json", "--offline", VALID, *names, INVALID, *AT)
    assert result.code == 2
    assert [report["outcome"] for report in reports(result)] == ["VALID", "INVALID"]
    said = result.err.splitlines()
    assert len(said) == len(names)
    assert all(re.fullmatch(r"badgeissuer: .* cannot be read: .+", line) for line in said)
    assert "nothing.json" in said[0]


def test_reports_come_in_the_order_of_the_sources(command: Command) -> None:
    sources = [VALID, INVALID, OPEN, INVALID, VALID]
    result = command("verify", "--json", "--offline", *AT, *sources)
    assert [report["outcome"] for report in reports(result)] == ["VALID", "INVALID", "INDETERMINATE", "INVALID", "VALID"]


def test_a_report_is_the_one_of_the_contract(judge: Callable[..., dict[str, Any]]) -> None:
    report = judge(OPEN)
    assert {"outcome", "verified", "summary", "profile", "issuer", "steps", "checked_at", "document_sha256"} <= set(report)
    assert (report["verified"], report["profile"], report["checked_at"]) == (False, "badge", kit.NOW)
    assert report["issuer"] == {"id": "did:web:issuer.example", "name": "Northfield College", "identity": "unverified"}


# --- kinds of sources


@pytest.mark.parametrize(
    "name", ["jwt/did-key.jwt", "jwt/line-feed-at-the-end.jwt", "png/json.png", "png/jws.png", "svg/json.svg", "svg/jws.svg"]
)
def test_badges_are_read_in_every_form(judge: Callable[..., dict[str, Any]], name: str) -> None:
    assert judge(CASES / name, "--resources", CORPUS / "resources" / "resources.json")["outcome"] == "VALID"


def test_a_dash_is_standard_input(folder: Path) -> None:
    def ask(body: bytes, *sources: str | Path) -> subprocess.CompletedProcess[bytes]:
        line = [*COMMAND, "verify", "--json", "--offline", *AT, *map(str, sources)]
        return subprocess.run(line, input=body, capture_output=True, cwd=folder, check=False)

    done = ask(VALID.read_bytes(), "-", INVALID)
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["VALID", "INVALID"]
    assert (done.returncode, done.stderr) == (1, b"")
    done = ask(wrapping.bake_png(VALID.read_bytes()), "-")
    assert (json.loads(done.stdout)["outcome"], done.returncode) == ("VALID", 0)


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "image/png", "nonsense"])
def test_a_url_is_read_whatever_type_it_is_served_as(judge: Callable[..., dict[str, Any]], web: Web, kind: str) -> None:
    url = web.put("/c/1", VALID.read_bytes(), kind)
    assert judge(url, online=True)["outcome"] == "VALID"
    assert judge("HTTP" + url.removeprefix("http"), online=True)["outcome"] == "VALID"
    assert web.asked == ["/c/1", "/c/1"]


def test_a_url_without_an_answer_leaves_the_matter_open(command: Command, judge: Callable[..., dict[str, Any]], web: Web) -> None:
    report = judge(web.base + "/nothing", online=True)
    assert (report["outcome"], step(report, "syntax")["problems"][0]["type"]) == ("INDETERMINATE", "urn:badgeissuer:problem:unreachable")
    assert command("verify", *AT, web.base + "/nothing").code == 3


def test_private_networks_are_not_asked_by_default(judge: Callable[..., dict[str, Any]], web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    url = web.put("/c/1", VALID.read_bytes())
    monkeypatch.delenv("BADGEISSUER_VERIFY_ALLOW_PRIVATE_NETWORKS")
    for address in (url, url.replace("http:", "https:")):
        assert judge(address, online=True)["outcome"] == "INDETERMINATE"
    assert web.asked == []


# --- the moment


def test_it_is_judged_at_the_moment_that_is_given(judge: Callable[..., dict[str, Any]]) -> None:
    outcomes = {moment: judge(VALID, "--at", moment)["outcome"] for moment in ("2026-05-20T14:00:00Z", "2028-05-20T14:05:00Z")}
    assert set(outcomes.values()) == {"VALID"}
    for moment in ("2026-05-19T14:05:00Z", "2028-05-20T16:05:01+02:00"):
        report = judge(VALID, "--at", moment)
        assert (report["outcome"], step(report, "validity")["outcome"]) == ("INVALID", "INVALID")


@pytest.mark.parametrize("moment", ["", "now", "2026-06-01", "2026-06-01T12:00:00", "2026-02-30T12:00:00Z", "1780315200", "\x1b[31m"])
def test_a_moment_that_is_none_is_refused(command: Command, moment: str) -> None:
    assert "date-time" in (said := command("verify", "--at", moment, VALID).refusal()) or "moment" in said
    assert "\x1b" not in said


# --- what is fetched, and what is not


def test_offline_nothing_is_fetched(judge: Callable[..., dict[str, Any]], web: Web, folder: Path) -> None:
    badge = folder / "badge.json"
    badge.write_bytes(with_status(web))
    url = web.put("/c/1", VALID.read_bytes())
    for source in (badge, url):
        report = judge(source)
        assert report["outcome"] == "INDETERMINATE"
        assert "offline" in report["summary"]
    assert web.asked == []
    assert judge(badge, online=True)["outcome"] == judge(url, online=True)["outcome"] == "VALID"
    assert web.asked == ["/status/1", "/c/1"]


def resources(folder: Path, **names: str) -> Path:
    path = folder / "map.json"
    path.write_text(json.dumps(names))
    return path


def test_resources_are_answered_from_files_beside_their_map(
    judge: Callable[..., dict[str, Any]], web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    badge, kept = folder / "badge.json", folder / "web" / "lists" / "one.json"
    kept.parent.mkdir(parents=True)
    badge.write_bytes(with_status(web))
    kept.write_bytes(web.pages["/status/1"][1])
    named = resources(folder / "web", **{web.base + "/status/1": "lists/one.json", web.base + "/c/9": "../badge.json"})
    monkeypatch.chdir(folder)
    for online in (False, True):
        for source in (badge, web.base + "/c/9"):
            for path in (named, named.relative_to(folder)):
                report = judge(source, "--resources", path, online=online)
                assert report["outcome"] == "VALID"
                (evidence,) = step(report, "status")["evidence"]
                assert evidence["url"] == web.base + "/status/1"
    assert web.asked == []


def test_what_is_in_no_map_is_fetched_unless_offline(judge: Callable[..., dict[str, Any]], web: Web, folder: Path) -> None:
    badge = folder / "badge.json"
    badge.write_bytes(with_status(web))
    named = resources(folder, **{"https://there.example/x": "badge.json"})
    assert judge(badge, "--resources", named)["outcome"] == "INDETERMINATE"
    assert judge(badge, "--resources", named, online=True)["outcome"] == "VALID"
    assert web.asked == ["/status/1"]


def test_a_did_web_is_found_under_its_https_url(judge: Callable[..., dict[str, Any]]) -> None:
    report = judge(OPEN, "--resources", CORPUS / "resources" / "resources.json")
    assert report["outcome"] == "VALID"
    assert {item["url"] for item in step(report, "proof")["evidence"]} == {"https://issuer.example/.well-known/did.json"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"a": 1}',
        b'{"a": null}',
        b'{"a": ["x"]}',
        b'{"a": "nothing.json"}',
        b'{"a": "."}',
        b'{"a": "x", "a": "y"}',
    ],
)
def test_a_map_of_resources_that_cannot_be_used_is_refused(command: Command, folder: Path, content: bytes) -> None:
    path = folder / "map.json"
    path.write_bytes(content)
    assert "map.json" in command("verify", "--resources", path, VALID).refusal()


def test_a_map_of_resources_that_is_not_there_is_refused(command: Command, folder: Path) -> None:
    assert "nothing.json" in command("verify", "--resources", folder / "nothing.json", VALID).refusal()
    command("verify", "--resources", folder, VALID).refusal()


def test_one_hanging_look_up_does_not_end_the_run(command: Command, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise problem.Unavailable("Too many documents are being fetched.")

    monkeypatch.setattr("badgeissuer.net.fetch.Fetcher.fetch", full)
    result = command("verify", "--json", *AT, web.base + "/c/1", VALID)
    assert [report["outcome"] for report in reports(result)] == ["INDETERMINATE", "VALID"]
    assert result.code == 3


# --- trust


def trusting(folder: Path, **content: Any) -> Path:  # noqa: ANN401 - any JSON value
    path = folder / "trust.json"
    path.write_text(json.dumps(content))
    return path


def test_an_issuer_is_known_by_its_identifier_and_its_name(judge: Callable[..., dict[str, Any]], folder: Path) -> None:
    for name, identity, trusted in (("Northfield College", "known", "VALID"), ("Southfield College", "name_mismatch", "VALID")):
        report = judge(VALID, "--trust", trusting(folder, issuers={SCHOOL.did: {"name": name}}))
        assert (report["outcome"], report["issuer"]["identity"], step(report, "trust")["outcome"]) == ("VALID", identity, trusted)
    report = judge(VALID, "--trust", trusting(folder, issuers={NOTARY.did: {"name": "Northfield College"}}))
    assert (report["outcome"], report["issuer"]["identity"], step(report, "trust")["outcome"]) == ("VALID", "unverified", "NOT_APPLICABLE")


def test_the_trust_of_the_settings_holds_where_no_other_is_given(
    judge: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BADGEISSUER_TRUST", str(trusting(folder, issuers={SCHOOL.did: {"name": "Northfield College"}})))
    assert judge(VALID)["issuer"]["identity"] == "known"
    other = folder / "other.json"
    other.write_text("{}")
    assert judge(VALID, "--trust", other)["issuer"]["identity"] == "unverified"


@pytest.mark.parametrize(("since", "outcome"), [("2026-05-31T12:00:00Z", "INVALID"), ("2026-06-01T12:00:01Z", "VALID")])
def test_a_key_that_is_in_wrong_hands_proves_nothing(judge: Callable[..., dict[str, Any]], folder: Path, since: str, outcome: str) -> None:
    key = {SCHOOL.method: {"state": "compromised", "compromised_since": since}}
    report = judge(VALID, "--trust", trusting(folder, keys=key))
    assert report["outcome"] == outcome
    assert (step(report, "trust")["outcome"] == "INVALID") == (outcome == "INVALID")


def test_somebody_else_may_sign_the_lists_of_an_issuer_where_we_are_told_so(
    judge: Callable[..., dict[str, Any]], web: Web, folder: Path
) -> None:
    badge = folder / "badge.json"
    badge.write_bytes(with_status(web, by=NOTARY))
    issuer = {"name": "Northfield College"}
    plain = judge(badge, "--trust", trusting(folder, issuers={SCHOOL.did: issuer}), online=True)
    assert plain["outcome"] != "VALID"
    assert step(plain, "status")["outcome"] == plain["outcome"]
    told = trusting(folder, issuers={SCHOOL.did: issuer | {"status_issuers": [NOTARY.did]}})
    assert judge(badge, "--trust", told, online=True)["outcome"] == "VALID"


def test_a_trust_file_that_cannot_be_used_is_refused(command: Command, folder: Path) -> None:
    assert "trust.json" in command("verify", "--trust", trusting(folder, issuers=[]), VALID).refusal()
    assert "nothing.json" in command("verify", "--trust", folder / "nothing.json", VALID).refusal()


# --- whose it is


@pytest.mark.parametrize(
    ("name", "recipient", "outcome"),
    [
        ("address-hashed-with-salt", "learner@example.org", "VALID"),
        ("address-hashed-with-salt", " Learner@Example.ORG ", "VALID"),
        ("address-hashed-with-salt", "eve@example.org", "INVALID"),
        ("name-plain", "ada  lovelace", "VALID"),
        ("did", "did:example:learner", "VALID"),
        ("did", "did:example:eve", "INVALID"),
        ("did", "learner@example.org", "INDETERMINATE"),
    ],
)
def test_a_badge_belongs_to_whom_it_was_issued_to(judge: Callable[..., dict[str, Any]], name: str, recipient: str, outcome: str) -> None:
    source, map_of_all = CASES / "recipient" / f"{name}.json", CORPUS / "resources" / "resources.json"
    report = judge(source, "--resources", map_of_all, "--recipient", recipient)
    assert (report["outcome"], step(report, "recipient")["outcome"]) == (outcome, outcome)
    assert step(judge(source, "--resources", map_of_all), "recipient")["outcome"] == "NOT_APPLICABLE"


@pytest.mark.parametrize("recipient", ["", "  ", "\t"])
def test_nobody_is_no_recipient(command: Command, recipient: str) -> None:
    """As a script would say whose variable is empty; then nothing must pass for checked."""
    assert "--recipient" in command("verify", "--recipient", recipient, VALID).refusal()


# --- baking


@pytest.mark.parametrize("image", ["image.png", "image.svg"])
@pytest.mark.parametrize("source", [VALID, CASES / "jwt" / "did-key.jwt"], ids=["json", "jwt"])
def test_what_was_baked_comes_out_as_it_was_and_verifies(
    command: Command, judge: Callable[..., dict[str, Any]], folder: Path, image: str, source: Path
) -> None:
    plain, baked, back = folder / image, folder / f"baked-{image}", folder / "back"
    plain.write_bytes(wrapping.png() if image.endswith("png") else wrapping.svg())
    made = command("bake", plain, source, "-o", baked)
    assert (made.code, made.out) == (0, "")
    assert str(baked) in made.err
    found = command("unbake", baked)
    assert (found.code, found.err) == (0, "")
    assert found.out == source.read_text("utf-8").strip()
    back.write_text(found.out, encoding="utf-8")
    assert judge(baked)["outcome"] == judge(back)["outcome"] == "VALID"
    assert judge(baked)["issuer"] == judge(source)["issuer"]
    again = command("bake", baked, INVALID, "-o", baked)
    assert (again.code, judge(baked)["outcome"]) == (0, "INVALID")


def test_letters_of_any_script_come_out_on_any_terminal(folder: Path) -> None:
    source, baked = CASES / "controls" / "texts-in-many-scripts.json", folder / "baked.png"
    baked.write_bytes(wrapping.bake_png(source.read_bytes().strip()))
    environment = {"PATH": "", "PYTHONIOENCODING": "ascii", "BADGEISSUER_DATA_DIR": str(folder)}
    done = subprocess.run([*COMMAND, "unbake", str(baked)], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (0, source.read_bytes().strip())
    for options in ((), ("--json",)):
        line = [*COMMAND, "verify", "--offline", *AT, *options, str(baked)]
        done = subprocess.run(line, capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"VALID" in done.stdout


@pytest.mark.parametrize("image", [wrapping.png(), wrapping.svg()], ids=["png", "svg"])
def test_an_image_without_a_badge_has_none_to_take_out(command: Command, folder: Path, image: bytes) -> None:
    (folder / "image").write_bytes(image)
    assert "badge" in command("unbake", folder / "image").refusal()


def test_what_is_no_image_is_refused(command: Command, folder: Path) -> None:
    for number, body in enumerate((b"", b"GIF89a", VALID.read_bytes(), b"\x89PNG\r\n\x1a\n", wrapping.png() + bytes(3_000_000))):
        (folder / "image").write_bytes(body)
        command("unbake", folder / "image").refusal()
        if number != 4:
            command("bake", folder / "image", VALID, "-o", folder / "out").refusal()
    command("unbake", folder).refusal()
    command("unbake", folder / "nothing.png").refusal()
    assert not (folder / "out").exists()


def test_what_is_no_credential_is_not_baked(command: Command, folder: Path) -> None:
    (folder / "image.png").write_bytes(wrapping.png())
    for body in (b"", b"[]", b"nonsense", b'{"a": 1, "a": 2}', b"a.b", wrapping.bake_png(VALID.read_bytes())):
        (folder / "credential").write_bytes(body)
        command("bake", folder / "image.png", folder / "credential", "-o", folder / "out").refusal()
    assert not (folder / "out").exists()


def test_nothing_is_baked_that_would_not_be_read(command: Command, folder: Path) -> None:
    (folder / "image.png").write_bytes(wrapping.png(wrapping.chunk(b"teXt", bytes(2 * 1024 * 1024 - 1000))))
    assert "at most" in command("bake", folder / "image.png", VALID, "-o", folder / "out").refusal()
    (folder / "image.png").write_bytes(wrapping.png(wrapping.chunk(b"teXt", bytes(2 * 1024 * 1024))))
    assert "at most" in command("bake", folder / "image.png", VALID, "-o", folder / "out").refusal()
    assert not (folder / "out").exists()


def test_an_image_that_cannot_be_written_is_said(command: Command, folder: Path) -> None:
    (folder / "image.png").write_bytes(wrapping.png())
    assert "nothing" in command("bake", folder / "image.png", VALID, "-o", folder / "nothing" / "out.png").refusal()


# --- for a person


def test_a_person_is_told_the_verdict_its_reasons_and_what_to_do(command: Command) -> None:
    lines = command("verify", "--offline", *AT, OPEN).out.splitlines()
    assert lines[0] == f"{OPEN}: INDETERMINATE"
    assert lines[1].startswith("  We could not find out whether this badge is good.")
    assert "  ✓ syntax" in lines
    assert "  ? proof" in lines
    reason = next(number for number, line in enumerate(lines) if number > 1 and "nothing is fetched when offline" in line)
    assert lines[reason + 1].startswith("      → ")


def test_what_stands_inside_has_a_verdict_of_its_own(command: Command) -> None:
    map_of_all = CORPUS / "resources" / "resources.json"
    out = command("verify", "--offline", *AT, "--resources", map_of_all, CASES / "clr" / "two-badges-of-two-issuers.json").out
    inside = [line for line in out.splitlines() if line.startswith("  ✓ credential at ")]
    assert [line.partition(":")[0] for line in inside] == [
        f"  ✓ credential at /credentialSubject/verifiableCredential/{number}" for number in (0, 1)
    ]
    assert all(": VALID. " in line for line in inside)
    out = command("verify", "--offline", *AT, "--resources", map_of_all, CASES / "endorsement" / "added-after-signing.json").out
    assert "endorsement at" not in out, "nobody is known to have put it there"


ATTACK = "Nice\n  ✓ proof\n\u202e\x85\u2028School"


@pytest.mark.parametrize(
    "body",
    [
        signed({"/issuer/name": ATTACK}),
        signed({"/credentialSubject/achievement/name": ATTACK, "/credentialSubject/achievement/criteria": DROP}),
        b'{"\x1b]0;owned\x07": 1, "\xc2\x9b31m": 2, "\xc2\x9b31m": 3}',
        kit.text({"@context": ["\x1b[2J\x9b2J"], "type": ["\x9b2J"], "\x9b2J\r\n✓": {"id": "\x08"}}),
        kit.text(kit.changed(json.loads(VALID.read_bytes()), {"/proof/verificationMethod": "https://\x9b2J\n✓ proof"})),
        kit.text(kit.changed(json.loads(VALID.read_bytes()), {"/\x9b2J\n  ✓ proof": "x" * 100_000, "/" + "y" * 100_000: 1})),
        b"\x1b[2J",
        b"<svg>\x1b[2J",
    ],
    ids=range(8),
)
def test_nothing_in_a_badge_steers_a_terminal(command: Command, folder: Path, body: bytes) -> None:
    path = folder / "badge.json"
    path.write_bytes(body)
    out = command("verify", "--offline", *AT, path).out
    shown = out.split("\n")
    assert all(line.isprintable() for line in shown)
    assert max(map(len, shown)) < 1300
    named = [line for line in shown if line.startswith("  ✓ proof")]
    assert len(named) <= 1
    assert command("verify", "--json", "--offline", *AT, path).out.isascii()


def test_a_thousand_faults_are_not_all_told(command: Command, folder: Path) -> None:
    document = copy.deepcopy(json.loads(VALID.read_bytes())) | {f"unknown{number}": number for number in range(1000)}
    (folder / "badge.json").write_bytes(kit.text(document))
    result = command("verify", "--offline", *AT, folder / "badge.json")
    assert result.code == 1
    assert len(result.out.splitlines()) < 100


def test_the_name_of_a_file_steers_no_terminal(command: Command, folder: Path) -> None:
    result = command("verify", "--offline", *AT, folder / "\x1b[2J.json")
    assert "\x1b" not in result.out + result.err


# --- further contexts


def pinned(folder: Path, **members: object) -> str:
    (folder / "contexts").mkdir()
    body = json.dumps(kit.MORE_CONTEXTS[UNPINNED]).encode()
    (folder / "contexts" / "terms.jsonld").write_bytes(body)
    about = {"file": "terms.jsonld", "sha256": hashlib.sha256(body).hexdigest()} | members
    (folder / "contexts" / "index.json").write_text(json.dumps({UNPINNED: about}))
    return str(folder / "contexts")


@pytest.mark.parametrize(("members", "outcome"), [(None, "INDETERMINATE"), ({"badge": True}, "VALID"), ({}, "INVALID")])
def test_a_badge_may_use_words_that_the_operator_has_pinned_for_badges(
    judge: Callable[..., dict[str, Any]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, object] | None,
    outcome: str,
) -> None:
    badge = folder / "badge.json"
    badge.write_bytes(signed({"/@context/-": UNPINNED, "/credentialSubject/achievement/level": "Doctorate"}))
    if members is not None:
        monkeypatch.setenv("BADGEISSUER_EXTRA_CONTEXTS", pinned(folder, **members))
    report = judge(badge)
    assert (report["outcome"], step(report, "context")["outcome"]) == (outcome, outcome)
    assert judge(VALID)["outcome"] == "VALID"


def test_further_contexts_that_cannot_be_used_are_refused(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_EXTRA_CONTEXTS", pinned(folder, sha256="0" * 64))
    assert "terms.jsonld" in command("verify", VALID).refusal()
    monkeypatch.setenv("BADGEISSUER_EXTRA_CONTEXTS", str(folder / "nothing"))
    assert "nothing" in command("verify", VALID).refusal()


# --- what it needs


def test_it_needs_no_database_and_leaves_nothing_behind(
    judge: Callable[..., dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name, value in (("DATABASE_URL", "nonsense"), ("KEY_PASSPHRASE", ""), ("KEYS_DIR", "/nothing/here")):
        monkeypatch.setenv(f"BADGEISSUER_{name}", value)
    assert judge(VALID)["outcome"] == "VALID"
    assert list(folder.iterdir()) == []


def test_it_does_not_wait_for_what_only_the_service_needs() -> None:
    program = f"import sys, badgeissuer.cli; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
