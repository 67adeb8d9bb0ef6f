"""A small practice world for tests of the engine: the three applications, a robot's workbench, and one session at a time."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from kept_desk import KeptDesk
from one_browser import a_browser
from playwright.async_api import Browser
from psycopg.types.json import Jsonb
from published import orchestrator_of, publish_at

from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.cases import RetryPolicy
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.canary import walk
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.witness import Witness, load_witnesses
from orchestrator.engine.lease import Heartbeat
from orchestrator.engine.load import Loaded, Loader
from orchestrator.engine.results import RowResult, results_of
from orchestrator.engine.session import RobotSession
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.work import Workbench
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.stores import load

PROJECT = Path(__file__).resolve().parents[2]
DAY = date(2026, 3, 27)
APPLICATIONS = ("bdo", "arpege", "compta", "rniam")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the practice delivery with what the oracle expects of it."""

    text: str
    outcome: str
    codes: tuple[str, ...]
    amount_c: int | None

    @property
    def stop(self) -> str:
        return self.text.split(";")[2]

    @property
    def nir(self) -> str:
        return self.text.split(";")[0].upper()


@dataclass(frozen=True, kw_only=True)
class PracticeWorld:
    """Applications that run for the whole test session; each test takes rows that no other test uses."""

    practice: Practice
    accounts: Mapping[str, RobotAccount]
    #: Where each application answers.
    addresses: Mapping[str, str] = field(default_factory=dict)
    unused: list[Row]
    #: All of them.
    rows: tuple[Row, ...]
    #: Rows whose file an agent has open when it is looked at first (C-07): entered, but at the second attempt.
    locked_once: list[Row]
    #: Rows of the cases that the domain text names (A01…); those that are entered are for their own test alone.
    named: Mapping[str, Row] = field(default_factory=dict)

    def take(self, outcome: str, *codes: str) -> Row:
        """Return an unused row of that outcome (and codes)."""
        for row in self.unused:
            if row.outcome == outcome and row.codes == codes:
                self.unused.remove(row)
                return row
        raise LookupError(f"no unused row {outcome} {codes}")

    def refused(self, *codes: str) -> Row:
        """Return the first row that is refused with these codes: nothing is entered for it, any number of tests may have it."""
        return next(row for row in self.rows if (row.outcome, row.codes) == ("exception", codes))

    def fault(self, *faults: Mapping[str, Any]) -> None:
        """Plan faults of COMPTA; none clears the plan."""
        (self.practice.folder / "faults.json").write_text(json.dumps({"compta": list(faults)}))

    def show_day(self, day: str) -> None:
        """Let the applications show another business day."""
        (self.practice.folder / "today").write_text(day)

    def acts(self) -> list[dict[str, Any]]:
        """Return every act of COMPTA's own ledger."""
        path = self.practice.folder / "compta.ledger.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def lines_of(self, stop: str) -> list[dict[str, Any]]:
        """Return the proposals of a stop in COMPTA's own ledger."""
        return [act for act in self.practice.proposals() if act["stop"] == stop]


@pytest.fixture(scope="session")
def practice_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeWorld]:
    """Serve a population of 240 rows on free ports."""
    folder = tmp_path_factory.mktemp("practice")
    practice = Practice(folder=folder, cases=240, seed=7, quiet=0.5)
    practice.make()
    child, addresses = practice.serve(folder / "applications.log")
    practice.write_accounts(addresses, folder / "robot.json")
    raw = json.loads((folder / "robot.json").read_text())
    accounts = {name: RobotAccount.read(item) for name, item in raw.items()}
    lines = practice.delivery.read_text(encoding="cp1252").splitlines()
    rows = [
        Row(text=lines[n - 1], outcome=w["outcome"], codes=tuple(w["codes"]), amount_c=w["amount_c"])
        for n, w in sorted(practice.expected().items())
    ]
    population = load(folder)
    open_files = {person.nir for person in population.people if person.lock == "first view"}
    cases = [row.case for row in population.rows]
    named = {case: row for case, row in zip(cases, rows, strict=True) if re.match(r"A\d\d", case)}
    yield PracticeWorld(
        practice=practice,
        accounts=accounts,
        addresses=addresses,
        unused=[row for row in rows if row.nir not in open_files and (row.codes or row not in named.values())],
        rows=tuple(rows),
        locked_once=[row for row in rows if row.nir in open_files],
        named=named,
    )
    child.terminate()
    child.wait(20)


@dataclass
class RobotWorld:
    """One test's engine: its own database, one browser, desks at the practice applications."""

    world: PracticeWorld
    bench: Workbench
    runner_url: str
    loader: Loader
    #: Renews the lease of the case in hand, as in a session's own process: a slow machine loses none.
    heartbeat: Heartbeat
    folder: Path
    count: int = 0

    async def deliver(self, *rows: Row, run_date: date = DAY) -> Loaded:
        """Load a delivery of these rows."""
        self.count += 1
        path = self.folder / f"anomalies-arpege-{self.count}.csv"
        header = "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
        text = "\r\n".join([header, *(row.text for row in rows), f"FIN;{len(rows)}", ""])
        # a digest of its own: the separator of the trailer may be followed by spaces
        path.write_bytes(text.encode("cp1252"))
        return await self.loader.load(self.bench.scenario, path, run_date, "test")

    async def work(self) -> str:
        """Run one robot session until nothing is ready."""
        runner = uuid4()
        async with self.bench.database.transaction("test") as tx:
            await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
        return await self.session(runner).run()

    def session(self, runner: UUID) -> RobotSession:
        """Return a session of that runner."""
        return RobotSession(
            bench=self.bench,
            heartbeat=self.heartbeat,
            runner=runner,
            id=uuid4(),
            policy=RetryPolicy(attempts=2, first_delay=0.2),
            stopping=asyncio.Event(),
        )

    async def results(self, run: UUID) -> list[RowResult]:
        """Return the rows of a run."""
        return await results_of(self.loader.database, run)

    async def only(self, run: UUID) -> RowResult:
        """Return the one row of a run."""
        (row,) = await self.results(run)
        return row


#: What the screens of a release show of the witness, once looked at, by the releases that were installed.
_SHOWN: dict[tuple[Path, str], dict[str, Witness]] = {}


async def known_witnesses(world: RobotWorld) -> dict[str, Witness]:
    """Look at the witness in the releases that are installed now, as ``glr screens record`` does; once in each."""
    folder, path = world.world.practice.folder, world.folder / "canary.json"
    releases = folder / "releases.json"
    installed = folder, releases.read_text() if releases.exists() else ""
    if installed not in _SHOWN:
        world.world.practice.write_witnesses(path)
        _SHOWN[installed] = {
            name: Witness(values=one.values, known=(await walk(world.bench.desks[name], one)).shown)
            for name, one in load_witnesses(path).items()
            if name in world.bench.desks
        }
    return dict(_SHOWN[installed])


@asynccontextmanager
async def robot_world(
    practice: PracticeWorld, runner_url: str, vault: Vault, folder: Path, scenario: Scenario | None = None
) -> AsyncIterator[RobotWorld]:
    """Open everything a session needs."""
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    path = PROJECT / "scenarios" / "ij-acompte.yaml"
    loaded = scenario or load_scenario(path, keywords=keywords, caisse="cpam-931")
    await publish_at(runner_url, loaded)
    orchestrator_url = orchestrator_of(runner_url)
    queue = ticket_queue(orchestrator_url, size=1)
    async with (
        Database(runner_url, size=4) as database,
        Database(orchestrator_url, size=2) as orchestrator,
        queue.open_async(),
        a_browser() as browser,
    ):
        bench = Workbench(
            scenario=loaded,
            keywords=keywords,
            desks=desks(browser, practice, KeptDesk),
            database=database,
            vault=vault,
            evidence=folder / "evidence",
            robot="acompte-ij",
        )
        loader = Loader(database=orchestrator, queue=queue, vault=vault)
        with beating(runner_url) as heartbeat:
            yield RobotWorld(
                world=practice, bench=bench, runner_url=runner_url, loader=loader, heartbeat=heartbeat, folder=folder
            )


async def resend(owner: Database, run: UUID, instruction: Mapping[str, Any]) -> None:
    """Do what a decision in the console does: close the exception, give the case back with an instruction."""
    async with owner.transaction("agent:test") as tx:
        await tx.connection.execute(
            "update exception_item set closed_at = now(), closed_by = 'test', decision = 'resend' where closed_at is null"
        )
        await tx.connection.execute(
            "update cases set state = 'ready', instruction = %s where run = %s and state = 'exception'",
            [Jsonb(dict(instruction)), run],
        )


@contextmanager
def beating(runner_url: str) -> Iterator[Heartbeat]:
    """Give a heartbeat that lives as long as the test."""
    heartbeat = Heartbeat(runner_url)
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        heartbeat.stop()
        heartbeat.join()


def changed_scenario(folder: Path, *changes: tuple[str, str]) -> Scenario:
    """Load the shipped scenario with some changes."""
    shutil.copytree(PROJECT / "scenarios", folder / "scenarios")
    path = folder / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8")
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    keywords = load_keywords(Settings(workspace=folder, home=PROJECT))
    return load_scenario(path, keywords=keywords, caisse="cpam-931")


def desks(browser: Browser, practice: PracticeWorld, kind: type[WebDesk] = WebDesk) -> dict[str, WebDesk]:
    """Return a desk at each practice application."""
    contracts = {name: load_contract(PROJECT / "keywords" / name / "screens.yaml") for name in APPLICATIONS}
    return {name: kind(browser, contracts[name], practice.accounts[name]) for name in APPLICATIONS}
