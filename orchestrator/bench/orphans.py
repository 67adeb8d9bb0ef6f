"""How soon a case is available again after its session was killed: from the signal to the event that PostgreSQL wrote.

Sessions are in processes of their own, with the heartbeats of real ones; each process says which cases it holds.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from orchestrator.bench.empty_cases import EmptyCases
from orchestrator.engine.lease import BEAT, LEASE
from orchestrator.store.database import Database

#: Seconds after a death within which the case is available.
GOAL = LEASE.total_seconds() + 5.0
#: Sessions in one process that is killed, and such processes at one time.
_TOGETHER, _PROCESSES = 10, 4


async def orphans(ours: EmptyCases, deaths: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Kill that many sessions, ten at a time, while others sweep; return how long their cases waited, in seconds."""
    await ours.load(deaths)
    workspace, turn = ours.world.settings.workspace, asyncio.Semaphore(_PROCESSES)

    async def one() -> dict[str, float]:
        async with turn:
            return await asyncio.to_thread(_die, workspace, ours.version)

    died: dict[str, float] = {}
    for each in await asyncio.gather(*[one() for _ in range(-(-deaths // _TOGETHER))]):
        died |= each
    say(f"{len(died)} sessions tuées, un dossier en main chacune…")
    async with Database(ours.world.urls["owner"], size=1) as owner:
        return report(await _waited(owner, ours.world.settings.caisse, died))


def report(late: Sequence[float]) -> dict[str, Any]:
    """Return how long orphans waited, in seconds."""
    found = {"median": quantiles(late, n=2)[0], "p99": quantiles(late, n=100, method="inclusive")[98], "max": max(late)}
    rounded = {name: round(value, 2) for name, value in found.items()}
    return {"deaths": len(late), "goal": GOAL, "reached": found["p99"] <= GOAL, **rounded}


def _die(workspace: Path, version: str) -> dict[str, float]:
    """Let sessions hold a case each for up to two beats, then kill them; return when each case lost its session."""
    command = [sys.executable, "-m", "orchestrator.bench.queues.holders"]
    job = json.dumps({"workspace": str(workspace), "version": version, "cases": _TOGETHER})
    with subprocess.Popen([*command, job], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        held = child.stdout.readline().split() if child.stdout else []
        time.sleep(random.uniform(0, 2 * BEAT))  # noqa: S311 - when, not what
        child.send_signal(signal.SIGKILL)
        return dict.fromkeys(held, time.time())


async def _waited(owner: Database, caisse: str, died: Mapping[str, float]) -> list[float]:
    """Wait until every orphan is ready; return how long each took."""
    while True:
        async with owner.transaction("bench") as tx:
            rows = await tx.all("bench.ready_again", caisse=caisse)
        again = {row["reference"]: row["at"].timestamp() for row in rows}
        late = [again.get(reference, 0.0) - at for reference, at in died.items()]
        if min(late) > 0:
            return late
        await asyncio.sleep(1)
