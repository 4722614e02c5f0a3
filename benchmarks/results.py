"""The figures, and the files that they are written to: `results.json` (the contract), `results.md` and `results.svg`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from benchmarks import plot

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured.

    Attributes:
        value: The median.
        unit: Of all values.
        better: Which way is better.
        floor: What no implementation can do without, measured in the same run.
        peers: What others need for a job that README.md describes, measured in the same run.
    """

    value: float
    unit: str
    better: Literal["higher", "lower"]
    floor: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the member of `results.json`."""
        found: dict[str, Any] = {"value": round(self.value, 1), "unit": self.unit, "better": self.better}
        found |= {"floor": round(self.floor, 1)} if self.floor is not None else {}
        return found | ({"peers": {name: round(value, 1) for name, value in self.peers.items()}} if self.peers else {})

    def ratios(self) -> dict[str, str]:
        """Return what the floor and the peers are to the value: floor or peer → a few words."""
        found = {"floor": f"{self.value / self.floor:,.1f} times the floor of {self.floor:,.1f}"} if self.floor else {}
        return found | {name: f"{_times(self, peer):,.2f} times as fast as {name} ({peer:,.1f})" for name, peer in self.peers.items()}


Figures: TypeAlias = Mapping[str, Figure]
"""What one benchmark gives: name → figure."""


def _times(figure: Figure, peer: float) -> float:
    return peer / figure.value if figure.better == "lower" else figure.value / peer


def line(name: str, figure: Figure) -> str:
    """Return a figure in one line."""
    return " · ".join((f"{name:<26} {figure.value:>12,.1f} {figure.unit}", *figure.ratios().values()))


def clear(folder: Path) -> None:
    """Remove the files of an earlier run, so that none of them can pass for this one's."""
    for ending in ("json", "md", "svg"):
        (folder / f"results.{ending}").unlink(missing_ok=True)


def write(folder: Path, figures: Mapping[str, Figure]) -> None:
    """Write the files."""
    content = {name: figure.to_json() for name, figure in figures.items()}
    (folder / "results.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / "results.md").write_text(_table(figures), "utf-8")
    (folder / "results.svg").write_text(plot.bars(_bars(figures)), "utf-8")


def _table(figures: Mapping[str, Figure]) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    rows = [
        f"| `{name}` | {figure.value:,.1f} | {figure.unit} | {figure.better} | {'; '.join(figure.ratios().values()) or '-'} |"
        for name, figure in figures.items()
    ]
    return "\n".join(
        (
            "# Results",
            "",
            f"{len(os.sched_getaffinity(0))} cores, Python {version}. Medians. Only figures of one run compare; README.md says why.",
            "",
            "| name | value | unit | better | in the same run |",
            "| --- | ---: | --- | --- | --- |",
            *rows,
            "",
        )
    )


def _bars(figures: Mapping[str, Figure]) -> dict[str, list[plot.Bar]]:
    """Return unit → bars."""
    panels: dict[str, list[plot.Bar]] = {}
    for name, figure in figures.items():
        panel = panels.setdefault(f"{figure.unit} ({figure.better} is better)", [])
        panel.append(plot.Bar(name, figure.value, "value"))
        panel += [plot.Bar(f"{name}: {peer}", value, "peer") for peer, value in figure.peers.items()]
        panel += [plot.Bar(f"{name}: floor", figure.floor, "floor")] if figure.floor is not None else []
    return panels
