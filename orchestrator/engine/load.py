"""Load a delivery: one transaction makes the run, its cases, the rows set aside and the tickets, or nothing at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from procrastinate import App

from orchestrator.domain.civil import PARIS
from orchestrator.domain.errors import BadDelivery, RefusedDelivery
from orchestrator.drivers.deliveries import Delivery, file_sha256, read_delivery
from orchestrator.engine.aside import Aside, SetAside
from orchestrator.engine.case_rows import CaseRow, CaseRows
from orchestrator.engine.grouping import DeliveredCase, Gathered, by_row, gather
from orchestrator.engine.open_amounts import write_open_amounts
from orchestrator.engine.tickets import want_sessions
from orchestrator.engine.versions import check_published, record
from orchestrator.language.model import Mode, Scenario
from orchestrator.store.database import Database, Transaction
from orchestrator.store.vault import Vault

#: Cases made and inserted at a time.
_BATCH = 1000
#: Seconds at which a batch is written as it is: PostgreSQL ends a transaction that is idle for five.
_BATCH_TIME = 1.0


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a delivery became."""

    #: The run it started.
    run: UUID
    #: Rows of the file, good and bad.
    rows: int
    #: Rows that became cases.
    cases: int
    #: Rows set aside, each with its reason.
    set_aside: int


class LoadProgress(Protocol):
    """Who wants to know how far a large delivery is; told often, from any thread."""

    def checked(self, rows: int) -> None:
        """So many rows were read and checked; nothing is loaded yet."""

    def loaded(self, cases: int) -> None:
        """So many cases were written; none counts before all are."""


class _Untold:
    def checked(self, rows: int) -> None: ...
    def loaded(self, cases: int) -> None: ...


UNTOLD = _Untold()


@dataclass(frozen=True, kw_only=True)
class Loader:
    """Loads deliveries for one database."""

    database: Database
    queue: App
    vault: Vault
    #: Told how far a large delivery is.
    progress: LoadProgress = UNTOLD

    async def load(self, scenario: Scenario, path: Path, run_date: date, actor: str) -> Loaded:
        """Read the file and start its run; raises ``BadDelivery``, ``RefusedDelivery`` for one seen before.

        A live scenario must be the published version (``NotPublished``).
        """
        delivery = await asyncio.to_thread(read_delivery, path, by_row(scenario), self.progress.checked)
        return await self.start(scenario, delivery, run_date, actor)

    async def start(self, scenario: Scenario, delivery: Delivery, run_date: date, actor: str) -> Loaded:
        """Start the run of a delivery that was read :func:`~.grouping.by_row`; raises as :meth:`load`."""
        gathered = await asyncio.to_thread(gather, delivery, scenario)
        return await self.begin(scenario, delivery, gathered, run_date, actor)

    async def begin(
        self,
        scenario: Scenario,
        delivery: Delivery,
        gathered: Gathered,
        run_date: date,
        actor: str,
        then: Callable[[Transaction, UUID], Awaitable[object]] | None = None,
    ) -> Loaded:
        """Start the run of a delivery whose cases are known; raises as :meth:`load`.

        :param then: what else is written with it, given its run.
        """
        async with self.database.transaction(actor) as tx:
            await check_published(tx, scenario)
            run = await self._start(tx, scenario, delivery, run_date)
            rows = CaseRows(self.vault, scenario, run, run_date)
            cases = taken = 0
            async with aclosing(_in_batches(gathered.cases, rows)) as batches:
                async for batch in batches:
                    made = await self._insert(tx, rows, batch)
                    cases, taken = cases + len(made), taken + sum(len(row.lines) for row in made)
                    self.progress.loaded(cases)
            if then is not None:
                await then(tx, run)
            aside = SetAside(tx=tx, delivery=run, caisse=scenario.caisse)
            await aside.insert([Aside(line=bad.line, code=bad.code, reason=bad.reason) for bad in gathered.bad])
            await write_open_amounts(tx, scenario.caisse, run, delivery.open_amounts or {})
            await tx.record(
                scenario.caisse, "delivery.loaded", delivery.name, sha256=delivery.sha256, cases=cases, run=str(run)
            )
            await want_sessions(self.queue, tx.connection, scenario.caisse, scenario.name, scenario.limits.parallel)
        total = len(delivery.rows) + len(delivery.bad)
        return Loaded(run=run, rows=total, cases=cases, set_aside=total - taken)

    async def _start(self, tx: Transaction, scenario: Scenario, delivery: Delivery, run_date: date) -> UUID:
        same = {"caisse": scenario.caisse, "scenario": scenario.name, "sha256": delivery.sha256}
        run = uuid4()
        rows = len(delivery.rows) + len(delivery.bad)
        if not await tx.run("runs.record_delivery", id=run, file_name=delivery.name, rows=rows, **same):
            raise await refusal(tx, delivery.name, **same)
        await record(tx, scenario)
        await tx.run(
            "runs.start",
            id=run,
            caisse=scenario.caisse,
            scenario=scenario.name,
            title=scenario.title,
            version=scenario.hash,
            delivery=run,
            robot=scenario.robot,
            mode=scenario.mode if scenario.mode is not Mode.DRAFT else Mode.SHADOW,
            run_date=run_date,
        )
        return run

    async def _insert(self, tx: Transaction, rows: CaseRows, batch: Sequence[CaseRow]) -> Sequence[CaseRow]:
        """Insert cases; those whose key an open case has are set aside; returns the others."""
        found = await rows.insert(tx, batch)
        await SetAside(tx=tx, delivery=rows.run, caisse=rows.scenario.caisse).already_open(found.met)
        return found.made


async def _in_batches(cases: Iterable[DeliveredCase], rows: CaseRows) -> AsyncGenerator[list[CaseRow]]:
    """Give the rows of the cases; reading and sealing, which may be long, never hold the others of this process.

    One thread reads it all: what lxml parses belongs to the thread that began.
    """
    making = map(rows.of, cases)
    with ThreadPoolExecutor(max_workers=1) as reader:

        def some() -> asyncio.Future[list[CaseRow]]:
            return asyncio.get_running_loop().run_in_executor(reader, _next_batch, making)

        coming = some()
        try:
            while batch := await coming:
                coming = some()  # made while these are inserted
                yield batch
        finally:
            await asyncio.gather(coming, return_exceptions=True)


async def refusal(tx: Transaction, name: str, **same: str) -> RefusedDelivery:
    """Return the refusal of a delivery seen before, naming the first."""
    first = await tx.first("runs.same_delivery", **same)
    if first is None:
        return RefusedDelivery(name, name, "?")
    return RefusedDelivery(name, first["file_name"], f"{first['received_at'].astimezone(PARIS):%d/%m/%Y à %H:%M}")


async def first_run(database: Database, scenario: Scenario, path: Path) -> UUID:
    """Return the run that a delivery seen before started."""
    digest = await asyncio.to_thread(file_sha256, path)
    async with database.transaction("load") as tx:
        same = {"caisse": scenario.caisse, "scenario": scenario.name, "sha256": digest}
        found = await tx.first("runs.same_delivery", **same)
    if found is None:
        raise BadDelivery(f"Livraison inconnue : {path.name}")
    run: UUID = found["run"]
    return run


def _next_batch(making: Iterator[CaseRow]) -> list[CaseRow]:
    """Make the next rows, fewer when each takes long, as under a long expression of priority; empty at the end."""
    until = time.monotonic() + _BATCH_TIME
    batch: list[CaseRow] = []
    for row in making:
        batch.append(row)
        if len(batch) == _BATCH or time.monotonic() > until:
            break
    return batch
