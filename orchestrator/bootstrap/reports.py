"""What is said of a run afterwards: reconciliation with the application, and its bordereau."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.bordereau import BordereauRun, write_bordereau
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desk import WebDesk
from orchestrator.engine.reconcile import Reconciliation
from orchestrator.engine.reconcile import reconcile as compare_entries
from orchestrator.engine.results import results_of
from orchestrator.store.database import Database


async def reconcile_scenario(world: World, name: str, start: date | None, end: date | None) -> Reconciliation:
    """Read the application's own list under the robot's name and compare it with ours; the days default to those run."""
    scenario = world.scenario(name)
    robot = world.robot(scenario.robot)
    step = next(step for step in scenario.steps if step.keyword.entry is not None)
    application, rules = step.keyword.application, step.keyword.entry
    account = world.accounts(robot)[application]
    async with Database(world.urls["glr_runner"], size=1) as database:
        async with database.transaction("reconcile") as tx:
            caisse = world.settings.caisse
            days = await tx.first("runs.days", caisse=caisse, scenario=name)
            ours = await tx.all("entries.of_application", caisse=caisse, application=application)
        first, last = start or (days or {}).get("first"), end or (days or {}).get("last")
        if first is None or last is None or rules is None:
            raise SettingsError(f"Aucune exécution de « {name} » : rien à rapprocher.")
        async with open_browser() as browser:
            desk = WebDesk(browser, world.contract(application), account)
            seen = await world.keywords[rules.made_by].function(desk, author=account.login, start=first, end=last)
    return compare_entries(ours, seen)


async def write_run_bordereau(world: World, run: UUID) -> Path:
    """Have the robot's own suite write the workbook of a run for the accounting control; returns its path."""
    async with Database(world.urls["glr_runner"], size=1) as database:
        async with database.transaction("bordereau") as tx:
            row = await tx.first("runs.about", run=run)
        if row is None:
            raise SettingsError(f"Exécution inconnue : {run}")
        rows = await results_of(database, run)
    suite = world.settings.project / "robots" / row["robot"] / "bordereau.robot"
    return await write_bordereau(suite, BordereauRun(**row), rows, world.settings.workspace / "logs" / "bordereaux")
