"""The exporter against a real PostgreSQL: nothing lost, nothing doubled, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg
import pytest
from audit_rows import CAISSE, connect, exported

from checker.evidence import read_all
from orchestrator.audit.exporter import export_once, export_until
from orchestrator.audit.files import AuditLog
from orchestrator.store.database import Database

WRITERS = 8
EACH = 30


class Undone(Exception):
    """A writer changed its mind."""


class KilledAfterWriting(AuditLog):
    """Dies once its lines are safe on disk, before the database may forget them."""

    def append(self, lines: Mapping[date, Sequence[bytes]]) -> dict[date, int]:
        super().append(lines)
        raise OSError("killed")


async def _write(database: Database, writer: int) -> list[str]:
    """Record events in transactions of one to three; each fifth is rolled back; returns what was committed."""
    committed = []
    for number in range(EACH):
        objects = [f"{writer}-{number}-{part}" for part in range(number % 3 + 1)]
        with suppress(Undone):
            async with database.transaction(f"writer:{writer}") as tx:
                for name in objects:
                    await tx.record(CAISSE, "test.written", name)
                    await asyncio.sleep(0)
                if number % 5 == 4:
                    raise Undone
            committed += objects
    return committed


async def _export_while(databases: Sequence[Database], folder: Path, writing: asyncio.Event) -> None:
    logs = [AuditLog(folder) for _ in databases]
    while not writing.is_set():
        for database, log in zip(databases, logs, strict=True):
            await export_once(database, log)


async def test_eight_writers_lose_and_double_nothing_while_events_are_exported(
    runner_url: str, exporter_url: str, exporter_db: Database, tmp_path: Path
) -> None:
    done = asyncio.Event()
    async with Database(runner_url, size=WRITERS) as runner, Database(exporter_url, size=1) as second:
        exporting = asyncio.create_task(_export_while([exporter_db, second], tmp_path, done))
        written = await asyncio.gather(*(_write(runner, number) for number in range(WRITERS)))
        done.set()
        await exporting
        while await export_once(exporter_db, AuditLog(tmp_path)):
            continue
    events = exported(tmp_path)
    assert Counter(event["object"] for event in events) == Counter(name for part in written for name in part)
    assert len({event["id"] for event in events}) == len(events) == sum(map(len, written))


async def test_inside_a_batch_events_are_in_the_order_of_their_ids(
    runner_db: Database, exporter_db: Database, tmp_path: Path
) -> None:
    async with runner_db.transaction("a") as tx:
        for number in range(50):
            await tx.record(CAISSE, "test.written", str(number))
    assert await export_once(exporter_db, AuditLog(tmp_path)) == 50
    events = exported(tmp_path)
    assert [event["object"] for event in events] == [str(number) for number in range(50)]
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)


async def test_a_death_between_the_file_and_the_commit_neither_loses_nor_doubles(
    runner_db: Database, exporter_db: Database, owner_url: str, tmp_path: Path
) -> None:
    async with runner_db.transaction("a") as tx:
        await tx.record(CAISSE, "test.written", "first")
    with pytest.raises(OSError, match="killed"):
        await export_once(exporter_db, KilledAfterWriting(tmp_path))
    assert [event["object"] for event in exported(tmp_path)] == ["first"]
    with connect(owner_url) as connection:
        assert connection.execute("select object from audit_outbox").fetchall() == [("first",)]

    async with runner_db.transaction("a") as tx:
        await tx.record(CAISSE, "test.written", "second")
    assert await export_once(exporter_db, AuditLog(tmp_path)) == 2
    assert [event["object"] for event in exported(tmp_path)] == ["first", "second"]


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from checker.evidence import read_all
from orchestrator.audit.exporter import export_once
from orchestrator.audit.files import AuditLog
from orchestrator.store.database import Database

class Killed(AuditLog):
    def append(self, lines):
        super().append(lines)
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with Database(sys.argv[1], size=1) as database:
        await export_once(database, Killed(Path(sys.argv[2])))

asyncio.run(main())
"""


async def test_a_real_sigkill_there_neither_loses_nor_doubles(
    runner_db: Database, exporter_db: Database, exporter_url: str, tmp_path: Path
) -> None:
    async with runner_db.transaction("a") as tx:
        await tx.record(CAISSE, "test.written", "only")
    command = [sys.executable, "-c", _KILLED, exporter_url, str(tmp_path)]
    died = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(exported(tmp_path)) == 1
    assert await _export_soon(exporter_db, tmp_path) == 1
    assert [event["object"] for event in exported(tmp_path)] == ["only"]


async def _export_soon(database: Database, folder: Path) -> int:
    """PostgreSQL takes a moment to see that the killed exporter is gone."""
    async with asyncio.timeout(10):
        while True:
            if moved := await export_once(database, AuditLog(folder)):
                return moved
            await asyncio.sleep(0.05)


async def test_a_disk_that_refuses_keeps_the_events_in_the_database(
    runner_db: Database, exporter_db: Database, owner_url: str, tmp_path: Path
) -> None:
    async with runner_db.transaction("a") as tx:
        await tx.record(CAISSE, "test.written", "kept")
    (tmp_path / "audit").write_text("a file where the folder should be", encoding="ascii")
    with pytest.raises(OSError, match="audit"):
        await export_once(exporter_db, AuditLog(tmp_path / "audit"))
    with connect(owner_url) as connection:
        assert connection.execute("select count(*) from audit_outbox").fetchone() == (1,)


async def test_the_loop_goes_on_when_the_database_comes_back_and_ends_with_a_last_batch(
    runner_db: Database, exporter_url: str, owner_url: str, tmp_path: Path
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.create_task(export_until(lambda: Database(exporter_url, size=1), tmp_path, stopping))
    await _record(runner_db, "before")
    await _until_exported(tmp_path, "before")
    await asyncio.to_thread(_throw_everybody_out, owner_url)
    await _record(runner_db, "after")
    await _until_exported(tmp_path, "after")
    await _record(runner_db, "last")
    stopping.set()
    await asyncio.wait_for(loop, 20)
    assert [event["object"] for event in exported(tmp_path)] == ["before", "after", "last"]


async def _record(database: Database, name: str) -> None:
    async with database.transaction("a") as tx:
        await tx.record(CAISSE, "test.written", name)


async def _until_exported(folder: Path, name: str) -> None:
    async with asyncio.timeout(20):
        while True:
            if name in [event["object"] for event in exported(folder)]:
                return
            await asyncio.sleep(0.05)


def _throw_everybody_out(owner_url: str) -> None:
    with connect(owner_url) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'glr_exporter'")


def test_an_exporter_frozen_with_the_lock_stops_nobody_for_long(exporter_url: str) -> None:
    with connect(exporter_url) as frozen, connect(exporter_url) as other:
        frozen.execute("set idle_in_transaction_session_timeout = '300ms'")
        frozen.execute("begin")
        assert frozen.execute("select pg_try_advisory_xact_lock(hashtext('glr.audit'))").fetchone() == (True,)
        assert other.execute("select pg_try_advisory_xact_lock(hashtext('glr.audit'))").fetchone() == (False,)
        other.execute("select pg_sleep(0.8)")
        assert other.execute("select pg_try_advisory_xact_lock(hashtext('glr.audit'))").fetchone() == (True,)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            frozen.execute("select 1")


def test_nobody_but_us_can_read_the_files(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        path = AuditLog(tmp_path).path(date(2026, 3, 27))
        AuditLog(tmp_path).append({date(2026, 3, 27): [b"{}\n"]})
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["0000.jsonl", "9999.jsonl"], ids=["before", "after"])
async def test_an_event_that_is_exported_while_a_campaign_is_judged_is_seen_once(
    runner_db: Database, exporter_db: Database, owner_url: str, tmp_path: Path, name: str
) -> None:
    for number in range(2):
        async with runner_db.transaction("a") as tx:
            await tx.record(CAISSE, "test.written", str(number))
        if number == 0:
            await export_once(exporter_db, AuditLog(tmp_path))
    held = tmp_path / name  # whoever reads the files waits here, before or after the day's file
    os.mkfifo(held)
    judging = asyncio.create_task(asyncio.to_thread(read_all, tmp_path / "none", tmp_path, owner_url, patience=30))
    writer = await asyncio.to_thread(os.open, held, os.O_WRONLY)  # it waits now
    await export_once(exporter_db, AuditLog(tmp_path))
    os.close(writer)
    assert [event["object"] for event in (await judging).events] == ["0", "1"]
