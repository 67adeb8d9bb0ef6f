"""``glr check``: every fault of the scenarios, with line and column, before anything runs."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.bootstrap.world import load_keywords
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.givers import check_givers
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.language.robots import check_rights, load_robot
from orchestrator.language.woken import check_woken


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.workspace
@click.option("--caisse", envvar="GLR_CAISSE", show_envvar=True, help="Caisse dont les valeurs propres s'appliquent.")
def check(files: tuple[Path, ...], workspace: Path | None, caisse: str | None) -> None:
    """Vérifie des scénarios (tous, sans argument) : fichier, ligne, colonne, quoi écrire à la place."""
    settings = options.settings_of(workspace, caisse=caisse)
    keywords = load_keywords(settings)
    found = files or tuple(sorted(p for p in (settings.project / "scenarios").glob("*.yaml") if "." not in p.stem))
    faulty = 0

    def load(name: str) -> Scenario | None:
        path = settings.project / "scenarios" / f"{name}.yaml"
        return load_scenario(path, keywords=keywords, caisse=settings.caisse) if path.exists() else None

    for path in found:
        try:
            scenario = load_scenario(path, keywords=keywords, caisse=settings.caisse)
            robot = load_robot(settings.project / "robots" / scenario.robot / "robot.yaml")
        except ScenarioErrors as errors:
            faulty += 1
            click.echo(str(errors))
            continue
        check_rights(robot, scenario)
        for note in (*check_givers(scenario, load), *check_woken(scenario, load)):
            click.echo(f"{path.name} : {note}")
        click.echo(f"{path.name} : correct ({len(scenario.steps)} étapes, empreinte {scenario.hash[:12]}).")
    if faulty:
        raise click.exceptions.Exit(Exit.SCENARIO)
