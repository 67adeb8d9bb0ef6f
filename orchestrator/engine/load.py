"""Load a delivery: one transaction makes the run, its cases, the rows set aside and the tickets, or nothing at all."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from procrastinate import App

from orchestrator.domain.civil import PARIS, SystemClock, paris_date
from orchestrator.domain.errors import BadDelivery, RefusedDelivery
from orchestrator.drivers.deliveries import Delivery, read_delivery
from orchestrator.engine.grouping import DeliveredCase, by_row, gather
from orchestrator.engine.tickets import want_sessions
from orchestrator.engine.urgency import Urgency, as_row, urgency
from orchestrator.engine.versions import check_published, record
from orchestrator.language.model import Mode, RunInfo, Scenario
from orchestrator.store.database import Database, Transaction
from orchestrator.store.vault import Vault

#: Rows read at a time while cases are made.
_BATCH = 500
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


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


@dataclass(frozen=True, kw_only=True)
class Loader:
    """Loads deliveries for one database."""

    database: Database
    queue: App
    vault: Vault

    async def load(self, scenario: Scenario, path: Path, run_date: date, actor: str) -> Loaded:
        """Read the file and start its run; raises ``BadDelivery``, ``RefusedDelivery`` for one seen before.

        A live scenario must be the published version (``NotPublished``).
        """
        delivery = await asyncio.to_thread(read_delivery, path, by_row(scenario))
        return await self.start(scenario, delivery, run_date, actor)

    async def start(self, scenario: Scenario, delivery: Delivery, run_date: date, actor: str) -> Loaded:
        """Start the run of a delivery that was read :func:`~.grouping.by_row`; raises as :meth:`load`."""
        gathered = await asyncio.to_thread(gather, delivery, scenario)
        async with self.database.transaction(actor) as tx:
            await check_published(tx, scenario)
            run = await self._start(tx, scenario, delivery, run_date)
            cases = taken = 0
            async for one in _in_batches(gathered.cases):
                inserted = await self._insert(tx, scenario, run, one, run_date)
                cases, taken = cases + inserted, taken + inserted * len(one.lines)
            for bad in gathered.bad:
                await self._set_aside(tx, run, scenario, bad.line, bad.code, bad.reason, None)
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

    async def _insert(self, tx: Transaction, scenario: Scenario, run: UUID, one: DeliveredCase, run_date: date) -> int:
        case, found = uuid4(), _urgency(scenario, one.payload, run_date)
        digest = self.vault.blind(f"key:{scenario.name}", one.key)
        key, wrapped = self.vault.new_data_key(case)
        values = {
            "id": case,
            "caisse": scenario.caisse,
            "run": run,
            "scenario": scenario.name,
            "line": one.line,
            "reference": new_reference(),
            "key_digest": digest,
            "priority": found.priority,
            "due": found.due,
            "data_key": wrapped,
            "payload": self.vault.seal(key, f"cases:payload:{case}", one.payload),
        }
        if not await tx.run("cases.insert", **values):
            await self._already_open(tx, scenario, run, one.lines, digest)
            return 0
        if found.changes_on is not None:
            await tx.run("cases.set_urgency", rows=[as_row({"id": case, "epoch": 0}, found)])
        if scenario.case.rows is not None:
            await tx.run("cases.gather", id=case, lines=list(one.lines))
        await self._index(tx, scenario, case, one.payload)
        return 1

    async def _index(self, tx: Transaction, scenario: Scenario, case: UUID, payload: Mapping[str, Any]) -> None:
        """Let a case be found by the NIRs that it speaks of, those of its rows included."""
        for name, nir in _nirs(scenario, payload):
            where = {"case_id": case, "caisse": scenario.caisse, "field": name}
            await tx.run("cases.insert_blind", digest=self.vault.blind("nir", nir), **where)

    async def _already_open(
        self, tx: Transaction, scenario: Scenario, run: UUID, lines: Sequence[int], digest: bytes
    ) -> None:
        found = await tx.first("cases.open_by_key", caisse=scenario.caisse, scenario=scenario.name, key_digest=digest)
        first: dict[str, Any] = dict(found) if found else {"id": None, "reference": "?"}
        reason = f"dossier déjà ouvert : {first['reference']}, à traiter d'abord"
        for line in lines:
            await self._set_aside(tx, run, scenario, line, "DEJA-OUVERT", reason, first["id"])

    async def _set_aside(
        self, tx: Transaction, run: UUID, scenario: Scenario, line: int, code: str, reason: str, open_case: UUID | None
    ) -> None:
        values = {"line": line, "code": code, "reason": reason, "open_case": open_case}
        await tx.run("runs.set_aside", delivery=run, caisse=scenario.caisse, **values)


async def _in_batches(cases: Iterable[DeliveredCase]) -> AsyncIterator[DeliveredCase]:
    """Give the cases; reading, which may be long in a workbook, never holds the others of this process."""
    reading = iter(cases)
    while batch := await asyncio.to_thread(lambda: list(islice(reading, _BATCH))):
        for one in batch:
            yield one


def _nirs(scenario: Scenario, payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return each NIR of a case under a name of its own: ``nir``, ``members.2.nir``."""
    case = scenario.case
    places = [("", case.fields, payload["fields"])]
    if case.rows is not None:
        name, fields, rows = case.rows.name, case.rows.fields, payload["rows"]
        places += [(f"{name}.{place}.", fields, row["fields"]) for place, row in enumerate(rows, start=1)]
    for prefix, known, texts in places:
        for name, field in known.items():
            if field.type == "nir":
                yield prefix + name, texts[name]


def _urgency(scenario: Scenario, payload: Mapping[str, Any], run_date: date) -> Urgency:
    names = {**scenario.parameters, **scenario.case.names_of(payload), "run": RunInfo(date=run_date)}
    return urgency(scenario, names, run_date, paris_date(SystemClock().now()))


async def refusal(tx: Transaction, name: str, **same: str) -> RefusedDelivery:
    """Return the refusal of a delivery seen before, naming the first."""
    first = await tx.first("runs.same_delivery", **same)
    if first is None:
        return RefusedDelivery(name, name, "?")
    return RefusedDelivery(name, first["file_name"], f"{first['received_at'].astimezone(PARIS):%d/%m/%Y à %H:%M}")


def new_reference() -> str:
    """Return a random case reference that people can read aloud, ``DOS-7K2M9QXA``; it says nothing of the person."""
    return "DOS-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


async def first_run(database: Database, scenario: Scenario, path: Path) -> UUID:
    """Return the run that a delivery seen before started."""
    digest = sha256(await asyncio.to_thread(path.read_bytes)).hexdigest()
    async with database.transaction("load") as tx:
        same = {"caisse": scenario.caisse, "scenario": scenario.name, "sha256": digest}
        found = await tx.first("runs.same_delivery", **same)
    if found is None:
        raise BadDelivery(f"Livraison inconnue : {path.name}")
    run: UUID = found["run"]
    return run
