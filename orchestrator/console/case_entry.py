"""« Saisie déjà faite ? » of a case, from all that may tell: what robots wrote, people declared, a restoration forgot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.console.entry_status import Declared, EntryStatus, entry_status
from orchestrator.console.forgotten import Forgotten
from orchestrator.console.held import Held
from orchestrator.console.world import ConsoleWorld
from orchestrator.store.database import Transaction


async def entry_of(
    tx: Transaction, world: ConsoleWorld, row: Mapping[str, Any], held: Held | None, cause: str | None = None
) -> EntryStatus:
    """Answer for a case (a row with ``case_id``, ``scenario``, ``instruction``).

    :param held: the case as a person holds it, if one does.
    :param cause: of its open exception.
    """
    entries = await tx.all("console.entries_of", case_id=row["case_id"], caisse=world.caisse)
    forgotten = await Forgotten.of(tx, world, row["case_id"], row["scenario"])
    return entry_status(entries, cause, Declared.all_of(held, row["instruction"]), forgotten)
