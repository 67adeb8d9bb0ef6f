"""The closing of a run as the database knows it: written down before it is tried, done once (ADR 23)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from orchestrator.domain.errors import GlrError
from orchestrator.drivers.bordereau import BordereauFacts
from orchestrator.store.database import Database, StoreError, StoreUnavailable, Transaction, array

ACTOR = "closing"
#: Seconds between two signs of life of a closing; PostgreSQL lets its run go after three without one.
BEAT = 1.0


class BeingClosed(GlrError):
    """Cette exécution est en cours de clôture ailleurs : attendre qu'elle se termine."""


class TakenOver(GlrError):
    """Cette clôture n'a plus donné signe de vie, et une autre l'a reprise : celle-ci s'arrête, rien n'est fait deux fois."""


@dataclass(frozen=True, kw_only=True)
class ClosingRecord:
    """The closing of one run."""

    #: A pool of one connection, which holds the run.
    holding: Database
    database: Database
    caisse: str
    run: UUID

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Make this closing the only one of its run as long as it lives; raises :class:`BeingClosed`.

        One that is frozen loses the run to another after three seconds, and raises :class:`TakenOver` when it thaws; when
        nobody has taken it up meanwhile, it goes on.
        """
        taken, lost = asyncio.Event(), asyncio.Event()
        ours = asyncio.current_task()
        holding = asyncio.create_task(self._hold(taken))

        def let_go(_: object) -> None:
            if ours is not None and taken.is_set() and not holding.cancelled():
                lost.set()
                ours.cancel()

        holding.add_done_callback(let_go)
        first = asyncio.create_task(taken.wait())
        await asyncio.wait({holding, first}, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if not taken.is_set():
            await holding
        try:
            yield
        except asyncio.CancelledError:
            if lost.is_set() and ours is not None and not ours.uncancel():
                raise TakenOver from None
            raise
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

    async def _hold(self, taken: asyncio.Event) -> None:
        """Hold the run; a connection that was lost is replaced. Ends by raising :class:`BeingClosed` alone, or cancelled."""
        while True:
            try:
                async with self.holding.transaction(ACTOR) as tx:
                    await self._beat(tx, taken)
            except (StoreUnavailable, StoreError):
                if not taken.is_set():
                    raise
                await asyncio.sleep(BEAT / 10)

    async def _beat(self, tx: Transaction, taken: asyncio.Event) -> None:
        held = await tx.first("closings.hold", run=self.run)
        if held is None or not held["mine"]:
            raise BeingClosed
        taken.set()
        while True:
            await asyncio.sleep(BEAT)
            await tx.first("closings.beat")

    async def begin(self) -> None:
        """Write down that it is tried: killed from here on, it is tried again."""
        async with self.database.transaction(ACTOR) as tx:
            await tx.run("closings.begin", run=self.run, caisse=self.caisse, reason="commencée, pas terminée")

    async def settled_bordereau(self) -> bool:
        """Say whether the bordereau of a closed run is written down: it then stays as it is."""
        async with self.database.transaction(ACTOR) as tx:
            closing = await tx.first("closings.one", run=self.run)
            written = await tx.first("bordereaux.written", run=self.run)
        return closing is not None and closing["closed_at"] is not None and written is not None

    async def write_down(self, facts: BordereauFacts) -> None:
        """Write down what the workbook says, for the accounting control to judge; a repeat changes nothing."""
        async with self.database.transaction(ACTOR) as tx:
            said = {**vars(facts), "entered": array(facts.entered), "codes": dict(facts.codes)}
            await tx.run("bordereaux.write", run=self.run, caisse=self.caisse, **said)

    async def failed(self, reason: str) -> None:
        """Write down why it gave nothing."""
        async with self.database.transaction(ACTOR) as tx:
            await tx.run("closings.failed", run=self.run, reason=reason)

    async def done(self) -> None:
        """Write down that the run is closed; nothing happens when it was before."""
        async with self.database.transaction(ACTOR) as tx:
            await tx.run("closings.done", run=self.run)
