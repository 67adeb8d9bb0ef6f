"""What a robot would have entered for a case that a person took: each entry as far as it is known, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.console.held import Held, HeldLine
from orchestrator.console.world import ConsoleWorld
from orchestrator.engine.by_hand import lines_of
from orchestrator.engine.due import DueEntry
from orchestrator.engine.recording import WouldEnter

_EXCLUDED = "Au dernier essai, le robot ne l’aurait pas saisie : la condition du scénario n’était pas remplie."
_CONDITIONAL = (
    "Le scénario ne la prévoit que sous une condition, que seule une lecture des applications tranche : « {when} »."
)
_BY_SUITE = "Une suite du robot décide de cette saisie en lisant les applications : elle est possible, pas certaine."


@dataclass(frozen=True, kw_only=True)
class ShownEntry:
    """One entry of a case held by a person, as its page shows it."""

    #: The entry, and what was said of it.
    line: HeldLine
    #: What would be written: label and text, masked unless the person may see it.
    values: Sequence[Mapping[str, str]]
    #: The titles of what only a reading of the applications tells.
    unknown: Sequence[str]
    #: Why it is not certain to be due; empty when it is.
    doubt: str


def would_enter(world: ConsoleWorld, row: Mapping[str, Any], held: Held, *, clear: bool) -> list[ShownEntry]:
    """Return each entry of a held case (a row with ``case_id``, ``data_key``, ``payload``, ``findings``, ``run_date``)."""
    known = _foreseen(world, row)
    return [_shown(line, known.get(line.title), clear=clear) for line in held.lines]


def _foreseen(world: ConsoleWorld, row: Mapping[str, Any]) -> dict[str, tuple[DueEntry, WouldEnter]]:
    scenario = world.scenarios.get(row["scenario"])
    if scenario is None:
        return {}
    try:
        found = lines_of(world.vault, scenario, {**row, "id": row["case_id"]})
    except KeyError:  # another version of the scenario asks for a field that this case lacks
        return {}
    return {due.title: (due, seen) for due, seen in found}


def _shown(line: HeldLine, known: tuple[DueEntry, WouldEnter] | None, *, clear: bool) -> ShownEntry:
    if known is None:
        return ShownEntry(line=line, values=[], unknown=[], doubt="")
    due, seen = known
    values = [{"label": one["label"], "shown": one["value"] if clear else one["mask"]} for one in seen.values]
    return ShownEntry(line=line, values=values, unknown=seen.unknown, doubt=_doubt(due, seen))


def _doubt(due: DueEntry, seen: WouldEnter) -> str:
    if seen.called_for is False:
        return _EXCLUDED
    if seen.called_for is None and due.by_suite:
        return _BY_SUITE
    if seen.called_for is None and due.step.when is not None:
        return _CONDITIONAL.format(when=due.step.when.text)
    return ""
