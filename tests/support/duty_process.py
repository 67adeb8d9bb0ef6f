"""One duty of ``glr serve`` in a process of its own, to be killed or frozen in the middle of it.

``python duty_process.py DUTY FOLDER URL [RUN]``: says ``inside`` once it holds what it must not hold for ever.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from orchestrator.audit import files
from orchestrator.audit.exporter import export_until
from orchestrator.bootstrap.alert_sender import send_alerts
from orchestrator.bootstrap.world import World
from orchestrator.engine.closings import ClosingRecord, TakenOver
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import open_vault


async def alerts(folder: Path, url: str) -> None:
    """Send alerts; the server that takes them decides how long that lasts."""
    settings, vault = Settings(workspace=folder, home=folder, caisse="cpam-931"), open_vault(folder / "keys.json")
    world = World(settings=settings, urls={"glr_orchestrator": url}, vault=vault, keywords={})
    await send_alerts(world, asyncio.Event())


async def export(folder: Path, url: str) -> None:
    """Freeze once, with the day's file in hand and nothing written of the batch yet; thawed, go on."""
    really = files._missing
    frozen: list[bool] = []

    def freezes(file: BinaryIO, lines: Sequence[bytes]) -> list[bytes]:
        found = really(file, lines)
        if not frozen:
            frozen.append(True)
            print("inside", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.2)  # this thread itself may be stopped a little after the signal
        return found

    files._missing = freezes
    await export_until(lambda: Database(url, size=1), folder, asyncio.Event())


async def closing(run: UUID, url: str) -> None:
    """Close a run for ten minutes."""
    async with Database(url, size=1) as holding, Database(url, size=1) as database:
        record = ClosingRecord(holding=holding, database=database, caisse="cpam-931", run=run)
        try:
            async with record.held():
                await record.begin()
                print("inside", flush=True)
                await asyncio.sleep(600)
        except TakenOver:
            print("taken-over", flush=True)


if __name__ == "__main__":
    duty, place, address, *more = sys.argv[1:]
    if duty == "closing":
        asyncio.run(closing(UUID(more[0]), address))
    else:
        asyncio.run({"alerts": alerts, "export": export}[duty](Path(place), address))
