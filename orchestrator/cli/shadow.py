"""``glr shadow``: what the robot would have entered, against what people decided."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.reports import compare_shadow
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.cli.acts import show_acts, told
from orchestrator.cli.exits import Exit
from orchestrator.domain.money import Euros, total
from orchestrator.engine.acts import ActsOfRun
from orchestrator.engine.shadow import Agreement, Compared

_WORDS = {
    Agreement.AGREE: "d'accord",
    Agreement.DIFFER: "montant différent",
    Agreement.MISSING: "robot seul",
    Agreement.PEOPLE_ONLY: "agents seuls",
}


@click.command()
@click.argument("run", metavar="EXECUTION")
@click.option(
    "--decisions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="GLR_SHADOW_DECISIONS",
    show_envvar=True,
    help="Décisions des agents (CSV objet;montant, une ligne par saisie). Par défaut : lues dans l'application.",
)
@options.as_json
@options.workspace
def shadow(run: str, decisions: Path | None, json_: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Compare une exécution à blanc à ce que des agents ont décidé ensuite, et montre qu'aucun acte n'en est parti.

    EXECUTION : le début de son numéro (glr status).
    """

    async def compare() -> tuple[list[Compared], ActsOfRun]:
        world = await build_world(options.settings_of(workspace))
        return await compare_shadow(world, run, decisions)

    found, acts = asyncio.run(compare())
    console = Console(stderr=json_)
    _show(found, console)
    show_acts(acts, console)
    different = [entry for entry in found if entry.result is not Agreement.AGREE]
    if json_:
        said = {result.value: _counted(found, result) for result in Agreement}
        click.echo(json.dumps({**said, "different": [_as_json(entry) for entry in different], "acts": told(acts)}))
    if different or not acts.nothing_left:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _counted(found: list[Compared], result: Agreement) -> dict[str, int]:
    of_result = [entry for entry in found if entry.result is result]
    return {
        "entries": len(of_result),
        "cases": len({entry.reference for entry in of_result}),
        "robot_centimes": total([entry.robot for entry in of_result if entry.robot]).centimes,
        "people_centimes": total([entry.people for entry in of_result if entry.people]).centimes,
    }


def _as_json(entry: Compared) -> dict[str, object]:
    amounts = {"robot_centimes": entry.robot, "people_centimes": entry.people}
    known = {name: amount.centimes if amount is not None else None for name, amount in amounts.items()}
    return {"case": entry.reference, "entry": entry.entry, "result": entry.result.value, **known}


def _show(found: list[Compared], console: Console) -> None:
    summary = Table("Comparaison", "Saisies", "Dossiers", "Robot", "Agents")
    for result, words in _WORDS.items():
        counted = _counted(found, result)
        sums = [str(Euros(counted[of])) for of in ("robot_centimes", "people_centimes")]
        summary.add_row(words, str(counted["entries"]), str(counted["cases"]), *sums)
    console.print(summary)
    table = Table("Dossier", "Saisie", "Comparaison", "Robot", "Agents")
    for entry in found:
        if entry.result is not Agreement.AGREE:
            amounts = ["rien" if amount is None else str(amount) for amount in (entry.robot, entry.people)]
            table.add_row(entry.reference, entry.entry or "non prévue", _WORDS[entry.result], *amounts)
    if table.row_count:
        console.print(table)
