"""One case opened again after its run: what was delivered, and what its last attempt recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from orchestrator.domain.civil import Clock, SystemClock, opening
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.due import DueEntry
from orchestrator.engine.lease import Lease
from orchestrator.language.model import Scenario
from orchestrator.store.vault import Vault


@dataclass(frozen=True, kw_only=True)
class WouldEnter:
    """One entry that an attempt came to, or would have."""

    #: How it is called beside the others (as :class:`~orchestrator.engine.due.DueEntry`); empty in records of one alone.
    title: str
    #: Whether its condition held; None when nobody knew.
    called_for: bool | None
    #: Centimes; None when it was not known.
    amount_c: int | None
    #: What it would have written, as far as it was known: label, value and mask of each.
    values: Sequence[Mapping[str, str]]
    #: The titles of what was not known: only a reading tells.
    unknown: Sequence[str] = ()

    @classmethod
    def of(cls, due: DueEntry) -> Self:
        """Return it as far as it is known."""
        amount, values = due.amount, due.displayed()
        titles = [due.rules.titles.get(name, name) for name in due.step.arguments]
        known = {value["label"] for value in values}
        return cls(
            title=due.title,
            called_for=due.called_for,
            amount_c=amount.centimes if amount else None,
            values=values,
            unknown=[title for title in titles if title not in known],
        )

    @classmethod
    def all_of(cls, seen: Mapping[str, Any]) -> list[Self]:
        """Return every one that was sealed; records made before a case could have several hold the values of one alone."""
        sealed = seen.get("would_enter", [])
        if sealed and "values" not in sealed[0]:
            return [cls(title="", called_for=None, amount_c=seen.get("amount_c"), values=sealed)]
        return [cls(**one) for one in sealed]


@dataclass(frozen=True)
class Recording:
    """A row of ``cases.recorded_of_run``, in clear."""

    row: Mapping[str, Any]
    data_key: bytes
    #: The case as delivered, canonical.
    payload: Mapping[str, Any]
    #: What :mod:`orchestrator.engine.readings` kept; None when the steps never concluded.
    record: Mapping[str, Any] | None
    #: Results of steps that priority and due need, by step.
    known: Mapping[str, Any]
    #: What would have been entered, as far as it was known.
    would_enter: Sequence[WouldEnter] = ()
    #: The amount of all of it in centimes; None when it was not known.
    amount_c: int | None = None

    @classmethod
    def open(cls, vault: Vault, row: Mapping[str, Any]) -> Self:
        """Open a case with its data key."""
        case = row["id"]
        key = vault.data_key(case, row["data_key"])
        payload = vault.open(key, f"cases:payload:{case}", row["payload"])
        seen = vault.open(key, f"cases:findings:{case}", row["findings"]) if row["findings"] else {}
        entered = WouldEnter.all_of(seen), seen.get("amount_c")
        return cls(row, key, payload, seen.get("recorded"), seen.get("known", {}), *entered)

    @property
    def reference(self) -> str:
        """The case's reference."""
        return str(self.row["reference"])

    def claimed(self, scenario: Scenario) -> Claimed:
        """Return the case as steps need it, under a lease that allows nothing; ``KeyError`` names a field it lacks."""
        row = self.row
        return Claimed(
            id=row["id"],
            reference=self.reference,
            run=row["run"],
            attempt=row["attempts"],
            lease=Lease(case=row["id"], epoch=0, session=row["id"], asked=(0.0, 0.0), last_beat=0.0),
            data_key=self.data_key,
            fields=scenario.case.names_of(self.payload),
            run_date=row["run_date"],
        )


def waited_in(stage: Mapping[str, Any]) -> dict[str, date]:
    """Return for what a case had waited when that was recorded."""
    return {step: date.fromisoformat(day) for step, day in stage.get("waited", {}).items()}


def clock_of(stage: Mapping[str, Any]) -> Clock:
    """Return a clock that shows the day on which that was recorded."""
    return _Day(date.fromisoformat(stage["today"])) if "today" in stage else SystemClock()


@dataclass(frozen=True)
class _Day:
    """A clock that stands still."""

    day: date

    def now(self) -> datetime:
        """Return the opening of that day."""
        return opening(self.day)
