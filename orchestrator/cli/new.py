"""``glr new``: first drafts of what owners write."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.bootstrap.scaffolds import SOURCES, new_scenario
from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options


@click.group()
def new() -> None:
    """Premiers jets : un scénario, la description d'une application."""


@new.command()
@click.argument("name")
@click.option(
    "--robot", envvar="GLR_NEW_ROBOT", show_envvar=True, help="Robot qui travaille ; facultatif s'il n'y en a qu'un."
)
@click.option("--title", envvar="GLR_NEW_TITLE", show_envvar=True, help="Ce que fait le scénario, en une phrase.")
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    default="csv",
    envvar="GLR_NEW_SOURCE",
    show_envvar=True,
    show_default=True,
    help="D'où viennent ses dossiers.",
)
@options.workspace
def scenario(name: str, robot: str | None, title: str | None, source: str, workspace: Path | None) -> None:
    """Écrit scenarios/NAME.yaml, commenté et valide ; ne remplace jamais un fichier."""
    path = new_scenario(offline_world(options.settings_of(workspace)), name, robot, title, source)
    trial = f", puis glr dry-run {name}" if source == "csv" else ""  # the practice applications deliver CSV
    click.echo(f"{path}\nEnsuite : glr check {path}{trial}.")
