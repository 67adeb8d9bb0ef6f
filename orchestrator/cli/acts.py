"""What is said of the acts of a run: how many left, how many were refused."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.engine.acts import ActsOfRun


def told(acts: ActsOfRun) -> dict[str, Any]:
    """Return the counts for JSON, and the cases that have any."""
    counts: dict[str, Any] = {name: acts.total(name) for name in ("left", "refused", "attempts", "uncounted")}
    rows = [
        {"case": case.reference, "left": case.left, "refused": case.refused}
        for case in acts.cases
        if case.left or case.refused
    ]
    return {"mode": acts.mode.value, **counts, "cases": rows, "outside": list(acts.outside)}


def show_acts(acts: ActsOfRun, console: Console) -> None:
    """Show the counts; in shadow, what should not be stands out."""
    left, refused, uncounted = (acts.total(name) for name in ("left", "refused", "uncounted"))
    counted = acts.total("attempts") - uncounted
    _say(console, f"Actes partis : {left} ; refusés : {refused} (tentatives comptées au poste du robot : {counted}).")
    if not acts.nothing_left:
        _say(
            console,
            "[red]Dans une exécution à blanc rien ne doit partir : arrêter ce scénario, regarder ces dossiers dans "
            "l'application, prévenir qui répond du robot.[/red]",
        )
    if refused:
        _say(console, "Un mot-clé a demandé un acte là où il n'en a pas : corriger sa déclaration.")
    if uncounted:
        _say(console, f"[yellow]Tentatives interrompues avant d'avoir dit leur compte : {uncounted}.[/yellow]")
    if acts.outside:
        _say(console, f"[yellow]Hors du compte, comme de la garantie : {', '.join(acts.outside)}.[/yellow]")
    _table(acts, console)


def _table(acts: ActsOfRun, console: Console) -> None:
    table = Table("Dossier", "Actes partis", "Actes refusés")
    for case in acts.cases:
        if case.refused or (case.left and not acts.nothing_left):
            table.add_row(case.reference, str(case.left), str(case.refused))
    if table.row_count:
        console.print(table)


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False)
