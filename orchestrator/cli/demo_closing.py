"""The closing of a demo's run: the console's process does it, the demo waits and shows what was given away."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

from orchestrator.bootstrap.closing import closed_so_far
from orchestrator.cli.close import show
from orchestrator.cli.demo_house import House
from orchestrator.language.model import ClosingMoment, Mode, Scenario
from orchestrator.store.database import Database, StoreUnavailable

#: Seconds for the closing of a run.
_LIMIT = 150.0


def closes_at_once(scenario: Scenario) -> bool:
    """Say whether a run of the scenario is closed as soon as the robots have done with it (ADR 23)."""
    rule = scenario.closing
    return scenario.mode is Mode.LIVE and rule.when is ClosingMoment.ROBOTS_DONE and rule.at is None


async def show_closing(house: House, database: Database, run: UUID) -> bool:
    """Wait for the console's process to close the run, and show what it gave away; False when it is not closed."""
    with house.screen.status("Clôture de l'exécution…"):
        stands = await _closing(house, database, run)
    if not stands.get("closed_at"):
        why = stands.get("reason") or "elle n'a pas commencé"
        house.screen.print(f"[yellow]Clôture pas faite : {why}[/yellow]", soft_wrap=True)
        return False
    show(await closed_so_far(house.world, database, run), house.screen)
    return True


async def _closing(house: House, database: Database, run: UUID) -> dict[str, Any]:
    """Return where the closing of the run stands, once it is done or has had its time."""
    end = time.monotonic() + _LIMIT
    stands: dict[str, Any] = {}
    while not stands.get("closed_at") and time.monotonic() < end:
        try:
            async with database.transaction("demo") as tx:
                stands = dict(await tx.first("closings.one", run=run) or {})
        except StoreUnavailable:
            await house.world.restart_database()
        house.watch()
        await asyncio.sleep(0.2)
    return stands
