"""How urgent a case is, as a scenario says it: a number, a delay, and when each is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar, Self

from orchestrator.domain.errors import BusinessException
from orchestrator.language.business_days import add_business_days
from orchestrator.language.faults import ExpressionError
from orchestrator.language.templates import Value

#: Priorities are whole numbers from 0 to this.
HIGHEST_PRIORITY = 1000


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

    @cached_property
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
class RetryRule:
    """How a control that may pass by itself is tried again over days."""

    #: How long after each try.
    every: Due
    #: Tries in all, the first included; then a person.
    times: int
