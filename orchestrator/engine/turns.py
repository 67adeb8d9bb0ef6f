"""Whose turn it is: which version a case is begun under, within the claim's own transaction.

While the published version is in its ramp and may begin more, claimers take turns at its row; the count is the database's
own (``count_for_ramp``), and so is the refusal beyond the stage. Full, or done with its ramp, nobody waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from orchestrator.engine.lease import LEASE
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Transaction, array

#: Opens the workbench of a version, by its hash.
OpenVersion = Callable[[str], Awaitable[Workbench]]


async def claim(
    tx: Transaction, session: UUID, versions: Sequence[str], *, caisse: str, scenario: str
) -> Mapping[str, Any] | None:
    """Claim the most urgent case that may be taken under one of these versions; None when there is none."""
    where = {"caisse": caisse, "scenario": scenario}
    await tx.first("versions.hold_turn", **where)
    return await tx.first("cases.claim", session=session, lease=LEASE, versions=array(versions), **where)


async def next_turn(tx: Transaction, caisse: str, scenario: str, known: Sequence[str]) -> str | None:
    """Return the version of the next case that may be taken, other than those known; None when there is none."""
    row = await tx.first("versions.next_turn", caisse=caisse, scenario=scenario, known=array(known))
    return row["version"] if row else None
