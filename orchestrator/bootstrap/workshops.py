"""The workshop of a robot: what its declaration gives its generic libraries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.bootstrap.world import World
from orchestrator.drivers.workshop import DeclaredFolder, RobotWorkshop
from orchestrator.language.robots import Robot


def workshop_of(world: World, robot: Robot, version: str, home: Path | None = None) -> RobotWorkshop:
    """Return a robot's workshop, to be closed.

    :param version: the hash of the scenario, for what letters say.
    :param home: the folder of its templates; None: the project's.
    """
    settings = world.settings
    return RobotWorkshop(
        home=home or settings.project / "robots" / robot.robot,
        folders={
            name: DeclaredFolder(path=settings.workspace / folder.path, write=folder.write)
            for name, folder in robot.folders.items()
        },
        about={"robot": robot.name, "version": version[:12], "purpose": robot.purpose, "contact": robot.contact},
        mail=settings.secrets / robot.mail if robot.mail else None,
    )


@asynccontextmanager
async def open_workshop(world: World, robot: Robot, version: str) -> AsyncIterator[RobotWorkshop]:
    """Give a robot's workshop and close it."""
    workshop = workshop_of(world, robot, version)
    try:
        yield workshop
    finally:
        await workshop.close()
