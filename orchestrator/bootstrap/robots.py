"""Runners and robot sessions."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import UUID, uuid4

from orchestrator.bootstrap.world import World
from orchestrator.domain.cases import RetryPolicy
from orchestrator.domain.civil import SystemClock
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desk import WebDesk
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.runner import Runner
from orchestrator.engine.session import RobotSession
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Database


def build_runner(world: World) -> Runner:
    """Return this machine's runner."""
    return Runner(
        conninfo=world.urls["glr_runner"],
        session_command=[sys.executable, "-m", "orchestrator.cli", "session"],
        environment={**os.environ, **world.settings.environment, "GLR_PARENT": str(os.getpid())},
        parallel=lambda name: world.scenario(name).limits.parallel,
        sessions=world.settings.sessions,
    )


async def run_session(world: World, name: str, runner: UUID) -> str:
    """Run one robot session to its end, in this process; returns why it ended."""
    scenario = world.scenario(name)
    robot = world.robot(scenario.robot)
    accounts = world.accounts(robot)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    heartbeat = Heartbeat(world.urls["glr_runner"])
    heartbeat.start()
    try:
        async with Database(world.urls["glr_runner"], size=2) as database, open_browser() as browser:
            pages = world.settings.pages_only
            desks = {
                name: WebDesk(browser, world.contract(name), accounts[name], pages_only=pages)
                for name in robot.applications
            }
            bench = Workbench(
                scenario=scenario,
                keywords=world.keywords,
                desks=desks,
                database=database,
                vault=world.vault,
                evidence=world.settings.evidence,
                robot=robot.robot,
            )
            session = RobotSession(
                bench=bench,
                heartbeat=heartbeat,
                clock=SystemClock(),
                runner=runner,
                id=uuid4(),
                policy=RetryPolicy(),
                stopping=stopping,
            )
            return await session.run()
    finally:
        heartbeat.stop()
