"""Two programs on one database: the new one takes new cases while sessions of the old one end; rights of before stay out."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from audit_rows import connect
from one_machine import CAISSE, deliver, load, machine_of
from psycopg.conninfo import conninfo_to_dict
from published import APPROVER, propose_another
from robot_world import PROJECT, PracticeWorld

from orchestrator.engine import versions
from orchestrator.engine.runner import Runner
from orchestrator.language.model import Scenario
from orchestrator.store import short_locks
from orchestrator.store.addresses import opened
from orchestrator.store.compatibility import (
    FIRST,
    RunnersStillThere,
    may_run_beside,
    refuse_living,
    said_by,
    statements,
)
from orchestrator.store.database import Database
from orchestrator.store.known_schema import NewerDatabase, check_schema, migrations, newest
from orchestrator.store.migrate import LOCK, migrate
from orchestrator.store.roles import ensure_rights
from orchestrator.store.vault import Vault

EXPAND = """-- expand: what the program of tomorrow works with.
create table tomorrow (id integer primary key);
alter table cases add column tomorrow text;
alter table attempt add column tomorrow boolean not null default false;
"""
CONTRACT = """-- contract after 9000_demain.sql: only the program of today reads it.
drop index run_of_scenario;
"""
#: Has a Python take our packages beside this file: what an installation elsewhere does.
INSTALLED = """
from pathlib import Path
from _go_les_robots import GoLesRobotsFinder
GoLesRobotsFinder.ROOT = str(Path(__file__).parent)
"""
DONE = "select count(*) from cases where state not in ('ready', 'waiting', 'leased')"
WHO = """
    select runner.knows, attempt.version, cases.ended_as, attempt.n from attempt join cases on cases.id = attempt.case_id
    join robot_session on robot_session.id = attempt.session join runner on runner.id = robot_session.runner
    order by attempt.started_at
"""
AT_THE_DOOR = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
DURING = """
    select count(*) from attempt join migration on migration.name like '9001%' and migration.at between started_at and ended_at
"""


def program_of_tomorrow(folder: Path) -> Path:
    """Install another program in a folder: this one, with a schema and rights of its own."""
    ours = folder / "orchestrator"
    ours.mkdir(parents=True)
    for path in (PROJECT / "orchestrator").iterdir():
        if path.name == "store":
            shutil.copytree(path, ours / "store")
        else:
            (ours / path.name).symlink_to(path)
    for name in ("keywords", "checker", "sandbox", "robots", "scenarios"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "sitecustomize.py").write_text(INSTALLED, "utf-8")
    (ours / "store" / "migrations" / "9001_demain.sql").write_text(EXPAND, "utf-8")
    with (ours / "store" / "rights.sql").open("a", encoding="utf-8") as rights:
        rights.write("grant select on tomorrow to glr_reader;\n")
    return folder


def glr(program: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command of a program."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("GLR_") or name == "GLR_BROWSER"}
    command = [sys.executable, "-m", "orchestrator.cli", *words]
    given |= {"GLR_HOME": str(program), "PYTHONPATH": str(program), **environment}
    return subprocess.Popen(command, env=given, cwd=program, stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; return its code and what it wrote of errors."""
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def wait_for(owner: psycopg.Connection[Any], asked: str, wanted: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while owner.execute(asked.encode()).fetchone() != (wanted,):
        assert time.monotonic() < end, asked
        time.sleep(0.05)


async def publish_next(owner: Database, scenario: Scenario) -> Scenario:
    """Publish another version of the scenario; return it."""
    changed = await propose_another(owner, scenario, "v.premier")
    async with owner.transaction(f"agent:{APPROVER}") as tx:
        waiting = await tx.first("versions.proposed", caisse=CAISSE, scenario=scenario.name)
        assert waiting is not None
        await versions.approve(tx, CAISSE, scenario.name, waiting["id"], APPROVER)
    return changed


async def test_the_old_program_ends_its_case_while_the_new_one_takes_the_others_and_nothing_is_entered_twice(
    practice_world: PracticeWorld,
    owner_url: str,
    owner_db: Database,
    runner_url: str,
    role_url: Mapping[str, str],
    vault: Vault,
    tmp_path: Path,
) -> None:
    unused = [row for row in practice_world.unused if row.outcome == "entered" and (row.amount_c or 0) < 60_000]
    rows = unused[:3]  # 85 % of them needs no second person
    for row in rows:
        practice_world.unused.remove(row)
    practice_world.fault({"on": "POST /avances", "fault": "slow", "seconds": 6.0, "times": 1})
    scenario = await deliver(owner_url, vault, tmp_path, rows[0].text)
    workspace = machine_of(tmp_path / "poste", practice_world, vault)
    passwords = {role: conninfo_to_dict(url)["password"] for role, url in role_url.items()}
    (workspace / "secrets" / "roles.json").touch(0o600)
    (workspace / "secrets" / "roles.json").write_text(json.dumps(passwords))
    tomorrow = program_of_tomorrow(tmp_path / "demain")
    machine = {"GLR_WORKSPACE": str(workspace), "GLR_RUNNER_URL": runner_url, "GLR_SESSIONS": "1"}
    house = {"GLR_WORKSPACE": str(workspace), "GLR_DATABASE_URL": owner_url}
    with connect(owner_url) as owner:
        owner.execute("select pg_advisory_lock(%s)", [LOCK])  # the change of the schema waits at this door
        old, new, change = glr(PROJECT, "runner", **machine), None, glr(tomorrow, "database", "migrate", **house)
        try:
            wait_for(owner, "select count(*) from entry where state = 'intent'", 1)  # its act is on its way
            wait_for(owner, AT_THE_DOOR, 1)
            owner.execute("select pg_advisory_unlock(%s)", [LOCK])
            assert await asyncio.to_thread(said, change) == (0, "")
            changed = await publish_next(owner_db, scenario)
            old.send_signal(signal.SIGTERM)
            new = glr(tomorrow, "runner", **machine)
            wait_for(owner, "select count(*) from runner where leaving_at is not null", 1)
            await load(owner_url, vault, tmp_path, changed, *(row.text for row in rows[1:]))
            assert await asyncio.to_thread(said, old) == (0, "")
            wait_for(owner, DONE, 3)
            left = "select count(*) from runner where knows < '9' and stopped_at is not null"
            assert owner.execute(left.encode()).fetchone() == (1,)
            worked = owner.execute(WHO).fetchall()
            reader = "select has_table_privilege('glr_reader', 'glr.tomorrow', 'select')"
            await migrate(owner_url, role_url, vault.fingerprints, CAISSE)  # the old program, as owner
            assert owner.execute(reader).fetchone() == (True,)
            during = owner.execute(DURING).fetchone()
        finally:
            for process in (old, new, change):
                if process is not None and process.poll() is None:
                    process.terminate()
                    process.communicate(timeout=30)
    assert during == (1,), "the database was changed in the middle of a case"
    assert worked == [
        (newest(), scenario.hash, "entered", 1),
        ("9001_demain.sql", changed.hash, "entered", 1),
        ("9001_demain.sql", changed.hash, "entered", 1),
    ]
    assert [len(practice_world.lines_of(row.stop)) for row in rows] == [1, 1, 1]


async def test_a_newer_database_that_lets_this_program_run_keeps_its_schema_and_its_rights(
    owner_url: str, role_url: dict[str, str], vault: Vault
) -> None:
    said_of_rights = "select obj_description('glr'::regnamespace)"
    with connect(owner_url) as owner:
        before = owner.execute(said_of_rights).fetchone()
        owner.execute("insert into migration (name, compatible_from) values ('9001_demain.sql', %s)", [FIRST])
        owner.execute("grant insert on account to glr_reader")
        owner.execute("comment on schema glr is 'rights of-tomorrow'")
        await migrate(owner_url, role_url, vault.fingerprints, CAISSE)
        kept = owner.execute("select has_table_privilege('glr_reader', 'glr.account', 'insert')").fetchone()
        assert (kept, owner.execute(said_of_rights).fetchone()) == ((True,), ("rights of-tomorrow",))
        async with opened(role_url["glr_runner"]) as runner:
            await check_schema(runner)
            owner.execute("update migration set compatible_from = '9000_x.sql' where name = '9001_demain.sql'")
            with pytest.raises(NewerDatabase):
                await check_schema(runner)
    assert before != ("rights of-tomorrow",)


@pytest.mark.parametrize("cut", [True, False])
async def test_a_runner_ends_beside_a_newer_database_and_says_why(
    owner_url: str, runner_url: str, *, cut: bool
) -> None:
    """Also when a new connection was made without its knowing, as a pool does, or when none was cut."""
    runner = Runner(conninfo=runner_url, session_command=[sys.executable, "-c", ""], environment={}, sessions=1)
    running = asyncio.create_task(runner.run(asyncio.Event()))
    with connect(owner_url) as owner:
        await asyncio.to_thread(wait_for, owner, "select count(*) from runner where knows is not null", 1, 20)
        owner.execute("insert into migration (name, compatible_from) values ('9001_demain.sql', '9000_x.sql')")
        others = "pid <> pg_backend_pid() and datname = current_database() and usename <> session_user"
        if cut:
            owner.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}".encode())
        with pytest.raises(NewerDatabase, match=r"\(9001_demain.sql\). Installer ici la version"):
            await asyncio.wait_for(running, 20)


async def test_a_change_gives_way_to_whoever_works_and_says_when_nobody_lets_it_through(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short_locks, "TRIES", 2)
    monkeypatch.setattr(short_locks, "PAUSE", 0.01)
    async with opened(owner_url) as owner, opened(owner_url) as worker:

        async def change() -> None:
            await owner.execute("alter table glr.runner add column tomorrow text")

        async with worker.transaction():
            await worker.execute("lock table glr.runner in row share mode")
            with pytest.raises(short_locks.TooBusy, match="Rien n'a été gardé"):
                await short_locks.in_short_locks(owner, change)
        await short_locks.in_short_locks(owner, change)


async def test_rights_that_were_in_force_before_others_come_back_by_force_alone(owner_url: str) -> None:
    async with opened(owner_url) as owner:

        async def in_force() -> str:
            row = await (await owner.execute("select obj_description('glr'::regnamespace)")).fetchone()
            return str(row[0] if row else "").split()[1]

        ours = await in_force()
        await ensure_rights(owner, [*migrations(), "9001_demain.sql"])
        theirs = await in_force()
        await ensure_rights(owner, migrations())
        assert await in_force() == theirs != ours
        await ensure_rights(owner, migrations(), force=True)
        assert await in_force() == ours


async def test_by_force_it_takes_away_all_the_same_and_then_refuses_the_program_of_before(
    owner_url: str, role_url: dict[str, str], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [*migrations(), "9001_fin.sql"]
    texts = {"9001_fin.sql": CONTRACT}
    with connect(owner_url) as owner, monkeypatch.context() as tomorrow:
        owner.execute(
            "insert into runner (id, host, pid, knows) values (gen_random_uuid(), 'poste-1', 7, %s)", [newest()]
        )
        for place in ("known_schema", "migrate"):
            tomorrow.setattr(f"orchestrator.store.{place}.migrations", lambda: ahead)
        for place in ("compatibility", "migrate"):
            tomorrow.setattr(f"orchestrator.store.{place}.statements", lambda name: texts.get(name) or statements(name))
        with pytest.raises(RunnersStillThere, match=r"\(9001_fin.sql\) retire ce dont des postes.*--force"):
            await migrate(owner_url, role_url, vault.fingerprints, CAISSE)
        assert owner.execute("select count(*) from migration where name > '9'").fetchone() == (0,)
        await migrate(owner_url, role_url, vault.fingerprints, CAISSE, force=True)
        oldest = owner.execute("select compatible_from from migration where name > '9'").fetchone()
        assert oldest == ("9000_demain.sql",)
    with pytest.raises(NewerDatabase, match=r"\(9001_fin.sql\)"):
        await migrate(owner_url, role_url, vault.fingerprints, CAISSE)


async def test_what_takes_away_waits_for_living_runners_that_do_not_know_better(
    owner_url: str, role_url: dict[str, str], vault: Vault
) -> None:
    with connect(owner_url) as owner:
        owner.execute("insert into runner (id, host, pid) values (gen_random_uuid(), 'poste-1', 7)")
        async with opened(owner_url) as connection:
            with pytest.raises(RunnersStillThere, match=r"poste-1 \(pid 7, version plus ancienne, vu il y a \d+ s\)"):
                await refuse_living(connection, [FIRST])
            owner.execute("update runner set last_seen = now() - interval '31 seconds'")
            await refuse_living(connection, [FIRST])
            owner.execute("update runner set last_seen = now(), knows = %s", [newest()])
            await refuse_living(connection, [FIRST])
            owner.execute("update runner set knows = '0029_unseen_screens.sql'")
            owner.execute("delete from migration where name = %s", [FIRST])
            with pytest.raises(RunnersStillThere):
                await migrate(owner_url, role_url, vault.fingerprints, CAISSE)
            owner.execute("update runner set stopped_at = now()")
            await refuse_living(connection, [FIRST])


@pytest.mark.parametrize(
    ("text", "oldest"),
    [
        ("-- expand: a table.\ncreate table x ()", FIRST),
        ("-- contract after 0031_a.sql: nobody reads it.\n", "0031_a.sql"),
        ("-- A table.\n-- expand\n", None),
        ("-- expanded once\n", None),
    ],
)
def test_the_first_line_of_a_migration_says_which_programs_may_run_beside_it(text: str, oldest: str | None) -> None:
    assert said_by(text) == oldest
    assert may_run_beside([FIRST], {"9001.sql": said_by(text)}) == (oldest == FIRST)
