"""The keys of a Canvas source are fetched from where it publishes them, when a delivery names one that is not known."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, Serve

EVENT: dict[str, Any] = {
    "metadata": {"event_name": "course_completed", "event_time": "2026-05-20T14:01:31Z"},
    "body": {"user": {"id": "1", "email": "asha@example.org"}, "course": {"id": "7"}},
}


@dataclass
class Publisher:
    """A server of key sets on loopback that counts how often it is asked."""

    url: str = ""
    body: bytes = b"{}"
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    found = Publisher()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://localhost:{server.server_address[1]}/jwks"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _set_of(*keys: RSAKey) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def _signed(key: RSAKey, **body: Any) -> str:  # noqa: ANN401 - members of an event
    header = {"typ": "JWT", "alg": "RS256", "kid": str(key.kid)}
    return jws.serialize_compact(header, json.dumps(EVENT | {"body": EVENT["body"] | body}).encode(), key, algorithms=["RS256"])


def _hook(server: Running, url: str) -> str:
    found: str = server.source(adapter="canvas", signature={"scheme": "canvas_jwt", "jwks_url": url})["hook_url"]
    return found


def test_a_new_key_is_fetched_once_a_minute_at_most(serving: Serve, publisher: Publisher, refused: Refused) -> None:
    known, stranger = _key("2026-05"), _key("2026-06")
    publisher.body = _set_of(known)
    with serving(verify_allow_private_networks=True) as server:
        hook = _hook(server, publisher.url)
        assert server.stranger.post(hook, content=_signed(known)).json()["status"] == "accepted"
        for _ in range(3):
            refused(server.stranger.post(hook, content=_signed(stranger)), 401)
        assert publisher.asked == ["/jwks"]
        server.service.keys_asked.clear()  # as if a minute had gone by
        publisher.body = _set_of(stranger)
        assert server.stranger.post(hook, content=_signed(stranger, progress={})).json()["status"] == "accepted"
        refused(server.stranger.post(hook, content=_signed(known, user={"id": "2"})), 401)  # withdrawn, and so known no more


@pytest.mark.parametrize("body", [b"no JSON", b'{"keys": []}', b'{"keys": "none"}'])
def test_what_is_no_key_set_changes_nothing(serving: Serve, publisher: Publisher, refused: Refused, body: bytes) -> None:
    publisher.body = body
    with serving(verify_allow_private_networks=True) as server:
        refused(server.stranger.post(_hook(server, publisher.url), content=_signed(_key("k"))), 401)
    assert publisher.asked == ["/jwks"]


def test_keys_are_not_fetched_from_private_addresses(serving: Serve, publisher: Publisher, refused: Refused) -> None:
    with serving() as server:
        answer = server.api.post(
            "/api/sources",
            json={
                "slug": "canvas",
                "name": "Canvas",
                "adapter": "canvas",
                "issuer": server.unit(),
                "signature": {"scheme": "canvas_jwt", "jwks_url": publisher.url},
            },
        )
        if answer.status_code == 201:
            refused(server.stranger.post(answer.json()["hook_url"], content=_signed(_key("k"))), 401)
    assert publisher.asked == []
