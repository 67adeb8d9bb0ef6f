"""``glr stop`` and ``glr resume``: robots begin no act for a scenario, or in an application, until a person lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from getpass import getuser
from pathlib import Path

import click

from orchestrator.bootstrap.reconciliation import applications_entered
from orchestrator.bootstrap.world import build_world, running_world
from orchestrator.cli import options
from orchestrator.domain.errors import SettingsError
from orchestrator.engine import restorations, stops
from orchestrator.store.accounts import Role, person
from orchestrator.store.database import Database, Transaction

#: What is done in one transaction, for a caisse.
_Act = Callable[[Transaction, str], Awaitable[str]]


@click.command()
@click.argument("scenario", required=False)
@click.option("--application", envvar="GLR_STOP_APPLICATION", show_envvar=True,
              help="Arrête les robots dans cette application, quel que soit leur scénario.")  # fmt: skip
@click.option("--reason", required=True, envvar="GLR_STOP_REASON", show_envvar=True,
              help="Pourquoi, en une phrase sans nom ni NIR : le journal et la console la montrent.")  # fmt: skip
@click.option("--by", metavar="IDENTIFIANT", envvar="GLR_STOP_BY", show_envvar=True,
              help="Qui arrête : un responsable (mot de passe demandé). Sans : qui est sur la machine.")  # fmt: skip
@options.workspace
def stop(scenario: str | None, application: str | None, reason: str, by: str | None, workspace: Path | None) -> None:
    """Arrête les robots, partout et tout de suite, pour SCENARIO ou dans une application. Ce qui est parti est relu.

    Aucune saisie ne commence plus, sur aucun poste ; les dossiers attendent, rien n'est perdu. Reprendre : glr resume.
    """
    _one_of(scenario, application)

    async def act(tx: Transaction, caisse: str) -> str:
        who = by or getuser()
        if application:
            done, name = await stops.stop_application(tx, caisse, application, reason, who), application
        else:
            done, name = await stops.stop_scenario(tx, caisse, scenario or "", reason, who), scenario or ""
        what = f"--application {name}" if application else name
        return f"« {name} » {'arrêté' if done else 'était déjà arrêté : rien ne change'}. Reprendre : glr resume {what}"

    click.echo(asyncio.run(in_the_name_of(by, workspace, act)))


@click.command()
@click.argument("scenario", required=False)
@click.option("--application", envvar="GLR_RESUME_APPLICATION", show_envvar=True,
              help="Rouvre cette application aux robots.")  # fmt: skip
@click.option("--by", metavar="IDENTIFIANT", required=True, envvar="GLR_RESUME_BY", show_envvar=True,
              help="Qui le décide : un responsable, dont le mot de passe est demandé (ou lu dans GLR_PASSWORD).")  # fmt: skip
@click.option("--restored", is_flag=True, envvar="GLR_RESUME_RESTORED", show_envvar=True,
              help="Après une restauration : tout a été rapproché et expliqué, les robots reprennent.")  # fmt: skip
@click.option("--looked", metavar="APPLICATION", envvar="GLR_RESUME_LOOKED", show_envvar=True,
              help="Avec --restored : cette application, qui ne se rapproche pas, a été comparée à la main.")  # fmt: skip
@click.option("--reason", default="", envvar="GLR_RESUME_REASON", show_envvar=True,
              help="Avec --looked : ce qui a été constaté, sans nom ni NIR.")  # fmt: skip
@options.workspace
def resume(
    scenario: str | None,
    application: str | None,
    by: str,
    restored: bool,  # noqa: FBT001
    looked: str | None,
    reason: str,
    workspace: Path | None,
) -> None:
    """Laisse les robots reprendre SCENARIO, une application, ou toute une maison restaurée d'une sauvegarde."""
    if (restored and (scenario or application)) or (looked and not restored):
        raise click.UsageError(
            "--restored vaut pour toute la maison, sans SCENARIO ni --application ; --looked l'accompagne."
        )
    if not restored:
        _one_of(scenario, application)
    # Reads every scenario: not in a transaction that may not be idle for long.
    entered = applications_entered(running_world(options.settings_of(workspace))) if restored else []

    async def act(tx: Transaction, caisse: str) -> str:
        if restored and looked:
            await restorations.looked_by_person(tx, caisse, looked, reason, by)
            return f"« {looked} » comparée par {by} : c'est écrit. Ce qui reste : glr status."
        if restored:
            done = await restorations.lift(tx, caisse, by, entered)
            return "Les robots reprennent." if done else "Cette maison n'attend rien : rien ne change."
        if application:
            done, name = await stops.resume_application(tx, caisse, application), application
        else:
            done, name = await stops.resume_scenario(tx, caisse, scenario or "", by), scenario or ""
        return f"« {name} » {'reprend' if done else 'n’était pas arrêté : rien ne change'}."

    click.echo(asyncio.run(in_the_name_of(by, workspace, act)))


def _one_of(scenario: str | None, application: str | None) -> None:
    if bool(scenario) == bool(application):
        raise click.UsageError("SCENARIO, ou --application NOM : l'un des deux.")


async def in_the_name_of(by: str | None, workspace: Path | None, act: _Act) -> str:
    """Do it in one transaction, in the name of a supervisor whose password is asked for; without one, of this machine."""
    world = await build_world(options.settings_of(workspace))
    caisse, password = world.settings.caisse, options.password(f"Mot de passe de {by}") if by else ""
    actor = f"agent:{by}" if by else "cli"
    async with Database(world.urls["owner"], size=1) as database, database.transaction(actor) as tx:
        if by and (await person(tx, caisse, by, password)).role is not Role.SUPERVISOR:
            raise SettingsError(f"« {by} » n'est pas responsable : arrêter, reprendre et limiter demandent ce rôle.")
        return await act(tx, caisse)
