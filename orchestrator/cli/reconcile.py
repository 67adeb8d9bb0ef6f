"""``glr reconcile``: the application's own list of what robots entered, our entries and the deliveries, against each other."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.pdfs import pdf_of
from orchestrator.bootstrap.processes import die_with_parent
from orchestrator.bootstrap.reconciliation import Reconciled, reconcilable, reconcile_scenario
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.restorations import refuse_restored
from orchestrator.proofs.reconciliation import WORDS, Report
from orchestrator.sharing import keys
from orchestrator.store.database import Database

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("scenario", required=False)
@click.option("--date", "day", type=_DAY, envvar="GLR_RECONCILE_DATE", show_envvar=True, help="Un seul jour.")
@click.option("--from", "start", type=_DAY, envvar="GLR_RECONCILE_FROM", show_envvar=True, help="Premier jour.")
@click.option("--to", "end", type=_DAY, envvar="GLR_RECONCILE_TO", show_envvar=True, help="Dernier jour.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), envvar="GLR_RECONCILE_OUT", show_envvar=True,
              help="Dossier où écrire le rapport : CSV, PDF, et le fichier signé qui les contient.")  # fmt: skip
@options.as_json
@options.workspace
def reconcile(
    scenario: str | None,
    day: datetime | None,
    start: datetime | None,
    end: datetime | None,
    out: Path | None,
    json_: bool,  # noqa: FBT001
    workspace: Path | None,
) -> None:
    """Rapproche à trois : ce que montre l'application au nom du robot, nos saisies, les livraisons.

    Sans SCENARIO : tous ceux qui saisissent. Un écart devient, une seule fois, un écart à expliquer dans la console.
    """
    if day and (start or end):
        raise click.UsageError("--date est un seul jour : sans --from ni --to.")
    die_with_parent()  # of glr serve: another makes it again

    async def compare() -> Report:
        world = await build_world(options.settings_of(workspace))
        if out is not None:
            keys.open_key(world.settings.secrets)
        names = [scenario] if scenario else reconcilable(world)
        parts = [await reconcile_scenario(world, name, _date(day or start), _date(day or end)) for name in names]
        report = Report(
            caisse=world.settings.caisse, made_at=datetime.now(UTC), parts=[part for part in parts if part is not None]
        )
        if not report.parts:
            await _refuse_restored(world)
            raise SettingsError(
                "Aucune exécution dans une application qui montre une liste par auteur : rien à rapprocher."
            )
        if out is not None:
            await asyncio.to_thread(_write, world, report, await pdf_of(report.html()), out)
        return report

    report = asyncio.run(compare())
    console = Console(stderr=json_)
    for part in report.parts:
        _show(part, console)
    if out is not None:
        console.print(f"Rapport signé : {out / report.name}.zip (glr verify)", soft_wrap=True, highlight=False)
    if json_:
        click.echo(json.dumps(_said(report)))
    if report.unexplained:
        raise click.exceptions.Exit(Exit.DIFFERENT)


async def _refuse_restored(world: World) -> None:
    """Say what a restored house waits for, since no list by author will show it."""
    async with Database(world.urls["glr_orchestrator"], size=1) as database, database.transaction("reconcile") as tx:
        await refuse_restored(tx, world.settings.caisse)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _write(world: World, report: Report, pdf: bytes, out: Path) -> None:
    """Write the table, the page and the signed file that holds both."""
    sealed = report.sealed(pdf)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in sealed.files.items():
        (out / f"{report.name}.{name.rpartition('.')[2]}").write_bytes(content)
    (out / f"{report.name}.zip").write_bytes(sealed.signed(keys.open_key(world.settings.secrets)))


def _said(report: Report) -> dict[str, object]:
    gaps = [asdict(gap) for part in report.parts for gap in part.found.gaps]
    return {
        "matched": sum(part.found.matched for part in report.parts),
        "total_centimes": sum(part.found.total.centimes for part in report.parts),
        "gaps": gaps,
        "unexplained": report.unexplained,
    }


def _show(part: Reconciled, console: Console) -> None:
    found = part.found
    console.print(f"{part.application.upper()}, robot {part.robot}, du {part.first:%d/%m/%Y} au {part.last:%d/%m/%Y}.")
    console.print(f"Saisies retrouvées à l'identique : {found.matched}, pour {found.total}.")
    rows, kept = sum(s.rows for s in found.sources), sum(s.in_cases + s.set_aside for s in found.sources)
    console.print(f"Livraisons : {len(found.sources)}, lignes : {rows}, retrouvées : {kept}.")
    if not found.gaps:
        console.print("Aucun écart.")
        return
    table = Table("Écart", "Dossier", "Référence", "Détail", "Explication")
    for gap in found.gaps:
        said = part.explained.get(gap.fingerprint(part.application), "")
        table.add_row(WORDS[gap.kind], gap.case, gap.reference, gap.message, said)
    console.print(table)
