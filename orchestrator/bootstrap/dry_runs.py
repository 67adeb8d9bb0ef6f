"""A dry run of a scenario: on practice applications started for it, or on the robot's own, always without acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from orchestrator.bootstrap.practice import LOGINS, ROBOT_LOGIN, TODAY, Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.bootstrap.workshops import open_workshop
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import SystemClock, date_of, paris_date
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.deliveries import BadRow, Delivery, read_delivery
from orchestrator.drivers.desks import desk_at
from orchestrator.engine.dry_run import DryCase, dry_run
from orchestrator.engine.grouping import by_row, gather
from orchestrator.engine.inbox import waiting
from orchestrator.engine.suite_steps import MainThread
from orchestrator.engine.work import Workbench
from orchestrator.language.model import Scenario
from orchestrator.store.database import Database

#: The practice population of dry runs: small, always the same.
PEOPLE, SEED = 60, 931


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What was tried."""

    delivery: Delivery
    #: Rows set aside.
    bad: list[BadRow]
    cases: list[DryCase]


async def try_scenario(
    world: World,
    name: str,
    file: Path | None,
    cases: int,
    day: date | None,
    *,
    real: bool,
    robot: MainThread | None = None,
) -> DryRun:
    """Work the first cases of a delivery without acts.

    :param world: without a database (:func:`~orchestrator.bootstrap.world.offline_world`); nothing is remembered.
    :param file: the delivery; by default that of the practice applications, or the first that waits in the inbox.
    :param real: on the applications of the robot's accounts, instead of practice applications.
    :param robot: Robot Framework, in the main thread; without it a suite is refused.
    """
    scenario = world.scenario(name)
    if not scenario.patterns:
        raise SettingsError(f"« {name} » n'attend pas de fichier : un essai sans acte se fait sur une livraison.")
    if real:
        delivery = await asyncio.to_thread(read_delivery, file or _waiting(world, scenario), by_row(scenario))
        return await _work(world, scenario, delivery, cases, day or paris_date(SystemClock().now()), robot)
    practice = Practice(folder=world.settings.workspace / "dry-run" / "practice", cases=PEOPLE, seed=SEED)
    async with _served(world, practice, scenario) as prepared:
        delivery = await asyncio.to_thread(read_delivery, file or _practised(practice, scenario), by_row(scenario))
        return await _work(prepared, scenario, delivery, cases, day or date_of(TODAY), robot)


@asynccontextmanager
async def _served(world: World, practice: Practice, scenario: Scenario) -> AsyncIterator[World]:
    """Serve practice applications; the world given back keeps its accounts apart from the robot's own."""
    settings = world.settings.model_copy(
        update={"workspace": world.settings.workspace / "dry-run", "home": world.settings.project}
    )
    apart = replace(world, settings=settings)
    await asyncio.to_thread(practice.make)
    (practice.folder / "ports").unlink(missing_ok=True)
    child, addresses = await asyncio.to_thread(practice.serve, settings.workspace / "logs" / "applications.log")
    try:
        settings.secrets.mkdir(mode=0o700, exist_ok=True)
        login = LOGINS.get(scenario.robot, ROBOT_LOGIN)
        practice.write_accounts(addresses, settings.secrets / world.robot(scenario.robot).accounts, login)
        yield apart
    finally:
        await asyncio.to_thread(stop_children, [child])


async def _work(
    world: World, scenario: Scenario, delivery: Delivery, cases: int, day: date, robot: MainThread | None
) -> DryRun:
    gathered = gather(delivery, scenario)
    declared = world.robot(scenario.robot)
    accounts = world.accounts(declared)
    async with (
        open_browser(world.settings.network) as browser,
        open_workshop(world, declared, scenario.hash) as workshop,
    ):
        bench = Workbench(
            scenario=scenario,
            keywords=world.keywords,
            desks={
                each: desk_at(browser, world.contract(each), accounts[each])
                for each in declared.applications
                if each in accounts
            },
            database=Database(""),  # never opened: whatever would write fails
            vault=world.vault,
            evidence=Path(),
            robot=declared.robot,
            workshop=workshop,
        )
        first = islice(gathered.cases, cases)
        return DryRun(
            delivery=delivery, bad=gathered.bad, cases=[case async for case in dry_run(bench, first, day, robot)]
        )


def _waiting(world: World, scenario: Scenario) -> Path:
    inbox = world.settings.workspace / "inbox"
    found = waiting(inbox, scenario)
    if not found:
        raise SettingsError(
            f"Aucune livraison {' ni '.join(scenario.patterns)} dans {inbox} : donner le fichier après le scénario."
        )
    return found[0]


def _practised(practice: Practice, scenario: Scenario) -> Path:
    if not any(fnmatch(practice.delivery.name, pattern) for pattern in scenario.patterns):
        raise SettingsError(
            f"« {scenario.name} » attend {' ou '.join(scenario.patterns)} ; les applications d'entraînement livrent "
            f"{practice.delivery.name}. Donner un fichier après le scénario."
        )
    return practice.delivery
