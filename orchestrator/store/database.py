"""A pool of connections and transactions that say who acts; driver errors are translated here, without their details.

A unique violation's DETAIL quotes values (TRAPS, PostgreSQL): only the SQLSTATE and the constraint's name go further.
"""

from __future__ import annotations

import select
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from orchestrator.domain.errors import GlrError
from orchestrator.store.queries import query

#: The server forgets a host that is cut off as soon as the host forgets the server: what it held is free (ADR 37).
_DEAD_HOSTS = "-c tcp_user_timeout=10s -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
SEARCH_PATH = f"-c search_path=glr,queue -c idle_in_transaction_session_timeout=5s -c timezone=UTC {_DEAD_HOSTS}"
#: For a robot session, which asks the same few statements all day: each is planned once, the first time, and cases are read in
#: the order of their index, never sorted, also in a table that was never analysed.
CLAIMING = "-c plan_cache_mode=force_generic_plan -c enable_sort=off"


class StoreError(GlrError):
    """La base de données a refusé une écriture."""

    def __init__(self, state: str, constraint: str | None, right: str | None = None) -> None:
        self.state = state
        self.constraint = constraint
        more = f", règle {constraint}" if constraint else f", droit que ce compte n'a pas : {right}" if right else ""
        super().__init__(f"PostgreSQL a refusé l'opération (code {state}{more}).")


class StoreUnavailable(GlrError):
    """La base de données ne répond pas."""


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn the driver's errors into ours, at this one border."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout):
        raise StoreUnavailable from None
    except psycopg.Error as error:
        # its sentence names a table or a function, never a value
        right = error.diag.message_primary if isinstance(error, psycopg.errors.InsufficientPrivilege) else None
        raise StoreError(error.sqlstate or "?????", error.diag.constraint_name, right) from None


class Transaction:
    """One transaction; queries by name only."""

    def __init__(self, connection: psycopg.AsyncConnection[DictRow]) -> None:
        self.connection = connection

    async def all(self, name: str, /, **values: Any) -> list[DictRow]:  # noqa: ANN401
        """Run a query and return its rows."""
        async with translated():
            cursor = await self.connection.execute(query(name), _adapted(values))
            return await cursor.fetchall()

    async def first(self, name: str, /, **values: Any) -> DictRow | None:  # noqa: ANN401
        """Run a query and return its first row, or None."""
        rows = await self.all(name, **values)
        return rows[0] if rows else None

    async def run(self, name: str, /, **values: Any) -> int:  # noqa: ANN401
        """Run a statement and return how many rows it touched."""
        async with translated():
            cursor = await self.connection.execute(query(name), _adapted(values))
            return cursor.rowcount

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside when anything is raised there, and go on with the transaction."""
        async with self.connection.transaction():
            yield

    async def record(self, caisse: str, verb: str, subject: str, **details: Any) -> None:  # noqa: ANN401
        """Insert an event into the audit outbox, in this transaction."""
        await self.run("audit.record", caisse=caisse, verb=verb, object=subject, details=details)


class Database:
    """The pool of one role."""

    def __init__(self, conninfo: str, *, size: int = 4, claiming: bool = False) -> None:
        options = f"{SEARCH_PATH} {CLAIMING}" if claiming else SEARCH_PATH
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            open=False,
            timeout=15,
            reconnect_timeout=20,  # then at the next question: its own pause would double as long as a cut lasts
            kwargs={
                "row_factory": dict_row,
                "options": options,
                "autocommit": True,
                "prepare_threshold": 0 if claiming else 5,
            },
            check=_alive,
        )

    async def __aenter__(self) -> Self:
        async with translated():
            await self._pool.open(wait=True, timeout=30)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, actor: str) -> AsyncIterator[Transaction]:
        """Open a transaction in the name of an actor; committed at the end, rolled back when anything is raised."""
        async with translated(), self._pool.connection() as connection:
            await psycopg.AsyncClientCursor(connection).execute(query("audit.begin"), {"actor": actor})
            yield Transaction(connection)

    async def once(self, name: str, /, **values: Any) -> DictRow | None:  # noqa: ANN401
        """Run one statement as a transaction of its own, in one trip, and return its first row; it says itself who acts."""
        rows = await self.at_once(name, **values)
        return rows[0] if rows else None

    async def at_once(self, name: str, /, **values: Any) -> list[DictRow]:  # noqa: ANN401
        """Do the same and return all of its rows."""
        async with translated(), self._pool.connection() as connection:
            return await Transaction(connection).all(name, **values)


async def _alive(connection: psycopg.AsyncConnection[Any]) -> None:
    """Ask a connection whether it works if it has something to say: a server that ended closed its end. Silence is free."""
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    if heard.poll(0):
        await AsyncConnectionPool.check_connection(connection)


def array(values: Iterable[int | str | UUID]) -> str:
    """Write numbers, hashes or ids as an array of PostgreSQL; a list would be taken for JSON when it is empty."""
    return "{" + ",".join(str(value) for value in values) + "}"


def _adapted(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Jsonb(value) if isinstance(value, dict | list) and _is_json(value) else value
        for name, value in values.items()
    }


def _is_json(value: dict[str, Any] | list[Any]) -> bool:
    return isinstance(value, dict) or not value or isinstance(value[0], dict)  # a list is all of one kind
