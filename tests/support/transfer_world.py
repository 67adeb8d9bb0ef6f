"""One test's engine at a PROGRES of its own, with the scenario of incoming transfers and requests of its population."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from green_host import Host, account, green_host, ledger
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine.load import Loaded
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.transfers import COUNT, ROBOT, Transfer, delivery, transfers

SEED = 4


@dataclass
class TransferWorld:
    """The engine, the host, and what may be delivered."""

    robot: RobotWorld
    host: Host
    requests: list[Transfer]
    files: int = 0

    async def deliver(self, requests: Iterable[Transfer]) -> Loaded:
        """Load a delivery of some requests, under a name that no other has."""
        self.files += 1
        path = self.robot.folder / f"mutations-entrantes-{self.files}.csv"
        path.write_bytes(delivery(requests))
        return await self.robot.loader.load(self.robot.bench.scenario, path, DAY, "test")

    def kind(self, case: str) -> Transfer:
        """The request of a kind."""
        return next(one for one in self.requests if one.case == case)

    def basket(self) -> list[dict[str, Any]]:
        """What is in the work basket, by the host's own ledger, in the order of its entry."""
        return [act for act in ledger(self.host.folder) if act["act"] == "MUTATION"]

    def show(self, day: date) -> None:
        """Let PROGRES show another business day."""
        (self.host.folder / "today").write_text(day.isoformat())

    async def codes(self, run: UUID) -> dict[int, tuple[str, ...]]:
        """The failed controls of each row, by its line."""
        return {row.line: row.codes for row in await self.robot.results(run)}


async def days_pass(owner: Database) -> None:
    """Let every case that waits for a day go on."""
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set wait_until = now() where state = 'waiting'")


async def states(owner: Database, run: UUID) -> Counter[str]:
    """How many cases of a run stand where."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select coalesce(ended_as, state::text) as name from cases where run = %s", [run]
        )
        return Counter(row["name"] for row in await cursor.fetchall())


@asynccontextmanager
async def transfer_world(runner_url: str, vault: Vault, folder: Path) -> AsyncIterator[TransferWorld]:
    """Open everything a session needs."""
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "mutation-entrante.yaml", keywords=keywords)
    async with green_host(folder / "progres") as host:
        known = account(host.folder, host.address)
        practice = PracticeWorld(
            practice=Practice(folder=host.folder, cases=60, seed=SEED),
            accounts=dict.fromkeys(("bdo", "arpege", "compta", "rniam"), known),
            unused=[],
            rows=(),
            locked_once=[],
        )
        async with robot_world(practice, runner_url, vault, folder, scenario) as robot:
            robot.bench.robot = "mutation-entrante"
            robot.bench.desks = {"progres": host.desk(login=ROBOT)}
            yield TransferWorld(robot=robot, host=host, requests=list(transfers(SEED, COUNT, DAY)))
