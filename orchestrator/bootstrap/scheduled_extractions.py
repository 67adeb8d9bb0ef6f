"""Lists that a planner has read, each by a process of its own: a browser that hangs or leaks ends with it (ADR 3)."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from datetime import date

from orchestrator.bootstrap.world import World
from orchestrator.language.model import ExtractSource, Scenario
from orchestrator.store.database import Database


def reads_lists(scenario: Scenario) -> bool:
    """Say whether a scenario reads a list by a keyword."""
    return any(isinstance(source, ExtractSource) for source in scenario.sources)


@dataclass(frozen=True, kw_only=True)
class ScheduledExtractions:
    """The processes that read lists for a planner."""

    world: World
    database: Database
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, scenario: str, day: date) -> asyncio.Task[None]:
        """Have the lists of a scenario read, without waiting for them; done once they are."""
        task = asyncio.create_task(self._read(scenario, day))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """End what is still being read: nothing of it was loaded."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _read(self, scenario: str, day: date) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator.cli", "extraction", scenario, day.isoformat()),
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self.world.settings.environment, "GLR_PARENT": str(os.getpid())},
        )
        try:
            code = await child.wait()
        finally:
            if child.returncode is None:
                child.terminate()
                await child.wait()
        if code:
            async with self.database.transaction("schedule") as tx:
                await tx.record(self.world.settings.caisse, "extraction.failed", scenario, code=code)
