"""A run in shadow against what people decided, entry by entry: would the robot have entered the same?

What the robot would have entered is in the record of each case; what people entered comes from the application's own list, by
the entry's look-up, or from a file of decisions. Both may have several entries of one object: none is added to another.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.money import Euros
from orchestrator.engine.due import DueEntry, foreseen
from orchestrator.engine.readings import entries_of
from orchestrator.engine.recording import Recording
from orchestrator.engine.work import Attempt, Workbench

#: Columns of a file of decisions, one line per entry; an empty amount says that people decided not to pay.
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
class Foreseen:
    """One entry that a case could come to."""

    #: How it is called beside the others of its case; empty for one that people made and nobody foresaw.
    title: str
    #: What the robot would have entered; None for nothing.
    robot: Euros | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One entry that a case could come to, or that people made in it."""

    #: The case's reference.
    reference: str
    #: How the entry is called; empty for one that the scenario does not foresee.
    entry: str
    result: Agreement
    #: What the robot would have entered; None for nothing.
    robot: Euros | None
    #: What people entered; None for nothing.
    people: Euros | None


def read_decisions(path: Path) -> dict[str, list[Euros]]:
    """Return the decided amounts by business object from a CSV (``objet;montant``, UTF-8); raises ``BadDelivery``."""
    decided: dict[str, list[Euros]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=";")
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise BadDelivery(f"{path.name} : les colonnes {';'.join(COLUMNS)} sont attendues.")
            for row in rows:
                subject, amount = _decision(path, rows.line_num, row)
                decided.setdefault(subject, []).extend([] if amount is None else [amount])
    except UnicodeDecodeError:
        raise BadDelivery(f"{path.name} n'est pas en UTF-8.") from None
    return decided


def _decision(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[str, Euros | None]:
    subject, amount = (row["objet"] or "").strip(), (row["montant"] or "").strip()
    if not subject:
        raise BadDelivery(f"{path.name}, ligne {line} : objet manquant.")
    try:
        return subject, Euros.parse(amount) if amount else None
    except ValueError as error:
        raise BadDelivery(f"{path.name}, ligne {line} : {error}.") from None


async def compare(bench: Workbench, run: UUID, decisions: Mapping[str, Sequence[Euros]] | None) -> list[Compared]:
    """Compare every entry of an amount that a run's concluded cases could come to, in the order of the delivery.

    Without decisions the application is read. What has no amount, as a letter, nobody decides apart.
    """
    async with bench.database.transaction(bench.actor) as tx:
        rows = await tx.all("cases.recorded_of_run", run=run)
    if not bench.scenario.entries:
        raise BadDelivery(f"« {bench.scenario.name} » ne saisit rien : rien à comparer.")
    found: list[Compared] = []
    for row in rows:
        recording = Recording.open(bench.vault, row)
        if recording.record is None:
            continue
        attempt = Attempt(bench, recording.claimed(bench.scenario))
        paying = [one for one in foreseen(bench.scenario, attempt.names) if one.rules.amount]
        for subject, due in _by_object(paying):
            decided = await _people(bench, due, subject) if decisions is None else decisions.get(subject, ())
            robot = [Foreseen(title=one.title, robot=_robot(recording.record, one, subject)) for one in due]
            found += paired(recording.reference, robot, decided)
    return found


def paired(reference: str, robot: Sequence[Foreseen], people: Sequence[Euros]) -> list[Compared]:
    """Compare the entries of one object: equal amounts belong together, then what is left in the order it stands.

    What people made beside all that the scenario foresees is theirs alone.
    """
    left = list(people)
    mine: dict[int, Euros] = {}
    for place, one in enumerate(robot):
        if one.robot in left:
            mine[place] = left.pop(left.index(one.robot))
    waiting = [place for place in range(len(robot)) if place not in mine]
    for place in sorted(waiting, key=lambda place: robot[place].robot is None):
        if left:
            mine[place] = left.pop(0)
    beside = [Foreseen(title="", robot=None)] * len(left)
    return [
        _compared(reference, one, theirs)
        for one, theirs in (
            *((one, mine.get(place)) for place, one in enumerate(robot)),
            *zip(beside, left, strict=True),
        )
    ]


def _by_object(due: Sequence[DueEntry]) -> Iterator[tuple[str, list[DueEntry]]]:
    """Yield the entries of each business object, those that one look-up shows together."""
    groups: dict[tuple[str, str], list[DueEntry]] = {}
    for one in due:
        subject = str(one.given(one.rules.subject)[one.rules.subject])
        groups.setdefault((one.rules.look_up, subject), []).append(one)
    yield from ((subject, together) for (_, subject), together in groups.items())


def _robot(record: Mapping[str, Any], due: DueEntry, subject: str) -> Euros | None:
    rules = due.rules
    amounts = [
        entry[rules.amount]
        for title, entry in entries_of(record)
        if title in {"", due.title} and str(entry.get(rules.subject)) == subject
    ]
    return TypeAdapter(Euros).validate_python(amounts[0]) if amounts else None


async def _people(bench: Workbench, due: Sequence[DueEntry], subject: str) -> list[Euros]:
    given = due[0].given(*due[0].rules.look_up_with)
    seen: list[EntrySeen] = await bench.call(bench.keywords[due[0].rules.look_up], given)
    return [entry.amount for entry in seen if entry.subject == subject and entry.alive]


def _compared(reference: str, one: Foreseen, people: Euros | None) -> Compared:
    if one.robot == people:
        result = Agreement.AGREE
    elif one.robot is None:
        result = Agreement.PEOPLE_ONLY
    else:
        result = Agreement.MISSING if people is None else Agreement.DIFFER
    return Compared(reference=reference, entry=one.title, result=result, robot=one.robot, people=people)
