"""``glr screens``: the forms of the applications against the release we know, and writing down a new one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from orchestrator.bootstrap.releases import compare_forms, record_forms
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit


@click.group()
def screens() -> None:
    """Formulaires des applications : ce que l'on connaît, ce qui a changé."""


@screens.command()
@click.argument("robot")
@options.as_json
@options.workspace
def check(robot: str, json_: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Compare les formulaires que remplit un robot à ceux que l'on connaît ; rien n'est saisi."""

    async def compare() -> dict[str, dict[str, list[str]]]:
        return await compare_forms(await build_world(options.settings_of(workspace)), robot)

    found = asyncio.run(compare())
    for application, by_screen in found.items():
        for screen, changes in by_screen.items():
            click.echo(f"{application}, écran « {screen} » : {'identique' if not changes else ''}", err=json_)
            for change in changes:
                click.echo(f"  - {change}", err=json_)
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
    if any(changes for by_screen in found.values() for changes in by_screen.values()):
        raise click.exceptions.Exit(Exit.DIFFERENT)


@screens.command()
@click.argument("robot")
@click.argument("application")
@options.workspace
def record(robot: str, application: str, workspace: Path | None) -> None:
    """Écrit keywords/APPLICATION/release.yaml, après que quelqu'un a regardé la version de l'application."""

    async def write() -> Path:
        return await record_forms(await build_world(options.settings_of(workspace)), robot, application)

    click.echo(str(asyncio.run(write())))
