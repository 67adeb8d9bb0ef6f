"""The lane of ``glr bench load`` that loads a delivery as ``glr run`` does, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date
from pathlib import Path

from orchestrator.bench.load_files import SCENARIO
from orchestrator.bench.queues.handshake import done, ready
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.world import running_world
from orchestrator.settings import Settings

DAY = date(2026, 3, 27)


async def load(workspace: Path, delivered: Path) -> None:
    """Load one file."""
    world = running_world(Settings(workspace=workspace))
    async with open_loader(world) as loader:
        scenario = world.scenario(SCENARIO)
        ready()
        loaded = await loader.load(scenario, delivered, DAY, "bench")
        done(loaded.cases)


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    asyncio.run(load(Path(job["workspace"]), Path(job["file"])))
