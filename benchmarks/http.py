"""`issue_http…` and `verify_http`: what one server process answers in a second, and what it takes."""

from __future__ import annotations

import json
import statistics
import time
from datetime import timedelta
from http import client
from typing import TYPE_CHECKING

from badgeissuer import verifying
from badgeissuer.settings import clock
from badgeissuer.store import engine
from badgeissuer.vc import verification
from benchmarks import clients, measuring, processes, sample, service, signing
from benchmarks import verifying as verifications
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_MILLISECONDS = 1000
_POLL_SECONDS = 0.05


def issue_http(scale: measuring.Scale) -> Figures:
    """Return how many badges a second are issued one by one, each to a learner of its own, on SQLite."""
    return _issue("issue_http", service.sqlite(), scale)


def issue_http_postgresql(scale: measuring.Scale) -> Figures:
    """Return the same on PostgreSQL."""
    return _issue("issue_http_postgresql", service.postgresql(), scale)


def _issue(name: str, place: AbstractContextManager[service.Service], scale: measuring.Scale) -> Figures:
    learners = sample.Learners(clock())

    with place as made, made.serving() as process:

        def send(number: int) -> measuring.Round:
            requests = [_award(made, learner) for learner in learners.take(number)]
            done = clients.send(made.port, requests, clients=scale.clients, expect=201)
            awards = [json.loads(answer) for answer in done.answers]
            issued = {award["credential"]["id"] for award in awards if award["state"] == "issued"}
            if len(issued) != number:
                raise measuring.Failed(f"Of {number} badges only {len(issued)} were issued.")
            require_valid(made, next(iter(issued)))
            return done

        return figures(name, send, scale, process=process)


def issue_http_bulk(scale: measuring.Scale) -> Figures:
    """Return how many badges a second are issued by requests with many rows, on SQLite."""
    return _issue_bulk("issue_http_bulk", service.sqlite(), scale)


def issue_http_bulk_postgresql(scale: measuring.Scale) -> Figures:
    """Return the same on PostgreSQL."""
    return _issue_bulk("issue_http_bulk_postgresql", service.postgresql(), scale)


def _issue_bulk(name: str, place: AbstractContextManager[service.Service], scale: measuring.Scale) -> Figures:
    learners = sample.Learners(clock())

    with place as made, made.serving() as process:

        def send(number: int) -> float:
            """Return the seconds from the first of so many requests to the last badge."""
            requests = [_roster(made, learners.take(scale.bulk_rows)) for _ in range(number)]
            began = time.monotonic()
            done = clients.send(made.port, requests, clients=min(scale.clients, number), expect=202)
            for answer in done.answers:
                _await_batch(made, json.loads(answer)["id"], rows=scale.bulk_rows)
            return time.monotonic() - began

        send(1)  # warms up
        number = max(1, int(scale.http_seconds * 2 / send(1)))
        rate = statistics.median(number * scale.bulk_rows / send(number) for _ in range(scale.rounds))
        return {name: Figure(rate, "badges/s", "higher"), f"{name}_memory": Figure(processes.memory(process), "MiB", "lower")}


def _roster(made: service.Service, learners: list[sample.Learner]) -> clients.Request:
    headers = {"Authorization": f"Bearer {made.token}", "Content-Type": "application/jsonl"}
    return clients.Request(f"/api/batches?achievement={service.SLUG}", sample.roster(learners), headers)


def _await_batch(made: service.Service, batch: str, *, rows: int) -> None:
    """Wait until every badge of a batch is stored."""
    ends = time.monotonic() + clients.ROUND_SECONDS
    headers = {"Authorization": f"Bearer {made.token}"}
    while time.monotonic() < ends:
        connection = client.HTTPConnection("127.0.0.1", made.port, timeout=clients.ANSWER_SECONDS)
        connection.request("GET", f"/api/batches/{batch}", headers=headers)
        found = json.loads(connection.getresponse().read())
        connection.close()
        if found["state"] == "done":
            if found["done"] != rows or found["repeated"]:
                raise measuring.Failed(f"Not every row of a roster was issued: {found}")
            return
        time.sleep(_POLL_SECONDS)
    raise measuring.Failed(f"A batch was not issued: {found}")


def figures(name: str, send: Callable[[int], measuring.Round], scale: measuring.Scale, *, process: int) -> Figures:
    """Return a rate, and beside it how long requests waited, the CPU of the server for each, and its memory at the end."""
    before = processes.cpu(process)
    done = measuring.served(send, scale)
    return {
        name: Figure(done.rate, "requests/s", "higher"),
        f"{name}_p50": Figure(done.p50 * _MILLISECONDS, "ms", "lower"),
        f"{name}_p99": Figure(done.p99 * _MILLISECONDS, "ms", "lower"),
        f"{name}_cpu": Figure((processes.cpu(process) - before) / done.number * _MILLISECONDS, "ms of CPU", "lower"),
        f"{name}_memory": Figure(processes.memory(process), "MiB", "lower"),
    }


def _award(made: service.Service, learner: sample.Learner) -> clients.Request:
    body = {"achievement": service.SLUG} | sample.row(learner)
    headers = {"Authorization": f"Bearer {made.token}", "Content-Type": "application/json"}
    return clients.Request("/api/awards", json.dumps(body).encode(), headers)


def require_valid(made: service.Service, url: str) -> None:
    """Raise unless the badge at a URL of the service can be had and is VALID."""

    def look(asked: str) -> verification.Resource | verification.Unreachable:
        with engine.reading(made.database) as session:
            found = verifying.own(session, asked, site=made.settings.site, now=clock())
        return found or verification.Unreachable(asked, "it is not of this service")

    found = verifying.verify_url(url, look=look, now=clock(), policy=verification.Policy(verifying.BADGE)).report
    if found.outcome != "VALID":
        raise measuring.Failed(f"A badge that was issued is not good: {found.summary}")


def verify_http(scale: measuring.Scale) -> Figures:
    """Return how many badges a second are verified, each of them another."""
    learners = sample.Learners(clock().replace(microsecond=0) - timedelta(days=1))

    with service.sqlite() as made, made.serving() as process:
        blank = sample.form(made.signer.did, made.list_url)

        def document(learner: sample.Learner) -> bytes:
            return signing.signed(sample.fill(blank, learner), made.signer, learner.valid_from)

        def send(number: int) -> measuring.Round:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            requests = [clients.Request("/verify", document(learner), headers) for learner in learners.take(number)]
            done = clients.send(made.port, requests, clients=scale.clients, expect=200)
            for answer in done.answers:
                verifications.check_report(json.loads(answer), is_known=True)
            return done

        return figures("verify_http", send, scale, process=process)
