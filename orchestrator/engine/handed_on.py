"""Cases that one scenario has ended are a delivery of another: same digest, same keys, same refusals as a file (ADR 44)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from orchestrator.domain.canonical import in_french
from orchestrator.domain.errors import BadDelivery, RefusedDelivery
from orchestrator.domain.sources import CasesSource
from orchestrator.drivers.deliveries import Delivery, read_rows
from orchestrator.engine.grouping import by_row
from orchestrator.engine.load import Loaded, Loader
from orchestrator.language.fields import Field
from orchestrator.language.model import Scenario
from orchestrator.store.vault import Vault


async def load_handed_on(loader: Loader, scenario: Scenario, day: date, actor: str) -> list[Loaded]:
    """Start a run of what other scenarios have ended for this one on a day and that is new; raises ``BadDelivery``."""
    loaded = []
    for source in scenario.sources:
        delivery = await _handed_on(loader, scenario, source, day) if isinstance(source, CasesSource) else None
        if delivery is None:
            continue
        try:
            loaded.append(await loader.start(scenario, delivery, day, actor))
        except RefusedDelivery:
            continue  # these rows have started a run already
    return loaded


async def _handed_on(loader: Loader, scenario: Scenario, source: CasesSource, day: date) -> Delivery | None:
    """Return the rows as a delivery; None when the other scenario ended no case so on that day."""
    asked = {"caisse": scenario.caisse, "scenario": source.scenario, "ended": source.ended, "day": day}
    async with loader.database.transaction("load") as tx:
        found = await tx.all("cases.handed_on", **asked)
    return await asyncio.to_thread(_delivery, loader.vault, scenario, source, day, found) if found else None


def _delivery(
    vault: Vault, scenario: Scenario, source: CasesSource, day: date, found: Sequence[Mapping[str, Any]]
) -> Delivery:
    case = by_row(scenario).case
    rows = [_row(_fields(vault, each), source, case.fields) for each in found]
    name = f"{source.scenario}, {source.ended}, du {day:%d/%m/%Y}"
    return read_rows(name, rows, case, source.bad_rows)


def _fields(vault: Vault, row: Mapping[str, Any]) -> Mapping[str, str]:
    """Open the fields of a case: canonical texts, clear, never to be logged."""
    payload = vault.open(vault.data_key(row["id"], row["data_key"]), f"cases:payload:{row['id']}", row["payload"])
    fields: Mapping[str, str] = payload["fields"]
    return fields


def _row(given: Mapping[str, str], source: CasesSource, fields: Mapping[str, Field]) -> dict[str, str]:
    """Write the fields of a case as a delivery would."""
    missing = sorted({source.parts[name] for name in fields} - given.keys())
    if missing:
        raise BadDelivery(
            f"Les dossiers de « {source.scenario} » n'ont pas de champ {', '.join(missing)} : nommer sous fields, dans la "
            f"source cases, un de {', '.join(sorted(given))}. Rien n'a été chargé."
        )
    return {name: in_french(known.parse(given[source.parts[name]]), known.separator) for name, known in fields.items()}
