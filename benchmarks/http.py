"""`issue_http` and `verify_http`: requests that one server process on SQLite answers in a second."""

from __future__ import annotations

import json
from datetime import timedelta

from badgeissuer import verifying
from badgeissuer.settings import clock
from badgeissuer.store import engine
from badgeissuer.vc import instant, verification
from benchmarks import clients, measuring, sample, service, signing
from benchmarks import verifying as verifications
from benchmarks.results import Figure


def issue_http(scale: measuring.Scale) -> Figure:
    """Return how many badges a second are issued one by one, each to a learner of its own."""
    learners = sample.Learners(clock())

    with service.sqlite() as made, made.serving():

        def send(number: int) -> float:
            requests = [_award(made, learner) for learner in learners.take(number)]
            taken, answers = clients.send(made.port, requests, clients=scale.clients, expect=201)
            awards = [json.loads(answer) for answer in answers]
            issued = {award["credential"]["id"] for award in awards if award["state"] == "issued"}
            if len(issued) != number:
                raise measuring.Failed(f"Of {number} badges only {len(issued)} were issued.")
            require_valid(made, next(iter(issued)))
            return taken

        return Figure(measuring.median_rate(send, scale), "requests/s", "higher")


def _award(made: service.Service, learner: sample.Learner) -> clients.Request:
    body = {
        "achievement": service.SLUG,
        "learner": {"email": learner.email, "name": learner.name, "did": learner.did},
        "awarded_at": instant.write(learner.awarded),
        "valid_until": instant.write(learner.valid_until),
        "results": sample.results(learner),
        "evidence": sample.evidence(learner),
        "credits_earned": sample.BADGE["credentialSubject"]["creditsEarned"],
    }
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


def verify_http(scale: measuring.Scale) -> Figure:
    """Return how many badges a second are verified, each of them another."""
    learners = sample.Learners(clock().replace(microsecond=0) - timedelta(days=1))

    with service.sqlite() as made, made.serving():
        blank = sample.form(made.signer.did, made.list_url)

        def document(learner: sample.Learner) -> bytes:
            return signing.signed(sample.fill(blank, learner), made.signer, learner.valid_from)

        def send(number: int) -> float:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            requests = [clients.Request("/verify", document(learner), headers) for learner in learners.take(number)]
            taken, answers = clients.send(made.port, requests, clients=scale.clients, expect=200)
            for answer in answers:
                verifications.check_report(json.loads(answer), is_known=True)
            return taken

        return Figure(measuring.median_rate(send, scale), "requests/s", "higher")
