"""``glr screens``: the screens of the applications against the release we know; releases that may come."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.bench.mutants import ROBOT, Campaign, Mutant, table
from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.releases import Compared, apply_change, compare_screens, record_screens
from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.drivers.patches import shown_change

#: The columns of the table of ``glr screens mutate``.
_HEADINGS = {
    "kind": "changement", "tried": "essais", "alters": "altèrent", "observed": "dont vus", "alters_stopped": "arrêtés",
    "breaks": "bloquent", "breaks_stopped": "arrêtés", "harmless": "sans effet", "false_alarms": "fausses alertes",
}  # fmt: skip


@click.group()
def screens() -> None:
    """Écrans des applications : ce que l'on connaît, ce qui a changé."""


@screens.command()
@click.argument("robot")
@options.as_json
@options.workspace
def check(robot: str, json_: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Parcourt tous les écrans d'un robot avec le témoin et les compare à ceux que l'on connaît ; rien n'est saisi."""
    found = asyncio.run(compare_screens(offline_world(options.settings_of(workspace)), robot))
    for application, compared in found.items():
        for line in _told(application, compared):
            click.echo(line, err=json_)
    if json_:
        click.echo(json.dumps({name: _as_json(compared) for name, compared in found.items()}, ensure_ascii=False))
    if any(compared.walked.differences for compared in found.values()):
        raise click.exceptions.Exit(Exit.DIFFERENT)


@screens.command()
@click.argument("robot")
@click.argument("application")
@options.workspace
def record(robot: str, application: str, workspace: Path | None) -> None:
    """Écrit la description des écrans (release….yaml) et les valeurs du témoin, après que quelqu'un a regardé l'application."""
    world = offline_world(options.settings_of(workspace))
    click.echo(str(asyncio.run(record_screens(world, robot, application))))


@screens.command()
@click.argument("proposal", metavar="PROPOSITION", type=click.Path(path_type=Path))
@options.workspace
def apply(proposal: Path, workspace: Path | None) -> None:
    """Applique une proposition de glr screens check, après que quelqu'un a regardé l'application : tout ou rien.

    Rien ne change pour les robots avant la publication d'une version à deux.
    """
    if not proposal.is_file():
        raise click.UsageError(
            f"{proposal} n'existe pas : glr screens check ROBOT écrit les propositions (logs/ecrans)."
        )
    world = offline_world(options.settings_of(workspace))
    for path in apply_change(world, proposal.read_text(encoding="utf-8")):
        click.echo(str(path))


@screens.command()
@click.option("--seeds", type=click.IntRange(1), default=300, envvar="GLR_MUTATE_SEEDS", show_envvar=True, show_default=True,
              help="Nombre de changements essayés.")  # fmt: skip
@click.option("--first", type=int, default=1, envvar="GLR_MUTATE_FIRST", show_envvar=True, show_default=True,
              help="Première graine.")  # fmt: skip
@click.option("--robot", default=ROBOT, envvar="GLR_MUTATE_ROBOT", show_envvar=True, show_default=True,
              help="Le robot dont les écrans changent.")  # fmt: skip
@options.as_json
def mutate(seeds: int, first: int, robot: str, json_: bool) -> None:  # noqa: FBT001
    """Essaie des versions qui pourraient venir, sur les applications d'entraînement : chaque écart est-il vu à temps ?"""
    ensure_browser()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="glr-mutate-") as folder:
        world = offline_world(options.settings_of(Path(folder)))
        practice = Practice(folder=Path(folder) / "practice", cases=20, seed=931)
        campaign = Campaign(world=world, practice=practice, robot=robot)
        tried = asyncio.run(campaign.run(seeds, first, lambda mutant: _say(mutant, json_=json_)))
    lines = table(tried)
    for line in _markdown(lines):
        click.echo(line, err=json_)
    click.echo(f"{len(tried)} changements en {time.monotonic() - began:.0f} s.", err=json_)
    missed = [mutant for mutant in tried if mutant.missed]
    if json_:
        click.echo(json.dumps({"table": lines, "missed": [asdict(each) for each in missed]}, ensure_ascii=False))
    if missed:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _told(application: str, compared: Compared) -> list[str]:
    walked = compared.walked
    if not walked.differences:
        return [f"{application} : {len(walked.facts)} écrans parcourus, identiques", *_unseen(compared)]
    head = "les saisies s'arrêtent" if walked.stopping else "sans effet sur les saisies"
    lines = [f"{application} : {len(walked.differences)} écarts, {head}"]
    lines += [f"  {'-' if each.alters else '·'} écran « {each.screen} », {each.text}" for each in walked.differences]
    lines += _unseen(compared)
    if compared.path:
        lines += ["", *shown_change(compared.patch), "", f"  Proposition (rien n'est appliqué) : {compared.path}"]
    return lines


def _unseen(compared: Compared) -> list[str]:
    """Say which screens no walk can come to, and who looks at them instead."""
    names = ", ".join(f"« {name} »" for name in compared.walked.unseen)
    many = len(compared.walked.unseen)
    counted = f"{many} écrans non vus" if many > 1 else "1 écran non vu"
    said = f"  {counted} : {names}. Seule une saisie y mène ; le robot compare son formulaire avant de confirmer."
    return [said] if names else []


def _as_json(compared: Compared) -> dict[str, object]:
    differences = [
        {"screen": each.screen, "text": each.text, "alters": each.alters} for each in compared.walked.differences
    ]
    patch = str(compared.path) if compared.path else None
    return {"differences": differences, "unseen": list(compared.walked.unseen), "patch": patch}


def _say(mutant: Mutant, *, json_: bool) -> None:
    if mutant.missed or mutant.false_alarm:
        word = "MANQUÉ" if mutant.missed else "fausse alerte"
        about = f"{mutant.application}, {mutant.screen}, {mutant.kind}, graine {mutant.seed}"
        click.echo(f"{word} : {about} : {' ; '.join(mutant.said) or 'rien vu'}", err=json_)


def _markdown(lines: list[dict[str, object]]) -> list[str]:
    rows = [list(_HEADINGS.values()), ["---"] * len(_HEADINGS)]
    rows += [[str(line[name]) for name in _HEADINGS] for line in lines]
    return [f"| {' | '.join(row)} |" for row in rows]
