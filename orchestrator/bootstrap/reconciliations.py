"""The daily reconciliation: each working day at its hour, once whatever the number of orchestrators, in a process of its own.

What it finds different is written down as gaps, and told as an alert in the same transaction; one that could not be made is
told too.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

from orchestrator.bootstrap.services import StoredOccurrences
from orchestrator.bootstrap.surveillance import load_surveillance
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import Clock, SystemClock, french_date, paris_date
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due
from orchestrator.planner.scheduler import Planner
from orchestrator.store.database import Database

#: How its starts are remembered beside those of scenarios.
_NAME = "rapprochement/"
#: How many days are compared, today's included.
DAYS = timedelta(days=31)
#: Seconds for one reconciliation.
LIMIT = 1800.0
#: What ``glr reconcile`` exits with when it was made: nothing different, or something.
_MADE = {0, 6}


@asynccontextmanager
async def open_reconciliations(world: World, clock: Clock | None = None) -> AsyncIterator[None]:
    """Reconcile what ``surveillance.yaml`` says, when it says so."""

    async def schedules() -> Mapping[str, Sequence[ScheduleEntry]]:
        asked = load_surveillance(world.settings).reconcile
        return {f"{_NAME}{name}": [_each_working_day(at)] for name, at in asked.items()}

    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        started = DailyReconciliations(world=world, database=database)
        occurrences = StoredOccurrences(database=database, caisse=world.settings.caisse, planner=str(uuid4()))
        planner = Planner(
            schedules=schedules, occurrences=occurrences, launch=started.start, clock=clock or SystemClock()
        )
        try:
            async with planner:
                yield
        finally:
            await started.stop()


@dataclass(frozen=True, kw_only=True)
class DailyReconciliations:
    """The processes that reconcile."""

    world: World
    database: Database
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, name: str, due: Due) -> asyncio.Task[None]:
        """Have a scenario reconciled, without waiting for it; done once it is."""
        task = asyncio.create_task(self._reconcile(name.removeprefix(_NAME), paris_date(due.instant)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """End what is still being compared; a later day compares it again."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _reconcile(self, scenario: str, day: date) -> None:
        async with self.database.transaction("schedule") as tx:
            ran = await tx.first("runs.days", caisse=self.world.settings.caisse, scenario=scenario)
        if ran is None or ran["first"] is None:
            return  # there is nothing to compare yet
        code = await self._glr(
            "reconcile", scenario, "--from", str(max(ran["first"], day - DAYS)), "--out", str(self._out)
        )
        if code not in _MADE:
            said = f"Le rapprochement de {scenario} du {french_date(day)} n'a pas pu être fait (code {code})."
            about = {"kind": "reconciliation", "object": scenario, "fingerprint": f"reconciliation {scenario} {day}"}
            async with self.database.transaction("schedule") as tx:
                await tx.first(
                    "alerts.raise",
                    caisse=self.world.settings.caisse,
                    message=f"{said} À refaire : glr reconcile {scenario}.",
                    **about,
                )

    @property
    def _out(self) -> Path:
        return self.world.settings.workspace / "logs" / "rapprochements"

    async def _glr(self, *words: str) -> int:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator.cli", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.world.settings.environment, "GLR_PARENT": str(os.getpid())},
        )
        try:
            async with asyncio.timeout(LIMIT):
                return await child.wait()
        except TimeoutError:
            return -1
        finally:
            if child.returncode is None:
                child.terminate()
                await child.wait()


def _each_working_day(at: str) -> ScheduleEntry:
    return ScheduleEntry(at=at, days="business", calendar="FR", missing="run after", repeated="first")
