"""Under whom the embedded PostgreSQL runs: never root, and never where its account cannot go.

These tests pass for root and for an ordinary user; what each must see differs where it says so.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orchestrator.store import embedded
from orchestrator.store.embedded_account import SHARED_HOME, Account, account_for
from orchestrator.store.embedded_binaries import find_programs, reachable
from orchestrator.store.embedded_errors import WorkspaceOfAnother

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "workspace"
    folder.mkdir(mode=0o700)
    yield folder
    embedded.discard(folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="glr-open-"))
    yield folder
    shutil.rmtree(folder)


def answers(server: embedded.Server) -> bool:
    with psycopg.connect(server.superuser_dsn) as connection:
        return connection.execute("select 1").fetchall() == [(1,)]


def lives(pid: int) -> bool:
    """Whether the process still runs; an ended one that nobody has collected yet (init of a container) does not."""
    line = Path(f"/proc/{pid}/cmdline")
    return line.exists() and bool(line.read_bytes())


def test_the_server_is_never_roots(workspace: Path) -> None:
    server = embedded.start(workspace)
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner == server.data.stat().st_uid == account_for(workspace).uid
    assert owner != 0


def test_a_closed_workspace_of_root_has_its_cluster_where_the_account_may_go(workspace: Path) -> None:
    server = embedded.start(workspace)
    expected = SHARED_HOME if IS_ROOT else workspace
    assert expected in server.data.parents
    assert (workspace / "pg" / "elsewhere").exists() == IS_ROOT


def test_an_open_workspace_holds_its_own_cluster(open_folder: Path) -> None:
    open_folder.chmod(0o755)
    try:
        server = embedded.start(open_folder)
        assert server.data == open_folder / "pg" / "data"
        assert answers(server)
    finally:
        embedded.discard(open_folder)


def _start_and_ask(account: Account, folder: Path, binaries: Path) -> None:
    if account.is_other:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
    server = embedded.start(folder, binaries=binaries)
    if not answers(server) or server.data != folder / "pg" / "data":
        raise SystemExit(1)
    embedded.discard(folder)


def test_an_ordinary_user_runs_it_in_his_own_name(open_folder: Path) -> None:
    account = account_for(open_folder)
    account.give(open_folder)
    binaries = reachable(find_programs(), account).folder
    process = multiprocessing.get_context("fork").Process(target=_start_and_ask, args=(account, open_folder, binaries))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_programs_in_a_closed_folder_are_copied_once_for_the_account(tmp_path: Path) -> None:
    prefix = find_programs().folder.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(prefix, closed / "package" / prefix.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, closed / libraries.name)
        (closed / "package").rename(closed / prefix.parent.name)
    programs = find_programs(next(closed.glob("*/*/bin")))
    account = account_for(tmp_path)
    usable = reachable(programs, account)
    assert account.can_execute(usable.initdb)
    assert account.run([usable.postgres, "--version"])[1].endswith(f"{programs.version}\n")
    assert (SHARED_HOME in usable.folder.parents) == IS_ROOT
    assert reachable(programs, account) == usable


def test_a_moved_workspace_keeps_its_data(workspace: Path) -> None:
    server = embedded.start(workspace)
    with psycopg.connect(server.superuser_dsn) as connection:
        connection.execute("create table kept (n int)")
    embedded.stop(workspace)
    moved = workspace.with_name("moved")
    workspace.rename(moved)
    try:
        with psycopg.connect(embedded.start(moved).superuser_dsn) as connection:
            assert connection.execute("select count(*) from kept").fetchall() == [(0,)]
    finally:
        embedded.discard(moved)


def test_a_copied_workspace_never_shares_the_database_of_its_original(workspace: Path) -> None:
    original = embedded.start(workspace)
    copy = workspace.with_name("copy")
    embedded.stop(workspace)
    subprocess.run(["cp", "-a", str(workspace), str(copy)], check=True)
    try:
        embedded.start(workspace)
        assert embedded.start(copy).data != original.data
        embedded.discard(copy)
    except WorkspaceOfAnother as refused:
        assert IS_ROOT
        assert f"est une copie de {workspace}" in str(refused)  # noqa: PT017 - an ordinary user gets a cluster


def test_a_workspace_deleted_and_made_again_starts_empty(workspace: Path) -> None:
    first = embedded.start(workspace)
    shutil.rmtree(workspace)
    second = embedded.start(workspace)
    assert answers(second)
    with psycopg.connect(second.superuser_dsn) as connection:
        assert connection.execute("select count(*) from pg_database").fetchall() == [(3,)]
    if IS_ROOT:
        shutil.rmtree(first.data.parent)


def test_the_server_of_a_deleted_workspace_is_stopped_by_the_next_start_of_any(workspace: Path) -> None:
    deleted = workspace.with_name("deleted")
    first = embedded.start(deleted)
    shutil.rmtree(deleted)
    embedded.start(workspace)
    if IS_ROOT:  # an ordinary user's went with its folder, and its server notices within a minute
        assert not lives(first.pid)
        assert (first.data / "PG_VERSION").exists()
        shutil.rmtree(first.data.parent)
