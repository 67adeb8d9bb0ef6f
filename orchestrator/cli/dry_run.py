"""``glr dry-run``: the first cases of a delivery, without acts and without writing anything in the ledger."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.bootstrap.dry_runs import DryRun, try_scenario
from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.engine.dry_run import DryCase
from orchestrator.suites.host import hosted_command


@click.command("dry-run")
@click.argument("scenario")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cases", type=click.IntRange(1), default=5, envvar="GLR_DRY_RUN_CASES", show_envvar=True, show_default=True,
              help="Dossiers à essayer.")  # fmt: skip
@click.option("--real", is_flag=True, envvar="GLR_DRY_RUN_REAL", show_envvar=True,
              help="Sur les applications des comptes du robot, au lieu d'applications d'entraînement.")  # fmt: skip
@click.option("--run-date", type=click.DateTime(["%Y-%m-%d"]), envvar="GLR_RUN_DATE", show_envvar=True,
              help="Date de l'exécution ; par défaut celle de l'entraînement, ou aujourd'hui.")  # fmt: skip
@options.as_json
@options.workspace
def dry_run(
    scenario: str,
    file: Path | None,
    cases: int,
    real: bool,  # noqa: FBT001
    run_date: datetime | None,
    json_: bool,  # noqa: FBT001
    workspace: Path | None,
) -> None:
    """Essaie SCENARIO sur les premiers dossiers d'une livraison : rien n'est saisi, rien n'est enregistré."""
    ensure_browser()
    world = offline_world(options.settings_of(workspace))
    day = run_date.date() if run_date else None
    tried = hosted_command(lambda robot: try_scenario(world, scenario, file, cases, day, real=real, robot=robot))
    _show(tried, Console(stderr=json_))
    if json_:
        click.echo(json.dumps([_as_json(case) for case in tried.cases], ensure_ascii=False))


def _show(tried: DryRun, console: Console) -> None:
    table = Table("Ligne", "Issue", "Codes", "Serait saisi", "Validation")
    for case in tried.cases:
        codes = "\n".join(f"{code} : {title}" for code, title in case.codes.items())
        table.add_row(str(case.line), case.issue, codes, str(case.amount or ""), "exigée" if case.approval else "")
    console.print(table)
    lines, bad = tried.delivery.total_rows, len(tried.bad)
    console.print(f"{len(tried.cases)} dossiers essayés sur {lines} lignes ({bad} mises de côté).")
    console.print("Rien n'a été saisi ni enregistré.")


def _as_json(case: DryCase) -> dict[str, object]:
    return {
        "line": case.line,
        "issue": case.issue,
        "codes": list(case.codes),
        "amount_c": case.amount.centimes if case.amount else None,
        "approval": case.approval,
    }
