"""A task of a suite in an attempt: what Robot Framework may do for the case in hand, and what the task makes of it.

Robot Framework runs in the main thread of the process (ADR 12); everything here runs in the loop of the session, on the same
desks, under the same lease and by the same protocol as the other steps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

from pydantic import ValidationError

from orchestrator.domain.cases import Done, Failed, Outcome
from orchestrator.domain.errors import ApplicationException, GlrError, RobotsStopped, TooSlow
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.rules import Rulebook
from orchestrator.engine.due import DueEntry
from orchestrator.engine.failures import Failures, controls_outcome
from orchestrator.engine.findings import Finding
from orchestrator.engine.readings import recorded, with_stage
from orchestrator.engine.settle import keep_findings
from orchestrator.engine.suite_events import SuiteEvents
from orchestrator.engine.work import Attempt, TaskDone
from orchestrator.language.compile_enters import ENTRY
from orchestrator.language.expressions import Expression, names_in, parse
from orchestrator.language.model import Control, Severity, Step
from orchestrator.language.suites import SuiteTask


class CaseConcluded(GlrError):
    """Le dossier est conclu : la tâche s'arrête là."""

    #: Robot Framework ends a task by it, whatever TRY is around: it is not an error.
    ROBOT_SKIP_EXECUTION = True


class SuiteStuck(ApplicationException):
    """La suite ne s'arrête pas : son processus est arrêté."""


class NotDeclared(GlrError):
    """La suite appelle un mot-clé que le scénario n'a pas vu."""

    def __init__(self, keyword: str) -> None:
        super().__init__(
            f"« {keyword} » : la tâche ne l'appelle pas en toutes lettres, il n'a donc pas été contrôlé avec le scénario. "
            "L'appeler par son nom."
        )


class EntryForAnother(GlrError):
    """La suite veut saisir pour autre chose que le dossier."""

    def __init__(self, keyword: str, argument: str) -> None:
        super().__init__(
            f"« {keyword} » : « {argument} » n'est pas celui que le scénario donne sous enters. Rien n'a été saisi."
        )


class BadResult(GlrError):
    """Le résultat de la tâche ne convient pas."""

    def __init__(self, task: str, fields: str) -> None:
        super().__init__(f"Tâche « {task} », Set Result : {fields} : absent, ou d'un autre type que ne dit result.")


class NothingConcluded(GlrError):
    """La tâche s'est terminée sans saisie, sans fin et sans contrôle en échec."""


class OutsideNotTried(GlrError):
    """La suite peut agir par elle-même : elle ne s'essaie pas sans acte."""

    def __init__(self, libraries: Sequence[str]) -> None:
        names = ", ".join(f"« {each} »" for each in libraries)
        super().__init__(
            f"La suite emploie {names}, hors de la garantie : elle agirait vraiment. Elle ne s'essaie pas sans acte, et ne se "
            "rejoue pas."
        )


class MainThread(Protocol):
    """Robot Framework, in the main thread of this process."""

    async def run(self, task: SuiteTask, variables: Mapping[str, object], case: SuiteCase) -> Exception | None:
        """Run a task to its end; returns what made it fail. Cancelled, it ends the task first."""


#: Makes one entry: the protocol; another in a dry run.
Enter = Callable[[Attempt, DueEntry], Awaitable[Outcome]]


@dataclass
class SuiteCase:
    """The case in hand, as the libraries of a suite reach it."""

    attempt: Attempt
    step: Step
    task: SuiteTask
    enter: Enter
    events: SuiteEvents
    #: False where nothing is written anywhere.
    keeps: bool = True
    #: What ``Set Result`` gave.
    result: dict[str, object] = field(default_factory=dict)
    failed: Failures = field(default_factory=list)
    #: How the case ends, once that is known; nothing more is read or entered then.
    outcome: Outcome | None = None
    #: The entry that was made.
    entered: Outcome | None = None

    def stop(self) -> None:
        """Let the task do nothing more: its time is over."""
        self.outcome = Failed(error=TooSlow())

    async def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword of the house for the suite."""
        async with self.events.keyword(keyword.name, keyword.kind.value):
            return await self._called(keyword, arguments)

    def say(self, word: str, *values: Any) -> object:  # noqa: ANN401 - of the word
        """Do what a word of the library of the case asks: nothing here waits, so it is done in the thread that asks."""
        words: Mapping[str, Callable[..., object]] = {
            "set_result": self._set_result,
            "planned": self._planned,
            "control": self._control,
            "rules_at": self._rules_at,
            "end_case": self._end_case,
        }
        if self.outcome is not None:
            raise CaseConcluded
        return words[word](*values)

    async def _called(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        if self.outcome is not None:
            raise CaseConcluded
        if keyword.name not in self.task.keywords:
            raise NotDeclared(keyword.name)
        if keyword.kind in {Kind.COMPUTE, Kind.ENTER} and self.failed:
            self._conclude(controls_outcome(self.failed))
        if keyword.kind is Kind.ENTER:
            return await self._enter(keyword, arguments)
        return await self.attempt.reading(self.step.id, keyword, arguments)

    async def _enter(self, keyword: Keyword, arguments: Mapping[str, object]) -> str:
        entry = self.step.enters.get(keyword.name)
        if entry is None:
            raise NotDeclared(keyword.name)
        self.attempt.names[ENTRY] = SimpleNamespace(**arguments)
        for name, value in entry.given(self.attempt.names).items():
            if arguments.get(name) != value:
                raise EntryForAnother(keyword.name, name)
        due = self._reach(DueEntry(step=entry, names=dict(self.attempt.names), by_suite=True))
        if self.keeps and len(self.step.enters) > 1:  # the next session reads what was known before the first of them
            await self._keep()
        try:
            outcome = await self.enter(self.attempt, due)
        except RobotsStopped as stopped:  # whatever TRY is around
            outcome = Failed(error=stopped)
        if not isinstance(outcome, Done):
            self._conclude(outcome)
        self.entered = outcome
        return outcome.name if isinstance(outcome, Done) else ""

    def _reach(self, due: DueEntry) -> DueEntry:
        """Note an entry; asked for once more, around a retry of the suite, it is the same one."""
        before = [one for one in self.attempt.reached if one.effect_key != due.effect_key]
        self.attempt.reached = [*before, due]
        return due

    async def _keep(self) -> None:
        attempt = self.attempt
        attempt.recorded = with_stage(attempt.recorded, attempt.stage, recorded(attempt, None, attempt.reached))
        await keep_findings(attempt)

    def _conclude(self, outcome: Outcome) -> None:
        self.outcome = outcome
        raise CaseConcluded

    # --- the library of the case ---------------------------------------------------------------------------------------

    def _set_result(self, values: Mapping[str, object]) -> None:
        self.result |= values

    def _planned(self, values: Mapping[str, object]) -> None:
        self.attempt.names[ENTRY] = SimpleNamespace(**values)

    def _control(self, code: str, conditions: Sequence[str], severity: str, names: Mapping[str, object]) -> None:
        known = self.attempt.bench.scenario.codes.get(code)
        if known is None:
            raise NotDeclared(code)
        condition, used = _condition(code, tuple(conditions))
        control = Control(code=code, condition=condition, severity=Severity(severity or known.severity))
        seen = {name: names[name] for name in used if name in names}
        failed = self.attempt.failed_control(self.step.id, control, seen)
        if failed is None:
            return
        self.failed.append((control.severity, failed))
        if control.severity is Severity.STOP:
            self._conclude(controls_outcome(self.failed))

    def _rules_at(self, day: date) -> Rulebook:
        return Rulebook(packs=self.attempt.bench.scenario.rules, day=lambda: day)

    def _end_case(self, name: str) -> None:
        self._conclude(controls_outcome(self.failed) if self.failed else Done(name=name))


@cache
def _condition(code: str, conditions: tuple[str, ...]) -> tuple[Expression, frozenset[str]]:
    """Return a condition and the names that it uses."""
    place = f"Control {code}"
    each = [Expression(text=text, place=place, line=0, tree=parse(text)) for text in conditions]
    found = Expression.all_of(each)
    return found, names_in(found.tree)


@dataclass(frozen=True, kw_only=True)
class SuiteRunner:
    """Runs the tasks of a session's attempts in its main thread."""

    robot: MainThread
    enter: Enter
    #: True where nothing may be done nor written: a dry run, a replay.
    trial: bool = False

    async def run(self, attempt: Attempt, step: Step, task: SuiteTask) -> TaskDone:
        """Run the task of a step; raises what its keywords raised, in the meaning they gave it."""
        if self.trial and task.outside:
            raise OutsideNotTried(task.outside)
        async with SuiteEvents.of(attempt, step, written_down=not self.trial) as events:
            case = SuiteCase(
                attempt=attempt, step=step, task=task, enter=self.enter, events=events, keeps=not self.trial
            )
            for library in task.outside:
                _tell_outside(attempt, step, library)
            variables = step.given(attempt.names)
            error = await self.robot.run(task, variables, case)
        if case.outcome is None and error is not None:
            raise error
        result = None if case.outcome is not None else _result(task, case)
        return TaskDone(result=result, failed=case.failed, outcome=case.outcome or _left(step, case))


def _left(step: Step, case: SuiteCase) -> Outcome | None:
    """What a task that passed leaves: its entry, or its failed controls; a task that may enter must conclude."""
    if case.entered is not None or not step.enters:
        return case.entered
    if case.failed:
        return controls_outcome(case.failed)
    raise NothingConcluded


def _result(task: SuiteTask, case: SuiteCase) -> object:
    if task.result is None:
        return None
    try:
        return task.result.model_validate(case.result)
    except ValidationError as error:  # its text quotes values
        fields = ", ".join(sorted({str(each["loc"][0]) for each in error.errors(include_input=False) if each["loc"]}))
        raise BadResult(task.task, fields) from None


def _tell_outside(attempt: Attempt, step: Step, library: str) -> None:
    text = f"{library} : ni relecture, ni protocole de saisie"
    attempt.findings.append(Finding(step=step.id, label="HORS GARANTIE", value=text, mask=text, ok=False))
