"""`catalogue_sqlite` and `catalogue_postgresql`: how long a search of the catalogue takes over HTTP, with 2,000 achievements in it."""

from __future__ import annotations

import http.client
import json
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from badgeissuer import authoring
from badgeissuer.settings import clock
from badgeissuer.store import engine, tables
from benchmarks import measuring, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ACHIEVEMENTS = 2000
QUICK_ACHIEVEMENTS = 40
SEARCHES = 400
_MILLISECONDS = 1000
_SUBJECTS = ("Chart", "Weld", "Nurse", "Garden", "Count", "Teach", "Forest", "Glass", "Bee", "Loom", "Kiln", "Stone")
_VERBS = ("Plans", "Judges", "Mends", "Explains", "Measures", "Compares", "Records", "Repairs")
_LANGUAGES = ("en", "mi", "de", "fr")


def catalogue_sqlite(scale: measuring.Scale) -> Figures:
    """Return how long searches take on SQLite."""
    return _searched("catalogue_sqlite", service.sqlite(), scale)


def catalogue_postgresql(scale: measuring.Scale) -> Figures:
    """Return how long searches take on PostgreSQL."""
    return _searched("catalogue_postgresql", service.postgresql(), scale)


def _searched(name: str, place: AbstractContextManager[service.Service], scale: measuring.Scale) -> Figures:
    is_full = scale is measuring.FULL
    draw = random.Random(20261122)  # noqa: S311 - what is looked for, no secret
    with place as made:
        _fill(made, ACHIEVEMENTS if is_full else QUICK_ACHIEVEMENTS, draw)
        with made.serving():
            asked = [_question(draw) for _ in range(SEARCHES if is_full else 20)]
            _ask(made, asked[:20])  # warms up
            found = _ask(made, asked)
    if not any(count for _, count in found):
        raise measuring.Failed("No search has found anything.")
    waits = sorted(wait for wait, _ in found)
    return {
        f"{name}_p50": Figure(waits[len(waits) // 2] * _MILLISECONDS, "ms", "lower"),
        f"{name}_p95": Figure(waits[int(len(waits) * 0.95)] * _MILLISECONDS, "ms", "lower"),
    }


def _fill(made: service.Service, number: int, draw: random.Random) -> None:
    now, site = clock(), made.settings.site
    for place in range(number):
        with engine.writing(made.database) as session:
            known = authoring.achievement(session, service.SLUG)
            owner = session.get_one(tables.Issuer, known.issuer_id)
            row = authoring.create_achievement(session, owner, slug=f"entry-{place}", draft=_draft(place, draw), site=site, now=now)
            authoring.publish(session, row, site=site, now=now)


def _draft(place: int, draw: random.Random) -> dict[str, Any]:
    subject = draw.choice(_SUBJECTS)
    skill = draw.randrange(200)
    return {
        "name": f"{subject} work {place}",
        "description": f"{draw.choice(_VERBS)} what {subject.lower()} work needs, and says why.",
        "criteria": {"narrative": "Do it."},
        "inLanguage": draw.choice(_LANGUAGES),
        "level": [{"framework": "EQF", "code": str(draw.randint(2, 7))}],
        "workload": f"PT{draw.randint(5, 200)}H",
        "learningOutcome": [
            {
                "statement": f"{verb} {subject.lower()} number {draw.randrange(500)}.",
                "alignment": [{"targetName": f"skill {skill}", "targetUrl": f"https://skills.example/{skill}"}],
            }
            for verb in draw.sample(_VERBS, 4)
        ],
    }


def _question(draw: random.Random) -> str:
    kinds: list[dict[str, str]] = [
        {"q": f"{draw.choice(_SUBJECTS)} {draw.choice(_VERBS)}".lower()},
        {"q": f"number {draw.randrange(500)}"},
        {"level": f"EQF:{draw.randint(2, 7)}", "language": draw.choice(_LANGUAGES)},
        {"skill": f"https://skills.example/{draw.randrange(200)}"},
        {},
    ]
    return "/catalogue?" + urlencode(draw.choice(kinds))


def _ask(made: service.Service, paths: list[str]) -> list[tuple[float, int]]:
    """Ask one after the other over one connection; return how long each answer took, in seconds, and how many it holds."""
    connection = http.client.HTTPConnection("127.0.0.1", made.port, timeout=30)
    found = []
    try:
        for path in paths:
            began = time.monotonic()
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            wait = time.monotonic() - began
            if answer.status != http.HTTPStatus.OK:
                raise measuring.Failed(f"A search was answered with {answer.status}: {body[:200]!r}")
            found.append((wait, len(json.loads(body)["items"])))
    finally:
        connection.close()
    return found
