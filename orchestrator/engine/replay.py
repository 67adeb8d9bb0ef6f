"""Try a version of a scenario on the recorded cases of a run: nothing is read, nothing is entered, nothing is written.

The steps run as they do for a robot, but every reading is answered from the record; what they conclude is compared with what
was concluded then, field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator.domain.cases import Done, Outcome
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.wire import read_again
from orchestrator.engine.due import DueEntry
from orchestrator.engine.readings import answers_of, call_key, verdict
from orchestrator.engine.recording import Recording, clock_of, waited_in
from orchestrator.engine.suite_steps import MainThread, SuiteRunner
from orchestrator.engine.work import Attempt, Workbench
from orchestrator.language.model import Scenario, Step
from orchestrator.language.suites import SuiteTask
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault


class Replayed(StrEnum):
    """What became of one recorded case under the version tried."""

    SAME = "same"
    CHANGED = "changed"
    NEW_EXCEPTION = "new_exception"
    #: It has no record (set aside, entered before, never concluded), or the version tried reads something else.
    NOT_REPLAYED = "not_replayed"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that differs; both sides masked."""

    #: What it is, in French.
    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class CaseReplay:
    """One case."""

    #: The case's reference.
    reference: str
    result: Replayed
    differences: tuple[Difference, ...] = ()
    #: Why it was not replayed.
    reason: str = ""


class NotRecorded(GlrError):
    """La version essayée lit autre chose que ce qui a été enregistré."""


@dataclass
class RecordedBench(Workbench):
    """A workbench without any desk: readings come from the record, computations are run."""

    #: By reading, in order: the last answer holds from then on.
    answers: dict[str, list[object]] = field(default_factory=dict)

    async def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        """Answer from the record; raises :class:`NotRecorded` for a reading that was not made then."""
        if keyword.kind is Kind.COMPUTE:
            return keyword.function(**arguments)
        key = call_key(keyword, arguments)
        if keyword.kind is Kind.ENTER or key not in self.answers:
            raise NotRecorded(f"lecture non enregistrée : {keyword.name}")
        known = self.answers[key]
        try:
            return read_again(keyword, known.pop(0) if len(known) > 1 else known[0])
        except ValueError:  # its text may quote what was read
            raise NotRecorded(f"le résultat enregistré de {keyword.name} n'a plus la forme déclarée") from None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A version being tried."""

    scenario: Scenario
    keywords: Mapping[str, Keyword]
    database: Database
    vault: Vault
    #: Robot Framework, in the main thread; without it a suite is refused.
    robot: MainThread | None = None


async def replay(trial: Trial, run: UUID) -> list[CaseReplay]:
    """Replay every case of a run, in the order of its delivery."""
    async with trial.database.transaction("replay") as tx:
        rows = await tx.all("cases.recorded_of_run", run=run)
    return [await _case(trial, row) for row in rows]


def _bench(trial: Trial) -> RecordedBench:
    return RecordedBench(
        scenario=trial.scenario,
        keywords=trial.keywords,
        desks={},
        database=trial.database,
        vault=trial.vault,
        evidence=Path(),
        robot=trial.scenario.robot,
        suites=SuiteRunner(robot=trial.robot, enter=_as_in_shadow, trial=True) if trial.robot else None,
    )


async def _as_in_shadow(_: Attempt, __: DueEntry) -> Outcome:
    """Let a suite go on after its entry: what it read then is in the record too."""
    return Done(name="shadow")


async def _case(trial: Trial, row: Mapping[str, Any]) -> CaseReplay:
    recording = Recording.open(trial.vault, row)
    reference, record = recording.reference, recording.record
    if record is None:
        return CaseReplay(reference=reference, result=Replayed.NOT_REPLAYED, reason="aucune lecture enregistrée")
    try:
        before, after = await _stages(trial, recording, record)
    except KeyError as missing:
        return CaseReplay(
            reference=reference,
            result=Replayed.NOT_REPLAYED,
            reason=f"champ absent de la livraison : {missing.args[0]}",
        )
    except GlrError as error:
        return CaseReplay(reference=reference, result=Replayed.NOT_REPLAYED, reason=str(error))
    return _compared(reference, before, after)


async def _stages(
    trial: Trial, recording: Recording, record: Mapping[str, Any]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return what was concluded then and what is concluded now, up to the first entry and after each that was made."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    bench, stage, made = _bench(trial), record, ""
    attempt = Attempt(bench, recording.claimed(trial.scenario))
    while True:
        bench.answers, bench.clock = answers_of(stage), clock_of(stage)
        attempt.case = replace(attempt.case, waited=waited_in(stage))
        outcome, due = await attempt.steps()
        if attempt.suite is not None and attempt.suite.task is not None:
            outcome, due = await _by_suite(attempt, attempt.suite, attempt.suite.task)
        before |= {made + name: value for name, value in stage["verdict"].items()}
        after |= {made + name: value for name, value in verdict(attempt, outcome, due).items()}
        if not due or "after" not in stage:
            return before, after
        attempt.entered(Done(name="entered"))
        stage, made = stage["after"], f"{made}après {', '.join(dict.fromkeys(one.step.id for one in due))} · "


async def _by_suite(attempt: Attempt, step: Step, task: SuiteTask) -> tuple[Outcome | None, list[DueEntry]]:
    """Return how a suite ends the case, or its entries; what an attempt that stopped there did not read is not asked."""
    outcome = None
    try:
        outcome = (await attempt.run_task(step, task)).outcome
    except NotRecorded:
        if not attempt.reached:
            raise
    return (None, attempt.reached) if attempt.reached else (outcome, [])


def _compared(reference: str, before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> CaseReplay:
    absent = ["(absent)", "(absent)"]
    names = list(dict.fromkeys([*before, *after]))
    if before["issue"] != after["issue"]:  # what only one of two different ends has says nothing more
        names = [name for name in names if name in before and name in after]
    pairs = [(name, before.get(name, absent), after.get(name, absent)) for name in names]
    differences = tuple(
        Difference(field=name, before=then[1], after=now[1]) for name, then, now in pairs if then[0] != now[0]
    )
    if not differences:
        return CaseReplay(reference=reference, result=Replayed.SAME)
    stopped = "contrôles" in after["issue"][0] and "contrôles" not in before["issue"][0]
    result = Replayed.NEW_EXCEPTION if stopped else Replayed.CHANGED
    return CaseReplay(reference=reference, result=result, differences=differences)
