"""The people of a history: who does what the guide of doubts says, and who stops robots for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.domain.money import Euros
from orchestrator.engine.stops import resume_scenario, stop_scenario
from orchestrator.language.model import Scenario
from orchestrator.simulation.registry import Registry
from orchestrator.simulation.store import SimulatedDatabase
from orchestrator.store.database import Transaction

#: Seconds after something is shown before a person looks.
GRACE = 60.0
#: What a person enters by hand.
AMOUNT = Euros(5000)
_SHOWN = """
select item.id, item.version, item.cause::text as cause, item.case_id, cases.version as case_version, cases.line,
       exists (select 1 from entry where entry.case_id = cases.id and entry.state = 'doubtful') as in_doubt,
       exists (select 1 from entry where entry.case_id = cases.id and entry.state in ('confirmed', 'by_hand')) as settled,
       (select entry.keyword from entry
        where entry.case_id = cases.id and entry.state in ('planned', 'doubtful')
        order by entry.state = 'doubtful' desc, entry.planned_at, entry.keyword desc limit 1) as keyword
from exception_item item join cases on cases.id = item.case_id
where item.closed_at is null and item.opened_at < now() - make_interval(secs => %s)
order by item.opened_at, item.id
"""
_ANYTHING = "select 1 from exception_item where closed_at is null limit 1"


def object_of(line: int, keyword: str) -> str:
    """Return what a row of the delivery is about, in the application."""
    return f"OBJET-{line}" if keyword == "registre.pay" else f"OBJET-{line}-A"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Settles everything that is shown."""

    database: SimulatedDatabase
    registry: Registry
    caisse: str

    async def settle(self) -> bool:
        """Settle what was shown long enough; True while anything is shown."""
        async with self.database.transaction("agent:simulation") as tx:
            for item in await (await tx.connection.execute(_SHOWN, [GRACE])).fetchall():
                await self._decide(tx, item)
            return bool(await (await tx.connection.execute(_ANYTHING)).fetchall())

    async def stop_for_a_while(self, scenario: Scenario, begin: float, seconds: float) -> None:
        """Stop the robots of a scenario after a while, and let them go on later."""
        await asyncio.sleep(begin)
        async with self.database.transaction("agent:simulation") as tx:
            await stop_scenario(tx, self.caisse, scenario.name, "une vérification", "simulation")
        await asyncio.sleep(seconds)
        async with self.database.transaction("agent:simulation") as tx:
            await resume_scenario(tx, self.caisse, scenario.name, "simulation")

    async def _decide(self, tx: Transaction, item: Mapping[str, Any]) -> None:
        who = {"caisse": self.caisse, "login": "simulation"}
        case = {"id": item["case_id"], "caisse": self.caisse, "version": item["case_version"]}
        decision, asked = self._decision(item)
        await tx.run("console.claim", id=item["id"], restricted=True, **who)
        await tx.run(
            "console.close_item", id=item["id"], version=item["version"] + 1, decision=decision, note=None, **who
        )
        if decision == "reject":
            await tx.run("console.reject_case", **case)
        else:
            await tx.run("console.resume_case", instruction={"do": decision, "by": "simulation", **asked}, **case)

    def _decision(self, item: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return what stands in the application as done by hand; enter by hand what is in doubt and does not."""
        found = self._found(item)
        if item["in_doubt"] and found is None:
            found = self.registry.by_hand(object_of(item["line"], item["keyword"]), AMOUNT)
        if found is not None:
            return "done_by_hand", {"do": "read_back", "reference": found}
        again = item["settled"] or item["cause"] in {"application", "robot"}
        return ("resend", {}) if again else ("reject", {})

    def _found(self, item: Mapping[str, Any]) -> str | None:
        """Look for what is not settled; returns the application's number."""
        if item["keyword"] is None:
            return None
        subject = object_of(item["line"], item["keyword"])
        return next((line.number for line in self.registry.lines if line.effect[1] == subject), None)
