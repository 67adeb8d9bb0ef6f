"""``glr demo``: the main job, end to end, on practice applications: one command, from nothing to a console."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.console import Console

from orchestrator.bootstrap.closing import closed_so_far
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import TODAY, Practice
from orchestrator.bootstrap.processes import port_at, start_child, stop_children
from orchestrator.bootstrap.releases import remember_witnesses
from orchestrator.bootstrap.services import ensure_people, restart_database
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.cli.close import show
from orchestrator.cli.exits import Exit
from orchestrator.cli.progress import RunProgress
from orchestrator.cli.summary import Summary, compare
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import RefusedDelivery
from orchestrator.drivers.browser_finder import ensure_browser
from orchestrator.engine.load import Loader, first_run
from orchestrator.engine.results import RowOutcome, results_of
from orchestrator.language.model import ClosingMoment, Mode, Scenario
from orchestrator.settings import Settings, default_workspace
from orchestrator.store.database import Database, StoreUnavailable

SCENARIO = "ij-acompte"
#: Scenarios that the oracle knows: the same work, as YAML and as a suite of Robot Framework.
KNOWN = (SCENARIO, "ij-acompte-robot")
_BUSY = {RowOutcome.RUNNING}
#: Seconds for the closing of the run, which the console's process does.
_CLOSING = 150.0


@click.command()
@click.option("--cases", type=click.IntRange(20), default=200, envvar="GLR_DEMO_CASES", show_envvar=True, show_default=True,
              help="Lignes de la livraison.")  # fmt: skip
@click.option("--seed", type=int, default=931, envvar="GLR_DEMO_SEED", show_envvar=True, show_default=True,
              help="Graine de la population.")  # fmt: skip
@click.option("--scenario", default=SCENARIO, envvar="GLR_DEMO_SCENARIO", show_envvar=True, show_default=True,
              help="Scénario à faire tourner sur la livraison d'entraînement.")  # fmt: skip
@click.option("--release", metavar="VERSION", envvar="GLR_DEMO_RELEASE", show_envvar=True,
              help="Version des applications d'entraînement : 2, ou par exemple compta=2.1.")  # fmt: skip
@click.option(
    "--exit", "exit_", is_flag=True, envvar="GLR_DEMO_EXIT", show_envvar=True, help="Tout arrêter après l'exécution."
)
@options.as_json
@options.workspace
def demo(
    *,
    cases: int,
    seed: int,
    scenario: str,
    release: str | None,
    exit_: bool,
    json_: bool,
    workspace: Path | None,
) -> None:
    """Démonstration : une livraison de 200 lignes, du chargement aux saisies relues, sur des applications d'entraînement."""
    place = workspace or default_workspace() / f"demo-{cases}-{seed}"
    settings = options.settings_of(place, console_port=None)
    screen = Console(stderr=json_)
    ensure_browser()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would inherit it ignored
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # a database that died is said by us, once, in French
    practice = Practice(folder=settings.workspace / "practice", cases=cases, seed=seed)
    house = _House(settings=settings, practice=practice, scenario=scenario, screen=screen, release=release)
    try:
        house.start()
        summary = asyncio.run(_run(house))
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


@dataclass
class _House:
    """The processes of a demo: practice applications, console, runner; each started again when it dies."""

    settings: Settings
    practice: Practice
    scenario: str
    screen: Console
    #: What the editors deliver before the robots begin.
    release: str | None = None
    world: World = field(init=False)
    people: dict[str, str] = field(init=False)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything on 127.0.0.1."""
        self.screen.print(f"Espace de travail : {self.settings.workspace}", soft_wrap=True)
        self.world = asyncio.run(build_world(self.settings))
        self.people = asyncio.run(ensure_people(self.world))
        asyncio.run(
            publish_by_two(self.world, self.scenario, "responsable", "superviseur", "Publiée par la démonstration.")
        )
        self.practice.make()
        port = port_at(self.settings.console_host, self.settings.console_port)
        self.settings = self.settings.model_copy(update={"console_port": port})
        self._start("applications")
        robot = self.world.scenario(self.scenario).robot
        # in the release we know, before the editors deliver another
        for application in asyncio.run(remember_witnesses(self.world, robot)):
            self.screen.print(f"[yellow]{application} : valeurs du témoin non relevées.[/yellow]")
        self.practice.install(self.release)
        self._start("console")

    def watch(self) -> None:
        """Start again whatever died: a killed runner or application must not end the demo."""
        for name in list(self._children):
            if self._children[name].poll() is not None:
                self.screen.print(f"[yellow]« {name} » s'est arrêté : redémarrage.[/yellow]")
                self._start(name)

    def start_runner(self) -> None:
        """Let robots work."""
        if "runner" not in self._children:
            self._start("runner")

    @property
    def inbox(self) -> Path:
        """Where deliveries arrive."""
        return self.settings.workspace / "inbox"

    def drop(self) -> Path:
        """Let the delivery arrive in the inbox; the closing puts it away."""
        self.inbox.mkdir(exist_ok=True, mode=0o700)
        return Path(shutil.copy(self.practice.delivery, self.inbox))

    def show_console(self) -> None:
        """Say where the console is and who may log in."""
        host, port = self.settings.console_host, self.settings.console_port
        self.screen.print(f"Console : [bold]http://{host}:{port}[/bold] (comptes de démonstration)")
        for login, password in self.people.items():
            self.screen.print(f"  {login}  {password}")

    def keep_running(self) -> None:
        """Stay until Ctrl-C."""
        while True:
            time.sleep(1)
            self.watch()

    def stop(self) -> None:
        """Stop the children in order, then the database."""
        stop_children(
            [self._children[name] for name in ("runner", "console", "applications") if name in self._children]
        )
        if hasattr(self, "world"):
            self.world.stop_database()

    def _start(self, name: str) -> None:
        log = self.settings.workspace / "logs" / f"{name}.log"
        if name == "applications":
            self._children[name], addresses = self.practice.serve(log)
            robot = self.world.robot(self.world.scenario(self.scenario).robot)
            self.practice.write_accounts(addresses, self.settings.secrets / robot.accounts)
            self.practice.write_witnesses(self.settings.witnesses)
            if robot.mail:
                self.practice.write_mailbox(self.settings.secrets / robot.mail)
            return
        command = [sys.executable, "-m", "orchestrator.cli", "serve" if name == "console" else "runner"]
        extra = ["--no-planner"] if name == "console" else []
        self._children[name] = start_child([*command, *extra], log, self.settings.environment)


async def _run(house: _House) -> Summary:
    before = len(house.practice.proposals())
    scenario = house.world.scenario(house.scenario)
    async with open_loader(house.world) as loader:
        try:
            run = (await loader.load(scenario, house.drop(), date_of(TODAY), "demo")).run
            _remember_baseline(house, run, before)
        except RefusedDelivery as refused:
            run = await first_run(loader.database, scenario, house.practice.delivery)
            if not await _unfinished(loader, run):
                (house.inbox / house.practice.delivery.name).unlink()  # the copy that was dropped for nothing
                house.screen.print(str(refused), soft_wrap=True)
                return _refusal(house, refused, before)
            house.screen.print("Reprise de l'exécution interrompue.")
        house.start_runner()
        seconds = await _follow(house, loader.database, run)
        rows = await results_of(loader.database, run)
        if _closes_at_once(scenario) and not any(row.outcome in _BUSY for row in rows):
            await _show_closing(house, loader.database, run)
    lines = len(house.practice.proposals()) - _baseline(house, run)
    return Summary(
        rows=rows,
        differences=compare(rows, house.practice.expected()) if scenario.name in KNOWN else None,
        ledger_lines=lines,
        ledger_duplicates=house.practice.duplicates(),
        refused=None,
        seconds=seconds,
    )


def _closes_at_once(scenario: Scenario) -> bool:
    """Say whether a run of the scenario is closed as soon as the robots have done with it (ADR 23)."""
    rule = scenario.closing
    return scenario.mode is Mode.LIVE and rule.when is ClosingMoment.ROBOTS_DONE and rule.at is None


async def _show_closing(house: _House, database: Database, run: UUID) -> None:
    """Wait for the console's process to close the run, and show what the accounting control received."""
    with house.screen.status("Clôture de l'exécution…"):
        stands = await _closing(house, database, run)
    if not stands.get("closed_at"):
        why = stands.get("reason") or "elle n'a pas commencé"
        house.screen.print(f"[yellow]Clôture pas faite : {why}[/yellow]", soft_wrap=True)
        return
    show(await closed_so_far(house.world, database, run), house.screen)
    for mail in house.practice.received()[-1:]:
        house.screen.print(f"Courriel reçu par le contrôle comptable : {mail}", soft_wrap=True)


async def _closing(house: _House, database: Database, run: UUID) -> dict[str, Any]:
    """Return where the closing of the run stands, once it is done or has had its time."""
    end = time.monotonic() + _CLOSING
    stands: dict[str, Any] = {}
    while not stands.get("closed_at") and time.monotonic() < end:
        try:
            async with database.transaction("demo") as tx:
                stands = dict(await tx.first("closings.one", run=run) or {})
        except StoreUnavailable:
            await restart_database(house.world)
        house.watch()
        await asyncio.sleep(0.2)
    return stands


async def _unfinished(loader: Loader, run: UUID) -> bool:
    return any(row.outcome in _BUSY for row in await results_of(loader.database, run))


def _refusal(house: _House, refused: RefusedDelivery, before: int) -> Summary:
    house.start_runner()
    lines = len(house.practice.proposals()) - before
    duplicates = house.practice.duplicates()
    return Summary(
        rows=[], differences=[], ledger_lines=lines, ledger_duplicates=duplicates, refused=refused.first, seconds=0.0
    )


async def _follow(house: _House, database: Database, run: UUID) -> float:
    """Show progress until every case has left the robots' hands; returns the seconds it took."""
    began = time.monotonic()
    with RunProgress(house.screen) as progress:
        while True:
            try:
                rows = await results_of(database, run)
                progress.show(rows)
                if not any(row.outcome in _BUSY for row in rows) or await progress.closed(
                    database, house.settings.caisse
                ):
                    return time.monotonic() - began
            except StoreUnavailable:
                house.screen.print("[yellow]La base de données ne répond plus : redémarrage.[/yellow]")
                await restart_database(house.world)
            house.watch()
            await asyncio.sleep(0.5)


def _remember_baseline(house: _House, run: UUID, lines: int) -> None:
    (house.practice.folder / f"baseline-{run}").write_text(str(lines), encoding="ascii")


def _baseline(house: _House, run: UUID) -> int:
    path = house.practice.folder / f"baseline-{run}"
    return int(path.read_text(encoding="ascii")) if path.exists() else 0
