"""What an attempt read and concluded, kept sealed beside the case, so that a new version can be tried on it (replay).

Only :mod:`orchestrator.engine.settle` seals it and :mod:`orchestrator.engine.replay` opens it: the values are in clear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.domain.cases import Controls, Done, Outcome, Waits
from orchestrator.domain.civil import french_date
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.wire import clear
from orchestrator.engine.findings import findings_of, shown
from orchestrator.engine.work import Attempt
from orchestrator.language.model import Step


def call_key(keyword: Keyword, arguments: Mapping[str, object]) -> str:
    """Return what identifies one reading: the keyword and exactly what it was asked."""
    return json.dumps([keyword.name, clear(arguments)], sort_keys=True, ensure_ascii=False)


def recorded(attempt: Attempt, outcome: Outcome | None, entry: Step | None) -> dict[str, Any]:
    """Return the attempt once its steps concluded: ``{"calls": [[call, result]…], "verdict": …, "entry": arguments}``.

    What was read and concluded after an entry stands under ``after``, in the same form (:func:`with_stage`).
    """
    calls: dict[str, Any] = {}
    for keyword, arguments, result in attempt.readings:
        calls.setdefault(call_key(keyword, arguments), clear(result))
    return {
        "calls": [[call, result] for call, result in calls.items()],
        "verdict": verdict(attempt, outcome, entry),
        "entry": clear(attempt.arguments(entry)) if entry is not None else None,
        "waited": clear(attempt.case.waited),
        "today": clear(attempt.bench.today),
    }


def stage_of(record: Mapping[str, Any] | None, stage: int) -> Mapping[str, Any] | None:
    """Return what was recorded after that many entries; None when nothing was."""
    for _ in range(stage):
        record = (record or {}).get("after")
    return record


def with_stage(record: Mapping[str, Any] | None, stage: int, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record with what was recorded after that many entries."""
    if stage == 0:
        return found
    return {**(record or {}), "after": with_stage((record or {}).get("after"), stage - 1, found)}


def verdict(attempt: Attempt, outcome: Outcome | None, entry: Step | None) -> dict[str, list[str]]:
    """Return what the steps concluded, field by field: ``{field in French: [clear, mask]}``."""
    found = {"issue": _same(_conclusion(outcome))}
    for step in attempt.bench.scenario.steps:
        if step.kind is Kind.COMPUTE and step.id in attempt.names:
            for row in findings_of(step.id, attempt.names[step.id]):
                found[f"{step.id} · {row.label}"] = [row.value, row.mask]
    if entry is not None and entry.keyword.entry is not None:
        titles = entry.keyword.entry.titles
        for name, value in attempt.arguments(entry).items():
            found[f"{entry.id} · {titles.get(name, name)}"] = list(shown(value))
        key = entry.effect_key.render(attempt.names) if entry.effect_key else ""
        found[f"{entry.id} · clé d'effet"] = [key, "••••"]
        needed = entry.approval is not None and entry.approval.when.holds(attempt.names)
        found[f"{entry.id} · validation"] = _same("exigée" if needed else "non exigée")
    return found


def _conclusion(outcome: Outcome | None) -> str:
    match outcome:
        case None:
            return "saisie"
        case Done(name=name):
            return f"fin : {name}"
        case Waits(until=until):
            return f"attente jusqu'au {french_date(until)}"
        case Controls(failed=failed):
            return "contrôles : " + ", ".join(sorted({item.code for item in failed}))
    return type(outcome).__name__


def _same(text: str) -> list[str]:
    return [text, text]
