"""Walking the forms that a robot fills, to compare them with the release we know or to write down a new one."""

from __future__ import annotations

from pathlib import Path

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.release import FormFacts, Release, changes, written


async def compare_forms(world: World, robot: str) -> dict[str, dict[str, list[str]]]:
    """Return what changed: ``{application: {screen: [change in French]}}``; an empty list is an identical screen."""
    found = {}
    for application in world.robot(robot).applications:
        release = world.contract(application).release
        known = release.screens if release else {}
        seen = await _forms(world, robot, application)
        found[application] = {screen: changes(known.get(screen, ()), forms) for screen, forms in seen.items()}
    return found


async def record_forms(world: World, robot: str, application: str) -> Path:
    """Write ``release.yaml`` of an application as it is today; returns its path."""
    if application not in world.robot(robot).applications:
        raise SettingsError(f"Le robot « {robot} » ne travaille pas dans « {application} ».")
    contract = world.contract(application)
    forms = await _forms(world, robot, application)
    path = world.settings.project / "keywords" / application / "release.yaml"
    path.write_text(
        written(Release(application=application, version=contract.version, screens=forms)), encoding="utf-8"
    )
    return path


async def _forms(world: World, robot: str, application: str) -> dict[str, tuple[FormFacts, ...]]:
    account = world.accounts(world.robot(robot))[application]
    async with open_browser() as browser:
        return await WebDesk(browser, world.contract(application), account).forms()
