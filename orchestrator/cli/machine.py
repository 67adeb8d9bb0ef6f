"""``glr machine``: the account of a program that delivers cases through the console's API."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.sources import ApiSource
from orchestrator.store.database import Database
from orchestrator.store.machines import create_machine, revoke_machine


@click.command()
@click.argument("login")
@click.option("--scenario", envvar="GLR_MACHINE_SCENARIO", show_envvar=True, help="Le seul scénario auquel elle livre.")
@click.option(
    "--revoke", is_flag=True, envvar="GLR_MACHINE_REVOKE", show_envvar=True, help="Son jeton ne vaut plus rien."
)
@options.workspace
def machine(login: str, scenario: str | None, revoke: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Crée le compte de la machine LOGIN, ou lui donne un nouveau jeton, montré une seule fois."""
    if revoke == (scenario is not None):
        raise click.UsageError("Donner --scenario, ou --revoke.")
    asyncio.run(_change(login, scenario, workspace))


async def _change(login: str, scenario: str | None, workspace: Path | None) -> None:
    world = await build_world(options.settings_of(workspace))
    async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
        if scenario is None:
            await revoke_machine(tx, login, world.settings.caisse)
            click.echo(f"Le jeton de « {login} » ne vaut plus rien.")
            return
        if not any(isinstance(source, ApiSource) for source in world.scenario(scenario).sources):
            raise SettingsError(
                f"« {scenario} » ne reçoit rien d'une machine : ajouter « - api: {login} » sous sources."
            )
        token = await create_machine(tx, login, world.settings.caisse, scenario)
    click.echo(f"Machine « {login} », pour « {scenario} » seulement. Son jeton, qui ne sera plus montré :\n{token}")
