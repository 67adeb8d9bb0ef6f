"""Dated rule packs: a value is looked up at a date, and a date without a row is the control C-15."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestrator.domain.errors import BusinessException


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One row of a table of rules: values valid from a day to a day, both included."""

    #: First day of validity.
    valid_from: date
    #: Last day of validity; None while in force.
    valid_to: date | None
    #: The values, typed by the pack: int, Decimal, Euros, bool, str, lists of text, or maps of them by category.
    values: Mapping[str, Any]
    #: Where the values come from (article, circular, published table).
    source: str

    def covers(self, day: date) -> bool:
        """True when the row is valid on that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - typed by the pack
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, kw_only=True)
class RulePack:
    """A named pack of tables."""

    #: Its name, e.g. ``ij``.
    name: str
    #: Its tables by name.
    tables: Mapping[str, tuple[RuleRow, ...]]
    #: The type of each column, by table, for the checks made when a scenario is loaded.
    columns: Mapping[str, Mapping[str, Any]]

    def at(self, table: str, day: date) -> RuleRow:
        """Return the row in force on that day; raises :class:`BusinessException` C-15 when there is none."""
        for row in self.tables[table]:
            if row.covers(day):
                return row
        raise BusinessException("C-15", f"Aucune règle « {self.name}.{table} » au {day:%d/%m/%Y}.")

    def covers(self, table: str, day: date) -> bool:
        """True when a row is in force on that day."""
        return any(row.covers(day) for row in self.tables[table])


@dataclass(frozen=True, kw_only=True)
class PackAt:
    """A pack seen at a date: ``rules.ij.limits.receipt_days`` in a scenario."""

    #: The pack.
    pack: RulePack
    #: The date that chooses the rows.
    day: date

    @property
    def in_force(self) -> bool:
        """True when every table of the pack has a row on that day (C-15)."""
        return all(self.pack.covers(table, self.day) for table in self.pack.tables)

    def __getattr__(self, table: str) -> RuleRow:
        if table not in self.pack.tables:
            raise AttributeError(table)
        return self.pack.at(table, self.day)


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """The packs of a scenario, each seen at the date that a step gives; the date is asked only when a rule is read."""

    #: The packs by name.
    packs: Mapping[str, RulePack]
    #: Gives the date.
    day: Callable[[], date]

    def __getattr__(self, name: str) -> PackAt:
        if name not in self.packs:
            raise AttributeError(name)
        return PackAt(pack=self.packs[name], day=self.day())
