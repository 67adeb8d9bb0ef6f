"""What a round happens in: practice applications, database, console and runners, each a process that faults may hit."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row

from checker.evidence import read_ledger
from orchestrator.backups.restore import restore
from orchestrator.backups.save import back_up
from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.practice import LOGINS, ROBOT_LOGIN, TODAY, Practice
from orchestrator.bootstrap.processes import port_at, start_child, stop_children
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import World, build_world
from orchestrator.campaign.targets import Effect, Target
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import RefusedDelivery, SettingsError
from orchestrator.settings import Settings
from orchestrator.store import embedded
from orchestrator.store.queries import query

#: Seconds that an application is left in peace after a doubt; no commit of a campaign comes later.
QUIET = 18.0


@dataclass
class House:
    """One workspace and its processes; whatever dies is started again by :meth:`watch`."""

    settings: Settings
    practice: Practice
    #: Where robots enter.
    target: Target
    #: How many runners there are.
    runners: int
    #: Seconds of a lease.
    lease: float
    #: The guards that are taken out.
    without: frozenset[str]
    #: What the applications do wrong, as ``sandbox serve --faults`` reads it.
    faults: str
    #: The small disk that a fault fills: workspace and log are there, the applications are not.
    disk: Path | None = None
    world: World = field(init=False)
    people: Mapping[str, str] = field(init=False)
    #: Deliveries by file name: what an agent looks up a row in.
    deliveries: dict[str, Path] = field(default_factory=dict)
    #: Each delivery with its scenario, in the order in which they came.
    _given: dict[tuple[str, Path], None] = field(default_factory=dict)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _addresses: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything but the runners on 127.0.0.1."""
        self.orders.mkdir(parents=True, mode=0o700)
        (self.orders / "plan.json").write_text(
            json.dumps({"lease": self.lease, "without": sorted(self.without)}), "ascii"
        )
        self.world = asyncio.run(build_world(self.settings))
        self.people = asyncio.run(ensure_people(self.world))
        for name in self.target.scenarios:
            asyncio.run(publish_by_two(self.world, name, "responsable", "superviseur", "Publiée par la campagne."))
        self.practice.make()
        if self.target.make:
            self.target.make(self.practice, self.delivery)
        port = port_at(self.settings.console_host, 0)
        self.settings = self.settings.model_copy(update={"console_port": port})
        for name in ("applications", "console"):
            self._start(name)

    def start_runners(self) -> None:
        """Let robots work, on every machine that has no runner."""
        for name in (f"runner-{number}" for number in range(self.runners)):
            if name not in self._children:
                self._start(name)

    def watch(self) -> None:
        """Start again whatever died."""
        for name in list(self._children):
            if self._children[name].poll() is not None:
                self._start(name)

    def stop(self) -> None:
        """Stop everything and delete the database."""
        order = sorted(self._children, key=lambda name: not name.startswith("runner"))
        for name in order:
            _continue(self._children[name].pid)
        stop_children([self._children[name] for name in order])
        self._kill_sessions()
        embedded.discard(self.settings.workspace)

    # --- work --------------------------------------------------------------------------------------------------------

    def deliver(self, scenario: str, file: Path) -> bool:
        """Load a delivery for a scenario; False when it was refused as known."""
        self.deliveries[file.name] = file
        self._given[scenario, file] = None

        async def load() -> None:
            async with open_loader(self.world) as loader:
                await loader.load(self.world.scenario(scenario), file, date_of(TODAY), "campaign")

        try:
            asyncio.run(load())
        except RefusedDelivery:
            return False
        return True

    @property
    def delivery(self) -> Path:
        """The delivery of the day."""
        return self.practice.delivery.with_name(self.target.first)

    def objects(self, file: str) -> Sequence[Effect]:
        """Return the person and the object of each line of a delivery, by its name."""
        return self.target.effects(self.deliveries[file])

    def changed(self, number: int) -> Path:
        """Make the delivery of the day under another name, with one row changed."""
        file = self.delivery.with_name(self.target.again.format(number))
        self.target.change(self.practice, self.delivery, file, number)
        return file

    def days_pass(self) -> None:
        """Let whatever waits go on, and the applications show a later day where it needs one."""
        if self.target.later:
            (self.practice.folder / "today").write_text(self.target.later, encoding="ascii")
        self.first("campaign.retry_now")

    def back_up(self, archive: Path) -> None:
        """Save the house, as ``glr backup`` does."""
        asyncio.run(back_up(self.world, archive))

    def lose(self, *, machines: bool) -> None:
        """Lose the database and the console; the machines of the runners with them, or not: what goes on there knows what the
        house will have forgotten.
        """
        for name in [name for name in self._children if name == "console" or (machines and name != "applications")]:
            child = self._children.pop(name)
            child.kill()
            child.wait()
        if machines:
            self._kill_sessions()
        self.first("campaign.cut_off")
        self.first("campaign.lose")

    def bring_back(self, archive: Path) -> None:
        """Restore the house, start its console, and give it once more the deliveries that came since.

        A runner that was just starting when the database was lost makes an empty house in it, into which nothing is restored.
        """
        try:
            asyncio.run(restore(self.settings, archive, "campaign"))
        except SettingsError:
            self.lose(machines=True)
            asyncio.run(restore(self.settings, archive, "campaign"))
        self.world = asyncio.run(build_world(self.settings))
        self._start("console")
        for scenario, file in list(self._given):
            self.deliver(scenario, file)

    def restart_database(self) -> None:
        """Bring the database back if it was killed."""
        asyncio.run(self.world.restart_database())

    def first(self, name: str, **values: object) -> list[dict[str, Any]]:
        """Run a query by name as the owner."""
        return self.run(query(name), **values)

    def run(self, text: str, **values: object) -> list[dict[str, Any]]:
        """Run a statement as the owner."""
        dsn = embedded.start(self.settings.workspace).superuser_dsn
        options = "-c search_path=glr -c glr.actor=campaign"
        with psycopg.connect(dsn, row_factory=dict_row, autocommit=True, options=options) as connection:
            cursor = connection.execute(text.encode(), values)
            return cursor.fetchall() if cursor.description else []

    # --- what faults hit ---------------------------------------------------------------------------------------------

    @property
    def orders(self) -> Path:
        """The folder of the plan and of the orders to failpoints."""
        return self.settings.workspace / "campaign"

    def processes(self, role: str) -> list[int]:
        """Return the process numbers of a role: ``session``, ``runner``, ``orchestrator``, ``postgres``."""
        if role == "postgres":
            return [embedded.start(self.settings.workspace).pid]
        if role == "orchestrator":
            return [self._children["console"].pid]
        runners = [child.pid for name, child in self._children.items() if name.startswith("runner")]
        return runners if role == "runner" else [pid for runner in runners for pid in _sessions(runner)]

    def entered(self) -> int:
        """Return how many entries the application's ledger holds."""
        return len(read_ledger(self.ledger))

    @property
    def ledger(self) -> Path:
        """The application's own ledger."""
        return self.practice.folder / f"{self.target.application}.ledger.jsonl"

    def address(self, application: str) -> str:
        """Where an application listens."""
        return self._addresses[application]

    @property
    def console(self) -> str:
        """The console's address."""
        return f"http://{self.settings.console_host}:{self.settings.console_port}"

    def _kill_sessions(self) -> None:
        """Kill those that a runner which was killed left behind, asleep."""
        for process in psutil.process_iter(["cmdline"]):
            if str(self.orders) in (process.info["cmdline"] or ()):
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def _start(self, name: str) -> None:
        log = self.settings.workspace / "logs" / f"{name}.log"
        if name == "applications":
            self._children[name], self._addresses = self.practice.serve(log, faults=self.faults)
            for robot in {self.world.scenario(one).robot for one in self.target.scenarios}:
                accounts = self.settings.secrets / self.world.robot(robot).accounts
                self.practice.write_accounts(self._addresses, accounts, LOGINS.get(robot, ROBOT_LOGIN))
            return
        command = ["serve", "--no-planner"] if name == "console" else ["runner"]
        program = [sys.executable, "-m", "orchestrator.campaign.hurt", str(self.orders), *command]
        self._children[name] = start_child(program, log, self.settings.environment)


def make_house(
    folder: Path,
    target: Target,
    *,
    rows: int,
    seed: int,
    runners: int,
    lease: float,
    without: frozenset[str],
    faults: str,
    disk: Path | None,
) -> House:
    """Return a house in a new folder, not yet started."""
    workspace = (disk or folder) / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    settings = Settings(workspace=workspace, environment_name="campagne")
    shutil.rmtree(folder / "practice", ignore_errors=True)
    practice = Practice(folder=folder / "practice", cases=rows, seed=seed, quiet=QUIET)
    return House(
        settings=settings,
        practice=practice,
        target=target,
        runners=runners,
        lease=lease,
        without=without,
        faults=faults,
        disk=disk,
    )


def _sessions(runner: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(runner).children() if "session" in child.cmdline()]
    except psutil.Error:  # it has just died
        return []


def _continue(pid: int) -> None:
    try:
        psutil.Process(pid).send_signal(signal.SIGCONT)
    except psutil.Error:
        return
