"""Real session processes that work a suite, and what is done to them: killed, frozen, hung."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg
import pytest
from demo_house import wait_for
from failpoint import FOLDER
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from published import orchestrator_of, publish_at
from robot_world import DAY, PROJECT, PracticeWorld, Row
from suite_world import ENTERS, loaded, written

from orchestrator.engine.load import Loader
from orchestrator.engine.runner import Runner
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

SUITE = """Saisir
    Evaluate    failpoint.hold_at_the_fence("fence-" + $stop_id)    modules=failpoint
    ${stop}=    arpege.stop    nir=${nir}    stop_id=${stop_id}
    Evaluate    failpoint.hold("before-" + $stop_id)    modules=failpoint
    Evaluate    failpoint.spin("spin-" + $stop_id)    modules=failpoint
    Evaluate    failpoint.keep_the_interpreter("keep-" + $stop_id)    modules=failpoint
    compta.propose_advance    nir=${nir}    stop_id=${stop_id}    period=${stop.period}    amount=100,00
    Evaluate    failpoint.hold("after-" + $stop_id)    modules=failpoint

*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    compta    AS    compta
"""
#: How long an application is left in peace after a doubt: longer than an act that hangs takes there (seconds).
QUIET = 8.0
#: Patience with one session, its start included, on a loaded machine (seconds).
PATIENCE = 120.0


@dataclass
class SuiteProcesses:
    """A published suite, its deliveries, and the processes of its sessions."""

    world: PracticeWorld
    owner_url: str
    runner_url: str
    vault: Vault
    environment: Mapping[str, str]
    holds: Path
    folder: Path
    runner: UUID = field(default_factory=uuid4)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    count: int = 0

    # --- what is worked --------------------------------------------------------------------------------------------------

    def deliver(self, *rows: Row) -> None:
        """Load a delivery of these rows."""
        asyncio.run(self._deliver(rows))

    def outcomes(self) -> dict[str, str]:
        """Return what became of each row, by its line: an end, ``doubt``, an exception's code, or its state."""
        text = """
            select line, coalesce(ended_as, case when item.cause = 'doubt' then 'doubt' else item.code end, state::text) as said
            from glr.cases left join glr.exception_item item on item.case_id = cases.id and item.closed_at is null
            order by line
        """
        return {str(row["line"]): row["said"] for row in self.query(text)}

    def query(self, text: str) -> list[dict[str, Any]]:
        """Run SQL as the owner."""
        with psycopg.connect(self.owner_url, row_factory=dict_row, autocommit=True) as connection:
            return connection.execute(text.encode()).fetchall()

    def expire(self, line: int | None = None) -> None:
        """Let every lease run out now, or that of a line, and have it swept."""
        of_line = f"and line = {line}" if line else ""
        self._sql(f"update glr.cases set lease_until = now() - interval '1 second' where state = 'leased' {of_line}")
        asyncio.run(self._sweep())

    # --- the processes ---------------------------------------------------------------------------------------------------

    def start(self) -> psutil.Process:
        """Start a session, as a runner does."""
        self.count += 1
        command = [sys.executable, "-m", "orchestrator.cli", "session", "--caisse", "cpam-931", "--scenario", "essai"]
        with (self.folder / f"session-{self.count}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--runner", str(self.runner)], env=self.environment, stdout=log, stderr=log, cwd=self.folder
            )
        self.processes.append(process)
        return psutil.Process(process.pid)

    def hold(self, point: str) -> None:
        """Let whoever comes to a point wait there."""
        (self.holds / f"{point}.reached").unlink(missing_ok=True)
        (self.holds / point).touch()

    def let_go(self, point: str) -> None:
        """Let it go on."""
        (self.holds / point).unlink()

    def wait_at(self, point: str) -> None:
        """Wait until a session is at a point."""
        wait_for((self.holds / f"{point}.reached").exists, f"a session at {point}", PATIENCE)

    def end_of(self, process: psutil.Process) -> int:
        """Wait for the end of a session; return its code."""
        (mine,) = (each for each in self.processes if each.pid == process.pid)
        return mine.wait(PATIENCE)

    def work_to_the_end(self) -> None:
        """Run sessions until no case is in the robots' hands: one may end early on a loaded machine, as in life."""
        for _ in range(6):
            self.end_of(self.start())
            if not {"ready", "leased", "waiting"} & set(self.outcomes().values()):
                return
            time.sleep(2)  # a case that is tried again waits as long
            self.expire()

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    @contextmanager
    def runner_of(self, hung: timedelta) -> Iterator[tuple[Runner, list[int | None]]]:
        """Run a real runner in a thread; give it, and the codes of the sessions that have ended."""
        ended: list[int | None] = []

        class Watched(Runner):
            async def _host(self, caisse: str, scenario: str) -> None:
                before = set(self._children.values())
                hosting = asyncio.create_task(super()._host(caisse, scenario))
                while not (new := set(self._children.values()) - before):  # noqa: ASYNC110 - of another class
                    await asyncio.sleep(0.05)
                await hosting
                ended.extend(child.returncode for child in new)

        runner = Watched(
            conninfo=self.runner_url,
            session_command=[sys.executable, "-m", "orchestrator.cli", "session"],
            environment={**self.environment, "GLR_PARENT": str(os.getpid())},
            sessions=1,
            hung=hung,
        )
        stopping = asyncio.Event()
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=lambda: loop.run_until_complete(runner.run(stopping)))
        thread.start()
        try:
            yield runner, ended
        finally:
            loop.call_soon_threadsafe(stopping.set)
            thread.join(PATIENCE)
            loop.close()

    def silent(self, times: int, line: int) -> None:
        """Let that many sessions have ended at a case without a word."""
        self._sql(
            f"""
            insert into glr.robot_session (id, caisse, runner, robot, scenario, ended_at)
            select gen_random_uuid(), 'cpam-931', '{self.runner}', 'acompte-ij', 'essai', now();
            insert into glr.attempt (case_id, n, caisse, epoch, session, scenario, version, started_at)
            select cases.id, n, 'cpam-931', n, (select id from glr.robot_session limit 1), 'essai', run.version,
                   now() - interval '1 hour'
            from glr.cases join glr.run on run.id = cases.run, generate_series(1, {times}) n where line = {line};
            update glr.cases set epoch = {times} where line = {line};
            """
        )

    # --- inside ----------------------------------------------------------------------------------------------------------

    def _sql(self, text: str) -> None:
        with psycopg.connect(self.owner_url, options="-c glr.actor=test", autocommit=True) as connection:
            connection.execute(text.encode())

    async def _deliver(self, rows: Sequence[Row]) -> None:
        scenario = loaded(self.folder / "scenarios" / "essai.yaml")
        await publish_at(self.runner_url, scenario)
        path = self.folder / "anomalies-arpege-1.csv"
        header = "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
        path.write_bytes("\r\n".join([header, *(row.text for row in rows), f"FIN;{len(rows)}", ""]).encode("cp1252"))
        orchestrator_url = orchestrator_of(self.runner_url)
        queue = ticket_queue(orchestrator_url, size=1)
        async with Database(orchestrator_url, size=1) as database, queue.open_async():
            await Loader(database=database, queue=queue, vault=self.vault).load(scenario, path, DAY, "test")
            async with database.transaction("test") as tx:
                await tx.run("sessions.register_runner", id=self.runner, host="test", pid=os.getpid())

    async def _sweep(self) -> None:
        queue = ticket_queue(self.runner_url, size=1)
        async with Database(self.runner_url, size=1) as database, queue.open_async():
            await sweep(database, queue)


@contextmanager
def suite_processes(
    practice: PracticeWorld,
    folder: Path,
    steps: str,
    urls: Mapping[str, str],
    owner_url: str,
    vault: Vault,
) -> Iterator[SuiteProcesses]:
    """Write a project with the suite above and a workspace whose keys, roles and accounts a session finds."""
    written(folder, SUITE, steps)
    secrets, holds = folder / "workspace" / "secrets", folder / "holds"
    secrets.mkdir(parents=True, mode=0o700)
    holds.mkdir()
    keys = {name: base64.b64encode(getattr(vault, name)).decode() for name in ("wrap", "index", "effect")}
    passwords = {role: str(conninfo_to_dict(url)["password"]) for role, url in urls.items()}
    accounts = {
        name: {"address": each.address, "login": each.login, "password": each.password.reveal(), "quiet": QUIET}
        for name, each in practice.accounts.items()
    }
    for name, content in (("keys", keys), ("roles", passwords), ("acompte-ij", accounts)):
        path = secrets / f"{name}.json"
        path.touch(0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GLR_") or name == "GLR_BROWSER"},
        "GLR_WORKSPACE": str(folder / "workspace"),
        "GLR_HOME": str(folder),
        "GLR_DATABASE_URL": owner_url,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(Path(__file__).parent)]),
        FOLDER: str(holds),
    }
    made = SuiteProcesses(
        world=practice,
        owner_url=owner_url,
        runner_url=urls["glr_runner"],
        vault=vault,
        environment=environment,
        holds=holds,
        folder=folder,
    )
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def processes(
    practice_world: PracticeWorld, tmp_path: Path, role_url: Mapping[str, str], owner_url: str, vault: Vault
) -> Iterator[SuiteProcesses]:
    """Give sessions of their own process that work a suite which enters."""

    practice_world.fault()
    with suite_processes(practice_world, tmp_path, ENTERS, role_url, owner_url, vault) as made:
        yield made
