"""Claimers that take cases from each other: each gives back what it took at once, or dies holding it, and logs what it held."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID, uuid4

from orchestrator.bench.empty_cases import SCENARIO
from orchestrator.bench.queues.handshake import done, ready
from orchestrator.bench.queues.held import Held
from orchestrator.bootstrap.world import running_world
from orchestrator.engine.lease import boot_clock
from orchestrator.settings import Settings
from orchestrator.store.database import Database

ACTOR = "robot:banc"
#: Seconds before a claimer that found nothing asks again.
_PAUSE = 0.02


@dataclass
class Claimers:
    """Some claimers of one scenario, on one database, with one log."""

    database: Database
    caisse: str
    scenario: str
    #: The published version.
    version: str
    log: TextIO
    lease: timedelta
    #: One claim of so many is never given back, as if its claimer had died.
    dies: int
    _claims: count[int] = field(default_factory=count)

    async def run(self, claimers: int, claims: int, runner: UUID) -> None:
        """Make that many claims together."""
        await asyncio.gather(*[self._claimer(claims, runner) for _ in range(claimers)])

    async def _claimer(self, claims: int, runner: UUID) -> None:
        session = await begin_session(self.database, self.caisse, self.scenario, runner)
        while (number := next(self._claims)) < claims:
            asked, began, case, epoch = await self._take(session)
            dies = number % self.dies == self.dies - 1
            await asyncio.sleep(0)  # others go on while it holds the case
            latest = asked + self.lease.total_seconds()
            ended = latest if dies else min(boot_clock(), latest)
            held = Held(case=str(case), claimer=str(session), epoch=epoch, began=began, ended=ended)
            self.log.write(held.line)
            if dies:
                session = await begin_session(self.database, self.caisse, self.scenario, runner)
            else:
                await self._give_back(session, case, epoch)

    async def _take(self, session: UUID) -> tuple[float, float, UUID, int]:
        where = {"caisse": self.caisse, "scenario": self.scenario, "versions": f"{{{self.version}}}"}
        how = {"actor": ACTOR, "session": session, "lease": self.lease, "in_turn": False, "most": 1}
        while True:
            asked = boot_clock()
            row = await self.database.once("cases.claim", **how, **where)
            if row is not None:
                return asked, boot_clock(), row["id"], row["epoch"]
            await asyncio.sleep(_PAUSE)

    async def _give_back(self, session: UUID, case: UUID, epoch: int) -> None:
        nothing = dict.fromkeys(
            (
                "ended_as",
                "wait_until",
                "delay",
                "findings",
                "code",
                "incident",
                "left",
                "refused",
                "failed",
                "touched",
                "said",
            )
        )
        how = {"actor": ACTOR, "state": "ready", "outcome": "given_back", "forgive": True, "proven": True}
        await self.database.once("cases.settle", id=case, epoch=epoch, session=session, **how, **nothing)


async def begin_session(database: Database, caisse: str, scenario: str, runner: UUID) -> UUID:
    """Begin a session of a runner, which it registers; return its id."""
    session = uuid4()
    async with database.transaction(ACTOR) as tx:
        await tx.run("sessions.register_runner", id=runner, host="banc", pid=0)
        await tx.run("sessions.begin", id=session, caisse=caisse, runner=runner, robot="banc", scenario=scenario)
    return session


async def work(job: dict[str, Any]) -> None:
    """Make claims as one process of several."""
    world = running_world(Settings(workspace=Path(job["workspace"])))
    runner = uuid4()
    async with AsyncExitStack() as stack:
        conninfo, size = world.urls["glr_runner"], job["claimers"]
        database = await stack.enter_async_context(Database(conninfo, size=size, claiming=True))
        log = stack.enter_context((Path(job["logs"]) / f"{runner}.held").open("w", encoding="ascii"))
        claimers = Claimers(
            database=database, caisse=world.settings.caisse, scenario=SCENARIO, version=job["version"], log=log,
            lease=timedelta(seconds=job["lease"]), dies=job["dies"],
        )  # fmt: skip
        ready()
        await claimers.run(job["claimers"], job["claims"], runner)
        log.flush()
        done(job["claims"])


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1])))
