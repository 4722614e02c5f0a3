from __future__ import annotations

import ipaddress
import os
import re
import signal
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Process, Start


def issue(server: Process, client: httpx.Client) -> dict[str, Any]:
    """Define, publish and award over HTTP, as patiently as the service asks for; return the badge."""

    def post(path: str, body: object) -> dict[str, Any]:
        answer = client.post(f"/api/{path}", json=body, headers={"Idempotency-Key": path})
        if answer.status_code == 503:
            time.sleep(int(answer.headers["retry-after"]))
            return post(path, body)
        made: dict[str, Any] = answer.raise_for_status().json()
        return made

    post("issuers", {"slug": "harbour", "name": "Harbour School"})
    definition = {"name": "Rope Work", "description": "x", "achievementType": "Badge", "criteria": {"narrative": "x"}}
    post("achievements", {"issuer": "harbour", "slug": "rope-work"} | definition)
    post("achievements/rope-work/publish", {})
    made = post("awards", {"achievement": "rope-work", "learner": {"email": "asha@example.org"}})
    assert made["credential"]["id"].startswith(server.base)
    badge: dict[str, Any] = client.get(made["credential"]["id"]).raise_for_status().json()
    return badge


def client_of(server: Process, command: Command, *, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    token = command("token", "create", "--name", "me", "--role", "admin").out.strip()
    bearer = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.base, headers=bearer, verify=verify, timeout=30, trust_env=False)


def verdict(client: httpx.Client, badge: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/verify", params={"url": badge["id"]}).raise_for_status().json()
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_starts_says_how_to_begin_and_ends_when_told(start: Start, number: signal.Signals) -> None:
    with start("serve") as server:
        assert server.stop(number) == 0
        log = server.log.read_text()
    assert f"badgeissuer serves {server.base}\n" in log
    assert "badgeissuer token create --name me --role admin" in log
    assert "Traceback" not in log


def test_the_service_issues_with_the_worker_inside(start: Start, command: Command) -> None:
    with start("serve") as server, client_of(server, command) as client:
        badge = issue(server, client)
        assert verdict(client, badge)["outcome"] == "VALID"
        assert server.stop() == 0
        assert "ERROR" not in server.log.read_text()


def test_several_server_processes_are_one_service(start: Start, command: Command) -> None:
    with start("serve", "--workers", "2") as server, client_of(server, command) as client:
        badge = issue(server, client)
        assert {verdict(client, badge)["outcome"] for _ in range(6)} == {"VALID"}
        assert "server" not in client.get("/healthz").headers
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost, signed by itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "certificate.pem").write_bytes(signed.public_bytes(encoding))
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return folder / "certificate.pem", folder / "key.pem"


def test_over_https_issuers_are_did_web_and_their_badges_verify(start: Start, command: Command, folder: Path) -> None:
    pem, key = certificate(folder)
    trusting = ssl.create_default_context(cafile=str(pem))
    options = ("--ssl-certfile", pem, "--ssl-keyfile", key)
    with start("serve", *options, verify=trusting) as server, client_of(server, command, verify=trusting) as client:
        badge = issue(server, client)
        port = server.base.rpartition(":")[2]
        assert badge["issuer"]["id"] == f"did:web:localhost%3A{port}:i:harbour"
        document = client.get("/i/harbour/did.json").json()
        assert document["id"] == badge["issuer"]["id"]
        assert badge["proof"]["verificationMethod"] in document["assertionMethod"]
        found = verdict(client, badge)
        assert (found["outcome"], found["issuer"]["identity"]) == ("VALID", "known")
        posted = client.post("/credentials/verify", json={"verifiableCredential": badge})
        assert posted.status_code == 200
        client.close()  # else the end of TLS is waited for, as long as an open request would be
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_starts_and_ends_when_told(start: Start, number: signal.Signals) -> None:
    with start("worker", "--concurrency", "2", says="badgeissuer worker, process") as worker:
        assert f"process {worker.popen.pid}, 2 thread(s)" in worker.log.read_text()
        assert worker.stop(number) == 0
        assert "Traceback" not in worker.log.read_text()


def test_a_service_without_its_worker_is_not_ready(start: Start) -> None:
    with start("serve", "--no-worker") as server:
        answer = httpx.get(f"{server.base}/readyz", trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_refuses_a_port_that_is_taken(command: Command, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in command("serve", "--port", port, "--workers", workers).refusal()


def test_the_settings_of_the_environment_reach_every_server_process(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGEISSUER_BASE_URL", "https://badges.example/unit")
    with start("serve", "--workers", "2", "--no-worker") as server:
        assert re.search(r"serves https://badges\.example/unit$", server.log.read_text(), re.MULTILINE)
        assert server.stop() == 0


def test_a_server_process_that_is_killed_is_replaced(start: Start) -> None:
    with start("serve", "--workers", "2", "--no-worker") as server:
        children = _children(server.popen.pid)
        assert len(children) >= 2
        os.kill(children[-1], signal.SIGKILL)
        ends = time.monotonic() + 90
        while children[-1] in _children(server.popen.pid) or len(_children(server.popen.pid)) < len(children):
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert httpx.get(f"{server.base}/healthz", trust_env=False, timeout=20).status_code == 200
        assert server.stop() == 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
