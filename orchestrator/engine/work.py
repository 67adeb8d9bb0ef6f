"""One attempt at a case: the steps of its scenario, in order, until an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from orchestrator.domain.cases import Again, Done, FailedControl, Outcome, Waits
from orchestrator.domain.civil import Clock, SystemClock, opening, paris_date
from orchestrator.domain.errors import BusinessException, GlrError, SessionExpired, TooSlow
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Workshop
from orchestrator.drivers.act_count import ActMeter
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.reading import ReadingOnly, entering
from orchestrator.engine.claimed import Claimed
from orchestrator.engine.due import DueEntry, each, foreseen, result_of, total
from orchestrator.engine.failures import Failures, acts, controls_outcome, is_over, refused
from orchestrator.engine.findings import Finding, findings_of, of_item
from orchestrator.language.items import Item, line_of
from orchestrator.language.model import AnyStep, Control, ForEach, Mode, RunInfo, Scenario, Severity, Step
from orchestrator.language.suites import SuiteTask
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: Longest time for one call of a keyword, seconds: a hung page ends the attempt, not the session.
STEP_LIMIT = 60.0


#: Gives what a keyword answered to these arguments before; None when it is not known.
Memory = Callable[[Keyword, Mapping[str, object]], Any]


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """What a task of a suite made of a case."""

    #: What it gave back.
    result: object
    failed: Failures
    #: How the case ends, when the task says so.
    outcome: Outcome | None


class Suites(Protocol):
    """What runs the tasks of suites for the attempts of a session."""

    async def run(self, attempt: Attempt, step: Step, task: SuiteTask) -> TaskDone:
        """Run the task of a step."""


class NoSuites(GlrError):
    """Une suite s'exécute dans une session de robot, ou par « glr dry-run », « glr replay » et « glr robot run » : pas ici."""


@dataclass
class Workbench:
    """Everything an attempt may use; one per robot session."""

    scenario: Scenario
    keywords: Mapping[str, Keyword]
    desks: Mapping[str, AnyDesk]
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
    last_desk: AnyDesk | None = None
    #: Runs suites; None where the process cannot.
    suites: Suites | None = None
    #: The applications that were touched since the case in hand was taken.
    touched: set[str] = field(default_factory=set)

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
        self.touched.add(keyword.application)
        try:
            async with asyncio.timeout(STEP_LIMIT):
                return await self._at_desk(desk, keyword, arguments)
        except TimeoutError:
            raise TooSlow from None

    async def _at_workshop(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401
        try:
            async with asyncio.timeout(STEP_LIMIT):
                given = entering(self.workshop) if keyword.kind is Kind.ENTER else self.workshop
                return await keyword.function(given, **arguments)
        except TimeoutError:
            raise TooSlow from None

    async def _at_desk(self, desk: AnyDesk, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401
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
        #: What the desks count of acts from now on.
        self.acts = ActMeter([desk.acts for desk in bench.desks.values()])
        #: The application whose failure ended it; None when none failed.
        self.failed_in: str | None = None
        self.findings: list[Finding] = []
        #: Every reading in order: the keyword, what it was asked, what it answered.
        self.readings: list[tuple[Keyword, Mapping[str, object], object]] = []
        #: What replay needs of the attempt, once the steps have concluded.
        self.recorded: Mapping[str, Any] | None = None
        #: The step that comes next, and the end that an entry made before it has given.
        self.place = 0
        self.end = Done(name="done")
        #: How many times entries of the case were made and proven: what is read from then on is recorded apart.
        self.stage = 0
        #: True while what was known when entries were made is known again: what guarded them is not judged again.
        self.trusting = False
        #: What answers instead of the desks while an attempt goes on from an earlier one; None: the desks alone.
        self.memory: Memory | None = None
        #: How a suite that only reads ended the case.
        self._ended: Outcome | None = None
        #: The suite that concludes the case, once it comes next: it asks for its entries itself.
        self.suite: Step | None = None
        #: The entries that a suite has asked for, in order.
        self.reached: list[DueEntry] = []
        #: Events of the suite that concludes the case, to be written with what is decided of it.
        self.told: list[dict[str, Any]] = []
        self.names: dict[str, object] = {
            **bench.scenario.parameters,
            **case.fields,
            "run": RunInfo(date=case.run_date),
        }

    async def steps(self) -> tuple[Outcome | None, list[DueEntry]]:
        """Read, compute and decide; return an outcome, or the entries that come next: none when a suite asks for them.

        Called again once those are made, it goes on after them.
        """
        failed: Failures = []
        due: list[DueEntry] = []
        while (step := self._next_step(due)) is not None:
            if failed and acts(step):
                break
            if not self._applies(step):
                continue
            over: Outcome | None = None
            if isinstance(step, ForEach) or (step.kind is not Kind.ENTER and not step.then):
                failed += await self._one(step, due, failing=bool(failed))
                if is_over(step, failed):
                    break
                over = self._ended or (None if failed else self._end(step))
            elif step.then:
                over = self._wait(step)
            elif step.task is not None:
                self.suite = step
            else:
                due.append(DueEntry(step=step, names=self.names))
            if over is not None:
                return over, []
        if failed:
            return controls_outcome(failed, self.again(failed)), []
        return (None, due) if due or self.suite else (self.end, [])

    def again(self, failed: Failures) -> Again | None:
        """Return when failed controls are evaluated again, as their codes say: the latest day, the fewest tries."""
        found = [self.bench.scenario.codes.get(item.code) for _, item in failed]
        said = [code.retry for code in found if code is not None and code.retry is not None]
        if not said:
            return None
        day = max(rule.every.after(self.bench.today) for rule in said)
        return Again(at=opening(day), tries=min(rule.times for rule in said))

    def _next_step(self, due: list[DueEntry]) -> AnyStep | None:
        """Return the step that comes next and pass it; None at the end, and before what waits for entries."""
        steps = self.bench.scenario.steps
        if self.place >= len(steps) or (due and steps[self.place].then):
            return None
        self.place += 1
        return steps[self.place - 1]

    @property
    def follows(self) -> bool:
        """True when steps follow the entries that come next."""
        return self.place < len(self.bench.scenario.steps)

    def entered(self, end: Done) -> None:
        """Go on after entries that are proven; without a further one the case ends like this."""
        self.end = end
        self.stage += 1
        self.readings = []

    def _applies(self, step: AnyStep) -> bool:
        """Bind the rules of a step, and say whether it is taken at all (``when``)."""
        self._bind_rules(step, self.names)
        return step.when is None or step.when.holds(self.names)

    def _wait(self, step: Step) -> Waits | None:
        """Wait for the date of a waiting step; None when it has come: the case goes on at the step that it names."""
        waited = self.case.waited.get(step.id)
        until = waited or step.arguments["until"].evaluate({**self.names, "today": self.bench.today})
        if not isinstance(until, date):
            raise TypeError(f"{step.id} : une date est attendue")
        if waited is None and until > self.bench.today and not self.trusting:
            return Waits(step=step.id, until=until)
        self.names[step.id] = until
        self.place = self.bench.scenario.place(step.then)
        return None

    async def _one(self, step: AnyStep, due: list[DueEntry], *, failing: bool) -> Failures:
        if isinstance(step, Step):
            return await self.read(step, self.names)
        failed = await self._each(step, due, failing=failing)
        return failed or self._failed_controls(step, self.names)

    async def _each(self, loop: ForEach, due: list[DueEntry], *, failing: bool) -> Failures:
        """Run the nested steps for each item: what fails for one stops that one, and all of it is shown together."""
        failed: Failures = []
        results: list[Item] = []
        for item, label, names in list(each(loop, self.names)):
            found, entries = await self._item(loop, names, label, failing=failing)
            failed += found
            due += entries
            results.append(result_of(loop, item, names))
        self.names[loop.id] = results
        return failed

    async def _item(
        self, loop: ForEach, names: dict[str, object], label: str, *, failing: bool
    ) -> tuple[Failures, list[DueEntry]]:
        failed: Failures = []
        due: list[DueEntry] = []
        for step in loop.steps:
            if (failed or failing) and acts(step):
                break
            self._bind_rules(step, names)
            try:
                if step.when is not None and not step.when.holds(names):
                    continue
                if step.kind is Kind.ENTER:
                    line = line_of(names[loop.item])
                    due.append(DueEntry(step=step, names=names, item=label, line=line, loop=loop))
                    continue
                failed += await self.read(step, names, label)
            except BusinessException as error:  # said with those of the other items
                failed.append((Severity.BLOCK, refused(error, step, label)))
                break
            if any(severity is Severity.STOP for severity, _ in failed):
                break
        return failed, due

    async def read(self, step: Step, names: dict[str, object], item: str = "") -> Failures:
        """Run one reading or computing step and return its failed controls, all of them."""
        failed: Failures = []
        if step.task is None:
            result = await self.reading(step.id, step.keyword, step.given(names), item)
        else:
            result, failed = await self._of_suite(step, step.task)
        names[step.id] = result
        self._bind_rules(step, names)
        return failed if self._ended is not None else failed + self._failed_controls(step, names, item)

    async def _of_suite(self, step: Step, task: SuiteTask) -> tuple[object, Failures]:
        done = await self.run_task(step, task)
        if self.trusting:
            return done.result, []
        self._ended = done.outcome
        return done.result, done.failed

    async def run_task(self, step: Step, task: SuiteTask) -> TaskDone:
        """Run the task of a suite; raises :class:`NoSuites` where this process cannot."""
        if self.bench.suites is None:
            raise NoSuites
        return await self.bench.suites.run(self, step, task)

    async def reading(self, step: str, keyword: Keyword, arguments: Mapping[str, object], item: str = "") -> object:
        """Call a keyword that reads or computes, and remember what it gave."""
        result = await self._ask(keyword, arguments)
        if keyword.kind is not Kind.COMPUTE:
            self.readings.append((keyword, arguments, result))
        self.findings += [of_item(finding, item) for finding in findings_of(step, result)]
        return result

    async def _ask(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        known = self.memory(keyword, arguments) if self.memory is not None else None
        return known if known is not None else await self.bench.call(keyword, arguments)

    def _bind_rules(self, step: AnyStep, names: dict[str, object]) -> None:
        """Let ``rules`` be those of the date that this step gives, which its own result may decide."""
        names["rules"] = self.bench.scenario.rulebook(step, names)

    @property
    def amount(self) -> Euros | None:
        """What would be entered, as far as it is known; None before it was computed."""
        return total(self.due)

    @property
    def due(self) -> list[DueEntry]:
        """What the case may come to enter, by what is known so far."""
        return list(self.reached) or foreseen(self.bench.scenario, self.names)

    def _failed_controls(self, step: AnyStep, names: Mapping[str, object], item: str = "") -> Failures:
        failed: Failures = []
        for control in () if self.trusting else step.controls:
            found = self.failed_control(step.id, control, names, item)
            if found is not None:
                failed.append((control.severity, found))
                if control.severity is Severity.STOP:
                    break
        return failed

    def failed_control(
        self, step: str, control: Control, names: Mapping[str, object], item: str = ""
    ) -> FailedControl | None:
        """Evaluate a control and show its failure; returns it unless it only warns."""
        if self._holds(control, names):
            return None
        title = self.bench.scenario.codes[control.code].title
        seen = Finding(step=step, label=f"{control.code} {title}", value="non", mask="non", ok=False)
        self.findings.append(of_item(seen, item))
        warns = control.severity is Severity.WARN
        return None if warns else FailedControl(code=control.code, step=step, title=title, item=item)

    def _holds(self, control: Control, names: Mapping[str, object]) -> bool:
        try:
            return control.condition.holds(names)
        except BusinessException as error:
            if error.code == control.code:  # a rule without a row, asked by the very control that speaks of it
                return False
            if error.code == "C-15":  # said once, by its own control
                return True
            raise

    def _end(self, step: AnyStep) -> Done | None:
        ends = {} if self.trusting else step.ends
        return next((Done(name=name) for name, when in ends.items() if when.holds(self.names)), None)
