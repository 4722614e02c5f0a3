from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from badgeissuer.web import service

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Serve


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have requests wait for a worker for a moment only."""
    return lambda: monkeypatch.setattr(service, "WAIT_SECONDS", 0.2)


def test_without_a_worker_the_answer_is_to_try_again_and_nothing_is_lost(
    serving: Serve, refused: Refused, hasty: Callable[[], None]
) -> None:
    key = {"Idempotency-Key": "k"}
    hasty()
    with serving(has_worker=False) as server:
        refused(server.stranger.get("/readyz"), 503)
        for _ in range(2):
            answer = server.api.post("/api/issuers", json={"slug": "late", "name": "Late"}, headers=key)
            refused(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
        found = server.api.get("/api/issuers/late").json()
        assert (found["did"], found["keys"]) == (None, [])
        refused(server.stranger.get("/i/late"), 409)
        refused(server.stranger.get("/i/late/did.json"), 404)
        assert server.rows()["issuer"] == 1


def test_what_came_too_early_is_done_when_there_is_a_worker(serving: Serve, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    body, key = {"slug": "late", "name": "Late"}, {"Idempotency-Key": "k"}
    with serving(has_worker=False) as server, monkeypatch.context() as impatient:
        impatient.setattr(service, "WAIT_SECONDS", 0.2)
        bearer = {"Authorization": f"Bearer {server.token}"}
        refused(server.api.post("/api/issuers", json=body, headers=key), 503)
    with serving(keep=True) as server:
        answer = server.stranger.post("/api/issuers", json=body, headers=bearer | key)
        assert (answer.status_code, answer.json()["did"][:8]) == (201, "did:key:")
        assert server.rows()["issuer"] == 1


def test_an_award_without_a_worker_waits_in_the_queue(serving: Serve, refused: Refused, hasty: Callable[[], None]) -> None:
    with serving() as server:
        slug = server.published()
    hasty()
    with serving(has_worker=False, keep=True) as server:
        refused(server.api.post("/api/awards", json={"achievement": slug, "learner": {"email": "a@example.org"}}), 503)
        (award,) = server.api.get("/api/awards").json()["items"]
        assert (award["state"], award["credential"]) == ("pending", None)


def test_a_database_that_fails_is_a_problem_that_tells_nothing_of_it(serving: Serve, refused: Refused) -> None:
    with serving() as server:
        with server.service.database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE learning_event RENAME TO elsewhere")
        answer = server.api.get("/api/events")
        refused(answer, 503)
        assert answer.headers["retry-after"]
        assert "learning_event" not in answer.text
