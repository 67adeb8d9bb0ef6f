"""``glr run``: load a delivery, which starts a run."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path

import click

from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.versions import scenario_to_run
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.domain.errors import GlrError


@click.command()
@click.argument("scenario")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--run-date",
    type=click.DateTime(["%Y-%m-%d"]),
    envvar="GLR_RUN_DATE",
    show_envvar=True,
    help="Date de l'exécution (Europe/Paris) ; par défaut aujourd'hui.",
)
@options.workspace
def run(scenario: str, file: Path, run_date: datetime | None, workspace: Path | None) -> None:
    """Charge la livraison FILE et démarre une exécution de SCENARIO."""
    day: date = run_date.date() if run_date else paris_date(SystemClock().now())

    async def load() -> None:
        world = await build_world(options.settings_of(workspace))
        async with open_loader(world) as loader:
            async with loader.database.transaction("cli") as tx:
                chosen = await scenario_to_run(tx, world, scenario)
            loaded = await loader.load(chosen, file, day, "cli")
        click.echo(
            f"Exécution {loaded.run} : {loaded.cases} dossiers sur {loaded.rows} lignes, {loaded.set_aside} mises de côté "
            f"(version {chosen.hash[:12]}). Les postes d'exécution (glr runner) les prennent."
        )

        if _on_disk(world, scenario) != chosen.hash:
            click.echo(f"Le disque diffère de cette version, sans effet : glr publish {scenario} montre en quoi.")

    asyncio.run(load())


def _on_disk(world: World, name: str) -> str | None:
    """Return the version on disk; None when it is faulty."""
    try:
        return world.scenario(name).hash
    except GlrError:
        return None
