"""Two orchestrators: what one holds when it is killed or frozen, the other does within seconds, and once (ADR 35)."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from audit_rows import CAISSE, add_run, connect, exported
from click.testing import CliRunner
from secrets_of import make_secrets

from orchestrator.audit.exporter import export_once, export_until
from orchestrator.audit.files import AuditLog
from orchestrator.bootstrap.alert_sender import send_alerts
from orchestrator.bootstrap.reconciliations import open_reconciliations
from orchestrator.bootstrap.services import StoredOccurrences, serve_audit_log
from orchestrator.bootstrap.world import World
from orchestrator.cli import commands
from orchestrator.domain.civil import PARIS
from orchestrator.engine.closings import ClosingRecord
from orchestrator.planner.occurrences import Due
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

#: Seconds; five on a quiet machine (measured in docs/reliability.md).
SOON = 12.0
FAULTS = (signal.SIGKILL, signal.SIGSTOP)


@pytest.fixture
def world(
    tmp_path: Path, owner_url: str, role_url: Mapping[str, str], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> World:
    make_secrets(tmp_path, vault, role_url)
    monkeypatch.setenv("GLR_DATABASE_URL", owner_url)
    settings = Settings(workspace=tmp_path, home=tmp_path, caisse=CAISSE)
    return World(settings=settings, urls={**role_url, "owner": owner_url}, vault=vault, keywords={})


async def ask(owner: psycopg.Connection, text: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the database, without holding up those who have a transaction open in this loop."""
    cursor = await asyncio.to_thread(owner.execute, text.encode(), values or None)
    return cursor.fetchall()


@dataclass
class Child:
    """A process with one duty."""

    process: asyncio.subprocess.Process

    async def said(self, word: str) -> None:
        """Wait until it has said so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            line = await self.process.stdout.readline()
        assert line.decode().strip() == word

    def hurt(self, fault: signal.Signals) -> None:
        self.process.send_signal(fault)


@asynccontextmanager
async def child(duty: str, folder: Path, url: str, *more: object) -> AsyncIterator[Child]:
    script = Path(__file__).parents[1] / "support" / "duty_process.py"
    words = (str(script), duty, str(folder), url, *map(str, more))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def after(hurt: float, condition: Callable[[], Awaitable[bool]]) -> float:
    """Wait for something; how long after the fault it came."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - other processes do it
            await asyncio.sleep(0.05)
    return time.monotonic() - hurt


# --- the log ---------------------------------------------------------------------------------------------------------------


async def write(owner: psycopg.Connection, name: str) -> None:
    await ask(owner, "select record_event(%s, 'test.written', %s, '{}')", CAISSE, name)


async def exports(world: World, stopping: asyncio.Event) -> None:
    await export_until(lambda: Database(world.urls["glr_exporter"], size=1), world.settings.audit_log, stopping)


async def the_log(world: World, owner: psycopg.Connection) -> float:
    """One freezes with the day's file in hand; the other goes on; thawed, the first doubles nothing."""
    log, stopping = world.settings.audit_log, asyncio.Event()

    def names() -> list[str]:
        return [event["object"] for event in exported(log) if event["verb"] == "test.written"]

    async def are_out(*wanted: str) -> bool:
        return set(wanted) <= set(names())

    await write(owner, "before")
    async with Database(world.urls["glr_exporter"], size=1) as exporter:
        await export_once(exporter, AuditLog(log))
    await write(owner, "a")
    async with child("export", log, world.urls["glr_exporter"]) as first:
        await first.said("inside")
        hurt = time.monotonic()
        await write(owner, "b")
        second = asyncio.create_task(exports(world, stopping))
        waited = await after(hurt, lambda: are_out("a", "b"))
        first.hurt(signal.SIGCONT)
        await write(owner, "c")
        await after(hurt, lambda: are_out("c"))
        stopping.set()
        await second
        await write(owner, "d")  # the first alone is left, and well
        await after(hurt, lambda: are_out("d"))
    assert sorted(names()) == ["a", "b", "before", "c", "d"]
    return waited


# --- alerts ----------------------------------------------------------------------------------------------------------------


@dataclass
class Supervision:
    """Takes alerts, but for the first two requests, which it leaves without an answer."""

    url: str = ""
    hung: list[str] = field(default_factory=list)
    took: list[str] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)


@contextmanager
def supervision() -> Iterator[Supervision]:
    kept, one = Supervision(), threading.Lock()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alert = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["id"]
            with one:
                hangs = len(kept.hung) < 2
                (kept.hung if hangs else kept.took).append(alert)
            if hangs:
                kept.let_go.wait(60)
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/glr"
    try:
        yield kept
    finally:
        kept.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


async def the_alerts(world: World, owner: psycopg.Connection) -> float:
    """Two are in the middle of one alert each, one killed, one frozen; a third sends both, once each."""
    folder, stopping, url = world.settings.workspace, asyncio.Event(), world.urls["glr_orchestrator"]
    for number in range(2):
        await ask(owner, "select raise_alert(%s, 'test', 'x', 'x', %s)", CAISSE, f"test {number}")
    with supervision() as server:
        hook = {"webhook": {"url": server.url, "account": "hook.json"}}
        (folder / "surveillance.yaml").write_text(json.dumps(hook), encoding="utf-8")
        (folder / "secrets" / "hook.json").touch(0o600)
        (folder / "secrets" / "hook.json").write_text('{"key": "k"}', encoding="ascii")

        async def hung() -> bool:
            return len(server.hung) == 2

        async def taken() -> bool:
            return set(server.took) >= set(server.hung)

        async with child("alerts", folder, url) as first, child("alerts", folder, url) as second:
            await after(0, hung)
            hurt = time.monotonic()
            for each, fault in zip((first, second), FAULTS, strict=True):
                each.hurt(fault)
            third = asyncio.create_task(send_alerts(world, stopping))
            waited = await after(hurt, taken)
            second.hurt(signal.SIGCONT)
            server.let_go.set()
            await asyncio.sleep(0.5)
            stopping.set()
            await third
        assert sorted(each for each in server.took if each in server.hung) == sorted(set(server.hung))
    sent = "select sent_at is not null, failure from alert_sending join alert on alert.id = alert where kind = 'test'"
    assert await ask(owner, sent) == [(True, None)] * 2
    return waited


# --- closings --------------------------------------------------------------------------------------------------------------


async def the_closings(world: World, owner: psycopg.Connection) -> float:
    """One closing is killed, one frozen: another may take both up; thawed, the frozen one stops."""
    url = world.urls["glr_orchestrator"]
    runs = [await asyncio.to_thread(add_run, owner) for _ in FAULTS]
    async with child("closing", Path(), url, runs[0]) as first, child("closing", Path(), url, runs[1]) as second:
        await first.said("inside")
        await second.said("inside")
        hurt = time.monotonic()
        for each, fault in zip((first, second), FAULTS, strict=True):
            each.hurt(fault)
        async with Database(url, size=1) as holding, Database(url, size=1) as database:

            async def are_due() -> bool:
                return set(runs) <= await due(database)

            waited = await after(hurt, are_due)
            record = ClosingRecord(holding=holding, database=database, caisse=CAISSE, run=runs[1])
            async with record.held():
                await record.begin()
                second.hurt(signal.SIGCONT)
                await second.said("taken-over")
                await record.done()
            assert runs[1] not in await due(database)
    return waited


async def due(database: Database) -> set[UUID]:
    async with database.transaction("test") as tx:
        return {row["run"] for row in await tx.all("closings.due", caisse=CAISSE)}


# --- the daily reconciliation ----------------------------------------------------------------------------------------------


async def the_reconciliation(world: World, owner: psycopg.Connection) -> float:
    """Claimed by one that died at once: another makes it, or tells that it could not be made."""
    await asyncio.to_thread(add_run, owner)
    moment = datetime.now(PARIS).replace(microsecond=0)
    start = Due(instant=moment, local=f"{moment:%Y-%m-%dT%H:%M}")
    rules = f"reconcile:\n  ij-acompte: '{moment:%H:%M}'\n"
    home = world.settings.workspace / "reconciling"
    home.mkdir()
    (home / "surveillance.yaml").write_text(rules, encoding="utf-8")
    async with Database(world.urls["glr_orchestrator"], size=1) as database:
        dead = StoredOccurrences(database=database, caisse=CAISSE, planner="dead")
        assert await dead.claim("rapprochement/ij-acompte", start)
    hurt = time.monotonic()

    async def taken_up() -> bool:
        (row,) = await ask(owner, "select fired_by <> 'dead', launched_at is not null from schedule_occurrence")
        if row[0]:
            takings.append(time.monotonic() - hurt)
        return row == (True, True)

    takings: list[float] = []
    settings = world.settings.model_copy(update={"home": home})
    reconciling = World(settings=settings, urls=world.urls, vault=world.vault, keywords={})
    async with open_reconciliations(reconciling):
        await after(hurt, taken_up)
        await asyncio.sleep(1.5)  # and nobody does so again
    told = await ask(owner, "select object from alert where kind = 'reconciliation'")
    assert told == [("ij-acompte",)]  # there is no such application here: it is told, once
    verbs = await ask(owner, "select verb from audit_outbox where verb like 'schedule.%' order by id")
    assert set(verbs) <= {("schedule.fired",), ("schedule.taken_over",)}
    return takings[0]


async def test_what_one_holds_when_it_is_killed_or_frozen_the_other_does_soon_and_once(
    world: World, owner_url: str
) -> None:
    with connect(owner_url) as owner:
        duties = (the_log, the_alerts, the_closings, the_reconciliation)
        waited = await asyncio.gather(*(duty(world, owner) for duty in duties))
    for duty, seconds in zip(duties, waited, strict=True):
        print(f"{duty.__name__}: {seconds:.1f} s")
    assert max(waited) < SOON


async def test_who_exports_elsewhere_is_refused_and_told_of_until_the_owner_says_that_the_log_is_there(
    world: World, owner_url: str
) -> None:
    with connect(owner_url) as owner:
        await write(owner, "a")
        here, elsewhere = world.settings.audit_log, world.settings.workspace / "elsewhere"
        first = asyncio.Event()
        exporting = asyncio.create_task(exports(world, first))

        async def is_out() -> bool:
            return bool(exported(here))

        await after(0, is_out)
        first.set()
        await exporting
        await write(owner, "b")
        other = World(
            settings=world.settings.model_copy(update={"workspace": elsewhere}),
            urls=world.urls,
            vault=world.vault,
            keywords={},
        )
        stopping = asyncio.Event()
        serving = asyncio.create_task(serve_audit_log(other, stopping))

        async def is_told() -> bool:
            return bool(await ask(owner, "select 1 from alert where kind = 'log'"))

        await after(0, is_told)
        await asyncio.sleep(1.2)
        assert exported(other.settings.audit_log) == []
        assert len(await ask(owner, "select message from alert")) == 1
        assert str(here) in str(await ask(owner, "select message from alert"))
        assert await ask(owner, "select object from audit_outbox where verb = 'test.written'") == [("b",)]
        words = ("database", "journal", "--workspace", str(elsewhere))
        make_secrets(elsewhere, world.vault, {role: world.urls[role] for role in world.urls if role != "owner"})
        done = await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env={"GLR_CAISSE": CAISSE}))
        assert done.output.startswith(f"Le journal de cette base s'écrit dans {other.settings.audit_log} sur "), (
            done.output
        )

        async def goes_on() -> bool:
            return "log.moved" in [event["verb"] for event in exported(other.settings.audit_log)]

        await after(0, goes_on)
        stopping.set()
        await serving
        assert "b" in [event["object"] for event in exported(other.settings.audit_log)]
