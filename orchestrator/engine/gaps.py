"""Gaps that a reconciliation found, written down once for people, whatever it finds again; and who explained them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from orchestrator.engine.reconcile import Gap
from orchestrator.store.database import Transaction

#: What explains each gap, by its fingerprint; empty while nobody has.
Explained = dict[str, str]


async def write_down(tx: Transaction, caisse: str, application: str, gaps: Sequence[Gap]) -> Explained:
    """Open what was never found before, and return what people said of each; a repeat opens nothing."""
    for gap in gaps:
        await tx.run(
            "gaps.find",
            id=uuid4(),
            caisse=caisse,
            application=application,
            kind=gap.kind.value,
            fingerprint=gap.fingerprint(application),
            case_reference=gap.case,
            reference=gap.reference,
            message=gap.message,
            ours_c=gap.ours_c,
            seen_c=gap.seen_c,
        )
    prints = [gap.fingerprint(application) for gap in gaps]
    rows = await tx.all("gaps.known", caisse=caisse, fingerprints=prints) if prints else []
    return {row["fingerprint"]: row["reason"] or "" for row in rows}
