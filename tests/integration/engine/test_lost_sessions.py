"""A session's process that stands still is ended by its runner: it would keep the place of one that works."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from console_world import CAISSE, Seed
from demo_house import wait_for

from orchestrator.engine.runner import Runner
from orchestrator.store.database import Database

#: Stands for a session: drafts a letter, says that it is alive, once, and stands still.
BEGUN = """
import os, signal, sys, psycopg
open(os.environ["TMPDIR"] + f"/lettre-{os.getpid()}", "w").close()
url, _, session, _, _, _, _, _, runner = sys.argv[1:]
with psycopg.connect(url) as connection:
    connection.execute("insert into glr.robot_session (id, caisse, runner, robot, scenario, last_seen)"
                       f" values ('{session}', 'CAISSE', '{runner}', 'r', 's', now() - interval '1 minute')")
os.kill(os.getpid(), signal.SIGSTOP)
"""


async def test_a_process_that_stands_still_is_ended_and_its_place_taken_by_another(
    seed: Seed, owner_db: Database, owner_url: str, runner_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed.case()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stopping = asyncio.Event()
    command = [sys.executable, "-I", "-c", BEGUN.replace("CAISSE", CAISSE), owner_url]
    runner = Runner(conninfo=runner_url, session_command=command, environment=dict(os.environ), sessions=1)
    running = asyncio.create_task(runner.run(stopping))
    try:
        first = await _hosted(runner, None)
        second = await _hosted(runner, first)
        assert not psutil.pid_exists(first)
        await asyncio.to_thread(wait_for, lambda: _drafts(tmp_path) == [f"lettre-{second}"], "drafts of one", 30)
        async with owner_db.transaction("test") as tx:
            asked = "select end_reason from robot_session where runner = %s order by started_at limit 1"
            assert await (await tx.connection.execute(asked, [runner.id])).fetchone() == {"end_reason": "lost"}
    finally:
        runner.grace = 0.0
        stopping.set()
        await running
    assert _drafts(tmp_path) == []


async def test_a_runner_that_hosts_nothing_goes_on(
    seed: Seed, runner_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A trial of the containers found one that began anew every second: an empty list of sessions was asked about as JSON."""
    await seed.case()  # everything it needs is there, but no version to work
    monkeypatch.setattr("orchestrator.engine.runner.SWEEP_EVERY", 0.1)
    registered, register = list[str](), Runner._register

    async def counted(runner: Runner, database: Database) -> None:
        registered.append(str(runner.id))
        await register(runner, database)

    monkeypatch.setattr(Runner, "_register", counted)
    stopping = asyncio.Event()
    runner = Runner(conninfo=runner_url, session_command=[sys.executable, "-c", ""], environment={}, sessions=1)
    runner.grace = 0.0
    running = asyncio.create_task(runner.run(stopping))
    await asyncio.sleep(1.5)
    stopping.set()
    await running
    assert registered == [str(runner.id)]
    assert not [line for line in caplog.messages if "recommence" in line]


def _drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("session-*/*")]


async def _hosted(runner: Runner, before: int | None) -> int:
    """Return the process that is hosted, once it is another than one before."""
    for _ in range(600):
        found = [child.pid for child in runner._children.values() if child.pid != before]
        if found:
            return found[0]
        await asyncio.sleep(0.1)
    raise AssertionError("no session was started")
