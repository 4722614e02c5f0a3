"""Measure the worst input of every class: time, CPU and memory of one verification, each in a process of its own.

    python tests/fuzz/worst.py [--why] [WORD …]        those whose class or name holds one of the words; all where none is given

It prints a table in Markdown, and ends with 1 where one costs more than the limits, or comes to another verdict than it must. CPU time is
what is held against the limit, since a machine that does other things as well says little by the clock. Memory is the most that was used,
less what the idle process had. What the inputs are: `worst_*.py`.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.corpus import kit  # noqa: E402 - a script finds the package only now
from tests.fuzz import inputs  # noqa: E402

from badgeissuer import verifying  # noqa: E402
from badgeissuer.net import fetch, packing  # noqa: E402
from badgeissuer.vc import verification  # noqa: E402

SECONDS = 2
MEBIBYTES = 200
PATIENCE = 120
"""Seconds after which a measurement is ended."""
MODULES = ("worst_texts", "worst_graphs", "worst_fetched", "worst_together")
VERDICTS = ("VALID", "INVALID", "INDETERMINATE")
NOW = datetime.fromisoformat(kit.NOW)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one verification took.

    Attributes:
        seconds: By the clock.
        cpu: Seconds of CPU, of all threads.
        mebibytes: Of memory, at most at one time.
        outcome: Of the report; what went wrong where there is none.
        report_bytes: Its length as JSON.
        why: What the report found, in short.
    """

    seconds: float
    cpu: float
    mebibytes: float
    outcome: str
    report_bytes: int = 0
    why: str = ""

    def is_over(self, wanted: str) -> bool:
        """Return whether it is more than is allowed, or another verdict than the one that is wanted, where one is."""
        is_verdict = self.outcome == wanted if wanted else self.outcome in VERDICTS
        return not is_verdict or self.cpu > SECONDS or self.mebibytes > MEBIBYTES or self.report_bytes > inputs.MEBIBYTE * 4


def measured(given: inputs.Given) -> Cost:
    """Return what verifying something costs, in a fresh process."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(_written(given))
        file.flush()
        command = [sys.executable, __file__, "--measure", file.name]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return Cost(PATIENCE, PATIENCE, 0, "did not end")
    if done.returncode:
        return Cost(0, PATIENCE, 0, f"ended with {done.returncode}: {done.stderr.decode()[-300:]}")
    return Cost(**json.loads(done.stdout))


def _written(given: inputs.Given) -> bytes:
    content = asdict(given)
    content["body"] = base64.b64encode(given.body).decode()
    content["web"] = {
        url: [base64.b64encode(served[0]).decode(), served[1]] if isinstance(served, tuple) else [base64.b64encode(served).decode(), ""]
        for url, served in dict(given.web).items()
    }
    return json.dumps(content).encode()


def _measure(path: Path) -> Cost:
    """Verify what a file describes, here and now, and return what it cost."""
    content = json.loads(path.read_bytes())
    body = base64.b64decode(content["body"])
    web = {url: (base64.b64decode(packed), coding) for url, (packed, coding) in content["web"].items()}
    policy = verification.Policy({"badge": verifying.BADGE, "vc": verifying.GENERIC}[content["profile"]])
    del content

    def look(url: str) -> verification.Resource | verification.Unreachable:
        return _fetched(url, *web.get(url, (b"", "")))

    ordinary = json.dumps(kit.sign(kit.badge(kit.SCHOOL))).encode()
    verifying.verify(ordinary, look=look, now=NOW, policy=policy)  # so that the contexts are read
    idle = _memory(peak=False)
    began, cpu = time.perf_counter(), time.process_time()
    said = json.dumps(verifying.verify(body, look=look, now=NOW, policy=policy).report.to_json())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    found = json.loads(said)
    return Cost(seconds, cpu, (_memory(peak=True) - idle) / 1024, found["outcome"], len(said), _why(found))


def _fetched(url: str, packed: bytes, coding: str) -> verification.Resource | verification.Unreachable:
    """Return what the fetcher would make of an answer, under its limits."""
    most = fetch.Limits().max_bytes
    try:
        found = packing.unpack(packed, coding, max_bytes=most)
    except (packing.SwollenError, packing.UnknownError):
        return verification.Unreachable(url, fetch.NOT_UNPACKED)
    return verification.Resource(url, found, NOW) if packed and len(packed) <= most else verification.Unreachable(url, fetch.NO_HOST)


def _why(report: dict[str, Any]) -> str:
    found = [f"{step['name']} {step['outcome']}: {step['problems'][0]['detail'][:100]}" for step in report["steps"] if step["problems"]]
    return "; ".join([*found, *(f"part {_why(part['report'])}" for part in report["parts"][:1])])


def _memory(*, peak: bool) -> int:
    """Return the KiB of memory that this process has, or had at most since it was last asked."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    if not peak:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    return int(lines["VmHWM" if peak else "VmRSS"].split()[0])


def chosen(words: list[str]) -> list[inputs.Worst]:
    """Return the inputs whose class or name holds one of the words; all where there is none."""
    for module in MODULES:
        importlib.import_module(f"tests.fuzz.{module}")
    return [item for item in inputs.EVERY if not words or any(word in f"{item.group} {item.name}" for word in words)]


def main() -> int:
    """Measure, print the table, and return the exit code."""
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(asdict(_measure(arguments.measure))))
        return 0
    print("| class | input | size | CPU | memory | verdict |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    over, costs = 0, []
    for item in chosen(arguments.words):
        given = item.make()
        cost = measured(given)
        costs.append(cost)
        is_over = cost.is_over(given.outcome)
        over += is_over
        size = f"{len(given.body) / 1024:,.0f} KiB" if len(given.body) > 1024 else f"{len(given.body)} B"
        figures = [f"{cost.cpu:.2f} s", f"{cost.mebibytes:.0f} MiB"]
        print("| " + " | ".join([item.group, item.name, size, *figures, cost.outcome + " **over**" * is_over]) + " |", flush=True)
        if arguments.why:
            print(f"    {cost.seconds:.2f} s by the clock, report of {cost.report_bytes:,} bytes: {cost.why}", flush=True)
    most = max(cost.cpu for cost in costs), max(cost.mebibytes for cost in costs)
    print(f"\n{len(costs)} inputs, at most {most[0]:.2f} s and {most[1]:.0f} MiB; {over} over {SECONDS} s or {MEBIBYTES} MiB", flush=True)
    return 1 if over else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the worst input of every class.")
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--why", action="store_true", help="say too what the report found")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
