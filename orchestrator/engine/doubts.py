"""Doubts: their application is left in peace and the login that acted is ended, before anybody looks (ENTER, 5; ADR 28).

Ordinary work, of whichever session has the case: each step is one statement that may be repeated, and the database refuses a
conclusion that comes too soon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from orchestrator.domain.cases import Decision, after_doubt
from orchestrator.drivers.leaving import end_login
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.entry_ledger import held
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Transaction

#: How long a folder is left in peace: nobody works there but us, and no file is ever put over another.
FOLDER = timedelta(seconds=10)


def quiet_of(bench: Workbench, application: str) -> timedelta:
    """Return how long an application is left in peace after a doubt."""
    desk = bench.desks.get(application)
    if desk is None:
        return FOLDER
    return timedelta(seconds=desk.contract.quiet.seconds if desk.account.quiet is None else desk.account.quiet)


async def begin(tx: Transaction, bench: Workbench, case: Claimed) -> bool:
    """Whatever was intended for a case and neither proven nor withdrawn is in doubt from now on; True when something was."""
    doubted = await tx.all("entries.mark_doubtful_of_case", case_id=case.id)
    for row in doubted:
        await tx.run("entries.end_attempt", entry=row["id"], result="doubtful")
    await _begin_quiet(tx, bench, doubted)
    return bool(doubted)


async def leave_in_peace(bench: Workbench, case: Claimed) -> None:
    """Begin the quiet time of every doubt of a case, and end the logins that acted; what cannot be ended now is tried again.

    Raises :class:`LeaseLost` when another may hold the case: it is then in the middle of this, or of an act.
    """
    async with held(bench, case) as tx:
        await begin(tx, bench, case)
        await _begin_quiet(tx, bench, await tx.all("doubts.unbegun", case_id=case.id))
        logins = await tx.all("doubts.open_logins", case_id=case.id)
    for row in logins:
        desk = bench.desks.get(row["application"])
        cookies = bench.vault.open(case.data_key, f"entry_attempt:cookies:{row['entry']}", row["cookies"])
        if desk is None or await end_login(desk, cookies):
            async with bench.database.transaction(bench.actor) as tx:
                await tx.run("doubts.login_ended", entry=row["entry"], n=row["n"])


async def after(tx: Transaction, case: Claimed, decision: Decision) -> Decision:
    """Return what follows an attempt, given the doubts that it leaves."""
    row = await tx.first("doubts.look_at", case_id=case.id)
    return decision if row is None else after_doubt(decision, row["look_at"], in_peace=row["in_peace"])


async def _begin_quiet(tx: Transaction, bench: Workbench, doubted: Sequence[Mapping[str, Any]]) -> None:
    for row in doubted:
        await tx.run("doubts.begin", entry=row["id"], quiet=quiet_of(bench, row["application"]))
