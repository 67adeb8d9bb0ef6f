"""One attempt from what is known of the case's entries to its outcome, the steps that follow an entry included.

An entry that was proven is never made again: what follows it goes on from what was known when it was made, as it was known. Its
controls guarded the entry and are not evaluated again, since what they read now shows the entry itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.domain.cases import Done, Outcome
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.wire import read_again
from orchestrator.engine.enter import Entering
from orchestrator.engine.readings import call_key, recorded, stage_of, with_stage
from orchestrator.engine.settle import keep_findings
from orchestrator.engine.work import Attempt, Memory
from orchestrator.language.model import Step
from orchestrator.language.suites import SuiteTask


async def conclude(attempt: Attempt) -> Outcome:
    """Work a case until its outcome; raises what :func:`~orchestrator.domain.cases.decide` knows."""
    known = await _known(attempt)
    if known is not None:
        return known
    while True:
        outcome, entry = await attempt.steps()
        attempt.recorded = with_stage(attempt.recorded, attempt.stage, recorded(attempt, outcome, entry))
        if outcome is not None:
            return outcome
        if entry is None:
            raise TypeError("un scénario finit par une issue ou par une saisie")
        if entry.task is not None:
            return await _by_suite(attempt, entry, entry.task)
        if _follows(attempt, entry):
            await keep_findings(attempt)
        made = await Entering(attempt, entry).enter()
        end = await _goes_on(attempt, entry, made)
        if end is None:
            return made
        attempt.entered(entry, end)


async def _by_suite(attempt: Attempt, step: Step, task: SuiteTask) -> Outcome:
    """Run the task that concludes a case, with its entries; what it read is recorded too."""
    done = await attempt.run_task(step, task)
    found = recorded(attempt, None if attempt.reached else done.outcome, attempt.reached)
    attempt.recorded = with_stage(attempt.recorded, attempt.stage, found)
    if done.outcome is None:
        raise TypeError("une tâche qui saisit conclut le dossier")
    return done.outcome


async def _known(attempt: Attempt) -> Outcome | None:
    """Return what is already settled of the case; None when its steps are to be worked, from the first or from where it was."""
    for step in attempt.bench.scenario.entries:
        entering = Entering(attempt, step)
        asked = attempt.case.instruction
        if asked.get("do") == "read_back":
            closed = await entering.closed_by_hand(str(asked["reference"]))
            known = closed or await entering.read_back(str(asked["reference"]), f"agent:{asked['by']}")
            if closed is not None:
                return closed
        else:
            found = await entering.before_reading()
            if found is None:
                continue
            known = found
        end = await _goes_on(attempt, step, known)
        if end is None:
            return known
        await _recall(attempt, step)
        attempt.entered(step, end)
    return None


async def _goes_on(attempt: Attempt, step: Step, outcome: Outcome) -> Done | None:
    """Return the end that a proven entry of this case gives when steps follow it; None when nothing more is to be done."""
    if not isinstance(outcome, Done) or not _follows(attempt, step):
        return None
    return await Entering(attempt, step).proven()


def _follows(attempt: Attempt, entry: Step) -> bool:
    return all(last is not entry for last in attempt.bench.scenario.steps[-1].entries)


async def _recall(attempt: Attempt, entry: Step) -> None:
    """Know again what was known when an entry was made, up to it; what the record lacks is read, without its controls."""
    attempt.recorded = attempt.recorded or _earlier(attempt)
    attempt.memory = _memory(stage_of(attempt.recorded, attempt.stage))
    while (step := attempt.next_step()) is not None and step is not entry:
        if not attempt.applies(step):
            continue
        if step.then:
            attempt.wait(step)
        else:
            await attempt.learn(step)
    attempt.memory = None
    if stage_of(attempt.recorded, attempt.stage) is None:
        attempt.recorded = with_stage(attempt.recorded, attempt.stage, recorded(attempt, None, entry))


def _earlier(attempt: Attempt) -> Mapping[str, Any] | None:
    """Open what the last attempt at this case recorded."""
    case = attempt.case
    if case.findings is None:
        return None
    found: Mapping[str, Any] | None = attempt.bench.vault.open(
        case.data_key, f"cases:findings:{case.id}", case.findings
    ).get("recorded")
    return found


def _memory(stage: Mapping[str, Any] | None) -> Memory:
    answers = dict(stage["calls"]) if stage else {}

    def answer(keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        key = call_key(keyword, arguments) if keyword.kind is not Kind.COMPUTE else ""
        try:
            return read_again(keyword, answers[key]) if key in answers else None
        except ValueError:  # it has another form since: read
            return None

    return answer
