"""Following the runs of a demo until robots have nothing left of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from orchestrator.cli.demo_house import House
from orchestrator.cli.progress import RunProgress
from orchestrator.engine.results import RowOutcome, RowResult, results_of
from orchestrator.store.database import Database, StoreUnavailable


def in_hand(rows: Sequence[RowResult]) -> bool:
    """Say whether robots still have something to do for these rows."""
    return any(row.outcome is RowOutcome.RUNNING for row in rows)


async def follow(house: House, database: Database, runs: Sequence[UUID]) -> dict[UUID, float]:
    """Show progress until every case of these runs has left the robots' hands; returns the seconds that each took."""
    began, seconds = time.monotonic(), dict.fromkeys(runs, 0.0)
    busy = set(runs)
    with RunProgress(house.screen) as progress:
        while busy:
            try:
                rows = {run: await results_of(database, run) for run in runs}
                progress.show([row for of in rows.values() for row in of])
                seconds |= dict.fromkeys(busy, time.monotonic() - began)
                busy = {run for run in busy if in_hand(rows[run])}
                if not busy or await progress.closed(database, house.settings.caisse):
                    break
            except StoreUnavailable:
                house.screen.print("[yellow]La base de données ne répond plus : redémarrage.[/yellow]")
                await house.world.restart_database()
            house.watch()
            await asyncio.sleep(0.5)
    return seconds
