"""``glr status``: where every recent run stands, what is closed to robots, and reopening it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.reconciliation import applications_entered
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.domain.civil import PARIS
from orchestrator.engine import restorations, stops
from orchestrator.engine.labels import LABELS_ADVICE, unhosted
from orchestrator.engine.versions import standing
from orchestrator.store.database import Database, Transaction


@click.command()
@options.workspace
@click.option(
    "--reopen", metavar="APPLICATION", envvar="GLR_REOPEN", show_envvar=True, help="Rouvre une application aux robots."
)
@click.option("--resume", metavar="SCENARIO", envvar="GLR_RESUME", show_envvar=True, help="Reprend un scénario arrêté.")
def status(workspace: Path | None, reopen: str | None, resume: str | None) -> None:
    """État des dernières exécutions, des versions, et de ce qui est fermé aux robots."""

    async def show() -> None:
        world = await build_world(options.settings_of(workspace))
        entered = applications_entered(
            world
        )  # reads every scenario: not in a transaction that may not be idle for long
        async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
            if reopen:
                await _reopen(tx, world.settings.caisse, reopen)
            if resume:
                await _resume(tx, world.settings.caisse, resume)
            await show_standing(tx, world.settings.caisse, entered)

    asyncio.run(show())


async def _reopen(tx: Transaction, caisse: str, application: str) -> None:
    _not_a_persons(await tx.all("sessions.stopped_applications", caisse=caisse), "application", application)
    if not await stops.resume_application(tx, caisse, application):
        raise click.UsageError(f"« {application} » n'est pas fermée aux robots.")
    click.echo(f"« {application} » est rouverte aux robots.")


async def _resume(tx: Transaction, caisse: str, scenario: str) -> None:
    _not_a_persons(await tx.all("versions.stopped_scenarios", caisse=caisse), "scenario", scenario)
    if not await stops.resume_scenario(tx, caisse, scenario, "cli"):
        raise click.UsageError(f"Le scénario « {scenario} » n'est pas arrêté.")
    click.echo(f"Le scénario « {scenario} » reprend.")


def _not_a_persons(rows: Sequence[Mapping[str, Any]], kind: str, name: str) -> None:
    """Refuse to lift what a person stopped: who lets robots go on gives a name (ADR 26)."""
    by = next((row["stopped_by"] for row in rows if row[kind] == name), None)
    if by:
        what = f"--application {name}" if kind == "application" else name
        raise click.UsageError(f"« {name} » a été arrêté par {by} : glr resume {what} --by IDENTIFIANT.")


async def show_standing(tx: Transaction, caisse: str, entered: Sequence[str]) -> None:
    """Write where everything stands.

    :param entered: applications whose entries can be compared, for a restored house.
    """
    console = Console()
    table = Table("Exécution", "Scénario", "Livraison", "Début", "Dossiers par état")
    for run in await tx.all("runs.recent", caisse=caisse, limit=10):
        states = await tx.all("runs.progress", run=run["id"])
        words = ", ".join(f"{row['ended_as'] or row['state']} {row['cases']}" for row in states)
        began = f"{run['started_at'].astimezone(PARIS):%d/%m/%Y %H:%M}"
        table.add_row(str(run["id"])[:8], run["scenario"], run["file_name"], began, words)
    console.print(table)
    restored = await restorations.standing(tx, caisse, entered)
    if restored is not None:
        console.print(f"[red]{restored}[/red]", soft_wrap=True, highlight=False)
    for version in await tx.all("versions.overview", caisse=caisse):
        console.print(f"{version['scenario']} : {standing(version)}", highlight=False, soft_wrap=True)
    for stop in await tx.all("versions.stopped_scenarios", caisse=caisse):
        console.print(f"[red]Scénario {stop['scenario']} {stops.standing_stop(stop)}[/red]", soft_wrap=True)
        again = (
            f"resume {stop['scenario']} --by IDENTIFIANT"
            if stop["stopped_by"]
            else f"status --resume {stop['scenario']}"
        )
        console.print(f"Pour reprendre : glr {again}")
    await _show_waiting(tx, console, caisse)
    for stop in await tx.all("sessions.stopped_applications", caisse=caisse):
        how = f"arrêtée par {stop['stopped_by']}" if stop["stopped_by"] else "fermée aux robots"
        console.print(f"[red]{stop['application']} {how} : {stop['reason']}[/red]", soft_wrap=True)


async def _show_waiting(tx: Transaction, console: Console, caisse: str) -> None:
    """Write what waits: for a machine, for a look, for a person."""
    for waiting in await tx.all("sessions.unhosted", caisse=caisse):
        console.print(f"[red]{unhosted(waiting)}[/red] {LABELS_ADVICE}", soft_wrap=True, highlight=False)
    for doubt in await tx.all("doubts.to_settle", caisse=caisse):
        console.print(
            f"[yellow]Saisies en doute que les robots vérifieront : {doubt['cases']}[/yellow], "
            f"{doubt['application'].upper()}, à partir du {doubt['look_at'].astimezone(PARIS):%d/%m/%Y %H:%M}",
            soft_wrap=True,
        )
    for late in await tx.all("closings.not_closed", caisse=caisse):
        again = f"{late['next_try_at'].astimezone(PARIS):%d/%m/%Y %H:%M}"
        console.print(
            f"[red]Exécution {str(late['run'])[:8]} : clôture pas faite[/red], essai {late['tries']}, le suivant à partir du "
            f"{again} (à la main : glr close {str(late['run'])[:8]}). {late['reason']}",
            soft_wrap=True,
        )
    for doubt in await tx.all("hand_overs.in_doubt", caisse=caisse):
        short, key = str(doubt["run"])[:8], doubt["effect_key"]
        console.print(
            f"[red]Remise « {key} » ({doubt['keyword']}) en doute, exécution {short}[/red] : regarder chez le "
            f"destinataire, puis glr close {short} --settle {key}",
            soft_wrap=True,
        )
