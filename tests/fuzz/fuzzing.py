"""Throw changed bytes at everything that reads what strangers hand in: `python tests/fuzz/fuzzing.py --minutes 10 [--seed N]`.

Whatever the bytes, only a `problem.Problem` may come out, a whole verification must end in a report, and no changed badge may be VALID. The
seeds are the corpus of named faults and its controls. The same seed tries the same inputs in the same order; what is found is kept as a
file, and its name printed.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from badgeissuer import problem, verifying
from badgeissuer.openbadges import baking
from badgeissuer.vc import document, jose, report, schema, secured, statuslist, verification

CORPUS = Path(__file__).parents[1] / "corpus"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SLOWEST_SECONDS = 2.0
_INTERESTING = (
    *(b"\0", b"\xff", b'"', b"{", b"[", b"}", b"]", b"<", b"&", b".", b"="),
    *(b"e999", b"9" * 30, b"\\ud800", b"null", b"IEND", b"\x1f\x8b"),
)

Target = Callable[[bytes], object]


@dataclass(slots=True)
class Found:
    """What came out of it."""

    tried: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def _cases(*patterns: str) -> list[bytes]:
    paths = sorted(path for pattern in patterns for path in (CORPUS / "cases").glob(pattern))
    return [path.read_bytes() for path in paths]


def _internet() -> Mapping[str, bytes]:
    named = json.loads((CORPUS / "resources" / "resources.json").read_text("utf-8"))
    return {url: (CORPUS / "resources" / name).read_bytes() for url, name in named.items()}


def _look(internet: Mapping[str, bytes]) -> verifying.Look:
    def look(url: str) -> verification.Resource | verification.Unreachable:
        body = internet.get(url)
        return verification.Unreachable(url, "nothing") if body is None else verification.Resource(url, body, NOW)

    return look


def _decode(body: bytes) -> object:
    return statuslist.decode("u" + base64.urlsafe_b64encode(body).decode().rstrip("="))


def _judge(body: bytes) -> object:
    content = document.parse(body)
    return schema.check(content, content.get("schema", content))


def _targets() -> dict[str, tuple[Target, list[bytes]]]:
    """Return what is tried: name → what reads the bytes, and the bytes to begin with."""
    look = _look(_internet())
    tokens, images, documents = _cases("jwt/*", "controls/*.jwt"), _cases("png/*", "svg/*"), _cases("controls/*.json", "json-ld/*.json")
    lists = [base64.urlsafe_b64decode(statuslist.encode(statuslist.MIN_LENGTH, (0, 7, 99))[1:] + "==")]
    everything = documents + tokens + images + _cases("endorsement/*", "clr/*", "presentation/*")

    def verify(body: bytes) -> object:
        found = verifying.verify(body, look=look, now=NOW, policy=verification.Policy(verifying.BADGE)).report
        if found.outcome is report.Outcome.VALID and body not in known:
            _refuse_another_meaning(body)
        return found.to_json()

    known = set(everything)
    meanings = {_meaning(body) for body in everything}

    def _refuse_another_meaning(body: bytes) -> None:
        # White space, the order of members, and a picture are not signed: the credential itself must be one that was.
        if _meaning(body) not in meanings:
            raise AssertionError("a changed badge is VALID")

    return {
        "document.parse": (document.parse, documents),
        "baking.unbake": (baking.unbake, images),
        "jose.read": (lambda body: jose.credential(jose.read(body.decode("utf-8", "replace"))), tokens),
        "statuslist.decode": (_decode, lists),
        "secured.read": (secured.read, documents + tokens),
        "schema.check": (
            _judge,
            [*_cases("schema/*.json"), b'{"schema": {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}}'],
        ),
        "verifying.verify": (verify, everything),
    }


def _meaning(body: bytes) -> str:
    try:
        given = verifying.read(body)
    except problem.Problem:
        return ""
    return json.dumps(given.content, sort_keys=True) + (given.token.text if given.token else "")


def mutate(body: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return a changed copy of some bytes: up to four changes of the kinds that readers stumble over."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(7):
            case 0 if changed:
                changed[place % len(changed)] ^= 1 << chance.randrange(8)
            case 1:
                changed[place:place] = chance.choice(_INTERESTING)
            case 2:
                del changed[place : place + chance.randint(1, 40)]
            case 3:
                changed[place:place] = changed[place : place + chance.randint(1, 200)]
            case 4:
                other = chance.choice(others)
                begin = chance.randrange(len(other) + 1)
                changed[place : place + chance.randint(0, 40)] = other[begin : begin + chance.randint(1, 200)]
            case 5:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case _:
                changed = changed[:place]
    return bytes(changed)


def fuzz(seconds: float, *, seed: int, keep: Path) -> Found:
    """Try changed inputs on every target in turn until the time is up.

    Args:
        seconds: How long.
        seed: Of the changes.
        keep: The folder for inputs that do what they must not.
    """
    chance, found, targets = random.Random(seed), Found(), _targets()  # noqa: S311 - repeatable on purpose
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, (target, seeds) in targets.items():
            body = mutate(chance.choice(seeds), seeds, chance)
            fault = _try(target, body, name, found)
            if fault:
                path = keep / f"{name}-{len(found.faults)}"
                path.write_bytes(body)
                found.faults.append(f"{name}: {fault}: {path}")
    return found


def _try(target: Target, body: bytes, name: str, found: Found) -> str:
    begun = time.process_time()
    fault = ""
    try:
        target(body)
    except problem.Problem:
        pass
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        fault = f"{type(error).__name__}: {error}"[:200]
    took = time.process_time() - begun
    found.tried[name] = found.tried.get(name, 0) + 1
    found.slowest[name] = max(found.slowest.get(name, 0.0), took)
    return fault or (f"took {took:.1f} s" if took > SLOWEST_SECONDS else "")


def main() -> int:
    """Fuzz as long as the command line says, print what came of it, and return the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    keep = Path(tempfile.mkdtemp(prefix="badgeissuer-fuzz-"))
    found = fuzz(60 * given.minutes, seed=given.seed, keep=keep)
    for name, number in found.tried.items():
        print(f"{name:<20} {number:>8,} inputs, the slowest {1000 * found.slowest[name]:.0f} ms")
    print("\n".join(found.faults) or f"Nothing was found (seed {given.seed}, {given.minutes:g} minutes).")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
