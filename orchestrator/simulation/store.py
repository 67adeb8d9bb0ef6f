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
from psycopg.rows import DictRow, dict_row

from orchestrator.simulation.processes import CutOff, waits
from orchestrator.simulation.virtual_time import VirtualLoop
from orchestrator.store.database import StoreUnavailable, Transaction

#: Names are looked up here before PostgreSQL's own, so that ``now()`` is ours; and a history may take long.
_PATH = "-c search_path=simulation,glr,queue,pg_catalog -c timezone=UTC -c idle_in_transaction_session_timeout=0"
#: Begins a transaction; shows whether a case has ended, until then, with an entry that nobody has proven.
_BEGIN = """
select set_config('simulation.now', %s, true), set_config('glr.actor', %s, true), (
    select string_agg(format('%%s : %%s, et %%s %%s', cases.reference, cases.ended_as, entry.token, entry.state), ' ; ')
    from entry join cases on cases.id = entry.case_id
    where cases.state = 'ended' and entry.state not in ('confirmed', 'by_hand', 'undone')) as badly_ended
"""
_CLOCK = """
create schema simulation;
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
        yield connection


class SimulatedDatabase:
    """Stands where :class:`~orchestrator.store.database.Database` does."""

    def __init__(self, connection: psycopg.Connection[DictRow], loop: VirtualLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._one_at_a_time = asyncio.Lock()
        #: Cases that had ended with an entry that nobody had proven, after some transaction.
        self.badly_ended: set[str] = set()

    @asynccontextmanager
    async def transaction(self, actor: str) -> AsyncIterator[Transaction]:
        """Open a transaction in the name of an actor; around it the connection may break, before or after the commit."""
        async with _around(), self._one_at_a_time:
            with self._whole(actor) as tx:
                yield tx

    async def once(self, name: str, /, **values: Any) -> DictRow | None:  # noqa: ANN401
        """Run one statement as a transaction of its own; it says itself who acts."""
        async with _around(), self._one_at_a_time:
            with self._whole("") as tx:
                return await tx.first(name, **values)

    @contextmanager
    def _whole(self, actor: str) -> Iterator[Transaction]:
        with self._connection.transaction("here"):
            begun = self._connection.execute(_BEGIN, [str(self._loop.wall()), actor], prepare=True).fetchone()
            if begun and begun["badly_ended"]:
                self.badly_ended.add(begun["badly_ended"])
            yield Transaction(cast("Any", _Awaited(self._connection)))


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
