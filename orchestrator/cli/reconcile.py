"""``glr reconcile``: the application's own list of what the robot entered, against ours."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.reports import reconcile_scenario
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.engine.reconcile import Reconciliation

_WORDS = {"missing": "manquante", "extra": "en trop", "different": "différente", "doubt": "en doute"}
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("scenario")
@click.option("--from", "start", type=_DAY, envvar="GLR_RECONCILE_FROM", show_envvar=True, help="Premier jour.")
@click.option("--to", "end", type=_DAY, envvar="GLR_RECONCILE_TO", show_envvar=True, help="Dernier jour.")
@options.as_json
@options.workspace
def reconcile(scenario: str, start: datetime | None, end: datetime | None, json_: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Rapproche les saisies du robot de ce que montre l'application (par défaut : de la première exécution à aujourd'hui)."""

    async def compare() -> Reconciliation:
        world = await build_world(options.settings_of(workspace))
        return await reconcile_scenario(world, scenario, _date(start), _date(end))

    found = asyncio.run(compare())
    _show(found, Console(stderr=json_))
    if json_:
        gaps = [asdict(gap) for gap in found.gaps]
        click.echo(json.dumps({"matched": found.matched, "total_centimes": found.total.centimes, "gaps": gaps}))
    if found.gaps:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _show(found: Reconciliation, console: Console) -> None:
    console.print(f"Saisies retrouvées à l'identique : {found.matched}, pour {found.total}.")
    if not found.gaps:
        console.print("Aucun écart.")
        return
    table = Table("Écart", "Dossier", "Référence", "Détail")
    for gap in found.gaps:
        table.add_row(_WORDS[gap.kind], gap.case, gap.reference, gap.message)
    console.print(table)
