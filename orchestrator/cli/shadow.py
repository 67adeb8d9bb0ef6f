"""``glr shadow``: what the robot would have entered, against what people decided."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
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
    help="Décisions des agents (CSV objet;montant). Par défaut : lues dans l'application.",
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
    counted = Counter(case.result for case in found)
    console = Console(stderr=json_)
    _show(found, console)
    show_acts(acts, console)
    if json_:
        said = {result.value: {"cases": counted[result], **_totals(found, result)} for result in Agreement}
        click.echo(json.dumps({**said, "acts": told(acts)}))
    if len(found) > counted[Agreement.AGREE] or not acts.nothing_left:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _totals(found: list[Compared], result: Agreement) -> dict[str, int]:
    of_result = [case for case in found if case.result is result]
    return {
        "robot_centimes": total([case.robot for case in of_result if case.robot]).centimes,
        "people_centimes": total([case.people for case in of_result if case.people]).centimes,
    }


def _show(found: list[Compared], console: Console) -> None:
    summary = Table("Comparaison", "Dossiers", "Robot", "Agents")
    for result, words in _WORDS.items():
        sums = _totals(found, result)
        cases = sum(case.result is result for case in found)
        summary.add_row(words, str(cases), str(Euros(sums["robot_centimes"])), str(Euros(sums["people_centimes"])))
    console.print(summary)
    table = Table("Dossier", "Comparaison", "Robot", "Agents")
    for case in found:
        if case.result is not Agreement.AGREE:
            table.add_row(case.reference, _WORDS[case.result], str(case.robot or "rien"), str(case.people or "rien"))
    if table.row_count:
        console.print(table)
