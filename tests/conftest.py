"""One PostgreSQL per test session, one migrated template, one fresh database per test, connection strings per role."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg.conninfo import make_conninfo

from orchestrator.store import accounts, embedded
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.roles import role_urls
from orchestrator.store.vault import Vault, open_vault

sys.path.insert(0, str(Path(__file__).parent / "support"))
pytest_plugins = [
    "grouped_files",
    "one_browser",
    "console_world",
    "console_browser",
    "robot_world",
    "suite_world",
    "suite_processes",
    "demo_world",
]

TEMPLATE = "glr_template"


def pytest_configure() -> None:
    """Leave out what only a late collection of garbage tells, e.g. of a socket that another test did not close."""
    sys.unraisablehook = lambda _: None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the owner's connection string of an embedded PostgreSQL that lives as long as the test session."""
    root = _folder_of_server(tmp_path_factory)
    try:
        running = embedded.start(root)
        published = importlib.import_module(
            "published"
        )  # a helper beside this file, not known before it is on the path
        published.OWNER["url"] = running.superuser_dsn
        _make_cheaper(running)
        yield running.superuser_dsn
    finally:
        embedded.discard(root)
        shutil.rmtree(root, ignore_errors=True)


#: Memory of the machine.
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30


def _folder_of_server(factory: pytest.TempPathFactory) -> Path:
    """Give a folder in memory where there is room.

    A database is 300 files, and ext4 makes new ones slowly once it has deleted many: it passes over each of the last minute.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return Path(tempfile.mkdtemp(prefix="glr-tests-", dir=_MEMORY))
    return factory.mktemp("postgresql")


#: Of the tests' server alone: each drop of a database waited for the disk, up to a second; each of some ten thousand
#: connections paid 4096 rounds of scram, to which a password of a few tests owes nothing.
_CHEAPER = {"fsync": "off", "full_page_writes": "off", "scram_iterations": "16"}


def _make_cheaper(running: embedded.Server) -> None:
    with psycopg.connect(running.superuser_dsn, autocommit=True) as connection:
        known = {name for (name,) in connection.execute("select name from pg_settings").fetchall()}
        for name in known & set(_CHEAPER):
            connection.execute(f"alter system set {name} = {_CHEAPER[name]}")
        connection.execute("select pg_reload_conf()")
    with psycopg.connect(running.superuser_dsn, autocommit=True) as connection:  # begins with what was reloaded
        password = running.password_file.read_text(encoding="ascii").splitlines()[0].rpartition(":")[2]
        connection.execute(f"alter role postgres password '{password}'")


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hash passwords in this process with argon2's least cost; the command ``glr account`` keeps its own (test_wake)."""
    usual, accounts._HASHER = accounts._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    accounts._HASHER = usual


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Give the keys that the template database remembers."""
    return open_vault(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="session")
def template(server: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Migrate the template once; give the connection strings of the roles, for the server."""
    urls = role_urls(server, tmp_path_factory.mktemp("roles"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE}")
    asyncio.run(migrate(make_conninfo(server, dbname=TEMPLATE), urls, vault.fingerprints, "cpam-931"))
    importlib.import_module("published").ROLES.update(urls)
    return urls


@pytest.fixture(scope="session")
def cloning(server: str, template: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """Give the connection that clones the template."""
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database_name(cloning: psycopg.Connection) -> Iterator[str]:
    """Clone the template for one test, and drop the clone after it."""
    name = f"glr_{uuid4().hex[:12]}"
    cloning.execute(f"create database {name} template {TEMPLATE} strategy file_copy")  # half the time of the log's
    yield name
    cloning.execute(f"drop database {name} with (force)")


@pytest.fixture
def owner_url(server: str, database_name: str) -> str:
    """Give the owner's connection string to the test's database."""
    return make_conninfo(server, dbname=database_name)


@pytest.fixture
def role_url(template: Mapping[str, str], database_name: str) -> Mapping[str, str]:
    """Give a connection string per role: ``glr_runner``, ``glr_orchestrator``, ``glr_console``, ``glr_exporter``…"""
    return {role: make_conninfo(url, dbname=database_name) for role, url in template.items()}


@pytest.fixture
def runner_url(role_url: Mapping[str, str]) -> str:
    """Give the runner's connection string."""
    return role_url["glr_runner"]


@pytest.fixture
def orchestrator_url(role_url: Mapping[str, str]) -> str:
    """Give the orchestrator's connection string."""
    return role_url["glr_orchestrator"]


@pytest.fixture
def console_url(role_url: Mapping[str, str]) -> str:
    """Give the console's connection string."""
    return role_url["glr_console"]


@pytest.fixture
def exporter_url(role_url: Mapping[str, str]) -> str:
    """Give the exporter's connection string."""
    return role_url["glr_exporter"]


@pytest.fixture
async def owner_db(owner_url: str) -> AsyncIterator[Database]:
    """Open the test's database as its owner."""
    async with Database(owner_url) as database:
        yield database


@pytest.fixture
async def runner_db(runner_url: str) -> AsyncIterator[Database]:
    """Open the test's database as the runner."""
    async with Database(runner_url) as database:
        yield database


@pytest.fixture
async def orchestrator_db(orchestrator_url: str) -> AsyncIterator[Database]:
    """Open the test's database as the orchestrator, which loads, closes and sees every caisse."""
    async with Database(orchestrator_url) as database:
        yield database


@pytest.fixture
async def console_db(console_url: str) -> AsyncIterator[Database]:
    """Open the test's database as the console."""
    async with Database(console_url) as database:
        yield database


@pytest.fixture
async def exporter_db(exporter_url: str) -> AsyncIterator[Database]:
    """Open the test's database as the exporter of events."""
    async with Database(exporter_url) as database:
        yield database
