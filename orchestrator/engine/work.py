"""One attempt at a case: the steps of its scenario, in order, until an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.domain.cases import Again, Controls, Done, FailedControl, Outcome, Waits
from orchestrator.domain.civil import Clock, SystemClock, opening, paris_date
from orchestrator.domain.errors import BusinessException, GlrError, SessionExpired, TooSlow
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Workshop
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.reading import ReadingOnly
from orchestrator.engine.findings import Finding, findings_of
from orchestrator.engine.lease import Lease
from orchestrator.language.faults import ExpressionError
from orchestrator.language.model import Control, Mode, RunInfo, Scenario, Severity, Step
from orchestrator.language.suites import SuiteTask
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: Longest time for one call of a keyword, seconds: a hung page ends the attempt, not the session.
STEP_LIMIT = 60.0


#: Gives what a keyword answered to these arguments before; None when it is not known.
Memory = Callable[[Keyword, Mapping[str, object]], Any]


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A case in hand."""

    id: UUID
    reference: str
    run: UUID
    attempt: int
    lease: Lease
    data_key: bytes
    fields: Mapping[str, object]
    run_date: date
    #: What a person asked of the robot, if anything.
    instruction: Mapping[str, Any] = field(default_factory=dict)
    #: For what it has waited already: the date by waiting step.
    waited: Mapping[str, date] = field(default_factory=dict)
    #: What its last attempt left, sealed; None before the first.
    findings: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """What a task of a suite made of a case."""

    #: What it gave back.
    result: object
    failed: list[tuple[Control, FailedControl]]
    #: How the case ends, when the task says so.
    outcome: Outcome | None


class Suites(Protocol):
    """What runs the tasks of suites for the attempts of a session."""

    async def run(self, attempt: Attempt, step: Step, task: SuiteTask) -> TaskDone:
        """Run the task of a step."""


class NoSuites(GlrError):
    """Une suite ne s'exécute que dans une session de robot, ou par « glr robot run » : pas ici."""


@dataclass
class Workbench:
    """Everything an attempt may use; one per robot session."""

    scenario: Scenario
    keywords: Mapping[str, Keyword]
    desks: Mapping[str, WebDesk]
    database: Database
    vault: Vault
    evidence: Path
    #: The robot's declared name, as author of what it enters.
    robot: str
    #: Says which day it is.
    clock: Clock = field(default_factory=SystemClock)
    #: Where generic libraries work; None where none may (replay).
    workshop: Workshop | None = None
    #: The desk that was touched last, for the capture.
    last_desk: WebDesk | None = None
    #: Runs suites; None where the process cannot.
    suites: Suites | None = None

    @property
    def actor(self) -> str:
        """How the audit log names this robot."""
        return f"robot:{self.robot}"

    @property
    def today(self) -> date:
        """The civil date in Europe/Paris, now."""
        return paris_date(self.clock.now())

    async def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        """Call a keyword on its application's desk; an expired session is renewed once, since reading may be repeated."""
        if keyword.kind is Kind.COMPUTE:
            return keyword.function(**arguments)
        if keyword.at_workshop:
            return await self._at_workshop(keyword, arguments)
        desk = self.last_desk = self.desks[keyword.application]
        try:
            async with asyncio.timeout(STEP_LIMIT):
                return await self._at_desk(desk, keyword, arguments)
        except TimeoutError:
            raise TooSlow from None

    async def _at_workshop(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401
        try:
            async with asyncio.timeout(STEP_LIMIT):
                return await keyword.function(self.workshop, **arguments)
        except TimeoutError:
            raise TooSlow from None

    async def _at_desk(self, desk: WebDesk, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401
        acting = keyword.kind is Kind.ENTER and self.scenario.mode is Mode.LIVE
        given = desk if acting else ReadingOnly(desk)
        try:
            return await keyword.function(given, **arguments)
        except SessionExpired:
            await desk.log_in_again()
            return await keyword.function(given, **arguments)


class Attempt:
    """Runs the steps of one case and remembers what was seen on the way."""

    def __init__(self, bench: Workbench, case: Claimed) -> None:
        self.bench = bench
        self.case = case
        self.findings: list[Finding] = []
        #: Every reading in order: the keyword, what it was asked, what it answered.
        self.readings: list[tuple[Keyword, Mapping[str, object], object]] = []
        #: What replay needs of the attempt, once the steps have concluded.
        self.recorded: Mapping[str, Any] | None = None
        #: The step that comes next, and the end that an entry made before it has given.
        self.place = 0
        self.end = Done(name="done")
        #: How many entries of the case are proven: what is read from then on is recorded apart.
        self.stage = 0
        #: What answers instead of the desks while an attempt goes on from an earlier one; None: the desks alone.
        self.memory: Memory | None = None
        #: How a suite that only reads ended the case.
        self._ended: Outcome | None = None
        #: The entry that a suite has asked for.
        self.reached: Step | None = None
        self.names: dict[str, object] = {
            **bench.scenario.parameters,
            **case.fields,
            "run": RunInfo(date=case.run_date),
        }

    async def steps(self) -> tuple[Outcome | None, Step | None]:
        """Read, compute and decide; return an outcome, or the entry that comes next.

        Called again once that entry is made, it goes on after it.
        """
        failed: list[tuple[Control, FailedControl]] = []
        while (step := self.next_step()) is not None:
            if step.kind in {Kind.COMPUTE, Kind.ENTER} and failed:
                break
            if not self.applies(step):
                continue
            if step.kind is Kind.ENTER:
                return None, step
            if step.then:
                waits = self.wait(step)
                if waits is not None:
                    return waits, None
                continue
            failed += await self.read(step)
            if any(control.severity is Severity.STOP for control, _ in failed):
                break
            end = self._ended or (None if failed else self._end(step))
            if end is not None:
                return end, None
        return (controls_outcome(failed, self.again(failed)) if failed else self.end), None

    def again(self, failed: Sequence[tuple[Control, FailedControl]]) -> Again | None:
        """Return when failed controls are evaluated again, as their codes say: the latest day, the fewest tries."""
        codes = self.bench.scenario.codes
        said = [rule for control, _ in failed if (rule := codes[control.code].retry) is not None]
        if not said:
            return None
        day = max(rule.every.after(self.bench.today) for rule in said)
        return Again(at=opening(day), tries=min(rule.times for rule in said))

    def next_step(self) -> Step | None:
        """Return the step that comes next and pass it; None at the end."""
        steps = self.bench.scenario.steps
        self.place += 1
        return steps[self.place - 1] if self.place <= len(steps) else None

    def entered(self, entry: Step, end: Done) -> None:
        """Go on after an entry that is proven; without a further one the case ends like this."""
        self.place, self.end = self.bench.scenario.place(entry.id) + 1, end
        self.stage += 1
        self.readings = []

    def applies(self, step: Step) -> bool:
        """Bind the rules of a step, and say whether it is taken at all (``when``)."""
        self._bind_rules(step)
        return step.when is None or step.when.holds(self.names)

    def wait(self, step: Step) -> Waits | None:
        """Wait for the date of a waiting step; None when it has come: the case goes on at the step that it names."""
        waited = self.case.waited.get(step.id)
        until = waited or step.arguments["until"].evaluate({**self.names, "today": self.bench.today})
        if not isinstance(until, date):
            raise TypeError(f"{step.id} : une date est attendue")
        if waited is None and until > self.bench.today:
            return Waits(step=step.id, until=until)
        self.names[step.id] = until
        self.place = self.bench.scenario.place(step.then)
        return None

    async def read(self, step: Step) -> list[tuple[Control, FailedControl]]:
        """Run one reading or computing step and return its failed controls, all of them."""
        failed = await self.learn(step)
        return failed if self._ended is not None else failed + self._failed_controls(step)

    async def learn(self, step: Step) -> list[tuple[Control, FailedControl]]:
        """Run one reading or computing step: its result is known from here on; returns what failed inside a suite."""
        failed: list[tuple[Control, FailedControl]] = []
        if step.task is None:
            result = await self.reading(step.id, step.keyword, self.arguments(step))
        else:
            done = await self.run_task(step, step.task)
            result, failed, self._ended = done.result, done.failed, done.outcome
        self.names[step.id] = result
        self._bind_rules(step)
        return failed

    async def run_task(self, step: Step, task: SuiteTask) -> TaskDone:
        """Run the task of a suite; raises :class:`NoSuites` where this process cannot."""
        if self.bench.suites is None:
            raise NoSuites
        return await self.bench.suites.run(self, step, task)

    async def reading(self, step: str, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword that reads or computes, and remember what it gave."""
        result = await self._ask(keyword, arguments)
        if keyword.kind is not Kind.COMPUTE:
            self.readings.append((keyword, arguments, result))
        self.findings += findings_of(step, result)
        return result

    async def _ask(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        known = self.memory(keyword, arguments) if self.memory is not None else None
        return known if known is not None else await self.bench.call(keyword, arguments)

    def _bind_rules(self, step: Step) -> None:
        """Let ``rules`` be those of the date that this step gives, which its own result may decide."""
        self.names["rules"] = self.bench.scenario.rulebook(step, self.names)

    def arguments(self, step: Step) -> dict[str, object]:
        """Return the arguments of a step among what is known so far."""
        return {name: value.evaluate(self.names) for name, value in step.arguments.items()}

    @property
    def amount(self) -> Euros | None:
        """What would be entered, as far as it is known; None before it was computed."""
        for entry in self.bench.scenario.entries:
            if entry.keyword.entry is not None:
                try:
                    found = entry.arguments[entry.keyword.entry.amount].evaluate(self.names)
                except ExpressionError:
                    return None
                return found if isinstance(found, Euros) else None
        return None

    def _failed_controls(self, step: Step) -> list[tuple[Control, FailedControl]]:
        failed = []
        for control in step.controls:
            found = self.failed_control(step.id, control, self.names)
            if found is not None:
                failed.append((control, found))
                if control.severity is Severity.STOP:
                    break
        return failed

    def failed_control(self, step: str, control: Control, names: Mapping[str, object]) -> FailedControl | None:
        """Evaluate a control and show its failure; returns it unless it only warns."""
        if self._holds(control, names):
            return None
        title = self.bench.scenario.codes[control.code].title
        label = f"{control.code} {title}"
        self.findings.append(Finding(step=step, label=label, value="non", mask="non", ok=False))
        return None if control.severity is Severity.WARN else FailedControl(code=control.code, step=step, title=title)

    def _holds(self, control: Control, names: Mapping[str, object]) -> bool:
        try:
            return control.condition.holds(names)
        except BusinessException as error:
            if error.code == control.code:  # a rule without a row, asked by the very control that speaks of it
                return False
            if error.code == "C-15":  # said once, by its own control
                return True
            raise

    def _end(self, step: Step) -> Done | None:
        return next((Done(name=name) for name, when in step.ends.items() if when.holds(self.names)), None)


def controls_outcome(failed: list[tuple[Control, FailedControl]], again: Again | None = None) -> Controls:
    """Return the outcome of failed controls, each code once; it is tried again only if all of them may pass by themselves."""
    unique = {control.code: item for control, item in reversed(failed)}
    ordered = [item for _, item in failed if unique[item.code] is item]
    retry = all(control.severity is Severity.RETRY for control, _ in failed)
    return Controls(failed=tuple(ordered), retry=retry, again=again if retry else None)
