"""``glr bench overhead``: CPU per case of the engine against a hand-written Playwright script doing the same (paired rounds).

Measured between two lines of COMPTA's own ledger, after a warm-up, so that start-up costs of neither side count. The
engine's side is everything it needs: runner, session, browser and PostgreSQL. The practice applications are on
neither side.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

from orchestrator.bench.cpu import tree_cpu
from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import TODAY, Practice
from orchestrator.bootstrap.processes import start_child, stop_children
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import GlrError
from orchestrator.domain.money import Euros
from orchestrator.drivers.browser import browser_arguments
from orchestrator.drivers.browser_finder import find_browser
from orchestrator.settings import Settings
from orchestrator.store import embedded

#: Cases before the measure begins: logins, caches, first pages.
WARM_UP = 2
#: Seconds without a new line in the ledger after which a round has failed.
STALLED = 120.0
#: What is worked.
SCENARIO = "ij-acompte"
#: The goal of the house.
GOAL = 1.10


class RoundFailed(GlrError):
    """Une manche du banc n'a pas abouti : voir logs/ dans l'espace de travail du banc."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One paired round."""

    #: CPU milliseconds per case.
    engine: float
    script: float
    #: Wall-clock milliseconds per case.
    engine_wall: float
    script_wall: float

    @property
    def ratio(self) -> float:
        """Engine / script, CPU."""
        return self.engine / self.script


@dataclass
class Overhead:
    """The benchmark in one workspace of its own."""

    settings: Settings
    cases: int
    rounds: int
    #: What it publishes.
    scenarios: ClassVar[tuple[str, ...]] = (SCENARIO,)

    def run(self, say: Callable[[str], None]) -> list[Round]:
        """Measure, the order of the two sides alternating from round to round."""
        with self.practice_world() as (world, practice):
            runner = self.start_runner(pages_only=self.settings.pages_only)
            try:
                return [self._round(number, world, practice, runner, say) for number in range(self.rounds)]
            finally:
                stop_children([runner])

    @contextmanager
    def practice_world(self) -> Iterator[tuple[World, Practice]]:
        """Serve the practice applications and the database for the time of the benchmark."""
        practice = Practice(folder=self.settings.workspace / "practice", cases=self.people(), seed=931)
        practice.make()
        world = asyncio.run(build_world(self.settings))
        asyncio.run(ensure_people(world))
        first, second = "responsable", "superviseur"
        for scenario in self.scenarios:
            asyncio.run(publish_by_two(world, scenario, first, second, "Publiée par le banc d'essai."))
        applications, addresses = practice.serve(self.settings.workspace / "logs" / "applications.log")
        robot = world.robot(world.scenario("ij-acompte").robot)
        practice.write_accounts(addresses, self.settings.secrets / robot.accounts)
        try:
            yield world, practice
        finally:
            stop_children([applications])
            world.stop_database()

    def people(self) -> int:
        """How many people the practice population needs: about every second one is entered."""
        return max(60, 2 * self.rounds * (self.cases + WARM_UP) * 2)

    def start_runner(self, *, pages_only: bool) -> subprocess.Popen[bytes]:
        """Start the engine's side."""
        settings = self.settings.model_copy(update={"sessions": 1, "pages_only": pages_only})
        log = self.settings.workspace / "logs" / "runner.log"
        return start_child([sys.executable, "-m", "orchestrator.cli", "runner"], log, settings.environment)

    def _round(
        self, number: int, world: World, practice: Practice, runner: subprocess.Popen[bytes], say: Callable[[str], None]
    ) -> Round:
        rows = nominal_rows(practice)
        size = self.cases + WARM_UP
        mine, theirs = (rows[(2 * number + side) * size :][:size] for side in (0, 1))
        if len(theirs) < size:
            raise RoundFailed("La population du banc est trop petite pour ce nombre de manches.")
        sides: dict[str, tuple[float, float]] = {}
        for side in ("engine", "script") if number % 2 == 0 else ("script", "engine"):
            if side == "engine":
                sides[side] = self.engine_side(number, world, practice, runner, mine)
            else:
                sides[side] = self.script_side(number, world, practice, theirs)
        engine, script = sides["engine"], sides["script"]
        done = Round(engine=engine[0], script=script[0], engine_wall=engine[1], script_wall=script[1])
        figures = f"moteur {done.engine:.0f} ms, script {done.script:.0f} ms CPU par dossier"
        say(f"manche {number + 1} : {figures}, rapport {done.ratio:.3f}")
        return done

    def engine_side(
        self,
        number: int,
        world: World,
        practice: Practice,
        runner: subprocess.Popen[bytes],
        rows: Sequence[Mapping[str, Any]],
        scenario: str = SCENARIO,
    ) -> tuple[float, float]:
        """Work these rows with the engine; return CPU and wall-clock milliseconds per case."""
        delivery = self.settings.workspace / "rounds" / f"anomalies-arpege-{number}.csv"
        delivery.parent.mkdir(exist_ok=True)
        header = practice.delivery.read_text(encoding="cp1252").splitlines()[0]
        text = "\r\n".join([header, *(row["text"] for row in rows), f"FIN;{len(rows)}", ""])
        delivery.write_bytes(text.encode("cp1252"))
        before = len(practice.proposals())
        asyncio.run(_load(world, delivery, scenario))
        postmaster = embedded.start(self.settings.workspace).pid
        measured = self._measure(practice, before, lambda: tree_cpu(runner.pid) + tree_cpu(postmaster))
        asyncio.run(_wait_idle(world))
        return measured

    def script_side(
        self, number: int, world: World, practice: Practice, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[float, float]:
        """Work these rows with the script written by hand; return CPU and wall-clock milliseconds per case."""
        job = self.write_job(number, world, rows)
        return self.other_side(practice, [sys.executable, "-m", "orchestrator.bench.handwritten", str(job)])

    def write_job(self, number: int, world: World, rows: Sequence[Mapping[str, Any]]) -> Path:
        """Write what another way to drive the screens needs to work these rows."""
        captures = self.settings.workspace / "rounds" / f"captures-{number}"
        captures.mkdir(parents=True, exist_ok=True)
        secrets = self.settings.secrets / world.robot(world.scenario("ij-acompte").robot).accounts
        cases = [
            {
                "nir": row["nir"],
                "stop": row["stop"],
                "amount": Euros(row["amount_c"]).typed,
                "token": f"BANC-{number}-{index}",
            }
            for index, row in enumerate(rows)
        ]
        job = {"accounts": json.loads(secrets.read_text()), "cases": cases, "captures": str(captures)}
        browser = {"browser": str(find_browser().path), "arguments": browser_arguments()}
        path = self.settings.secrets / "bench-job.json"
        path.touch(0o600)
        path.write_text(json.dumps(job | browser), encoding="utf-8")
        return path

    def other_side(self, practice: Practice, command: Sequence[str]) -> tuple[float, float]:
        """Work a job with a program of its own; return CPU and wall-clock milliseconds per case."""
        before, log = len(practice.proposals()), self.settings.workspace / "logs" / "script.log"
        child = start_child(command, log)
        try:
            return self._measure(practice, before, lambda: tree_cpu(child.pid), lambda: child.poll() is None)
        except RoundFailed:
            raise RoundFailed(log.read_text(encoding="utf-8", errors="replace")[-2000:]) from None
        finally:
            child.wait(STALLED)

    def _measure(
        self, practice: Practice, before: int, cpu: Callable[[], float], alive: Callable[[], bool] = lambda: True
    ) -> tuple[float, float]:
        """Return CPU and wall milliseconds per case between the ledger's lines WARM_UP and WARM_UP + cases."""
        _wait_lines(practice, before + WARM_UP, alive)
        cpu_start, wall_start = cpu(), time.monotonic()
        _wait_lines(practice, before + WARM_UP + self.cases, alive)
        used, wall = cpu() - cpu_start, time.monotonic() - wall_start
        return used * 1000 / self.cases, wall * 1000 / self.cases


def summary(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return min, median and max of each figure; the ratio is of paired rounds."""
    figures = {
        "engine_cpu_ms": [r.engine for r in rounds],
        "script_cpu_ms": [r.script for r in rounds],
        "engine_wall_ms": [r.engine_wall for r in rounds],
        "script_wall_ms": [r.script_wall for r in rounds],
        "ratio": [r.ratio for r in rounds],
    }
    spread = {name: {"min": min(v), "median": median(v), "max": max(v)} for name, v in figures.items()}
    rounded = {name: {key: round(value, 3) for key, value in values.items()} for name, values in spread.items()}
    return {
        "bench": "overhead",
        "rounds": len(rounds),
        **rounded,
        "goal": GOAL,
        "reached": spread["ratio"]["median"] <= GOAL,
    }


def nominal_rows(practice: Practice) -> list[dict[str, Any]]:
    """Return the rows that the oracle expects to be entered, with what the script needs of them."""
    lines = practice.delivery.read_text(encoding="cp1252").splitlines()
    rows = []
    for line, wanted in sorted(practice.expected().items()):
        if wanted["outcome"] == "entered":
            nir, _, stop, *_ = lines[line - 1].split(";")
            rows.append({"text": lines[line - 1], "nir": nir.upper(), "stop": stop, "amount_c": wanted["amount_c"]})
    return rows


def _wait_lines(practice: Practice, wanted: int, alive: Callable[[], bool]) -> None:
    ledger = practice.folder / "compta.ledger.jsonl"
    last, since = -1, time.monotonic()
    while True:
        ended = not alive()  # asked before the ledger is read: its last line counts
        lines = ledger.read_bytes().count(b"\n") if ledger.exists() else 0
        if lines >= wanted:
            return
        if lines != last:
            last, since = lines, time.monotonic()
        if ended or time.monotonic() - since > STALLED:
            raise RoundFailed
        time.sleep(0.01)


async def _load(world: World, delivery: Path, scenario: str) -> None:
    async with open_loader(world) as loader:
        await loader.load(world.scenario(scenario), delivery, date_of(TODAY), "bench")


async def _wait_idle(world: World) -> None:
    """Wait until the engine has nothing in hand, so that it costs nothing during the script's turn."""
    async with open_loader(world) as loader:
        for _ in range(600):
            async with loader.database.transaction("bench") as tx:
                if not await tx.all("sessions.open_now"):
                    return
            await asyncio.sleep(0.1)
