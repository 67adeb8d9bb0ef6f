"""Options shared by the commands; each shows its ``GLR_…`` variable in ``--help``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestrator.settings import Settings

Command = Callable[..., Any]


def workspace(function: Command) -> Command:
    """Add ``--workspace``."""
    return click.option(
        "--workspace",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="GLR_WORKSPACE",
        show_envvar=True,
        help="Dossier des données (base, clés, preuves, journal). Par défaut : un dossier de l'utilisateur.",
    )(function)


def as_json(function: Command) -> Command:
    """Add ``--json``."""
    return click.option(
        "--json",
        "json_",
        is_flag=True,
        envvar="GLR_JSON",
        show_envvar=True,
        help="Résultat en JSON, sur la dernière ligne.",
    )(function)


def record(variable: str) -> Callable[[Command], Command]:
    """Add ``--record``: where what was found is written down, a line each time."""
    kind = click.Path(dir_okay=False, path_type=Path)
    said = "Ajouter ce qui a été trouvé à ce fichier, une ligne à chaque fois (docs/reliability)."
    return click.option("--record", "record_", type=kind, envvar=variable, show_envvar=True, help=said)


def password(prompt: str) -> str:
    """Return a password: from ``GLR_PASSWORD`` for scripts, else asked without echo; never an argument, which others see."""
    return os.environ.get("GLR_PASSWORD") or str(click.prompt(prompt, hide_input=True))


def settings_of(workspace_: Path | None, **changes: object) -> Settings:
    """Return the settings, with what the command line says on top; libraries are told of the network in their own words."""
    given = {name: value for name, value in changes.items() if value is not None}
    if workspace_ is not None:
        given["workspace"] = workspace_
    settings = Settings(**given)  # type: ignore[arg-type]  # values are validated by pydantic
    os.environ.update(settings.network.variables())
    return settings.model_copy(update={"workspace": settings.workspace.expanduser().resolve()})
