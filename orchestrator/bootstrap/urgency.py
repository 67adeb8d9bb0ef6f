"""What ``glr serve`` does each day: look again at the cases whose priority or due change with it."""

from __future__ import annotations

import asyncio
import logging

from orchestrator.bootstrap.versions import InForce
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import Clock, SystemClock, paris_date
from orchestrator.engine.urgency import review
from orchestrator.store.database import Database, StoreError, StoreUnavailable

#: Seconds between two looks; one that finds nothing is one index read a scenario.
_EVERY = 60.0
_log = logging.getLogger(__name__)


async def follow_days(world: World, stopping: asyncio.Event, clock: Clock | None = None) -> None:
    """Look until asked to stop; several processes may do so at once, and one that was down catches up."""
    clock = clock or SystemClock()
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        in_force = InForce(world=world, database=database)
        while not stopping.is_set():
            try:
                scenarios = await in_force.to_run()
                await review(database, world.vault, scenarios.values(), paris_date(clock.now()))
            except (StoreUnavailable, StoreError) as error:
                _log.warning("priorités : nouvel essai dans %.0f s : %s", _EVERY, error)
            try:
                await asyncio.wait_for(stopping.wait(), _EVERY)
            except TimeoutError:
                continue
