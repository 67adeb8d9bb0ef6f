"""Which version of a scenario runs: the published one, from the store; one on disk only while it cannot act."""

from __future__ import annotations

import asyncio
import logging

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError
from orchestrator.engine import versions
from orchestrator.engine.versions import NotPublished, Runnable
from orchestrator.language.model import Mode, Scenario
from orchestrator.language.robots import check_rights
from orchestrator.store.database import Database, Transaction

_log = logging.getLogger(__name__)


async def restored(tx: Transaction, world: World, name: str, version: str) -> Runnable:
    """Load a version from the store; raises ``UnusableVersion``, or ``SettingsError`` when its robot lacks a right."""
    files = await versions.texts(tx, version)
    found = await asyncio.to_thread(versions.restore, name, version, files, world.keywords, world.settings.caisse)
    check_rights(world.robot(found.scenario.robot), found.scenario)
    return found


async def scenario_to_run(tx: Transaction, world: World, name: str) -> Scenario:
    """Return the published version of a scenario; without one that of the disk, unless it is live (``NotPublished``)."""
    now = await versions.published(tx, world.settings.caisse, name)
    if now is not None:
        return (await restored(tx, world, name, now["version"])).scenario
    scenario = world.scenario(name)
    if scenario.mode is Mode.LIVE:
        raise NotPublished(name)
    return scenario


async def scenarios_to_run(database: Database, world: World, known: dict[str, Scenario]) -> dict[str, Scenario]:
    """Return the version to run of every scenario of the project; one that has none, or is faulty, is left out and said.

    :param known: versions restored before, by hash; what is restored now is added.
    """
    found = {}
    for name in world.scenario_names():
        try:
            async with database.transaction("scenarios") as tx:
                now = await versions.published(tx, world.settings.caisse, name)
                scenario = known.get(now["version"]) if now else None
                found[name] = known[scenario.hash] if scenario else await scenario_to_run(tx, world, name)
            known[found[name].hash] = found[name]
        except GlrError as error:
            _log.warning("scénario « %s » laissé de côté : %s", name, error)
    return found


async def scenarios_to_show(database: Database, world: World, known: dict[str, Scenario]) -> dict[str, Scenario]:
    """Return every scenario as people read about it: the version that runs, else the one on disk."""
    found = await scenarios_to_run(database, world, known)
    for name in world.scenario_names():
        if name not in found:
            try:
                found[name] = await asyncio.to_thread(world.scenario, name)
            except GlrError as error:
                _log.warning("scénario « %s » laissé de côté : %s", name, error)
    return found


async def publish_by_two(world: World, name: str, first: str, second: str, note: str) -> None:
    """Publish a live version on disk, unless it is, in the name of two people: for demonstrations and benchmarks alone."""
    scenario = world.scenario(name)
    if scenario.mode is not Mode.LIVE:
        return
    async with Database(world.urls["owner"], size=1) as database:
        async with database.transaction(f"agent:{first}") as tx:
            now = await versions.published(tx, scenario.caisse, name)
            if now is not None and now["version"] == scenario.hash:
                return
            await versions.propose(tx, scenario, first, note)
        async with database.transaction(f"agent:{second}") as tx:
            waiting = await tx.first("versions.proposed", caisse=scenario.caisse, scenario=name)
            if waiting is not None:
                await versions.approve(tx, scenario.caisse, name, waiting["id"], second)
