"""Rows that a machine sends become a delivery of the version in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.bootstrap.versions import scenario_to_run
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import SystemClock, french_date, paris_date
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import ApiSource
from orchestrator.drivers.deliveries import read_rows
from orchestrator.engine.grouping import by_row
from orchestrator.engine.load import Loaded, Loader


@dataclass(frozen=True, kw_only=True)
class ApiDeliveries:
    """Loads what machines send."""

    world: World
    loader: Loader

    async def load(self, name: str, rows: Sequence[Mapping[str, str]], actor: str) -> Loaded:
        """Start the run of these rows; raises ``RefusedDelivery``, ``BadDelivery``, or why the scenario cannot run."""
        scenario = await scenario_to_run(self.loader.database, self.world, name, actor)
        source = next((each for each in scenario.sources if isinstance(each, ApiSource)), None)
        if source is None:
            raise BadDelivery(f"« {name} » ne reçoit rien d'une machine : rien n'a été chargé.")
        case = by_row(scenario).case
        fields = case.fields
        unknown = sorted({key for row in rows for key in row if key not in fields})
        if unknown:
            raise BadDelivery(f"{len(unknown)} champ(s) que le scénario n'a pas. Attendus : {', '.join(fields)}.")
        day = paris_date(SystemClock().now())
        texts = [{field: row.get(field, "") for field in fields} for row in rows]
        name = f"{source.name} du {french_date(day)}"
        delivery = await asyncio.to_thread(read_rows, name, texts, case, source.bad_rows)
        return await self.loader.start(scenario, delivery, day, actor)
