"""Rows of a delivery that become no case, written many at a time, each with its reason; never their content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from orchestrator.engine.case_rows import CaseRow, OpenCase
from orchestrator.store.database import Transaction

_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Aside:
    """One row that is set aside."""

    line: int
    #: The short reason.
    code: str
    #: In French; quotes no personal value.
    reason: str
    #: The case that has its key already.
    open_case: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """Sets rows of one delivery aside."""

    tx: Transaction
    delivery: UUID
    caisse: str

    async def insert(self, rows: Sequence[Aside]) -> None:
        """Write them down."""
        left = iter(rows)
        while batch := list(islice(left, _BATCH)):
            columns = {name: [getattr(row, name) for row in batch] for name in ("line", "code", "reason", "open_case")}
            await self.tx.run("runs.set_aside", delivery=self.delivery, caisse=self.caisse, **columns)

    async def already_open(self, met: Sequence[tuple[CaseRow, OpenCase]]) -> None:
        """Set rows aside whose keys open cases have, each with the reference of its own."""
        await self.insert([aside for row, first in met for aside in _met(row, first)])


def _met(row: CaseRow, first: OpenCase) -> list[Aside]:
    reason = f"dossier déjà ouvert : {first.reference}, à traiter d'abord"
    return [Aside(line=line, code="DEJA-OUVERT", reason=reason, open_case=first.id) for line in row.lines]
