"""A compiled scenario: what the engine runs. Everything in it has been checked when the file was loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal, Self

from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.domain.money import Euros
from orchestrator.domain.rules import Rulebook, RulePack
from orchestrator.domain.sources import ApiSource, BadRows, FileSource
from orchestrator.language.business_days import add_business_days
from orchestrator.language.expressions import Expression
from orchestrator.language.faults import ExpressionError
from orchestrator.language.fields import Field
from orchestrator.language.suites import SuiteTask
from orchestrator.language.templates import Template, Value
from orchestrator.language.version import Version

#: Priorities are whole numbers from 0 to this.
HIGHEST_PRIORITY = 1000


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
class Due:
    """When a case should be settled."""

    #: How many days after the delivery.
    days: int
    #: True when only business days count.
    business: bool

    #: What 0 days are called.
    SAME_DAY: ClassVar[str] = "same day"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2 business days``, ``10 days`` or ``same day``; raises ``ValueError`` in French."""
        found = re.fullmatch(r"(\d{1,3}) (business )?days?", text, re.ASCII)
        if text != cls.SAME_DAY and not found:
            raise ValueError("délai attendu, comme « 2 business days », « 10 days » ou « same day »")
        return cls(days=int(found[1]) if found else 0, business=bool(found and found[2]))

    def after(self, day: date) -> date:
        """Return the day that this delay gives, counted from ``day``."""
        return add_business_days(day, self.days) if self.business else day + timedelta(days=self.days)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A value that is known when a delivery is loaded, and better once the steps have read more."""

    #: From the fields of a case, the date of the run and the day.
    at_load: Value
    #: The same and the results of steps; None when nothing better is said.
    after_steps: Value | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Every name that it may use."""
        return self.at_load.needs | (self.after_steps.needs if self.after_steps else frozenset())

    def evaluate(self, names: Mapping[str, object]) -> object:
        """Return the better value as soon as what it needs is known; raises ``ExpressionError`` when neither can be."""
        if self.after_steps is not None and self.after_steps.needs <= names.keys():
            try:
                return self.after_steps.evaluate(names)
            except (BusinessException, ExpressionError):  # what was read lacks something: what is known of the fields
                return self.at_load.evaluate(names)
        return self.at_load.evaluate(names)


@dataclass(frozen=True, kw_only=True)
class CaseModel:
    """What one case is made of."""

    #: Its key: identifiers only, unique in a delivery and among open cases.
    key: Template
    #: Its fields by name, in the order of the file.
    fields: Mapping[str, Field]


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


Source = FileSource | ExtractSource | ApiSource


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
class RetryRule:
    """How a control that may pass by itself is tried again over days."""

    #: How long after each try.
    every: Due
    #: Tries in all, the first included; then a person.
    times: int


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
    steps: tuple[Step, ...]
    #: When it starts by itself.
    schedule: tuple[ScheduleEntry, ...]
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

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names of the files that it expects."""
        return tuple(source.pattern for source in self.sources if isinstance(source, FileSource))

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

    def step(self, identifier: str) -> Step:
        """Return a step by its id."""
        return next(step for step in self.steps if step.id == identifier)

    @property
    def entries(self) -> tuple[Step, ...]:
        """The entries that it may make, in order, those of suites included."""
        return tuple(entry for step in self.steps for entry in step.entries)

    @property
    def outside(self) -> tuple[str, ...]:
        """The libraries of its suites that may act outside the guarantee."""
        return tuple(dict.fromkeys(name for step in self.steps if step.task for name in step.task.outside))

    def rulebook(self, step: Step, names: Mapping[str, object]) -> Rulebook:
        """Return ``rules`` as the controls of a step see them: bound to the last ``rules_at`` up to that step.

        The arguments of that step, evaluated before its result is in ``names``, see the one before. The date is
        evaluated only when a rule is read, so that a step whose result is missing can still say why.
        """
        reached = self.steps[: self.steps.index(step) + (step.id in names)]
        dated = [known.rules_at for known in reached if known.rules_at is not None]
        return Rulebook(packs=self.rules, day=lambda: dated[-1].as_date(names))

    def code_of(self, code: str) -> Code | None:
        """Return what a code means, or None for one that the scenario does not title (an application incident)."""
        return self.codes.get(code)
