"""``glr sandbox``: the practice applications, in a process of their own."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Applications d'entraînement : population, serve, install, delivery, oracle (glr sandbox --help)."""
    raise click.exceptions.Exit(subprocess.call([sys.executable, "-m", "sandbox", *arguments]))
