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
def verify(file: Path, fingerprint: str) -> None:
    """Vérifie hors ligne un fichier signé (rapprochement, preuves) : intact, ou ce qui a changé et où."""
    verdict = judge(file, fingerprint=fingerprint)
    for line in told(verdict):
        click.echo(line)
    if verdict.problems:
        raise click.exceptions.Exit(Exit.DIFFERENT)
