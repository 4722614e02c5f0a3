"""A small world on loopback: names that resolve as a test says, addresses that lead to real servers, and a record of every connection.

Connections are made by the real socket; only where the test gave an address a route does it lead to a server of ours, and an address
without one refuses. Nothing leaves the machine, and what the fetcher believed to connect to is seen.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from badgeissuer.net import fetch

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PUBLIC = "93.184.215.14"
HOST = "badges.example.com"

Answer = Callable[[socket.socket], None]


class World:
    """What names mean and where addresses lead; and what was asked of either.

    Attributes:
        names: Host → the answers of the name server, one after the other; the last one stays.
        routes: Address and port → the server behind it.
        asked: The hosts that were resolved.
        connected: The addresses and ports to which a connection was tried.
        patience: The seconds that each of these connections was given.
        now: What the clock says.
        ticks: The seconds that have gone by.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {HOST: [[PUBLIC]]}
        self.routes: dict[tuple[str, int], tuple[str, int]] = {}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.patience: list[float] = []
        self.now = NOW
        self.ticks = 1000.0

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)
        self.ticks += seconds

    def resolve(self, host: str, port: int) -> list[str]:
        assert 0 < port < 2**16
        self.asked.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    really = socket.socket.connect

    def connect(self: socket.socket, to: tuple[str, int]) -> None:
        world.connected.append(to[:2])
        world.patience.append(self.gettimeout() or float("inf"))
        if to[:2] in world.routes:
            to = world.routes[to[:2]]
        elif not ipaddress.ip_address(to[0]).is_loopback:
            raise ConnectionRefusedError
        really(self, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return world


class Fetching(Protocol):
    def __call__(self, **limits: object) -> fetch.Fetcher: ...


@pytest.fixture
def fetcher(world: World, authority: Authority) -> Iterator[Fetching]:
    """Make a fetcher in the world, as in production but for its trust anchor."""
    with contextlib.ExitStack() as stack:

        def make(**limits: object) -> fetch.Fetcher:
            made = fetch.Limits(**limits)  # type: ignore[arg-type]
            made_by = fetch.Fetcher(
                made, clock=lambda: world.now, monotonic=lambda: world.ticks, resolve=world.resolve, tls=authority.client()
            )
            return stack.enter_context(made_by)

        yield make


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Server

    def handle(self) -> None:
        self.server.connections.append(self.client_address)
        # The other side may go away at any moment: that is what many tests are about.
        with contextlib.suppress(OSError):
            self.request.settimeout(5)
            if self.server.tls:
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            with self.request:
                self._answer()

    def _answer(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            read = self.request.recv(65536)
            if not read:
                return
            head += read
        self.server.heads.append(head.decode("ascii"))
        path = head.split(b" ")[1].decode("ascii")
        self.server.answers[path](self.request)


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 64

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tls = tls
        self.connections: list[object] = []
        self.heads: list[str] = []
        self.answers: dict[str, Answer] = {}


@dataclass
class Site:
    """A real server on loopback.

    Attributes:
        answers: Path → what is done with the connection once the request was read.
        connections: One for each that was accepted.
        heads: The request heads that came in.
        names: The host names that clients gave in TLS.
    """

    address: tuple[str, int]
    answers: dict[str, Answer]
    connections: list[object]
    heads: list[str]
    names: list[str | None] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.address[1]

    def sends(self, path: str, *parts: bytes) -> None:
        """Answer a path with exactly these bytes."""
        self.answers[path] = lambda connection: connection.sendall(b"".join(parts))

    def says(self, path: str, body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> None:
        """Answer a path with a body."""
        head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""))
        self.sends(path, head.encode("latin-1"), body)

    def moves(self, path: str, location: str, *, status: str = "302 Found") -> None:
        """Answer a path with a redirect."""
        self.says(path, b"elsewhere", status=status, headers=(f"Location: {location}",))


@dataclass(frozen=True)
class Authority:
    """A certificate authority that lives as long as the tests."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())

    def server(self, *names: str, ends: datetime | None = None) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(self.key, self.certificate.subject, key, names, ends=ends)
        file = self.folder / f"{certificate.serial_number}.pem"
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _signed(
    signer: ec.EllipticCurvePrivateKey, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], *, ends: datetime | None
) -> x509.Certificate:
    today = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "Test authority")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=30))
        .not_valid_after(ends or today + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    return Authority(tmp_path_factory.mktemp("certificates"), _signed(key, name, key, (), ends=None), key)


class Serving(Protocol):
    def __call__(self, *names: str, ends: datetime | None = None) -> Site: ...


@pytest.fixture
def serve(authority: Authority) -> Iterator[Serving]:
    """Start servers: with TLS for the names that are given, in plain HTTP without any."""
    with contextlib.ExitStack() as stack:

        def start(*names: str, ends: datetime | None = None) -> Site:
            tls = authority.server(*names, ends=ends) if names else None
            server = stack.enter_context(_Server(tls))
            site = Site(("127.0.0.1", server.server_address[1]), server.answers, server.connections, server.heads)
            if tls:
                tls.sni_callback = lambda _connection, name, _context: site.names.append(name)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            stack.callback(server.shutdown)
            return site

        yield start


@pytest.fixture
def site(serve: Serving, world: World) -> Site:
    """A server with TLS behind the public address of `badges.example.com`."""
    site = serve(HOST, "other.example.org")
    world.routes[PUBLIC, 443] = site.address
    return site
