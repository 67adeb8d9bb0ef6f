"""Changes of a database at work: never long in anybody's way, and the one who gives way at a deadlock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg

from orchestrator.domain.errors import SettingsError

#: Shorter than the second after which PostgreSQL looks for deadlocks: this change gives way first.
PATIENCE = "500ms"
#: Times that a change is tried, and seconds between two.
TRIES, PAUSE = 60, 0.5


class TooBusy(SettingsError):
    """La base est trop occupée pour être changée."""

    def __init__(self) -> None:
        super().__init__(
            "La base est trop occupée pour être changée : une transaction y dure depuis longtemps (pg_stat_activity). Rien n'a "
            "été gardé de ce changement ; relancer un peu plus tard."
        )


async def in_short_locks(connection: psycopg.AsyncConnection, change: Callable[[], Awaitable[None]]) -> None:
    """Make a change in one transaction that waits half a second at most for each lock, again until it is made.

    :raises TooBusy: somebody holds what it needs for too long.
    """
    for _ in range(TRIES):
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{PATIENCE}'".encode())
                await change()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            await asyncio.sleep(PAUSE)
        else:
            return
    raise TooBusy
