"""Drawing in a process of its own, which is ended when it takes too long or too much: filters of a small file can keep a core for minutes.

The child reads what to draw from its input, as JSON, and writes the PNG. It is this file, run by itself: nothing else of the package is
loaded into it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 4
"""Of a core that one drawing may take."""
PATIENCE = 3
"""So many times as long is waited for it on a machine that has other things to do: what can be drawn must not depend on that."""
MEMORY_BYTES = 1024 * 1024 * 1024
"""Of address space."""
_TURN = threading.Lock()
"""One drawing at a time in a process."""


def draw(said: Mapping[str, Any]) -> bytes:
    """Return what resvg makes of some arguments.

    Raises:
        ValueError: It could not be drawn, or not within the limits.
    """
    command = [sys.executable, "-I", __file__]
    try:
        with _TURN:
            done = subprocess.run(command, input=json.dumps(said).encode(), capture_output=True, timeout=PATIENCE * SECONDS, check=True)  # noqa: S603 - our own file
    except (subprocess.SubprocessError, OSError):
        raise ValueError("it could not be drawn within the limits") from None
    return done.stdout


def _limit() -> None:
    """Take from this process what it could use more of, where the system can do that."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> None:
    """Be the child."""
    import resvg_py  # noqa: PLC0415 - the parent may not need it

    _limit()
    sys.stdout.buffer.write(bytes(resvg_py.svg_to_bytes(**json.load(sys.stdin))))


if __name__ == "__main__":
    main()
