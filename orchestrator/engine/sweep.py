"""What every runner sweeps, idempotently: what happens when a robot dies is here (ENTER, Leases and processes).

No elected keeper: rows are taken with SKIP LOCKED, and only the counting of tickets takes a lock, for one transaction.
"""

from __future__ import annotations

from procrastinate import App

from orchestrator.engine.tickets import want_sessions
from orchestrator.store.database import Database

ACTOR = "sweep"


async def sweep(database: Database, queue: App) -> None:
    """Give orphans back, wake waiting cases, void expired approvals, and see that ready cases have a live ticket."""
    await give_back_orphans(database)
    await wake_waiting(database)
    await _feed(database, queue)


async def give_back_orphans(database: Database) -> None:
    """Let others have the cases whose lease ran out."""
    async with database.transaction(ACTOR) as tx:
        for orphan in await tx.all("cases.sweep_orphans"):
            await tx.record(orphan["caisse"], "case.orphaned", str(orphan["id"]), scenario=orphan["scenario"])


async def wake_waiting(database: Database) -> None:
    """Wake waiting cases whose instant has come, and void expired approvals."""
    async with database.transaction(ACTOR) as tx:
        for lost in await tx.all("sessions.sweep_lost"):
            await tx.record(lost["caisse"], "session.lost", str(lost["id"]))
        await tx.all("cases.sweep_waiting")
        await tx.all("cases.sweep_approvals")


async def _feed(database: Database, queue: App) -> None:
    async with database.transaction(ACTOR) as tx:
        lock = await tx.first("sessions.one_feeder")
        if lock is None or not lock["mine"]:
            return
        await tx.all("sessions.bury_tickets")
        for hungry in await tx.all("cases.hungry"):
            caisse, scenario = hungry["caisse"], hungry["scenario"]
            live = await tx.first("sessions.live_tickets", caisse=caisse, scenario=scenario)
            most = min(hungry["parallel"], hungry["ready"], hungry["room"])
            missing = most - (live["live"] if live else 0)
            if missing > 0:
                await want_sessions(queue, tx.connection, caisse, scenario, missing)
