"""What robots ask of machines, told to the database: tickets and sweeps read no file."""

from __future__ import annotations

from contextlib import suppress

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.language.faults import ScenarioErrors
from orchestrator.store.database import Database, array


async def keep_labels(world: World, database: Database) -> None:
    """Write the labels of each robot on disk; one whose declaration is wrong keeps those that it had."""
    for folder in sorted((world.settings.project / "robots").glob("*/robot.yaml")):
        with suppress(SettingsError, ScenarioErrors):  # said where that robot is used
            robot = world.robot(folder.parent.name)
            async with database.transaction("labels") as tx:
                asked = {"robot": robot.robot, "labels": array(sorted(robot.runs_on))}
                await tx.run("sessions.keep_labels", caisse=world.settings.caisse, **asked)
