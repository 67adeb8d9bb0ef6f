"""What became of each row of a delivery: for the summary, the bordereau and the comparison with an oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from orchestrator.store.database import Database


class RowOutcome(StrEnum):
    """Where a row stands, in the words of the summary."""

    ENTERED = "entered"
    NOTHING_TO_PAY = "nothing_to_pay"
    ALREADY_DONE = "already_done"
    AWAITING_APPROVAL = "awaiting_approval"
    EXCEPTION = "exception"
    SET_ASIDE = "set_aside"
    #: Still in the robots' hands.
    RUNNING = "running"
    #: Waits for a day or a document that its scenario or a person named; robots go on with it then.
    WAITING = "waiting"
    #: Ended under another name that its scenario declares.
    OTHER_END = "other_end"
    #: A person rejected or withdrew it.
    REJECTED = "rejected"


_BY_STATE = {
    "awaiting_approval": RowOutcome.AWAITING_APPROVAL,
    "exception": RowOutcome.EXCEPTION,
    "set_aside": RowOutcome.SET_ASIDE,
    "rejected": RowOutcome.REJECTED,
    "cancelled": RowOutcome.REJECTED,
}
_BY_END = {
    "entered": RowOutcome.ENTERED,
    "done_by_hand": RowOutcome.ENTERED,
    "nothing_to_pay": RowOutcome.NOTHING_TO_PAY,
    "already_done": RowOutcome.ALREADY_DONE,
}


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """One row of a delivery."""

    #: Physical line in the file.
    line: int
    outcome: RowOutcome
    #: The name that its scenario declares for its end; None when it has not ended.
    end: str | None
    #: Centimes, when an amount was computed or entered.
    amount_c: int | None
    #: Every code that stopped it.
    codes: tuple[str, ...]
    #: True when the entry may have been made: a robot will look, or a person does.
    doubtful: bool
    #: The case, and the application's own number.
    reference: str | None
    entry_reference: str | None


async def results_of(database: Database, run: UUID) -> list[RowResult]:
    """Return every row of a run's delivery, by line."""
    async with database.transaction("summary") as tx:
        return [_result(row) for row in await tx.all("runs.results", run=run)]


def _result(row: Mapping[str, Any]) -> RowResult:
    codes = [control["code"] for control in row["failed"] or []] or ([row["code"]] if row["code"] else [])
    return RowResult(
        line=row["line"],
        outcome=_outcome(row["state"], row["ended_as"], row["waits_for"]),
        end=row["ended_as"],
        amount_c=row["amount_c"],
        codes=tuple(sorted(set(codes))),
        doubtful=row["doubtful"] or row["cause"] == "doubt",
        reference=row["reference"],
        entry_reference=row["entry_reference"],
    )


def _outcome(state: str, ended_as: str | None, waits_for: str | None) -> RowOutcome:
    if waits_for in {"date", "document"}:
        return RowOutcome.WAITING
    if state == "ended":
        return _BY_END.get(str(ended_as), RowOutcome.OTHER_END)
    return _BY_STATE.get(state, RowOutcome.RUNNING)
