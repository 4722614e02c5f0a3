"""What tests of several areas do on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.web.conftest import Running, Until


def key_of(page: str) -> str:
    """Return the key that the forms of a page send along."""
    (key,) = set(re.findall(r'name="key" value="([0-9a-f]{64})"', page))
    return str(key)


def ruled(server: Running, course: str = "7") -> dict[str, Any]:
    """Return an unsigned source with a rule."""
    source = server.source(name="Our <LMS>", signature={"scheme": "none", "accept_unsigned": True})
    when = {"all": [{"field": "course", "op": "eq", "value": course}]}
    server.make("rules", {"achievement": server.published(), "source": source["slug"], "when": when})
    return source


def said(server: Running, source: dict[str, Any], until: Until, *, kind: str = "done", course: str = "7", **learner: str) -> int:
    """Deliver an event, and return the number of its delivery once it was processed."""
    body = {"type": kind, "data": {"event_id": server.fresh("event"), "learner": learner, "course": {"id": course}}}
    answer = server.stranger.post(source["hook_url"], json=body)
    assert answer.is_success, answer.text
    number: int = answer.json()["delivery"]
    until(lambda: server.api.get(f"/api/deliveries/{number}").json()["state"] == "processed")
    return number


def finished(server: Running, batch: dict[str, Any], until: Until) -> dict[str, Any]:
    """Return a batch once it is done."""
    found: dict[str, Any] = {}

    def is_done() -> bool:
        found.update(server.api.get(f"/api/batches/{batch['id']}").json())
        return bool(found["state"] == "done")

    until(is_done)
    return found
