"""``glr restore``: a house from its backup, in which no robot begins anything until people have looked."""

from __future__ import annotations

import asyncio
from getpass import getuser
from pathlib import Path

import click

from orchestrator.backups.restore import restore as restored
from orchestrator.cli import options
from orchestrator.cli.backup import said


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.workspace
def restore(file: Path, workspace: Path | None) -> None:
    """Restaure FILE dans une base vide ; ensuite aucun robot ne commence rien avant qu'une personne n'ait regardé.

    Le dossier secrets/ d'origine est remis d'abord. Une archive abîmée ou d'une autre maison est refusée, rien n'est touché.
    """
    if not file.is_file():
        raise click.UsageError(f"{file} n'existe pas.")
    manifest = asyncio.run(restored(options.settings_of(workspace), file, getuser()))
    click.echo(f"Restauré : {said(manifest)}.")
    click.echo("Ce qui a été saisi depuis est inconnu : aucun robot ne commence rien. Dans l'ordre :")
    click.echo("  1. glr serve ; glr reconcile : chaque application, du jour de la sauvegarde à aujourd'hui")
    click.echo("  2. expliquer chaque écart dans la console (page Écarts)")
    click.echo("  3. glr resume --restored --by IDENTIFIANT : un responsable laisse reprendre")
    click.echo("Où en est-on : glr status.")
