"""What a case has filed is what others wait for: they go on in the transaction of its end, so each once (ADR 46)."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.domain.cases import End
from orchestrator.engine.work import Attempt
from orchestrator.language.model import Mode, Scenario
from orchestrator.store.database import Transaction, array


def wakes_others(scenario: Scenario) -> bool:
    """Say whether the end of its cases may let others go on; whatever is not live enters nothing, and wakes nobody."""
    return scenario.wakes is not None and scenario.mode is Mode.LIVE


async def wake_and_end(tx: Transaction, attempt: Attempt, end: End) -> End:
    """Let the cases go on that wait for what this one has filed itself; returns its end, under the name that says so.

    The database looks: the case is held, its entry is proven, what is woken waits for a document in the same caisse.
    """
    bench, case = attempt.bench, attempt.case
    wakes = bench.scenario.wakes
    if wakes is None or not wakes_others(bench.scenario):
        return end
    keys = [bench.vault.blind(f"key:{name}", key.render(attempt.names)) for name, key in wakes.cases]
    names = [name for name, _ in wakes.cases]
    found = await tx.first(
        "cases.wake_for_filed", id=case.id, session=case.lease.session, scenarios=array(names), keys=keys
    )
    if found is None or found["woken"] is None:  # filed by another case, or before: nothing new has come
        return end
    return replace(end, name=wakes.woken if found["woken"] else wakes.otherwise)
