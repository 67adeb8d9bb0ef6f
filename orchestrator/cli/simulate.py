"""``glr simulate``: made-up histories on a virtual clock, with the real engine and the real ledger."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from checker.invariants import Promise
from orchestrator.campaign import record
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.simulation.history import History, Told
from orchestrator.simulation.stage import WITHOUT, stage

#: Histories between two lines that say how far it is, and in one line of a record.
_STEP = 100


@click.command()
@click.option("--seed", type=int, default=931, envvar="GLR_SIMULATE_SEED", show_envvar=True, show_default=True,
              help="Graine de la première histoire ; les suivantes comptent à partir d'elle.")  # fmt: skip
@click.option("--histories", type=click.IntRange(1), default=200, envvar="GLR_SIMULATE_HISTORIES", show_envvar=True,
              show_default=True, help="Histoires en tout.")  # fmt: skip
@click.option("--without", multiple=True, type=click.Choice(WITHOUT), envvar="GLR_SIMULATE_WITHOUT", show_envvar=True,
              help="Retirer une garde : un écart doit être trouvé.")  # fmt: skip
@click.option("--residue", is_flag=True, envvar="GLR_SIMULATE_RESIDUE", show_envvar=True,
              help="Figer entre le dernier contrôle d'une saisie et son départ, là où une connexion peut ne pas se fermer : "
              "le résidu annoncé.")  # fmt: skip
@click.option("--story", is_flag=True, envvar="GLR_SIMULATE_STORY", show_envvar=True,
              help="Raconter chaque histoire, ligne par ligne.")  # fmt: skip
@options.record("GLR_SIMULATE_RECORD")
@options.as_json
def simulate(
    seed: int,
    histories: int,
    without: tuple[str, ...],
    *,
    residue: bool,
    story: bool,
    record_: Path | None,
    json_: bool,
) -> None:
    """Simulation : des histoires inventées, où tout peut s'arrêter entre deux gestes ; le moteur et sa base sont les vrais.

    L'horloge saute d'un événement au suivant, et l'application est inventée. Une graine donne toujours la même histoire.
    """
    if record_ and (without or residue):
        raise click.UsageError(
            "--record : pour ce qui est promis, toutes les gardes en place (ni --without ni --residue)."
        )
    began, done = time.monotonic(), list[Told]()
    again = "".join(f" --without {guard}" for guard in without) + (" --residue" if residue else "")
    with stage(residue=residue, without=frozenset(without)) as shared:
        for first in range(seed, seed + histories, _STEP):
            since, part = time.monotonic(), list[Told]()
            for number in range(first, min(first + _STEP, seed + histories)):
                part.append(History(stage=shared, seed=number).tell())
                _show(part[-1], again, story=story, err=json_)
            done += part
            click.echo(f"{len(done)} histoires, {time.monotonic() - began:.0f} s", err=json_)
            if record_:
                record.append(record_, "histories", first, _as_json(part, time.monotonic() - since))
    said = _as_json(done, time.monotonic() - began)
    click.echo(
        "{histories} histoires, {faults} fautes, {entries} saisies, {cases} dossiers, {virtual_hours} heures simulées en "
        "{seconds} s : {violations} écart(s)".format(**said),
        err=json_,
    )
    if json_:
        click.echo(json.dumps(said))
    if said["violations"]:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _show(told: Told, again: str, *, story: bool, err: bool) -> None:
    for line in told.story if story else ():
        click.echo(line, err=err)
    for each in told.violations:
        click.echo(f"ÉCART (graine {told.seed}) {each.promise} : {each.what}", err=err)
    if told.violations and not story:
        click.echo(f"  à revoir : glr simulate --seed {told.seed} --histories 1{again} --story", err=err)


def _as_json(done: Sequence[Told], seconds: float) -> dict[str, object]:
    faults = sum((told.faults for told in done), Counter[str]())
    broken = [each for told in done for each in told.violations]
    return {
        "histories": len(done),
        "faults": faults.total(),
        "violations": len(broken),
        **{str(promise): sum(each.promise is promise for each in broken) for promise in Promise},
        "entries": sum(told.entries for told in done),
        "cases": sum(told.cases for told in done),
        "virtual_hours": round(sum(told.seconds for told in done) / 3600),
        "seconds": round(seconds, 1),
        "by_fault": dict(faults),
        "seeds": [told.seed for told in done if told.violations],
    }
