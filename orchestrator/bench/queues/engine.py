"""The engine's own lane: real sessions on empty cases, with all that a house needs beside them.

Each lane is a session with its loop, its lease and its heartbeat; beside them the sweep of a runner and the export of the
audit log work as they do in production. Only the browser is missing: there is nothing to look at.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

from orchestrator.audit.exporter import export_until
from orchestrator.bench.empty_cases import SCENARIO
from orchestrator.bench.queues.handshake import done, ready
from orchestrator.bootstrap.world import World, running_world
from orchestrator.domain.cases import RetryPolicy
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.runner import SWEEP_EVERY
from orchestrator.engine.session import RobotSession
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.work import Workbench
from orchestrator.settings import Settings
from orchestrator.store.database import Database


async def work(workspace: Path, lanes: int) -> None:
    """Work until nothing is ready nor soon; every session has its own pool, as in its own process."""
    world = running_world(Settings(workspace=workspace))
    async with AsyncExitStack() as stack:
        sweeper = await stack.enter_async_context(Database(world.urls["glr_runner"], size=1))
        counter = await stack.enter_async_context(Database(world.urls["glr_orchestrator"], size=1))
        queue = ticket_queue(world.urls["glr_runner"])
        await stack.enter_async_context(queue.open_async())
        sessions = [await _session(world, stack, await registered(sweeper)) for _ in range(lanes)]
        stopping = asyncio.Event()

        async def sweeping() -> None:
            while True:
                await sweep(sweeper, queue)
                await asyncio.sleep(SWEEP_EVERY)

        def outbox() -> Database:
            return Database(world.urls["glr_exporter"], size=1)

        before = await _ended(counter, world)
        ready()
        beside = asyncio.create_task(sweeping())
        exporting = asyncio.create_task(export_until(outbox, world.settings.audit_log, stopping))
        await asyncio.gather(*(_lane(world, session) for session in sessions))
        beside.cancel()
        stopping.set()
        await asyncio.gather(beside, exporting, return_exceptions=True)
        done(await _ended(counter, world) - before)


async def registered(database: Database) -> UUID:
    """Register a runner; return its id."""
    runner = uuid4()
    async with database.transaction(f"runner:{runner}") as tx:
        await tx.run("sessions.register_runner", id=runner, host="bench", pid=0)
    return runner


async def _lane(world: World, first: RobotSession) -> None:
    """Let sessions work one after the other: each ends after so many cases, and the next is wanted."""
    reason = await first.run()
    while reason == "recycled":
        async with AsyncExitStack() as stack:
            session = await _session(world, stack, first.runner)
            reason = await session.run()


async def _session(world: World, stack: AsyncExitStack, runner: UUID) -> RobotSession:
    database = await stack.enter_async_context(Database(world.urls["glr_runner"], size=2, claiming=True))
    heartbeat = Heartbeat(world.urls["glr_runner"])
    heartbeat.start()
    stack.callback(heartbeat.stop)
    bench = Workbench(
        scenario=world.scenario(SCENARIO), keywords=world.keywords, desks={}, database=database, vault=world.vault,
        evidence=world.settings.evidence, robot="banc",
    )  # fmt: skip
    return RobotSession(
        bench=bench, heartbeat=heartbeat, runner=runner, id=uuid4(), policy=RetryPolicy(),
        stopping=asyncio.Event(),
    )  # fmt: skip


async def _ended(database: Database, world: World) -> int:
    async with database.transaction("bench") as tx:
        row = await tx.first("bench.ended", caisse=world.settings.caisse, scenario=SCENARIO)
    return row["cases"] if row else 0


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    asyncio.run(work(Path(job["workspace"]), job["lanes"]))
