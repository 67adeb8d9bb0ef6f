"""Sessions that walk the screens with the witness, and releases whose screens are changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import uuid4

from robot_world import RobotWorld

from orchestrator.drivers.witness import Witness


def release(world: RobotWorld, asked: Mapping[str, object]) -> None:
    """Have the applications serve a screen as a mutation leaves it; none is the release we know."""
    (world.world.practice.folder / "mutations.json").write_text(json.dumps(asked))


async def work(world: RobotWorld, witnesses: Mapping[str, Witness]) -> str:
    """Run one robot session that walks first."""
    runner = uuid4()
    async with world.bench.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
    session = world.session(runner)
    session.witnesses = witnesses
    return await session.run()
