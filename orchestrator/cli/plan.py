"""``glr plan``: when each scenario starts next."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.world import load_keywords
from orchestrator.cli import options
from orchestrator.domain.civil import PARIS, SystemClock
from orchestrator.language.load import load_scenario
from orchestrator.planner.occurrences import next_due


@click.command()
@options.workspace
@click.option("--count", type=click.IntRange(1, 100), default=5, envvar="GLR_PLAN_COUNT", show_envvar=True, show_default=True,
              help="Départs à montrer par scénario.")  # fmt: skip
@click.option("--after", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), envvar="GLR_PLAN_AFTER", show_envvar=True,
              help="À partir de cet instant (heure de Paris) ; par défaut maintenant.")  # fmt: skip
def plan(workspace: Path | None, count: int, after: datetime | None) -> None:
    """Prochains départs des scénarios, en heure de Paris et en UTC."""
    settings = options.settings_of(workspace)
    start = after.replace(tzinfo=PARIS) if after else SystemClock().now()
    table = Table("Scénario", "Départ prévu (Paris)", "Instant (UTC)")
    for path in sorted(p for p in (settings.project / "scenarios").glob("*.yaml") if "." not in p.stem):
        scenario = load_scenario(path, keywords=load_keywords(settings), caisse=settings.caisse)
        moment = start
        for _ in range(count if scenario.schedule else 0):
            due = min((next_due(entry, moment) for entry in scenario.schedule), key=lambda found: found.instant)
            table.add_row(scenario.name, due.local.replace("T", " "), f"{due.instant:%Y-%m-%d %H:%M}")
            moment = due.instant
    Console().print(table)
