"""A compiled scenario: what the engine runs. Everything in it has been checked when the file was loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal, get_args

from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.open_amounts import OpenAmount
from orchestrator.domain.rules import Rulebook, RulePack
from orchestrator.domain.sources import ApiSource, BadRows, CasesSource, FileSource
from orchestrator.language.case_model import CaseModel
from orchestrator.language.expressions import Expression
from orchestrator.language.staged import RetryRule, Staged
from orchestrator.language.suites import SuiteTask
from orchestrator.language.templates import Template, Value
from orchestrator.language.version import Version
from orchestrator.language.wakes import Wakes


class Severity(StrEnum):
    """What a failed control does."""

    #: The robot goes on reading, then stops before the first ``compute`` or ``enter``.
    BLOCK = "block"
    #: Nothing further makes sense: no other control is evaluated.
    STOP = "stop"
    #: It may pass later by itself: tried again, then a person.
    RETRY = "retry"
    #: Shown, and nothing else.
    WARN = "warn"


class Mode(StrEnum):
    """How far a scenario goes."""

    #: Written, not yet run.
    DRAFT = "draft"
    #: Everything but the act.
    SHADOW = "shadow"
    #: For real.
    LIVE = "live"


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """``run`` in expressions."""

    #: The civil date of the run, Europe/Paris, fixed when the delivery is loaded.
    date: date


@dataclass(frozen=True, kw_only=True)
class ExtractSource:
    """Rows that a keyword reads in an application."""

    #: The keyword; it returns a list.
    keyword: Keyword
    #: Its arguments: constants, parameters and the date of the run.
    arguments: Mapping[str, Value]
    #: The part of a row that each field is, by field.
    parts: Mapping[str, str]
    #: What a bad row does to the delivery.
    bad_rows: BadRows

    @property
    def open_amounts(self) -> bool:
        """Are its rows money that is still open in the application?"""
        (row,) = get_args(self.keyword.returns) or (object,)
        return isinstance(row, type) and issubclass(row, OpenAmount)


Source = FileSource | ExtractSource | ApiSource | CasesSource


@dataclass(frozen=True, kw_only=True)
class Control:
    """A condition that must hold."""

    #: Its code, e.g. ``C-05``.
    code: str
    #: The condition; False is a failure.
    condition: Expression
    #: Of the code, unless the control says otherwise (a code may stop for one cause and block for another).
    severity: Severity


@dataclass(frozen=True, kw_only=True)
class ApprovalRule:
    """When a second person must agree before the entry."""

    #: The condition.
    when: Expression
    #: The roles that may approve.
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a scenario."""

    #: Its name: the name of its result in expressions.
    id: str
    #: What it may do to an application.
    kind: Kind
    #: The keyword it calls.
    keyword: Keyword
    #: The arguments handed to the keyword, by name.
    arguments: Mapping[str, Value]
    #: In the order of the file; a code may occur more than once.
    controls: tuple[Control, ...]
    #: Ends of the case by name: the first whose condition holds ends it.
    ends: Mapping[str, Expression]
    #: Which date chooses the rules from this step on, when given.
    rules_at: Expression | None
    #: The step is skipped when False.
    when: Expression | None
    #: The business identity of the effect (``enter`` only).
    effect_key: Template | None
    #: Whether a second person must agree (``enter`` only).
    approval: ApprovalRule | None
    #: Reading steps run again, with their controls, just before the look-up of the entry (``enter`` only, ADR 0004).
    reread: tuple[str, ...]
    #: Line of the step in the file.
    line: int
    #: At which later step the case goes on after its date (``wait`` only).
    then: str = ""
    #: The task of a suite that is run, when the step is one (``robot``).
    task: SuiteTask | None = None
    #: The entries that the task may make, by keyword (``robot`` only); each is a step of its own for the entry protocol.
    enters: Mapping[str, Step] = field(default_factory=dict)

    @property
    def uses(self) -> tuple[Keyword, ...]:
        """The keywords of the house that it may call."""
        return (self.keyword,) if self.task is None else tuple(self.task.keywords.values())

    @property
    def entries(self) -> tuple[Step, ...]:
        """The entries that it may make."""
        return (self,) if self.keyword.entry is not None else tuple(self.enters.values())

    @property
    def calls(self) -> tuple[Step, ...]:
        """The calls of keywords that it makes: itself."""
        return (self,)

    def given(self, names: Mapping[str, object], *wanted: str) -> dict[str, object]:
        """Return its arguments among what is known: all, or those that are wanted."""
        return {name: self.arguments[name].evaluate(names) for name in wanted or self.arguments}


@dataclass(frozen=True, kw_only=True)
class ForEach:
    """Steps repeated for each item of a list; its result is a list with, for each item, what they gave."""

    #: Its name: the name of its result in expressions.
    id: str
    #: The list.
    over: Expression
    #: The name of the item in the nested steps.
    item: str
    #: The nested steps, in order.
    steps: tuple[Step, ...]
    #: In the order of the file, evaluated once all items are done.
    controls: tuple[Control, ...]
    #: Ends of the case by name, evaluated then.
    ends: Mapping[str, Expression]
    #: Which date chooses the rules after it, when given.
    rules_at: Expression | None
    #: All is skipped when False.
    when: Expression | None
    #: Line of the step in the file.
    line: int
    #: What takes back the entry of each entering step, by its id, when all or none of them are made (``together``).
    undo: Mapping[str, Step] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[Step, ...]:
        """The calls of keywords that it makes, once for each item."""
        return self.steps

    @property
    def then(self) -> str:
        """Nothing: it never waits."""
        return ""


AnyStep = Step | ForEach


@dataclass(frozen=True, kw_only=True)
class ScheduleEntry:
    """One way in which the scenario starts by itself."""

    #: Civil time Europe/Paris, ``06:30``.
    at: str
    #: ``business``, ``all``, or names of days (``monday`` …).
    days: Literal["business", "all"] | tuple[str, ...]
    #: Whose holidays are not business days.
    calendar: str
    #: What to do on the night when this civil time does not exist: start at the first that does, or not at all.
    missing: Literal["run after", "skip"]
    #: Which of the two, on the night when an hour comes twice.
    repeated: Literal["first", "second"]


class ClosingMoment(StrEnum):
    """What a run waits for before it closes itself (ADR 23)."""

    #: No case is in the robots' hands any more; what is with a person stays there, and the bordereau says so.
    ROBOTS_DONE = "robots done"
    #: No case is with a person either.
    ALL_SETTLED = "all settled"
    #: ``glr close`` alone.
    BY_HAND = "by hand"


@dataclass(frozen=True, kw_only=True)
class ClosingRule:
    """When a run closes itself."""

    #: What it waits for.
    when: ClosingMoment = ClosingMoment.ROBOTS_DONE
    #: Only at this time of day, the first that comes after; None: at once.
    at: ScheduleEntry | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the robot may not exceed (C-14)."""

    #: Robot sessions at the same time.
    parallel: int
    #: Ceilings; None when there is none.
    per_case: Euros | None
    per_run: Euros | None
    per_day: Euros | None
    #: How many cases a new version does before a person looks: those of each stage; then the rest.
    ramp: tuple[int, ...] = ()
    #: Percent of application incidents among the last attempts beyond which nothing more is begun; None: no such stop.
    incidents: int | None = None


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a code of exception means to people."""

    #: In French.
    title: str
    #: What a control of this code does when it fails.
    severity: Severity
    #: The basket in which such exceptions are put.
    queue: str
    #: What an agent may decide: ``correct``, ``by_hand``, ``reject``, ``hand_over``.
    agent_may: tuple[str, ...]
    #: When its control is evaluated again (severity ``retry``); None for the engine's own policy of seconds.
    retry: RetryRule | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario, checked and ready to run."""

    #: Its name, that of its file.
    name: str
    #: In French.
    title: str
    #: Who wrote it.
    author: str
    #: For which caisse it is loaded (its own values apply).
    caisse: str
    #: Which robot runs it.
    robot: str
    #: How far it goes.
    mode: Mode
    #: Typed values by name, the caisse's own included.
    parameters: Mapping[str, object]
    #: Rule packs by name.
    rules: Mapping[str, RulePack]
    #: What a case is made of.
    case: CaseModel
    #: Where cases come from.
    sources: tuple[Source, ...]
    #: In order.
    steps: tuple[AnyStep, ...]
    #: When it starts by itself.
    schedule: tuple[ScheduleEntry, ...]
    #: When its runs close themselves.
    closing: ClosingRule
    #: Ceilings.
    limits: Limits
    #: The basket of exceptions, unless their code says otherwise.
    queue: str
    #: Codes of exception.
    codes: Mapping[str, Code]
    #: Baskets that codes name and every agent sees: urgent, not sensitive.
    open_queues: tuple[str, ...]
    #: Higher first: a number.
    priority: Staged
    #: When a case should be settled: a date or a delay (:class:`Due`); None when it does not say.
    due: Staged | None
    #: What exactly this is: its hash, and the texts to run it again.
    version: Version
    #: Where it was read.
    path: Path
    #: What goes on once its entry is made; None when nothing waits for it.
    wakes: Wakes | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names of the files that it expects."""
        return tuple(source.pattern for source in self.sources if isinstance(source, FileSource))

    @property
    def follows_open_amounts(self) -> bool:
        """Is each of its cases a row of a list of money that is still open in an application, where it enters what closes it?

        One that only tells others of it (a letter) reads the same list and follows nothing.
        """
        of_money = (each for each in self.sources if isinstance(each, ExtractSource) and each.open_amounts)
        lists = [source.keyword.application for source in of_money]
        whole = len(lists) == len(self.sources) and self.case.rows is None
        return whole and not {entry.keyword.application for entry in self.entries}.isdisjoint(lists)

    def restricted(self, queue: str) -> bool:
        """Say whether a basket is one of sensitive cases: those that codes name beside the scenario's own, unless opened."""
        own = {code.queue for code in self.codes.values()}
        return queue in own and queue != self.queue and queue not in self.open_queues

    @property
    def hash(self) -> str:
        """SHA-256 of all that decides: scenario, the caisse's values, rule packs, screens, declarations of the keywords."""
        return self.version.hash

    def place(self, identifier: str) -> int:
        """Return where a step stands in the order of the file, from 0."""
        return next(place for place, step in enumerate(self.steps) if step.id == identifier)

    @property
    def calls(self) -> tuple[Step, ...]:
        """Every call of a keyword, nested ones included, in order."""
        return tuple(call for step in self.steps for call in step.calls)

    @property
    def applications(self) -> frozenset[str]:
        """Where its cases are worked: every application and generic library of its steps."""
        used = [*(keyword for call in self.calls for keyword in call.uses), *(entry.keyword for entry in self.entries)]
        return frozenset(keyword.application for keyword in used if keyword.kind is not Kind.COMPUTE)

    @property
    def entries(self) -> tuple[Step, ...]:
        """The entries that it may make, in order, those of suites and repeated ones included."""
        return tuple(entry for call in self.calls for entry in call.entries)

    @property
    def outside(self) -> tuple[str, ...]:
        """The libraries of its suites that may act outside the guarantee."""
        return tuple(dict.fromkeys(name for call in self.calls if call.task for name in call.task.outside))

    def step(self, identifier: str) -> Step:
        """Return a call by its id."""
        return next(call for call in self.calls if call.id == identifier)

    def rulebook(self, step: AnyStep, names: Mapping[str, object]) -> Rulebook:
        """Return ``rules`` as the controls of a step see them: bound to the last ``rules_at`` up to that step.

        The arguments of that step, evaluated before its result is in ``names``, see the one before. The date is
        evaluated only when a rule is read, so that a step whose result is missing can still say why.
        """
        reached = self._before(step) + ((step,) if step.id in names else ())
        dated = [known.rules_at for known in reached if known.rules_at is not None]
        return Rulebook(packs=self.rules, day=lambda: dated[-1].as_date(names))

    def _before(self, step: AnyStep) -> tuple[AnyStep, ...]:
        """Return the steps before one: for a nested step also those of its item, and nothing of other loops."""
        for place, known in enumerate(self.steps):
            if known is step:
                return self.steps[:place]
            if step in known.calls:
                nested = known.calls.index(step)
                return (*self.steps[:place], *known.calls[:nested])
        raise ValueError(step.id)

    def code_of(self, code: str) -> Code | None:
        """Return what a code means, or None for one that the scenario does not title (an application incident)."""
        return self.codes.get(code)
