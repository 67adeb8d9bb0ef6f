"""Alerts leave the house: at least once to each channel, whoever sends them, tried again less and less often."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestrator.bootstrap.alert_channels import send
from orchestrator.bootstrap.surveillance import Surveillance, load_surveillance
from orchestrator.bootstrap.watch import Watch
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import GlrError
from orchestrator.store.database import Database

#: Seconds between two looks at what is to be sent; alerts sent by each channel in one look.
EVERY, ROUND = 2.0, 20
#: How long an alert stays with a sender without a sign of life; seconds between two of them.
HELD, BEAT = timedelta(seconds=3), 1.0
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
            for _ in range(ROUND):
                if not await self._send_one(rules, channel):
                    break

    async def _send_one(self, rules: Surveillance, channel: str) -> bool:
        """Send the oldest; False when nothing waits. Another sender takes it up when we die or freeze meanwhile."""
        async with self.database.transaction(ACTOR) as tx:  # taken before it is sent: nothing is locked meanwhile
            row = await tx.first("alerts.take", channel=channel, held=HELD, caisse=self.world.settings.caisse)
        if row is None:
            return False
        where = {"alert": row["alert"], "channel": channel, "tries": row["tries"]}
        try:
            async with self._held(where):
                await asyncio.to_thread(send, self.world.settings, rules, channel, row["about"])
        except Exception as error:  # noqa: BLE001 - a border: an alert or a channel that fails stops no other
            _log.warning("alerte %s par %s : nouvel essai plus tard : %s", row["alert"], channel, _told(error))
            async with self.database.transaction(ACTOR) as tx:
                await tx.run("alerts.not_sent", failure=_told(error), **where)
            return True
        async with self.database.transaction(ACTOR) as tx:
            await tx.run("alerts.sent", alert=row["alert"], channel=channel)
        return True

    @asynccontextmanager
    async def _held(self, where: dict[str, Any]) -> AsyncIterator[None]:
        """Give signs of life for an alert that is being sent here."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(BEAT)
                with suppress(GlrError):
                    async with self.database.transaction(ACTOR) as tx:
                        await tx.run("alerts.hold", held=HELD, **where)

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


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
