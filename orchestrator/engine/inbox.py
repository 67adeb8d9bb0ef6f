"""Deliveries that wait in the inbox: what a scheduled start loads."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

from orchestrator.domain.errors import BadDelivery, RefusedDelivery
from orchestrator.engine.load import Loaded, Loader
from orchestrator.language.model import Scenario


async def load_inbox(loader: Loader, scenario: Scenario, inbox: Path, day: date) -> list[Loaded]:
    """Load every file that the scenario expects and that was not seen before; a bad file is recorded and left in place."""
    loaded = []
    for path in await asyncio.to_thread(waiting, inbox, scenario):
        try:
            loaded.append(await loader.load(scenario, path, day, "schedule"))
        except RefusedDelivery:
            continue  # seen before: its run is known
        except BadDelivery as error:
            async with loader.database.transaction("schedule") as tx:
                await tx.record(scenario.caisse, "delivery.unreadable", path.name, reason=str(error))
    return loaded


def waiting(inbox: Path, scenario: Scenario) -> list[Path]:
    """Return the files of an inbox that a scenario expects, by name."""
    return sorted({path for pattern in scenario.patterns for path in inbox.glob(pattern) if path.is_file()})
