"""What an evening of several robots says at its end: which robot did what, what people have to do, and the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.practice import Part
from orchestrator.cli.summary import Summary
from orchestrator.engine.results import RowOutcome, RowResult

_FOR_PEOPLE = {RowOutcome.EXCEPTION, RowOutcome.AWAITING_APPROVAL, RowOutcome.SET_ASIDE, RowOutcome.REJECTED}


@dataclass(frozen=True, kw_only=True)
class Played:
    """What one scenario did in an evening."""

    part: Part
    summary: Summary
    #: How many acts it has in the ledger of each application.
    entries: Mapping[str, int]

    @property
    def for_people(self) -> int:
        """Rows that a person has to look at."""
        return sum(row.outcome in _FOR_PEOPLE for row in self.summary.rows)

    @property
    def entered(self) -> int:
        """Rows entered and read back; some are looked at again in days."""
        return sum(_is_entered(row) for row in self.summary.rows)

    @property
    def nothing_due(self) -> int:
        """Rows that ended without an entry, and that are for nobody."""
        rows = self.summary.rows
        return len(rows) - self.entered - self.for_people - self.summary.unfinished


@dataclass(frozen=True, kw_only=True)
class EveningSummary:
    """The figures of one evening."""

    played: Sequence[Played]
    #: Acts in the applications' ledgers that belong to no case of the evening, and runs that were not closed, in French.
    strays: Sequence[str]

    @property
    def differences(self) -> list[str]:
        """Where rows or ledgers are not what the oracles say, in French."""
        own = [f"{each.part.name}, {text}" for each in self.played for text in each.summary.differences or ()]
        return [*own, *self.strays]

    @property
    def ledger_duplicates(self) -> int:
        """Acts beyond the first of their kind, in all ledgers."""
        return sum(each.summary.ledger_duplicates for each in self.played)

    @property
    def unfinished(self) -> int:
        """Rows still in the robots' hands."""
        return sum(each.summary.unfinished for each in self.played)

    def as_json(self) -> dict[str, Any]:
        """Return the figures of each scenario, as a demo of one gives them, for the last line of ``--json``."""
        return {"scenarios": {each.part.name: each.summary.as_json() for each in self.played}}

    def show(self, console: Console) -> None:
        """Print which robot did what, what waits for people, the ledgers, and the differences."""
        again = [each for each in self.played if each.summary.refused is not None]
        for each in again:
            console.print(f"{each.part.name} : « {each.summary.refused} » a déjà été traitée.", soft_wrap=True)
        if len(again) == len(self.played):
            console.print(f"Rien n'a été fait une seconde fois ; saisies en double : {self.ledger_duplicates}.")
            return
        robots = {each.part.robot for each in self.played}
        console.print(_table(self.played, f"La soirée : robots {len(robots)}, scénarios {len(self.played)}"))
        self._show_ledgers(console)
        if self.unfinished:
            console.print(f"[yellow]Lignes qui restent à traiter : {self.unfinished}.[/yellow]")
            return
        wrong = self.differences
        if not wrong:
            console.print(
                "[bold green]0 différence[/bold green] avec les oracles, ligne par ligne et saisie par saisie."
            )
            return
        console.print(f"[bold red]Différences : {len(wrong)}[/bold red]")
        for difference in wrong[:20]:
            console.print(f"  {difference}", soft_wrap=True)
        if len(wrong) > 20:
            console.print(f"  et {len(wrong) - 20} autres.")

    def _show_ledgers(self, console: Console) -> None:
        lines: Counter[str] = Counter()
        for each in self.played:
            lines.update(each.entries)
        told = ", ".join(f"{name.upper()} {count}" for name, count in lines.items()) or "aucune"
        doubts = sum(each.summary.doubts for each in self.played)
        console.print(f"Saisies dans les registres : {told} ; en double {self.ledger_duplicates} ; en doute {doubts}.")


def _is_entered(row: RowResult) -> bool:
    waits = row.outcome is RowOutcome.WAITING and row.entry_reference is not None
    return waits or row.outcome is RowOutcome.ENTERED


def _table(played: Sequence[Played], title: str) -> Table:
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("Robot, scénario", footer="Total", no_wrap=True)
    counts = [_counts(each) for each in played]
    names = ("Lignes", "Saisies", "Sans saisie", "Pour une personne", "Écarts")
    for place, name in enumerate(names):
        table.add_column(name, justify="right", footer=str(sum(count[place] for count in counts)))
    robot = ""
    for each, count in zip(played, counts, strict=True):
        if each.part.robot != robot:
            robot = each.part.robot
            table.add_row(f"[bold]{robot}[/bold]")
        table.add_row(f"  {each.part.name}", *map(str, count))
    return table


def _counts(each: Played) -> tuple[int, ...]:
    rows, wrong = each.summary.rows, each.summary.differences or ()
    return len(rows), each.entered, each.nothing_due, each.for_people, len(wrong)
