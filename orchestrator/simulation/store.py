"""The real ledger on a virtual clock: PostgreSQL with our schema, whose ``now()`` is the loop's; nothing outlives a history.

A transaction of a history is a savepoint of one that is rolled back at its end. Transactions follow one another, so every
interleaving is one of whole transactions; what two of them do to each other's locks is for the tests with many connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import DictRow, dict_row

from orchestrator.simulation.processes import CutOff, waits
from orchestrator.simulation.standing import STANDING, Standing
from orchestrator.simulation.virtual_time import VirtualLoop
from orchestrator.store.database import StoreUnavailable, Transaction

#: Names are looked up here before PostgreSQL's own, so that ``now()`` is ours; and a history may take long.
#: Statements are planned once for all histories: their tables are small.
_PATH = (
    "-c search_path=simulation,glr,queue,pg_catalog -c timezone=UTC -c idle_in_transaction_session_timeout=0 "
    "-c plan_cache_mode=force_generic_plan -c jit=off"
)
#: Commits the transaction before, and begins one: its instant and its actor; one way to the server and back.
_BEGIN = "release savepoint here; savepoint here; select simulation.begun('{now}', '{actor}')"
_CLOCK = """
create schema simulation;
-- shows whether a case has ended, until now, with an entry that nobody has proven
create function simulation.begun(at text, actor text) returns text language plpgsql as $$
begin
    perform set_config('simulation.now', at, true), set_config('glr.actor', actor, true);
    return (select string_agg(format('%s : %s, et %s %s', cases.reference, cases.ended_as, entry.token, entry.state), ' ; ')
        from entry join cases on cases.id = entry.case_id
        where cases.state = 'ended' and entry.state not in ('confirmed', 'by_hand', 'undone'));
end $$;
create function simulation.now() returns timestamptz language sql stable as
    $$ select to_timestamp(current_setting('simulation.now')::double precision) $$;
create function simulation.clock_timestamp() returns timestamptz language sql stable as $$ select simulation.now() $$;
do $$
declare
    found record;
begin
    for found in
        select adrelid::regclass as of_table, attname, pg_get_expr(adbin, adrelid) as said
        from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
        where pg_get_expr(adbin, adrelid) in ('now()', 'clock_timestamp()', 'pg_catalog.now()', 'pg_catalog.clock_timestamp()')
          and adrelid in (select oid from pg_class where relnamespace = 'glr'::regnamespace)
    loop
        execute format('alter table %s alter column %I set default simulation.now()', found.of_table, found.attname);
    end loop;
    for found in
        select oid::regprocedure as name from pg_proc
        where pronamespace = 'glr'::regnamespace and array_to_string(proconfig, ' ') like '%search_path=%'
    loop
        execute format('alter function %s set search_path = simulation, glr, queue, pg_catalog, pg_temp', found.name);
    end loop;
end $$;
"""


def install_clock(owner: str) -> None:
    """Give a database of ours, new and for histories alone, the virtual clock; idempotent."""
    with psycopg.connect(owner, options=_PATH) as connection:
        if not connection.execute("select 1 from pg_namespace where nspname = 'simulation'").fetchone():
            connection.execute(_CLOCK)


@contextmanager
def connected(owner: str) -> Iterator[psycopg.Connection[DictRow]]:
    """Give the one connection of all histories: it has compiled and planned everything after the first of them."""
    with psycopg.connect(owner, options=_PATH, row_factory=dict_row) as connection:
        connection.prepare_threshold, connection.prepared_max = 0, None
        yield connection


@contextmanager
def thrown_away(connection: psycopg.Connection[DictRow]) -> Iterator[None]:
    """Open the transaction of a whole history, rolled back at its end."""
    command(connection, "begin")
    try:
        yield
    finally:
        command(connection, "rollback")


def command(connection: psycopg.Connection[DictRow], text: str) -> str:
    """Send what begins and ends, past psycopg, which would forget what is prepared; returns the word that is answered."""
    result = connection.pgconn.exec_(text.encode())
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise RuntimeError(result.error_message.decode())
    return (result.get_value(0, 0) or b"").decode() if result.ntuples else ""


class SimulatedDatabase:
    """Stands where :class:`~orchestrator.store.database.Database` does."""

    def __init__(self, connection: psycopg.Connection[DictRow], loop: VirtualLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._one_at_a_time = asyncio.Lock()
        self._standing: Standing | None = None
        command(connection, "savepoint here")
        #: Cases that had ended with an entry that nobody had proven, after some transaction.
        self.badly_ended: set[str] = set()

    @asynccontextmanager
    async def transaction(self, actor: str) -> AsyncIterator[Transaction]:
        """Open a transaction in the name of an actor; around it the connection may break, before or after the commit."""
        async with _around(), self._one_at_a_time:
            with self._whole(actor) as tx:
                yield tx

    async def once(self, name: str, /, **values: Any) -> DictRow | None:  # noqa: ANN401
        """Run one statement as a transaction of its own and return its first row; it says itself who acts."""
        rows = await self.at_once(name, **values)
        return rows[0] if rows else None

    async def at_once(self, name: str, /, **values: Any) -> list[DictRow]:  # noqa: ANN401
        """Do the same and return all of its rows."""
        async with _around(), self._one_at_a_time:
            with self._whole("") as tx:
                return await tx.all(name, **values)

    async def standing(self) -> Standing:
        """Return what stands there, without a transaction."""
        async with self._one_at_a_time:
            if self._standing is None and (row := self._connection.execute(STANDING).fetchone()):
                self._standing = Standing.of(row)
        if self._standing is None:
            raise RuntimeError("no answer")
        return self._standing

    @contextmanager
    def _whole(self, actor: str) -> Iterator[Transaction]:
        self._standing = None
        begin = _BEGIN.format(now=self._loop.wall(), actor=actor.replace("'", "''"))
        if badly_ended := command(self._connection, begin):
            self.badly_ended.add(badly_ended)
        try:
            yield Transaction(cast("Any", _Awaited(self._connection)))
        except BaseException:
            command(self._connection, "rollback to savepoint here")
            raise


@asynccontextmanager
async def _around() -> AsyncIterator[None]:
    """Let the connection break, before or after what is done inside."""
    try:
        await waits("before a transaction", may_cut=True)
        yield
        await waits("after a commit", may_cut=True)
    except CutOff:
        raise StoreUnavailable from None


class _Awaited:
    """A connection that answers at once where an answer is awaited."""

    def __init__(self, connection: psycopg.Connection[DictRow]) -> None:
        self._connection = connection

    async def execute(self, statement: Any, values: Any = None) -> _Answer:  # noqa: ANN401 - the driver's own
        return _Answer(self._connection.execute(statement, values))


class _Answer:
    def __init__(self, cursor: psycopg.Cursor[DictRow]) -> None:
        self._cursor = cursor
        self.rowcount = cursor.rowcount

    async def fetchall(self) -> list[DictRow]:
        return self._cursor.fetchall()
