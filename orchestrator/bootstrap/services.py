"""What ``glr serve`` runs: console, planner, export of the audit log, and a database kept alive."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from fastapi import FastAPI

from orchestrator.audit.exporter import export_until
from orchestrator.audit.files import LogElsewhere
from orchestrator.bootstrap.api_deliveries import ApiDeliveries
from orchestrator.bootstrap.further import FurtherRuns
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.scheduled_extractions import ScheduledExtractions, reads_lists
from orchestrator.bootstrap.versions import InForce, scenario_to_run
from orchestrator.bootstrap.world import World
from orchestrator.console.app import create_console
from orchestrator.console.world import ConsoleWorld
from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.engine.handed_on import load_handed_on
from orchestrator.engine.inbox import load_inbox
from orchestrator.language.model import ScheduleEntry
from orchestrator.planner.occurrences import Due
from orchestrator.planner.scheduler import HELD, Planner
from orchestrator.store.database import Database, StoreUnavailable, array

#: Seconds between two looks at what was published.
_FOLLOW = 15.0


@asynccontextmanager
async def open_console(world: World) -> AsyncIterator[FastAPI]:
    """Open the console's own pool and build its application; what it says of scenarios follows their publications."""
    async with Database(world.urls["glr_console"], size=8) as database, open_loader(world) as loader:
        in_force = InForce(world=world, database=database)
        scenarios = await in_force.to_show()

        async def follow() -> None:
            while True:
                await asyncio.sleep(_FOLLOW)
                try:
                    scenarios.update(await in_force.to_show())
                except StoreUnavailable:
                    continue

        following = asyncio.create_task(follow())
        try:
            yield create_console(
                ConsoleWorld(
                    database=database,
                    vault=world.vault,
                    caisse=world.settings.caisse,
                    scenarios=scenarios,
                    evidence_root=world.settings.evidence,
                    bordereaux=world.settings.bordereaux,
                    clock=SystemClock(),
                    secure_cookies=world.settings.secure_cookies,
                    environment=world.settings.environment_name,
                    deliver=ApiDeliveries(world=world, loader=loader).load,
                    give_again=FurtherRuns(world=world, loader=loader).give,
                )
            )
        finally:
            following.cancel()


async def serve_audit_log(world: World, stopping: asyncio.Event) -> None:
    """Move events from the outbox to files until asked to stop; tell once a day that they are written elsewhere."""

    async def refused(error: LogElsewhere) -> None:
        told = {"kind": "log", "object": socket.gethostname(), "message": str(error)}
        fingerprint = f"log elsewhere {socket.gethostname()} {paris_date(SystemClock().now())}"
        with suppress(StoreUnavailable):
            async with (
                Database(world.urls["glr_orchestrator"], size=1) as database,
                database.transaction("journal") as tx,
            ):
                await tx.first("alerts.raise", caisse=world.settings.caisse, fingerprint=fingerprint, **told)

    def opened() -> Database:
        return Database(world.urls["glr_exporter"], size=1)

    await export_until(opened, world.settings.audit_log, stopping, refused)


async def watch_database(world: World, stopping: asyncio.Event) -> None:
    """Start the embedded database again when it dies; an external one is not ours to start."""
    while not stopping.is_set():
        await world.restart_database()
        try:
            await asyncio.wait_for(stopping.wait(), 1)
        except TimeoutError:
            continue


@dataclass(frozen=True, kw_only=True)
class StoredOccurrences:
    """The memory of starts, shared by all planners: one row per occurrence, whoever is first."""

    database: Database
    caisse: str
    planner: str

    async def claim(self, scenario: str, due: Due) -> bool:
        """Write the occurrence; False when somebody was first."""
        occurrence = {"caisse": self.caisse, "scenario": scenario, "occurrence": due.local, "due": due.instant}
        async with self.database.transaction("planner") as tx:
            first = await tx.run("runs.claim_occurrence", fired_by=self.planner, held=HELD, **occurrence)
            if first:
                await tx.record(self.caisse, "schedule.fired", scenario, occurrence=due.local)
        return bool(first)

    async def latest(self, scenario: str) -> datetime | None:
        """Return the due instant of the scenario's last occurrence."""
        async with self.database.transaction("planner") as tx:
            row = await tx.first("runs.latest_occurrence", caisse=self.caisse, scenario=scenario)
        return row["due"] if row else None

    async def hold(self, scenario: str, due: Due) -> None:
        """Give a sign of life for an occurrence that is being launched here."""
        async with self.database.transaction("planner") as tx:
            await tx.run("runs.hold_occurrence", held=HELD, **self._mine(scenario, due))

    async def launched(self, scenario: str, due: Due) -> None:
        """Write that an occurrence is launched: nobody does so again."""
        async with self.database.transaction("planner") as tx:
            await tx.run("runs.end_occurrence", **self._mine(scenario, due))

    async def adopt(self, scenarios: Sequence[str], since: datetime) -> Sequence[tuple[str, Due]]:
        """Take over the occurrences whose planner gives no sign of life, in their order."""
        asked = {"scenarios": array(sorted(scenarios)), "since": since, "held": HELD, "fired_by": self.planner}
        async with self.database.transaction("planner") as tx:
            rows = await tx.all("runs.adopt_occurrences", caisse=self.caisse, **asked)
            for row in rows:
                await tx.record(self.caisse, "schedule.taken_over", row["scenario"], occurrence=row["occurrence"])
        found = [(row["scenario"], Due(instant=row["due"], local=row["occurrence"])) for row in rows]
        return sorted(found, key=lambda each: each[1].instant)

    def _mine(self, scenario: str, due: Due) -> dict[str, str]:
        return {"caisse": self.caisse, "scenario": scenario, "occurrence": due.local, "fired_by": self.planner}


@asynccontextmanager
async def open_planner(world: World) -> AsyncIterator[None]:
    """Start scenarios when they are due: each loads what waits in the inbox and what others have ended for it, and has its
    lists read in applications.
    """
    async with Database(world.urls["glr_orchestrator"], size=1) as database, open_loader(world) as loader:
        extractions = ScheduledExtractions(world=world, database=database)
        in_force = InForce(world=world, database=database)

        async def schedules() -> Mapping[str, Sequence[ScheduleEntry]]:
            return {name: scenario.schedule for name, scenario in (await in_force.to_run()).items()}

        async def launch(name: str, due: Due) -> asyncio.Task[None] | None:
            inbox = world.settings.workspace / "inbox"
            scenario = await scenario_to_run(database, world, name, "schedule")
            reading = extractions.start(name, paris_date(due.instant)) if reads_lists(scenario) else None
            await load_inbox(loader, scenario, inbox, paris_date(due.instant))
            if reading is None:  # else by the process that reads the lists
                await load_handed_on(loader, scenario, paris_date(due.instant), "schedule")
            return reading

        occurrences = StoredOccurrences(database=database, caisse=world.settings.caisse, planner=str(uuid4()))
        try:
            async with Planner(schedules=schedules, occurrences=occurrences, launch=launch, clock=SystemClock()):
                yield
        finally:
            await extractions.stop()
