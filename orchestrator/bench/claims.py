"""``glr bench claims``: many claimers take cases from each other, and sessions die holding one.

No case may be held by two: judged from what each claimer wrote down itself (:mod:`.queues.held`). A case whose session died is
available again a lease and five seconds later at most (:mod:`.orphans`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.bench.empty_cases import EmptyCases, empty_cases
from orchestrator.bench.orphans import orphans
from orchestrator.bench.queues.held import held_by_two, read
from orchestrator.bench.queues.lane import Lane
from orchestrator.engine.runner import SWEEP_EVERY
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store import embedded
from orchestrator.store.database import Database

Say = Callable[[str], None]
#: Cases that claimers take from each other: about as many as there are claimers, so that they meet.
_CASES = 48
#: Processes of claimers; one claim of so many is left as by the dead, with leases of so many seconds.
_PROCESSES, _DIES, _SHORT = 4, 100, 1.0


@dataclass(frozen=True, kw_only=True)
class ClaimsBench:
    """The measure in one workspace of its own."""

    workspace: Path
    claims: int
    claimers: int
    #: Sessions that die holding a case.
    deaths: int

    def run(self, say: Say) -> dict[str, Any]:
        """Measure; raises ``LaneFailed`` when claimers do not get through."""
        ours = empty_cases(self.workspace)
        try:
            return asyncio.run(self._run(ours, say))
        finally:
            embedded.discard(self.workspace)

    async def _run(self, ours: EmptyCases, say: Say) -> dict[str, Any]:
        async with _swept(ours):
            claims = await self._claims(ours)
            say("{claims} prises par {claimers} : {held_by_two} dossier(s) tenu(s) par deux".format(**claims))
            return {
                "bench": "claims",
                **claims,
                "orphans": await orphans(ours, self.deaths, say) if self.deaths else None,
            }

    async def _claims(self, ours: EmptyCases) -> dict[str, Any]:
        await ours.load(_CASES)
        logs = ours.world.settings.workspace / "held"
        logs.mkdir()
        job = {
            "workspace": str(ours.world.settings.workspace), "logs": str(logs), "version": ours.version,
            "claims": self.claims // _PROCESSES, "claimers": self.claimers // _PROCESSES, "lease": _SHORT, "dies": _DIES,
        }  # fmt: skip
        lane = Lane(name="claimers", command=[sys.executable, "-m", "orchestrator.bench.queues.claimers"], job=job)
        began = time.monotonic()
        await asyncio.gather(*[asyncio.to_thread(lane.run) for _ in range(_PROCESSES)])
        held = list(read(logs))
        return {
            "claims": len(held),
            "claimers": self.claimers,
            "cases": len({one.case for one in held}),
            "seconds": round(time.monotonic() - began, 1),
            "held_by_two": len(held_by_two(held)),
        }


@asynccontextmanager
async def _swept(ours: EmptyCases) -> AsyncIterator[None]:
    """Sweep as a runner does."""
    conninfo = ours.world.urls["glr_runner"]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(conninfo, size=1))
        queue = ticket_queue(conninfo, size=1)
        await stack.enter_async_context(queue.open_async())

        async def sweeping() -> None:
            while True:
                await sweep(database, queue)
                await asyncio.sleep(SWEEP_EVERY)

        sweeper = asyncio.create_task(sweeping())
        yield
        sweeper.cancel()
        await asyncio.gather(sweeper, return_exceptions=True)
