"""Alerts leave the house: at least once to each channel, whoever sends them, tried again less and less often."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from orchestrator.bootstrap.alert_channels import send
from orchestrator.bootstrap.surveillance import Surveillance, load_surveillance
from orchestrator.bootstrap.watch import Watch
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError
from orchestrator.store.database import Database

#: Seconds between two looks at what is to be sent.
EVERY = 5.0
ACTOR = "alerts"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AlertSender:
    """Sends what was written down; several may do so at once."""

    world: World
    database: Database

    async def send_all(self, rules: Surveillance) -> None:
        """Send every alert that a channel has not taken yet."""
        for channel in rules.channels:
            await self._send(rules, channel)

    async def _send(self, rules: Surveillance, channel: str) -> None:
        async with self.database.transaction(ACTOR) as tx:  # taken before it is sent: nothing is held meanwhile
            taken = await tx.all("alerts.take", channel=channel, caisse=self.world.settings.caisse)
        for row in taken:
            where = {"alert": row["alert"], "channel": channel}
            try:
                await asyncio.to_thread(send, self.world.settings, rules, channel, row["about"])
            except Exception as error:  # noqa: BLE001 - a border: an alert or a channel that fails stops no other
                _log.warning("alerte %s par %s : nouvel essai plus tard : %s", row["alert"], channel, _told(error))
                async with self.database.transaction(ACTOR) as tx:
                    await tx.run("alerts.not_sent", failure=_told(error), **where)
                continue
            async with self.database.transaction(ACTOR) as tx:
                await tx.run("alerts.sent", **where)


async def send_alerts(world: World, stopping: asyncio.Event) -> None:
    """Watch and send until asked to stop; whatever fails here stops nothing else."""
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        sender, watch = AlertSender(world=world, database=database), Watch.of(world, database)
        while not stopping.is_set():
            try:
                rules = load_surveillance(world.settings)
                await watch.look(rules)
                await sender.send_all(rules)
            except Exception as error:  # noqa: BLE001 - a border: what is watched goes on, and so do the other tasks
                _log.warning("alertes : nouvel essai dans %.0f s : %s", EVERY, _told(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), EVERY)


def _told(error: Exception) -> str:
    """Return our own sentences; of others the name alone, because they may quote an address or a secret."""
    return str(error) if isinstance(error, GlrError) else type(error).__name__
