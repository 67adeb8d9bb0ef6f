"""``glr bench wave``: a migration wave at full size through ``mutation-entrante``, by the programs that a caisse runs.

``glr serve`` and ``glr runner`` are processes of their own, the robots' sessions are children of the runner, PROGRES is the
practice green screen; resident memory of each is read all along. What each row became and PROGRES's own ledger are judged
by ``sandbox/wave.py``, which asks no engine.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar
from uuid import UUID

import psutil

from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import LOGINS, TODAY, Practice
from orchestrator.bootstrap.processes import port_at, start_child, stop_children
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import GlrError
from orchestrator.engine.results import RowOutcome, RowResult, results_of
from orchestrator.settings import Settings
from orchestrator.store import embedded
from orchestrator.store.database import Database, StoreError, StoreUnavailable

SCENARIO = "mutation-entrante"
#: The first of the three waves.
ROWS = 13_200
#: Megabytes between the second sixth of the time and the last: what is not flat.
GOAL_MB = 10.0
#: Seconds between two readings, and without a case before the bench gives up.
EVERY, STALLED = 2.0, 300.0
_TRIES = 5
T = TypeVar("T")
_COMMANDS = {"orchestrator": ("serve", "--no-planner"), "runner": ("runner",)}
Say = Callable[[str], None]


class WaveStalled(GlrError):
    """Plus aucun dossier de la vague n'avance : voir les journaux du banc."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One look at everything."""

    #: Seconds since the robots began.
    at: float
    #: Cases that robots have done with.
    done: int
    #: Resident megabytes, by ``orchestrator``, ``runner`` and ``sessions`` (all together).
    memory: Mapping[str, float]


@dataclass
class Programs:
    """The orchestrator and a runner; one that ends is started again, as systemd does."""

    settings: Settings
    #: How often one was started.
    started: int = 0
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def watch(self) -> None:
        """Start what does not run."""
        for name, command in _COMMANDS.items():
            if name not in self._children or self._children[name].poll() is not None:
                log = self.settings.workspace / "logs" / f"{name}.log"
                program = [sys.executable, "-m", "orchestrator.cli", *command]
                self._children[name] = start_child(program, log, self.settings.environment)
                self.started += 1

    def stop(self) -> None:
        """Stop them, the runner first."""
        stop_children([self._children[name] for name in reversed(_COMMANDS) if name in self._children])

    def memory(self) -> dict[str, float]:
        """Return the resident megabytes of each, and of all sessions together."""
        found = {name: _resident(child.pid) for name, child in self._children.items()}
        return {**found, "sessions": sum(map(_resident, _sessions(self._children["runner"].pid)))}


@dataclass
class WaveBench:
    """The benchmark in one workspace of its own."""

    settings: Settings
    rows: int
    #: Sessions at once.
    sessions: int
    #: How long robots work at most; None: until the wave is through.
    minutes: int | None = None
    readings: list[Reading] = field(default_factory=list)
    #: Programs that ended, and were started again.
    restarts: int = 0

    def run(self, say: Say) -> dict[str, Any]:
        """Load and work the wave; raises :class:`WaveStalled` when it does not get through."""
        practice = Practice(folder=self.settings.workspace / "practice", cases=20, seed=931)
        practice.make()
        path = self.settings.workspace / "vague-mutations-1.txt"
        practice.sandbox("wave", "--rows", str(self.rows), "--out", str(path))
        with self._house(practice) as world:
            began = time.monotonic()
            run = asyncio.run(_load(world, path))
            loaded = time.monotonic() - began
            say(f"{self.rows} lignes chargées en {loaded:.1f} s")
            with self._programs() as programs:
                asyncio.run(self._follow(world, run, programs, say))
            rows = asyncio.run(_results(world, run))
        expected = [json.loads(line) for line in practice.sandbox("wave", "--rows", str(self.rows)).splitlines()]
        return self._report(loaded, rows, expected)

    @contextmanager
    def _house(self, practice: Practice) -> Iterator[World]:
        world = asyncio.run(build_world(self.settings))
        asyncio.run(ensure_people(world))
        asyncio.run(publish_by_two(world, SCENARIO, "responsable", "superviseur", "Publiée par le banc d'essai."))
        child, addresses = practice.serve(self.settings.workspace / "logs" / "applications.log")
        accounts = self.settings.secrets / world.robot(SCENARIO).accounts
        practice.write_accounts(addresses, accounts, LOGINS[SCENARIO])
        try:
            yield world
        finally:
            stop_children([child])
            embedded.discard(self.settings.workspace)

    @contextmanager
    def _programs(self) -> Iterator[Programs]:
        port = port_at(self.settings.console_host, 0)
        programs = Programs(self.settings.model_copy(update={"console_port": port, "sessions": self.sessions}))
        try:
            programs.watch()
            yield programs
        finally:
            self.restarts = programs.started - len(_COMMANDS)
            programs.stop()

    async def _follow(self, world: World, run: UUID, programs: Programs, say: Say) -> None:
        began = moved = told = time.monotonic()
        async with Database(world.urls["owner"], size=1) as database:
            while True:
                row = await _patient(lambda: _left(database, run))
                programs.watch()
                now, done = time.monotonic(), int(row["done"]) if row else 0
                moved = now if not self.readings or done > self.readings[-1].done else moved
                self.readings.append(Reading(at=now - began, done=done, memory=programs.memory()))
                if now - told >= 60:
                    told = now
                    say(f"{done} dossiers en {now - began:.0f} s ; {_said(self.readings[-1].memory)}")
                if (row and not row["left"]) or self._over(now - began):
                    return
                if now - moved > STALLED:
                    raise WaveStalled
                await asyncio.sleep(EVERY)

    def _over(self, seconds: float) -> bool:
        return self.minutes is not None and seconds >= self.minutes * 60

    def _report(
        self, loaded: float, rows: Sequence[RowResult], expected: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        judged = [(row, one) for row, one in zip(rows, expected, strict=False) if row.outcome is not RowOutcome.RUNNING]
        wrong = [row.line for row, one in judged if not _agrees(row, one)]
        growth = {name: self._growth(name) for name in ("orchestrator", "runner", "sessions")}
        ledger = expected[-1]["ledger"]
        entered = sum(row.outcome is RowOutcome.WAITING for row in rows)
        clean = not ledger["duplicates"] and not ledger["unexpected"] and ledger["lines"] >= entered
        right = len(rows) == self.rows and not wrong and clean and (self.minutes is not None or not ledger["missing"])
        flat = all(growth[name] <= GOAL_MB for name in ("orchestrator", "runner"))
        return {
            "bench": "wave",
            "rows": self.rows,
            "done": len(judged),
            "sessions": self.sessions,
            "load_seconds": round(loaded, 1),
            "seconds": round(self.readings[-1].at, 1),
            "cases_per_minute": _spread(pace(self.readings)),
            "memory_mb": {name: _spread([one.memory[name] for one in self.readings]) for name in growth},
            "growth_mb": growth,
            "goal_growth_mb": GOAL_MB,
            "restarts": self.restarts,
            "outcomes": dict(Counter(row.outcome.value for row in rows)),
            "oracle_mismatches": len(wrong),
            "ledger": ledger,
            "load_average": [round(value, 2) for value in os.getloadavg()],
            "reached": right and flat,
        }

    def _growth(self, name: str) -> float:
        """From the first case on: between the medians of the second sixth of the time and of the last."""
        worked = [one for one in self.readings if one.done] or self.readings
        sixth = max(1, len(worked) // 6)
        early, late = worked[sixth : 2 * sixth] or worked, worked[-sixth:]
        return round(median(one.memory[name] for one in late) - median(one.memory[name] for one in early), 1)


def pace(readings: Sequence[Reading]) -> list[float]:
    """Return the cases of each minute, from the first that was done; of a shorter time, at its pace."""
    first = next((one for one in readings if one.done), readings[0])
    found, start = [], first
    for one in readings:
        if one.at - start.at >= 60:
            found.append((one.done - start.done) / (one.at - start.at) * 60)
            start = one
    last = readings[-1]
    return found or [(last.done - first.done) / max(last.at - first.at, EVERY) * 60]


async def _load(world: World, path: Path) -> UUID:
    async with open_loader(world) as loader:
        return (await loader.load(world.scenario(SCENARIO), path, date_of(TODAY), "bench")).run


async def _results(world: World, run: UUID) -> list[RowResult]:
    async with Database(world.urls["owner"], size=1) as database:
        return await _patient(lambda: results_of(database, run))


async def _left(database: Database, run: UUID) -> Mapping[str, Any] | None:
    async with database.transaction("bench") as tx:
        return await tx.first("bench.wave", run=run)


async def _patient(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again when a machine stood still for longer than a transaction may be idle."""
    for _ in range(_TRIES):
        with suppress(StoreError, StoreUnavailable):
            return await ask()
    return await ask()


def _agrees(row: RowResult, one: Mapping[str, Any]) -> bool:
    codes = list(row.codes) if one["outcome"] == "exception" else one["codes"]
    return (row.line, row.outcome, codes) == (one["line"], one["outcome"], one["codes"])


def _sessions(runner: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(runner).children()]
    except psutil.Error:
        return []


def _resident(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1_000_000
    except psutil.Error:  # a session that has just ended
        return 0.0


def _said(memory: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f} Mo" for name, value in memory.items())


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 1), "median": round(median(values), 1), "max": round(max(values), 1)}
