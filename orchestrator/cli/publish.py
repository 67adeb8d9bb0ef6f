"""``glr publish``: what differs, a first person proposes, a second agrees, somebody releases the next stage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.engine import versions
from orchestrator.engine.versions import SHORT, RefusedPublication
from orchestrator.language.version import Difference, differences
from orchestrator.store.accounts import person
from orchestrator.store.database import Database, Transaction

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("scenario")
@click.option("--by", metavar="IDENTIFIANT", envvar="GLR_PUBLISH_BY", show_envvar=True,
              help="Qui le fait : un responsable, dont le mot de passe est demandé (ou lu dans GLR_PASSWORD).")  # fmt: skip
@click.option("--note", default="", envvar="GLR_PUBLISH_NOTE", show_envvar=True, help="Ce qui change, en une phrase.")
@click.option("--approve", metavar="EMPREINTE", envvar="GLR_PUBLISH_APPROVE", show_envvar=True,
              help="Approuve la version proposée, nommée par le début de son empreinte.")  # fmt: skip
@click.option("--next-stage", is_flag=True, envvar="GLR_PUBLISH_NEXT_STAGE", show_envvar=True,
              help="Après avoir regardé : laisse la version publiée faire son étape suivante.")  # fmt: skip
@options.workspace
def publish(
    scenario: str,
    by: str | None,
    note: str,
    approve: str | None,
    next_stage: bool,  # noqa: FBT001
    workspace: Path | None,
) -> None:
    """Publie une version de SCENARIO : une personne la propose, une autre l'approuve. Sans --by : montre ce qui change."""
    if (approve or next_stage or note) and not by:
        raise click.UsageError("Il manque --by : qui le fait ?")
    if approve and next_stage:
        raise click.UsageError("--approve ou --next-stage, l'un après l'autre.")

    async def act() -> None:
        world = await build_world(options.settings_of(workspace))
        async with Database(world.urls["owner"], size=1) as database:
            if by:
                await _check_person(database, world, by)
            async with database.transaction(f"agent:{by}" if by else "cli") as tx:
                await _act(_Order(tx=tx, world=world, scenario=scenario), by, note, approve, next_stage=next_stage)

    asyncio.run(act())


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What one call is about."""

    tx: Transaction
    world: World
    scenario: str

    @property
    def where(self) -> dict[str, str]:
        return {"caisse": self.world.settings.caisse, "scenario": self.scenario}


async def _act(order: _Order, by: str | None, note: str, approve: str | None, *, next_stage: bool) -> None:
    if by and approve:
        await _approve(order, approve, by)
    elif by and next_stage:
        released = await versions.release_stage(order.tx, **order.where, login=by)
        click.echo(f"Version {released['version'][:SHORT]} : {_allowance(released['allowed'], released['begun'])}.")
    else:
        await _propose(order, by, note)


async def _propose(order: _Order, by: str | None, note: str) -> None:
    scenario = order.world.scenario(order.scenario)
    now = await versions.published(order.tx, **order.where)
    before = await versions.texts(order.tx, now["version"] if now else None)
    if now:
        click.echo(f"Publiée : {now['version'][:SHORT]}. Sur le disque : {scenario.hash[:SHORT]}.")
        _show(differences(before, scenario.version.files))
    else:
        click.echo(f"Aucune version publiée. Sur le disque : {scenario.hash[:SHORT]}.")
    if by:
        await versions.propose(order.tx, scenario, by, note)
        click.echo(
            f"Proposée. Une autre personne approuve dans la console (Versions), ou par\n"
            f"  glr publish {scenario.name} --approve {scenario.hash[:SHORT]} --by IDENTIFIANT"
        )


async def _approve(order: _Order, prefix: str, by: str) -> None:
    waiting = await order.tx.first("versions.proposed", **order.where)
    if waiting is None or not waiting["version"].startswith(prefix):
        found = f"celle qui attend est {waiting['version'][:SHORT]}" if waiting else "aucune n'attend"
        raise RefusedPublication(f"Aucune version {prefix}… de « {order.scenario} » n'est proposée ; {found}.")
    now = await versions.published(order.tx, **order.where)
    before = await versions.texts(order.tx, now["version"] if now else None)
    _show(differences(before, await versions.texts(order.tx, waiting["version"])) if now else ())
    await versions.approve(order.tx, **order.where, proposal=waiting["id"], login=by)
    after: Mapping[str, Any] = await versions.published(order.tx, **order.where) or {}
    click.echo(f"Version {waiting['version'][:SHORT]} publiée : {_allowance(after['allowed'], after['begun'])}.")


def _allowance(allowed: int | None, begun: int) -> str:
    if allowed is None:
        return "tous les dossiers sont pour elle"
    return f"elle peut commencer {allowed - begun} dossiers, puis une personne regarde (--next-stage)"


async def _check_person(database: Database, world: World, login: str) -> None:
    """Ask for the password of a person; raises ``SettingsError`` when it is not theirs."""
    given = options.password(f"Mot de passe de {login}")
    async with database.transaction(f"agent:{login}") as tx:
        await person(tx, world.settings.caisse, login, given)


def _show(found: tuple[Difference, ...]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for item in found:
        console.print(f"\n[bold]{item.heading}[/bold] ({item.path})")
        for line in item.lines:
            console.print(line, style=_COLOURS.get(line[:1]), markup=False)
