"""The bordereau of a run: the workbook that the accounting control reads, written by the robot's own suite.

The suite gets a file of results and no database; the file holds no name, no NIR and no IBAN. The workbook appears under
its name only once the suite has read it back and found its own total in it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.drivers.robot_suites import SuiteEnd, SuiteFailed, run_suite

#: Longest time for a bordereau, seconds: 3 000 rows take about three, most of it to import the spreadsheet module.
LIMIT = 120.0
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class BordereauRun:
    """The run that a bordereau is about."""

    id: UUID
    #: Name and French title of its scenario, and the hash of everything that decided.
    scenario: str
    title: str
    version: str
    #: The robot that acted.
    robot: str
    run_date: date
    #: The delivery: file name, SHA-256, data rows.
    delivery: str
    delivery_sha256: str
    delivery_rows: int
    #: Libraries of its suites that acted by themselves: neither read-back nor protocol.
    outside: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Run date and short run id; says nothing of anybody."""
        return f"{self.run_date.isoformat()}-{self.id.hex[:8]}"

    @property
    def file_name(self) -> str:
        """What its bordereau is called."""
        return f"{self.name}.xlsx"


class BordereauRow(Protocol):
    """One row of the delivery, as :class:`orchestrator.engine.results.RowResult` has it."""

    @property
    def line(self) -> int:
        """Physical line in the file."""

    @property
    def outcome(self) -> str:
        """``entered``, ``awaiting_approval``, ``exception``, …"""

    @property
    def amount_c(self) -> int | None:
        """Centimes, when an amount was computed or entered."""

    @property
    def codes(self) -> Sequence[str]:
        """Every code that stopped it."""

    @property
    def doubtful(self) -> bool:
        """True when the entry may have been made."""

    @property
    def reference(self) -> str | None:
        """The case."""

    @property
    def entry_reference(self) -> str | None:
        """The application's own number."""


async def write_bordereau(suite: Path, run: BordereauRun, rows: Sequence[BordereauRow], folder: Path) -> Path:
    """Have the robot's suite write the workbook of a run; returns its path, ``<folder>/<run date>-<short run id>.xlsx``.

    :param suite: ``robots/<robot>/bordereau.robot``.
    :raises SuiteFailed: the suite refused the results, or did not end well; an earlier workbook is left as it was.
    """
    work = folder / "suites" / run.name
    results, draft = work / "resultats.json", work / run.file_name
    await asyncio.to_thread(_write_results, results, _as_json(run, rows))
    draft.unlink(missing_ok=True)
    variables = {"RESULTATS": results, "CLASSEUR": draft}
    result = await run_suite(suite, variables=variables, output=work, limit=LIMIT)
    if result.end is not SuiteEnd.PASSED or not draft.exists():
        raise SuiteFailed(suite, result)
    draft.chmod(0o600)
    return draft.replace(folder / run.file_name)


def _as_json(run: BordereauRun, rows: Sequence[BordereauRow]) -> dict[str, Any]:
    about = {**asdict(run), "id": str(run.id), "run_date": run.run_date.isoformat()}
    return {"v": VERSION, "run": about, "rows": [_row(row) for row in rows]}


def _row(row: BordereauRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": str(row.outcome),
        "amount_c": row.amount_c,
        "codes": list(row.codes),
        "doubtful": row.doubtful,
        "reference": row.reference,
        "entry_reference": row.entry_reference,
    }


def _write_results(path: Path, content: dict[str, Any]) -> None:
    for folder in reversed(path.parents[:3]):  # the bordereaux, their suites, this one: nobody else's business
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
