"""What is said of a run afterwards: its replay, its comparison."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from orchestrator.bootstrap.workshops import open_workshop
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.desks import AnyDesk, desk_at
from orchestrator.engine.acts import ActsOfRun, acts_of
from orchestrator.engine.replay import CaseReplay, Trial, replay
from orchestrator.engine.shadow import Compared, compare, read_decisions
from orchestrator.engine.suite_steps import MainThread
from orchestrator.engine.work import Workbench
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Mode
from orchestrator.store.database import Database


async def replay_run(
    world: World, beginning: str, path: Path | None, robot: MainThread | None = None
) -> list[CaseReplay]:
    """Try a scenario file, or the project's, on the run whose id begins like this; the audit log says that it was done.

    :param robot: Robot Framework, in the main thread; without it a case that a suite works is not replayed.
    """
    caisse = world.settings.caisse
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        run, name = await run_called(world, database, beginning)
        scenario = load_scenario(path, keywords=world.keywords, caisse=caisse) if path else world.scenario(name)
        trial = Trial(scenario=scenario, keywords=world.keywords, database=database, vault=world.vault, robot=robot)
        found = await replay(trial, run)
        async with database.transaction("replay") as tx:
            await tx.record(caisse, "run.replayed", str(run), version=scenario.hash, cases=len(found))
    return found


async def compare_shadow(world: World, beginning: str, decisions: Path | None) -> tuple[list[Compared], ActsOfRun]:
    """Compare what the robot concluded in a run with people's decisions, from a file or read in the application.

    With it comes what the robot's desks counted of acts during the run.
    """
    async with Database(world.urls["glr_orchestrator"], size=1) as database, AsyncExitStack() as stack:
        run, name = await run_called(world, database, beginning)
        scenario = replace(world.scenario(name), mode=Mode.SHADOW)
        robot = world.robot(scenario.robot)
        desks: dict[str, AnyDesk] = {}
        if decisions is None:
            browser = await stack.enter_async_context(open_browser(world.settings.network))
            accounts = world.accounts(robot)
            desks = {each: desk_at(browser, world.contract(each), accounts[each]) for each in robot.applications}
        bench = Workbench(
            scenario=scenario,
            keywords=world.keywords,
            desks=desks,
            database=database,
            vault=world.vault,
            evidence=world.settings.evidence,
            robot=robot.robot,
            workshop=await stack.enter_async_context(open_workshop(world, robot, scenario.hash)),
        )
        found = await compare(bench, run, read_decisions(decisions) if decisions else None)
        async with database.transaction("shadow") as tx:
            await tx.record(world.settings.caisse, "run.compared", str(run), cases=len(found))
        return found, await acts_of(database, run, scenario.outside)


async def run_called(world: World, database: Database, beginning: str) -> tuple[UUID, str]:
    """Return the one run whose id begins like this, and its scenario."""
    async with database.transaction("report") as tx:
        runs = await tx.all("runs.by_beginning", caisse=world.settings.caisse, beginning=beginning)
    if len(runs) != 1:
        what = "inconnue" if not runs else "à préciser (plusieurs commencent ainsi)"
        raise SettingsError(f"Exécution « {beginning} » {what} : voir glr status.")
    return runs[0]["id"], runs[0]["scenario"]
