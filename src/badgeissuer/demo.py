"""The main job end to end, over real HTTP: what `badgeissuer demo` shows.

It starts the real server in a process of its own and then does only what an institution, an LMS, a learner and an employer would do.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from joserfc import jws
from joserfc.jwk import RSAKey

from badgeissuer.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60
ISSUE_SECONDS = 30
COURSE = "4207"
KID = "2026-11-01T00:00:00Z"


class Failed(Exception):  # noqa: N818 - a step, not a fault of the program
    """A step did not do what it should."""


def run(*, once: bool, port: int, directory: Path | None) -> int:
    """Run the demonstration; return the exit code, 0 only where every step did what it should.

    Args:
        once: End after the last step; else go on serving until interrupted.
        port: Where to serve; any free port where 0.
        directory: Where database, keys and the badge are kept; a temporary folder where None.
    """
    with ExitStack() as stack:
        folder = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="badgeissuer-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            stage = stack.enter_context(_stage(folder, port or _free_port()))
            _play(stage)
        except (Failed, httpx.HTTPError) as error:
            sys.stdout.write(f"✗ {error}\n")
            return 1
        sys.stdout.write(f"\nThe badge is kept in {folder / 'badge.json'}\n" if directory else "")
        if not once:
            sys.stdout.write(f"\nStill serving {stage.base}. The badge: {stage.shown}\nPress Ctrl-C to end.\n")
            _wait(stage.server)
    return 0


@dataclass(slots=True)
class _Stage:
    """The running server, and what the steps leave for each other."""

    base: str
    folder: Path
    server: subprocess.Popen[bytes]
    client: httpx.Client
    suffix: str
    shown: str = ""
    number: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, text: str, url: str = "") -> None:
        self.number += 1
        sys.stdout.write(f"✓ {self.number:>2}  {text}{f'  {url}' if url else ''}\n")
        sys.stdout.flush()

    def name(self, slug: str) -> str:
        return slug + self.suffix

    def api(self, method: str, path: str, body: object = None, *, expect: int) -> Any:  # noqa: ANN401 - any JSON value
        token = self.values["token"]
        answer = self.client.request(method, f"/api/{path}", json=body, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != expect:
            raise Failed(f"{method} /api/{path} answered {answer.status_code} instead of {expect}: {answer.text[:500]}")
        return answer.json()


@contextmanager
def _stage(folder: Path, port: int) -> Iterator[_Stage]:
    base = f"http://localhost:{port}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = {"DATA_DIR": str(folder), "KEYS_DIR": str(folder / "keys"), "BASE_URL": base, "LOG_LEVEL": "WARNING"}
    environment = inherited | {PREFIX + name: value for name, value in own.items()}
    suffix = f"-{secrets.token_hex(2)}" if (folder / "badgeissuer.db").exists() else ""
    command = [sys.executable, "-m", "badgeissuer.cli"]
    made = subprocess.run(  # noqa: S603 - our own program
        [*command, "token", "create", "--name", "demo", "--role", "admin"], env=environment, check=True, capture_output=True, text=True
    )
    server = subprocess.Popen([*command, "serve", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL)  # noqa: S603 - as above
    try:
        with httpx.Client(base_url=base, timeout=15, trust_env=False) as client:
            stage = _Stage(base, folder, server, client, suffix)
            stage.values["token"] = made.stdout.strip()
            _await_start(stage)
            yield stage
    finally:
        server.terminate()
        server.wait()


def _await_start(stage: _Stage) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and stage.server.poll() is None:
        try:
            if stage.client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise Failed("The server did not start.")


def _play(stage: _Stage) -> None:
    stage.say("the server is up, and its worker can sign", f"{stage.base}/readyz")
    _define(stage)
    _connect(stage)
    _deliver(stage)
    _download(stage)
    _verify(stage)
    _tamper(stage)
    _revoke(stage)


def _define(stage: _Stage) -> None:
    unit = {
        "slug": stage.name("north-valley"),
        "name": "North Valley College",
        "url": "https://northvalley.example",
        "email": "badges@northvalley.example",
        "colour": "#14578c",
        "accent": "#ffdd00",
        "artwork": "hexagon",
    }
    made = stage.api("POST", "issuers", unit, expect=201)
    stage.say(f"issuing unit “{unit['name']}” with a key of its own, {made['did'][:24]}…", f"{stage.base}/i/{unit['slug']}")
    slug = stage.name("welding-safety")
    stage.api("POST", "achievements", _achievement(unit["slug"], slug), expect=201)
    published = stage.api("POST", f"achievements/{slug}/publish", {}, expect=200)
    stage.say(
        f"achievement “Welding Safety Fundamentals”, version {published['version']}, with outcomes, assessment and a picture",
        published["id"],
    )


def _achievement(issuer: str, slug: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "slug": slug,
        "name": "Welding Safety Fundamentals",
        "description": "Sets up, uses and shuts down arc-welding equipment without danger to anybody.",
        "achievementType": "MicroCredential",
        "criteria": {
            "narrative": "Complete all six modules, pass the written test with **60 %** and the practical weld at level *Proficient*."
        },
        "alignment": [
            {
                "targetName": "Apply health and safety standards",
                "targetUrl": "https://northvalley.example/outcomes/welding/1",
                "targetDescription": "Recognises hazards of arc welding and takes the measures that the site rules ask for.",
                "targetFramework": "North Valley outcomes",
                "targetCode": "WELD-1",
            }
        ],
        "resultDescription": [
            {"id": "#test", "name": "Written test", "resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": "60"},
            {
                "id": "#weld",
                "name": "Practical weld",
                "resultType": "RubricCriterionLevel",
                "requiredLevel": "#proficient",
                "rubricCriterionLevel": [
                    {"id": "#beginning", "name": "Beginning", "points": "1", "description": "Works safely when told how."},
                    {"id": "#proficient", "name": "Proficient", "points": "2", "description": "Works safely without being told."},
                ],
            },
        ],
        "creditsAvailable": 2,
        "inLanguage": "en",
        "fieldOfStudy": "Welding",
        "tag": ["welding", "safety"],
    }


def _connect(stage: _Stage) -> None:
    key = RSAKey.generate_key(2048, {"kid": KID, "use": "sig", "alg": "RS256"})
    signature = {"scheme": "canvas_jwt", "jwks": {"keys": [key.as_dict(private=False)]}}
    source = {
        "slug": stage.name("canvas"),
        "name": "Canvas",
        "adapter": "canvas",
        "issuer": stage.name("north-valley"),
        "signature": signature,
    }
    made = stage.api("POST", "sources", source, expect=201)
    stage.values |= {"key": key, "hook": made["hook_url"]}
    stage.say("Canvas is connected; it signs with RS256", made["hook_url"])
    conditions = [{"field": "type", "op": "eq", "value": "course_completed"}, {"field": "course", "op": "eq", "value": COURSE}]
    rule = {"achievement": stage.name("welding-safety"), "source": source["slug"], "when": {"all": conditions}}
    made = stage.api("POST", "rules", rule, expect=201)
    stage.say(f"rule {made['id']}: who completes course {COURSE} earns the badge", f"{stage.base}/api/rules")


def _event(user: str, name: str, email: str) -> bytes:
    """Return a course_completed event in the documented shape of Canvas Live Events, with values of our own."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    event = {
        "metadata": {
            "event_name": "course_completed",
            "event_time": now,
            "producer": "canvas",
            "root_account_uuid": "nVc2demoRootAccount0000000000000000000001",
            "root_account_id": "10000000000001",
            "context_type": "Course",
            "context_id": f"1000000000{COURSE}",
            "request_id": secrets.token_hex(16),
        },
        "body": {
            "course": {"id": COURSE, "account_id": "12", "name": "Welding Safety", "sis_source_id": "WELD101-2026"},
            "progress": {"completed_at": now, "requirement_count": 6, "requirement_completed_count": 6, "next_requirement_url": None},
            "user": {"id": user, "name": name, "email": email},
        },
    }
    return json.dumps(event).encode()


def _signed(event: bytes, key: RSAKey) -> str:
    return jws.serialize_compact({"typ": "JWT", "alg": "RS256", "kid": KID}, event, key, algorithms=["RS256"])


def _deliver(stage: _Stage) -> None:
    hook, event = stage.values["hook"], _event("9001", "Asha Rao", "asha.rao@example.org")
    stranger = RSAKey.generate_key(2048, {"kid": KID})
    for what, body, expect in (
        ("an unsigned copy of the event is refused", event.decode(), 401),
        ("a copy signed by a stranger's key is refused", _signed(event, stranger), 401),
        ("the event that Canvas signed is taken", _signed(event, stage.values["key"]), 200),
    ):
        answer = stage.client.post(hook, content=body, headers={"Content-Type": "text/plain"})
        if answer.status_code != expect:
            raise Failed(f"{what}: expected {expect}, got {answer.status_code}: {answer.text[:500]}")
        stage.say(f"{what} ({answer.status_code})", hook)
    stage.shown = _issued(stage, "asha.rao@example.org")
    stage.say("the worker decided, signed, checked and stored the badge", stage.shown)


def _issued(stage: _Stage, email: str) -> str:
    """Return the URL of the badge that the learner with this address got from Canvas."""
    ends = time.monotonic() + ISSUE_SECONDS
    while time.monotonic() < ends:
        awards = stage.api("GET", f"awards?source={stage.name('canvas')}", expect=200)["items"]
        found = next((award for award in awards if award["learner"]["email"] == email), None)
        if found and found["state"] == "issued":
            url: str = found["credential"]["id"]
            return url
        if found and found["state"] != "pending":
            raise Failed(f"The award is {found['state']}: {found['reason']}")
        time.sleep(0.1)
    raise Failed("The worker did not issue the badge in time.")


def _download(stage: _Stage) -> None:
    answer = stage.client.get(f"{stage.shown}.json").raise_for_status()
    (stage.folder / "badge.json").write_bytes(answer.content)
    status = answer.json()["credentialStatus"]["statusListCredential"]
    (stage.folder / "status-list.json").write_bytes(stage.client.get(status).raise_for_status().content)
    stage.say(f"the learner downloads it: {len(answer.content):,} bytes, {answer.headers['content-type']}", f"{stage.shown}.json")


def _report(answer: httpx.Response, outcome: str) -> str:
    report = answer.raise_for_status().json()
    if report["outcome"] != outcome:
        raise Failed(f"The report says {report['outcome']} instead of {outcome}: {report['summary']}")
    summary: str = report["summary"]
    return summary


def _verify(stage: _Stage) -> None:
    url = f"{stage.base}/verify?url={quote(stage.shown, safe='')}"
    stage.say(f"an employer verifies it by URL: VALID. {_report(stage.client.get(url), 'VALID')}", url)


def _tamper(stage: _Stage) -> None:
    forged = json.loads((stage.folder / "badge.json").read_bytes())
    forged["credentialSubject"]["achievement"]["name"] = "Master Welder"
    summary = _report(stage.client.post("/verify", content=json.dumps(forged).encode()), "INVALID")
    stage.say(f"a tampered copy is refused: INVALID. {summary}", f"{stage.base}/verify")


def _revoke(stage: _Stage) -> None:
    email = "lee.ortega@example.net"
    body = _signed(_event("9002", "Lee Ortega", email), stage.values["key"])
    stage.client.post(stage.values["hook"], content=body).raise_for_status()
    other = _issued(stage, email)
    stage.api("POST", f"credentials/{other.rpartition('/')[2]}/revoke", {"reason": "Issued to the wrong person."}, expect=200)
    url = f"{stage.base}/verify?url={quote(other, safe='')}"
    stage.say(f"another badge was revoked, and is reported so: INVALID. {_report(stage.client.get(url), 'INVALID')}", url)
    _report(stage.client.get(f"/verify?url={quote(stage.shown, safe='')}"), "VALID")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
