"""A closed case whose entry is due once more becomes a case of a run of its own, under the version in force; once each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from orchestrator.bootstrap.versions import scenario_to_run
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import Clock, SystemClock, paris_date
from orchestrator.domain.errors import RefusedDelivery
from orchestrator.drivers.deliveries import Delivery, DeliveryRow
from orchestrator.engine.grouping import DeliveredCase, Gathered
from orchestrator.engine.load import Loader
from orchestrator.language.model import Scenario
from orchestrator.store.database import Transaction


@dataclass(frozen=True, kw_only=True)
class FurtherRuns:
    """Gives robots what people decided is due once more."""

    world: World
    loader: Loader
    #: Says on which day its run is.
    clock: Clock = field(default_factory=SystemClock)

    async def give(self, decision: UUID, actor: str) -> None:
        """Start the run of one case; a repeat starts nothing. Raises why the scenario cannot run.

        A case that is still open needs none: its agent sends it back to the robot.
        """
        async with self.loader.database.transaction(actor) as tx:
            row = await tx.first("further.to_give", id=decision, caisse=self.world.settings.caisse)
        if row is None:
            return
        scenario = await scenario_to_run(self.loader.database, self.world, row["scenario"], actor)
        case = self._case(scenario, row)
        delivery = Delivery(
            name=f"{row['reference']}, saisie n° {row['ordinal']}",
            sha256=sha256(f"further/{decision}".encode()).hexdigest(),
            rows=[DeliveryRow(line=line, values={}, key="") for line in case.lines],
            bad=[],
        )

        async def take_over(tx: Transaction, run: UUID) -> None:
            await tx.run("further.take_over", run=run, id=decision)

        with suppress(RefusedDelivery):  # given before
            day, only = paris_date(self.clock.now()), Gathered(cases=[case], bad=[])
            await self.loader.begin(scenario, delivery, only, day, actor, take_over)

    def _case(self, scenario: Scenario, row: Mapping[str, Any]) -> DeliveredCase:
        vault = self.world.vault
        payload = vault.open(vault.data_key(row["id"], row["data_key"]), f"cases:payload:{row['id']}", row["payload"])
        key = scenario.case.key.render(scenario.case.names_of(payload))
        return DeliveredCase(line=row["line"], lines=tuple(row["lines"] or [row["line"]]), payload=payload, key=key)
