"""The entries that the steps of a case lead to: each with the names that its expressions see, and for which item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntryPlan
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import EntryRules, Kind
from orchestrator.domain.money import ZERO, Euros
from orchestrator.engine.findings import displayed
from orchestrator.language.compile_together import REFERENCE
from orchestrator.language.faults import ExpressionError
from orchestrator.language.items import Item, label_of, line_of
from orchestrator.language.model import ForEach, Scenario, Step


@dataclass(frozen=True, kw_only=True)
class DueEntry:
    """One entry to make."""

    #: The step that enters.
    step: Step
    #: What its expressions see.
    names: Mapping[str, object]
    #: Which item it is for, for people; empty for the case itself.
    item: str = ""
    #: The line of the delivery that it is for; None for the case itself.
    line: int | None = None
    #: The repeated step around, if any.
    loop: ForEach | None = None
    #: True when a suite asks for it: nobody knows before whether it will.
    by_suite: bool = False
    #: The entry that it takes back; None when it is made for itself.
    undoes: UUID | None = None
    #: The ordinal of what it takes back: each of them is taken back for itself.
    ordinal: int = 1

    @property
    def rules(self) -> EntryRules:
        """What its keyword declares."""
        if self.step.keyword.entry is None:
            raise TypeError(f"{self.step.keyword.name} n'est pas une saisie")
        return self.step.keyword.entry

    @property
    def title(self) -> str:
        """How it is called beside others: the step, and the item."""
        return f"{self.step.id} ({self.item})" if self.item else self.step.id

    @property
    def undo(self) -> Step | None:
        """What takes it back, when all or none of its step are made."""
        return self.loop.undo.get(self.step.id) if self.loop is not None else None

    def taken_back(self, entry: UUID, reference: str, ordinal: int) -> DueEntry | None:
        """Return the entry that takes it back, given the application's own number of it, and its ordinal."""
        if self.undo is None:
            return None
        names = {**self.names, REFERENCE: reference}
        return replace(self, step=self.undo, names=names, undoes=entry, ordinal=ordinal)

    @property
    def effect_key(self) -> str:
        """The business identity of its effect; clear, never to be logged."""
        if self.step.effect_key is None:
            raise TypeError(f"{self.step.keyword.name} n'est pas une saisie")
        key = self.step.effect_key.render(self.names)
        return key if self.ordinal == 1 else f"{key}//{self.ordinal}"

    def arguments(self) -> dict[str, object]:
        """Return what it would enter."""
        return self.step.given(self.names)

    def plan(self, token: str, earlier: frozenset[str] = frozenset()) -> EntryPlan:
        """Return what a look into the application is compared with; an entry without an amount counts as zero.

        :param earlier: tokens and numbers of what was made of the same effect before.
        """
        arguments = self.arguments()
        amount = arguments[self.rules.amount] if self.rules.amount else ZERO
        period = arguments[self.rules.period]
        if not isinstance(amount, Euros) or not isinstance(period, Period):
            raise TypeError(f"{self.step.keyword.name} : montant et période attendus")
        subject = str(arguments[self.rules.subject])
        return EntryPlan(token=token, amount=amount, period=period, subject=subject, earlier=earlier)

    def given(self, *names: str) -> dict[str, object]:
        """Return some of its arguments: those that identify it are known before anything is read."""
        return self.step.given(self.names, *names)

    @property
    def amount(self) -> Euros | None:
        """Its amount, as far as it is known; None before it was computed, when it is not made, or when it has none."""
        if not self.rules.amount:
            return None
        try:
            if self.step.when is not None and not self.step.when.holds(self.names):
                return None
            found = self.step.arguments[self.rules.amount].evaluate(self.names)
        except ExpressionError:
            return None
        return found if isinstance(found, Euros) else None

    @property
    def called_for(self) -> bool | None:
        """Whether its condition holds; None when nobody knows before something is read, or before its suite runs."""
        if self.by_suite:
            return None
        try:
            return self.step.when is None or self.step.when.holds(self.names)
        except (ExpressionError, BusinessException):
            return None

    def displayed(self) -> list[dict[str, str]]:
        """Return what it would enter as people are shown it, as far as it is known."""
        known: dict[str, object] = {}
        for name, value in self.step.arguments.items():
            with suppress(ExpressionError, BusinessException):
                known[name] = value.evaluate(self.names)
        return displayed(self.rules.titles, known)

    @property
    def needs_approval(self) -> bool:
        """True when a second person must agree."""
        rule = self.step.approval
        return rule is not None and rule.when.holds(self.names)


def each(loop: ForEach, names: Mapping[str, object]) -> Iterator[tuple[object, str, dict[str, object]]]:
    """Return each item of a repeated step, how people call it, and the names that its steps see."""
    found = loop.over.evaluate(names)
    for place, item in enumerate(found if isinstance(found, Sequence) else (), start=1):
        yield item, label_of(item, place), {**names, loop.item: item}


def result_of(loop: ForEach, item: object, names: Mapping[str, object]) -> Item:
    """Return what the nested steps gave for an item, as far as they were run."""
    results = {step.id: names[step.id] for step in loop.steps if step.id in names}
    return Item({loop.item: item, **results}, line_of(item))


def foreseen(scenario: Scenario, names: Mapping[str, object]) -> list[DueEntry]:
    """Return every entry that the case may come to, by what is known so far; before anything was read, all of them."""
    known, due = dict(names), []
    for step in scenario.steps:
        if isinstance(step, Step):
            suite = step.task is not None
            due += [DueEntry(step=entry, names=known, by_suite=suite) for entry in step.entries]
            continue
        try:
            items = list(each(step, known))
        except ExpressionError:
            continue  # a list that is read: nothing in it is entered
        due += [entry for found in items for entry in of_item(step, *found)]
        known.setdefault(step.id, [result_of(step, item, inner) for item, _, inner in items])
    return due


def of_item(loop: ForEach, item: object, label: str, names: Mapping[str, object]) -> list[DueEntry]:
    """Return the entries of one item."""
    entering = (step for step in loop.steps if step.kind is Kind.ENTER)
    return [DueEntry(step=step, names=names, item=label, line=line_of(item), loop=loop) for step in entering]


def stages(scenario: Scenario) -> list[tuple[frozenset[str], bool]]:
    """Return which steps enter together, in order, and whether steps follow them: those that come after a wait."""
    found: list[tuple[frozenset[str], bool]] = []
    entering: frozenset[str] = frozenset()
    for step in scenario.steps:
        if step.then and entering:
            found, entering = [*found, (entering, True)], frozenset()
        entering |= {entry.id for call in step.calls for entry in call.entries}
    return [*found, (entering, False)] if entering else found


def total(due: Sequence[DueEntry]) -> Euros | None:
    """Return the amount of several entries, as far as it is known."""
    amounts = [entry.amount for entry in due]
    known = [amount for amount in amounts if amount is not None]
    return sum(known[1:], known[0]) if known else None
