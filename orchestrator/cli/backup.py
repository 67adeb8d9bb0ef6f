"""``glr backup``: the house in one sealed archive."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from orchestrator.backups.archive import Manifest
from orchestrator.backups.save import back_up
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.domain.civil import PARIS


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.workspace
def backup(file: Path, workspace: Path | None) -> None:
    """Sauvegarde la base, le journal, les preuves et les bordereaux dans FILE, une archive scellée avec les clés de la maison.

    Les clés (secrets/) n'y sont pas : à garder ailleurs, une fois pour toutes. Robots et console travaillent pendant ce temps.
    """
    if file.exists():
        raise click.UsageError(f"{file} existe déjà : rien n'est jamais écrasé.")
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"Le dossier {file.absolute().parent} n'existe pas.")

    target = file.absolute()

    async def save() -> Manifest:
        return await back_up(await build_world(options.settings_of(workspace)), target)

    click.echo(f"{file} : {said(asyncio.run(save()))}, {file.stat().st_size} octets.")
    click.echo(
        "Les clés (secrets/) n'y sont pas : sans elles rien ne se restaure. Les garder à part, hors de cette machine."
    )


def said(manifest: Manifest) -> str:
    """Say what an archive holds."""
    moment = datetime.fromisoformat(manifest.made_at).astimezone(PARIS)
    state = f"état du {moment:%d/%m/%Y à %H:%M:%S}, schéma {manifest.schema}"
    return f"caisse {manifest.caisse}, {state}, {len(manifest.members)} fichiers"
