"""Rows of a delivery that become no case, written many at a time, each with its reason; never their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from orchestrator.engine.case_rows import CaseRow
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

    async def already_open(self, scenario: str, rows: Sequence[CaseRow]) -> None:
        """Set rows aside whose keys open cases have, each with the reference of its own."""
        keys = [row.columns["key_digest"] for row in rows]
        found = await self.tx.all("cases.open_by_keys", caisse=self.caisse, scenario=scenario, key_digest=keys)
        first = {bytes(each["key_digest"]): each for each in found}
        await self.insert([aside for row in rows for aside in _met(row, first.get(row.columns["key_digest"]))])


def _met(row: CaseRow, first: Mapping[str, Any] | None) -> list[Aside]:
    reference, case = (first["reference"], first["id"]) if first else ("?", None)
    reason = f"dossier déjà ouvert : {reference}, à traiter d'abord"
    return [Aside(line=line, code="DEJA-OUVERT", reason=reason, open_case=case) for line in row.lines]
