"""The bordereau of a run: the workbook that the accounting control reads, written by the robot's own suite.

The suite gets a file of results and no database; the file holds no name, no NIR and no IBAN. The workbook appears under
its name only once the suite has read it back and found its own total in it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.drivers.robot_suites import SuiteEnd, SuiteFailed, run_suite

#: Longest time for a bordereau, seconds: 3 000 rows take about three, most of it to import the spreadsheet module.
LIMIT = 120.0
VERSION = 1
#: Outcomes that the control total counts, and those that nobody has ended.
COUNTED, STOPPED = frozenset({"entered", "awaiting_approval"}), frozenset({"exception", "set_aside"})


@dataclass(frozen=True, kw_only=True)
class BordereauFacts:
    """What a workbook says, for those who judge it."""

    #: Name and SHA-256 of the workbook.
    file_name: str
    sha256: str
    #: Rows and centimes of its control total: entered or awaiting approval.
    cases: int
    total_c: int
    #: Centimes of what was entered, and the references of its cases in the order of the workbook.
    entered_c: int
    entered: tuple[str, ...]
    #: Rows that ended as exceptions or were set aside, and how many of each code.
    exceptions: int
    codes: Mapping[str, int]


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
    def end(self) -> str | None:
        """The name that its scenario declares for its end."""

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
    results = results_path(folder, run)
    work, draft = results.parent, results.parent / run.file_name
    await write_results(run, rows, folder)
    draft.unlink(missing_ok=True)
    variables = {"RESULTATS": results, "CLASSEUR": draft}
    result = await run_suite(suite, variables=variables, output=work, limit=LIMIT)
    if result.end is not SuiteEnd.PASSED or not draft.exists():
        raise SuiteFailed(suite, result)
    draft.chmod(0o600)
    return draft.replace(folder / run.file_name)


async def write_results(run: BordereauRun, rows: Sequence[BordereauRow], folder: Path) -> None:
    """Write what became of each row, for the robot's suites; what an earlier try wrote is replaced."""
    await asyncio.to_thread(_write_results, results_path(folder, run), _as_json(run, rows))


def results_path(folder: Path, run: BordereauRun) -> Path:
    """Return the file of results that a run's workbook was written from."""
    return folder / "suites" / run.name / "resultats.json"


def facts_of(workbook: Path, results: Path) -> BordereauFacts:
    """Return what a workbook says, from the results that it was written from; blocks."""
    rows = json.loads(results.read_text(encoding="utf-8"))["rows"]
    counted = [row for row in rows if row["outcome"] in COUNTED]
    entered = [row for row in counted if row["outcome"] == "entered"]
    stopped = [row for row in rows if row["outcome"] in STOPPED]
    return BordereauFacts(
        file_name=workbook.name,
        sha256=sha256(workbook.read_bytes()).hexdigest(),
        cases=len(counted),
        total_c=sum(row["amount_c"] for row in counted),
        entered_c=sum(row["amount_c"] for row in entered),
        entered=tuple(dict.fromkeys(row["reference"] for row in entered)),
        exceptions=len(stopped),
        codes=Counter(code for row in stopped for code in row["codes"]),
    )


def _as_json(run: BordereauRun, rows: Sequence[BordereauRow]) -> dict[str, Any]:
    about = {**asdict(run), "id": str(run.id), "run_date": run.run_date.isoformat()}
    return {"v": VERSION, "run": about, "rows": [_row(row) for row in rows]}


def _row(row: BordereauRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": str(row.outcome),
        "end": row.end,
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
