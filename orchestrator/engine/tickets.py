"""Tickets: "a robot session is wanted for this scenario", carried by procrastinate on the same PostgreSQL.

A ticket carries no case and promises nothing: cases, leases and entries are our own ledger's. A lost ticket is replaced by the
sweep, a doubled one finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from procrastinate import App, PsycopgConnector
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow

from orchestrator.store.database import SEARCH_PATH

TASK = "robot_session"
QUEUE = "sessions"


def ticket_queue(conninfo: str, *, size: int = 4, labels: Iterable[str] | None = None) -> App:
    """Return the queue on a database; open it with ``async with queue.open_async()``.

    :param labels: of the machine: the database shows the tickets that it may host, and no others; None: all of them.
    """
    options = SEARCH_PATH if labels is None else f"{SEARCH_PATH} -c glr.labels={','.join(labels)}"
    return App(connector=PsycopgConnector(conninfo=make_conninfo(conninfo, options=options), min_size=1, max_size=size))


async def want_sessions(
    queue: App, connection: psycopg.AsyncConnection[DictRow], caisse: str, scenario: str, count: int
) -> None:
    """Add tickets in the caller's own transaction: they exist if and only if what they are for exists."""
    deferrer = queue.configure_task(TASK, queue=QUEUE, connection=connection)
    for _ in range(count):
        await deferrer.defer_async(caisse=caisse, scenario=scenario)
