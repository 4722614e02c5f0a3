"""Run the benchmarks: `python -m benchmarks [--quick] [NAME …]`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from badgeissuer.settings import PREFIX
from benchmarks import (
    bulk,
    growth,
    http,
    intake,
    latency,
    loading,
    measuring,
    results,
    searching,
    showing,
    signing,
    statuses,
    steps,
    verifying,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BENCHMARKS: Mapping[str, Callable[[measuring.Scale], results.Figures]] = {
    "sign": signing.sign,
    "verify_own": verifying.verify_own,
    "verify_known_shape": verifying.verify_known_shape,
    "verify_new_shape": verifying.verify_new_shape,
    "issue_http": http.issue_http,
    "issue_http_postgresql": http.issue_http_postgresql,
    "issue_http_bulk": http.issue_http_bulk,
    "issue_http_bulk_postgresql": http.issue_http_bulk_postgresql,
    "verify_http": http.verify_http,
    "show_http": showing.show_http,
    "pages": loading.pages,
    "bulk_sqlite": bulk.bulk_sqlite,
    "bulk_postgresql": bulk.bulk_postgresql,
    "bulk_steps": steps.bulk_steps,
    "status_update": statuses.status_update,
    "status_build": statuses.status_build,
    "growth": growth.growth,
    "intake_sqlite": intake.intake_sqlite,
    "intake_postgresql": intake.intake_postgresql,
    "intake_wait_sqlite": latency.intake_wait_sqlite,
    "intake_wait_postgresql": latency.intake_wait_postgresql,
    "catalogue_sqlite": searching.catalogue_sqlite,
    "catalogue_postgresql": searching.catalogue_postgresql,
}


def main() -> None:
    """Run what is named, or everything; the files hold the figures of this run only."""
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]  # settings of whoever runs this must reach neither us nor the processes that we start
    scale = measuring.QUICK if arguments.quick else measuring.FULL
    figures: dict[str, results.Figure] = {}
    arguments.output.mkdir(parents=True, exist_ok=True)
    results.clear(arguments.output)
    for name in arguments.names or BENCHMARKS:
        found = BENCHMARKS[name](scale)
        figures |= found
        for part, figure in found.items():
            print(results.line(part, figure), flush=True)
        results.write(arguments.output, figures)  # after each, so that a failure does not cost the ones before


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure badgeissuer. benchmarks/README.md explains each name."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure, all if none: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="a few repetitions only: shows that everything runs; the figures mean nothing")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="FOLDER", help="where the results are written")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return arguments


if __name__ == "__main__":
    main()
