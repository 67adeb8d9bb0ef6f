"""``glr replay``: a version of a scenario on the recorded cases of a run, compared field by field."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.reports import replay_run
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.engine.replay import CaseReplay, Replayed
from orchestrator.engine.suite_steps import MainThread
from orchestrator.suites.host import hosted_command

_WORDS = {
    Replayed.SAME: "Identiques",
    Replayed.CHANGED: "Changés",
    Replayed.NEW_EXCEPTION: "Nouvelles exceptions",
    Replayed.NOT_REPLAYED: "Non rejoués",
}


@click.command()
@click.argument("run", metavar="EXECUTION")
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="GLR_REPLAY_SCENARIO",
    show_envvar=True,
    help="Version à essayer (par défaut : celle du projet).",
)
@options.as_json
@options.workspace
def replay(run: str, scenario: Path | None, json_: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Rejoue les dossiers enregistrés d'une exécution (début de son identifiant) : rien n'est lu ni saisi."""

    async def compare(robot: MainThread) -> list[CaseReplay]:
        world = await build_world(options.settings_of(workspace))
        return await replay_run(world, run, scenario, robot)

    found = hosted_command(compare)
    counted = Counter(case.result for case in found)
    _show(found, counted, Console(stderr=json_))
    if json_:
        differing = sum(len(case.differences) for case in found)
        click.echo(json.dumps({**{result.value: counted[result] for result in Replayed}, "differences": differing}))
    if counted[Replayed.CHANGED] or counted[Replayed.NEW_EXCEPTION]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _show(found: list[CaseReplay], counted: Counter[Replayed], console: Console) -> None:
    console.print(", ".join(f"{words} : {counted[result]}" for result, words in _WORDS.items()) + ".")
    table = Table("Dossier", "Champ", "Avant", "Après")
    for case in found:
        for item in case.differences:
            table.add_row(case.reference, item.field, item.before, item.after)
        if case.result is Replayed.NOT_REPLAYED:
            table.add_row(case.reference, "non rejoué", "", case.reason)
    if table.row_count:
        console.print(table)
