"""Priority and due of a case: when its delivery is loaded, when an attempt has read more, and as days pass.

Both are pure: what is known of a case and a civil day decide. So the day on which they will change is known too, and a sweep
looks only at cases whose day has come (:func:`review`); a scenario that does not say ``today`` has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from orchestrator.domain.errors import BusinessException
from orchestrator.domain.wire import clear, read_again
from orchestrator.engine.recording import Recording
from orchestrator.language.faults import ExpressionError
from orchestrator.language.model import RunInfo, Scenario, Step
from orchestrator.language.staged import HIGHEST_PRIORITY, Due
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

ACTOR = "urgency"
#: Cases looked at in one round.
ROUND = 200
#: How many days ahead a change is looked for; a case that does not change until then is looked at again at its end.
AHEAD = 31
#: What may change with the day.
_TODAY = "today"


@dataclass(frozen=True, kw_only=True)
class Urgency:
    """How urgent a case is."""

    #: Higher first.
    priority: int
    #: When it should be settled; None when the scenario does not say.
    due: date | None
    #: The day on which one of both changes by itself, or is to be looked at again; None: never.
    changes_on: date | None


def urgency(scenario: Scenario, names: Mapping[str, object], start: date, today: date) -> Urgency:
    """Return how urgent a case is.

    :param names: what is known of it: parameters, fields, ``run``, and results of steps by their ids.
    :param start: the date of its run, from which delays count.

    Raises ``ExpressionError`` when a value is missing.
    """
    priority, due = _on(scenario, names, start, today)
    return Urgency(priority=priority, due=due, changes_on=_change(scenario, names, start, today, (priority, due)))


def needs_of(scenario: Scenario) -> frozenset[str]:
    """Return every name that priority and due may use."""
    return scenario.priority.needs | (scenario.due.needs if scenario.due else frozenset())


def restless(scenario: Scenario) -> bool:
    """Say whether priority or due may change with the day alone."""
    return _TODAY in needs_of(scenario)


def known_of(scenario: Scenario, names: Mapping[str, object]) -> dict[str, Any]:
    """Return the results of steps that priority and due need, to be sealed beside the case."""
    needed = needs_of(scenario)
    steps = [step for step in scenario.steps if isinstance(step, Step)]
    return {step.id: clear(names[step.id]) for step in steps if step.id in needed and step.id in names}


def _on(scenario: Scenario, names: Mapping[str, object], start: date, day: date) -> tuple[int, date | None]:
    known = {**names, _TODAY: day}
    priority = max(0, min(HIGHEST_PRIORITY, int(Fraction(str(scenario.priority.evaluate(known))))))
    found = scenario.due.evaluate({**known, "priority": priority}) if scenario.due else None
    if isinstance(found, str):  # the answer of a table
        found = Due.parse(found)
    if isinstance(found, Due):
        return priority, found.after(start)
    return priority, found if isinstance(found, date) else None


def _change(
    scenario: Scenario, names: Mapping[str, object], start: date, today: date, now: tuple[int, date | None]
) -> date | None:
    if not restless(scenario):
        return None
    days = (today + timedelta(days=count) for count in range(1, AHEAD))
    return next((day for day in days if _on(scenario, names, start, day) != now), today + timedelta(days=AHEAD))


async def review(database: Database, vault: Vault, scenarios: Iterable[Scenario], today: date) -> int:
    """Look again at the cases whose day has come; returns how many were looked at. Safe to repeat, and for several at once."""
    looked = 0
    for scenario in scenarios:
        while restless(scenario) and (rows := await _due_for_review(database, scenario, today)):
            found = await asyncio.to_thread(_again, vault, scenario, rows, today)
            async with database.transaction(ACTOR) as tx:
                await tx.run("cases.set_urgency", rows=found)
                await tx.record(scenario.caisse, "cases.reviewed", scenario.name, cases=len(found))
            looked += len(found)
    return looked


async def _due_for_review(database: Database, scenario: Scenario, today: date) -> list[dict[str, Any]]:
    async with database.transaction(ACTOR) as tx:
        where = {"caisse": scenario.caisse, "scenario": scenario.name}
        return await tx.all("cases.to_review", today=today, limit=ROUND, **where)


def _again(vault: Vault, scenario: Scenario, rows: Iterable[Mapping[str, Any]], today: date) -> list[dict[str, Any]]:
    return [as_row(row, _again_or_tomorrow(vault, scenario, row, today)) for row in rows]


def as_row(row: Mapping[str, Any], found: Urgency) -> dict[str, Any]:
    """Return an urgency as ``cases.set_urgency`` takes it."""
    due, changes_on = (str(day) if day else None for day in (found.due, found.changes_on))
    return {
        "id": str(row["id"]),
        "epoch": row["epoch"],
        "priority": found.priority,
        "due": due,
        "urgency_on": changes_on,
    }


def _again_or_tomorrow(vault: Vault, scenario: Scenario, row: Mapping[str, Any], today: date) -> Urgency:
    """Return how urgent a case is today; one that this version cannot tell stays as it is, and is asked again tomorrow."""
    try:
        return urgency(scenario, _names(vault, scenario, row), row["run_date"], today)
    except (ExpressionError, BusinessException, KeyError, ValueError):
        return Urgency(priority=row["priority"], due=row["due"], changes_on=today + timedelta(days=1))


def _names(vault: Vault, scenario: Scenario, row: Mapping[str, Any]) -> dict[str, object]:
    recording = Recording.open(vault, row)
    fields = scenario.case.names_of(recording.payload)
    names: dict[str, object] = {**scenario.parameters, **fields, "run": RunInfo(date=row["run_date"])}
    for step in scenario.steps:
        if step.id in recording.known and isinstance(step, Step):
            try:
                names[step.id] = read_again(step.keyword, recording.known[step.id])
            except ValueError:  # declared otherwise since: the value at loading stands in
                continue
    return names
