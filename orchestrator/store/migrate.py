"""Bring a database to the current schema: roles, our schema, the ticket queue; idempotent and safe for two at once.

A new database gets ``schema.sql``; an older one gets the migrations it lacks. A test proves that both lead to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import psycopg
from procrastinate import App, PsycopgConnector
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.domain.errors import SettingsError
from orchestrator.store import roles
from orchestrator.store.keys import known_keys, refuse_other_keys, remember_keys
from orchestrator.store.known_schema import migrations, refuse_newer

_LOCK = 20261122
#: PostgreSQL 15, as libpq counts.
_OLDEST = 150_000


async def migrate(owner: str, urls: Mapping[str, str], fingerprints: Mapping[str, str], caisse: str) -> None:
    """Create or upgrade everything; a newer database, or one of other keys, is refused before anything is touched.

    :param urls: by role; a role without one keeps its password.
    :param fingerprints: of each key, by its name.
    :param caisse: whose cases the runners of the runner's address may see.
    """
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        _check_version(connection.info.server_version)
        await connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        applied = await _applied(connection)
        refuse_newer(applied)
        refuse_other_keys(await known_keys(connection), fingerprints)
        await roles.ensure_roles(connection, urls)
        await _ensure_schema(connection, applied)
        await _ensure_queue(connection, owner)
        await roles.ensure_rights(connection, migrations())
        await remember_keys(connection, fingerprints)
        await roles.allow_runner(connection, _login(urls), caisse)


async def ensure_roles(owner: str, urls: Mapping[str, str]) -> None:
    """Create the roles of a database that is about to be restored: its rights name them."""
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        _check_version(connection.info.server_version)
        await roles.ensure_roles(connection, urls)


def _check_version(number: int) -> None:
    if number < _OLDEST:
        found = f"{number // 10000}.{number % 10000}"
        raise SettingsError(
            f"PostgreSQL {_OLDEST // 10000} ou plus récent est attendu, trouvé {found} (GLR_DATABASE_URL)."
        )


def _login(urls: Mapping[str, str]) -> str:
    return str(conninfo_to_dict(urls.get(roles.RUNNER, "")).get("user") or roles.RUNNER)


def sql_text(*path: str) -> str:
    """Return one of our SQL files."""
    return files("orchestrator.store").joinpath(*path).read_text(encoding="utf-8")


async def _applied(connection: psycopg.AsyncConnection) -> set[str]:
    """Return the migrations that a database has; none before there is a house."""
    there = await (await connection.execute("select to_regclass('glr.migration') is not null")).fetchone()
    if there is None or not there[0]:
        return set()
    return {row[0] for row in await (await connection.execute("select name from glr.migration")).fetchall()}


async def _ensure_schema(connection: psycopg.AsyncConnection, applied: set[str]) -> None:
    await connection.execute("create schema if not exists glr")
    await connection.execute(
        "create table if not exists glr.migration (name text primary key, at timestamptz default now())"
    )
    if not applied:
        await _apply(connection, sql_text("schema.sql"), migrations())
    for name in migrations():
        if applied and name not in applied:
            await _apply(connection, sql_text("migrations", name), [name])


async def _apply(connection: psycopg.AsyncConnection, statements: str, names: list[str]) -> None:
    async with connection.transaction():
        await connection.execute("set local search_path = glr")
        await connection.execute(statements.encode())
        for name in names:
            await connection.execute("insert into glr.migration (name) values (%s)", [name])


async def _ensure_queue(connection: psycopg.AsyncConnection, owner: str) -> None:
    await connection.execute("create schema if not exists queue")
    found = await (await connection.execute("select to_regclass('queue.procrastinate_jobs')")).fetchone()
    if found and found[0] is None:
        queue = App(
            connector=PsycopgConnector(
                conninfo=make_conninfo(owner, options="-c search_path=queue"), max_size=1, min_size=1
            )
        )
        async with queue.open_async():
            await queue.schema_manager.apply_schema_async()
