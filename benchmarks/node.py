"""Digital Bazaar's `@digitalbazaar/vc` in Node: a process that signs and verifies what it is handed, and says what that cost it.

It is the one of the tests (`tests/interop`), which `make bench` installs where there is a Node. Where there is none, this peer is left out.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badgeissuer.vc import contexts, instant
from benchmarks import measuring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject
    from benchmarks import sample

NAME = "@digitalbazaar/vc"
_FOLDER = Path(__file__).parents[1] / "tests" / "interop"


def is_there() -> bool:
    """Return whether there is a Node, and the packages are installed."""
    return shutil.which("node") is not None and (_FOLDER / "node_modules" / "@digitalbazaar" / "vc").is_dir()


@dataclass(frozen=True, slots=True)
class Node:
    """A process that runs and waits."""

    process: subprocess.Popen[str]

    def ask(self, request: JsonObject) -> tuple[float, list[Any]]:
        """Return the µs of CPU of its process, and the outcome of each item."""
        if self.process.stdin is None or self.process.stdout is None:
            raise measuring.Failed("Node is not connected.")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise measuring.Failed(f"Node ended with {self.process.wait()}.")
        answer = json.loads(line)
        return answer["microseconds"], answer["outcomes"]

    def sign(self, items: Sequence[tuple[JsonObject, datetime]], signer: sample.Signer) -> tuple[float, list[bytes]]:
        """Sign badges, each with the time when its proof is made."""
        key = {"seed": bytes(signer.key).hex(), "controller": signer.did, "method": signer.verification_method}
        pairs = [{"badge": badge, "created": instant.write(created)} for badge, created in items]
        taken, outcomes = self.ask({"do": "sign", **key, "items": pairs})
        return taken, [outcome.encode() for outcome in outcomes]

    def verify(self, bodies: Sequence[bytes], now: datetime) -> tuple[float, list[object]]:
        """Verify badges; an outcome is True, or why it is not."""
        return self.ask({"do": "verify", "now": instant.write(now), "items": [body.decode() for body in bodies]})


@contextlib.contextmanager
def running() -> Iterator[Node]:
    """Run the process, and end it."""
    with tempfile.TemporaryDirectory(prefix="badgeissuer-bench-") as folder:
        file = Path(folder) / "contexts.json"
        file.write_text(json.dumps({url: context.content for url, context in contexts.PINNED.items()}), "utf-8")
        command = ["node", str(_FOLDER / "measure.mjs"), str(file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
            try:
                yield Node(process)
            finally:
                process.kill()


@dataclass(frozen=True, slots=True)
class Asked:
    """Something to be timed that another process times itself: a `measuring.Timed`.

    Attributes:
        fresh: Makes so many inputs that were never used before.
        work: Returns the µs that all inputs took, and the outcomes.
        check: Raises where the outcome of an input is not what it should be.
        most: See `measuring.Timed`.
        warmings: Likewise.
    """

    fresh: Callable[[int], Sequence[Any]]
    work: Callable[[Sequence[Any]], tuple[float, Sequence[Any]]]
    check: Callable[[Any, Any], None]
    most: int = measuring.MOST_CALLS
    warmings: int = 1

    def timed(self, calls: int) -> float:
        """Return the seconds of CPU of one call."""
        inputs = self.fresh(calls)
        taken, outcomes = self.work(inputs)
        for item, outcome in zip(inputs, outcomes, strict=True):
            self.check(item, outcome)
        return taken / measuring.MICROSECONDS / calls
