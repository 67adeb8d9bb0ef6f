"""``glr robot run``: a Robot Framework suite at a robot's own desks, for who writes it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options, robot_share
from orchestrator.cli.exits import Exit
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.personal import Secret

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def robot() -> None:
    """Un robot : ses suites Robot Framework, l'archive qui le partage."""


for command in (robot_share.export_robot, robot_share.import_robot, robot_share.key, robot_share.trust):
    robot.add_command(command)


@robot.command()
@click.argument("suite", type=_FILE)
@click.option(
    "--robot", "name", required=True, envvar="GLR_ROBOT_NAME", show_envvar=True, help="Le robot (robots/<nom>)."
)
@click.option("--case", "case", required=True, type=_FILE, envvar="GLR_ROBOT_CASE", show_envvar=True,
              help="Le dossier, en JSON : ses champs deviennent des variables typées.")  # fmt: skip
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("output/robot"),
              envvar="GLR_ROBOT_OUTPUT", show_envvar=True, show_default=True,
              help="Où écrire log.html, report.html et output.xml.")  # fmt: skip
@click.option(
    "--task", "tasks", multiple=True, envvar="GLR_ROBOT_TASK", show_envvar=True, help="Cette tâche seulement."
)
@click.option("--secret", "secrets", multiple=True, envvar="GLR_ROBOT_SECRET", show_envvar=True, metavar="NOM=FICHIER",
              help="Une variable de type Secret, lue dans un fichier 0600.")  # fmt: skip
@options.workspace
def run(
    suite: Path,
    name: str,
    case: Path,
    output: Path,
    tasks: tuple[str, ...],
    secrets: tuple[str, ...],
    workspace: Path | None,
) -> None:
    """Exécute une suite sur les applications, sous le nom du robot : rien n'est saisi, rien n'entre dans la base."""
    from orchestrator.suites.case_file import read_case  # noqa: PLC0415 - Robot Framework is slow to import
    from orchestrator.suites.desk_run import run_at_desk  # noqa: PLC0415

    settings = options.settings_of(workspace)
    os.environ.update(settings.environment)  # the libraries of the suite read the same project
    world = offline_world(settings)
    fields = read_case(case, world.scenario)
    given = dict(map(_secret, secrets))
    done = run_at_desk(world, name, suite.resolve(), fields, output.resolve(), secrets=given, tasks=tasks)
    for task, passed, message in done.tasks:
        click.echo(f"{'réussie' if passed else 'échouée'}  {task}" + (f" : {message}" if message else ""))
    for library in done.outside:
        click.echo(
            f"HORS GARANTIE : « {library} » peut agir dans une application sans passer par le protocole de saisie."
        )
    click.echo(f"Journal : {output.resolve() / 'log.html'}")
    if not all(passed for _, passed, _ in done.tasks):
        raise click.exceptions.Exit(Exit.SUITE)


def _secret(text: str) -> tuple[str, Secret]:
    name, _, path = text.partition("=")
    file = Path(path)
    if not name or not file.is_file():
        raise SettingsError(f"--secret {name} : NOM=FICHIER est attendu, et le fichier doit exister.")
    if file.stat().st_mode & 0o077:
        raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
    return name, Secret(file.read_text(encoding="utf-8").strip())
