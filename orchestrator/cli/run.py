"""``glr run``: load a delivery, which starts a run; and, hidden, ``glr extraction``, which a planner starts."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import click

from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.processes import die_with_parent
from orchestrator.bootstrap.versions import scenario_to_run
from orchestrator.bootstrap.world import World, build_world, running_world
from orchestrator.cli import options
from orchestrator.cli.load_lines import LoadLines
from orchestrator.domain.civil import SystemClock, date_of, paris_date
from orchestrator.domain.errors import GlrError, RefusedDelivery
from orchestrator.engine.load import Loaded
from orchestrator.engine.restorations import standing


@click.command()
@click.argument("scenario")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--run-date",
    type=click.DateTime(["%Y-%m-%d"]),
    envvar="GLR_RUN_DATE",
    show_envvar=True,
    help="Date de l'exécution (Europe/Paris) ; par défaut aujourd'hui.",
)
@options.workspace
def run(scenario: str, file: Path | None, run_date: datetime | None, workspace: Path | None) -> None:
    """Charge la livraison FILE et démarre une exécution de SCENARIO ; sans FILE, lit sa liste dans l'application, ou
    prend ce qu'un autre scénario a fini pour lui."""
    day: date = run_date.date() if run_date else paris_date(SystemClock().now())
    asyncio.run(_run(scenario, file, day, workspace))


async def _run(scenario: str, file: Path | None, day: date, workspace: Path | None) -> None:
    world = await build_world(options.settings_of(workspace))
    async with open_loader(world, LoadLines()) as loader:
        if file is None:
            from orchestrator.bootstrap.extractions import load_extractions  # noqa: PLC0415 - a browser, for lists alone

            version, loaded = await load_extractions(world, loader, scenario, day, "cli")
        else:
            chosen = await scenario_to_run(loader.database, world, scenario, "cli")
            version, loaded = chosen.hash, [await loader.load(chosen, file, day, "cli")]
        async with loader.database.transaction("cli") as tx:
            restored = await standing(tx, world.settings.caisse)
    for each in loaded:
        _say(each, version)
    if restored is not None:
        click.echo(str(restored))
    if _on_disk(world, scenario) != version:
        click.echo(f"Le disque diffère de cette version, sans effet : glr publish {scenario} montre en quoi.")


def _say(loaded: Loaded, version: str) -> None:
    click.echo(
        f"Exécution {loaded.run} : {loaded.cases} dossiers sur {loaded.rows} lignes, {loaded.set_aside} mises de côté "
        f"(version {version[:12]}). Les postes d'exécution (glr runner) les prennent."
    )


def _on_disk(world: World, name: str) -> str | None:
    """Return the version on disk; None when it is faulty."""
    try:
        return world.scenario(name).hash
    except GlrError:
        return None


@click.command(hidden=True)
@click.argument("scenario")
@click.argument("day")
def extraction(scenario: str, day: str) -> None:
    """Read the lists of a scenario; started by a planner, which gives the settings in the environment."""
    die_with_parent()

    async def read() -> None:
        from orchestrator.bootstrap.extractions import load_extractions  # noqa: PLC0415 - a browser, for lists alone

        world = running_world(options.settings_of(None))
        async with open_loader(world) as loader:
            try:
                await load_extractions(world, loader, scenario, date_of(day), "schedule")
            except RefusedDelivery:
                return  # nothing new since the last time

    asyncio.run(read())
