"""Sessions that hold a case each, with the heartbeat of a real one, until their process is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from orchestrator.bench.empty_cases import SCENARIO
from orchestrator.bench.queues.claimers import ACTOR, begin_session
from orchestrator.bench.queues.handshake import held
from orchestrator.bootstrap.world import running_world
from orchestrator.engine.lease import Heartbeat, Lease, boot_clock, clocks
from orchestrator.engine.turns import claim
from orchestrator.settings import Settings
from orchestrator.store.database import Database

#: Longest time that a case is held, seconds.
_LONGEST = timedelta(minutes=10).total_seconds()


async def hold(job: dict[str, Any]) -> None:
    """Claim so many cases, renew their leases, and wait for the end."""
    world = running_world(Settings(workspace=Path(job["workspace"])))
    async with Database(world.urls["glr_runner"], size=1) as database:
        runner, references = uuid4(), []
        for _ in range(job["cases"]):
            session, asked = await begin_session(database, world.settings.caisse, SCENARIO, runner), clocks()
            where = {"caisse": world.settings.caisse, "scenario": SCENARIO}
            row = await claim(database, ACTOR, session, [job["version"]], **where)
            if row is None:
                raise LookupError(SCENARIO)
            heart = Heartbeat(world.urls["glr_runner"])
            heart.start()
            last = boot_clock() + _LONGEST
            heart.hold(Lease(case=row["id"], epoch=row["epoch"], session=session, asked=asked, last_beat=last))
            references.append(row["reference"])
    held(references)


if __name__ == "__main__":
    asyncio.run(hold(json.loads(sys.argv[1])))
