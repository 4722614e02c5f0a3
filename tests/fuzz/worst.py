"""Measure the worst input of every class: time, CPU and memory of one verification, each in a process of its own.

    python tests/fuzz/worst.py [WORD …]        those whose class or name holds one of the words; all where none is given

It prints a table in Markdown, and ends with 1 where one costs more than the limits. CPU time is what is held against the limit, since a
machine that does other things as well says little by the clock. Memory is the most that was used, less what the idle process had.
"""

from __future__ import annotations

import argparse
import base64
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

SECONDS = 2
MEBIBYTES = 200
PATIENCE = 120
"""Seconds after which a measurement is ended."""
MODULES = ("worst_texts", "worst_graphs", "worst_fetched", "worst_together")
NOW = datetime.fromisoformat(kit.NOW)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one verification took.

    Attributes:
        seconds: By the clock.
        cpu: Seconds of CPU, of all threads.
        mebibytes: Of memory, at most at one time.
        outcome: Of the report.
        report_bytes: Its length as JSON.
    """

    seconds: float
    cpu: float
    mebibytes: float
    outcome: str
    report_bytes: int = 0
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it is more than is allowed."""
        return self.cpu > SECONDS or self.mebibytes > MEBIBYTES


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
    from badgeissuer import verifying  # noqa: PLC0415 - the process that only makes inputs needs none of it
    from badgeissuer.net import fetch, packing  # noqa: PLC0415
    from badgeissuer.vc import verification  # noqa: PLC0415

    content = json.loads(path.read_bytes())
    body, web = (
        base64.b64decode(content["body"]),
        {url: (base64.b64decode(packed), coding) for url, (packed, coding) in content["web"].items()},
    )
    most = fetch.Limits().max_bytes

    def look(url: str) -> verification.Resource | verification.Unreachable:
        packed, coding = web.get(url, (b"", ""))
        try:
            found = packing.unpack(packed, coding, max_bytes=most)
        except (packing.SwollenError, packing.UnknownError):
            return verification.Unreachable(url, fetch.NOT_UNPACKED)
        return verification.Resource(url, found, NOW) if found and len(packed) <= most else verification.Unreachable(url, fetch.NO_HOST)

    profile = verifying.BADGE if content["profile"] == "badge" else verifying.GENERIC
    policy = verification.Policy(profile, recipient=content["recipient"] or None)
    ordinary = json.dumps(kit.sign(kit.badge(kit.SCHOOL))).encode()
    verifying.verify(ordinary, look=look, now=NOW, policy=policy)  # so that the contexts are read
    del content
    idle = _memory(peak=False)
    began, cpu = time.perf_counter(), time.process_time()
    report = json.dumps(verifying.verify(body, look=look, now=NOW, policy=policy).report.to_json())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Cost(seconds, cpu, (_memory(peak=True) - idle) / 1024, json.loads(report)["outcome"], len(report), _why(json.loads(report)))


def _why(report: dict[str, Any]) -> str:
    found = [f"{step['name']} {step['outcome']}: {step['problems'][0]['detail'][:100]}" for step in report["steps"] if step["problems"]]
    return "; ".join([*found, *(f"part {_why(part['report'])}" for part in report["parts"][:1])])


def _memory(*, peak: bool) -> int:
    """Return the KiB of memory that this process has, or had at most since it was last asked."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    if not peak:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    return int(lines["VmHWM" if peak else "VmRSS"].split()[0])


def main() -> int:
    """Measure, print the table, and return the exit code."""
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(asdict(_measure(arguments.measure))))
        return 0
    for module in MODULES:
        __import__(f"tests.fuzz.{module}")
    chosen = [item for item in inputs.EVERY if not arguments.words or any(word in f"{item.group} {item.name}" for word in arguments.words)]
    print("| class | input | size | CPU | memory | verdict |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    over = 0
    for item in chosen:
        given = item.make()
        cost = measured(given)
        if cost.report_bytes > 2**20:
            print(cost.report_bytes)
        is_wrong = cost.is_over or cost.outcome not in {given.outcome or cost.outcome} or (cost.outcome == "VALID" and not given.outcome)
        over += is_wrong
        size = f"{len(given.body) / 1024:,.0f} KiB"
        cells = [
            item.group,
            item.name,
            size,
            f"{cost.cpu:.2f} s",
            f"{cost.mebibytes:.0f} MiB",
            cost.outcome + (" **over**" if is_wrong else ""),
        ]
        if arguments.why:
            print(cost.why)
        print(
            "| " + " | ".join(cells) + " |" + (f"  <!-- report {cost.report_bytes:,} -->" if cost.report_bytes > 2**20 else ""), flush=True
        )
    print(f"\n{len(chosen)} inputs, {over} over {SECONDS} s or {MEBIBYTES} MiB", flush=True)
    return 1 if over else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the worst input of every class.")
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--why", action="store_true", help="say too what the report found")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


from tests.fuzz import inputs  # noqa: E402 - as above

if __name__ == "__main__":
    sys.exit(main())
