"""``glr demo``: the main job, end to end, on practice applications: one command, from nothing to a console."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import ROBOT_LOGIN, TODAY, Part, Practice
from orchestrator.cli import options
from orchestrator.cli.demo_closing import closes_at_once, show_closing
from orchestrator.cli.demo_follow import follow, in_hand
from orchestrator.cli.demo_house import House
from orchestrator.cli.evening import parts_of, run_evening
from orchestrator.cli.evening_summary import EveningSummary
from orchestrator.cli.exits import Exit
from orchestrator.cli.summary import Summary, compare
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import RefusedDelivery
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.engine.load import first_run
from orchestrator.engine.results import results_of
from orchestrator.settings import default_workspace

SCENARIO = "ij-acompte"
#: Scenarios that the oracle knows: the same work, as YAML and as a suite of Robot Framework.
KNOWN = (SCENARIO, "ij-acompte-robot")
#: Rows of a demo, and of an evening, where two scenarios share them.
_CASES, _EVENING_CASES = 200, 24


@click.command()
@click.option("--cases", type=click.IntRange(20), envvar="GLR_DEMO_CASES", show_envvar=True,
              help=f"Lignes de la livraison : {_CASES}, ou {_EVENING_CASES} avec --robot.")  # fmt: skip
@click.option("--seed", type=int, default=931, envvar="GLR_DEMO_SEED", show_envvar=True, show_default=True,
              help="Graine de la population.")  # fmt: skip
@click.option("--scenario", default=SCENARIO, envvar="GLR_DEMO_SCENARIO", show_envvar=True, show_default=True,
              help="Scénario à faire tourner sur la livraison d'entraînement.")  # fmt: skip
@click.option("--robot", metavar="ROBOT", envvar="GLR_DEMO_ROBOT", show_envvar=True,
              help="Une soirée : all (tous les robots livrés, dans la même maison), ou un seul.")  # fmt: skip
@click.option("--release", metavar="VERSION", envvar="GLR_DEMO_RELEASE", show_envvar=True,
              help="Version des applications d'entraînement : 2, ou par exemple compta=2.1.")  # fmt: skip
@click.option(
    "--exit", "exit_", is_flag=True, envvar="GLR_DEMO_EXIT", show_envvar=True, help="Tout arrêter après l'exécution."
)
@options.as_json
@options.workspace
def demo(
    *,
    cases: int | None,
    seed: int,
    scenario: str,
    robot: str | None,
    release: str | None,
    exit_: bool,
    json_: bool,
    workspace: Path | None,
) -> None:
    """Démonstration : une livraison de 200 lignes, du chargement aux saisies relues, sur des applications d'entraînement."""
    if robot and scenario != SCENARIO:
        raise click.UsageError("--robot ou --scenario : pas les deux.")
    rows = cases or (_EVENING_CASES if robot else _CASES)
    place = workspace or default_workspace() / f"{f'soiree-{robot}' if robot else 'demo'}-{rows}-{seed}"
    settings = options.settings_of(place, console_port=None)
    screen = Console(stderr=json_)
    ensure_browser()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would inherit it ignored
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # a database that died is said by us, once, in French
    practice = Practice(folder=settings.workspace / "practice", cases=rows, seed=seed, evening=robot is not None)
    parts = parts_of(practice, robot) if robot else []
    logins = {part.scenario: part.login for part in parts} or {scenario: ROBOT_LOGIN}
    house = House(settings=settings, practice=practice, logins=logins, screen=screen, release=release)
    try:
        house.start()
        summary = _summary(house, parts, scenario)
        summary.show(screen)
        house.show_console()
        if json_:
            click.echo(json.dumps(summary.as_json(), ensure_ascii=False))
        if not exit_:
            screen.print("Ctrl-C pour tout arrêter.")
            house.keep_running()
    finally:
        house.stop()
    if summary.unfinished:
        raise click.exceptions.Exit(Exit.STOPPED)
    if summary.differences or summary.ledger_duplicates:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _summary(house: House, parts: Sequence[Part], scenario: str) -> Summary | EveningSummary:
    return asyncio.run(run_evening(house, parts)) if parts else asyncio.run(_run(house, scenario))


async def _run(house: House, name: str) -> Summary:
    before = len(house.practice.proposals())
    scenario = house.world.scenario(name)
    async with open_loader(house.world) as loader:
        try:
            run = (await loader.load(scenario, house.drop(house.practice.delivery), date_of(TODAY), "demo")).run
            _remember_baseline(house, run, before)
        except RefusedDelivery as refused:
            run = await first_run(loader.database, scenario, house.practice.delivery)
            if not in_hand(await results_of(loader.database, run)):
                (house.inbox / house.practice.delivery.name).unlink()  # the copy that was dropped for nothing
                house.screen.print(str(refused), soft_wrap=True)
                return _refusal(house, refused, before)
            house.screen.print("Reprise de l'exécution interrompue.")
        house.start_runner()
        seconds = (await follow(house, loader.database, [run]))[run]
        rows = await results_of(loader.database, run)
        if closes_at_once(scenario) and not in_hand(rows):
            await show_closing(house, loader.database, run)
            for mail in house.practice.received()[-1:]:
                house.screen.print(f"Courriel reçu par le contrôle comptable : {mail}", soft_wrap=True)
    lines = len(house.practice.proposals()) - _baseline(house, run)
    return Summary(
        rows=rows,
        differences=compare(rows, house.practice.expected()) if scenario.name in KNOWN else None,
        ledger_lines=lines,
        ledger_duplicates=house.practice.duplicates(),
        refused=None,
        seconds=seconds,
    )


def _refusal(house: House, refused: RefusedDelivery, before: int) -> Summary:
    house.start_runner()
    lines = len(house.practice.proposals()) - before
    duplicates = house.practice.duplicates()
    return Summary(
        rows=[], differences=[], ledger_lines=lines, ledger_duplicates=duplicates, refused=refused.first, seconds=0.0
    )


def _remember_baseline(house: House, run: UUID, lines: int) -> None:
    (house.practice.folder / f"baseline-{run}").write_text(str(lines), encoding="ascii")


def _baseline(house: House, run: UUID) -> int:
    path = house.practice.folder / f"baseline-{run}"
    return int(path.read_text(encoding="ascii")) if path.exists() else 0
