"""``glr new``: first drafts of what owners write."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from orchestrator.bootstrap.scaffolds import SOURCES, new_scenario
from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options
from orchestrator.drafting.application import Drafted, new_application
from orchestrator.drafting.walk import Limits
from orchestrator.drivers.browser_finder import ensure_browser


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


@new.command()
@click.argument("name")
@click.option("--from", "start", required=True, envvar="GLR_NEW_FROM", show_envvar=True,
              help="L'adresse où commencer, par exemple http://bdo.cpam.example/.")  # fmt: skip
@click.option("--robot", required=True, envvar="GLR_NEW_ROBOT", show_envvar=True,
              help="Le robot dont le compte « NAME » sert à se connecter.")  # fmt: skip
@click.option("--also", multiple=True, envvar="GLR_NEW_ALSO", show_envvar=True, metavar="ADRESSE",
              help="Une page qu'aucun lien n'atteint : le dossier d'une personne d'essai. Répétable.")  # fmt: skip
@click.option("--depth", type=click.IntRange(0, 5), default=2, envvar="GLR_NEW_DEPTH", show_envvar=True, show_default=True,
              help="Liens suivis l'un après l'autre.")  # fmt: skip
@click.option("--pages", type=click.IntRange(1, 200), default=40, envvar="GLR_NEW_PAGES", show_envvar=True, show_default=True,
              help="Pages ouvertes au plus.")  # fmt: skip
@options.workspace
def application(
    name: str, start: str, robot: str, also: tuple[str, ...], depth: int, pages: int, workspace: Path | None
) -> None:
    """Parcourt une application sans rien envoyer, et écrit le premier jet de keywords/NAME : écrans et mots-clés."""
    ensure_browser()
    world = offline_world(options.settings_of(workspace))
    limits = Limits(depth=depth, pages=pages)
    _tell(asyncio.run(new_application(world, name, start, robot, also, limits)), robot)


def _tell(drafted: Drafted, robot: str) -> None:
    for screen in drafted.draft.screens:
        found = [f"{len(screen.fields)} champs"] if screen.fields else []
        found += [f"tableau {table.name} ({len(table.columns)} colonnes)" for table in screen.tables]
        click.echo(f"  {screen.name} ({screen.path}) : {', '.join(found) or 'aucune valeur'}")
    for left in drafted.draft.left:
        click.echo(f"  laissé de côté : {left}")
    name = drafted.folder.name
    click.echo(f"{drafted.folder} : premier jet, rien n'a été envoyé à l'application hors la connexion.")
    click.echo("Ensuite : regarder chaque « à vérifier » de screens.yaml dans l'application,")
    click.echo(f"donner au robot le droit {name}: [extract] dans robots/{robot}/robot.yaml, puis glr check.")
