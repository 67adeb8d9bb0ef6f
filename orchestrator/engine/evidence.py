"""Keeping a masked capture of what the robot saw, and saying so in the ledger."""

from __future__ import annotations

from orchestrator.drivers.capture import capture
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.work import Workbench


async def keep_capture(bench: Workbench, case: Claimed, step: str, kind: str) -> None:
    """Capture the desk touched last; a capture that cannot be taken in time is a missing picture, never a failed case."""
    if bench.last_desk is None:
        return
    taken = await capture(bench.last_desk, bench.evidence)
    if taken is None:
        return
    where = {"case_id": case.id, "caisse": bench.scenario.caisse, "attempt": case.attempt, "step": step, "kind": kind}
    async with bench.database.transaction(bench.actor) as tx:
        await tx.run("exceptions.evidence", digest=taken.digest, bytes=taken.size, **where)
        await tx.record(
            bench.scenario.caisse, "evidence.taken", case.reference, digest=taken.digest, step=step, kind=kind
        )
