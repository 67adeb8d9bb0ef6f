"""Lanes that claim cases and enter through the real ledger, each on its own connection; no browser, no application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from case_rows import one_row
from published import orchestrator_of, publish_at
from settling import settled

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import RobotsStopped
from orchestrator.domain.money import Euros
from orchestrator.engine.case_rows import new_reference
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.due import DueEntry
from orchestrator.engine.entry_ledger import EntryLedger, EntryRow
from orchestrator.engine.lease import Lease, boot_clock, clocks
from orchestrator.engine.settle import give_back
from orchestrator.engine.turns import claim
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.model import Limits, Scenario
from orchestrator.store.database import Database, array
from orchestrator.store.vault import Vault

LANES = 16
DAY = date(2026, 3, 27)


def limits(**changes: Any) -> Limits:
    """Return limits without a ceiling, but for these changes."""
    return Limits(**{"parallel": LANES, "per_case": None, "per_run": None, "per_day": None, **changes})


@dataclass
class EntryLanes:
    """Cases of one published scenario, and the sessions that work them at the same time."""

    scenario: Scenario
    #: As the runner, with a connection for each lane.
    database: Database
    vault: Vault
    runner: UUID = field(default_factory=uuid4)
    #: Its connection string, once published.
    url: str = ""

    def bench(self) -> Workbench:
        """Return what a session works with; it opens no desk."""
        return Workbench(
            scenario=self.scenario, keywords={}, desks={}, database=self.database, vault=self.vault, evidence=Path(),
            robot="acompte-ij",
        )  # fmt: skip

    async def publish(self, url: str) -> None:
        """Have two people publish the scenario."""
        self.url = url
        await publish_at(url, self.scenario)

    async def load(self, cases: int, *, run_date: date = DAY) -> UUID:
        """Load a run with so many cases."""
        run, where = uuid4(), {"caisse": self.scenario.caisse, "scenario": self.scenario.name}
        async with Database(orchestrator_of(self.url), size=1) as orchestrator, orchestrator.transaction("test") as tx:
            await tx.run("runs.record_delivery", id=run, file_name="f", sha256=str(run), rows=cases, **where)
            about = {"version": self.scenario.hash, "delivery": run, "robot": "acompte-ij", "mode": "live"}
            await tx.run("runs.start", id=run, title="t", run_date=run_date, **about, **where)
            for line in range(2, cases + 2):
                case = uuid4()
                _, wrapped = self.vault.new_data_key(case)
                about = {"id": case, "line": line, "reference": new_reference(), "key_digest": case.bytes}
                await tx.run("cases.insert", **one_row(run=run, data_key=wrapped, **about, **where))
        return run

    async def lane(self, number: int = 0, robot: str = "acompte-ij") -> Lane:
        """Begin a session, and take its seats."""
        session = uuid4()
        about = {"caisse": self.scenario.caisse, "robot": robot, "scenario": self.scenario.name}
        async with self.database.transaction("test") as tx:
            await tx.run("sessions.register_runner", id=self.runner, host=f"poste-{number}", pid=1)
            await tx.run("sessions.begin", id=session, runner=self.runner, **about)
            used = array(sorted(self.scenario.applications))
            seats = await tx.first("sessions.take_seats", session=session, applications=used) or {}
        return Lane(self, session, seats["full_up"])


@dataclass
class Lane:
    """One session."""

    lanes: EntryLanes
    session: UUID
    #: The application in which it has no seat; None when it may work.
    full_up: str | None = None

    async def take(self) -> Claimed | None:
        """Claim one case and begin its attempt; None when there is none."""
        lanes, asked = self.lanes, clocks()
        where = {"caisse": lanes.scenario.caisse, "scenario": lanes.scenario.name}
        row = await claim(lanes.database, "robot:acompte-ij", self.session, [lanes.scenario.hash], **where)
        return self._claimed(row, asked) if row is not None else None

    def _claimed(self, row: Mapping[str, Any], asked: tuple[float, float]) -> Claimed:
        return Claimed(
            id=row["id"], reference=row["reference"], run=row["run"], attempt=row["attempts"],
            lease=Lease(
                case=row["id"], epoch=row["epoch"], session=self.session, asked=asked, last_beat=boot_clock() + 60
            ),
            data_key=self.lanes.vault.data_key(row["id"], row["data_key"]), fields={}, run_date=row["run_date"],
        )  # fmt: skip

    def ledger(self, case: Claimed) -> EntryLedger:
        """Return the entry of a case, as the protocol remembers it."""
        step = self.lanes.scenario.entries[0]
        return EntryLedger(self.lanes.bench(), case, DueEntry(step=step, names={}))

    async def plan(self, case: Claimed, part: str = "") -> EntryRow:
        """Plan an entry of a case, with an effect of its own."""
        return await self.ledger(case).plan(self.lanes.vault.blind("effect", f"{case.id}{part}"))

    async def intend(self, case: Claimed, entry: EntryRow, amount: Euros) -> None:
        """Commit its intent, as before an act."""
        await self.ledger(case).intend(entry, amount, b"values", "")

    async def confirm(self, case: Claimed, entry: EntryRow, amount: Euros) -> None:
        """Write its proof and end the case."""
        seen = EntrySeen(
            reference=f"AC-{entry.token}", amount=amount, period=Period(start=DAY, end=DAY), author="acompte-ij",
            token=entry.token, subject="x",
        )  # fmt: skip
        await self.ledger(case).confirm(entry, seen)
        await self.end(case)

    async def end(
        self,
        case: Claimed,
        state: str = "ended",
        *,
        incident: bool = False,
        failed: str | None = None,
        touched: str = "{}",
    ) -> None:
        """Settle a case in hand, after an incident of an application or none."""
        where = {"failed": failed, "touched": touched, "incident": incident or failed is not None}
        to = settled(state, "entered" if state == "ended" else None, actor="robot:acompte-ij", **where)
        await self.lanes.database.once("cases.settle", **case.lease.key, **to)

    async def leave(self) -> None:
        """End the session."""
        async with self.lanes.database.transaction("test") as tx:
            await tx.run("sessions.end", id=self.session, reason="test")

    async def work(self, amount: Euros) -> bool:
        """Take a case and enter it; False when nothing is to be taken. Stopped, the case goes back."""
        case = await self.take()
        if case is None:
            return False
        entry = await self.plan(case)
        try:
            await self.intend(case, entry, amount)
        except RobotsStopped:
            await give_back(self.lanes.bench(), Attempt(self.lanes.bench(), case))
            return False
        await self.confirm(case, entry, amount)
        return True
