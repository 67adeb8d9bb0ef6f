"""``glr close``: what a run gives away at its end, made once; and a person's word on a hand-over in doubt."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from orchestrator.bootstrap.closing import Closed, close_run
from orchestrator.bootstrap.closing_doubts import settle
from orchestrator.bootstrap.processes import die_with_parent
from orchestrator.bootstrap.reports import run_called
from orchestrator.bootstrap.world import build_world, running_world
from orchestrator.cli import options
from orchestrator.engine.closings import BeingClosed
from orchestrator.store.database import Database

_WORDS = {"intended": "interrompue", "made": "faite", "not_made": "pas faite", "doubtful": "[red]en doute[/red]"}


@click.command()
@click.argument("run")
@click.option("--settle", "key", metavar="CLÉ", envvar="GLR_CLOSE_SETTLE", show_envvar=True,
              help="Tranche une remise en doute, nommée par sa clé.")  # fmt: skip
@click.option("--made/--not-made", "made", default=None, envvar="GLR_CLOSE_MADE", show_envvar=True,
              help="Avec --settle, après avoir regardé chez le destinataire : elle a eu lieu, ou non.")  # fmt: skip
@click.option("--by", metavar="IDENTIFIANT", envvar="GLR_CLOSE_BY", show_envvar=True,
              help="Qui tranche ; son mot de passe est demandé (ou lu dans GLR_PASSWORD).")  # fmt: skip
@click.option("--reason", default="", envvar="GLR_CLOSE_REASON", show_envvar=True, help="Ce qui a été constaté.")
@options.workspace
def close(
    run: str,
    key: str | None,
    made: bool | None,  # noqa: FBT001
    by: str | None,
    reason: str,
    workspace: Path | None,
) -> None:
    """Clôt l'exécution RUN (début de son numéro) : bordereau, puis remises du robot, chacune une seule fois."""
    if key and (made is None or not by or not reason.strip()):
        raise click.UsageError("--settle demande --made ou --not-made, --by et --reason.")

    async def act() -> None:
        world = await build_world(options.settings_of(workspace))
        async with Database(world.urls["glr_orchestrator"], size=1) as database:
            found, _ = await run_called(world, database, run)
        if key and by and made is not None:
            password = options.password(f"Mot de passe de {by}")
            await settle(world, found, key, login=by, password=password, made=made, reason=reason.strip())
            click.echo(f"Remise « {key} » : {'faite' if made else 'pas faite, elle peut être refaite'}.")
            return
        show(await close_run(world, found), Console(highlight=False))

    asyncio.run(act())


@click.command(hidden=True)
@click.argument("run", type=click.UUID)
def closing(run: UUID) -> None:
    """Close a run; started by ``glr serve``, which gives the settings in the environment."""
    die_with_parent()
    with suppress(BeingClosed):
        asyncio.run(close_run(running_world(options.settings_of(None)), run))


def show(closed: Closed, console: Console) -> None:
    """Say what a closing gave."""
    if closed.bordereau:
        console.print(f"Bordereau : {closed.bordereau}", soft_wrap=True)
    for row in closed.hand_overs:
        given = row["result"] or {}
        what = given.get("name") or given.get("to") or given.get("folder") or ""
        console.print(
            f"Remise « {row['effect_key']} » ({row['keyword']}) : {_WORDS[row['state']]} {what}", soft_wrap=True
        )
