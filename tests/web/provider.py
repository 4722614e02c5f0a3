"""An OpenID provider on loopback that says whatever a test has it say."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwk, jws

CLIENT, SECRET = "badgeissuer", "s3cret/+ with=signs"
ALL = ["none", "HS256", "RS256", "ES256"]


@dataclass
class House:
    """The provider.

    Attributes:
        issuer: The URL that names it.
        about: What stands in its description instead of, or beside, the usual.
        keys: What it signs with, by `kid`; the public halves are what it publishes.
        answer: What the token endpoint answers instead of an ID token.
        told: What UserInfo tells.
        asked: The forms and headers that came to the token endpoint.
        fetched: How often its keys were asked for.
    """

    issuer: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, jwk.Key] = field(default_factory=lambda: {"one": jwk.ECKey.generate_key("P-256")})
    answer: tuple[int, bytes] | None = None
    token: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    fetched: int = 0

    def sign(self, claims: dict[str, Any], *, kid: str = "one", alg: str = "ES256", key: jwk.Key | None = None, **header: object) -> str:
        """Return a token as this provider would sign it, or as somebody else would."""
        signer = key or self.keys[kid]
        return jws.serialize_compact({"alg": alg, "kid": kid, **header}, json.dumps(claims).encode(), signer, algorithms=ALL)

    def documents(self) -> dict[str, Any]:
        """Return what stands where."""
        place = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys", "userinfo_endpoint": "me"}
        about = {"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in place.items()}}
        keys = [key.as_dict(private=False) | {"kid": kid} for kid, key in self.keys.items()]
        return {"/.well-known/openid-configuration": about | self.about, "/keys": {"keys": keys}, "/me": self.told}


@contextmanager
def opened() -> Iterator[House]:
    """Run a provider."""
    house = House()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            house.fetched += self.path == "/keys"
            found = house.documents().get(self.path)
            self.reply(404 if found is None else 200, json.dumps(found).encode())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            house.asked.append((form, dict(self.headers.items())))
            given = {"id_token": house.token, "access_token": "opens", "token_type": "Bearer"}
            status, body = house.answer or (200, json.dumps(given).encode())
            self.reply(status, body)

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Cache-Control": "no-store", "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        house.issuer = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield house
        server.shutdown()
