"""A run in shadow against what people decided: would the robot have entered the same?

What the robot would have entered is in the record of each case; what people entered comes from the application's own list, by
the entry's look-up, or from a file of decisions.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.keywords import EntryRules
from orchestrator.domain.money import Euros
from orchestrator.engine.due import DueEntry, foreseen
from orchestrator.engine.readings import entries_of
from orchestrator.engine.recording import Recording
from orchestrator.engine.work import Attempt, Workbench

#: Columns of a file of decisions; an empty amount says that people decided not to pay.
COLUMNS = ("objet", "montant")


class Agreement(StrEnum):
    """How robot and people compare on one entry."""

    AGREE = "agree"
    #: Both would pay, another amount.
    DIFFER = "differ"
    #: The robot would pay; people did not.
    MISSING = "missing"
    #: People paid; the robot would not have.
    PEOPLE_ONLY = "people_only"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One entry that a case could come to."""

    #: The case's reference.
    reference: str
    result: Agreement
    #: What the robot would have entered; None for nothing.
    robot: Euros | None
    #: What people entered; None for nothing.
    people: Euros | None


def read_decisions(path: Path) -> dict[str, Euros | None]:
    """Return the decided amount by business object from a CSV (``objet;montant``, UTF-8); raises ``BadDelivery``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=";")
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise BadDelivery(f"{path.name} : les colonnes {';'.join(COLUMNS)} sont attendues.")
            return dict(_decision(path, rows.line_num, row) for row in rows)
    except UnicodeDecodeError:
        raise BadDelivery(f"{path.name} n'est pas en UTF-8.") from None


def _decision(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[str, Euros | None]:
    subject, amount = (row["objet"] or "").strip(), (row["montant"] or "").strip()
    if not subject:
        raise BadDelivery(f"{path.name}, ligne {line} : objet manquant.")
    try:
        return subject, Euros.parse(amount) if amount else None
    except ValueError as error:
        raise BadDelivery(f"{path.name}, ligne {line} : {error}.") from None


async def compare(bench: Workbench, run: UUID, decisions: Mapping[str, Euros | None] | None) -> list[Compared]:
    """Compare every entry that a run's concluded cases could come to, in the order of the delivery.

    Without decisions the application is read.
    """
    async with bench.database.transaction(bench.actor) as tx:
        rows = await tx.all("cases.recorded_of_run", run=run)
    if not bench.scenario.entries:
        raise BadDelivery(f"« {bench.scenario.name} » ne saisit rien : rien à comparer.")
    found = []
    for row in rows:
        recording = Recording.open(bench.vault, row)
        if recording.record is None:
            continue
        attempt = Attempt(bench, recording.claimed(bench.scenario))
        for due in foreseen(bench.scenario, attempt.names):
            subject = str(due.given(due.rules.subject)[due.rules.subject])
            people = await _people(bench, due, subject) if decisions is None else decisions.get(subject)
            found.append(_compared(recording.reference, _robot(recording.record, due.rules, subject), people))
    return found


def _robot(record: Mapping[str, Any], rules: EntryRules, subject: str) -> Euros | None:
    amounts = [entry[rules.amount] for entry in entries_of(record) if str(entry.get(rules.subject)) == subject]
    return TypeAdapter(Euros).validate_python(amounts[0]) if amounts else None


async def _people(bench: Workbench, due: DueEntry, subject: str) -> Euros | None:
    given = due.given(*due.rules.look_up_with)
    seen: list[EntrySeen] = await bench.call(bench.keywords[due.rules.look_up], given)
    amounts = [entry.amount for entry in seen if entry.subject == subject and entry.alive]
    return sum(amounts[1:], amounts[0]) if amounts else None


def _compared(reference: str, robot: Euros | None, people: Euros | None) -> Compared:
    if robot == people:
        result = Agreement.AGREE
    elif robot is None:
        result = Agreement.PEOPLE_ONLY
    else:
        result = Agreement.MISSING if people is None else Agreement.DIFFER
    return Compared(reference=reference, result=result, robot=robot, people=people)
