"""``glr status``: where every recent run stands, what is closed to robots, and reopening it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.domain.civil import PARIS
from orchestrator.store.database import Database, Transaction


@click.command()
@options.workspace
@click.option(
    "--reopen", metavar="APPLICATION", envvar="GLR_REOPEN", show_envvar=True, help="Rouvre une application aux robots."
)
def status(workspace: Path | None, reopen: str | None) -> None:
    """État des dernières exécutions et des applications fermées aux robots."""

    async def show() -> None:
        world = await build_world(options.settings_of(workspace))
        async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
            if reopen:
                await _reopen(tx, world.settings.caisse, reopen)
            await _show(tx, world)

    asyncio.run(show())


async def _reopen(tx: Transaction, caisse: str, application: str) -> None:
    if not await tx.run("sessions.reopen_application", caisse=caisse, application=application):
        raise click.UsageError(f"« {application} » n'est pas fermée aux robots.")
    await tx.record(caisse, "application.reopened", application)
    click.echo(f"« {application} » est rouverte aux robots.")


async def _show(tx: Transaction, world: World) -> None:
    console = Console()
    table = Table("Exécution", "Scénario", "Livraison", "Début", "Dossiers par état")
    for run in await tx.all("runs.recent", caisse=world.settings.caisse, limit=10):
        states = await tx.all("runs.progress", run=run["id"])
        words = ", ".join(f"{row['ended_as'] or row['state']} {row['cases']}" for row in states)
        began = f"{run['started_at'].astimezone(PARIS):%d/%m/%Y %H:%M}"
        table.add_row(str(run["id"])[:8], run["scenario"], run["file_name"], began, words)
    console.print(table)
    for stop in await tx.all("sessions.stopped_applications", caisse=world.settings.caisse):
        console.print(f"[red]{stop['application']} fermée aux robots : {stop['reason']}[/red]")
