"""The closing of a run as the database knows it: written down before it is tried, done once (ADR 23)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from orchestrator.domain.errors import GlrError
from orchestrator.drivers.bordereau import BordereauFacts
from orchestrator.store.database import Database, array

ACTOR = "closing"


class BeingClosed(GlrError):
    """Cette exécution est en cours de clôture ailleurs : attendre qu'elle se termine."""


@dataclass(frozen=True, kw_only=True)
class ClosingRecord:
    """The closing of one run."""

    #: A pool of one connection, which holds the run as long as it is open.
    holding: Database
    database: Database
    caisse: str
    run: UUID

    async def hold(self) -> None:
        """Make this closing the only one of its run; raises :class:`BeingClosed`."""
        async with self.holding.transaction(ACTOR) as tx:
            held = await tx.first("closings.hold", run=self.run)
        if held is None or not held["mine"]:
            raise BeingClosed

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
