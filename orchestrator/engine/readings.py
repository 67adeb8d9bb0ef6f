"""What an attempt read and concluded, kept sealed beside the case, so that a new version can be tried on it (replay).

Only :mod:`orchestrator.engine.settle` seals it and :mod:`orchestrator.engine.replay` opens it: the values are in clear.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.domain.cases import Controls, Done, FailedControl, Outcome, Waits
from orchestrator.domain.civil import french_date
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.wire import clear
from orchestrator.engine.due import DueEntry
from orchestrator.engine.findings import findings_of, of_item, shown
from orchestrator.engine.work import Attempt
from orchestrator.language.items import label_of
from orchestrator.language.model import Step


def call_key(keyword: Keyword, arguments: Mapping[str, object]) -> str:
    """Return what identifies one reading: the keyword and exactly what it was asked."""
    return json.dumps([keyword.name, clear(arguments)], sort_keys=True, ensure_ascii=False)


def recorded(attempt: Attempt, outcome: Outcome | None, due: Sequence[DueEntry]) -> dict[str, Any]:
    """Return the attempt once its steps concluded: ``{"calls": [[call, result]…], "verdict": …, "entries": [arguments…]}``.

    ``titles`` says which entry each of ``entries`` is, in the same order.
    What was read and concluded after entries stands under ``after``, in the same form (:func:`with_stage`).
    """
    return {
        "calls": list(_answers(attempt)),
        "verdict": verdict(attempt, outcome, due),
        "entries": [clear(one.arguments()) for one in due],
        "titles": [one.title for one in due],
        "waited": clear(attempt.case.waited),
        "today": clear(attempt.bench.today),
    }


def _answers(attempt: Attempt) -> Iterator[list[object]]:
    """Yield each reading with what it answered: once, or every time when that changed meanwhile."""
    found: dict[str, list[object]] = {}
    for keyword, arguments, result in attempt.readings:
        found.setdefault(call_key(keyword, arguments), []).append(clear(result))
    for call, answers in found.items():
        changed = any(answer != answers[0] for answer in answers)
        yield from ([call, answer] for answer in (answers if changed else answers[:1]))


def answers_of(stage: Mapping[str, Any]) -> dict[str, list[object]]:
    """Return what each reading of a recorded attempt answered, in order."""
    found: dict[str, list[object]] = {}
    for call, answer in stage["calls"]:
        found.setdefault(call, []).append(answer)
    return found


def stage_of(record: Mapping[str, Any] | None, stage: int) -> Mapping[str, Any] | None:
    """Return what was recorded after entries were made that many times; None when nothing was."""
    for _ in range(stage):
        record = (record or {}).get("after")
    return record


def with_stage(record: Mapping[str, Any] | None, stage: int, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record with what was recorded after entries were made that many times."""
    if stage == 0:
        return found
    return {**(record or {}), "after": with_stage((record or {}).get("after"), stage - 1, found)}


def entries_of(record: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what a recorded attempt would have entered, each under its title; older records know no titles."""
    entries = record["entries"] if "entries" in record else [record["entry"]] if record["entry"] else []
    titles = record.get("titles", [""] * len(entries))
    return list(zip(titles, entries, strict=True))


def verdict(attempt: Attempt, outcome: Outcome | None, due: Sequence[DueEntry]) -> dict[str, list[str]]:
    """Return what the steps concluded, field by field: ``{field in French: [clear, mask]}``."""
    found = {"issue": _same(_conclusion(outcome))}
    for step, item, result in _computed(attempt):
        for row in findings_of(step.id, result):
            found[f"{step.id} · {of_item(row, item).label}"] = [row.value, row.mask]
    for one in due:
        for name, value in one.arguments().items():
            found[f"{one.title} · {one.rules.titles.get(name, name)}"] = list(shown(value))
        found[f"{one.title} · clé d'effet"] = [one.effect_key, "••••"]
        found[f"{one.title} · validation"] = _same("exigée" if one.needs_approval else "non exigée")
    return found


def _computed(attempt: Attempt) -> Iterator[tuple[Step, str, object]]:
    """Return what was computed: the step, the item when it was repeated, and the result."""
    names = attempt.names
    for step in attempt.bench.scenario.steps:
        if isinstance(step, Step):
            places: list[tuple[str, object]] = [("", names.get(step.id))]
        else:
            results = names.get(step.id)
            found = results if isinstance(results, list) else []
            places = [(label_of(item, place), item) for place, item in enumerate(found, start=1)]
        for call in step.calls:
            for label, seen in places:
                result = getattr(seen, call.id) if label else seen
                if call.kind is Kind.COMPUTE and result is not None:
                    yield call, label, result


def _conclusion(outcome: Outcome | None) -> str:
    match outcome:
        case None:
            return "saisie"
        case Done(name=name):
            return f"fin : {name}"
        case Waits(until=until):
            return f"attente jusqu'au {french_date(until)}"
        case Controls(failed=failed):
            return "contrôles : " + ", ".join(sorted({_code(item) for item in failed}))
    return type(outcome).__name__


def _code(failed: FailedControl) -> str:
    return f"{failed.code} ({failed.item})" if failed.item else failed.code


def _same(text: str) -> list[str]:
    return [text, text]
