"""The short form of `make losing`: events are sent while the server and a worker are killed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests import serving
from tests.faults import killing, losing
from tests.faults.test_killing import fork

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_no_event_that_was_accepted_is_lost_or_doubled_when_server_and_worker_are_killed(engine: Engine, tmp_path: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    ordeal = killing.Ordeal(url, tmp_path, random.Random(2), start=fork)  # noqa: S311 - repeatable on purpose
    path = losing.prepare(engine, ordeal)
    try:
        accepted = losing.run(ordeal, engine, path=path, port=serving.free_port(), kills=1, senders=2)
        losing.await_badges(engine, len(accepted))
    finally:
        ordeal.stop()
    assert ordeal.kills == 1
    assert accepted
    assert losing.check(engine, accepted) == []
    assert losing.check(engine, ["another"]) == ["another was accepted and has no badge", "another was accepted and is not stored"]
