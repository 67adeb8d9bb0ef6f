"""What a list read in an application says of money that is still open, kept in clear beside the cases that its rows became."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from orchestrator.domain.open_amounts import OpenAmount
from orchestrator.store.database import Transaction


async def write_open_amounts(tx: Transaction, caisse: str, run: UUID, found: Mapping[int, OpenAmount]) -> None:
    """Write each row of the list by its line, with the case that follows it: its own, or the one that was open already.

    Cases and rows set aside of that run are written before.
    """
    if not found:
        return
    rows = list(found.values())
    await tx.run(
        "open_amounts.write",
        run=run,
        caisse=caisse,
        line=list(found),
        number=[row.number for row in rows],
        amount_c=[row.amount.centimes for row in rows],
        since=[row.since for row in rows],
        state=[row.state for row in rows],
        reject_code=[row.reject_code for row in rows],
    )
