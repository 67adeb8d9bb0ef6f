"""Before a session works anything, the screens of its applications are walked with their witness and compared (ADR 17)."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.domain.errors import ReleaseChanged
from orchestrator.drivers.canary import walk
from orchestrator.drivers.witness import Witness
from orchestrator.engine.work import Workbench


async def changed(bench: Workbench, witnesses: Mapping[str, Witness]) -> ReleaseChanged | None:
    """Return the first application that has changed in a way that could alter an entry; None when all may be used.

    An application without a witness is not walked: its forms are still compared before each act. What could alter
    nothing is told to the audit log. Raises what an application in trouble raises: then nothing is known.
    """
    for name, witness in witnesses.items():
        if name not in bench.desks:
            continue
        walked = await walk(bench.desks[name], witness)
        if walked.differences:
            screens = sorted({each.screen for each in walked.differences})
            async with bench.database.transaction(bench.actor) as tx:
                await tx.record(bench.scenario.caisse, "screens.differ", name, screens=screens)
        if walked.stopping:
            # counted, not quoted: the words of a changed page may be somebody's
            told = f"{len(walked.stopping)} écarts, dits par glr screens check {bench.scenario.robot}"
            return ReleaseChanged(name, walked.stopping[0].screen, [told])
    return None
