"""What a demo says at its end: outcomes against the oracle, amounts, the ledger of the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.cli.progress import duration
from orchestrator.domain.money import Euros
from orchestrator.engine.results import RowOutcome, RowResult

SHOWN = {
    RowOutcome.ENTERED: "Saisis et relus",
    RowOutcome.NOTHING_TO_PAY: "Rien à payer",
    RowOutcome.ALREADY_DONE: "Déjà faits",
    RowOutcome.AWAITING_APPROVAL: "En attente de validation",
    RowOutcome.EXCEPTION: "Exceptions à traiter",
    RowOutcome.SET_ASIDE: "Lignes mises de côté",
}
#: Shown only when there are some: no end of the demo's own scenario.
_SELDOM = {
    RowOutcome.WAITING: "En attente d'une date ou d'une pièce",
    RowOutcome.OTHER_END: "Autres fins déclarées",
    RowOutcome.REJECTED: "Rejetés ou retirés",
}
_COUNTED = (RowOutcome.ENTERED, RowOutcome.AWAITING_APPROVAL)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The figures of one demo."""

    rows: Sequence[RowResult]
    #: Lines where the engine and the oracle differ, in French; None when the oracle knows nothing of the scenario.
    differences: Sequence[str] | None
    #: Proposals that this run wrote into the application's ledger, and duplicates in the whole ledger.
    ledger_lines: int
    ledger_duplicates: int
    #: The refusal, when the delivery was given before.
    refused: str | None
    seconds: float

    @property
    def control_total(self) -> int:
        """Σ entered + awaiting, in centimes."""
        return sum(row.amount_c or 0 for row in self.rows if row.outcome in _COUNTED)

    @property
    def doubts(self) -> int:
        """Exceptions whose entry may have been made."""
        return sum(row.doubtful for row in self.rows)

    @property
    def unfinished(self) -> int:
        """Rows still in the robots' hands: an application is closed to them."""
        return sum(row.outcome is RowOutcome.RUNNING for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as the last line of ``--json``."""
        counted = Counter(row.outcome for row in self.rows)
        per_minute = len(self.rows) / self.seconds * 60 if self.seconds and self.rows else 0.0
        return {
            "cases": len(self.rows),
            "outcomes": {outcome.value: counted[outcome] for outcome in self._shown(counted)},
            "oracle_mismatches": None if self.differences is None else len(self.differences),
            "doubts": self.doubts,
            "ledger": {"lines": self.ledger_lines, "duplicates": self.ledger_duplicates},
            "control_total_centimes": self.control_total,
            "refused_delivery": self.refused,
            "seconds": round(self.seconds, 1),
            "cases_per_minute": round(per_minute, 1),
        }

    def show(self, console: Console) -> None:
        """Print the table and the control total; of a refused delivery, that nothing happened."""
        if self.refused is None:
            self._show_rows(console)
        written = f"{self.ledger_lines} {'ligne écrite' if self.ledger_lines < 2 else 'lignes écrites'}"
        console.print(f"Registre de COMPTA : {written} par cette exécution, {self.ledger_duplicates} en double.")

    def _shown(self, counted: Mapping[RowOutcome, int]) -> dict[RowOutcome, str]:
        return SHOWN | {outcome: title for outcome, title in _SELDOM.items() if counted[outcome]}

    def _show_rows(self, console: Console) -> None:
        table = Table(title="Résultat de l'exécution", title_justify="left", show_footer=True)
        table.add_column("Issue", footer="Total")
        table.add_column("Lignes", footer=str(len(self.rows)), justify="right")
        table.add_column("Montant", footer=str(Euros(self.control_total)), justify="right")
        for outcome, title in self._shown(Counter(row.outcome for row in self.rows)).items():
            rows = [row for row in self.rows if row.outcome is outcome]
            amount = str(Euros(sum(row.amount_c or 0 for row in rows))) if outcome in _COUNTED else ""
            table.add_row(title, str(len(rows)), amount)
        console.print(table)
        console.print(f"{len(self.rows)} lignes en {duration(self.seconds)}.", highlight=False)
        console.print(f"Total de contrôle (saisis + en attente) : [bold]{Euros(self.control_total)}[/bold]")
        oracle = "sans objet" if self.differences is None else len(self.differences)
        console.print(f"Écarts avec l'oracle : {oracle} ; saisies en doute : {self.doubts}.")
        if self.unfinished:
            console.print(f"[yellow]Lignes qui restent à traiter : {self.unfinished}.[/yellow]")
            return
        differences = self.differences or ()
        for difference in differences[:20]:
            console.print(f"  {difference}", soft_wrap=True)
        if len(differences) > 20:
            console.print(f"  et {len(differences) - 20} autres.")


def compare(rows: Sequence[RowResult], expected: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """Return, line by line, where engine and oracle differ in outcome, codes or amount.

    A visible doubt is not a difference: the oracle knows nothing of faults; doubts are counted apart.
    """
    found = {row.line: row for row in rows}
    lines = sorted({*found, *expected})
    return [text for line in lines if (text := _difference(line, found.get(line), expected.get(line)))]


def _difference(line: int, row: RowResult | None, wanted: Mapping[str, Any] | None) -> str | None:
    if row is None or wanted is None:
        return f"ligne {line} : {'absente du moteur' if row is None else 'inconnue de l’oracle'}"
    if row.doubtful:
        return None
    ended = row.end if row.outcome is RowOutcome.OTHER_END else row.outcome
    if ended != wanted["outcome"]:
        return f"ligne {line} : {ended} {list(row.codes)}, attendu {wanted['outcome']} {wanted['codes']}"
    if row.outcome is RowOutcome.EXCEPTION and sorted(row.codes) != sorted(wanted["codes"]):
        return f"ligne {line} : codes {list(row.codes)}, attendus {wanted['codes']}"
    amount_matters = row.outcome in (*_COUNTED, RowOutcome.EXCEPTION) and not wanted.get("amount_optional")
    if amount_matters and row.amount_c != wanted["amount_c"]:
        return f"ligne {line} : {row.amount_c} centimes, attendus {wanted['amount_c']}"
    return None
