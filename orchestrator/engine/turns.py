"""Whose turn it is: which version a case is begun under, within the claim's own transaction.

While the published version is in its ramp and may begin more, claimers take turns at its row; the count is the database's
own (``count_for_ramp``), and so is the refusal beyond the stage. Full, or done with its ramp, nobody waits: a claim is one
statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.cases import Cause
from orchestrator.domain.errors import GlrError
from orchestrator.engine.lease import LEASE
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Database, Transaction, array

#: Opens the workbench of a version, by its hash.
OpenVersion = Callable[[str], Awaitable[Workbench]]


async def claim(
    database: Database, actor: str, session: UUID, versions: Sequence[str], *, caisse: str, scenario: str
) -> Mapping[str, Any] | None:
    """Claim the most urgent case that may be taken under one of these versions, and begin an attempt; None: there is none."""
    rows = await claim_several(database, actor, session, versions, most=1, caisse=caisse, scenario=scenario)
    return rows[0] if rows else None


async def claim_several(
    database: Database, actor: str, session: UUID, versions: Sequence[str], *, most: int, caisse: str, scenario: str
) -> Sequence[Mapping[str, Any]]:
    """Claim the most urgent case, and up to so many in all with those after it that were never held; begin an attempt at each.

    One alone while its version is counted for its ramp, or while the session tries an application again.
    """
    where = {"caisse": caisse, "scenario": scenario}
    asked = {"actor": actor, "session": session, "lease": LEASE, "versions": array(versions), **where}
    rows = await database.at_once("cases.claim", in_turn=False, most=most, **asked)
    if rows:
        return rows
    async with database.transaction(actor) as tx:
        await tx.first("versions.hold_turn", **where)
        return await tx.all("cases.claim", in_turn=True, most=1, **asked)


async def next_turn(
    tx: Transaction, caisse: str, scenario: str, known: Sequence[str], session: UUID | None = None
) -> str | None:
    """Return the version of the next case that may be taken, other than those known; None when there is none.

    :param session: who would take it; None: a session that has not begun.
    """
    where = {"caisse": caisse, "scenario": scenario, "session": session}
    row = await tx.first("versions.next_turn", known=array(known), **where)
    return row["version"] if row else None


class LoadedOtherwise(GlrError):
    """Le dossier a été chargé sous une autre version, sans un champ que celle-ci demande."""

    def __init__(self, version: str, field: str) -> None:
        super().__init__(
            f"Chargé sous une autre version, sans le champ « {field} » que demande la version {version[:12]} : le rejeter "
            "ici et le redemander dans une livraison, ou publier à nouveau la version d'avant et le renvoyer."
        )


async def hand_over_lacking(bench: Workbench, session: UUID, row: Mapping[str, Any], field: str) -> None:
    """Give a claimed case that lacks a field of its new version to a person; nothing was read or entered."""
    scenario, error = bench.scenario, LoadedOtherwise(bench.scenario.hash, field)
    lease = {"id": row["id"], "epoch": row["epoch"], "session": session}
    said: dict[str, Any] = {
        "cause": Cause.ROBOT,
        "code": error.code,
        "message": str(error),
        "failed": [],
        "amount_c": None,
    }
    where = {"caisse": scenario.caisse, "case_id": row["id"], "scenario": scenario.name, "queue": scenario.queue}
    async with bench.database.transaction(bench.actor) as tx:
        target = {
            "state": "exception",
            "ended_as": None,
            "wait_until": None,
            "delay": None,
            "findings": None,
            "forgive": False,
        }
        ended = {
            "outcome": f"exception:{Cause.ROBOT}",
            "code": error.code,
            "incident": False,
            "left": None,
            "refused": None,
            "failed": None,
            "touched": None,
        }
        how = {"actor": bench.actor, "proven": False, "said": None}
        if await tx.run("cases.settle", **lease, **target, **ended, **how):
            await tx.run("exceptions.open", id=uuid4(), restricted=False, attempt=row["attempts"], **said, **where)
