"""One history by seed: two robots that want the same entries, faults wherever they wait, people, then calm and judgement."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast
from uuid import uuid4

import psycopg
from procrastinate import App
from psycopg.rows import DictRow

from checker.evidence import read_tables
from checker.invariants import Promise, Violation, violations
from orchestrator.domain.keywords import Keyword
from orchestrator.drivers.deliveries import Delivery, DeliveryRow
from orchestrator.engine import lease
from orchestrator.engine.load import Loader
from orchestrator.engine.sweep import give_back_orphans, wake_waiting
from orchestrator.language.model import Scenario
from orchestrator.simulation.people import AMOUNT, Agent, object_of
from orchestrator.simulation.processes import Hurt
from orchestrator.simulation.registry import Registry
from orchestrator.simulation.sessions import Sessions
from orchestrator.simulation.store import SimulatedDatabase, thrown_away
from orchestrator.simulation.story import Story
from orchestrator.simulation.virtual_time import BEGINNING, VirtualLoop
from orchestrator.simulation.words import Way
from orchestrator.simulation.world import made_up
from orchestrator.store.vault import Vault

#: Seconds of a history before it must have ended, and until faults stop in any case.
LONGEST, _FAULTS = 2 * 3600.0, 1800.0
#: Seconds between two sweeps, and between two looks of people.
_SWEEP, _LOOK = 10.0, 20.0
_SESSIONS = 3
#: Looks at which nothing goes on, before a history ends.
_STILL = 2
#: Seconds until something happens that is not of the robots' making.
_LATER = (20.0, 60.0, 120.0, 400.0)
_KINDS = ("pay", "note", "both")
_EVENTS = "select at, actor, verb, object, details from glr.audit_outbox where verb not like 'version.%' order by id"
_ENDLESS = Violation(promise=Promise.DRAINED, what="des personnes règlent toujours le même dossier")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a history came to."""

    seed: int
    #: What hurt it, by fault and place.
    faults: Counter[str]
    #: Entries that the application was left with, and cases of robots.
    entries: int
    cases: int
    violations: list[Violation]
    #: Virtual seconds.
    seconds: float
    #: Everything that happened, line by line.
    story: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all histories share."""

    #: To a database of theirs alone, as its owner.
    connection: psycopg.Connection[DictRow]
    vault: Vault
    #: Published there: two robots that want the same entries.
    scenarios: tuple[Scenario, Scenario]
    keywords: dict[str, Keyword]
    #: How they reach the application.
    way: Way
    #: True: what nothing but a log-out stops may also meet a log-out that fails (the residue that ENTER states).
    residue: bool = False


@dataclass
class History:
    """One history while it happens."""

    stage: Stage
    seed: int
    loop: VirtualLoop = field(default_factory=VirtualLoop)
    endless: bool = False

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - drawn, not secret
        self.story = Story(self.loop)
        self.hurt = Hurt(draw=self.draw, story=self.story)
        self.registry = Registry(draw=self.draw, story=self.story, alters=self._sometimes(4))
        gate = self._sometimes(2)
        self.registry.clings = self.stage.residue or not gate
        self.stage.way.into_the_gate = self.stage.residue or gate
        self.rows = [_row(line, self.draw.choice(_KINDS)) for line in range(1, self.draw.randint(1, 2) + 1)]

    def tell(self) -> Told:
        """Let it happen, and judge it."""
        connection, self.stage.way.registry = self.stage.connection, self.registry
        with (
            thrown_away(connection),
            made_up(self.loop, self.seed),
            asyncio.Runner(loop_factory=lambda: self.loop) as runner,
        ):
            self.database = SimulatedDatabase(connection, self.loop)
            runner.run(self._happens())
            return self._told(connection)

    def _told(self, connection: psycopg.Connection[DictRow]) -> Told:
        seen = read_tables(connection, self.registry.lines, patience=lease.LEASE.total_seconds())
        ended = [Violation(promise=Promise.ENDED, what=what) for what in sorted(self.database.badly_ended)]
        died = [Violation(promise=Promise.DRAINED, what=what) for what in self.sessions.died]
        return Told(
            seed=self.seed,
            faults=self.hurt.happened,
            entries=len(seen.ledger),
            cases=len(seen.cases),
            violations=[*violations(seen), *ended, *died, *([_ENDLESS] if self.endless else ())],
            seconds=self.loop.time(),
            story=self.story.with_events(connection.execute(_EVENTS)),
        )

    def _sometimes(self, one_in: int) -> bool:
        return self.draw.randrange(one_in) == 0

    # --- what happens ------------------------------------------------------------------------------------------------

    async def _happens(self) -> None:
        runner = uuid4()
        async with self.database.transaction("simulation") as tx:
            await tx.run("sessions.register_runner", id=runner, host="simulation", pid=1)
        stage = self.stage
        self.sessions = Sessions(
            database=self.database, loop=self.loop, hurt=self.hurt, vault=stage.vault, way=stage.way,
            keywords=stage.keywords, runner=runner,
        )  # fmt: skip
        agent = Agent(database=self.database, registry=self.registry, caisse=stage.scenarios[0].caisse)
        await self._begin(self.sessions, agent)
        try:
            async with asyncio.timeout(LONGEST):
                await self._ends(agent)
        except TimeoutError:
            self.endless = True
        self.sessions.end()

    async def _begin(self, sessions: Sessions, agent: Agent) -> None:
        """Deliver, sometimes to both robots, sometimes after people; let robots work, and let the rest come as it is drawn."""
        first, second = self.stage.scenarios
        if self._sometimes(4):
            self.registry.by_hand(object_of(1, self.draw.choice(("registre.pay", "registre.note"))), AMOUNT)
        await self._deliver(first, self.rows)
        self.later: list[asyncio.Task[Any]] = []
        if self._sometimes(2):
            self.later.append(
                sessions.begin(self._deliver(second, self.rows, self.draw.choice((0.0, 0.0, 0.0, *_LATER))))
            )
        if self._sometimes(4):  # again, one row with another amount
            again = [*self.rows[1:], _row(1, self.rows[0].values["kind"], "60,00")]
            self.later.append(sessions.begin(self._deliver(first, again, self.draw.choice(_LATER))))
        if self._sometimes(5):
            stops = agent.stop_for_a_while(first, self.draw.choice((0.5, 5.0, 30.0)), self.draw.choice(_LATER))
            self.later.append(sessions.begin(stops))
        sessions.begin(self._sweeps())
        for number in range(_SESSIONS):
            sessions.begin(sessions.keep(self.stage.scenarios[number % 2]))

    async def _ends(self, agent: Agent) -> None:
        """Wait until nothing goes on, and once more: what woke last, or came last, may have made something of it."""
        still = 0
        while (still := 0 if await self._goes_on(agent) else still + 1) < _STILL:
            await asyncio.sleep(_LOOK)
            if not self.hurt.left or self.loop.time() > _FAULTS:  # from now on everything must end well
                self.hurt.left, self.registry.calm = 0, True

    async def _goes_on(self, agent: Agent) -> bool:
        """True while people are shown something, a robot has anything to do, or something may still wake or come."""
        shown = (await self.database.standing()).shown and await agent.settle()
        late = self.sessions.alive or self.registry.under_way or not all(each.done() for each in self.later)
        return late or shown or (await self.database.standing()).moving

    async def _sweeps(self) -> None:
        while True:
            due = (await self.database.standing()).due
            if due is not None and due <= self.loop.wall():
                await give_back_orphans(cast("Any", self.database))
                await wake_waiting(cast("Any", self.database))
            await asyncio.sleep(_SWEEP)

    async def _deliver(self, scenario: Scenario, rows: list[DeliveryRow], later: float = 0.0) -> None:
        await asyncio.sleep(later)
        loader = Loader(database=cast("Any", self.database), queue=cast("App", NoTickets()), vault=self.stage.vault)
        content = f"{self.seed} {[row.values for row in rows]}".encode()
        delivery = Delivery(name="registre.csv", sha256=sha256(content).hexdigest(), rows=rows, bad=[])
        await loader.start(scenario, delivery, BEGINNING.date(), "simulation")


class NoTickets:
    """A queue in which nobody looks: the sessions of a history begin by themselves."""

    def configure_task(self, *_: object, **__: object) -> NoTickets:
        """Take a ticket."""
        return self

    async def defer_async(self, **_: object) -> None:
        """Forget it."""


def _row(line: int, kind: str, amount: str = "50,00") -> DeliveryRow:
    pay, note = (object_of(line, keyword) for keyword in ("registre.pay", "registre.note"))
    values = {"subject": pay, "annex": note, "kind": kind, "amount": amount, "days": "2026-03-02/2026-03-15"}
    return DeliveryRow(line=line, values=values, key=pay)
