"""``glr alert``: whom the house tells when something is wrong, tried on the real channels."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import click

from orchestrator.bootstrap.alert_sender import AlertSender
from orchestrator.bootstrap.surveillance import FILE, load_surveillance
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.domain.errors import SettingsError
from orchestrator.settings import Settings
from orchestrator.store.database import Database


@click.group()
def alert() -> None:
    """Alertes par courriel et par webhook (surveillance.yaml)."""


@alert.command()
@options.workspace
def test(workspace: Path | None) -> None:
    """Envoie une alerte d'essai par chaque canal déclaré, et dit pour chacun si elle est partie."""
    failed = asyncio.run(_test(options.settings_of(workspace)))
    if failed:
        raise click.exceptions.Exit(Exit.SETTINGS)


async def _test(settings: Settings) -> int:
    world = await build_world(settings)
    rules = load_surveillance(settings)
    if not rules.channels:
        raise SettingsError(f"Aucun canal : déclarer mail ou webhook dans {settings.project / FILE}.")
    fingerprint = f"test {uuid4()}"
    said = {"kind": "test", "object": settings.caisse, "message": "Essai : les alertes de cette maison arrivent ici."}
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        async with database.transaction("cli") as tx:
            await tx.first("alerts.raise", caisse=settings.caisse, fingerprint=fingerprint, **said)
        await AlertSender(world=world, database=database).send_all(rules)
        return await _told(world, database, fingerprint)


async def _told(world: World, database: Database, fingerprint: str) -> int:
    async with database.transaction("cli") as tx:
        found = await tx.first("alerts.by_fingerprint", caisse=world.settings.caisse, fingerprint=fingerprint)
        rows = await tx.all("alerts.one", alert=found["id"]) if found else []
    for row in rows:
        click.echo(
            f"{row['channel']} : {'envoyée' if row['sent_at'] else row['failure'] or 'un autre serveur l’envoie'}"
        )
    return sum(row["sent_at"] is None for row in rows)
