"""``glr wake``: a person lets cases that wait go on before their date."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.engine import wake as waking
from orchestrator.engine.wake import Woken
from orchestrator.store.accounts import person
from orchestrator.store.database import Database

_WORDS = {
    Woken.WOKEN: "repris, un robot le prend à son tour.",
    Woken.GOING_ON: "n'attend plus, un robot le prend à son tour ; rien à faire.",
    Woken.TAKEN: "un robot le traite en ce moment ; rien n'a changé.",
    Woken.WITH_PEOPLE: "attend une décision, pas une date : la prendre dans la console (exceptions, validations).",
    Woken.IN_DOUBT: "saisie en doute, une personne regarde d'abord dans l'application ; rien n'a changé.",
    Woken.CLOSED: "terminé ; rien n'a changé.",
    Woken.UNKNOWN: "aucun dossier de ce nom que vous puissiez voir. Une référence s'écrit DOS-7K2M9QXA.",
}


@click.command()
@click.argument("cases", metavar="DOSSIER...", nargs=-1, required=True)
@click.option("--reason", required=True, envvar="GLR_WAKE_REASON", show_envvar=True,
              help="Pourquoi maintenant, en une phrase sans nom ni NIR : le journal la garde.")  # fmt: skip
@click.option("--by", metavar="IDENTIFIANT", required=True, envvar="GLR_WAKE_BY", show_envvar=True,
              help="Qui le demande ; son mot de passe est demandé (ou lu dans GLR_PASSWORD).")  # fmt: skip
@options.workspace
def wake(cases: tuple[str, ...], reason: str, by: str, workspace: Path | None) -> None:
    """Reprend des dossiers en attente avant leur date : DOSSIER est une référence (DOS-7K2M9QXA).

    Un dossier qu'un robot traite, qui est terminé ou dont la saisie est en doute ne change pas ; répété, rien ne change.
    """
    kept = waking.checked_reason(reason)

    async def act() -> list[Woken]:
        world = await build_world(options.settings_of(workspace))
        caisse, password = world.settings.caisse, options.password(f"Mot de passe de {by}")
        async with Database(world.urls["owner"], size=1) as database, database.transaction(f"agent:{by}") as tx:
            who = await person(tx, caisse, by, password)
            return [
                await waking.wake(tx, caisse, case.upper(), kept, restricted=who.restricted)
                for case in dict.fromkeys(cases)
            ]

    found = dict(zip(dict.fromkeys(cases), asyncio.run(act()), strict=True))
    for case, woken in found.items():
        click.echo(f"{case.upper()} : {_WORDS[woken]}")
    if not {*found.values()} <= {Woken.WOKEN, Woken.GOING_ON}:
        raise click.exceptions.Exit(Exit.REFUSED)
