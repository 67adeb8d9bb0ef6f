"""What loading a delivery needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.bootstrap.labels import keep_labels
from orchestrator.bootstrap.world import World
from orchestrator.engine.load import UNTOLD, Loader, LoadProgress
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store.database import Database


@asynccontextmanager
async def open_loader(world: World, progress: LoadProgress = UNTOLD) -> AsyncIterator[Loader]:
    """Open what loading a delivery needs."""
    queue = ticket_queue(world.urls["glr_orchestrator"], size=1)
    async with Database(world.urls["glr_orchestrator"], size=2) as database, queue.open_async():
        await keep_labels(world, database)
        yield Loader(database=database, queue=queue, vault=world.vault, progress=progress)
