"""The embedded PostgreSQL, really started: once, twice, by several, by somebody who dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orchestrator.store import embedded

REPOSITORY = Path(embedded.__file__).parents[2]
#: Starts the server of the workspace given, tells its pid, and waits to be killed.
STARTER = """
import sys, time
from pathlib import Path
from orchestrator.store.embedded import start
print(start(Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a workspace whose cluster the tests of this module share: what they need is not its newness."""
    folder = tmp_path_factory.mktemp("shared") / "espace de travail d'essai"
    yield folder
    embedded.discard(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """Give a workspace without a cluster."""
    folder = tmp_path / "fresh"
    yield folder
    embedded.discard(folder)


def starter(workspace: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(workspace)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise AssertionError
    return process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_start_reuses_the_running_server(workspace: Path) -> None:
    first = embedded.start(workspace)
    with psycopg.connect(first.superuser_dsn) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
    assert embedded.start(workspace) == first


def test_a_stopped_server_starts_again_on_its_port_with_its_data(workspace: Path) -> None:
    first = embedded.start(workspace)
    with psycopg.connect(first.superuser_dsn) as connection:
        connection.execute("create table kept as select 7 as n")
    embedded.stop(workspace)
    embedded.stop(workspace)
    second = embedded.start(workspace)
    with psycopg.connect(second.superuser_dsn) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]
    assert second.port == first.port
    assert second.pid != first.pid


def test_starters_at_the_same_moment_share_one_server(fresh: Path) -> None:
    starters = [starter(fresh) for _ in range(3)]
    try:
        pids = {first_line(process) for process in starters}
    finally:
        for process in starters:
            kill(process)
    assert pids == {str(embedded.start(fresh).pid)}


def test_the_server_outlives_a_starter_killed_without_warning(workspace: Path) -> None:
    process = starter(workspace)
    pid = first_line(process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert str(embedded.start(workspace).pid) == pid


def test_a_kill_during_the_making_leaves_no_half_cluster(fresh: Path) -> None:
    process = starter(fresh)
    end = time.monotonic() + 20
    while not any(list(home.glob("init-*/data")) for home in homes(fresh)):
        assert time.monotonic() < end
        time.sleep(0.005)
    kill(process)
    assert not any((home / "data").exists() for home in homes(fresh))
    server = embedded.start(fresh)
    with psycopg.connect(server.superuser_dsn) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
    assert not list(server.data.parent.glob("init-*"))


def homes(workspace: Path) -> list[Path]:
    """Where the cluster of ``workspace`` is, looked up without touching anything."""
    try:
        return [Path(json.loads((workspace / "pg" / "elsewhere").read_text(encoding="utf-8"))["home"])]
    except FileNotFoundError:
        return [workspace / "pg"]


def test_a_port_taken_meanwhile_is_replaced(workspace: Path) -> None:
    first = embedded.start(workspace)
    embedded.stop(workspace)
    with socket.create_server((first.host, first.port)):
        second = embedded.start(workspace)
        with psycopg.connect(second.superuser_dsn) as connection:
            assert connection.execute("select 1").fetchall() == [(1,)]
    assert second.port != first.port


def test_nobody_enters_without_the_password(workspace: Path) -> None:
    server = embedded.start(workspace)
    password = server.password_file.read_text(encoding="ascii").strip().rsplit(":", 1)[1]
    nowhere = workspace / "nowhere"
    for attempt in ("", f" password={'x' * 43}"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres passfile='{quoted(nowhere)}'{attempt}")
    psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres password={password}").close()
    assert password not in repr(server)


def quoted(path: Path) -> str:
    return str(path).replace("'", "\\'")


def test_folders_and_files_are_for_their_owner_alone(workspace: Path) -> None:
    server = embedded.start(workspace)
    folders = [workspace / "pg", workspace / "secrets", server.data, server.data.parent, server.logs]
    files = [server.password_file, *server.logs.iterdir(), *(p for p in server.data.parent.iterdir() if p.is_file())]
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_the_settings_that_keep_promises_are_in_force(workspace: Path) -> None:
    promised = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "jit": "off",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "idle_in_transaction_session_timeout": "5s",
        "server_encoding": "UTF8",
        "password_encryption": "scram-sha-256",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_min_error_statement": "panic",
        "max_connections": "100",
    }
    with psycopg.connect(embedded.start(workspace).superuser_dsn) as connection:
        shown = {name: connection.execute(f"show {name}").fetchone() for name in promised}  # type: ignore[arg-type, unused-ignore]
    assert shown == {name: (value,) for name, value in promised.items()}


def test_no_value_of_a_failed_statement_reaches_the_server_log(workspace: Path) -> None:
    planted = "185026109999988"
    server = embedded.start(workspace)
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute("create table person (nir text primary key)")
        connection.execute("insert into person values (%s)", (planted,))
        with pytest.raises(psycopg.errors.UniqueViolation, match=planted):
            connection.execute("insert into person values (%s)", (planted,))
        with pytest.raises(psycopg.DataError, match=planted):
            connection.execute("select (%s::text || ' x')::int", (planted,))
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute(f"select '{planted}' from nowhere")  # type: ignore[arg-type, unused-ignore]
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("set statement_timeout = 50; select pg_sleep(5), '%s'" % planted)  # type: ignore[arg-type, unused-ignore]  # noqa: UP031
    os.kill(server.pid, signal.SIGKILL)
    while Path(f"/proc/{server.pid}/cmdline").exists() and Path(f"/proc/{server.pid}/cmdline").read_bytes():
        time.sleep(0.005)
    server = embedded.start(workspace)
    written = "".join(path.read_text(encoding="utf-8") for path in server.data.parent.rglob("*.log"))
    assert planted not in written
    assert "was not properly shut down" in written
