"""``glr verify``: a signed file judged without database, network or who made it."""

from __future__ import annotations

from pathlib import Path

import click

from checker.proof import told
from checker.proof import verify as judge
from orchestrator.cli.exits import Exit


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fingerprint", default="", envvar="GLR_VERIFY_FINGERPRINT", show_envvar=True,
              help="L'empreinte de la clé attendue, donnée par la caisse qui signe.")  # fmt: skip
@click.option("--log", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar="GLR_VERIFY_LOG", show_envvar=True,
              help="Le dossier du journal d'aujourd'hui : est-il encore celui qui fut signé ?")  # fmt: skip
def verify(file: Path, fingerprint: str, log: Path | None) -> None:
    """Vérifie hors ligne un fichier signé (rapprochement, preuves) : intact, ou ce qui a changé et où."""
    verdict = judge(file, fingerprint=fingerprint, log=log)
    for line in told(verdict):
        click.echo(line)
    if verdict.problems:
        raise click.exceptions.Exit(Exit.DIFFERENT)
