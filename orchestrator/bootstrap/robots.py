"""Robot sessions."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from playwright.async_api import Browser

from orchestrator.bootstrap.releases import proposed_change
from orchestrator.bootstrap.versions import restored
from orchestrator.bootstrap.workshops import open_workshop
from orchestrator.bootstrap.world import World
from orchestrator.domain.cases import RetryPolicy
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.applications import AnyContract
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.drivers.witness import load_witnesses
from orchestrator.engine.entries import by_protocol
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.logins import LoginTurn
from orchestrator.engine.session import RobotSession
from orchestrator.engine.suite_steps import MainThread, SuiteRunner
from orchestrator.engine.turns import next_turn
from orchestrator.engine.versions import UnusableVersion
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Database

#: Seconds before a session ends that leaves a version to runners of another program.
_FOR_OTHERS = 5.0


async def run_session(
    world: World,
    name: str,
    runner: UUID,
    identifier: UUID,
    robot: MainThread | None = None,
    stopping: asyncio.Event | None = None,
) -> str:
    """Run one robot session to its end, in this process; returns why it ended.

    :param identifier: the session's own.
    :param robot: Robot Framework, in the main thread; without it a suite is refused.
    :param stopping: set when the process is asked to stop.
    """
    heartbeat = Heartbeat(world.urls["glr_runner"])
    heartbeat.start()
    try:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(world.urls["glr_runner"], size=2, claiming=True))
            browser = await stack.enter_async_context(open_browser(world.settings.network))
            suites = SuiteRunner(robot=robot, enter=by_protocol) if robot else None
            place = _Place(
                world=world,
                database=database,
                browser=browser,
                scenario=name,
                session=identifier,
                runner=runner,
                suites=suites,
                stack=stack,
            )
            async with database.transaction("session") as tx:
                turn = await next_turn(tx, world.settings.caisse, name, [])
            if turn is None:
                return "nothing ready"
            session = RobotSession(
                bench=await place.open(turn),
                open_version=place.open,
                heartbeat=heartbeat,
                runner=runner,
                id=identifier,
                policy=RetryPolicy(),
                stopping=stopping or asyncio.Event(),
                witnesses=load_witnesses(world.settings.witnesses),
                propose=partial(proposed_change, world),
            )
            return await session.run()
    finally:
        heartbeat.stop()


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the workbenches of one session stand."""

    world: World
    database: Database
    browser: Browser
    scenario: str
    session: UUID
    runner: UUID
    suites: SuiteRunner | None
    #: Closes the workshops with the session.
    stack: AsyncExitStack

    async def open(self, version: str) -> Workbench:
        """Open the workbench of a version; one that cannot run here closes the scenario until a person has looked.

        While runners of another program live beside this one (an update), it is for them, and closes nothing.
        """
        try:
            return await self._open(version)
        except UnusableVersion as error:
            if await self._left_to_others(str(error)):
                await asyncio.sleep(_FOR_OTHERS)  # not in the transaction, which may not be idle for so long
            raise

    async def _left_to_others(self, reason: str) -> bool:
        """Leave a version to runners of another program, or stop the scenario when there are none."""
        async with self.database.transaction("session") as tx:
            others = await tx.first("sessions.other_programs", runner=self.runner)
            if others and others["beside"]:
                return True
            where = {"caisse": self.world.settings.caisse, "scenario": self.scenario}
            await tx.run("versions.stop_scenario", reason=reason, **where)
            return False

    async def _open(self, version: str) -> Workbench:
        world = self.world
        found = await restored(self.database, world, self.scenario, version, "session")
        robot = world.robot(found.scenario.robot)
        accounts = world.accounts(robot)
        contracts = {name: found.contracts.get(name) or world.contract(name) for name in robot.applications}
        workshop = open_workshop(world, robot, version)
        return Workbench(
            scenario=found.scenario,
            keywords=world.keywords,
            desks={name: self._desk(name, contract, accounts[name]) for name, contract in contracts.items()},
            database=self.database,
            vault=world.vault,
            evidence=world.settings.evidence,
            robot=robot.robot,
            suites=self.suites,
            workshop=await self.stack.enter_async_context(workshop),
        )

    def _desk(self, name: str, contract: AnyContract, account: RobotAccount) -> AnyDesk:
        desk = desk_at(self.browser, contract, account, pages_only=self.world.settings.pages_only)
        desk.entrance = LoginTurn(database=self.database, session=self.session, application=name)
        self.stack.push_async_callback(desk.discard)
        return desk
