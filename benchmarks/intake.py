"""`intake_sqlite` and `intake_postgresql`: events that one server process takes in a second."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from standardwebhooks import Webhook

from badgeissuer.settings import clock
from badgeissuer.store import engine, tables
from benchmarks import clients, measuring, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def intake_sqlite(scale: measuring.Scale) -> Figures:
    """Return the events a second that are accepted on SQLite."""
    return {"intake_sqlite": _intake(service.sqlite(), scale)}


def intake_postgresql(scale: measuring.Scale) -> Figures:
    """Return the events a second that are accepted on PostgreSQL."""
    return {"intake_postgresql": _intake(service.postgresql(), scale)}


def _intake(place: AbstractContextManager[service.Service], scale: measuring.Scale) -> Figure:
    numbers = itertools.count()
    with place as made, made.serving("serve --no-worker"):

        def send(number: int) -> measuring.Round:
            requests = list(itertools.islice(deliveries(made, numbers), number))
            done = clients.send(made.port, requests, clients=scale.clients, expect=200)
            if any(json.loads(answer)["status"] != "accepted" for answer in done.answers):
                raise measuring.Failed("An event was taken for a repeated one.")
            return done

        rate = measuring.served(send, scale).rate
        _require_stored(made, next(numbers))
    return Figure(rate, "events/s", "higher")


def deliveries(made: service.Service, numbers: Iterator[int]) -> Iterator[clients.Request]:
    """Yield deliveries in our own shape, signed as Standard Webhooks describes, each about another event and learner."""
    webhook = Webhook(service.SECRET)
    for number in numbers:
        learner = {"id": f"u-{number}", "email": f"learner{number}@example.org", "name": f"Learner {number}"}
        data = {"event_id": f"event-{number}", "learner": learner, "course": {"id": "7"}, "result": {"score": 60 + number % 40, "max": 100}}
        body = json.dumps({"type": "learner.course.completed", "timestamp": "2026-11-20T14:01:31.250Z", "data": data})
        now, name = clock(), f"msg_{number}"
        signed = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(name, now, body),
            "Content-Type": "application/json",
        }
        yield clients.Request(made.hook, body.encode(), signed)


def _require_stored(made: service.Service, number: int) -> None:
    with engine.reading(made.database) as session:
        deliveries = session.scalar(select(func.count()).select_from(tables.Delivery))
        jobs = session.scalar(select(func.count()).select_from(tables.Job).where(tables.Job.kind == "process_delivery"))
    if deliveries != number or jobs != number:
        raise measuring.Failed(f"Of {number} events {deliveries} were stored and {jobs} put into the queue.")
