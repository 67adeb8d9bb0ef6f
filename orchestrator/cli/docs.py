"""``glr docs``: the reference of keywords, functions and the JSON Schema, from their declarations."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.bootstrap.reference import reference
from orchestrator.bootstrap.world import load_keywords
from orchestrator.cli import options


@click.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GLR_DOCS_OUTPUT",
    show_envvar=True,
    help="Dossier où écrire (par défaut : docs/reference du projet).",
)
def docs(output: Path | None) -> None:
    """Écrit la référence des mots-clés, des fonctions et le schéma JSON des scénarios."""
    settings = options.settings_of(None)
    folder = output or settings.project / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference(load_keywords(settings)).items():
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"{folder / name}")
