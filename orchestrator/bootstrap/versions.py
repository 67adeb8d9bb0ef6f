"""Which version of a scenario runs: the published one, from the store; one on disk only while it cannot act."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError
from orchestrator.engine import versions
from orchestrator.engine.versions import NotPublished, Runnable
from orchestrator.language.model import Mode, Scenario
from orchestrator.language.robots import check_rights
from orchestrator.store.database import Database, StoreUnavailable

_log = logging.getLogger(__name__)


async def restored(database: Database, world: World, name: str, version: str, actor: str) -> Runnable:
    """Load a version from the store; raises ``UnusableVersion``, or ``SettingsError`` when its robot lacks a right.

    Its transaction is over before its texts are read: that may take a busy machine longer than one may be idle.
    """
    async with database.transaction(actor) as tx:
        files = await versions.texts(tx, version)
    found = await asyncio.to_thread(versions.restore, name, version, files, world.keywords, world.settings.caisse)
    check_rights(world.robot(found.scenario.robot), found.scenario)
    return found


async def version_to_run(database: Database, world: World, name: str, actor: str) -> Runnable:
    """Return the published version of a scenario; without one that of the disk, unless it is live (``NotPublished``)."""
    async with database.transaction(actor) as tx:
        now = await versions.published(tx, world.settings.caisse, name)
    if now is not None:
        return await restored(database, world, name, now["version"], actor)
    scenario = await asyncio.to_thread(world.scenario, name)
    if scenario.mode is Mode.LIVE:
        raise NotPublished(name, planned=bool(scenario.schedule))
    return Runnable(scenario=scenario, contracts={})


async def scenario_to_run(database: Database, world: World, name: str, actor: str) -> Scenario:
    """Return the scenario of :func:`version_to_run`."""
    return (await version_to_run(database, world, name, actor)).scenario


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The scenarios in force, for a process that lasts: each version restored once, each trouble said once."""

    world: World
    database: Database
    _known: dict[str, Scenario] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    async def to_run(self) -> dict[str, Scenario]:
        """Return the version to run of every scenario published or on disk; one that has none is left out."""
        found = {}
        for name in await self._names():
            scenario = await self._or_nothing(name, self._to_run(name))
            if scenario is not None:
                found[name] = scenario
        return found

    async def to_show(self) -> dict[str, Scenario]:
        """Return every scenario as people read about it: the version that runs, else the one on disk."""
        found = await self.to_run()
        for name in self.world.scenario_names():
            if name not in found:
                scenario = await self._or_nothing(name, asyncio.to_thread(self.world.scenario, name))
                if scenario is not None:
                    found[name] = scenario
        return found

    async def _names(self) -> list[str]:
        async with self.database.transaction("scenarios") as tx:
            rows = await tx.all("versions.overview", caisse=self.world.settings.caisse)
        return sorted({*self.world.scenario_names(), *(row["scenario"] for row in rows if row["version"])})

    async def _to_run(self, name: str) -> Scenario:
        async with self.database.transaction("scenarios") as tx:
            now = await versions.published(tx, self.world.settings.caisse, name)
        if now is None:
            return await scenario_to_run(self.database, self.world, name, "scenarios")
        version = now["version"]
        if version not in self._known:
            self._known[version] = (await restored(self.database, self.world, name, version, "scenarios")).scenario
        return self._known[version]

    async def _or_nothing(self, name: str, asked: Awaitable[Scenario]) -> Scenario | None:
        try:
            return await asked
        except StoreUnavailable:
            raise
        except GlrError as error:
            unasked = isinstance(error, NotPublished) and not error.planned
            if not unasked and str(error) not in self._said:
                self._said.add(str(error))
                _log.warning("scénario « %s » laissé de côté : %s", name, error)
            return None


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
