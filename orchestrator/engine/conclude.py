"""One attempt from what is known of the case's entries to its outcome, the steps that follow an entry included.

An entry that was proven is never made again: what follows it goes on from what was known when it was made, as it was known. Its
controls guarded the entry and are not evaluated again, since what they read now shows the entry itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.domain.cases import Done, Outcome
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.wire import read_again
from orchestrator.engine.due import stages
from orchestrator.engine.enter import Entering
from orchestrator.engine.entries import Known, enter_all, foreseen_of, read_back, remembered
from orchestrator.engine.read_back import read_back_held
from orchestrator.engine.readings import answers_of, call_key, recorded, stage_of, with_stage
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
        outcome, due = await attempt.steps()
        attempt.recorded = with_stage(attempt.recorded, attempt.stage, recorded(attempt, outcome, due))
        if outcome is not None:
            return outcome
        if attempt.suite is not None and attempt.suite.task is not None:
            return await _by_suite(attempt, attempt.suite, attempt.suite.task)
        attempt.memory = None
        if attempt.follows or len(due) > 1:
            await keep_findings(attempt)
        made = await enter_all(attempt, due)
        end = (await remembered([Entering(attempt, one) for one in due], look=False)).end
        if end is None or not attempt.follows or not isinstance(made, Done):
            return made
        attempt.entered(end)


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
    asked = attempt.case.instruction
    held = await read_back_held(attempt) if asked.get("do") == "read_back" else None
    by_hand = str(asked["reference"]) if asked.get("do") == "read_back" and held is None else ""
    for steps, follows in stages(attempt.bench.scenario):
        entries = foreseen_of(attempt, steps)
        known = await remembered(entries, look=False)
        if known.touched:
            keep_record(attempt)
        if not by_hand:
            known = await remembered(entries, look=True)
        if by_hand:
            if known.complete and known.end is not None:
                return _closed_by_hand(known, known.end, by_hand)
            amount = Euros(asked["amount_c"]) if "amount_c" in asked else None
            outcome = await read_back(entries, by_hand, f"agent:{asked['by']}", amount)
            known, by_hand = await remembered(entries, look=False), ""
        elif known.complete:
            outcome = known.end if held is not None and known.end is not None else known.told()
        elif held is not None and (waits := held.waits_on(attempt.bench.today)) is not None:
            return waits
        else:
            _continue(attempt, begun=known.begun)
            continue
        if known.end is None or not follows:
            return outcome
        await _recall(attempt)
        attempt.entered(known.end)
    return None


def _closed_by_hand(known: Known, end: Done, reference: str) -> Done:
    """End a case whose entries were proven before and whose following steps an agent says are done."""
    if reference not in known.references():
        numbers = ", ".join(known.references())
        raise BusinessException("RELECTURE", f"La saisie de ce dossier porte le numéro {numbers}.")
    return end


def _continue(attempt: Attempt, *, begun: bool) -> None:
    """Go on with the entries that are missing from what was known when the others were made, if that is of today.

    What is read now would show our own entries, and the controls that guarded them would refuse the rest. From the next
    day on everything is read: what then speaks against the rest is for a person.
    """
    record = attempt.recorded if begun else None
    stage = stage_of(record, attempt.stage)
    if stage is not None and stage.get("today") == str(attempt.bench.today):
        attempt.memory = _memory(stage)


def keep_record(attempt: Attempt) -> None:
    """Keep what was known when entries of the case were made, however this attempt ends: the rest goes on from it."""
    attempt.recorded = attempt.recorded or _earlier(attempt)


async def _recall(attempt: Attempt) -> None:
    """Know again what was known when entries were made, up to them; what the record lacks is read, without its controls."""
    keep_record(attempt)
    attempt.memory, attempt.trusting = _memory(stage_of(attempt.recorded, attempt.stage)), True
    _, due = await attempt.steps()
    attempt.memory, attempt.trusting = None, False
    if stage_of(attempt.recorded, attempt.stage) is None:
        attempt.recorded = with_stage(attempt.recorded, attempt.stage, recorded(attempt, None, due))


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
    answers = answers_of(stage) if stage else {}

    def answer(keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        key = call_key(keyword, arguments) if keyword.kind is not Kind.COMPUTE else ""
        try:
            return read_again(keyword, answers[key][0]) if key in answers else None
        except ValueError:  # it has another form since: read
            return None

    return answer
