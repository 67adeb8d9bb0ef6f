"""``glr bench load``: what loading a large file of the trade costs beside a plain COPY of the same rows.

Ours checks the file whole, reads every value by its type, seals each case under a key of its own, and keeps key, reference,
event and blind index of each, all in one transaction; COPY keeps rows with a primary key. Each is a process of its own, by
turns, on one PostgreSQL; memory is the highest that the kernel saw of that process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.bench.empty_cases import bench_world
from orchestrator.bench.load_files import DECLARED, SCENARIO, LoadFiles, write_files
from orchestrator.bench.queues.lane import Lane, Ran
from orchestrator.bootstrap.world import World
from orchestrator.store import embedded

Say = Callable[[str], None]
LANES = ("load", "copy")


@dataclass(frozen=True, kw_only=True)
class LoadBench:
    """The benchmark in one workspace of its own."""

    workspace: Path
    #: Rows of each file; every size is measured in every round.
    sizes: Sequence[int]
    rounds: int

    def run(self, say: Say) -> dict[str, Any]:
        """Measure; raises ``LaneFailed`` when a lane does not get through."""
        world = bench_world(self.workspace, SCENARIO, DECLARED)
        try:
            found = {rows: self._size(world, number, rows, say) for number, rows in enumerate(self.sizes)}
        finally:
            embedded.discard(self.workspace)
        return {"bench": "load", "rounds": self.rounds, "sizes": {str(rows): report(each) for rows, each in found.items()},
                "load_average": [round(value, 2) for value in os.getloadavg()]}  # fmt: skip

    def _size(self, world: World, number: int, rows: int, say: Say) -> list[dict[str, Ran]]:
        return [self._round(world, number * self.rounds + turn, rows, say) for turn in range(self.rounds)]

    def _round(self, world: World, number: int, rows: int, say: Say) -> dict[str, Ran]:
        files = write_files(self.workspace, number, rows)
        order = LANES if number % 2 == 0 else LANES[::-1]
        found = {name: _lane(world, name, files).run() for name in order}
        files.delivered.unlink()
        files.copied.unlink()
        say(f"{rows} lignes : " + ", ".join(f"{name} {_said(found[name])}" for name in LANES))
        return found


def _said(ran: Ran) -> str:
    return f"{ran.jobs / ran.wall:.0f} lignes/s, {ran.peak:.0f} Mo"


def _lane(world: World, name: str, files: LoadFiles) -> Lane:
    program, job = {
        "load": ("loader", {"workspace": str(world.settings.workspace), "file": str(files.delivered)}),
        "copy": ("copier", {"url": world.urls["owner"], "file": str(files.copied)}),
    }[name]
    postmaster = embedded.start(world.settings.workspace).pid
    command = [sys.executable, "-m", f"orchestrator.bench.queues.{program}"]
    return Lane(name=name, command=command, job=job, servers=[postmaster])


def report(rounds: Sequence[Mapping[str, Ran]]) -> dict[str, Any]:
    """Return the figures of one size; a ratio is of one round."""
    figures: dict[str, Any] = {
        "rows_per_second": {name: _spread([each[name].jobs / each[name].wall for each in rounds]) for name in LANES},
        "seconds": {name: _spread([each[name].wall for each in rounds]) for name in LANES},
        "cpu_seconds": {name: _spread([each[name].cpu for each in rounds]) for name in LANES},
        "program_cpu_seconds": {name: _spread([each[name].client for each in rounds]) for name in LANES},
        "peak_mb": {name: _spread([each[name].peak for each in rounds]) for name in LANES},
    }
    times = [_ratio(each, lambda ran: ran.wall) for each in rounds]
    cpu = [_ratio(each, lambda ran: ran.cpu) for each in rounds]
    return {**figures, "load_against_copy": {"wall": _spread(times), "cpu": _spread(cpu)}}


def _ratio(found: Mapping[str, Ran], of: Callable[[Ran], float]) -> float:
    return of(found["load"]) / of(found["copy"])


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}
