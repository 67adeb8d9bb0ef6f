"""Bring a database to the current schema: roles, our schema, the ticket queue; idempotent and safe for two at once.

A new database gets ``schema.sql``; an older one gets the migrations it lacks. A test proves that both lead to the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.domain.errors import SettingsError
from orchestrator.store import roles
from orchestrator.store.compatibility import FIRST, compatible_from, refuse_living, statements
from orchestrator.store.keys import known_keys, refuse_other_keys, remember_keys
from orchestrator.store.known_schema import applied_in, migrations, refuse_newer
from orchestrator.store.short_locks import in_short_locks

#: Held by whoever changes a database, so that two never do at once.
LOCK = 20261122
#: PostgreSQL 15, as libpq counts.
_OLDEST = 150_000


async def migrate(
    owner: str, urls: Mapping[str, str], fingerprints: Mapping[str, str], caisse: str, *, force: bool = False
) -> None:
    """Create or upgrade everything; one of other keys, or too new for us, is refused before anything is touched.

    A newer one that this program may run on keeps its schema and its rights.

    :param urls: by role; a role without one keeps its password.
    :param fingerprints: of each key, by its name.
    :param caisse: whose cases the runners of the runner's address may see.
    :param force: take away what living runners may use, and put our rights in force whoever had others.
    """
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        _check_version(connection.info.server_version)
        await connection.execute("select pg_advisory_lock(%s)", [LOCK])
        applied = await _applied(connection)
        newer = refuse_newer(applied)
        refuse_other_keys(await known_keys(connection), fingerprints)
        await roles.ensure_roles(connection, urls)
        await _ensure_schema(connection, applied, force=force)
        await _ensure_queue(connection, owner)
        if not newer:
            await roles.ensure_rights(connection, migrations(), force=force)
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


async def _applied(connection: psycopg.AsyncConnection) -> dict[str, str | None]:
    """Return the migrations that a database has; none before there is a house."""
    there = await (await connection.execute("select to_regclass('glr.migration') is not null")).fetchone()
    return {} if there is None or not there[0] else await applied_in(connection)


async def _ensure_schema(connection: psycopg.AsyncConnection, applied: Collection[str], *, force: bool) -> None:
    await connection.execute("create schema if not exists glr")
    await connection.execute(
        "create table if not exists glr.migration (name text primary key, at timestamptz default now())"
    )
    if not applied:
        await _apply(connection, sql_text("schema.sql"), migrations())
        return
    pending = [name for name in migrations() if name not in applied]
    if pending and not force:
        await refuse_living(connection, pending)
    for name in pending:

        async def one(name: str = name) -> None:
            if not force and compatible_from(name) != FIRST:
                await connection.execute("lock table glr.runner in share row exclusive mode")  # none begins meanwhile
                await refuse_living(connection, [name])
            await _apply(connection, statements(name), [name])

        await in_short_locks(connection, one)


async def _apply(connection: psycopg.AsyncConnection, text: str, names: list[str]) -> None:
    async with connection.transaction():
        await connection.execute("set local search_path = glr")
        await connection.execute(text.encode())
        for name in names:
            await connection.execute("insert into glr.migration (name) values (%s)", [name])
            oldest = compatible_from(name)
            if oldest is not None:
                await connection.execute(
                    "update glr.migration set compatible_from = %s where name = %s", [oldest, name]
                )


async def _ensure_queue(connection: psycopg.AsyncConnection, owner: str) -> None:
    await connection.execute("create schema if not exists queue")
    found = await (await connection.execute("select to_regclass('queue.procrastinate_jobs')")).fetchone()
    if found and found[0] is None:
        from procrastinate import App, PsycopgConnector  # noqa: PLC0415 - heavy, and once in the life of a house

        queue = App(
            connector=PsycopgConnector(
                conninfo=make_conninfo(owner, options="-c search_path=queue"), max_size=1, min_size=1
            )
        )
        async with queue.open_async():
            await queue.schema_manager.apply_schema_async()
