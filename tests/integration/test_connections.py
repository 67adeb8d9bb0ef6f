"""Connections that wait in a pool: one whose server ended is seen without being asked, and nobody acts in another's name."""

from __future__ import annotations

import asyncio

from orchestrator.store.database import Database


async def test_a_connection_that_died_while_it_waited_is_replaced_before_anything_is_asked_of_it(
    runner_db: Database, owner_db: Database
) -> None:
    for _ in range(2):
        async with runner_db.transaction("test") as tx:
            pid = tx.connection.info.backend_pid
        async with owner_db.transaction("test") as tx:
            await tx.connection.execute("select pg_terminate_backend(%s, 5000)", [pid])
        await asyncio.sleep(0.05)
        assert await runner_db.once("sessions.open_now") is None


async def test_who_acts_is_said_for_one_transaction_alone(runner_db: Database) -> None:
    async with runner_db.transaction("robot:one") as tx:
        cursor = await tx.connection.execute("select current_actor() as actor")
        assert await cursor.fetchone() == {"actor": "robot:one"}
        connection = tx.connection
    cursor = await connection.execute("select current_actor() as actor")
    assert await cursor.fetchone() == {"actor": None}
