"""``glr campaign``: faults by seed against the real thing, judged by the independent checker."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from checker.invariants import Promise
from orchestrator.campaign import record
from orchestrator.campaign.disk import why_not
from orchestrator.campaign.faults import DISK_FULL, FAULTS
from orchestrator.campaign.guards import GUARDS
from orchestrator.campaign.points import ORDERS, met_at
from orchestrator.campaign.rounds import ANSWERS, Plan, Result, run
from orchestrator.campaign.targets import TARGETS
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.drivers.terminal_finder import ensure_terminal


@click.command()
@click.option("--seed", type=int, default=931, envvar="GLR_CAMPAIGN_SEED", show_envvar=True, show_default=True,
              help="Graine : la même donne les mêmes fautes.")  # fmt: skip
@click.option("--faults", type=click.IntRange(1), default=100, envvar="GLR_CAMPAIGN_FAULTS", show_envvar=True,
              show_default=True, help="Fautes en tout.")  # fmt: skip
@click.option("--only", multiple=True, type=click.Choice([*FAULTS, *ORDERS]), metavar="FAUTE", envvar="GLR_CAMPAIGN_ONLY",
              show_envvar=True, help="Cette faute seulement (plusieurs fois possible).")  # fmt: skip
@click.option("--without", multiple=True, type=click.Choice(list(GUARDS)), envvar="GLR_CAMPAIGN_WITHOUT", show_envvar=True,
              help="Retirer une garde : la campagne, réduite aux fautes qu'elle arrête, doit trouver un écart.")  # fmt: skip
@click.option("--rows", type=click.IntRange(20), default=40, envvar="GLR_CAMPAIGN_ROWS", show_envvar=True, show_default=True,
              help="Lignes de la livraison d'une manche.")  # fmt: skip
@click.option("--application", type=click.Choice(list(TARGETS)), default="compta", show_default=True,
              envvar="GLR_CAMPAIGN_APPLICATION", show_envvar=True,
              help="Où les robots saisissent : pages de COMPTA, écran vert PROGRES.")  # fmt: skip
@click.option("--runners", type=click.IntRange(1, 16), default=2, envvar="GLR_CAMPAIGN_RUNNERS", show_envvar=True,
              show_default=True, help="Postes d'exécution, de deux sessions chacun.")  # fmt: skip
@click.option("--disk", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar="GLR_CAMPAIGN_DISK",
              show_envvar=True,
              help="Petit disque à part (tmpfs) que la faute disk-full remplit : base, preuves et journal y sont.")  # fmt: skip
@options.record("GLR_CAMPAIGN_RECORD")
@options.as_json
def campaign(
    seed: int,
    faults: int,
    only: tuple[str, ...],
    without: tuple[str, ...],
    rows: int,
    application: str,
    runners: int,
    disk: Path | None,
    record_: Path | None,
    json_: bool,  # noqa: FBT001
) -> None:
    """Campagne : tuer, figer, faire échouer, livrer deux fois, puis vérifier sans le moteur que rien n'est saisi deux fois."""
    if record_ and without:
        raise click.UsageError("--record : pour ce qui est promis, toutes les gardes en place (sans --without).")
    if disk and (reason := why_not(disk)):
        raise click.UsageError(f"--disk : {reason}")
    if DISK_FULL in only and not disk:
        raise click.UsageError(f"--only {DISK_FULL} : dire aussi quel disque (--disk).")
    ensure_browser()
    if application == "progres":
        ensure_terminal()
    with tempfile.TemporaryDirectory(prefix="glr-campagne-") as folder:
        guards = [GUARDS[name] for name in without]
        asked = frozenset(only) or frozenset[str]().union(*(guard.faults for guard in guards))
        drawn = met_at(application, asked)
        if asked and not drawn:
            raise click.UsageError(f"Rien de cela ne se rencontre dans {application} : {', '.join(sorted(asked))}.")
        answers = ",".join(guard.answers for guard in guards if guard.answers) if guards else ANSWERS
        plan = Plan(
            seed=seed, faults=faults, only=drawn, without=frozenset(without), rows=rows,
            answers=answers, target=TARGETS[application], runners=runners, disk=disk,
        )  # fmt: skip
        result = run(plan, Path(folder), lambda text: click.echo(text, err=json_))
    _show(result, err=json_)
    said = _as_json(result)
    if record_:
        record.append(record_, "campaign", seed, said)
    if json_:
        click.echo(json.dumps(said))
    if result.violations:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _show(result: Result, *, err: bool) -> None:
    for name, count in sorted(result.faults.items()):
        click.echo(f"{name:24} {count:6}", err=err)
    for seed, broken in result.violations:
        click.echo(f"ÉCART (graine {seed}) {broken.promise} : {broken.what}", err=err)
    click.echo(f"{result.entries} saisies, {result.cases} dossiers, {result.seconds:.0f} s", err=err)


def _as_json(result: Result) -> dict[str, object]:
    named = (Promise.ONCE, Promise.KEPT, Promise.PROVEN, Promise.SHOWN, Promise.SETTLED)
    return {
        "faults": result.faults.total(),
        "violations": len(result.violations),
        **{str(promise): result.count(promise) for promise in named},
        "seconds": round(result.seconds, 1),
        "application": result.application,
        "entries": result.entries,
        "cases": result.cases,
        "by_fault": dict(result.faults),
    }
