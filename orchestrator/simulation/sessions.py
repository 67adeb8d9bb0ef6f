"""Robot sessions of a history: the engine's own, each in a process that may be hurt, with a heart that stands still with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

from orchestrator.domain.cases import RetryPolicy
from orchestrator.domain.keywords import Keyword
from orchestrator.engine import lease
from orchestrator.engine.session import RobotSession
from orchestrator.engine.work import Workbench
from orchestrator.language.model import Scenario
from orchestrator.simulation.processes import HERE, Hurt, Process
from orchestrator.simulation.store import SimulatedDatabase
from orchestrator.simulation.virtual_time import VirtualLoop
from orchestrator.simulation.words import SimulatedDesk, Way, bare_workshop
from orchestrator.store.database import StoreUnavailable
from orchestrator.store.vault import Vault

#: Seconds until a session that has ended is followed by another.
_AGAIN = 10.0
_POLICY = RetryPolicy(attempts=3, first_delay=20.0)


@dataclass(eq=False, kw_only=True)
class Sessions:
    """Keeps sessions at work, as runners do."""

    database: SimulatedDatabase
    loop: VirtualLoop
    hurt: Hurt
    vault: Vault
    way: Way
    keywords: Mapping[str, Keyword]
    runner: UUID
    #: Everything that was begun, in its order.
    lives: list[asyncio.Task[Any]] = field(default_factory=list)
    #: Those of them that are sessions.
    robots: list[asyncio.Task[Any]] = field(default_factory=list)
    #: What ended a session with an error, other than a connection cut off.
    died: list[str] = field(default_factory=list)
    #: Every process that was begun, in its order.
    processes: list[Process] = field(default_factory=list)

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let something live until the history is over."""
        self.lives.append(self.loop.create_task(work))
        return self.lives[-1]

    @property
    def alive(self) -> bool:
        """True while a process works, or stands frozen and may still wake."""
        return not all(process.gone.is_set() for process in self.processes)

    def end(self) -> None:
        """End everything that lives; raises what has ended anything but a session."""
        self.hurt.over = True
        for life in self.lives:
            if life.done() and life not in self.robots and not life.cancelled():
                life.result()  # nobody may end what keeps a history alive
            life.cancel()

    async def keep(self, scenario: Scenario) -> None:
        """Keep one session of a scenario at work: when it ends or dies, another begins."""
        while True:
            if await self._wanted(scenario):
                await self._one(scenario)
            await asyncio.sleep(_AGAIN)

    async def _wanted(self, scenario: Scenario) -> bool:
        """True while a case of a scenario is ready: what a ticket says."""
        if scenario.name not in (await self.database.standing()).ready:
            return False
        async with self.database.transaction("simulation") as tx:
            busy = await tx.first("cases.busy", caisse=scenario.caisse, scenario=scenario.name, session=self.runner)
        return bool(busy and busy["ready"])

    async def _one(self, scenario: Scenario) -> None:
        process = Process(name=f"session {len(self.processes) + 1}", hurt=self.hurt)
        self.processes.append(process)
        session = self.begin(self._session(scenario, process))
        self.robots.append(session)
        session.add_done_callback(lambda _: process.gone.set())
        await process.gone.wait()
        if session.done() and not isinstance(error := session.exception(), StoreUnavailable | None):
            self.died.append(f"{process.name} ({scenario.name}) : {error}")

    async def _session(self, scenario: Scenario, process: Process) -> str:
        HERE.set(process)
        heart = Heart(database=self.database, process=process)
        beating = self.begin(heart.beat())
        session = RobotSession(
            bench=self._bench(scenario, process),
            heartbeat=cast("Any", heart),
            runner=self.runner,
            id=uuid4(),
            policy=_POLICY,
            stopping=asyncio.Event(),
        )
        self.hurt.story.tell(f"{process.name} · {scenario.name}, {session.id}")
        try:
            return await session.run()
        finally:
            beating.cancel()

    def _bench(self, scenario: Scenario, process: Process) -> Workbench:
        desk = SimulatedDesk(process=process, way=self.way)
        return Workbench(
            scenario=scenario,
            keywords=self.keywords,
            desks={"registre": cast("Any", desk)},
            database=cast("Any", self.database),
            vault=self.vault,
            evidence=cast("Any", None),
            robot=scenario.robot,
            clock=self.loop,
            workshop=bare_workshop(),
        )


@dataclass(eq=False, kw_only=True)
class Heart:
    """Gives signs of life and renews the lease of the case in hand, as the heartbeat thread of a session's process does."""

    database: SimulatedDatabase
    process: Process
    #: The session that is alive as long as this beats.
    session: UUID | None = None
    _lease: lease.Lease | None = None

    def hold(self, held: lease.Lease | None) -> None:
        """Say which lease to renew from now on."""
        self._lease = held

    async def beat(self) -> None:
        """Renew until the process ends."""
        HERE.set(None)
        while True:
            await asyncio.sleep(lease.BEAT)
            await self.process.stands()
            held, asked = self._lease, lease.clocks()
            async with self.database.transaction("heartbeat") as tx:
                await tx.run("sessions.beat", session=self.session)
                if held is None or lease.boot_clock() >= held.last_beat:
                    continue
                found = await tx.first("cases.renew", **held.key, lease=lease.LEASE)
            await self.process.stands()
            if found is not None:
                held.renewed(*asked)
