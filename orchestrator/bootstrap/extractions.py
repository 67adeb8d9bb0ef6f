"""Lists that robots read, in applications or in files (``sources: - extract: …``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date

from playwright.async_api import Browser

from orchestrator.bootstrap.versions import version_to_run
from orchestrator.bootstrap.workshops import open_workshop
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import RefusedDelivery, SettingsError, TooSlow
from orchestrator.domain.sources import CasesSource
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.deliveries import Delivery
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.drivers.witness import load_witnesses, numbers_of
from orchestrator.engine.extraction import Extraction
from orchestrator.engine.handed_on import load_handed_on
from orchestrator.engine.load import Loaded, Loader
from orchestrator.engine.versions import Runnable
from orchestrator.engine.work import Workbench
from orchestrator.language.model import ExtractSource, Scenario
from orchestrator.language.robots import Robot

#: Seconds for all the lists of one scenario.
LIMIT = 600.0


async def load_extractions(world: World, loader: Loader, name: str, day: date, actor: str) -> tuple[str, list[Loaded]]:
    """Read every list of a scenario and start a run of each that is new; returns the version and the runs.

    What other scenarios have ended for it on that day is such a list too (ADR 44).
    Raises :class:`SettingsError` for a scenario that reads no list, ``RefusedDelivery`` when none of them is new.
    """
    found = await version_to_run(loader.database, world, name, actor)
    sources = [source for source in found.scenario.sources if isinstance(source, ExtractSource)]
    handed_on = await load_handed_on(loader, found.scenario, day, actor)
    if handed_on and not sources:
        return found.scenario.hash, handed_on
    if not sources:
        expected = ", ".join(found.scenario.patterns) or "rien qui se charge ainsi"
        raise SettingsError(f"« {name} » {_nothing(found.scenario, day)} : donner le fichier ({expected}).")
    loaded = handed_on
    seen: list[RefusedDelivery] = []
    for delivery in await _read(world, loader, found, sources, day):
        try:
            loaded.append(await loader.start(found.scenario, delivery, day, actor))
        except RefusedDelivery as error:
            seen.append(error)
    if seen and not loaded:
        raise seen[0]
    return found.scenario.hash, loaded


def _nothing(scenario: Scenario, day: date) -> str:
    """Say why there is nothing to load without a file."""
    givers = [source for source in scenario.sources if isinstance(source, CasesSource)]
    said = ", ".join(f"« {each.scenario} » ({each.ended})" for each in givers)
    return (
        f"ne reçoit rien de nouveau de {said} au {day:%d/%m/%Y}"
        if givers
        else "ne lit pas de liste dans une application"
    )


async def _read(
    world: World, loader: Loader, found: Runnable, sources: Sequence[ExtractSource], day: date
) -> list[Delivery]:
    witnesses = numbers_of(load_witnesses(world.settings.witnesses))
    try:
        async with asyncio.timeout(LIMIT), _bench(world, loader, found) as bench:
            extraction = Extraction(bench=bench, database=loader.database, witnesses=witnesses)
            return [await extraction.read(source, day) for source in sources]
    except TimeoutError:
        raise TooSlow from None


@asynccontextmanager
async def _bench(world: World, loader: Loader, found: Runnable) -> AsyncIterator[Workbench]:
    """Give a robot's desks, without a browser when it has none, and its workshop."""
    robot = world.robot(found.scenario.robot)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(open_browser(world.settings.network)) if robot.applications else None
        yield Workbench(
            scenario=found.scenario,
            keywords=world.keywords,
            desks=_desks(world, found, robot, browser) if browser else {},
            database=loader.database,
            vault=world.vault,
            evidence=world.settings.evidence,
            robot=robot.robot,
            workshop=await stack.enter_async_context(open_workshop(world, robot, found.scenario.hash)),
        )


def _desks(world: World, found: Runnable, robot: Robot, browser: Browser) -> dict[str, AnyDesk]:
    accounts = world.accounts(robot)
    contracts = {name: found.contracts.get(name) or world.contract(name) for name in robot.applications}
    return {
        name: desk_at(browser, contract, accounts[name], pages_only=world.settings.pages_only)
        for name, contract in contracts.items()
        if name in accounts
    }
