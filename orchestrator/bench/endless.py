"""``glr bench robot``: what a case costs in a suite that never ends, and the memory of its process as cases go by."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword
from orchestrator.suites.endless import Call, Ended, EndlessSuite
from orchestrator.suites.loop import LoopThread

#: Milliseconds a case, and megabytes between the first reading of memory and the last.
GOAL_MS = 10.0
GOAL_MB = 10.0
#: A case reaches the session twice, under a time limit, with a variable of its own.
SUITE = """*** Settings ***
Library    orchestrator.bench.endless.Reaching
Task Timeout    1 minute

*** Tasks ***
Dossier
    ${read}=    Reach The Session
    Should Be Equal As Integers    ${number}    ${number}
    Reach The Session
"""


class BenchFailed(GlrError):
    """Une manche du banc n'a pas abouti."""


class Reaching:
    """A library whose keyword does what a reading one does, without an application."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    session: Any = None

    def reach_the_session(self) -> object:
        """Cross to the loop thread and back."""
        return self.session.session.call(None, {})


class _Crossing:
    """A session without desks: only the crossing is measured."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop

    def call(self, keyword: Keyword | None, arguments: Mapping[str, object]) -> object:  # noqa: ARG002 - a session's shape
        """Run nothing in the loop thread."""
        return self._loop.call(asyncio.sleep(0))

    def say(self, word: str, *values: Any) -> None:  # noqa: ANN401 - a session's shape
        """Say nothing of a case: there is none."""


def measure(cases: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Run each round in a process of its own; return min, median and max of each figure."""
    found = []
    for number in range(rounds):
        command = [sys.executable, "-m", "orchestrator.bench.endless", str(cases)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"Une manche du banc n'a pas abouti.\n{done.stderr.strip()}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
        say(f"manche {number + 1} : {found[-1]['ms']:.2f} ms par dossier, {found[-1]['growth_mb']:+.1f} Mo")
    figures = {name: _spread([each[name] for each in found]) for name in found[0]}
    reached = figures["ms"]["median"] <= GOAL_MS and figures["growth_mb"]["median"] <= GOAL_MB
    goals = {"goal_ms": GOAL_MS, "goal_growth_mb": GOAL_MB, "reached": reached}
    return {"bench": "robot", "cases": cases, "rounds": rounds, **figures, **goals}


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(median(values), 3), "max": round(max(values), 3)}


def _round(cases: int) -> dict[str, float]:
    """Work that many cases in this process; memory is read after a sixth of them and at the end."""
    instants: list[float] = []
    memory: list[float] = []

    def following(suite: Path) -> Iterator[Call]:
        for number in range(cases):
            yield Call(suite=suite, task="Dossier", variables={"number": number})

    def ended(task: Ended) -> None:
        if task.failure is not None:
            raise BenchFailed(str(task.failure))
        instants.append(time.monotonic())
        if len(instants) in {max(1, cases // 6), cases}:
            memory.append(_resident())

    with tempfile.TemporaryDirectory(prefix="glr-bench-") as folder, LoopThread() as loop:
        suite = Path(folder) / "endless.robot"
        suite.write_text(SUITE, encoding="utf-8")
        calls = following(suite)
        EndlessSuite(_Crossing(loop)).run(lambda: next(calls, None), ended)
    each = [(after - before) * 1000 for before, after in pairwise(instants)]
    return {"ms": sum(each) / len(each), "rss_mb_sixth": memory[0], "rss_mb_end": memory[-1],
            "growth_mb": memory[-1] - memory[0]}  # fmt: skip


def _resident() -> float:
    """Return the resident memory of this process in megabytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1_000_000


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_round(int(sys.argv[1]))) + "\n")
