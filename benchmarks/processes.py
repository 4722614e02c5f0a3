"""What a running process has used so far, as Linux tells it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1024
_NANO = 1_000_000_000


def memory(process: int) -> float:
    """Return the MiB of memory that a process has at hand now (RSS)."""
    return _line(process, "VmRSS") / _MIB


def peak(process: int) -> float:
    """Return the MiB of memory that it had at hand at most."""
    return _line(process, "VmHWM") / _MIB


def cpu(process: int) -> float:
    """Return the seconds of CPU that a process and the children that it has waited for have used, to a hundredth."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def exact_cpu(process: int) -> float:
    """Return the seconds of CPU that the first thread of a process has used, to the nanosecond."""
    return int(Path(f"/proc/{process}/schedstat").read_text("utf-8").split()[0]) / _NANO


def _line(process: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text("utf-8"), re.MULTILINE)
    return int(found[1]) if found else 0
