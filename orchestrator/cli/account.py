"""``glr account``: an account of a person in the console."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.store.accounts import Role, create_account
from orchestrator.store.database import Database


@click.command()
@click.argument("login")
@click.option("--name", required=True, envvar="GLR_ACCOUNT_NAME", show_envvar=True, help="Nom montré aux collègues.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), envvar="GLR_ACCOUNT_ROLE",
              show_envvar=True, help="agent, supervisor (valide et publie) ou accounting (contrôle comptable).")  # fmt: skip
@click.option("--sensitive", is_flag=True, envvar="GLR_ACCOUNT_SENSITIVE", show_envvar=True,
              help="Voit aussi les files sensibles.")  # fmt: skip
@options.workspace
def account(login: str, name: str, role: str, sensitive: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Crée le compte LOGIN dans la console, ou lui redonne ces valeurs et le déverrouille ; demande son mot de passe."""
    given = options.password(f"Mot de passe de {login} (12 caractères au moins)")

    async def create() -> None:
        world = await build_world(options.settings_of(workspace))
        async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
            caisse = world.settings.caisse
            await create_account(tx, login, caisse, name, role, given, restricted_queues=sensitive)
            await tx.record(caisse, "account.created", login, role=role, sensitive=sensitive)

    asyncio.run(create())
    click.echo(f"Compte « {login} » prêt ({role}).")
