"""The embedded PostgreSQL after the worst: killed, re-used pids, another version, data held by somebody unseen."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from orchestrator.store import embedded, embedded_process
from orchestrator.store.embedded_binaries import find_programs
from orchestrator.store.embedded_errors import DataInUse, OtherMajorVersion, PostgresNotFound, ServerDidNotStart
from orchestrator.store.embedded_place import Place, locked_place


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a workspace whose cluster every test of this module harms, and finds again."""
    folder = tmp_path_factory.mktemp("shared") / "workspace"
    yield folder
    embedded.discard(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """Give a workspace without a cluster."""
    folder = tmp_path / "fresh"
    yield folder
    embedded.discard(folder)


@pytest.fixture
def place(workspace: Path) -> Place:
    embedded.start(workspace)
    with locked_place(workspace, 5.0) as found:
        return found


def rows(server: embedded.Server) -> list[tuple[int]]:
    with psycopg.connect(server.superuser_dsn) as connection:
        return connection.execute("select n from kept order by n").fetchall()


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii"):
        time.sleep(0.005)


def test_what_was_committed_survives_a_killed_server_and_nothing_else_does(workspace: Path) -> None:
    server = embedded.start(workspace)
    connection = psycopg.connect(server.superuser_dsn)
    connection.execute("create table kept (n int)")
    for n in range(50):
        connection.execute("insert into kept values (%s)", (n,))
        connection.commit()
    connection.execute("insert into kept values (1000)")
    kill_and_wait(server.pid)
    connection.close()
    again = embedded.start(workspace)
    assert rows(again) == [(n,) for n in range(50)]
    assert again.pid != server.pid


def spin(connection: psycopg.Connection) -> None:
    with suppress(psycopg.OperationalError):
        connection.execute("do $$ begin loop null; end loop; end $$")


def test_a_session_that_did_not_see_its_server_die_is_ended_before_the_next_start(
    workspace: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_process, "_ORPHAN_PATIENCE_SECONDS", 0.3)
    server = embedded.start(workspace)
    connection = psycopg.connect(server.superuser_dsn, autocommit=True)
    orphan = connection.info.backend_pid
    spinning = Thread(target=spin, args=(connection,))
    spinning.start()
    time.sleep(0.2)
    kill_and_wait(server.pid)
    assert orphan in embedded_process.processes(place)
    again = embedded.start(workspace)
    spinning.join()
    connection.close()
    assert orphan not in embedded_process.processes(place)
    assert again.pid in embedded_process.processes(place)


def sleeping(place: Place) -> subprocess.Popen[bytes]:
    user = place.account.uid if place.account.is_other else None
    return subprocess.Popen(["sleep", "60"], cwd="/", user=user)


def unreaped(_: Place) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["true"])
    while "Z" not in Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii"):
        time.sleep(0.005)
    return process


@pytest.mark.parametrize("somebody", [sleeping, unreaped])
def test_a_stale_pid_that_is_now_somebody_elses_does_not_stop_the_start(
    workspace: Path, place: Place, somebody: Callable[[Place], subprocess.Popen[bytes]]
) -> None:
    server = embedded.start(workspace)
    lines = (server.data / "postmaster.pid").read_text(encoding="ascii").splitlines()
    embedded.stop(workspace)
    process = somebody(place)
    try:
        place.write(server.data / "postmaster.pid", "\n".join([str(process.pid), *lines[1:]]) + "\n")
        again = embedded.start(workspace)
    finally:
        process.kill()
        process.wait()
    assert again.pid not in {process.pid, server.pid}


def test_data_of_another_major_version_are_refused_with_the_command_to_run(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = find_programs().folder
    former = newest.parents[1] / "pginstall" / "bin"
    server = embedded.start(fresh, binaries=former)
    with psycopg.connect(server.superuser_dsn) as connection:
        connection.execute("create table kept as select 3 as n")
    embedded.stop(fresh)
    before = sorted(str(path) for path in server.data.rglob("*"))
    with pytest.raises(OtherMajorVersion) as refused:
        embedded.start(fresh)
    said = str(refused.value)
    assert f"Les données de {server.data} sont de PostgreSQL 16 ; les programmes de {newest} sont de la version" in said
    assert f"export GLR_POSTGRES_BINARIES={former}\n" in said
    assert f'"{former}/pg_dumpall" --host 127.0.0.1' in said
    assert sorted(str(path) for path in server.data.rglob("*")) == before
    monkeypatch.setenv("GLR_POSTGRES_BINARIES", str(former))
    assert rows(embedded.start(fresh)) == [(3,)]


def test_data_held_by_a_process_that_cannot_be_seen_are_not_started_twice(workspace: Path) -> None:
    server = embedded.start(workspace)
    embedded.stop(workspace)
    with (server.data.parent / "alive.lock").open("a") as other_container:
        fcntl.flock(other_container, fcntl.LOCK_EX)
        with pytest.raises(DataInUse, match="un processus que cette machine ne montre pas"):
            embedded.start(workspace, seconds=0.3)
    embedded.start(workspace)


def test_a_server_that_refuses_to_start_says_why(workspace: Path) -> None:
    server = embedded.start(workspace)
    embedded.stop(workspace)
    settings = server.data / "postgresql.auto.conf"
    good = settings.read_text(encoding="utf-8")
    with settings.open("a", encoding="utf-8") as file:
        file.write("max_connections = 'beaucoup'\n")
    with pytest.raises(ServerDidNotStart, match=r"s'est arrêté en démarrant(.|\n)*max_connections"):
        embedded.start(workspace)
    settings.write_text(good, encoding="utf-8")
    embedded.start(workspace)


def test_missing_programs_are_told_with_what_to_install(workspace: Path, tmp_path: Path) -> None:
    embedded.stop(workspace)
    with pytest.raises(PostgresNotFound, match="apt install postgresql"):
        embedded.start(workspace, binaries=tmp_path)
