"""A planner in a process of its own, to be killed and frozen: writes what it launches, and may then take its time.

``python planner_process.py DATABASE_URL NAME MINUTE SECONDS``: one scenario each day at that minute (``HH:MM``, Paris).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence

from orchestrator.bootstrap.services import StoredOccurrences
from orchestrator.domain.civil import SystemClock
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due
from orchestrator.planner.scheduler import Planner
from orchestrator.store.database import Database


async def main(url: str, name: str, minute: str, seconds: float) -> None:
    """Plan until the process is killed."""
    entry = ScheduleEntry(at=minute, days="all", calendar="FR", missing="run after", repeated="first")

    async def schedules() -> Mapping[str, Sequence[ScheduleEntry]]:
        return {"s": [entry]}

    async def launch(_scenario: str, due: Due) -> None:
        print("begun", due.local, flush=True)
        await asyncio.sleep(seconds)
        print("ended", due.local, flush=True)

    async with Database(url, size=1) as database:
        occurrences = StoredOccurrences(database=database, caisse="cpam-931", planner=name)
        async with Planner(schedules=schedules, occurrences=occurrences, launch=launch, clock=SystemClock()):
            print("ready", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
